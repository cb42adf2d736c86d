//! A rotation killed at every step, and on a disk that breaks at every step: whatever is left opens, nothing is rewrapped or sealed
//! twice, and the same command goes on to the same end.

use std::{collections::BTreeMap, fs, path::PathBuf};

use amanat::runtime::{homes::home::Home, rotation::units::Rotated};
use amanat_keys::{
    rotation::{RotationWord, Said},
    statement::Verified,
};
use amanat_sync::{
    batch::Limit,
    documents::DocumentKind,
    entry::{Change, EntryRef, Kind, SealedEntry},
    journal::{Cursor, Journal as _},
};

use crate::{
    crash::{at_each_step, broken_at_each_step, copy, whole},
    rotation::{key_of, offer_and_list, opened_at_hub, station},
    support::{Actor, Answer, GUJRAT, TestAgency, jot, number, record},
};

/// A home that is put back to one beginning again and again.
pub(crate) struct Again {
    pub(crate) actor: Actor,
    beginning: PathBuf,
}

impl Again {
    pub(crate) fn of(actor: &Actor, dir: &std::path::Path) -> Self {
        let beginning = dir.join(format!("{}-beginning", actor.name));
        copy(&actor.home, &beginning);
        let (name, home, passphrase) = (actor.name.clone(), actor.home.clone(), actor.passphrase.clone());
        Self { actor: Actor { name, home, passphrase, around: Vec::new() }, beginning }
    }

    pub(crate) fn afresh(&self) -> &Actor {
        fs::remove_dir_all(&self.actor.home).unwrap();
        copy(&self.beginning, &self.actor.home);
        &self.actor
    }
}

pub(crate) fn everything(home: &Home) -> Vec<SealedEntry> {
    let (mut all, mut cursor) = (Vec::new(), Some(Cursor::START));
    while let Some(after) = cursor {
        let page = home.journal().entries_after(after, Limit::BODY).unwrap();
        assert_eq!(page.damaged, []);
        all.extend(page.entries);
        cursor = page.next;
    }
    all
}

/// How many stand-ins of a kind there are for each entry.
pub(crate) fn stood(home: &Home, change: Change) -> BTreeMap<EntryRef, usize> {
    let mut stood = BTreeMap::new();
    for target in everything(home).iter().filter_map(|entry| entry.header.target) {
        if target.change == change {
            *stood.entry(target.entry).or_default() += 1;
        }
    }
    assert!(stood.values().all(|times| *times == 1), "one for each: {stood:?}");
    stood
}

/// The home in this process, after every entry of it has been opened: so many, and none is lost.
pub(crate) fn opened(actor: &Actor, contents: u64, at: &str) -> Home {
    let mut home = actor.unlocked();
    home.journal().check().unwrap();
    let replayed = home.replay(|_, _| {}).unwrap();
    assert_eq!((replayed.opened, replayed.closed, replayed.failed.len()), (contents, 0, 0), "{at}: {replayed:?}");
    home
}

pub(crate) fn contents(actor: &Actor) -> u64 {
    actor.unlocked().replay(|_, _| {}).unwrap().opened
}

/// An agency whose slips stand in two journals, and whose supervisor and reader hold them all.
pub(crate) fn with_two_journals() -> (TestAgency, String) {
    with_journals(&["officer-two"])
}

/// The same with a journal more for each of these officers. A transaction never holds slips of two journals, so that there are as many
/// as journals.
pub(crate) fn with_journals(officers: &[&str]) -> (TestAgency, String) {
    let agency = TestAgency::build();
    let more: Vec<Actor> = officers.iter().map(|name| agency.enrol(name, "officer", GUJRAT)).collect();
    agency.admin.run(&["roster", "publish"]);
    let case = record(&agency.officer, 1, "zukhwendar").case;
    for (at, officer) in more.iter().enumerate() {
        record(officer, 2 + at, "zukhwendar");
    }
    for actor in more.iter().chain([&agency.officer, &agency.reader, &agency.supervisor]) {
        actor.run(&["sync"]);
    }
    (agency, case)
}

#[test]
fn a_key_that_was_being_offered_when_the_program_died_is_offered_by_the_next_call() {
    let (agency, _) = with_two_journals();
    let first = Again::of(&agency.supervisor, agency.dir.path());
    let out = agency.dir.path().join("offered.join").to_string_lossy().into_owned();
    let offer = ["keys", "rotate", "unit", GUJRAT, "--out", &out];
    let unit = station(&agency.supervisor).id;
    let judge = |_dead: bool, _answer: Answer, at: &str| {
        let offered = || match first.actor.unlocked().rotate_unit(unit, &mut |_, _| true).unwrap() {
            Rotated::Offered { words, .. } => words,
            other => panic!("{at}: {other:?}"),
        };
        assert_eq!(offered(), offered(), "{at}: one key, and the same from then on");
    };
    let make = || (first.afresh().command(offer), String::new());
    at_each_step("offering a unit's key", &["pwrite64", "fsync"], make, judge);
    broken_at_each_step("offering a unit's key", || first.afresh().command(offer), judge);
}

