//! The hub hands the request for its next signing key to the admins itself; two of three admins list it, and move the agency to hybrid
//! recipients, by a file that goes from one to the other.

use amanat_keys::{recipient::RecipientKind, words::Words};
use serde_json::Value;

use crate::{
    ceremony::second_admin,
    hub_key::asks,
    hybrid_raised::{TO, far, kind, raise, requests},
    recovered::split,
    support::{Actor, TestAgency, jot, number, record, text},
};

const NOT_ITS_WORDS: &str = "abacus able absorb academy accent accord ache achieve";

fn by_wire(words: &str) -> [&str; 5] {
    ["keys", "rotate", "hub", "--fingerprint", words]
}

/// Whether the hub's request lies on a device.
fn has_heard(actor: &Actor, words: &str) -> bool {
    let words: Words = words.parse().unwrap();
    actor.unlocked().asked_by_hub(&words).unwrap().is_some()
}

fn key_of(agency: &TestAgency) -> Value {
    let status = agency.hub_status();
    assert_eq!(status["key_listed"], true, "{status}");
    status["key"].clone()
}

/// Two more admins; any two of the three sign.
fn three_admins(agency: &TestAgency) -> (Actor, Actor) {
    let third = agency.enrol("third-admin", "admin", "HQ");
    let asked = third.run(&["keys", "root"]);
    let (request, words) = (text(&asked, "/request"), text(&asked, "/words"));
    let second = second_admin(agency);
    let file = agency.dir.path().join("three-admins").to_string_lossy().into_owned();
    let added = ["roster", "admin-add", &request, "--fingerprint", &words, "--threshold", "2", "--proposal", &file];
    assert_eq!(agency.admin.run(&added)["adopted"], false);
    assert_eq!(second.run(&["roster", "sign", &file])["adopted"], true);
    second.run(&["roster", "publish"]);
    for actor in [&agency.admin, &third] {
        actor.run(&["sync"]);
    }
    (second, third)
}

#[test]
fn the_hub_hands_its_request_to_admins_alone_and_nothing_but_its_keepers_words_lists_it() {
    let mut agency = TestAgency::build();
    let officer = agency.officer.clone();
    let story = record(&officer, 1, "zukhwendar");
    officer.run(&["sync"]);
    let before = key_of(&agency);
    let nobody = agency.admin.ask(&by_wire(NOT_ITS_WORDS));
    assert_eq!(nobody.code, 2, "{}", nobody.json);
    assert!(nobody.message().contains("no hub that the roster lists has asked for one"), "{}", nobody.json);

    let (_file, words) = asks(&mut agency);
    let others = agency.admin.ask(&by_wire(NOT_ITS_WORDS));
    assert_eq!(others.code, 5, "{}", others.json);
    assert!(others.message().contains("has other words than these"), "{}", others.json);
    officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    assert!(has_heard(&agency.admin, &words), "the question brought it");
    assert!(!has_heard(&officer, &words) && !has_heard(&agency.reader, &words), "it is nobody else's business");

    // Where the hub is not reached, what it handed out before counts.
    agency.kill_hub();
    let shown = agency.admin.run(&[&by_wire(&words)[..], &["--dry-run"]].concat());
    assert!(shown["changes"].to_string().contains("counts up to checkpoint"), "{shown}");
    agency.start_hub();
    agency.admin.run(&by_wire(&words));
    agency.admin.run(&["roster", "publish"]);
    assert_ne!(key_of(&agency), before);
    assert!(!has_heard(&agency.admin, &words), "it is listed, and asks for nothing any more");
    let again = agency.admin.ask(&by_wire(&words));
    assert_eq!(again.code, 2, "{}", again.json);
    jot(&officer, &story.case, 1, "zukhwendar");
    officer.run(&["sync"]);
    let (kept, received) = officer.counts();
    assert_eq!(kept, received);
}

#[test]
fn two_of_three_admins_give_the_hub_its_next_key_by_a_file_from_one_to_the_other() {
    let mut agency = TestAgency::build();
    let (second, third) = three_admins(&agency);
    let before = key_of(&agency);
    let (_file, words) = asks(&mut agency);
    let file = agency.dir.path().join("hub.proposal").to_string_lossy().into_owned();
    let proposed = second.run(&[&by_wire(&words)[..], &["--proposal", &file]].concat());
    assert_eq!((number(&proposed, "signed"), &proposed["adopted"]), (1, &false.into()), "{proposed}");
    agency.officer.run(&["sync"]);
    assert_eq!(key_of(&agency), before, "one of three is not enough");
    let read = third.run(&["roster", "sign", &file, "--dry-run"]);
    assert!(read["changes"].to_string().contains("counts up to checkpoint"), "{read}");
    assert_eq!(third.run(&["roster", "sign", &file])["adopted"], true);
    third.run(&["roster", "publish"]);
    assert_ne!(key_of(&agency), before);
    // The one who signed nothing, and an officer, go on under it.
    record(&agency.officer, 1, "zukhwendar");
    for actor in [&agency.admin, &agency.officer, &second] {
        actor.run(&["sync"]);
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
    let (kept, received) = agency.officer.counts();
    assert_eq!(kept, received);
}

#[test]
fn two_of_three_admins_move_the_agency_to_hybrid_recipients_by_a_file_and_the_recovery_key_follows() {
    let agency = TestAgency::build();
    split(&agency.admin, agency.dir.path());
    agency.admin.run(&["roster", "publish"]);
    agency.reader.run(&["sync"]);
    let (second, third) = three_admins(&agency);
    record(&agency.officer, 1, "zukhwendar");
    agency.officer.run(&["sync"]);
    let far = far(&agency);
    let files = requests(&agency, &[&far, &second, &third], &agency.officer);
    let file = agency.dir.path().join("raise.proposal").to_string_lossy().into_owned();
    // The sheets are of the older kind: said, and nothing is signed, until somebody says that the next ones can wait.
    let held = agency.admin.ask(&[&raise(&files)[..], &["--proposal", &file]].concat());
    assert_eq!(held.code, 5, "{}", held.json);
    assert!(held.message().contains("the recovery key") && held.hint().contains("--recovery-later"), "{}", held.json);
    assert!(!std::path::Path::new(&file).exists());
    let later = [&raise(&files)[..], &["--recovery-later", "--proposal", &file]].concat();
    let proposed = agency.admin.run(&later);
    assert_eq!((number(&proposed, "signed"), &proposed["adopted"]), (1, &false.into()), "{proposed}");
    assert!(proposed["changes"].to_string().contains("recovery"), "what is let go of is said: {proposed}");
    assert_eq!(kind(&agency.admin), RecipientKind::X25519, "one of three is not enough");
    let signed = third.run(&["roster", "sign", &file]);
    assert_eq!(signed["adopted"], true, "{signed}");
    third.run(&["roster", "publish"]);
    for actor in [&agency.admin, &second, &agency.reader, &agency.supervisor, &far, &agency.officer] {
        actor.run(&["sync"]);
        assert_eq!(kind(actor), RecipientKind::MlKem768X25519, "{}", actor.name);
    }
    assert_eq!(third.run(&["keys", "status"])["recipients"], TO[1]);
    assert!(agency.admin.unlocked().trust().unwrap().roster().recovery.is_none(), "until the next sheets");
}
