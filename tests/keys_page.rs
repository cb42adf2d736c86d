//! The keys on the screen of a live agency: what one opens is read and saved, and a unit gets a new one,
//! of which whoever owes it is reminded.

use std::{fs, path::Path};

use amanat_keys::{roster::UnitKind, rotation::Said};
use amanat_sync::{documents::DocumentKind, entry::Change, journal::Journal as _};
use serde_json::Value;

use crate::crash::whole;
use crate::rotation::{key_of, newcomer, offer_and_list, opened_at_hub};
use crate::rotation_killed::{stood, with_journals};
use crate::strange_slips::with_garbage_for;
use crate::support::{Actor, GUJRAT, TestAgency, Typist, flat, number, record, text};

/// A person at the list of cases.
fn at_the_cases(actor: &Actor) -> Typist {
    unlocked(Typist::sits_down(&actor.home, &[]), actor)
}

fn unlocked(mut typist: Typist, actor: &Actor) -> Typist {
    typist.sees("\u{2500}");
    let passphrase = fs::read_to_string(&actor.passphrase).unwrap();
    typist.types(&format!("\"{}\" Enter", passphrase.trim_end()));
    typist.sees("Stands at");
    typist
}

/// A person at the page of keys, with the line of the station chosen.
fn at_the_station(actor: &Actor) -> Typist {
    goes_to_the_station(at_the_cases(actor))
}

fn goes_to_the_station(mut typist: Typist) -> Typist {
    typist.does("F8", "F6 keys");
    typist.does("F6", "What each key opens.");
    // By the line that is chosen: the clock and the road change the screen as well.
    let chosen = |screen: &str| screen.lines().find(|line| line.contains('\u{25b8}')).map(str::to_owned);
    let mut at = chosen(&typist.screen());
    while !at.as_ref().is_some_and(|line| line.contains(GUJRAT)) {
        typist.types("Down");
        let screen = typist.sees_that("another line chosen", |screen| chosen(screen) != at);
        at = chosen(&screen);
    }
    typist
}

#[test]
fn an_admin_revokes_a_lost_device_by_keys_and_it_is_refused_with_its_next_contact() {
    let agency = TestAgency::build();
    let (admin, officer) = (&agency.admin, &agency.officer);
    record(officer, 1, "zukhwendar");
    for actor in [officer, admin] {
        actor.run(&["sync"]);
    }
    let before = number(&admin.run(&["roster", "show"]), "version");
    let lost = officer.unlocked().device().to_string();
    let mut typist = at_the_cases(admin);
    typist.does("F8", "F6 keys");
    typist.does("F6", "What each key opens.");
    let chosen = |screen: &str| screen.lines().find(|line| line.contains('\u{25b8}')).map(str::to_owned);
    let mut at = chosen(&typist.screen());
    while !at.as_ref().is_some_and(|line| line.contains(&lost[..8])) {
        typist.types("Down");
        let screen = typist.sees_that("another line chosen", |screen| chosen(screen) != at);
        at = chosen(&screen);
    }
    typist.does("Enter", "were lost today");
    typist.does("F10", "Passphrase of the root key");
    typist.does("\"no words of its\" Enter", "! ");
    assert_eq!(admin.ask(&["roster", "show"]).code, 3, "the screen still has the home");
    let passphrase = fs::read_to_string(&admin.passphrase).unwrap();
    typist.does(&format!("\"{}\" Enter", passphrase.trim_end()), "Signed: roster");
    // The contact that it begins has handed it over before the officer's next.
    let knows = |status: &Value| number(status, "roster") > before;
    while !knows(&agency.hub_status()) {}
    typist.types("C-q");
    typist.ends();

    let roster = admin.run(&["roster", "show"]);
    assert_eq!(number(&roster, "version"), before + 1, "{roster}");
    let row = roster["devices"].as_array().unwrap().iter().find(|row| row["id"] == lost.as_str()).unwrap();
    assert_eq!(row["active"], false, "{row}");
    officer.ask(&["sync"]);
    let status = officer.run(&["status"]);
    assert_eq!(status["revoked"]["state"], "lost", "{status}");
}

