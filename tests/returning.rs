//! A cable that is pulled in the middle of a sync and put back: the open screen and `sync --watch` go on by themselves, and nobody presses a
//! key. What had been signed for before stays, what had arrived is not sent again.

use std::{fs, time::Duration};

use crate::support::{Actor, TestAgency, Typist, Way};

const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");
/// Rows of a table, each a case and a person: several pushes' worth.
const ROWS: u64 = 250;
/// Bytes after which the cable is pulled: a push and some of the next.
const PULLED: u64 = 150_000;

/// An officer who has kept a few hundred entries, and how many.
fn with_work(agency: &TestAgency) -> (&Actor, u64) {
    let officer = &agency.officer;
    let mut table = String::from(
        "yearRegister,gender,majorityStatus,isForcedLabour,isSexualExploit,UN_COO_Region,UN_COE_Region,IP_Exploiter,IP_Gender,\
         IP_ageBroad,IP_citizen_UNRegion,IP_Relation,IP_PayMoney,IP_RecruiterBroker,IP_TransactionProcess,IP_ControlAbuseKidnap\n",
    );
    for row in 0..ROWS {
        table.push_str(&format!("{},Female,Adult,1,,Asia,Asia,1,,,Asia,,,1,,{}\n", 1960 + row % 60, row / 60));
    }
    let file = agency.dir.path().join("table.csv");
    fs::write(&file, table).unwrap();
    officer.run(&["import", "csv", file.to_str().unwrap(), "--map", MAP]);
    let (kept, received) = officer.counts();
    assert!(kept > received + ROWS, "{kept} kept, {received} received");
    (officer, kept)
}

/// The cable out in the middle of a push, until it has been noticed; then back, and everything arrives.
fn pulled_and_back(agency: &TestAgency, kept: u64, typist: &Typist, arrived: impl Fn(&str) -> bool) {
    typist.waits_until("the cable is out in the middle of a push", || agency.link.cuts() > 0);
    // Long enough for a try that finds nobody.
    typist.rests(Duration::from_secs(3));
    let before = agency.hub_holds();
    assert!(before > 0 && before < kept, "{before} of {kept} had arrived");
    agency.link.mend();
    typist.sees_that("that everything is received", arrived);
    assert_eq!(agency.hub_holds(), kept);
}

#[test]
fn an_open_screen_goes_on_by_itself_when_a_pulled_cable_is_back() {
    let agency = TestAgency::build();
    let (officer, kept) = with_work(&agency);
    agency.link.cut_after(Way::Up, PULLED);
    let mut typist = Typist::sits_down(&officer.home, &[]);
    typist.sees("\u{2500}");
    typist.types(&format!("\"{}\" Enter", fs::read_to_string(&officer.passphrase).unwrap().trim_end()));
    // From here on nobody touches a key.
    let received = |screen: &str| {
        let line = screen.lines().rev().find(|line| line.contains("handed over")).unwrap_or_default();
        let number = |word: &str| line.split(word).nth(1)?.split_whitespace().next()?.parse::<u64>().ok();
        let nothing_waits = [number("kept "), number("handed over ")] == [Some(0); 2];
        // The screen counts what somebody wrote, and no slips.
        nothing_waits && number("received ").is_some_and(|received| received >= ROWS)
    };
    pulled_and_back(&agency, kept, &typist, received);
}

#[test]
fn a_watching_sync_calls_nothing_synced_that_did_not_reach_the_hub() {
    let agency = TestAgency::build();
    agency.link.cut();
    let passphrase = agency.officer.passphrase.to_string_lossy().into_owned();
    let typist = Typist::sits_down(&agency.officer.home, &["--passphrase-file", &passphrase, "sync", "--watch"]);
    let screen = typist.sees("It is tried again by itself, in ");
    assert!(screen.contains("Not synced to the end.") && !screen.contains("Synced."), "{screen}");
    agency.link.mend();
    typist.sees("Synced.");
}

#[test]
fn a_watching_sync_goes_on_by_itself_when_a_pulled_cable_is_back() {
    let agency = TestAgency::build();
    let (officer, kept) = with_work(&agency);
    agency.link.cut_after(Way::Up, PULLED);
    let passphrase = officer.passphrase.to_string_lossy().into_owned();
    let typist = Typist::sits_down(&officer.home, &["--passphrase-file", &passphrase, "sync", "--watch"]);
    let waits_for_nothing = |screen: &str| {
        let last = screen.lines().rev().find_map(|line| line.trim().strip_prefix("waiting "));
        last.is_some_and(|waiting| waiting.trim() == "0") && screen.contains("was not reached")
    };
    pulled_and_back(&agency, kept, &typist, waits_for_nothing);
}
