//! `amanat roster release` and `amanat update`: an admin's word on a program, and a program held to it before it is run.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    args::{Consent, UpdateVerb},
    context::Context,
    output::Report,
    roster_next,
    roster_next::agree,
};
use crate::{
    failure::Failure,
    runtime::{homes::pack, roster::release},
};

/// Where the release of a program lies: beside it.
fn beside(program: &Path) -> PathBuf {
    let mut name = program.as_os_str().to_owned();
    name.push(".release");
    PathBuf::from(name)
}

pub(super) fn sign(context: &Context, program: &Path, version: &str, consent: &Consent) -> Result<Report, Failure> {
    let bytes = release::read(program)?;
    let admin = roster_next::admin(context)?;
    let (statement, signed) = admin.release(&bytes, version)?;
    let told = format!("amanat {version}, {} bytes, may be run by every device of the agency", bytes.len());
    if consent.dry_run {
        return Ok(Report::new(
            format!("Not signed: {told}"),
            json!({"version": version, "bytes": bytes.len(), "dry_run": true}),
        ));
    }
    agree(context, consent, "A program:", &[told])?;
    let file = consent.proposal.clone().unwrap_or_else(|| beside(program));
    pack::write_statement(&statement, &file, "release")?;
    let more = if signed.have < signed.need { "\nThe others: amanat roster sign FILE" } else { "" };
    Ok(Report::new(
        format!(
            "Signed: {} of {} admins needed.\n  release  {}{more}\nOn each device: amanat update check PROGRAM --install PATH",
            signed.have,
            signed.need,
            file.display()
        ),
        json!({"version": version, "bytes": bytes.len(), "signed": signed.have, "needed": signed.need, "file": file}),
    ))
}

pub(super) fn run(context: &Context, verb: &UpdateVerb) -> Result<Report, Failure> {
    let UpdateVerb::Check { program, release: file, install } = verb;
    let file = file.clone().unwrap_or_else(|| beside(program));
    let statement = pack::read_statement(&file, "release")?.to_bytes();
    let bytes = release::read(program)?;
    let home = context.unlock()?;
    let release = home.check_release(&bytes, &statement)?;
    let mut text = format!("The admins signed for this file: amanat {}, {} bytes.", release.version, release.size);
    if let Some(place) = install {
        // What was checked is what is written: the stick is not read a second time.
        release::install(&bytes, place)?;
        text.push_str(&format!("\nIt is at {} now.", place.display()));
    }
    Ok(Report::new(
        text,
        json!({"version": release.version.to_string(), "bytes": release.size, "hash": release.hash.to_string(), "installed": install}),
    ))
}
