//! A stick is lost on the road: who finds it learns nothing, the officer has lost nothing, and a second stick carries it all.

use std::path::Path;

use serde_json::Value;

use super::rehearsal::Steps;
use crate::{
    actor::{Actor, HubProcess},
    ground::Agency,
    samples,
    tell::{Fault, must},
};

/// Cases on the stick.
const CASES: usize = 3;

pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    let officer = &agency.officer;
    agency.link.cut();
    let recorded =
        (0..CASES).map(|n| samples::record(officer, n, "PK-PB", "PK610")).collect::<Result<Vec<_>, Fault>>()?;
    let lost = agency.dir.join("lost.age");
    let wrote = writes(officer, &lost)?;
    steps.proven(
        "an officer without a network writes a stick",
        &format!("{wrote} entries of {CASES} cases, read back and on the disk before *done* was said"),
    );
    let bytes = std::fs::read(&lost).map_err(|error| Fault::new("reading the stick", error))?;
    let canaries = recorded.iter().flat_map(|sample| &sample.canaries);
    for text in canaries.chain([&officer.name, &"PS Sample".to_owned()]) {
        must(!samples::holds(&bytes, text.as_bytes()), || format!("“{text}” stands readable on the stick"))?;
    }
    steps.proven(
        "a stranger finds it",
        &format!("{} bytes, one age file; no word of an account, no name, no station stands in it", bytes.len()),
    );
    let answer = agency.second.ask(&["bundle", "read", &lost.to_string_lossy()], None)?;
    must(answer.code != 0, || format!("an officer of another station opened it: {}", answer.json))?;
    steps.proven(
        "an officer of another station puts it in",
        &format!("refused (exit {}): it is sealed to the hub and to the writer", answer.code),
    );
    let (kept, received) = counts(officer)?;
    must(received == 0 && kept >= wrote, || format!("{kept} kept and {received} received after the loss"))?;
    steps.proven("the officer has lost nothing", &format!("{kept} entries are kept, none counts as received"));
    let second = agency.dir.join("second.age");
    writes(officer, &second)?;
    HubProcess::bundle(&agency.hub_home, &["read", &second.to_string_lossy()])?;
    // The first turns up after all: nothing comes twice.
    let before = HubProcess::entries(&agency.hub_home)?;
    HubProcess::bundle(&agency.hub_home, &["read", &lost.to_string_lossy()])?;
    let after = HubProcess::entries(&agency.hub_home)?;
    must(before == after, || format!("the lost stick added {} entries to the second", after - before))?;
    steps.proven(
        "a second stick arrives, and then the lost one too",
        &format!("the hub holds {after} entries after either: none lost, none doubled"),
    );
    let back = agency.dir.join("back.age");
    HubProcess::bundle(&agency.hub_home, &["write", &back.to_string_lossy(), "--to", "PS Sample, Gujrat"])?;
    officer.run(&["bundle", "read", &back.to_string_lossy()])?;
    let (kept, received) = counts(officer)?;
    must(kept == received, || format!("{received} of {kept} received after the hub's stick"))?;
    steps.proven("the hub's stick comes back", &format!("all {received} entries have the hub's signed receipt"));
    Ok(())
}

/// Writes a stick; gives how many entries are on it.
fn writes(officer: &Actor, stick: &Path) -> Result<u64, Fault> {
    let wrote = officer.run(&["bundle", "write", &stick.to_string_lossy()])?;
    wrote.get("entries").and_then(Value::as_u64).ok_or_else(|| Fault::new("writing a stick", wrote.to_string()))
}

/// Kept and received.
fn counts(officer: &Actor) -> Result<(u64, u64), Fault> {
    let status = officer.run(&["status"])?;
    let count = |name: &str| status.get(name).and_then(Value::as_u64);
    count("kept").zip(count("received")).ok_or_else(|| Fault::new("reading the status", status.to_string()))
}