/// A supervisor who is about to rewrap, how many slips are theirs to rewrap, and how many another custodian's.
fn about_to_rewrap(agency: &TestAgency) -> (Again, u64, u64) {
    let offered = offer_and_list(agency);
    agency.supervisor.run(&["sync"]);
    (Again::of(&agency.supervisor, agency.dir.path()), number(&offered, "open"), number(&offered, "others"))
}

/// Looks at what is left of a rotation, ends it, and looks again. Whether no, some or all slips had been rewrapped.
fn ended(left: &Again, (all, theirs, contents): (u64, u64, u64), at: &str) -> usize {
    let unit = station(&left.actor).id;
    let mut home = opened(&left.actor, contents, at);
    let before = stood(&home, Change::Rewrap).len() as u64;
    match home.rotate_unit(unit, &mut |_, _| true).unwrap() {
        Rotated::Done { word, .. } => match word.said {
            Said::Rewrapped { slips, left, .. } => assert_eq!((slips, left), (all, theirs), "{at}"),
            other => panic!("{at}: {other:?}"),
        },
        // It had come to its end: what is asked for then is the key after it.
        Rotated::Offered { .. } => assert_eq!(before, all, "{at}"),
        other @ Rotated::Stopped { .. } => panic!("{at}: {other:?}"),
    }
    assert_eq!(stood(&home, Change::Rewrap).len() as u64, all, "{at}: each slip once");
    let (trust, filed) = (home.trust().unwrap(), home.journal().documents().unwrap());
    let words = filed.iter().filter(|filed| filed.document.kind == DocumentKind::RotationCertificate);
    let mut words = words.filter_map(|filed| RotationWord::verify(&filed.document.bytes, trust).ok());
    let certified =
        |word: &Verified<RotationWord>| matches!(&word.value().said, Said::Rewrapped { unit: of, .. } if *of == unit);
    assert!(words.any(|word| certified(&word)), "{at}: it ended without its certificate");
    drop(home);
    whole(&left.actor, at);
    usize::from(before > 0) + usize::from(before == all)
}

#[test]
fn a_rotation_stopped_after_any_batch_has_kept_what_it_said_and_nothing_of_what_was_sealed_ahead() {
    let (agency, _) = with_journals(&["officer-two", "officer-three", "officer-four"]);
    let (left, all, theirs) = about_to_rewrap(&agency);
    let (contents, unit) = (contents(&left.actor), station(&left.actor).id);
    let mut stops = Vec::new();
    for batches in 1.. {
        let mut home = left.afresh().unlocked();
        let (before, mut told, mut kept) = (everything(&home).len(), 0, 0);
        let mut tell = |rewrapped, _total| {
            (told, kept) = (told + 1, rewrapped);
            told < batches
        };
        let Rotated::Stopped { rewrapped, total } = home.rotate_unit(unit, &mut tell).unwrap() else { break };
        drop(home);
        let at = format!("stopped after {batches} batches");
        assert_eq!((rewrapped, total), (kept, all), "{at}");
        let home = left.actor.unlocked();
        let rewraps = stood(&home, Change::Rewrap).len();
        assert_eq!((rewraps as u64, everything(&home).len()), (kept, before + rewraps), "{at}");
        drop(home);
        whole(&left.actor, &at);
        ended(&left, (all, theirs, contents), &at);
        stops.push(kept);
    }
    // The supervisor has a journal as well; three batches are on their way at once.
    assert!(stops.len() >= 4 && stops.is_sorted_by(|a, b| a < b) && stops.last() == Some(&all), "{stops:?} of {all}");
}

