//! Stock `age` with a reader's key opens what we seal, whatever key was changed before: what was written then, and what is written after.

use serde_json::Value;

use crate::{
    device_keys, hub_key,
    rotation_attacked::{opened_by_stock_age, stock_age},
    support::{Actor, TestAgency, jot, record, text},
};

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

/// The interview opens as it did, and so does what the officer writes now.
fn opens(agency: &TestAgency, (case, interview, before): (&str, &str, &str), after: &str) {
    let note = jot(&agency.officer, case, 5, after);
    sync(&[&agency.officer, &agency.reader, &agency.supervisor]);
    assert_eq!(opened_by_stock_age(agency, interview, &format!("{after}-interview")), before, "after {after}");
    let opened = opened_by_stock_age(agency, &note, &format!("{after}-note"));
    assert!(opened.contains(after), "after {after}: {opened}");
}

#[test]
fn stock_age_opens_what_was_written_and_what_is_written_after_every_other_change_of_keys() {
    let mut agency = TestAgency::build();
    let story = record(&agency.officer, 1, "zukhwendar");
    sync(&[&agency.officer, &agency.reader, &agency.supervisor]);
    let interview = story.interview();
    let before = opened_by_stock_age(&agency, interview, "before");
    assert!(before.contains("zukhwendar") || before.contains("consent"), "it is the interview: {before}");
    let told = (story.case.as_str(), interview, before.as_str());

    let new = agency.officer.run(&["keys", "rekey", &story.case]);
    assert_ne!(new["slips"], Value::from(0), "{new}");
    opens(&agency, told, "rekeyed");

    // Both of the officer's own keys, and both of the reader's with whose key `age` opens.
    for state in ["offered", "ending"] {
        device_keys::listed(&agency, state);
        sync(&[&agency.officer]);
    }
    assert_eq!(text(&agency.officer.run(&["keys", "rotate", "device"]), "/state"), "done");
    opens(&agency, told, "device");

    let rotated = agency.admin.run(&["keys", "rotate", "root"]);
    assert_eq!(rotated["adopted"], true, "{rotated}");
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.officer, &agency.reader]);
    opens(&agency, told, "root");

    let (request, words) = hub_key::asks(&mut agency);
    agency.admin.run(&hub_key::rotate(&request, &words));
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.admin]);
    opens(&agency, told, "hub");

    // The reader's own lock: another passphrase, the same keys behind it.
    let next = agency.dir.path().join("next.pass");
    let words = "another horse battery staple lamp\n";
    crate::support::write_private(&next, words.as_bytes());
    agency.reader.run(&["keys", "passphrase", "--new-passphrase-file", &next.to_string_lossy()]);
    std::fs::copy(&next, &agency.reader.passphrase).unwrap();
    opens(&agency, told, "passphrase");

    // Headquarters' key itself, with which all of this was opened.
    let older = agency.reader.unlocked().trust().unwrap().roster().clone();
    let file = agency.dir.path().join("hq-key.join").to_string_lossy().into_owned();
    let offered = agency.reader.run(&["keys", "rotate", "unit", "HQ", "--out", &file]);
    let words = text(&offered, "/words");
    agency.admin.run(&["roster", "approve", &file, "--fingerprint", &words, "--role", "unit-key", "--unit", "HQ"]);
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.reader, &agency.officer, &agency.supervisor]);
    assert_eq!(text(&agency.reader.run(&["keys", "rotate", "unit", "HQ"]), "/state"), "done");
    sync(&[&agency.reader, &agency.supervisor, &agency.reader]);
    let newer = agency.reader.unlocked().trust().unwrap().roster().clone();
    let key = |roster: &amanat_keys::roster::Roster| {
        roster.unit_of_kind(amanat_keys::roster::UnitKind::Headquarters).unwrap().recipient.clone()
    };
    assert_ne!(key(&older), key(&newer));
    opens(&agency, told, "headquarters");
}

/// Debian's `age` is older than hybrid recipients. It says so and gives nothing; a stock age that knows them gives the same.
#[test]
fn a_hybrid_slip_is_the_stanza_of_the_specification_and_an_age_that_does_not_know_it_opens_nothing() {
    let agency = TestAgency::hybrid();
    let story = record(&agency.officer, 1, "zukhwendar");
    sync(&[&agency.officer, &agency.reader]);
    let (run, dir) = stock_age(&agency, story.interview(), "hybrid");
    let slip = std::fs::read(dir.join("slip")).unwrap();
    let stanzas = String::from_utf8_lossy(&slip).matches("-> mlkem768x25519 ").count();
    assert_eq!(stanzas, 2, "the station's and headquarters'");
    let opened = String::from_utf8_lossy(&run.stdout).into_owned();
    if run.status.success() {
        assert!(opened.contains("closure_given"), "{opened}");
    } else {
        assert_eq!(opened, "", "what does not open gives nothing");
        assert!(String::from_utf8_lossy(&run.stderr).contains("age: error"), "{run:?}");
    }
    // What opens it is this program, with the same key.
    let shown = agency.reader.run(&["entry", "show", story.interview()]);
    assert_eq!(shown["answers"]["closure_given"], true, "{shown}");
}