#[test]
fn the_audit_of_a_unit_is_read_with_its_places_and_the_files_say_what_was_shown() {
    let mut agency = TestAgency::build();
    record(&agency.officer, 1, "zukhwendar");
    for actor in [&agency.officer, &agency.reader, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    // Kept where there is no road: on this device, and nowhere else.
    agency.kill_hub();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    record(supervisor, 2, "palmishto");
    let told = supervisor.run(&["keys", "audit", GUJRAT]);
    let (could, here, hub) = (number(&told, "could_read"), number(&told, "can_open_now"), number(&told, "at_hub"));
    assert!(could == here && hub > 0 && hub < here, "{told}");
    let of = |told: &Value, actor: &Actor| {
        let id = actor.unlocked().device().to_string();
        let held = told["on_devices"].as_array().unwrap().iter().find(|it| it["device"] == id.as_str());
        held.map(|it| number(it, "entries"))
    };
    let held = [officer, reader, supervisor].map(|actor| of(&told, actor));
    let story = told["cases"].as_array().unwrap().iter().map(|case| number(case, "could")).max();
    assert_eq!(
        held,
        [story, Some(hub), None],
        "its own story, what has left its author, and nothing of itself: {told}"
    );

    let cases = told["cases"].as_array().unwrap().len();
    let mut typist = at_the_station(supervisor);
    let screen = typist.does("F5", "Could read");
    let hub = format!("! Entries at the hub: {hub}, as far");
    let here = format!("! Entries on this device: {here}.");
    for told in [&format!("Could read {could} entries of {cases} cases"), &hub, &here] {
        assert!(flat(&screen).contains(told.as_str()), "{told}\n{screen}");
    }
    let file = |name: &str| agency.dir.path().join(name);
    for (key, name) in [("F9", "a.html"), ("F8", "a.json")] {
        typist.does(key, "Nothing is overwritten.");
        typist.does(&format!("C-u \"{}\" Enter", file(name).display()), &format!("/{name}."));
    }
    let html = fs::read_to_string(file("a.html")).unwrap();
    assert!(html.contains("lang=\"en\"") && html.contains(&hub[2..]) && html.contains(&here[2..]), "{html}");
    let json: Value = serde_json::from_str(&fs::read_to_string(file("a.json")).unwrap()).unwrap();
    for same in ["asked", "keys", "could_read", "can_open_now", "at_hub", "on_devices", "cases", "served"] {
        assert_eq!(json[same], told[same], "{same}");
    }
    // What is there already stays as it is; a page in Urdu is written under another name.
    typist.does("F9", "Nothing is overwritten.");
    typist.does(&format!("C-u \"{}\" Enter", file("a.html").display()), "saving the audit");
    typist.types("Esc");
    typist.sees_that("the question taken back", |screen| !screen.contains("saving the audit"));
    typist.does("F2", "English");
    typist.types("F9");
    typist.sees("audit-");
    typist.types(&format!("C-u \"{}\" Enter", file("b.html").display()));
    typist.waits_until("the page in Urdu", || file("b.html").exists());
    typist.sees("b.html");
    let urdu = fs::read_to_string(file("b.html")).unwrap();
    assert!(urdu.contains("lang=\"ur\" dir=\"rtl\"") && !urdu.contains("Could read"), "{urdu}");
    assert_eq!(fs::read_to_string(file("a.html")).unwrap(), html);
}

#[test]
fn a_supervisor_gives_the_station_a_new_key_by_keys_before_and_after_the_admin_lists_it() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let older = key_of(supervisor);
    let slips = opened_at_hub(&agency, &older);
    // An officer may look at the keys, and may not do this.
    let mut typist = at_the_station(officer);
    typist.does("F8", "this device is no custodian of it");
    typist.types("Enter C-q");
    typist.ends();

    let mut typist = at_the_station(supervisor);
    let screen = typist.does("F8", "Enter begins.");
    assert!(flat(&screen).contains("offered to the admins. Nothing is rewrapped yet"), "{screen}");
    assert!(!supervisor.file("unit-key-2.join").exists(), "nothing is made before it is agreed to");
    let screen = typist.does("Enter", "Read these words aloud to them");
    typist.types("C-q");
    typist.ends();
    // The file and the words are those of the command; it says the same of the same key.
    let offered = offer_and_list(&agency);
    assert!(flat(&screen).contains(&text(&offered, "/words")), "{offered}\n{screen}");
    let command = fs::read(agency.dir.path().join("unit-key.join")).unwrap();
    assert_eq!(fs::read(supervisor.file("unit-key-2.join")).unwrap(), command);
    supervisor.run(&["sync"]);

    let mut typist = at_the_station(supervisor);
    let (all, done) = (number(&offered, "open"), "rewrapped to key 2. With the next contacts");
    typist.does("F8", &format!("listed key 2. {all} slips are to be rewrapped to it; 0 are done."));
    let screen = typist.does("Enter", &format!("Done: {all} slips of {GUJRAT} are {done}"));
    assert!(flat(&screen).contains("! Has not heard of it yet"), "the officer is away: {screen}");
    typist.types("C-q");
    typist.ends();
    assert_ne!(key_of(supervisor), older);
    for actor in [supervisor, reader, supervisor] {
        actor.run(&["sync"]);
    }
    assert_eq!(opened_at_hub(&agency, &older), slips - usize::try_from(all).unwrap(), "what was rewrapped is gone");
    assert_eq!(supervisor.run(&["verify"])["holds"], true);
}

