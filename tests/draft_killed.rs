//! Killed while an officer types, at every step that storing takes, and opened again: what was answered before the field at hand is
//! there, the draft is one and whole, and what became an entry is an entry and no draft any more.
//!
//! The built program runs behind a real terminal and under `strace`, which delivers SIGKILL on entering the n-th write or sync to disk;
//! n grows until the whole sitting is lived through: typed, corrected, taken back, left, gone on with, kept. After each key that
//! finishes a field the test waits for the row of the draft to change in the file, so that it knows what had been kept when the lights
//! went out.

use std::{collections::BTreeMap, fs, path::Path};

use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    crash::{copy, whole},
    support::{Actor, TestAgency, Typist, open_case, opening},
};
use amanat::model::{Answer, Value};

/// What lies on the device: the note's text and the day to follow it up, and whether it is an entry already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stands {
    draft: Option<(String, Option<String>)>,
    kept: bool,
}

fn draft(text: &str, day: Option<&str>) -> Stands {
    Stands { draft: Some((text.to_owned(), day.map(str::to_owned))), kept: false }
}

/// One step of the sitting: the keys, what the screen says then, and what lies on the device when it is done.
struct Step {
    keys: &'static str,
    says: &'static str,
    stands: Stands,
}

fn sitting() -> Vec<Step> {
    let step = |keys, says, stands| Step { keys, says, stands };
    let day = Some("2026-12-01");
    let three = || draft("First. Second. Third.", day);
    vec![
        step("Enter", "Stands at", Stands::default()),
        step("F4", "Add to this case", Stands::default()),
        step("\"note\" Enter", "Part 1 of 1", Stands::default()),
        step("\"First.\" Tab", "Follow up on", draft("First.", None)),
        step("\"2026-12-01\" Enter", "Part 1 of 1", draft("First.", day)),
        step("S-Tab End \" Second.\" Tab", "Second.", draft("First. Second.", day)),
        step("S-Tab End \"X\" C-z \" Third.\" Tab", "Third.", three()),
        step("Esc", "Stands at", three()),
        step("Esc", "1 unfinished form", three()),
        step("F9", "Unfinished forms", three()),
        step("Enter", "Part 1 of 1", three()),
        step("F10", "and this device, nobody else", three()),
        step("Enter", "Stands at", Stands { draft: None, kept: true }),
    ]
}

/// The sealed row of the draft, as it lies in the file.
fn row(actor: &Actor) -> Option<Vec<u8>> {
    let journal = Connection::open(actor.file("journal.sqlite")).unwrap();
    journal.query_row("select body from shelf where shelf = 2", [], |row| row.get(0)).optional().unwrap()
}

/// What a program that opens the device afterwards finds.
fn found(actor: &Actor, case: &str) -> Stands {
    let drafts = actor.unlocked().drafts().unwrap();
    assert!(drafts.len() <= 1, "one draft was begun: {drafts:?}");
    let draft = drafts.first().map(|draft| {
        let text = match draft.answers.answer("note_text") {
            Some(Answer::Value(Value::Text(text))) => text.to_string(),
            None => String::new(),
            other => panic!("the text is {other:?}"),
        };
        let day = draft.answers.value("follow_up_on").map(|value| match value {
            Value::Date(date) => date.to_string(),
            other => panic!("the day is {other:?}"),
        });
        (text, day)
    });
    Stands { draft, kept: actor.run(&["case", "show", case]).to_string().contains("First. Second. Third.") }
}

/// How far a sitting came before it ended: steps that were seen done, on the screen and on the disk; and whether it was lived through.
/// A step during which the lights went out counts as done where what it wrote can be read all the same.
fn sits(actor: &Actor, steps: &[Step], step: &str, n: usize) -> (usize, bool) {
    let killing = format!("inject={step}:signal=SIGKILL:when={n}");
    let home = actor.home.to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_amanat");
    let trace = format!("trace={step}");
    let arguments = ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", &trace, "-e", &killing, program, "--home", home];
    let mut typist = Typist::starts(Path::new("/usr/bin/env"), actor.home.parent().unwrap(), &arguments);
    let passphrase = fs::read_to_string(&actor.passphrase).unwrap();
    if !typist.lives_until("the locked screen", |screen| screen.contains("This device is locked")) {
        return (0, false);
    }
    typist.types(&format!("\"{}\" Enter", passphrase.trim_end()));
    if !typist.lives_until("the cases", |screen| screen.contains("1 case")) {
        return (0, false);
    }
    for (at, step) in steps.iter().enumerate() {
        let before = row(actor);
        let grows = at == 0 && step.stands.draft.is_some() || at > 0 && steps[at - 1].stands != step.stands;
        typist.types(step.keys);
        let done = |screen: &str| screen.contains(step.says) && (!grows || row(actor) != before);
        if !typist.lives_until(step.says, done) {
            return (at, false);
        }
    }
    typist.types("C-q");
    (steps.len(), typist.ends().success())
}

/// What may lie on the device when so many steps were seen done: what they left, or what the next one leaves.
fn may_stand(steps: &[Step], done: usize) -> Vec<Stands> {
    let before = done.checked_sub(1).map(|last| steps[last].stands.clone()).unwrap_or_default();
    let next = steps.get(done).map(|step| step.stands.clone());
    next.into_iter().chain([before]).collect()
}

/// Kills a sitting at each step of one kind.
fn at_each(step: &'static str) {
    let agency = TestAgency::offline();
    let case = open_case(&agency.officer, &opening(1, "sitting"));
    let officer = Actor { home: agency.dir.path().join("sitter"), ..agency.officer.clone() };
    let steps = sitting();
    let mut killed: BTreeMap<usize, usize> = BTreeMap::new();
    for n in 1.. {
        assert!(n < 200, "a sitting never lives through its {step}");
        drop(fs::remove_dir_all(&officer.home));
        copy(&agency.officer.home, &officer.home);
        let (done, lived) = sits(&officer, &steps, step, n);
        let at = format!("{step} {n}, after {done} steps");
        let stands = found(&officer, &case);
        let may = may_stand(&steps, done);
        assert!(may.contains(&stands), "{at}: {stands:?} lies there, and not one of {may:?}");
        whole(&officer, &at);
        if lived {
            assert_eq!(done, steps.len());
            break;
        }
        *killed.entry(done).or_default() += 1;
    }
    println!("{step}: killed how often after how many steps of the sitting: {killed:?}");
    let fields = steps.iter().enumerate().filter(|(at, it)| *at > 0 && steps[at - 1].stands != it.stands);
    for (at, Step { keys, .. }) in fields {
        let there = killed.contains_key(&at) || killed.contains_key(&(at + 1));
        assert!(there, "{step} never killed what {keys} had to keep");
    }
}

#[test]
fn a_kill_at_any_write_of_a_sitting_loses_at_most_the_field_at_hand() {
    at_each("pwrite64");
}

#[test]
fn a_kill_at_any_sync_to_disk_of_a_sitting_loses_at_most_the_field_at_hand() {
    at_each("fsync");
}
