//! A case is shared with another unit and handed over to it, through the built programs and a real hub: who could read nothing reads all of
//! it after the next sync, the audit says so, whoever was not let in still reads nothing, and nothing ever narrows by itself.

use serde_json::{Value, json};

use crate::rotation::opened_at_hub;
use crate::support::{Actor, GUJRAT, Story, TestAgency, jot, number, open_case, opening, record, text};

const SUKKUR: &str = "PS Sample, Sukkur";

/// The supervisor of Sukkur, who is enrolled with the agency and has a home beside the others.
fn far(agency: &TestAgency) -> Actor {
    Actor::new(agency.dir.path(), "supervisor-sukkur", agency.dir.path().join("supervisor-sukkur"))
}

/// How many entries with content a person reads in a case; names and what is merely on record apart from the rest.
fn reads(actor: &Actor, case: &str) -> u64 {
    let answer = actor.ask(&["case", "show", case]);
    let entries = answer.json["entries"].as_array().cloned().unwrap_or_default();
    entries.iter().filter(|entry| entry["kind"] != "access").count().try_into().unwrap()
}

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

/// What the keys of a unit could read and open now, entries of one case.
fn audited(actor: &Actor, unit: &str, case: &str) -> u64 {
    let told = actor.run(&["keys", "audit", unit]);
    let row = told["cases"].as_array().unwrap().iter().find(|row| row["case"] == case).cloned();
    row.map_or(0, |row| number(&row, "now"))
}

/// An agency with a second station, and a case that the first one's supervisor has.
fn recorded() -> (TestAgency, Actor, Story) {
    let agency = TestAgency::build();
    let far = far(&agency);
    sync(&[&agency.officer, &agency.supervisor, &far]);
    let story = record(&agency.officer, 1, "lemtavrosk");
    sync(&[&agency.officer, &agency.supervisor]);
    (agency, far, story)
}

#[test]
fn a_unit_that_was_let_in_reads_the_whole_case_after_its_next_sync_and_a_stranger_still_nothing() {
    let agency = TestAgency::build();
    let (far, base) = (far(&agency), "PS Sample, Layyah");
    agency.admin.run(&["roster", "unit-add", base]);
    let stranger = agency.enrol("supervisor-layyah", "supervisor", base);
    let colleague = agency.enrol("colleague", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.officer, &agency.supervisor, &far, &colleague]);
    let story = record(&agency.officer, 1, "lemtavrosk");
    sync(&[&agency.officer, &agency.supervisor, &far, &stranger, &colleague]);
    let case = story.case.as_str();
    let all = reads(&agency.supervisor, case);
    assert!(all >= 5, "{all}");
    assert_eq!((reads(&far, case), audited(&agency.supervisor, SUKKUR, case)), (0, 0));

    let refused = agency.officer.ask(&["case", "share", case, "--unit", SUKKUR]);
    assert_eq!((refused.code, text(&refused.json, "/error/kind")), (5, "refused".to_owned()), "{}", refused.json);
    let would = agency.supervisor.run(&["case", "share", case, "--unit", SUKKUR, "--dry-run"]);
    assert_eq!((&would["kept"], would["readers"].as_array().unwrap().len()), (&json!(false), 3), "{would}");
    sync(&[&agency.supervisor, &far]);
    assert_eq!(reads(&far, case), 0, "a look keeps nothing");

    let shared = agency.supervisor.run(&["case", "share", case, "--unit", SUKKUR, "--note", "The kiln lies there."]);
    let names: Vec<&str> = shared["readers"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&SUKKUR) && names.contains(&GUJRAT) && number(&shared, "opened") >= 2, "{shared}");
    assert_eq!(number(&shared, "left"), 0, "{shared}");
    sync(&[&agency.supervisor, &far, &stranger]);
    assert_eq!(reads(&far, case), all + 1, "all of it, and the word that let them in");
    let person = far.run(&["entry", "show", story.person(), "--names"]);
    assert!(person.to_string().contains("SAMPLE PERSON 1"), "sealed fields travel with the case, as was said");
    assert!(audited(&agency.supervisor, SUKKUR, case) >= story.typed.len().try_into().unwrap());
    assert_eq!((reads(&stranger, case), audited(&agency.supervisor, base, case)), (0, 0));

    // Who has not heard of it goes on under the older slip, or begins one of their own without the new reader: both reach them.
    jot(&agency.officer, case, 2, "lemtavrosk");
    jot(&colleague, case, 4, "lemtavrosk");
    sync(&[&agency.officer, &colleague, &agency.supervisor, &far, &agency.officer]);
    let answer = jot(&far, case, 3, "lemtavrosk");
    sync(&[&far, &agency.supervisor, &agency.officer]);
    assert_eq!(reads(&far, case), all + 4);
    assert_eq!(
        text(&agency.supervisor.run(&["entry", "show", &answer]), "/case"),
        case,
        "what they add is read at home"
    );
    assert_eq!(reads(&stranger, case), 0);
    let verified = far.run(&["verify"]);
    assert_eq!(verified["problems"].as_array().map_or(0, Vec::len), 0, "{verified}");
}

