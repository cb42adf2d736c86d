//! The way back from losses: the recovery key on paper, a forgotten passphrase, and a device that learns that it was revoked.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use amanat_keys::{fingerprint::DeviceId, unit_key::UnitKeys};
use amanat_sync::{
    documents::{Document, DocumentKind},
    journal::Journal as _,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    hub_lies::rewraps,
    revoked_reader::identities,
    rotation::{offer_and_list, station},
    support::{Actor, GUJRAT, TestAgency, beside_us, jot, number, open_case, opening, record, text},
};

/// The words that stand on a sheet, as somebody reads them from the paper.
pub(crate) fn words_on(path: &std::path::Path) -> String {
    let sheet = std::fs::read_to_string(path).unwrap();
    let words: Vec<&str> = sheet
        .lines()
        .skip_while(|line| !line.starts_with("Words of the sheet"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .flat_map(|line| line.split_whitespace().skip(1))
        .collect();
    assert_eq!(words.len(), 33, "{sheet}");
    words.join(" ")
}

/// Splits the recovery key with somebody at the keyboard who makes one mistake; gives the words of the sheets.
pub(crate) fn split(admin: &Actor, folder: &std::path::Path) -> Vec<String> {
    let sheets = folder.join("sheets");
    let mut command = admin.at_home(Command::new(beside_us("amanat")));
    command.args(["keys", "split", "--shares", "5", "--threshold", "3", "--sheets"]).arg(&sheets);
    let version = number(&admin.run(&["roster", "show"]), "version");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, screen) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
    let mut screen = BufReader::new(screen).lines();
    let mut read: Vec<String> = Vec::new();
    for index in 1..=5 {
        assert!(screen.any(|line| line.unwrap().starts_with(&format!("Sheet {index} of 5"))), "asks for sheet {index}");
        let words = words_on(&sheets.join(format!("share-{index}-of-5.txt")));
        if index == 2 {
            writeln!(keyboard, "{}", read[0]).unwrap();
            assert!(screen.any(|line| line.unwrap().contains("That is sheet 1, not 2")));
        }
        writeln!(keyboard, "{words}").unwrap();
        read.push(words);
    }
    drop(keyboard);
    let rest: Vec<String> = screen.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success(), "{rest:?}");
    assert_eq!(number(&admin.run(&["roster", "show"]), "version"), version + 1);
    read
}

#[test]
fn headquarters_last_reader_is_lost_and_three_sheets_open_every_case_on_a_new_device() {
    let agency = TestAgency::build();
    let case = open_case(&agency.officer, &opening(1, "canary"));
    agency.officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let sheets = split(&agency.admin, agency.dir.path());
    agency.admin.run(&["roster", "publish"]);
    // The reader's next sync seals headquarters' key to the recovery key.
    agency.reader.run(&["sync"]);
    let lost = text(&agency.reader.run(&["status"]), "/device");
    let shown = agency.admin.run(&["roster", "revoke", &lost[..12], "--lost", "--dry-run"]);
    assert!(shown["changes"].to_string().contains("nobody is left who reads for HQ"), "{shown}");

    let newcomer = agency.enrol("new-reader", "reader", "HQ");
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "revoke", &lost[..12], "--lost"]);
    agency.admin.run(&["roster", "publish"]);
    newcomer.run(&["sync"]);
    assert_eq!(number(&newcomer.run(&["keys", "status"]), "waiting_for_keys"), 1);
    let two = format!("{}\n{}\n", sheets[0], sheets[3]);
    assert_eq!(newcomer.ask_with(&["keys", "restore"], &two).code, 2, "two sheets are not three");
    let three = format!("{}\n{}\n{}\n{}\n", sheets[4], sheets[4], sheets[1], sheets[2]);
    let restored = newcomer.run_with(&["keys", "restore"], &three);
    assert_eq!(restored["units"], serde_json::json!(["HQ"]));
    newcomer.run(&["sync"]);
    let cases = newcomer.run(&["case", "list"]);
    assert!(cases.to_string().contains(&case[..8]), "{cases}");
    // And from it the key goes on to the next reader, though the lost one's word no longer counts.
    let second = agency.enrol("second-reader", "reader", "HQ");
    agency.admin.run(&["roster", "publish"]);
    newcomer.run(&["sync"]);
    second.run(&["sync"]);
    assert_eq!(number(&second.run(&["keys", "status"]), "waiting_for_keys"), 0);
}

