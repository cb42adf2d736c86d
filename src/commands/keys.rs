//! `amanat keys status|passphrase|rotate|rekey|audit|retention`.

use std::path::Path;

use amanat_keys::{recipient::RecipientKind, trust::Trust};
use serde_json::{Value as Json, json};

use super::{
    args::KeysVerb, context::Context, keys_audit, keys_device, keys_hub, keys_raise, keys_recovery, keys_rekey,
    keys_root, keys_rotate, output::Report, passphrase,
};
use crate::{
    failure::Failure,
    runtime::{
        homes::{make::Hashing, passphrase_change},
        key_pages::{self, KeyPages},
        process,
        roster::key_page::{self, Told},
        rotation::device_keys::Stage,
    },
};

pub(super) fn run(context: &Context, verb: &KeysVerb) -> Result<Report, Failure> {
    match verb {
        KeysVerb::Status => status(context),
        KeysVerb::Passphrase { new_passphrase_file, work_factor } => {
            change(context, new_passphrase_file.as_deref(), *work_factor)
        }
        KeysVerb::Root { out, work_factor } => keys_root::make(context, out.as_deref(), *work_factor),
        KeysVerb::Rotate { what, .. } if what == "root" => keys_root::rotate(context),
        KeysVerb::Rotate { what, out, recipients, .. } if what == "device" => {
            keys_device::rotate(context, out.as_deref(), *recipients)
        }
        KeysVerb::Rotate { what, file, fingerprint, consent, .. } if what == "hub" => {
            keys_hub::rotate(context, file.as_deref(), fingerprint.as_deref(), consent)
        }
        KeysVerb::Rotate { what, which, out, recipients, .. } => {
            keys_rotate::run(context, what, which.as_deref(), out.as_deref(), *recipients)
        }
        KeysVerb::Rekey { case, reseal, look } => keys_rekey::run(context, case, *reseal, *look),
        KeysVerb::Split { shares, threshold, sheets, proposal } => {
            keys_recovery::split(context, (*threshold, *shares), sheets, proposal.as_deref())
        }
        KeysVerb::Restore => keys_recovery::restore(context),
        KeysVerb::Audit { whom, html } => keys_audit::run(context, whom.as_deref(), html.as_deref()),
        KeysVerb::Raise { requests, recovery_later, consent } => {
            keys_raise::run(context, requests, *recovery_later, consent)
        }
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
    let keys = if home.has_joined() { key_page::told(&home)? } else { Vec::new() };
    let keys: Vec<Json> = keys.iter().map(|row| told(row, &mut lines)).collect();
    let renewing = home.keys_on_their_way()?;
    lines.extend(renewing.map(|stage| {
        let what = match stage {
            Stage::Asked => "wait for the admins to list them",
            Stage::Listed => "are in use, and the older ones still count in the journals that they wrote",
            Stage::Ended => "are in use alone, and this home still holds the older ones",
        };
        format!("  New keys of this device {what}: amanat keys rotate device goes on.")
    }));
    let mut hub_keys: Vec<Json> = Vec::new();
    for hub in home.trust().map(Trust::hubs).unwrap_or_default() {
        hub_keys.extend(home.next_key_of(hub)?.map(|stage| json!({"hub": hub.name, "state": stage.word()})));
    }
    let sealed_to = if home.has_joined() { Some(home.trust()?.roster().kind) } else { None };
    lines.extend(sealed_to.map(|kind| {
        let (word, bytes) = (kind.word(), kind.slip_bytes());
        format!("  Cases are sealed to {word} recipients: {bytes} bytes for each reader, once a case.")
    }));
    let (pages, bytes) = (key_pages::now(), process::locked_bytes());
    lines.push(told_of_pages(&pages, process::is_all_locked()));
    let root = home.paths().root().exists();
    if root {
        lines.push("  This home holds a root key.".to_owned());
    }
    Ok(Report::new(
        lines.join("\n"),
        json!({"device": home.device().to_string(), "joined": home.has_joined(), "root": root, "units": units,
               "waiting_for_keys": waiting.len(), "keys": keys, "pages_locked": process::is_all_locked(),
               "key_pages": {"wanted": pages.wanted, "locked": pages.locked, "page": pages.size, "limit": pages.limit, "all_locked": bytes},
               "new_device_keys": renewing.map(Stage::word), "new_hub_keys": hub_keys,
               "recipients": sealed_to.map(RecipientKind::word),
               "slip_bytes_a_reader": sealed_to.map(RecipientKind::slip_bytes)}),
    ))
}

/// What of this process's memory is kept out of swap, and why not more.
fn told_of_pages(pages: &KeyPages, all: bool) -> String {
    let KeyPages { wanted, locked, size, limit } = *pages;
    let mine = u64::try_from(locked.saturating_mul(size)).unwrap_or(u64::MAX);
    let kib = mine / 1024;
    if all {
        return "  Keys in memory and what they open are kept out of swap, and no core is dumped.".to_owned();
    }
    if wanted == locked {
        let of =
            limit.map_or_else(String::new, |limit| format!(" of the {} KiB that this user may lock", limit / 1024));
        let more = limit.map_or("", |_| " (ulimit -l unlimited)");
        return format!(
            "  The {wanted} pages of memory that hold keys are kept out of swap ({kib} KiB{of}); what they open may be swapped{more}. No core \
             is dumped."
        );
    }
    let why = limit.map_or_else(
        || "the system refuses more".to_owned(),
        |limit| format!("this user may lock {} KiB (ulimit -l)", limit / 1024),
    );
    format!(
        "  ! Keys in memory may be swapped to the disk: {locked} of {wanted} pages that hold keys are locked, for {why}. No core is dumped."
    )
}

/// A key in two lines, and as JSON.
fn told(key: &Told, lines: &mut Vec<String>) -> Json {
    let due = match key.due {
        _ if key.gone => ", no longer trusted".to_owned(),
        None => String::new(),
        Some(due) if due < 0 => format!(", ! overdue by {} days", -due),
        Some(due) => format!(", due in {due} days"),
    };
    lines.push(format!("{} ({}): in use for {} days{due}\n    {}", key.name, key.kind, key.days, key.opens));
    json!({"kind": key.kind, "name": key.name, "opens": key.opens, "days": key.days, "due_in_days": key.due, "trusted": !key.gone,
           "device": key.device})
}

fn change(context: &Context, new: Option<&Path>, work_factor: Option<u8>) -> Result<Report, Failure> {
    let old = passphrase::existing(context.passphrase_file(), "this device")?;
    let mut home = context.unlock_with(&old)?;
    let hashing = Hashing::new(work_factor.or(home.practice().then_some(10)), home.practice())?;
    let new = passphrase::chosen(new, "this device")?;
    passphrase_change::change_passphrase(&mut home, &old, &new, hashing)?;
    Ok(Report::new("The passphrase is changed, and every row is sealed under a new key.", json!({"changed": true})))
}
