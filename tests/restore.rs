//! A laptop put back from a backup, its database alone or its whole home: it goes on in a new journal, no number is used for two
//! entries, nothing that headquarters signed for is lost, and all that was kept before and after arrives there once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value;

use crate::support::{Actor, Story, TestAgency, jot, record, text};

const MARK: &str = "lumtarvesk";

/// The entries of a case as a home shows them.
fn entries(actor: &Actor, case: &str) -> Vec<Value> {
    actor.run(&["case", "show", case])["entries"].as_array().expect("a case has entries").clone()
}

/// How often each note of a case is shown, by its text.
fn notes(actor: &Actor, case: &str) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for entry in entries(actor, case) {
        if let Some(words) = entry["answers"]["note_text"].as_str() {
            let number = words.trim_start_matches("SAMPLE ").split(':').next().unwrap().to_owned();
            *seen.entry(number).or_default() += 1;
        }
    }
    seen
}

/// Notes 1 to `last`, each once.
fn each_once(last: usize) -> BTreeMap<String, usize> {
    (1..=last).map(|number| (number.to_string(), 1)).collect()
}

/// Copies the files of a home whose names are `chosen`, in place of those there; log files of the database too, as a backup of a
/// running machine takes them.
fn copy(from: &Path, to: &Path, chosen: fn(&str) -> bool) {
    let files = |folder: &Path| -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| chosen(name)).collect()
    };
    fs::create_dir_all(to).unwrap();
    files(to).iter().for_each(|name| fs::remove_file(to.join(name)).unwrap());
    for name in files(from) {
        fs::copy(from.join(&name), to.join(name)).unwrap();
    }
}

const WHOLE: fn(&str) -> bool = |_| true;

/// A laptop is backed up, keeps and hands over two more notes, and then what is `chosen` of the backup is put back.
fn put_back(chosen: fn(&str) -> bool) -> (TestAgency, Story) {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let story = record(officer, 1, MARK);
    officer.run(&["sync"]);
    let backup = agency.dir.path().join("backup");
    copy(&officer.home, &backup, WHOLE);
    for number in [2, 3] {
        jot(officer, &story.case, number, MARK);
    }
    officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    assert_eq!(notes(&agency.reader, &story.case), each_once(3));
    let heads = |home: &Path| fs::read(home.join("heads")).unwrap();
    assert_ne!(heads(&backup), heads(&officer.home), "the file of heads tells the two states apart");
    copy(&backup, &officer.home, chosen);
    (agency, story)
}

/// Three more notes are kept on it; nothing but them waits.
fn goes_on(officer: &Actor, case: &str) {
    let late: Vec<String> = [4, 5, 6].iter().map(|number| jot(officer, case, *number, MARK)).collect();
    for entry in entries(officer, case) {
        let new = late.contains(&text(&entry, "/entry"));
        assert_eq!(entry["delivery"] == "received", !new, "{entry}");
    }
}

/// The officer syncs once. Gives how many entries were kept again.
fn kept_again(officer: &Actor) -> u64 {
    let synced = officer.run(&["sync"]);
    assert_eq!(synced["waiting"], 0, "{synced}");
    synced["kept_again"].as_u64().unwrap()
}

/// After one sync everything is at headquarters and nothing twice; so does the officer see it, who lost sight of `lost`.
fn all_arrive_once(agency: &TestAgency, story: &Story, lost: &[&str]) {
    let officer = &agency.officer;
    for reader in [&agency.reader, &agency.supervisor] {
        reader.run(&["sync"]);
        assert_eq!(notes(reader, &story.case), each_once(6), "{} reads otherwise", reader.name);
        assert_eq!(reader.run(&["verify"])["holds"], true);
    }
    let mut own = each_once(6);
    own.retain(|number, _| !lost.contains(&number.as_str()));
    assert_eq!(notes(officer, &story.case), own, "the officer's own view");
    assert_eq!(officer.run(&["verify"])["holds"], true);
    let shown = entries(officer, &story.case);
    assert!(shown.iter().all(|entry| entry["delivery"] == "received"), "{shown:?}");
    // Another sync has nothing to say and nothing to send.
    let again = officer.run(&["sync"]);
    assert_eq!(
        (&again["handed_over"], &again["waiting"], &again["kept_again"]),
        (&0.into(), &0.into(), &0.into()),
        "{again}"
    );
    let held = agency.hub_holds();
    jot(officer, &story.case, 7, MARK);
    officer.run(&["sync"]);
    assert_eq!(agency.hub_holds(), held + 1);
    agency.reader.run(&["sync"]);
    assert_eq!(notes(&agency.reader, &story.case), each_once(7));
}

