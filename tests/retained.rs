//! Copies in the field under a retention policy, over a real hub: what headquarters has opened is known to the officer, and why each
//! entry stays. That time passes is proven where the clock can be told: here in a town, and step by step in `src/runtime/tests/retaining.rs`.

use std::process::Command;

use serde_json::json;

use crate::{
    simulation::copies_go_in_time,
    support::{Actor, TestAgency, beside_us, number, open_case, opening, record, write_private},
};

/// How many of this device's entries are in a state.
fn in_state(actor: &Actor, state: &str) -> usize {
    let said = actor.run(&["keys", "retention"]);
    let entries = said["entries"].as_array().unwrap().iter();
    entries.filter(|entry| entry["state"].as_str().unwrap().contains(state)).count()
}

#[test]
fn an_officer_sees_what_headquarters_has_opened_and_what_stays_and_why() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let story = record(officer, 1, "zukhwendar");
    assert_eq!(officer.run(&["keys", "retention"])["days"], json!(null), "no policy, nothing goes");
    assert_eq!(agency.admin.ask(&["roster", "policy", "retention-days", "soon"]).code, 2);
    agency.admin.run(&["roster", "policy", "retention-days", "30"]);
    agency.admin.run(&["roster", "publish"]);
    for actor in [reader, officer] {
        actor.run(&["sync"]);
    }
    let all = in_state(officer, "");
    assert!(all >= 4, "{all}");
    assert_eq!(in_state(officer, "no reader at headquarters has opened"), all);
    reader.run(&["sync"]);
    let mut home_only = opening(2, "palmishto");
    home_only["handling_code"] = json!("H1");
    open_case(officer, &home_only);
    assert_eq!(in_state(officer, "not received"), 1);
    officer.run(&["sync"]);
    assert_eq!(in_state(officer, "opened not long enough ago"), all, "{}", officer.run(&["keys", "retention"]));
    assert_eq!(in_state(officer, "sealed to nobody at headquarters"), 1);
    let applied = officer.run(&["keys", "retention", "--apply"]);
    assert_eq!((number(&applied, "days"), number(&applied, "dropped")), (30, 0), "{applied}");
    assert_eq!(officer.run(&["case", "show", &story.case])["entries"].as_array().unwrap().len(), all);
    assert_eq!(reader.run(&["keys", "retention"])["days"], json!(null), "who reads for headquarters keeps");
    // Two readers of one journal's words do not answer each other for ever.
    let counts: Vec<_> = (0..3).map(|_| (reader.run(&["sync"]), reader.counts().0).1).collect();
    assert!(counts.windows(2).skip(1).all(|two| two[0] == two[1]), "{counts:?}");
    for actor in [officer, reader] {
        assert_eq!(actor.run(&["verify"])["holds"], true);
    }
}

#[test]
fn a_copy_goes_when_the_days_have_passed_since_headquarters_said_that_it_opened_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("words");
    write_private(&words, b"correct horse battery staple lamp\n");
    copies_go_in_time(|home| {
        let mut verify = Command::new(beside_us("amanat"));
        verify.arg("--home").arg(home).arg("--passphrase-file").arg(&words).args(["verify", "--json"]);
        serde_json::from_slice(&verify.output().unwrap().stdout).unwrap()
    });
}
