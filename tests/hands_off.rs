//! What happens when a person breaks something off, or walks away: Ctrl-C during long work on a terminal, and the idle lock over a
//! real minute. What was kept stays kept; what was not begins again where it stopped.

use std::{fs, time::Duration};

use crate::support::{Actor, Canary, TestAgency, Typist, jot, number, open_case, opening};

const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");

/// A table with so many rows, no two alike.
fn table(rows: u64) -> String {
    let mut table = String::from(
        "yearRegister,gender,majorityStatus,isForcedLabour,isSexualExploit,UN_COO_Region,UN_COE_Region,IP_Exploiter,IP_Gender,\
         IP_ageBroad,IP_citizen_UNRegion,IP_Relation,IP_PayMoney,IP_RecruiterBroker,IP_TransactionProcess,IP_ControlAbuseKidnap\n",
    );
    for row in 0..rows {
        table.push_str(&format!("{},Female,Adult,1,,Asia,Asia,1,,,Asia,,,1,,{}\n", 1960 + row % 60, row / 60));
    }
    table
}

/// A command on a terminal, with its passphrase in a file.
fn begins(actor: &Actor, arguments: &[&str]) -> Typist {
    let passphrase = actor.passphrase.to_string_lossy().into_owned();
    Typist::sits_down(&actor.home, &[&["--passphrase-file", &passphrase], arguments].concat())
}

/// Ctrl-C; the program ends by that signal and leaves the terminal as it was.
fn breaks_off(mut typist: Typist) {
    typist.types("C-c");
    let status = typist.ends();
    assert_eq!(status.signal(), Some("Interrupt"), "{status:?}\n{}", typist.screen());
    assert!(typist.line_is_restored());
}

#[test]
fn an_import_that_is_broken_off_goes_on_with_the_rows_that_are_missing() {
    const ROWS: u64 = 1_500;
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let file = agency.dir.path().join("table.csv");
    fs::write(&file, table(ROWS)).unwrap();
    let arguments = ["import", "csv", file.to_str().unwrap(), "--map", MAP];
    let typist = begins(officer, &arguments);
    typist.sees_that("some rows kept, and more to come", |screen| screen.contains("Kept "));
    breaks_off(typist);
    let there = number(&officer.run(&["case", "list"]), "total");
    assert!((1..ROWS).contains(&there), "{there} rows of {ROWS} were kept when it was broken off");
    assert_eq!(officer.run(&["verify"])["holds"], true);
    let again = officer.run(&arguments);
    assert_eq!((number(&again, "known"), number(&again, "kept")), (there, ROWS - there), "{again}");
}

#[test]
fn a_sync_that_is_broken_off_is_ended_by_the_next() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let case = open_case(officer, &opening(1, "hands"));
    jot(officer, &case, 1, "hands");
    officer.run(&["sync"]);
    let watch = begins(officer, &["sync", "--watch"]);
    watch.sees("received");
    breaks_off(watch);
    assert_eq!(officer.run(&["verify"])["holds"], true);
    jot(officer, &case, 2, "hands");
    officer.run(&["sync"]);
    let (kept, received) = officer.counts();
    assert_eq!(kept, received, "nothing is lost by it");
    assert_eq!(agency.hub_holds(), kept, "and nothing is doubled");
}

#[test]
fn a_minute_without_a_key_locks_the_screen_and_keeps_the_draft() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    open_case(officer, &opening(1, "idle"));
    fs::write(officer.file("settings.toml"), "idle_minutes = 1\n").unwrap();
    let mut typist = Typist::sits_down(&officer.home, &[]);
    typist.sees("\u{2500}");
    let unlock = format!("\"{}\" Enter", fs::read_to_string(&officer.passphrase).unwrap().trim_end());
    typist.types(&unlock);
    typist.sees("1 case");
    typist.does("Enter", "When By Stands at");
    typist.does("F4", "Add to this case");
    typist.does("\"note\" Enter", "Part 1 of 1");
    typist.does("\"Walked away here.\"", "Walked away here.");
    typist.rests(Duration::from_secs(50));
    assert!(typist.screen().contains("Walked away here."), "not before its time\n{}", typist.screen());
    let screen = typist.sees("This device is locked");
    assert!(!screen.contains("Walked away"), "{screen}");
    Canary::of(["Walked away here."]).must_be_absent(agency.dir.path(), &[]);
    typist.types(&unlock);
    typist.sees("1 unfinished form");
    typist.does("F9", "Unfinished forms");
    typist.does("Enter", "Walked away here.");
}
