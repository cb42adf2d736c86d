//! The adopted roster as text and as JSON, and the check of its whole chain.

use amanat_keys::{
    fingerprint::Digest,
    roster::{Hub, Roster},
    trust::Trust,
};
use serde_json::{Value as Json, json};

use super::output::{Report, one_line};
use crate::{
    failure::Failure,
    runtime::{
        homes::{home::Home, lineage},
        screen::tellings::rivals_words,
    },
};

/// `roster show`.
pub(super) fn page(home: &Home) -> Result<Report, Failure> {
    let trust = home.trust()?;
    let roster = trust.roster();
    let name_of = |unit| roster.unit(unit).map_or("?", |unit| unit.name.as_str());
    let units: Vec<_> = roster
        .units
        .iter()
        .map(|unit| {
            json!({"id": unit.id.to_string(), "name": unit.name, "kind": unit.kind.word(), "epoch": unit.epoch,
                   "readable": home.holds_key_of(unit)})
        })
        .collect();
    let members: Vec<_> = roster
        .members
        .iter()
        .map(|member| {
            let roles: Vec<_> = member.roles.iter().map(|(role, unit)| json!([role.word(), name_of(unit)])).collect();
            json!({"id": member.id.to_string(), "name": member.name, "roles": roles})
        })
        .collect();
    let devices: Vec<_> = roster
        .devices
        .iter()
        .map(|device| {
            json!({"id": device.id.to_string(), "member": roster.member(&device.member).map(|member| &member.name),
                   "active": device.is_active(), "me": device.id == home.device()})
        })
        .collect();
    let hubs: Vec<_> = roster.hubs.iter().map(hub_row).collect();
    let confirmed = home.confirmed()?;
    let words = trust.fingerprint_words().to_string();
    let mut text = text(roster, &words, &confirmed.told());
    if let Some(warning) = confirmed.warning() {
        text.push_str(&format!("\n! {warning}"));
    }
    if home.rivals() > 0 {
        text.push_str(&format!("\n! {}", rivals_words(roster.version)));
    }
    Ok(Report::new(
        text,
        json!({"agency": trust.agency().to_string(), "name": roster.name, "version": roster.version,
               "hash": trust.roster_hash().to_string(), "words": words, "issued": roster.issued,
               "expires": roster.expires, "confirmed_days_ago": confirmed.days, "withheld": confirmed.withheld, "forks": home.rivals(),
               "units": units, "members": members, "devices": devices, "hubs": hubs}),
    ))
}

fn text(roster: &Roster, words: &str, confirmed: &str) -> String {
    let mut lines =
        vec![format!("{}, roster {}\n  words      {words}\n  confirmed  {confirmed}", roster.name, roster.version)];
    lines.push("Units".to_owned());
    for unit in &roster.units {
        let key = if unit.recipient.is_some() { format!("key {}", unit.epoch) } else { "waiting for a key".to_owned() };
        lines.push(format!("  {:<28} {:<12} {key}", one_line(&unit.name), unit.kind.word()));
    }
    lines.push("Members".to_owned());
    for member in &roster.members {
        let roles: Vec<String> = member
            .roles
            .iter()
            .map(|(role, unit)| {
                format!(
                    "{} at {}",
                    role.word(),
                    roster.unit(unit).map_or_else(|| "?".to_owned(), |unit| one_line(&unit.name))
                )
            })
            .collect();
        lines.push(format!("  {:<28} {}", one_line(&member.name), roles.join(", ")));
    }
    lines.push(format!("Devices  {}", roster.devices.iter().filter(|device| device.is_active()).count()));
    for hub in &roster.hubs {
        lines.push(format!("Hub  {} {}", one_line(&hub.name), one_line(&hub.url)));
        lines.push(format!("  signs    {}", hub.receipt_key.key_id()));
        for old in &hub.retired {
            lines.push(format!("  signed   {} up to checkpoint {} of epoch {}", old.key.key_id(), old.last, old.epoch));
        }
        lines.extend(tls_keys(hub).iter().map(|key| format!("  TLS key  {key}")));
    }
    lines.join("\n")
}

/// A hub with its keys, those that it gave up among them.
fn hub_row(hub: &Hub) -> Json {
    let retired: Vec<Json> = hub
        .retired
        .iter()
        .map(|old| json!({"key": old.key.key_id().to_string(), "epoch": old.epoch, "last_checkpoint": old.last}))
        .collect();
    json!({"id": hub.id.to_string(), "name": hub.name, "url": hub.url, "tls_keys": tls_keys(hub),
           "key": hub.receipt_key.key_id().to_string(), "retired_keys": retired})
}

/// Hashes of the TLS keys that this device accepts of a hub; `amanat-hub status` prints the same of its own.
fn tls_keys(hub: &Hub) -> Vec<String> {
    hub.tls_keys.iter().map(|key| Digest::of(key).to_string()).collect()
}

/// `roster verify`: from roster 1, whose hash is the agency, step by step to the adopted one.
pub(super) fn verify(home: &Home) -> Result<Report, Failure> {
    let adopted = home.trust()?;
    let steps = walk(home, adopted)?;
    Ok(Report::new(
        format!("The chain of {steps} rosters is whole: from roster 1 to {}.", adopted.roster_version()),
        json!({"rosters": steps, "version": adopted.roster_version(), "whole": true}),
    ))
}

/// Walks the chain of rosters; the number of them.
///
/// # Errors
/// Refused, naming the version that breaks it.
pub(super) fn walk(home: &Home, adopted: &Trust) -> Result<u64, Failure> {
    let reached = lineage::walk(&home.pack()?.rosters, &adopted.agency())?;
    if reached.roster_hash() == adopted.roster_hash() {
        return Ok(reached.roster_version());
    }
    Err(Failure::refused(
        format!(
            "walking the chain of rosters — it leads to roster {} and not to the adopted one",
            reached.roster_version()
        ),
        "Ask the admin for the whole pack: amanat roster publish --out FILE.",
    ))
}