#[test]
fn a_case_of_one_unit_alone_is_not_shared_until_its_level_says_so() {
    let agency = TestAgency::build();
    let far = far(&agency);
    sync(&[&agency.supervisor, &far]);
    let mut shut = opening(1, "lemtavrosk");
    shut["handling_code"] = json!("H1");
    let case = open_case(&agency.supervisor, &shut);
    for arguments in [
        vec!["case", "share", &case, "--unit", SUKKUR],
        vec!["case", "transfer", &case, "--to", SUKKUR, "--reason", "OTHERDIST"],
    ] {
        let refused = agency.supervisor.ask(&arguments);
        assert_eq!(refused.code, 5, "{}", refused.json);
        assert!(refused.message().contains("H1") && refused.hint().contains("sharing level"), "{}", refused.json);
    }
    let entry = text(&agency.supervisor.run(&["case", "show", &case]), "/entries/0/entry");
    let wider = json!({"handling_code": "H2"}).to_string();
    agency.supervisor.run_with(&["entry", "amend", &entry, "--from", "-", "--reason", "NEWINFO"], &wider);
    agency.supervisor.run(&["case", "share", &case, "--unit", SUKKUR]);
    sync(&[&agency.supervisor, &far]);
    assert!(reads(&far, &case) >= 3, "{}", far.run(&["case", "show", &case]));
    // Shut again, nobody is let in any further; what they read stays read, and nothing new reaches them.
    let narrower = json!({"handling_code": "H1"}).to_string();
    agency.supervisor.run_with(&["entry", "amend", &entry, "--from", "-", "--reason", "NEWINFO"], &narrower);
    let before = reads(&far, &case);
    jot(&agency.supervisor, &case, 1, "lemtavrosk");
    sync(&[&agency.supervisor, &far]);
    assert_eq!(reads(&far, &case), before);
}