#[test]
fn a_ceremony_that_breaks_off_leaves_no_sheet_and_nothing_in_force() {
    let agency = TestAgency::offline();
    let admin = &agency.admin;
    let version = number(&admin.run(&["roster", "show"]), "version");
    let folder = agency.dir.path().join("sheets");
    let lying = || std::fs::read_dir(&folder).map_or(0, |files| files.count());
    for how in ["the keyboard is gone", "ctrl-c", "killed"] {
        let mut command = admin.at_home(Command::new(beside_us("amanat")));
        command.args(["keys", "split", "--shares", "3", "--threshold", "2", "--sheets"]).arg(&folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut screen = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(screen.any(|line| line.unwrap().starts_with("Sheet 1 of 3")), "{how}");
        assert_eq!(lying(), 3, "{how}: they wait to be printed");
        let process = Pid::from_child(&child);
        match how {
            "ctrl-c" => kill_process(process, Signal::INT).unwrap(),
            "killed" => kill_process(process, Signal::KILL).unwrap(),
            _ => drop(keyboard),
        }
        assert!(!child.wait().unwrap().success(), "{how}");
        let said: Vec<String> = screen.map(Result::unwrap).collect();
        match how {
            "the keyboard is gone" => assert!(said.concat().contains("Nothing is sealed to its sheets"), "{said:?}"),
            "killed" => assert_eq!(lying(), 3, "nothing could be done at that moment"),
            _ => {}
        }
        if how != "killed" {
            assert_eq!(lying(), 0, "{how}");
        }
        // Whatever is run next at this home puts right what a kill left, and says so.
        let next = admin.at_home(Command::new(beside_us("amanat"))).args(["roster", "show"]).output().unwrap();
        assert_eq!(lying(), 0, "{how}");
        let told = String::from_utf8_lossy(&next.stderr).contains("was broken off");
        assert_eq!(told, how != "the keyboard is gone", "{how}: {next:?}");
        let shown = admin.run(&["roster", "show"]);
        assert_eq!(number(&shown, "version"), version, "{how}: nothing is in force");
    }
}

#[test]
fn the_last_holder_is_lost_half_way_through_a_rotation_and_the_sheets_open_what_is_under_either_key() {
    let agency = TestAgency::build();
    let (officer, supervisor, admin) = (&agency.officer, &agency.supervisor, &agency.admin);
    let before = open_case(officer, &opening(1, "canary"));
    let sheets = split(admin, agency.dir.path());
    admin.run(&["roster", "publish"]);
    for actor in [officer, supervisor] {
        actor.run(&["sync"]);
    }
    // The station's next key is listed, and wrapped for everybody who is to hold it; not one slip is rewrapped.
    offer_and_list(&agency);
    for actor in [supervisor, officer] {
        actor.run(&["sync"]);
    }
    let after = open_case(officer, &opening(2, "canary"));
    officer.run(&["sync"]);
    // Whom the station gets now holds both keys without the sheets while the one who holds them is there.
    let second = agency.enrol("second", "supervisor", GUJRAT);
    admin.run(&["roster", "publish"]);
    for actor in [supervisor, &second] {
        actor.run(&["sync"]);
    }
    let cases = second.run(&["case", "list"]).to_string();
    assert!(cases.contains(&before[..8]) && cases.contains(&after[..8]), "under either key: {cases}");

    // All who hold a key of the station are lost before anything is rewrapped.
    let third = agency.enrol("third", "supervisor", GUJRAT);
    admin.run(&["sync"]);
    for lost in [supervisor, &second] {
        let lost = text(&lost.run(&["status"]), "/device");
        admin.run(&["roster", "revoke", &lost[..12], "--lost"]);
    }
    admin.run(&["roster", "publish"]);
    third.run(&["sync"]);
    assert_eq!(number(&third.run(&["keys", "status"]), "waiting_for_keys"), 1);
    third.run_with(&["keys", "restore"], &format!("{}\n{}\n{}\n", sheets[4], sheets[1], sheets[2]));
    third.run(&["sync"]);
    let cases = third.run(&["case", "list"]).to_string();
    assert!(cases.contains(&before[..8]) && cases.contains(&after[..8]), "under either key: {cases}");
}

#[test]
fn a_revoked_device_hands_over_what_counts_learns_it_and_says_so() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let case = open_case(officer, &opening(1, "canary"));
    officer.run(&["sync"]);
    let seen = number(&officer.run(&["status"]), "kept");
    // Offline, she keeps on. Her laptop is called in; the admin lets one more entry in than anybody has seen.
    jot(officer, &case, 1, "before");
    let between = number(&officer.run(&["status"]), "kept");
    jot(officer, &case, 2, "after");
    let kept = number(&officer.run(&["status"]), "kept");
    assert!(seen < between && between < kept);
    agency.admin.run(&["sync"]);
    let device = text(&officer.run(&["status"]), "/device");
    let lost = agency.admin.ask(&["roster", "revoke", &device[..12], "--lost", "--from", &between.to_string()]);
    assert_eq!(lost.code, 5, "what a thief could write is not let in unseen: {}", lost.json);
    let revoke = ["roster", "revoke", &device[..12], "--left", "--from", &between.to_string()];
    let signed = agency.admin.run(&revoke);
    assert!(signed["changes"].to_string().contains("still taken"), "{signed}");
    agency.admin.run(&["roster", "publish"]);

    let synced = officer.ask(&["sync"]);
    assert_eq!(synced.code, 5, "{}", synced.json);
    assert!(synced.message().contains("revoked"), "{}", synced.message());
    let status = officer.run(&["status"]);
    assert_eq!((text(&status, "/revoked/state"), &status["revoked"]["roster"]), ("left".into(), &signed["roster"]));
    assert_eq!(number(&status, "received"), between, "what counts was taken: {status}");
    let note = r#"{"noted_on":"2026-10-09","note_text":"x"}"#;
    let refused = officer.ask_with(&["entry", "add", "--form", "note", "--case", &case, "--from", "-"], note);
    assert_eq!(refused.code, 5, "and it keeps nothing new");
    agency.supervisor.run(&["sync"]);
    let shown = agency.supervisor.run(&["case", "show", &case]);
    assert!(shown.to_string().contains("before") && !shown.to_string().contains("after"), "{shown}");
    assert!(shown.to_string().contains("\"late\":true"), "what came after it left is marked: {shown}");
}