#[test]
fn a_rotation_killed_at_any_step_goes_on_where_the_disk_says_that_it_was() {
    let (agency, _) = with_two_journals();
    let older = key_of(&agency.supervisor);
    let served = opened_at_hub(&agency, &older);
    let (left, all, theirs) = about_to_rewrap(&agency);
    let (contents, mut parts) = (contents(&left.actor), [0_usize; 3]);
    let judge = |failed: bool, _answer: Answer, at: &str| {
        parts[ended(&left, (all, theirs, contents), at)] += usize::from(failed);
    };
    let make = || (left.afresh().command(["keys", "rotate", "unit", GUJRAT]), String::new());
    at_each_step("rewrapping", &["pwrite64", "fsync"], make, judge);
    println!("left with no rewrap, with some, with all: {parts:?}");
    assert!(parts.iter().all(|times| *times > 0), "each of them must have happened: {parts:?}");

    left.afresh().run(&["keys", "rotate", "unit", GUJRAT]);
    for actor in [&agency.supervisor, &agency.reader, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    let still = opened_at_hub(&agency, &older);
    assert_eq!(still, served - usize::try_from(all).unwrap(), "what was rewrapped is gone from the hub");
    for actor in [&agency.supervisor, &agency.reader, &agency.officer] {
        whole(actor, "afterwards");
    }
}

#[test]
fn a_rotation_on_a_disk_that_breaks_at_any_step_goes_on_once_it_is_mended() {
    let (agency, _) = with_two_journals();
    let (left, all, theirs) = about_to_rewrap(&agency);
    let contents = contents(&left.actor);
    let mut ends = 0;
    let judge = |_failed: bool, _answer: Answer, at: &str| ends += ended(&left, (all, theirs, contents), at);
    broken_at_each_step("rewrapping", || left.afresh().command(["keys", "rotate", "unit", GUJRAT]), judge);
    assert!(ends > 0, "it never broke with a slip rewrapped");
}

#[test]
fn a_new_case_key_killed_or_broken_at_any_step_is_in_use_or_is_made_by_the_next_call_and_nothing_is_lost() {
    let (agency, case) = with_journals(&[]);
    let officer = Again::of(&agency.officer, agency.dir.path());
    let rekey = ["keys", "rekey", &case];
    let contents = contents(&agency.officer);
    let slips = |home: &Home| everything(home).iter().filter(|entry| entry.header.kind == Kind::Slip).count();
    let before = slips(&agency.officer.unlocked());
    let last = agency.officer.counts().0;
    let (mut none, mut new) = (0, 0);
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let made = slips(&opened(&officer.actor, contents, at)) - before;
        assert!(failed || made > 0, "{at}: it was done");
        *(if made > 0 { &mut new } else { &mut none }) += usize::from(failed);
        officer.actor.run(&rekey);
        jot(&officer.actor, &case, 1, "under the new key");
        let home = opened(&officer.actor, contents + 1, at);
        let all = everything(&home);
        let newest = all.iter().rfind(|entry| entry.header.kind == Kind::Sealed).unwrap();
        assert!(newest.header.key > last, "{at}: what is kept now lies under a new key");
        drop(home);
        whole(&officer.actor, at);
    };
    let make = || (officer.afresh().command(rekey), String::new());
    at_each_step("a new case key", &["pwrite64", "fsync"], make, &mut judge);
    broken_at_each_step("a new case key", || officer.afresh().command(rekey), &mut judge);
    println!("a new case key: {none} times there was none afterwards, {new} times there was");
    assert!(none > 0);
}

#[test]
fn a_root_key_changed_by_an_admin_who_is_killed_or_broken_at_any_step_still_signs_the_next_roster() {
    let agency = TestAgency::offline();
    let admin = Again::of(&agency.admin, agency.dir.path());
    let rotate = ["keys", "rotate", "root"];
    let roots = |actor: &Actor| {
        let home = actor.unlocked();
        let roster = home.trust().unwrap().roster();
        roster.admins.iter().map(|admin| admin.root_key.key_id()).collect::<Vec<_>>()
    };
    let first = roots(&agency.admin);
    let (mut older, mut newer) = (0, 0);
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let changed = roots(&admin.actor) != first;
        assert!(failed || changed, "{at}: it was done");
        *(if changed { &mut newer } else { &mut older }) += usize::from(failed);
        // Whichever key is in force, its admin signs with it, and changes it.
        let added = admin.actor.run(&["roster", "unit-add", "PS After"]);
        assert_eq!(added["adopted"], true, "{at}: {added}");
        let now = roots(&admin.actor);
        assert_eq!(admin.actor.run(&rotate)["adopted"], true, "{at}");
        assert_ne!(roots(&admin.actor), now, "{at}");
        assert_eq!(admin.actor.run(&["roster", "unit-add", "PS Later"])["adopted"], true, "{at}");
        whole(&admin.actor, at);
    };
    let make = || (admin.afresh().command(rotate), String::new());
    at_each_step("changing the root key", &["pwrite64", "fsync", "rename"], make, &mut judge);
    broken_at_each_step("changing the root key", || admin.afresh().command(rotate), &mut judge);
    println!("changing the root key: the older one stood {older} times, the newer {newer}");
    assert!(older > 0 && newer > 0);
}
