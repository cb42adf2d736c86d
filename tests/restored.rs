//! A home put back from a backup, whole folder or database alone: nothing that HQ has signed for is lost, no number is used for
//! two entries, and what is recorded afterwards arrives.

use std::{fs, path::Path};

use crate::support::{Actor, TestAgency, jot, record};

/// The files of a home, copied elsewhere and back; its log files too, as a backup of a running machine takes them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(to).unwrap() {
        fs::remove_file(item.unwrap().path()).unwrap();
    }
    for item in fs::read_dir(from).unwrap() {
        let path = item.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Three entries are recorded on the restored home; all of them and all from before are read at headquarters, once each.
fn goes_on(agency: &TestAgency, officer: &Actor, case: &str, at_home: &[usize]) {
    let ids: Vec<String> = (10..13).map(|number| jot(officer, case, number, "parzolmikt")).collect();
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(officer.ask(&["sync"]).code);
    }
    assert_eq!(codes.last(), Some(&0), "{codes:?}");
    let status = officer.run(&["status"]);
    assert_eq!(status["waiting"], 0, "{status}");
    agency.reader.run(&["sync"]);
    let shown = agency.reader.run(&["case", "show", case]);
    let text = shown.to_string();
    assert_eq!(ids.len(), 3);
    let notes = |text: &str, number: usize| text.matches(&format!("SAMPLE {number}:")).count();
    for number in (1..5).chain(10..13) {
        assert_eq!(notes(&text, number), 1, "how often note {number} stands at headquarters");
    }
    let own = officer.run(&["case", "show", case]).to_string();
    for number in at_home.iter().copied().chain(10..13) {
        assert!(notes(&own, number) > 0, "note {number} is not read on the device itself");
    }
    assert_eq!(officer.run(&["verify"])["holds"], true);
    assert_eq!(agency.reader.run(&["verify"])["holds"], true);
}

/// The database alone: the heads file beside it tells at the next start.
#[test]
fn a_database_put_back_alone_is_noticed_at_once_and_everything_arrives() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let case = record(officer, 1, "parzolmikt").case;
    officer.run(&["sync"]);
    let backup = agency.dir.path().join("backup");
    copy(&officer.home, &backup);
    let heads = fs::read(officer.file("heads")).unwrap();
    for number in 2..5 {
        jot(officer, &case, number, "parzolmikt");
    }
    officer.run(&["sync"]);
    let newer = fs::read(officer.file("heads")).unwrap();
    assert_ne!(heads, newer);
    copy(&backup, &officer.home);
    fs::write(officer.file("heads"), newer).unwrap();
    goes_on(&agency, officer, &case, &[1, 2, 3, 4]);
}

/// The whole folder: nothing on the machine can tell, the hub's word does; what was written before that word is kept again.
#[test]
fn a_whole_folder_put_back_is_told_by_the_hub_and_everything_arrives() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let case = record(officer, 1, "parzolmikt").case;
    officer.run(&["sync"]);
    let backup = agency.dir.path().join("backup");
    copy(&officer.home, &backup);
    for number in 2..5 {
        jot(officer, &case, number, "parzolmikt");
    }
    officer.run(&["sync"]);
    copy(&backup, &officer.home);
    // What the hub holds under the numbers that were used again stays there; on the device it is evidence beside the journal.
    goes_on(&agency, officer, &case, &[1]);
}

/// The whole folder, and a sync before anything is written.
#[test]
fn a_whole_folder_put_back_and_synced_first_brings_the_rest_home() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let case = record(officer, 1, "parzolmikt").case;
    officer.run(&["sync"]);
    let backup = agency.dir.path().join("backup");
    copy(&officer.home, &backup);
    for number in 2..5 {
        jot(officer, &case, number, "parzolmikt");
    }
    officer.run(&["sync"]);
    copy(&backup, &officer.home);
    officer.run(&["sync"]);
    goes_on(&agency, officer, &case, &[1, 2, 3, 4]);
}
