//! Handing in, over a real hub, by stick, and killed at every step: whoever holds the laptop and its passphrase reads nothing of it, its
//! readers read all of it, and nothing is ever lost on the way. That no key of the home opens it is proven from inside
//! (`src/runtime/tests/handed.rs`).

use std::{fs, path::Path};

use amanat::model::Absence;
use serde_json::{Value, json};

use crate::{
    bundle::{hub_reads, reads, writes},
    crash::{at_steps, copy, whole},
    support::{Actor, Canary, GUJRAT, TestAgency, jot, number, open_case, opening, record},
};

/// Words that no text has by chance.
const WORDS: [&str; 2] = ["zukhwendarmek", "palmishtoqel"];

fn shown(actor: &Actor, case: &str) -> (usize, usize) {
    let shown = actor.run(&["case", "show", case]);
    let count = |name: &str| shown[name].as_array().map_or(0, Vec::len);
    let handed = shown["gone"].as_array().unwrap().iter().filter(|gone| gone["why"] == "handed in").count();
    assert_eq!(handed, count("gone"), "{shown}");
    (count("entries"), handed)
}

/// Entries of a case that hold a word, as a reader sees them, names and all.
fn holds(actor: &Actor, case: &str, word: &str) -> usize {
    let shown = actor.run(&["case", "show", case]);
    shown["entries"].as_array().unwrap().iter().filter(|entry| entry.to_string().contains(word)).count()
}

fn hand_in(actor: &Actor, case: &str) -> Value {
    let asked = actor.run(&["case", "hand-in", case]);
    assert_eq!(asked["handed_in"], false, "it is asked first: {asked}");
    let done = actor.run(&["case", "hand-in", case, "--yes"]);
    assert_eq!(done["handed_in"], true, "{done}");
    done
}

#[test]
fn a_case_that_was_handed_in_is_read_by_its_readers_and_never_here_again() {
    let agency = TestAgency::build();
    let (officer, supervisor, reader) = (&agency.officer, &agency.supervisor, &agency.reader);
    let story = record(officer, 1, WORDS[0]);
    let other = record(officer, 2, WORDS[1]);
    let (entries, _) = shown(officer, &story.case);
    // Its level falls to the station alone, and must not rise by being forgotten.
    let closer = json!({"handling_code": "H1"}).to_string();
    officer.run_with(&["entry", "amend", &story.typed[0].0, "--from", "-", "--reason", "NEWINFO"], &closer);
    let done = hand_in(officer, &story.case);
    let (waits, _) = officer.counts();
    assert_eq!(
        (number(&done, "entries"), number(&done, "waiting")),
        (entries as u64 + 1, entries as u64 + 1),
        "{done}"
    );
    // Nothing of it in lists, searches or files; the other case is as it was.
    assert_eq!(shown(officer, &story.case), (0, entries + 2));
    assert_eq!(officer.run(&["case", "search", WORDS[0]])["total"], 0);
    assert_eq!(officer.run(&["case", "search", WORDS[1]])["total"], 1);
    assert_eq!(shown(officer, &other.case), (entries, 0));
    assert_ne!(officer.ask(&["entry", "show", story.person(), "--names"]).code, 0);
    whole(officer, "handed in");
    Canary::of(WORDS).must_be_absent(&officer.home, &[]);
    // What waits leaves, and is read.
    officer.run(&["sync"]);
    assert_eq!(officer.counts(), (waits, waits));
    supervisor.run(&["sync"]);
    assert_eq!(shown(supervisor, &story.case).0, entries + 2, "all of it, and the word that it was handed in");
    assert_eq!(holds(supervisor, &story.case, "handed_in"), 1);
    assert!(holds(supervisor, &story.case, WORDS[0]) > 1);
    // It can be added to: at the level that it had, and unread here.
    let added = jot(officer, &story.case, 3, WORDS[1]);
    assert_eq!(shown(officer, &story.case), (0, entries + 3));
    officer.run(&["sync"]);
    for actor in [supervisor, reader] {
        actor.run(&["sync"]);
    }
    assert_eq!(supervisor.ask(&["entry", "show", &added]).code, 0);
    assert_ne!(reader.ask(&["entry", "show", &added]).code, 0, "kept to the station, as it was before");
    let note = officer.run(&["case", "hand-in", &story.case]);
    assert_eq!(note["handed_in"], true, "it is said to be done: {note}");
    // A supervisor reads for the unit, and cannot.
    let refused = supervisor.ask(&["case", "hand-in", &story.case, "--yes"]);
    assert_eq!(refused.code, 5, "{}", refused.json);
    assert!(refused.message().contains(GUJRAT), "{}", refused.message());
    for actor in [officer, supervisor, reader] {
        assert_eq!(actor.run(&["verify"])["holds"], true);
    }
}

