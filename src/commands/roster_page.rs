//! The adopted roster as text and as JSON, and the check of its whole chain.

use amanat_keys::{
    canonical,
    error::KeysError,
    fingerprint::Digest,
    roster::{Roster, UnitKind},
    statement::{Purpose, Statement},
    trust::{Trust, signing_agency},
};
use serde_json::json;

use super::output::Report;
use crate::{
    failure::Failure,
    runtime::{clock, fault, home::Home},
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
            json!({"id": unit.id.to_string(), "name": unit.name, "kind": kind(unit.kind), "epoch": unit.epoch,
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
    let hubs: Vec<_> =
        roster.hubs.iter().map(|hub| json!({"id": hub.id.to_string(), "name": hub.name, "url": hub.url})).collect();
    let confirmed = home.freshness()?.map(|word| word.days_old(clock::unix_seconds()));
    let words = trust.fingerprint_words().to_string();
    Ok(Report::new(
        text(roster, &words, confirmed),
        json!({"agency": trust.agency().to_string(), "name": roster.name, "version": roster.version,
               "hash": trust.roster_hash().to_string(), "words": words, "issued": roster.issued,
               "expires": roster.expires, "confirmed_days_ago": confirmed, "forks": trust.forks().len(),
               "units": units, "members": members, "devices": devices, "hubs": hubs}),
    ))
}

fn text(roster: &Roster, words: &str, confirmed: Option<u64>) -> String {
    let confirmed = confirmed.map_or("never".to_owned(), |days| format!("{days} days ago"));
    let mut lines =
        vec![format!("{}, roster {}\n  words      {words}\n  confirmed  {confirmed}", roster.name, roster.version)];
    lines.push("Units".to_owned());
    for unit in &roster.units {
        let key = if unit.recipient.is_some() { format!("key {}", unit.epoch) } else { "waiting for a key".to_owned() };
        lines.push(format!("  {:<28} {:<12} {key}", unit.name, kind(unit.kind)));
    }
    lines.push("Members".to_owned());
    for member in &roster.members {
        let roles: Vec<String> = member
            .roles
            .iter()
            .map(|(role, unit)| {
                format!("{} at {}", role.word(), roster.unit(unit).map_or("?", |unit| unit.name.as_str()))
            })
            .collect();
        lines.push(format!("  {:<28} {}", member.name, roles.join(", ")));
    }
    lines.push(format!("Devices  {}", roster.devices.iter().filter(|device| device.is_active()).count()));
    for hub in &roster.hubs {
        lines.push(format!("Hub  {} {}", hub.name, hub.url));
    }
    lines.join("\n")
}

const fn kind(kind: UnitKind) -> &'static str {
    match kind {
        UnitKind::Headquarters => "hq",
        UnitKind::Station => "station",
        UnitKind::Statistics => "statistics",
        UnitKind::National => "national",
    }
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
    let pack = home.pack()?;
    let broken = |version: u64, why: &str| {
        Failure::refused(
            format!("walking the chain of rosters — roster {version}: {why}"),
            "Ask the admin for the whole pack: amanat roster publish --out FILE.",
        )
    };
    let first = pack.rosters.first().ok_or_else(|| broken(1, "missing"))?;
    let mut trust: Option<Trust> = None;
    for (bytes, version) in pack.rosters.iter().zip(1_u64..) {
        let step = |error: KeysError| broken(version, &fault::told(&error));
        match &mut trust {
            None => {
                trust = Some(Trust::pin_hash(first, &Digest::from_bytes(*adopted.agency().as_bytes())).map_err(step)?)
            }
            Some(trust) => {
                trust.adopt(bytes).map_err(step)?;
            }
        }
        check_signing(bytes).map_err(step)?;
    }
    let reached =
        trust.map_or(0, |trust| if trust.roster_hash() == adopted.roster_hash() { trust.roster_version() } else { 0 });
    if reached == adopted.roster_version() {
        Ok(reached)
    } else {
        Err(broken(reached, "the chain does not lead to the adopted one"))
    }
}

/// A roster is signed over its agency, roster 1 over zeros.
fn check_signing(bytes: &[u8]) -> Result<(), KeysError> {
    let statement = Statement::from_bytes(bytes)?.expect::<Roster>(Purpose::Roster)?;
    let roster: Roster = canonical::decode(statement.statement().payload())?;
    statement.verify_quorum(&signing_agency(&roster), &roster.voters(), roster.needed()).map(drop)
}
