//! The main job: an interview recorded by commands in one home is kept, signed for by the hub, and read in another home, by
//! other keys, in other processes, answer for answer and name for name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Actor, Story, TestAgency, jot, open_case, opening, record, text};

/// The entries of a case as a home shows them, by their ids.
fn shown(actor: &Actor, case: &str) -> BTreeMap<String, Value> {
    let shown = actor.run(&["case", "show", case]);
    let entries = shown["entries"].as_array().expect("a case has entries");
    entries.iter().map(|entry| (text(entry, "/entry"), entry.clone())).collect()
}

/// Every answer that was typed, as this home reads it; the sealed ones asked for by name.
fn must_read(actor: &Actor, story: &Story) {
    let entries = shown(actor, &story.case);
    for (id, typed) in &story.typed {
        let entry = entries.get(id).unwrap_or_else(|| panic!("{} does not see entry {id}", actor.name));
        let names = actor.run(&["entry", "show", id, "--names"]);
        for (question, answer) in typed.as_object().unwrap() {
            let read = if story.sealed.contains(question) {
                assert!(
                    entry["answers"].get(question).is_none(),
                    "{question} is shown without being asked for: {entry}"
                );
                &names["names"][0][question]
            } else if question == "self_review" {
                assert!(entry["answers"].get(question).is_none(), "a note to oneself travelled");
                continue;
            } else {
                &entry["answers"][question]
            };
            assert!(same(read, answer), "{}: {question} was {answer} and is {read}", actor.name);
        }
    }
}

/// Whether an answer is what was typed; a moment is shown with the offset that was left out.
fn same(read: &Value, typed: &Value) -> bool {
    match (read.as_str(), typed.as_str()) {
        (Some(read), Some(typed)) if read.ends_with("+05:00") => read.trim_end_matches(" +05:00") == typed,
        _ => read == typed,
    }
}

#[test]
fn an_interview_goes_from_the_officers_keys_to_headquarters_answer_for_answer() {
    let agency = TestAgency::build();
    let story = record(&agency.officer, 1, "qelrujdun");
    let (kept, received) = agency.officer.counts();
    assert_eq!((kept, received), (story.places, 0));
    let own = shown(&agency.officer, &story.case);
    assert!(own.values().all(|entry| entry["delivery"] == "kept"), "{own:?}");

    let before = agency.hub_holds();
    let synced = agency.officer.run(&["sync"]);
    assert_eq!((synced["handed_over"].as_u64(), synced["waiting"].as_u64()), (Some(kept), Some(0)), "{synced}");
    assert_eq!(agency.officer.counts(), (kept, kept));
    assert_eq!(agency.hub_holds(), before + kept);
    let own = shown(&agency.officer, &story.case);
    assert!(own.values().all(|entry| entry["delivery"] == "received"), "{own:?}");

    for other in [&agency.reader, &agency.supervisor] {
        other.run(&["sync"]);
        must_read(other, &story);
        let device = text(&agency.officer.run(&["status"]), "/device");
        let author = shown(other, &story.case)[story.interview()]["device"].clone();
        assert_eq!(author, device.as_str(), "the author is the signer");
    }
    must_read(&agency.officer, &story);

    // That headquarters opened the case and looked at names is on record, and the station reads the record.
    agency.reader.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    let reader = text(&agency.reader.run(&["status"]), "/device");
    let entries = shown(&agency.supervisor, &story.case);
    let looked = |what: &str| {
        let noted = |entry: &&Value| entry["kind"] == "access" && entry["device"] == reader.as_str();
        entries.values().filter(noted).filter(|entry| entry["what"] == what).count()
    };
    assert_eq!((looked("case"), looked("names")), (1, story.typed.len()), "{entries:?}");
}

#[test]
fn a_device_of_another_unit_gets_nothing_that_it_could_open() {
    let agency = TestAgency::build();
    let story = record(&agency.officer, 2, "vikpashtal");
    agency.officer.run(&["sync"]);
    agency.stranger.run(&["sync"]);
    let status = agency.stranger.run(&["status"]);
    assert_eq!((&status["others"], &status["kept"]), (&0.into(), &0.into()), "{status}");
    let list = agency.stranger.run(&["case", "list"]);
    assert_eq!(list["total"], 0, "{list}");
    assert_ne!(agency.stranger.ask(&["case", "show", &story.case]).code, 0);
    assert_ne!(agency.stranger.ask(&["entry", "show", story.person(), "--names"]).code, 0);
    assert_eq!(agency.stranger.run(&["case", "search", "vikpashtal"])["total"], 0);
}

#[test]
fn a_reader_gets_bare_hashes_of_a_case_that_is_not_for_headquarters() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let mut station_only = opening(3, "dunrujmek");
    station_only["handling_code"] = "H1".into();
    let hidden = open_case(officer, &station_only);
    jot(officer, &hidden, 3, "dunrujmek");
    let (hidden_places, _) = officer.counts();
    let story = record(officer, 4, "dunrujmek");
    officer.run(&["sync"]);

    agency.reader.run(&["sync"]);
    let status = agency.reader.run(&["status"]);
    assert_eq!((&status["elided"], &status["quarantined"]), (&hidden_places.into(), &0.into()), "{status}");
    must_read(&agency.reader, &story);
    assert_ne!(agency.reader.ask(&["case", "show", &hidden]).code, 0, "H1 stays at the station");
    assert_eq!(agency.reader.run(&["case", "search", "dunrujmek"])["total"], 1);
    let verified = agency.reader.run(&["verify"]);
    assert_eq!((&verified["holds"], &verified["elided"]), (&true.into(), &hidden_places.into()), "{verified}");

    agency.supervisor.run(&["sync"]);
    assert_eq!(agency.supervisor.run(&["case", "search", "dunrujmek"])["total"], 2, "the station reads both");
}
