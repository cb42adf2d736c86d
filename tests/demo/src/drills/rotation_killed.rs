//! A station's key is rotated and the program is killed in the middle, again and again; the same command ends it, nobody loses an entry, and
//! the older key opens nothing any more.

use std::{process::Stdio, time::Duration};

use serde_json::Value;

use super::rehearsal::Steps;
use crate::{
    actor::{Actor, want},
    ground::Agency,
    samples,
    tell::{Fault, must},
};

const STATION: &str = "PS Sample, Gujrat";
/// The first program lives so long, in microseconds; each one after it a fifth longer.
const FIRST: u64 = 5_000;
/// No rotation of a few cases takes a fifth more so often.
const MOST: usize = 60;

pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    let (supervisor, reader, officer) = (&agency.supervisor, &agency.reader, &agency.officer);
    for number in 0..3 {
        samples::record(officer, number, "PK-PB", "PK610")?;
    }
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"])?;
    }
    let older = want(&supervisor.run(&["keys", "audit", STATION])?, "/keys/0/key")?;
    let before = opens(reader, &older)?;
    must(before.0 > 0, || "the station's key opens nothing".to_owned())?;
    steps.proven(
        "an officer has recorded",
        &format!("the station's key opens {} entries: keys audit says so", before.0),
    );
    let request = agency.dir.join("unit-key.join").to_string_lossy().into_owned();
    let offered = supervisor.run(&["keys", "rotate", "unit", STATION, "--out", &request])?;
    let words = want(&offered, "/words")?;
    let pack = agency.dir.join("rotated.pack").to_string_lossy().into_owned();
    let approve = [
        "roster",
        "approve",
        &request,
        "--fingerprint",
        &words,
        "--role",
        "unit-key",
        "--unit",
        STATION,
        "--out",
        &pack,
    ];
    agency.admin.run(&approve)?;
    agency.admin.run(&["roster", "publish"])?;
    supervisor.run(&["sync"])?;
    let open = offered.get("open").unwrap_or(&Value::Null);
    steps.proven(
        "a new key is offered and listed",
        &format!("every one of {open} slips was opened first; the admin heard its words"),
    );
    let cuts = cut_down(supervisor)?;
    steps.proven(
        &format!("the program is killed {cuts} times while it rewraps"),
        "the same command went on each time, and ended it",
    );
    for actor in [supervisor, reader] {
        actor.run(&["sync"])?;
    }
    let theirs = reader.run(&["keys", "rotate", "unit", STATION])?;
    must(want(&theirs, "/state")? == "done", || format!("headquarters' own slips: {theirs}"))?;
    for actor in [reader, supervisor, reader, officer] {
        actor.run(&["sync"])?;
    }
    for actor in [supervisor, reader, officer] {
        let verified = actor.run(&["verify"])?;
        must(verified.get("holds") == Some(&Value::Bool(true)), || format!("verify at {}: {verified}", actor.name))?;
        let list = actor.run(&["case", "list"])?;
        must(list.get("total") == Some(&Value::from(3)), || format!("{} reads other cases: {list}", actor.name))?;
    }
    steps.proven(
        "verify",
        "every chain and signature holds at the supervisor, headquarters and the officer; all three cases are read",
    );
    let after = opens(reader, &older)?;
    must(after.1 == 0, || format!("the older key still opens {} entries", after.1))?;
    steps.proven(
        "the older key",
        &format!("could read {} entries and opens none now: neither at the hub nor on a device", after.0),
    );
    Ok(())
}

/// Kills the rotation, each time a little later, until it has lived to its end. How often it died.
fn cut_down(supervisor: &Actor) -> Result<usize, Fault> {
    let wrong = |error: std::io::Error| Fault::new("rotating the station's key", error);
    let mut live = FIRST;
    for cuts in 0..MOST {
        let mut command = supervisor.command(&["keys", "rotate", "unit", STATION, "--json"])?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(wrong)?;
        // The cut comes when it comes, whatever the program is doing: that is the drill.
        std::thread::park_timeout(Duration::from_micros(live));
        child.kill().map_err(wrong)?;
        let output = child.wait_with_output().map_err(wrong)?;
        if output.status.success() || serde_json::from_slice::<Value>(&output.stdout).is_ok() {
            return Ok(cuts);
        }
        live += live / 5;
    }
    Err(Fault::new("rotating the station's key", "it never ended"))
}

/// Entries that a key could read, and those that it can open now.
fn opens(actor: &Actor, key: &str) -> Result<(u64, u64), Fault> {
    let audit = actor.run(&["keys", "audit", key])?;
    let count = |name: &str| audit.get(name).and_then(Value::as_u64);
    count("could_read").zip(count("can_open_now")).ok_or_else(|| Fault::new("auditing", audit.to_string()))
}