#[test]
fn a_forgotten_passphrase_costs_a_device_and_no_case() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "all"]);
    agency.admin.run(&["roster", "publish"]);
    let case = open_case(&agency.officer, &opening(1, "canary"));
    agency.officer.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    let old = text(&agency.officer.run(&["status"]), "/device");

    let fresh = agency.enrol_for("officer-again", "officer", GUJRAT, &format!("officer, {GUJRAT}"));
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "revoke", &old[..12], "--left"]);
    agency.admin.run(&["roster", "publish"]);
    // Her supervisor's next sync gives the unit's key to the new device; then it reads what the old one wrote.
    agency.supervisor.run(&["sync"]);
    fresh.run(&["sync"]);
    let cases = fresh.run(&["case", "list"]);
    assert!(cases.to_string().contains(&case[..8]), "{cases}");
    jot(&fresh, &case, 3, "goes on");
    fresh.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let shown = agency.reader.run(&["case", "show", &case]);
    assert!(shown.to_string().contains("goes on"), "{shown}");
}

/// Where only supervisors read what a station keeps, the officer's old cases open for the new device when her supervisor gives them to her.
#[test]
fn a_forgotten_passphrase_costs_no_case_either_where_officers_read_only_what_they_are_given() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, supervisor] {
        actor.run(&["sync"]);
    }
    let old = text(&officer.run(&["status"]), "/device");
    let fresh = agency.enrol_for("officer-again", "officer", GUJRAT, &format!("officer, {GUJRAT}"));
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "revoke", &old[..12], "--left"]);
    agency.admin.run(&["roster", "publish"]);
    for actor in [supervisor, &fresh] {
        actor.run(&["sync"]);
    }
    let finds = |actor: &Actor, mark: &str| number(&actor.run(&["case", "search", mark]), "total");
    assert_eq!(finds(&fresh, "zukhwendar"), 0, "she has not been given it yet");
    supervisor.run(&["review", "assign", &story.case, "--to", &format!("officer, {GUJRAT}"), "--note", "Yours."]);
    for actor in [supervisor, &fresh] {
        actor.run(&["sync"]);
    }
    assert_eq!(finds(&fresh, "zukhwendar"), 1);
    jot(&fresh, &story.case, 3, "palmishto");
    for actor in [&fresh, supervisor, &agency.reader] {
        actor.run(&["sync"]);
    }
    assert_eq!([supervisor, &agency.reader].map(|actor| finds(actor, "palmishto")), [1, 1]);
    for actor in [&fresh, supervisor, &agency.reader] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

