//! A living agency moves to hybrid recipients with one roster: whoever is missing is named and nothing is signed, an officer who is away
//! goes on and is heard, and in the end nothing that the hub serves is sealed to a key of the older kind.

use amanat_keys::recipient::RecipientKind;

use crate::{
    crash::{at_each_step, broken_at_each_step, whole},
    hub_key,
    hybrid::{all_find, slips_at_hub},
    rotation_killed::Again,
    support::{Actor, Answer, GUJRAT, TestAgency, hub_says, jot, record, text},
};

pub(crate) const TO: [&str; 2] = ["--recipients", "mlkem768x25519"];
const SUKKUR: &str = "PS Sample, Sukkur";

/// Who reads for Sukkur: the test holds no handle of theirs.
pub(crate) fn far(agency: &TestAgency) -> Actor {
    let dir = agency.dir.path();
    Actor::new(dir, "supervisor-sukkur", dir.join("supervisor-sukkur"))
}

/// Every request of every device, unit and hub; that of one device comes last. Besides those whom every test knows there is who reads for
/// Sukkur, and perhaps others.
pub(crate) fn requests(agency: &TestAgency, more: &[&Actor], last: &Actor) -> Vec<String> {
    let out = |name: &str| agency.dir.path().join(format!("{name}.raise")).to_string_lossy().into_owned();
    let mut files = Vec::new();
    for (custodian, unit) in [(&agency.reader, "HQ"), (&agency.supervisor, GUJRAT), (more[0], SUKKUR)] {
        let file = out(&format!("unit-{}", custodian.name));
        custodian.run(&["keys", "rotate", "unit", unit, "--out", &file, TO[0], TO[1]]);
        files.push(file);
    }
    hub_says(&agency.hub_home, &["request", TO[0], TO[1]]);
    files.push(agency.hub_home.join("join-request").to_string_lossy().into_owned());
    let all = [&agency.admin, &agency.reader, &agency.supervisor, &agency.stranger, &agency.officer];
    for actor in all.into_iter().chain(more.iter().copied()).filter(|actor| actor.name != last.name).chain([last]) {
        let file = out(&actor.name);
        actor.run(&["keys", "rotate", "device", "--out", &file, TO[0], TO[1]]);
        files.push(file);
    }
    files
}

pub(crate) fn raise(files: &[String]) -> Vec<&str> {
    ["keys", "raise"].into_iter().chain(files.iter().map(String::as_str)).collect()
}

pub(crate) fn kind(actor: &Actor) -> RecipientKind {
    actor.unlocked().trust().unwrap().roster().kind
}

#[test]
fn an_agency_moves_as_one_and_an_officer_who_was_away_loses_nothing() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let far = far(&agency);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, supervisor, reader] {
        actor.run(&["sync"]);
    }
    let (none, before) = slips_at_hub(&agency);
    assert!(none == 0 && before >= 2, "{none}, {before}");

    let files = requests(&agency, &[&far], officer);
    let missing = agency.admin.ask(&raise(&files[4..files.len() - 1]));
    assert_eq!(missing.code, 5, "{}", missing.json);
    for name in ["unit HQ", GUJRAT, SUKKUR, "hub Sample hub", "of officer, "] {
        assert!(missing.message().contains(name), "{name}: {}", missing.message());
    }
    assert_eq!(kind(&agency.admin), RecipientKind::X25519, "nothing was signed");
    let raised = agency.admin.run(&raise(&files));
    assert_eq!((text(&raised, "/recipients"), &raised["adopted"]), (TO[1].to_owned(), &true.into()), "{raised}");
    agency.admin.run(&["roster", "publish"]);

    // The officer is away all the while, and seals under the older kind.
    jot(officer, &story.case, 1, "tarvelish");
    record(officer, 2, "palmishto");
    for actor in [supervisor, reader, &far, &agency.stranger] {
        actor.run(&["sync"]);
        assert_eq!(kind(actor), RecipientKind::MlKem768X25519, "{}", actor.name);
    }
    for round in 0..2 {
        for (custodian, unit) in [(supervisor, GUJRAT), (reader, "HQ"), (&far, SUKKUR)] {
            let done = custodian.run(&["keys", "rotate", "unit", unit]);
            assert_eq!(text(&done, "/state"), "done", "{round} {unit}: {done}");
            custodian.run(&["sync"]);
        }
        if round == 0 {
            // Back from the field: what was sealed to the older keys lands, and is read.
            for actor in [officer, supervisor, reader, officer, supervisor, reader] {
                actor.run(&["sync"]);
            }
            assert_eq!(kind(officer), RecipientKind::MlKem768X25519);
            let (kept, received) = officer.counts();
            assert_eq!(kept, received, "all of it was taken");
            for mark in ["zukhwendar", "tarvelish", "palmishto"] {
                all_find(&[officer, supervisor, reader], mark);
            }
            if slips_at_hub(&agency).1 == 0 {
                break;
            }
        }
    }
    record(officer, 3, "lomvantesh");
    for actor in [officer, supervisor, reader] {
        actor.run(&["sync"]);
    }
    all_find(&[officer, supervisor, reader], "lomvantesh");
    let (hybrid, older) = slips_at_hub(&agency);
    assert!(hybrid > before && older == 0, "{hybrid} hybrid, {older} of the older kind are left at the hub");
    // A stick for the hub is sealed to its new key, and it opens it.
    jot(officer, &story.case, 2, "vashtipol");
    let stick = agency.dir.path().join("stick.age").to_string_lossy().into_owned();
    officer.run(&["bundle", "write", &stick]);
    hub_says(&agency.hub_home, &["bundle", "read", &stick]);
    supervisor.run(&["sync"]);
    all_find(&[supervisor], "vashtipol");
    // The hub's next signing key is asked for with what sticks are sealed to now.
    let mut agency = agency;
    let (request, words) = hub_key::asks(&mut agency);
    agency.admin.run(&hub_key::rotate(&request, &words));
    agency.admin.run(&["roster", "publish"]);
    agency.officer.run(&["sync"]);
}

#[test]
fn the_admin_killed_or_broken_at_any_step_of_the_move_has_moved_or_has_not() {
    let agency = TestAgency::offline();
    let files = requests(&agency, &[&far(&agency)], &agency.officer);
    let admin = Again::of(&agency.admin, agency.dir.path());
    let judge = |dead: bool, _answer: Answer, at: &str| {
        if kind(&admin.actor) == RecipientKind::X25519 {
            assert!(dead, "{at}: it lived and did nothing");
            admin.actor.run(&raise(&files));
        }
        assert_eq!(kind(&admin.actor), RecipientKind::MlKem768X25519, "{at}");
        whole(&admin.actor, at);
    };
    let make = || (admin.afresh().command(raise(&files)), String::new());
    at_each_step("moving an agency", &["pwrite64", "fsync"], make, judge);
    broken_at_each_step("moving an agency", || admin.afresh().command(raise(&files)), judge);
}
