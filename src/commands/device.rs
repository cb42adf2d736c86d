//! `amanat device init|request|join`.

use std::{fs, path::Path};

use amanat_keys::recipient::RecipientKind;
use serde_json::json;

use super::{
    args::{DeviceVerb, Hashing as Asked},
    context::Context,
    output::Report,
    passphrase, typed,
};
use crate::{
    failure::Failure,
    runtime::homes::{
        make::{self, Hashing},
        pack,
    },
};

pub(super) fn run(context: &Context, verb: &DeviceVerb) -> Result<Report, Failure> {
    match verb {
        DeviceVerb::Init { name, unit, out, hashing, recipients } => {
            init(context, name, unit.as_deref(), out.as_deref(), *hashing, *recipients)
        }
        DeviceVerb::Request { out } => request(context, out.as_deref()),
        DeviceVerb::Join { pack, fingerprint } => join(context, pack, fingerprint),
    }
}

fn init(
    context: &Context,
    name: &str,
    unit: Option<&str>,
    out: Option<&Path>,
    asked: Asked,
    recipients: RecipientKind,
) -> Result<Report, Failure> {
    let hashing = Hashing::new(asked.work_factor, asked.practice)?;
    let paths = context.paths()?;
    let words = passphrase::chosen(context.passphrase_file(), "this device")?;
    // The unit is a hint that a person reads: the admin decides it.
    let called = unit.map_or_else(|| name.to_owned(), |unit| format!("{name}, {unit}"));
    let made = make::device_of(recipients, paths, &called, &words, hashing)?;
    drop(made);
    request(context, out)
}

fn request(context: &Context, out: Option<&Path>) -> Result<Report, Failure> {
    let paths = context.paths()?;
    let (request, bytes) = make::request_of(&paths)?;
    let at = match out {
        None => paths.join_request(),
        Some(out) => {
            fs::write(out, bytes)
                .map_err(|error| Failure::disk(format!("writing the join request {}", out.display()), &error))?;
            out.to_path_buf()
        }
    };
    let words = request.words().to_string();
    Ok(Report::new(
        format!(
            "Device {}\n  request  {}\n  words    {words}\nGive the file to the admin and read the words aloud to them.",
            request.device_id(),
            at.display()
        ),
        json!({"device": request.device_id().to_string(), "name": request.name, "request": at, "words": words}),
    ))
}

fn join(context: &Context, pack: &Path, fingerprint: &str) -> Result<Report, Failure> {
    let words = typed::words(fingerprint)?;
    let pack = pack::read(pack)?;
    let mut home = context.unlock()?;
    home.join(&pack, &words)?;
    let trust = home.trust()?;
    let roster = trust.roster();
    let unit = home.unit().map(|unit| unit.name.clone()).unwrap_or_default();
    Ok(Report::new(
        format!("Joined {} (roster {}), unit {unit}.", roster.name, roster.version),
        json!({
            "agency": trust.agency().to_string(), "name": roster.name, "roster": roster.version, "unit": unit,
            "device": home.device().to_string(), "waiting_for_keys": home.waiting_units().len(),
        }),
    ))
}