#[test]
fn a_transfer_moves_a_case_when_the_other_side_accepts_it_and_nobody_is_put_out() {
    let (agency, far, story) = recorded();
    let case = story.case.as_str();
    let nothing = agency.supervisor.ask(&["case", "transfer", case, "--accept"]);
    assert!(nothing.code == 5 && nothing.message().contains("waits for an answer"), "{}", nothing.json);
    let odd = agency.supervisor.ask(&["case", "transfer", case, "--to", SUKKUR, "--reason", "WHIM"]);
    assert!(odd.code == 2 && odd.hint().contains("XBORDER"), "{}", odd.json);
    agency.supervisor.run(&["case", "transfer", case, "--to", SUKKUR, "--reason", "OTHERDIST"]);
    let own = agency.supervisor.ask(&["case", "transfer", case, "--accept"]);
    assert!(own.code == 5 && own.hint().contains("PTPA s.8"), "the sender does not answer: {}", own.json);
    sync(&[&agency.supervisor, &far]);
    let mute = far.ask(&["case", "transfer", case, "--reject"]);
    assert_eq!(mute.code, 2, "{}", mute.json);
    far.run(&["case", "transfer", case, "--reject", "--note", "The kiln lies in Gujrat."]);
    sync(&[&far, &agency.supervisor]);
    agency.supervisor.run(&["case", "transfer", case, "--to", SUKKUR, "--reason", "OTHERDIST"]);
    sync(&[&agency.supervisor, &far]);
    let over = far.run(&["case", "transfer", case, "--accept"]);
    assert_eq!(over["readers"].as_array().unwrap().len(), 3, "both stations and headquarters: {over}");
    // From now on the other side shares it, and the first has no say in that.
    sync(&[&far, &agency.supervisor, &agency.officer, &agency.reader]);
    let late = agency.supervisor.ask(&["case", "share", case, "--unit", SUKKUR]);
    assert_eq!(late.code, 5, "{}", late.json);
    let note = jot(&far, case, 2, "lemtavrosk");
    let (before, answer) = (reads(&agency.supervisor, case), jot(&agency.officer, case, 3, "lemtavrosk"));
    sync(&[&far, &agency.officer, &agency.supervisor, &far]);
    assert_eq!(reads(&agency.supervisor, case), before + 2, "the first unit reads on");
    for actor in [&far, &agency.supervisor] {
        assert_eq!(text(&actor.run(&["entry", "show", &note]), "/case"), case);
        assert_eq!(text(&actor.run(&["entry", "show", &answer]), "/case"), case);
    }
    let steps: Vec<String> = far.run(&["case", "show", case])["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["step"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(steps, ["SENT", "REJ", "SENT", "ACC"]);
}

/// A unit that was let in gives itself a new key: whoever shared the case hears of it with the roster and rewraps its slips by itself.
#[test]
fn a_unit_that_was_let_in_and_rotates_its_key_is_let_in_again_by_itself() {
    let (agency, far, story) = recorded();
    let case = story.case.as_str();
    agency.supervisor.run(&["case", "share", case, "--unit", SUKKUR]);
    sync(&[&agency.supervisor, &far]);
    let key = |actor: &Actor| {
        let home = actor.unlocked();
        let units = &home.trust().unwrap().roster().units;
        units.iter().find(|unit| unit.name == SUKKUR).unwrap().recipient.as_ref().unwrap().key_id()
    };
    let (older, reads_before) = (key(&far), reads(&far, case));
    let slips = opened_at_hub(&agency, &older);
    assert!(slips >= 2, "{slips}");

    let file = agency.dir.path().join("far-key.join").to_string_lossy().into_owned();
    let offered = far.run(&["keys", "rotate", "unit", SUKKUR, "--out", &file]);
    let (words, pack) = (text(&offered, "/words"), agency.dir.path().join("far.pack").to_string_lossy().into_owned());
    let listed = ["--fingerprint", &words, "--role", "unit-key", "--unit", SUKKUR, "--out", &pack];
    agency.admin.run(&[&["roster", "approve", &file][..], &listed].concat());
    agency.admin.run(&["roster", "publish"]);
    far.run(&["sync"]);
    far.run(&["keys", "rotate", "unit", SUKKUR]);
    let newer = key(&far);
    assert_ne!(newer, older);
    let own = opened_at_hub(&agency, &newer);
    assert!(own < slips, "what they wrote themselves at most: {own} of {slips}");
    // Nothing new of the case comes: the roster alone tells it.
    sync(&[&agency.supervisor]);
    assert!(opened_at_hub(&agency, &newer) >= slips, "the device that shared the case has");
    let (kept, _) = agency.supervisor.counts();
    sync(&[&agency.supervisor, &far, &agency.supervisor]);
    assert_eq!(agency.supervisor.counts().0, kept, "and once is enough");
    assert_eq!(reads(&far, case), reads_before);
}