#[test]
fn whoever_was_handed_in_is_named_in_words_and_then_by_whoever_reads_the_case() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, WORDS[0]);
    let refer = |person: Value, told: Option<&str>| {
        let mut answers = json!({
            "person_ref": person, "service": "MEDICAL", "urgency": "D1", "offered_on": "2026-11-20", "consent_refer": "Y", "status": "OFFER",
        });
        if let Some(told) = told {
            answers["person_told"] = json!(told);
        }
        officer.ask_with(
            &["entry", "add", "--form", "referral", "--case", &story.case, "--from", "-"],
            &answers.to_string(),
        )
    };
    let unknown = json!({"answer": "unknown"});
    let early = refer(unknown.clone(), Some("V-7QK2"));
    assert!(early.code == 2 && early.message().contains("person_ref"), "they can be looked up: {}", early.json);
    hand_in(officer, &story.case);
    let silent = refer(unknown.clone(), None);
    assert!(silent.code == 2 && silent.message().contains("person_told"), "{}", silent.json);
    let skipped = refer(json!({"answer": "not_asked"}), Some("V-7QK2"));
    assert!(skipped.code == 2 && skipped.message().contains("person_ref"), "{}", skipped.json);
    let kept = refer(unknown, Some(WORDS[1]));
    assert_eq!(kept.code, 0, "{}", kept.json);
    let entry = kept.json["entry"].as_str().unwrap();

    officer.run(&["sync"]);
    supervisor.run(&["sync"]);
    let read = supervisor.run(&["entry", "show", entry, "--names"]);
    assert!(read.to_string().contains(WORDS[1]), "{read}");
    let named = json!({"person_ref": story.person()}).to_string();
    supervisor.run_with(&["entry", "amend", entry, "--from", "-", "--reason", "NEWINFO"], &named);
    let case = supervisor.run(&["case", "show", &story.case]);
    assert!(case.to_string().contains(&format!("\"person_ref\":\"{}\"", story.person())), "{case}");
}

#[test]
fn what_was_handed_in_without_a_network_leaves_on_a_stick() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let story = record(officer, 1, WORDS[0]);
    hand_in(officer, &story.case);
    let (kept, _) = officer.counts();
    let (stick, _) = writes(officer, &agency, "out.age", None);
    assert_eq!(number(&hub_reads(&agency, &stick), "new"), kept);
    let (stick, _) = writes(officer, &agency, "unit.age", Some(GUJRAT));
    reads(&agency.supervisor, &stick);
    assert!(holds(&agency.supervisor, &story.case, WORDS[0]) > 1);
}

#[test]
fn a_roster_that_wants_devices_that_only_write_is_obeyed_at_once_and_work_goes_on() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, WORDS[0]);
    let (entries, _) = shown(officer, &story.case);
    assert_eq!(agency.admin.ask(&["roster", "policy", "write-only", "perhaps"]).code, 2);
    agency.admin.run(&["roster", "policy", "write-only", "yes"]);
    agency.admin.run(&["roster", "publish"]);
    for actor in [supervisor, officer] {
        actor.run(&["sync"]);
    }
    assert_eq!(shown(officer, &story.case), (0, entries));
    let later = record(officer, 2, WORDS[1]);
    assert_eq!(shown(officer, &later.case), (0, later.typed.len() + 2), "each command is a sitting of its own");
    jot(officer, &story.case, 3, WORDS[1]);
    assert_eq!(officer.run(&["case", "search", WORDS[1]])["total"], 0);
    officer.run(&["sync"]);
    supervisor.run(&["sync"]);
    assert_eq!(shown(supervisor, &story.case).0, entries + 1);
    assert!(holds(supervisor, &later.case, WORDS[1]) > 1);
    Canary::of(WORDS).must_be_absent(&officer.home, &[]);
    for actor in [officer, supervisor] {
        assert_eq!(actor.run(&["verify"])["holds"], true);
    }
}

/// A home, as often as it is wanted.
fn afresh(from: &Actor, name: &str, dir: &Path) -> Actor {
    let home = dir.join(name);
    drop(fs::remove_dir_all(&home));
    copy(&from.home, &home);
    Actor { name: name.to_owned(), home, passphrase: from.passphrase.clone(), around: Vec::new() }
}

/// Entries of its own that a home opens, and those that it says were handed in.
fn found(actor: &Actor) -> (usize, usize) {
    let (mut home, mut entries) = (actor.unlocked(), 0);
    home.journal().check().unwrap();
    let replayed = home.replay(|page, _| entries += page.len()).unwrap();
    assert!(replayed.failed.is_empty(), "{:?}", replayed.failed);
    (entries, replayed.gone.iter().filter(|gone| gone.why == Absence::HandedIn).count())
}

#[test]
fn handing_in_killed_at_any_step_leaves_all_of_it_readable_or_handed_in_and_loses_nothing() {
    let agency = TestAgency::offline();
    let (dir, mark) = (agency.dir.path(), WORDS[0]);
    let case = open_case(&agency.officer, &opening(1, mark));
    let killed = Actor { home: dir.join("killed"), ..agency.officer.clone() };
    let (entries, _) = found(&agency.officer);
    let (mut readable, mut handed) = (0_usize, 0_usize);
    let make = || (afresh(&agency.officer, "killed", dir).command(["case", "hand-in", &case, "--yes"]), String::new());
    let steps = [("pwrite64", 13), ("fsync", 1), ("ftruncate", 1), ("unlink", 1)];
    at_steps("handing in", &steps, &["pwrite64", "fsync", "ftruncate"], make, |dead, answer, at| {
        let outcome = match found(&killed) {
            (there, 0) if there == entries => &mut readable,
            (0, gone) if gone == entries + 1 => &mut handed,
            other => panic!("{at}: {other:?}"),
        };
        *outcome += 1;
        // Each of both, and the last: its readers read all of it.
        if *outcome == 1 || !dead {
            whole(&killed, at);
            let stick = dir.join("killed.age");
            drop(fs::remove_file(&stick));
            killed.run(&["bundle", "write", &stick.to_string_lossy(), "--to", GUJRAT]);
            let supervisor = afresh(&agency.supervisor, "reading", dir);
            reads(&supervisor, &stick);
            assert_eq!(holds(&supervisor, &case, mark), entries, "{at}: its readers read all of it");
        }
        assert!(dead || found(&killed).0 == 0, "{at}: {}", answer.json);
    });
    println!("handing in, killed: all readable {readable}, handed in {handed}");
    assert!(readable > 0 && handed > 1);
}
