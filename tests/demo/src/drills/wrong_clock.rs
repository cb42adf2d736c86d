//! A laptop whose battery died wakes up seven years ago, another lives ten years ahead: nothing is locked out, lost or put in
//! another order, and the supervisor sees whose clock is wrong.
//!
//! The clock of the machine is left alone: the programs of these two are shown another one by a few lines of C, which the compiler
//! that the build needs anyway makes on the spot.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{people::whole, rehearsal::Steps};
use crate::{
    actor::Actor,
    ground::Agency,
    samples,
    tell::{Fault, must},
};

const YEAR: i64 = 365 * 86_400;
/// How far the officer's clock is ahead, in seconds.
const OFFICER: i64 = -7 * YEAR;
/// How far the supervisor's is.
const SUPERVISOR: i64 = 10 * YEAR;
/// The drill takes no longer, so a measured clock is off by no more than this, in seconds.
const SLACK: i64 = 600;
/// Notes in the order in which they are kept.
const ALL: [&str; 3] = ["second", "third", "fourth"];
const SHIM: &str = include_str!("wrong_clock.c");

pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    let shim = compile(&agency.dir)?;
    let officer = at_another_time(&agency.officer, &shim, OFFICER);
    let supervisor = at_another_time(&agency.supervisor, &shim, SUPERVISOR);
    let sample = samples::record(&officer, 0, "PK-PB", "PK610")?;
    let year = now(&officer, &sample.case)?;
    officer.run(&["sync"])?;
    let status = officer.run(&["status"])?;
    must(status.get("received") == status.get("kept"), || format!("not all was received: {status}"))?;
    steps.proven(
        &format!("an officer whose laptop lives in {year} records a case and syncs"),
        "no question of dates stopped her; the hub's key is known by its words, not by its date; all of it is received",
    );
    // Put right, and wrong again: her clock goes forward and back in one journal.
    note(&agency.officer, &sample.case, "second")?;
    note(&officer, &sample.case, "third")?;
    agency.officer.run(&["sync"])?;
    supervisor.run(&["sync"])?;
    note(&supervisor, &sample.case, "fourth")?;
    supervisor.run(&["sync"])?;
    agency.officer.run(&["sync"])?;
    // An officer reads what she kept; her supervisor reads both.
    for (reader, told) in [(&agency.officer, &ALL[..2]), (&supervisor, &ALL[..])] {
        let order = notes(reader, &sample.case)?;
        must(order == told, || format!("the order at {} is {order:?}", reader.name))?;
    }
    steps.proven(
        "her clock is put right and goes wrong again; her supervisor's is ten years fast",
        "the case reads in the order in which it was kept, at both; neither roster nor entry counted as run out",
    );
    let told = supervisor.run(&["status", "--team"])?;
    let off = clock_of(&told, &officer.name)?;
    must(off.abs() < SLACK, || format!("the clock she last synced with is right, and {off} s were measured"))?;
    officer.run(&["sync"])?;
    let told = supervisor.run(&["status", "--team"])?;
    let off = clock_of(&told, &officer.name)?;
    must((off - OFFICER).abs() < SLACK, || format!("her clock is {OFFICER} s ahead, and {off} s were measured"))?;
    steps.proven(
        "the supervisor's team page",
        &format!("says how wrong the officer's clock is ({off} s), whatever the supervisor's own says"),
    );
    agency.reader.run(&["sync"])?;
    let read = notes(&agency.reader, &sample.case)?;
    must(read == ALL, || format!("headquarters reads {read:?}"))?;
    for actor in [&officer, &supervisor, &agency.reader] {
        whole(actor)?;
    }
    steps.proven(
        "headquarters reads it, and verify",
        "the same order; every chain, signature and receipt holds at all three",
    );
    Ok(())
}

/// The same person with the same home, whose programs see another wall clock.
fn at_another_time(actor: &Actor, shim: &Path, ahead: i64) -> Actor {
    let mut actor = actor.clone();
    actor.around.push(("LD_PRELOAD".into(), shim.into()));
    actor.around.push(("WRONG_CLOCK_SECONDS".into(), ahead.to_string().into()));
    actor
}

fn compile(dir: &Path) -> Result<PathBuf, Fault> {
    let doing = "compiling the wrong clock";
    let (source, library) = (dir.join("wrong_clock.c"), dir.join("wrong_clock.so"));
    fs::write(&source, SHIM).map_err(|error| Fault::new(doing, error))?;
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).output();
    let made = made.map_err(|error| Fault::new(doing, format!("cc: {error}; a C compiler is needed")))?;
    must(made.status.success(), || format!("{doing}: {}", String::from_utf8_lossy(&made.stderr)))?;
    Ok(library)
}

fn note(actor: &Actor, case: &str, text: &str) -> Result<(), Fault> {
    let answers = serde_json::json!({ "note_text": text }).to_string();
    actor.run_with(&["entry", "add", "--form", "note", "--case", case, "--from", "-"], Some(&answers)).map(drop)
}

fn shown(actor: &Actor, case: &str) -> Result<Vec<Value>, Fault> {
    let shown = actor.run(&["case", "show", case])?;
    let entries = shown.get("entries").and_then(Value::as_array).cloned();
    entries.ok_or_else(|| Fault::new("showing the case", shown))
}

/// The texts of a case's notes, in its order.
fn notes(actor: &Actor, case: &str) -> Result<Vec<String>, Fault> {
    let text = |entry: &Value| entry.pointer("/answers/note_text").and_then(Value::as_str).map(str::to_owned);
    Ok(shown(actor, case)?.iter().filter_map(text).collect())
}

/// The year in which the case was kept, by the clock of whoever kept it.
fn now(actor: &Actor, case: &str) -> Result<String, Fault> {
    let entries = shown(actor, case)?;
    let time = entries.first().and_then(|entry| entry.get("time")).and_then(Value::as_str);
    let year = time.and_then(|time| time.get(..4)).unwrap_or_default().to_owned();
    must(year.starts_with("201"), || format!("the officer's clock is not wrong: {year}"))?;
    Ok(year)
}

/// How far somebody's clock was ahead at the last contact, in seconds.
fn clock_of(told: &Value, name: &str) -> Result<i64, Fault> {
    let rows = told.get("team").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = |row: &&Value| row.get("member").and_then(Value::as_str).is_some_and(|member| member.starts_with(name));
    let off = rows.iter().find(named).and_then(|row| row.get("clock_ahead_seconds")).and_then(Value::as_i64);
    off.ok_or_else(|| Fault::new("reading the team page", format!("no clock of {name} in {told}")))
}
