//! The hub's disk is lost and last night's backup is all there is: with an admin's signature it begins anew, and every entry that it had
//! signed for and lost arrives again from the laptops that kept it.

use std::{fs, path::Path};

use serde_json::json;

use crate::support::{TestAgency, hub_says, jot, number, record, text};

#[test]
fn a_hub_restored_from_a_backup_has_everything_again_after_one_sync_of_each() {
    let mut agency = TestAgency::build();
    let story = record(&agency.officer, 1, "dolmatrique");
    agency.officer.run(&["sync"]);
    let backup = agency.dir.path().join("hub-backup");
    let said = hub_says(&agency.hub_home, &["backup", backup.to_str().unwrap()]);
    assert!(said.contains("read back:"), "{said}");
    for n in 1..=3 {
        jot(&agency.officer, &story.case, n, "dolmatrique");
    }
    agency.officer.run(&["sync"]);
    agency.admin.run(&["sync"]);
    let (counts, held) = (agency.officer.counts(), agency.hub_holds());
    assert_eq!(counts.0, counts.1);

    agency.kill_hub();
    fs::rename(&agency.hub_home, agency.dir.path().join("lost")).unwrap();
    fs::rename(&backup, &agency.hub_home).unwrap();
    hub_says(&agency.hub_home, &["restore-epoch", "--reason", "disk lost, backup of last night"]);
    let word = agency.hub_home.join("hub.epoch");
    let refused = agency.officer.ask(&["roster", "sign", word.to_str().unwrap()]);
    assert!(refused.code != 0, "an officer is no admin: {}", refused.json);
    let signed = agency.admin.run(&["roster", "sign", word.to_str().unwrap()]);
    assert_eq!((text(&signed, "/reason"), number(&signed, "new")), ("disk lost, backup of last night".to_owned(), 2));
    assert!(number(&signed, "seen") > number(&signed, "checkpoint"), "the admin's device saw what was lost: {signed}");
    let begun = hub_says(&agency.hub_home, &["restore-epoch", word.to_str().unwrap()]);
    assert!(begun.starts_with("epoch 2"), "{begun}");
    agency.start_hub();
    assert!(agency.hub_holds() < held);

    let outcome = agency.officer.run(&["sync"]);
    assert!(outcome.to_string().contains("was restored from a backup"), "the fall is said: {outcome}");
    assert_eq!(agency.officer.counts(), counts, "what fell was offered again in the same sync");
    assert_eq!(agency.hub_holds(), held, "nothing lost, nothing doubled");
    let status = agency.officer.run(&["status"]);
    assert_eq!((&status["epoch"], number(&status, "fallen")), (&json!({"seen": 2, "vouched": 2}), 0));
    agency.reader.run(&["sync"]);
    assert_eq!(agency.reader.run(&["case", "search", "dolmatrique"])["total"], 1);
    assert_eq!(agency.officer.run(&["verify"])["holds"], true);
}

/// Last night's backup stands where the hub was, and runs in a new epoch that the admin has spoken for.
pub(crate) fn begin_anew(agency: &mut TestAgency, backup: &Path) {
    agency.kill_hub();
    fs::rename(&agency.hub_home, agency.dir.path().join("lost")).unwrap();
    fs::rename(backup, &agency.hub_home).unwrap();
    hub_says(&agency.hub_home, &["restore-epoch", "--reason", "disk lost, backup of last night"]);
    let word = agency.hub_home.join("hub.epoch");
    agency.admin.run(&["roster", "sign", word.to_str().unwrap()]);
    hub_says(&agency.hub_home, &["restore-epoch", word.to_str().unwrap()]);
    agency.start_hub();
}

#[test]
fn a_reader_who_comes_to_a_restored_hub_first_accuses_nobody_and_gives_back_what_it_lost() {
    let mut agency = TestAgency::build();
    let story = record(&agency.officer, 1, "dolmatrique");
    agency.officer.run(&["sync"]);
    let backup = agency.dir.path().join("hub-backup");
    hub_says(&agency.hub_home, &["backup", backup.to_str().unwrap()]);
    for n in 1..=3 {
        jot(&agency.officer, &story.case, n, "dolmatrique");
    }
    agency.officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    agency.admin.run(&["sync"]);
    let (counts, held) = (agency.officer.counts(), agency.hub_holds());
    begin_anew(&mut agency, &backup);
    assert!(agency.hub_holds() < held);

    agency.reader.run(&["sync"]);
    assert_eq!(agency.hub_holds(), held, "given back in the sync that found it out");
    agency.officer.run(&["sync"]);
    assert_eq!((agency.officer.counts(), agency.hub_holds()), (counts, held), "nothing lost, nothing doubled");
    assert_eq!(agency.officer.run(&["verify"])["holds"], true);
}