#[test]
fn slips_that_do_not_open_are_named_in_both_languages_before_a_key_is_offered_and_when_all_is_done() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let at = with_garbage_for(UnitKind::Station, officer, &story.case);
    for actor in [officer, supervisor] {
        actor.run(&["sync"]);
    }
    let (case, device) = (&story.case[..8], &officer.unlocked().device().to_string()[..8]);
    let line = format!("! Does not open: case {case}, entry {at}, device {device} of officer");
    let reads = |typist: &mut Typist| {
        let screen = typist.sees("! Does not open: ");
        assert!(flat(&screen).contains(&line), "{line}\n{screen}");
        assert!(flat(&screen).contains("1 slips do not open here") || screen.contains("Done: "), "{screen}");
        assert!(!screen.contains("zukhwendar"), "no name: {screen}");
        // The same in Urdu, and back.
        typist.types("F2");
        let urdu =
            typist.sees_that("the page in Urdu", |screen| screen.contains(case) && !screen.contains("Does not open"));
        assert!(urdu.contains(&at.to_string()) && urdu.contains(device) && !urdu.contains("zukhwendar"), "{urdu}");
        typist.does("F2", "! Does not open: ");
    };
    let mut typist = at_the_station(supervisor);
    typist.does("F8", "Enter begins.");
    reads(&mut typist);
    typist.does("Enter", "Read these words aloud to them");
    reads(&mut typist);
    typist.types("C-q");
    typist.ends();
    offer_and_list(&agency);
    supervisor.run(&["sync"]);
    let mut typist = at_the_station(supervisor);
    typist.does("F8", "listed key 2.");
    typist.does("Enter", "Done: ");
    reads(&mut typist);
    typist.types("C-q");
    typist.ends();
}

/// Whether a person is reminded that the station is owed a new key.
fn is_reminded(actor: &Actor) -> bool {
    let mut typist = at_the_cases(actor);
    // What is owed is said before what a pass of the courier came to.
    typist.sees_that("a contact", |screen| screen.contains("   HQ "));
    let screen = typist.does("F7", "Return of last month");
    typist.types("C-q");
    typist.ends();
    flat(&screen).contains(&format!("Give {GUJRAT} a new key"))
}

#[test]
fn who_owes_a_station_a_new_key_is_reminded_from_the_revocation_until_the_rotation_is_signed() {
    let agency = TestAgency::build();
    let supervisor = &agency.supervisor;
    record(&agency.officer, 1, "zukhwendar");
    for actor in [&agency.officer, &agency.reader, supervisor] {
        actor.run(&["sync"]);
    }
    let gone = newcomer(&agency).unlocked().device().to_string();
    supervisor.run(&["sync"]);
    assert!(!is_reminded(supervisor), "nobody has left");
    agency.admin.run(&["roster", "revoke", &gone[..12], "--lost"]);
    agency.admin.run(&["roster", "publish"]);
    supervisor.run(&["sync"]);
    assert!(is_reminded(supervisor));
    offer_and_list(&agency);
    supervisor.run(&["sync"]);
    assert!(is_reminded(supervisor), "its key is listed, and nothing is rewrapped");

    let mut typist = at_the_cases(supervisor);
    let row = format!("Give {GUJRAT} a new key");
    typist.does("F7", &row);
    // The last one of the page: nothing was begun and not finished.
    typist.types("End");
    typist.does("Enter", "listed key 2");
    typist.does("Enter", "Done:");
    typist.types("Esc");
    typist.sees_that("the row gone", |screen| {
        flat(screen).contains("Return of last month") && !flat(screen).contains(&row)
    });
    typist.types("C-q");
    typist.ends();
    assert!(!is_reminded(supervisor), "it was signed");
}