/// A program of a reader's that leaves the recovery key out of the station's wraps: no slip is rewrapped to a key that the sheets do not open.
#[test]
fn no_slip_is_rewrapped_to_a_key_that_is_not_wrapped_for_the_sheets() {
    let agency = TestAgency::build();
    let (officer, supervisor, admin) = (&agency.officer, &agency.supervisor, &agency.admin);
    record(officer, 1, "zukhwendar");
    split(admin, agency.dir.path());
    admin.run(&["roster", "publish"]);
    for actor in [officer, supervisor] {
        actor.run(&["sync"]);
    }
    let offered = offer_and_list(&agency);
    supervisor.run(&["sync"]);
    let unit = station(supervisor);
    let key = identities(supervisor).into_iter().find(|key| Some(key.recipient()) == unit.recipient.as_ref()).unwrap();
    {
        let home = supervisor.unlocked();
        let listed = home.trust().unwrap().roster().unit_devices(&unit.id).into_iter();
        let listed = listed.map(|device| (device.id, device.recipient.clone()));
        // Of two statements the one with more rows stands on a shelf.
        let nobody = (0..9).map(|n| (DeviceId::from_bytes([n; 32]), key.recipient().clone()));
        let readers: Vec<_> = listed.chain(nobody).collect();
        let without = UnitKeys::wrap(home.agency().unwrap(), unit.id, unit.epoch, &key, &readers).unwrap();
        let (about, version) = (without.about(), without.serial());
        let bytes = without.sign(&home.signer()).to_bytes();
        let document = Document { kind: DocumentKind::UnitKeys, about, version, bytes };
        home.journal().another().unwrap().adopt(&document).unwrap();
    }
    let refused = supervisor.ask(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((refused.code, rewraps(supervisor).len()), (5, 0), "{}", refused.json);
    assert!(refused.message().contains("not wrapped for the recovery identity"), "{}", refused.json);
    supervisor.run(&["sync"]);
    let done = supervisor.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&done, "/state"), &done["escrowed"]), ("done".to_owned(), &true.into()), "{done}");
    assert_eq!(rewraps(supervisor).len() as u64, number(&offered, "open"));
}
