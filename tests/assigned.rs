//! A case is given to a member of the roster, through the built programs and a hub: it reaches their device with the next sync, is listed
//! there, and the supervisor sees who has it and that they have gone on with it.

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

#[test]
fn who_cannot_read_the_case_gets_the_word_alone_and_the_supervisor_is_told_so() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "supervisors"]);
    let colleague = agency.enrol("colleague", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    sync(&[officer, supervisor, &colleague]);
    let story = record(officer, 1, "lemtavrosk");
    sync(&[officer, supervisor, &colleague]);
    let done = supervisor.run(&["review", "assign", &story.case, "--to", "colleague", "--note", "Hear the driver."]);
    assert_eq!(done["reads"], false, "{done}");
    sync(&[supervisor, &colleague]);
    assert_eq!(mine(&colleague), std::slice::from_ref(&story.case));
    let shown = colleague.run(&["case", "show", &story.case]);
    let forms: Vec<&str> =
        shown["entries"].as_array().unwrap().iter().filter_map(|entry| entry["form"].as_str()).collect();
    assert_eq!(forms, ["review@1"], "the word and nothing else");
    assert_eq!(shown["assigned"][0]["note"], Value::from("Hear the driver."));
}