/// The program on a disk that takes its time over everything that must last: so that somebody who watches can press a key in between.
fn on_a_slow_disk(actor: &Actor) -> Typist {
    let slow = ["-f", "-qqq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"];
    let delay = ["-e", "inject=fsync,fdatasync:delay_enter=500000"];
    let program = [env!("CARGO_BIN_EXE_amanat"), "--home", actor.home.to_str().unwrap()];
    let arguments = [&slow[..], &delay, &program].concat();
    unlocked(Typist::starts(Path::new("/usr/bin/strace"), actor.home.parent().unwrap(), &arguments), actor)
}

#[test]
fn a_rotation_that_is_stopped_by_a_key_on_a_real_home_has_kept_what_it_said_and_goes_on_by_the_next_key() {
    let officers = ["officer-two", "officer-three", "officer-four", "officer-five"];
    let (agency, _) = with_journals(&officers);
    let (reader, supervisor) = (&agency.reader, &agency.supervisor);
    let older = key_of(supervisor);
    let served = opened_at_hub(&agency, &older);
    let offered = offer_and_list(&agency);
    supervisor.run(&["sync"]);
    let all = number(&offered, "open");
    // With nobody to talk to, nothing but the rotation waits for the disk.
    let mut typist = goes_to_the_station(on_a_slow_disk(supervisor));
    typist.does("F8", &format!("{all} slips are to be rewrapped to it; 0 are done."));
    typist.types("Enter");
    let ends = format!(" of {all}");
    typist.sees_that("the first batch kept", |screen| screen.contains(&ends) && screen.contains("Esc stops after"));
    typist.types("Esc");
    let screen = typist.sees_that("it stopped", |screen| screen.contains("Stopped: "));
    let said = flat(&screen);
    let done: u64 = said.split("Stopped: ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(said.contains(&format!("Stopped: {done} of {all} slips are rewrapped. Enter goes on.")), "{screen}");
    assert!(0 < done && done < all, "{screen}");
    typist.types("C-q");
    typist.ends();
    let certified = || {
        let home = supervisor.unlocked();
        let filed = home.journal().documents().unwrap();
        let words = filed.into_iter().filter(|it| it.document.kind == DocumentKind::RotationCertificate);
        let trust = home.trust().unwrap();
        let words = words.filter_map(|it| amanat_keys::rotation::RotationWord::verify(&it.document.bytes, trust).ok());
        words.filter(|word| matches!(word.value().said, Said::Rewrapped { .. })).count()
    };
    assert_eq!(stood(&supervisor.unlocked(), Change::Rewrap).len() as u64, done, "what it said is what is kept");
    assert_eq!(certified(), 0, "nothing is signed before it has ended");
    whole(supervisor, "stopped by a key");

    let mut typist = at_the_station(supervisor);
    typist.does("F8", &format!("{all} slips are to be rewrapped to it; {done} are done."));
    let screen = typist.does("Enter", &format!("Done: {all} slips of {GUJRAT} are rewrapped"));
    assert!(!screen.contains("Enter begins."), "{screen}");
    typist.types("C-q");
    typist.ends();
    assert_eq!(stood(&supervisor.unlocked(), Change::Rewrap).len() as u64, all, "each slip once");
    assert_eq!(certified(), 1);
    for actor in [supervisor, reader, supervisor] {
        actor.run(&["sync"]);
    }
    assert_eq!(opened_at_hub(&agency, &older), served - usize::try_from(all).unwrap(), "what was rewrapped is gone");
    whole(supervisor, "gone on with");
}
