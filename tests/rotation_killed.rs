//! A rotation killed at every step, and on a disk that breaks at every step: whatever is left opens, nothing is rewrapped or sealed
//! twice, and the same command goes on to the same end.

use std::{collections::BTreeMap, fs, path::PathBuf};

use amanat_sync::{
    batch::Limit,
    entry::{Change, EntryRef, Kind, SealedEntry},
    journal::{Cursor, Journal as _},
};

use crate::{
    crash::{at_each_step, broken_at_each_step, copy, whole},
    rotation::{finds, key_of, offer_and_list, opened_at_hub, station},
    support::{Actor, Answer, GUJRAT, TestAgency, number, record, text},
};

/// A home that is put back to one beginning again and again.
struct Again {
    actor: Actor,
    beginning: PathBuf,
}

impl Again {
    fn of(actor: &Actor, dir: &std::path::Path) -> Self {
        let beginning = dir.join(format!("{}-beginning", actor.name));
        copy(&actor.home, &beginning);
        let (name, home, passphrase) = (actor.name.clone(), actor.home.clone(), actor.passphrase.clone());
        Self { actor: Actor { name, home, passphrase }, beginning }
    }

    fn afresh(&self) -> &Actor {
        fs::remove_dir_all(&self.actor.home).unwrap();
        copy(&self.beginning, &self.actor.home);
        &self.actor
    }
}

fn everything(actor: &Actor) -> Vec<SealedEntry> {
    let home = actor.unlocked();
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
fn stood(actor: &Actor, change: Change) -> BTreeMap<EntryRef, usize> {
    let mut stood = BTreeMap::new();
    for target in everything(actor).iter().filter_map(|entry| entry.header.target) {
        if target.change == change {
            *stood.entry(target.entry).or_default() += 1;
        }
    }
    stood
}

/// An agency whose slips stand in two journals, and whose supervisor and reader hold them all.
fn with_two_journals() -> (TestAgency, String) {
    let agency = TestAgency::build();
    let second = agency.enrol("officer-two", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    let case = record(&agency.officer, 1, "zukhwendar").case;
    record(&second, 2, "zukhwendar");
    for actor in [&second, &agency.officer, &agency.reader, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    (agency, case)
}

#[test]
fn a_rotation_killed_or_broken_at_any_step_goes_on_where_the_disk_says_that_it_was() {
    let (agency, _) = with_two_journals();
    let older = key_of(&agency.supervisor);
    let served = opened_at_hub(&agency, &older);

    // Making the key: whatever is left, the next call offers one key, and the same one from then on.
    let first = Again::of(&agency.supervisor, agency.dir.path());
    let out = agency.dir.path().join("offered.join").to_string_lossy().into_owned();
    let offer = ["keys", "rotate", "unit", GUJRAT, "--out", &out];
    let judge = |_dead: bool, _answer: Answer, at: &str| {
        let words = first.actor.run(&offer)["words"].clone();
        assert_eq!(first.actor.run(&offer)["words"], words, "{at}");
    };
    at_each_step(
        "offering a unit's key",
        &["pwrite64", "fsync"],
        || (first.afresh().command(offer), String::new()),
        judge,
    );
    broken_at_each_step("offering a unit's key", || first.afresh().command(offer), judge);
    first.afresh();

    let offered = offer_and_list(&agency);
    agency.supervisor.run(&["sync"]);
    let second = Again::of(&agency.supervisor, agency.dir.path());
    let (all, theirs, mut parts) = (number(&offered, "open"), number(&offered, "others"), [0_usize; 3]);
    let rotate = ["keys", "rotate", "unit", GUJRAT];
    let mut judge = |failed: bool, answer: Answer, at: &str| {
        let actor = &second.actor;
        whole(actor, at);
        assert_eq!(finds(actor, "zukhwendar"), 2, "{at}: both cases open");
        let before = stood(actor, Change::Rewrap);
        assert!(before.values().all(|times| *times == 1), "{at}: {before:?}");
        let which = if before.is_empty() { 0 } else { usize::from(before.len() as u64 == all) + 1 };
        parts[which] += usize::from(failed);
        let done = if failed { actor.run(&rotate) } else { answer.json };
        // A kill after the last step, before the answer, leaves nothing to go on with: what is asked for then is the key after it.
        if text(&done, "/state") == "done" {
            assert_eq!((number(&done, "rewrapped"), number(&done, "left")), (all, theirs), "{at}: {done}");
        }
        let after = stood(actor, Change::Rewrap);
        assert!(after.len() as u64 == all && after.values().all(|times| *times == 1), "{at}: each once, {after:?}");
    };
    let make = || (second.afresh().command(rotate), String::new());
    at_each_step("rewrapping", &["pwrite64", "fsync"], make, &mut judge);
    broken_at_each_step("rewrapping", || second.afresh().command(rotate), &mut judge);
    println!("left with no rewrap, with some, with all: {parts:?}");
    assert!(parts.iter().all(|times| *times > 0), "each of them must have happened: {parts:?}");

    second.afresh().run(&rotate);
    for actor in [&agency.supervisor, &agency.reader, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    let left = opened_at_hub(&agency, &older);
    assert_eq!(left, served - usize::try_from(all).unwrap(), "what was rewrapped is gone from the hub");
    assert_eq!(station(&agency.supervisor).epoch, 2);
    for actor in [&agency.supervisor, &agency.reader, &agency.officer] {
        whole(actor, "afterwards");
    }
}

#[test]
fn sealing_again_killed_or_broken_at_any_step_seals_each_entry_once_and_loses_none() {
    let (agency, case) = with_two_journals();
    let reader = Again::of(&agency.reader, agency.dir.path());
    let reseal = ["keys", "rekey", &case, "--reseal"];
    let of_case = |entry: &&SealedEntry| entry.header.case.to_string() == case && entry.header.kind == Kind::Sealed;
    let all = everything(&agency.reader)
        .iter()
        .filter(of_case)
        .filter(|it| it.header.device != reader.actor.unlocked().device())
        .count();
    let mut judge = |failed: bool, answer: Answer, at: &str| {
        let actor = &reader.actor;
        whole(actor, at);
        assert_eq!(finds(actor, "zukhwendar"), 2, "{at}");
        let begun = stood(actor, Change::Reseal);
        assert!(begun.values().all(|times| *times == 1), "{at}: {begun:?}");
        // All or nothing: it is one transaction here. What is whole is not begun once more by this test.
        let done = if failed && begun.is_empty() { actor.run(&reseal) } else { answer.json };
        if done["resealed"].is_number() {
            assert_eq!(number(&done, "shut"), 0, "{at}: {done}");
        }
        let after = stood(actor, Change::Reseal);
        assert!(after.len() >= all && after.values().all(|times| *times == 1), "{at}: each once, {after:?}");
    };
    let make = || (reader.afresh().command(reseal), String::new());
    at_each_step("sealing a case again", &["pwrite64", "fsync"], make, &mut judge);
    broken_at_each_step("sealing a case again", || reader.afresh().command(reseal), &mut judge);

    reader.afresh().run(&reseal);
    for actor in [&agency.reader, &agency.supervisor, &agency.officer] {
        actor.run(&["sync"]);
    }
    for actor in [&agency.supervisor, &agency.officer, &agency.reader] {
        actor.run(&["sync"]);
        let bare = everything(actor);
        let bare = bare.iter().filter(of_case).filter(|entry| entry.envelope.is_none()).count();
        assert!(bare >= all, "{}: {bare} of {all} older envelopes are gone", actor.name);
        whole(actor, "afterwards");
    }
    assert_eq!(number(&agency.hub_status(), "missing"), 0);
}
