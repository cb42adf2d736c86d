//! A case is given to a member of the roster, through the built programs and a hub: it reaches their device with the next sync, is listed
//! there, and the supervisor sees who has it and that they have gone on with it.

use amanat::{
    codebook::Codebook,
    model::{CaseId, EntryId},
    runtime::entries::keep::{ToKeep, What},
};
use serde_json::Value;

use crate::support::{Actor, GUJRAT, TestAgency, jot, record, text};

fn mine(actor: &Actor) -> Vec<String> {
    let told = actor.run(&["case", "list", "--mine"]);
    told["cases"].as_array().unwrap().iter().map(|case| text(case, "/case")).collect()
}

/// The rows of the queue that wait for somebody who was given a case: to whom.
fn begun_by_nobody(supervisor: &Actor) -> Vec<String> {
    let told = supervisor.run(&["review", "list"]);
    let rows = told["waiting"].as_array().unwrap().iter().filter(|row| row["why"] == "assigned");
    rows.map(|row| text(row, "/assigned/0/to")).collect()
}

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

#[test]
fn a_case_that_is_given_reaches_them_with_the_next_sync_and_waits_until_they_go_on_with_it() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "all"]);
    let colleague = agency.enrol("colleague", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    sync(&[officer, supervisor, &colleague]);
    let story = record(officer, 1, "lemtavrosk");
    sync(&[officer, supervisor, &colleague]);
    let case = story.case.as_str();

    let own = officer.ask(&["review", "assign", case, "--to", "colleague", "--note", "Go on."]);
    assert_eq!(own.code, 5, "an officer gives nothing: {}", own.json);
    let nobody = supervisor.ask(&["review", "assign", case, "--to", "no such person", "--note", "Go on."]);
    assert!(nobody.code == 2 && nobody.hint().contains("colleague"), "{}", nobody.json);
    let done = supervisor.run(&["review", "assign", case, "--to", "colleague", "--note", "Hear the driver."]);
    assert_eq!(done["reads"], true, "{done}");
    let to = text(&done, "/to");
    assert_eq!(begun_by_nobody(supervisor), std::slice::from_ref(&to));
    assert_eq!((mine(&colleague), mine(officer)), (vec![], vec![]), "before the sync");
    sync(&[supervisor, &colleague, officer]);
    assert_eq!((mine(&colleague), mine(officer)), (vec![case.to_owned()], vec![]));
    let shown = colleague.run(&["case", "show", case]);
    assert_eq!((text(&shown, "/assigned/0/to"), text(&shown, "/assigned/0/note")), (to, "Hear the driver.".into()));
    colleague.run(&["case", "list", "--mine", "--save", "my cases"]);
    assert_eq!(text(&colleague.run(&["case", "list", "--filter", "my cases"]), "/cases/0/case"), case);

    jot(&colleague, case, 2, "lemtavrosk");
    sync(&[&colleague, supervisor]);
    assert_eq!(begun_by_nobody(supervisor), [""; 0], "they have gone on with it");
    // It is theirs until somebody else has it.
    let again = supervisor.run(&["review", "assign", case, "--to", "officer", "--note", "You have her number."]);
    sync(&[supervisor, &colleague, officer]);
    assert_eq!((mine(&colleague), mine(officer)), (vec![], vec![case.to_owned()]), "{again}");
    // Whoever gave it names somebody else in the same word.
    let change = serde_json::json!({"review_assigned": text(&done, "/to")}).to_string();
    let word = text(&again, "/entry");
    supervisor.run_with(&["entry", "amend", &word, "--from", "-", "--reason", "NEWINFO"], &change);
    sync(&[supervisor, &colleague, officer]);
    assert_eq!((mine(&colleague), mine(officer)), (vec![case.to_owned()], vec![]));
    for actor in [officer, supervisor, &colleague] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

/// How many notes of a case somebody reads.
fn notes(actor: &Actor, case: &str) -> usize {
    let shown = actor.ask(&["case", "show", case]).json;
    let entries = shown["entries"].as_array().cloned().unwrap_or_default();
    entries.iter().filter(|entry| entry["form"] == "note@1").count()
}

/// Where only supervisors read a unit's cases, whoever is given one reads that one and no other.
#[test]
fn whoever_is_given_a_case_reads_all_of_it_and_what_comes_later_until_somebody_else_has_it() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "supervisors"]);
    let colleague = agency.enrol("colleague", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    sync(&[officer, supervisor, &colleague]);
    let (story, other) = (record(officer, 1, "lemtavrosk"), record(officer, 2, "pulmashtir"));
    sync(&[officer, supervisor, &colleague]);
    let case = story.case.as_str();
    assert_eq!(notes(&colleague, case), 0);
    let done = supervisor.run(&["review", "assign", case, "--to", "colleague", "--note", "Hear the driver."]);
    assert_eq!((&done["reads"], &done["left"]), (&Value::from(true), &Value::from(0)), "{done}");
    sync(&[supervisor, &colleague, officer]);
    assert_eq!((mine(&colleague), notes(&colleague, case)), (vec![case.to_owned()], 1));
    let person = colleague.run(&["entry", "show", story.person(), "--names"]);
    assert!(person.to_string().contains("SAMPLE PERSON 1"), "sealed fields with it, as was said: {person}");
    assert_eq!(notes(&colleague, &other.case), 0, "that case and no other");
    // What the author adds, who has heard of it, and what a colleague of the supervisor's adds under a slip of their own.
    jot(officer, case, 2, "lemtavrosk");
    jot(supervisor, case, 3, "lemtavrosk");
    sync(&[officer, supervisor, &colleague]);
    assert_eq!(notes(&colleague, case), 3);
    supervisor.run(&["review", "assign", case, "--to", "officer", "--note", "You have her number."]);
    sync(&[supervisor, officer, &colleague]);
    jot(officer, case, 4, "lemtavrosk");
    sync(&[officer, supervisor, &colleague]);
    assert_eq!(
        (notes(&colleague, case), notes(supervisor, case)),
        (3, 4),
        "what they read stays read, and no more comes"
    );
    for actor in [officer, supervisor, &colleague] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

/// Only the word of somebody who leads the unit lets anybody in: an officer who keeps one, past every verb that refuses it, gives the case to
/// nobody.
#[test]
fn a_word_of_somebody_who_does_not_lead_the_unit_opens_nothing_to_whom_it_names() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "supervisors"]);
    let colleague = agency.enrol("colleague", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    sync(&[officer, supervisor, &colleague]);
    let (story, other) = (record(officer, 1, "lemtavrosk"), record(officer, 2, "pulmashtir"));
    sync(&[officer, supervisor]);
    let done = supervisor.run(&["review", "assign", &story.case, "--to", "colleague", "--note", "Hear the driver."]);
    sync(&[supervisor, officer]);
    // The officer keeps the very words in a case that nobody gave to anybody.
    let mut home = officer.unlocked();
    let mut found = None;
    let word: EntryId = text(&done, "/entry").parse().unwrap();
    home.replay(|entries, _| found = entries.into_iter().find(|entry| entry.id == word).or(found.take())).unwrap();
    let what = What::Content(found.expect("the word came").content);
    let case: CaseId = other.case.parse().unwrap();
    home.keep(Codebook::builtin().unwrap(), ToKeep { case, what, source: None, draft: None, sharing: None }).unwrap();
    drop(home);
    jot(officer, &other.case, 2, "pulmashtir");
    sync(&[officer, supervisor]);
    jot(supervisor, &other.case, 3, "pulmashtir");
    sync(&[supervisor, &colleague, officer]);
    assert_eq!(notes(&colleague, &story.case), 1, "what was given by right");
    assert_eq!(notes(&colleague, &other.case), 0, "and nothing of the other");
    // The same by the one who leads it.
    supervisor.run(&["review", "assign", &other.case, "--to", "colleague", "--note", "Hear the driver."]);
    sync(&[supervisor, &colleague]);
    assert_eq!(notes(&colleague, &other.case), 3);
}
