//! `amanat keys status|passphrase|retention`.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{args::KeysVerb, context::Context, keys_audit, keys_rotate, later, output::Report, passphrase};
use crate::{
    failure::Failure,
    runtime::{make::Hashing, rekey},
};

pub(super) fn run(context: &Context, verb: &KeysVerb) -> Result<Report, Failure> {
    match verb {
        KeysVerb::Status => status(context),
        KeysVerb::Passphrase { new_passphrase_file, work_factor } => {
            change(context, new_passphrase_file.as_deref(), *work_factor)
        }
        KeysVerb::Rotate { what, which, out } => keys_rotate::run(context, what, which.as_deref(), out.as_deref()),
        KeysVerb::Rekey { case, reseal } => keys_rotate::rekey(context, case, *reseal),
        KeysVerb::Split => Err(later("keys split")),
        KeysVerb::Restore => Err(later("keys restore")),
        KeysVerb::Audit { whom, html } => keys_audit::run(context, whom.as_deref(), html.as_deref()),
        KeysVerb::Retention { apply } => super::retention::run(context, *apply),
    }
}

fn status(context: &Context) -> Result<Report, Failure> {
    let home = context.unlock()?;
    let waiting = home.waiting_units();
    let mut units: Vec<Json> = Vec::new();
    let mut lines = vec![format!("Device {}", home.device())];
    if home.has_joined() {
        let roster = home.trust()?.roster();
        for unit in &roster.units {
            let held = home.holds_key_of(unit);
            let word = match (held, waiting.contains(&unit.id)) {
                (true, _) => "held",
                (false, true) => "waiting for a key",
                (false, false) => "not ours",
            };
            lines.push(format!("  {:<28} key {}  {word}", unit.name, unit.epoch));
            units.push(json!({"unit": unit.name, "epoch": unit.epoch, "key": word}));
        }
    }
    let root = home.paths().root().exists();
    if root {
        lines.push("  This home holds a root key.".to_owned());
    }
    Ok(Report::new(
        lines.join("\n"),
        json!({"device": home.device().to_string(), "joined": home.has_joined(), "root": root, "units": units,
               "waiting_for_keys": waiting.len()}),
    ))
}

fn change(context: &Context, new: Option<&Path>, work_factor: Option<u8>) -> Result<Report, Failure> {
    let old = passphrase::existing(context.passphrase_file(), "this device")?;
    let mut home = context.unlock_with(&old)?;
    let hashing = Hashing::new(work_factor.or(home.practice().then_some(10)), home.practice())?;
    let new = passphrase::chosen(new, "this device")?;
    rekey::change_passphrase(&mut home, &old, &new, hashing)?;
    Ok(Report::new("The passphrase is changed, and every row is sealed under a new key.", json!({"changed": true})))
}
