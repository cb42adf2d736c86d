//! The power goes while an interview is kept: what was acknowledged is there afterwards, what was not is there whole or not at all.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};

use super::rehearsal::Steps;
use crate::{
    actor::{Actor, want},
    ground::Agency,
    samples,
    tell::{Fault, must},
};

/// The first program lives so long, in microseconds; each one after it a fifth longer.
const FIRST: u64 = 2_000;
/// So many in a row say *kept* before their end; then the drill has seen every part of a keeping.
const ENOUGH: usize = 3;
/// No keeping takes a fifth more so often: some two minutes.
const MOST: usize = 60;

pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    let officer = &agency.officer;
    let sample = samples::record(officer, 0, "PK-PB", "PK610")?;
    let before = entries(officer, &sample.case)?;
    steps.proven("an officer has a case", &format!("{before} entries of it are kept"));
    let (mut stands, mut acknowledged, mut cuts, mut live) = (before, 0, 0, FIRST);
    while acknowledged < ENOUGH {
        must(cuts < MOST, || "no note was ever kept".to_owned())?;
        let said = kept_until(officer, &sample.case, Duration::from_micros(live))?;
        let now = entries(officer, &sample.case)?;
        must(now >= stands && now <= stands + 1, || format!("cut {cuts}: {stands} entries became {now}"))?;
        must(said.is_none() || now == stands + 1, || format!("cut {cuts}: a note was acknowledged and is not there"))?;
        acknowledged += usize::from(said.is_some());
        (stands, cuts, live) = (now, cuts + 1, live + live / 5);
    }
    steps.proven(
        &format!("the power goes {cuts} times while a note is kept"),
        &format!(
            "{} times before the program said so, {acknowledged} times after; every note that was acknowledged is there, and {} more \
             that had reached the disk",
            cuts - acknowledged,
            stands - before - acknowledged
        ),
    );
    let verified = officer.run(&["verify"])?;
    must(verified.get("holds") == Some(&Value::Bool(true)), || format!("verify finds faults: {verified}"))?;
    steps.proven("verify", "every chain, signature and commitment holds: no half of a note is left");
    officer.run(&["sync"])?;
    agency.reader.run(&["sync"])?;
    let read = entries(&agency.reader, &sample.case)?;
    must(read == stands, || format!("headquarters reads {read} entries of {stands}"))?;
    steps.proven("headquarters reads them", &format!("all {read} entries of the case, none doubled"));
    Ok(())
}

/// Keeps a note with a program that is killed after so long. Gives what it acknowledged, if it came to that.
fn kept_until(officer: &Actor, case: &str, long: Duration) -> Result<Option<String>, Fault> {
    let wrong = |error: std::io::Error| Fault::new("keeping a note", error);
    let note = json!({"note_text": "SAMPLE note of a drill; nobody in it is real."}).to_string();
    let file = officer.home.with_extension("note.json");
    std::fs::write(&file, note).map_err(wrong)?;
    let file = file.to_string_lossy();
    let mut command =
        officer.command(&["entry", "add", "--form", "note", "--case", case, "--from", &file, "--json"])?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(wrong)?;
    // The cut comes when it comes, whatever the program is doing: that is the drill.
    std::thread::park_timeout(long);
    child.kill().map_err(wrong)?;
    let output = child.wait_with_output().map_err(wrong)?;
    let said: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    said.map(|said| want(&said, "/entry")).transpose()
}

fn entries(actor: &Actor, case: &str) -> Result<usize, Fault> {
    let shown = actor.run(&["case", "show", case])?;
    let entries = shown.get("entries").and_then(Value::as_array);
    entries.map(Vec::len).ok_or_else(|| Fault::new("showing the case", shown.to_string()))
}