/// Entries that name each other do so under their new ids, and names are found beside the person they belong to.
fn reads_the_other_case(agency: &TestAgency, other: &Story) {
    let reader = &agency.reader;
    reader.run(&["sync"]);
    let shown = entries(reader, &other.case);
    let of =
        |form: &str| shown.iter().find(|entry| entry["form"] == form).unwrap_or_else(|| panic!("no {form}")).clone();
    let person = text(&of("person@1"), "/entry");
    assert_ne!(person, other.person(), "the entry that stands behind the fork never arrives");
    assert_eq!(text(&of("interview@1"), "/answers/person_ref"), person);
    let names = reader.run(&["entry", "show", &person, "--names"]);
    assert_eq!(names["names"][0]["name_full"], other.typed[1].1["name_full"], "{names}");
    assert_eq!(names["names"].as_array().map(Vec::len), Some(1));
}

/// What was kept again says so inside, and the first of the new journal names the one that was closed.
fn names_what_it_was(agency: &TestAgency, forked: &str) {
    let mut tied = Vec::new();
    let took = agency.officer.unlocked().replay(|page, _so_far| tied.extend(page));
    took.unwrap();
    let old: BTreeSet<String> = tied
        .iter()
        .filter(|entry| entry.author.journal.to_string() == forked)
        .map(|entry| entry.id.to_string())
        .collect();
    tied.retain(|entry| entry.ties.is_some());
    assert_eq!(tied.len(), 9);
    assert!(tied.iter().all(|entry| old.contains(&entry.ties.as_ref().unwrap().was.unwrap().id().to_string())));
    let after: Vec<_> = tied.iter().filter_map(|entry| entry.ties.as_ref().unwrap().after).collect();
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].journal.to_string(), forked);
    let first = tied.iter().map(|entry| entry.author.seq).min();
    assert!(tied.iter().any(|entry| Some(entry.author.seq) == first && entry.ties.as_ref().unwrap().after.is_some()));
}

/// The heads file beside the database tells.
#[test]
fn a_database_put_back_is_noticed_at_once_and_three_later_notes_arrive() {
    let (agency, story) = put_back(|name| name.starts_with("journal.sqlite"));
    goes_on(&agency.officer, &story.case);
    assert_eq!(kept_again(&agency.officer), 0);
    all_arrive_once(&agency, &story, &[]);
}

#[test]
fn a_home_put_back_all_but_its_heads_is_noticed_at_once_and_three_later_notes_arrive() {
    let (agency, story) = put_back(|name| name != "heads");
    goes_on(&agency.officer, &story.case);
    assert_eq!(kept_again(&agency.officer), 0);
    all_arrive_once(&agency, &story, &[]);
}

/// Nothing on the machine can tell; the hub's word does, and what was written before that word is kept again.
#[test]
fn a_whole_home_put_back_is_noticed_by_the_hub_and_three_later_notes_are_kept_again() {
    let (agency, story) = put_back(WHOLE);
    goes_on(&agency.officer, &story.case);
    assert_eq!(kept_again(&agency.officer), 3);
    all_arrive_once(&agency, &story, &["2", "3"]);
}

#[test]
fn a_case_opened_on_a_whole_home_put_back_is_kept_again_with_its_names_and_ties() {
    let (agency, story) = put_back(WHOLE);
    goes_on(&agency.officer, &story.case);
    let other = record(&agency.officer, 8, MARK);
    let forked = text(&entries(&agency.officer, &other.case)[0], "/journal");
    // Three notes; the other case's opening, person, interview and note, and what two of them seal.
    assert_eq!(kept_again(&agency.officer), 9);
    reads_the_other_case(&agency, &other);
    names_what_it_was(&agency, &forked);
    // The other history is evidence: set aside here, and read by everybody else.
    assert_eq!(agency.officer.run(&["status"])["quarantined"], 2);
    all_arrive_once(&agency, &story, &["2", "3"]);
}

#[test]
fn a_whole_home_put_back_and_synced_before_anything_is_written_brings_the_rest_home() {
    let (agency, story) = put_back(WHOLE);
    assert_eq!(kept_again(&agency.officer), 0);
    goes_on(&agency.officer, &story.case);
    assert_eq!(kept_again(&agency.officer), 0);
    all_arrive_once(&agency, &story, &[]);
}
