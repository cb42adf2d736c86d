//! The hub's disk dies; last night's backup is put back with an admin's signature, and the laptops give back what it lost.

use std::fs;

use serde_json::Value;

use super::rehearsal::Steps;
use crate::{
    actor::{Actor, HubProcess},
    ground::Agency,
    samples,
    tell::{Fault, must},
};

pub(super) fn rehearse(agency: &mut Agency, steps: &mut Steps) -> Result<(), Fault> {
    let wrong = |error: std::io::Error| Fault::new("moving the hub's folders", error);
    samples::record(&agency.officer, 0, "PK-PB", "PK610")?;
    agency.officer.run(&["sync"])?;
    let backup = agency.dir.join("hub-backup");
    HubProcess::says(&agency.hub_home, &["backup", &backup.to_string_lossy()])?;
    let saved = HubProcess::entries(&agency.hub_home)?;
    steps.proven("the nightly backup", &format!("{saved} entries, taken while the hub served, and read back"));
    samples::record(&agency.officer, 1, "PK-PB", "PK610")?;
    agency.officer.run(&["sync"])?;
    agency.admin.run(&["sync"])?;
    let held = HubProcess::entries(&agency.hub_home)?;
    let counts = received(&agency.officer)?;
    must(held > saved, || "nothing was received after the backup".to_owned())?;
    agency.hub.kill();
    fs::rename(&agency.hub_home, agency.dir.join("dead-disk")).map_err(wrong)?;
    steps.proven("the disk dies", &format!("{} entries that the hub had signed for are gone from it", held - saved));
    fs::rename(&backup, &agency.hub_home).map_err(wrong)?;
    HubProcess::says(&agency.hub_home, &["restore-epoch", "--reason", "drill: disk lost"])?;
    let word = agency.hub_home.join("hub.epoch");
    let word = word.to_string_lossy().into_owned();
    let refused = agency.officer.ask(&["roster", "sign", &word], None)?;
    must(refused.code != 0, || format!("an officer signed for the hub: {}", refused.json))?;
    let signed = agency.admin.run(&["roster", "sign", &word])?;
    let begun = HubProcess::says(&agency.hub_home, &["restore-epoch", &word])?;
    steps.proven(
        "the backup is put back",
        &format!(
            "an officer's word for it is refused; the admin saw checkpoint {} and signs: {}",
            signed.get("seen").unwrap_or(&Value::Null),
            begun.lines().next().unwrap_or_default()
        ),
    );
    agency.hub = HubProcess::serve(&agency.hub_home, agency.hub_address)?;
    agency.officer.run(&["sync"])?;
    let again = received(&agency.officer)?;
    let now = HubProcess::entries(&agency.hub_home)?;
    must(now == held && again == counts, || format!("the hub holds {now} of {held}, received {again} of {counts}"))?;
    steps.proven(
        "the officer syncs once",
        &format!("what fell was offered again: the hub holds {now} entries, {again} received; none lost, none doubled"),
    );
    for actor in [&agency.officer, &agency.admin] {
        let verified = actor.run(&["verify"])?;
        must(verified.get("holds") == Some(&Value::Bool(true)), || format!("verify at {}: {verified}", actor.name))?;
    }
    steps.proven("verify", "every chain, signature, commitment and receipt holds at the officer and the admin");
    Ok(())
}

fn received(actor: &Actor) -> Result<u64, Fault> {
    let status = actor.run(&["status"])?;
    let count = status.get("received").and_then(Value::as_u64);
    count.ok_or_else(|| Fault::new("reading the status", status.to_string()))
}
