//! Older envelopes let go after a rotation, killed and on a disk that breaks at every step of it: at the hub, while the reader's word arrives, and
//! on a device, while it hears of it. Whatever died, nobody loses an entry, and in the end the older key opens nothing.

use std::{fs, path::Path};

use amanat_keys::fingerprint::KeyId;

use crate::{
    crash::{DoomedHub, Fate, at_steps, broken_at_steps, whole},
    rotation::{finds, key_of, offer_and_list, opened_at_hub},
    rotation_killed::{Again, everything},
    support::{Actor, Answer, GUJRAT, TestAgency, files_below, record},
};

/// What both stories say.
const MARK: &str = "zukhwendar";
/// More than the hub does of one kind while a word arrives.
const MANY: usize = 200;

/// An agency whose supervisor has rewrapped and whose reader has not vouched yet, and the older key.
fn rewrapped() -> (TestAgency, KeyId) {
    let agency = TestAgency::build();
    record(&agency.officer, 1, MARK);
    record(&agency.officer, 2, MARK);
    for actor in [&agency.officer, &agency.reader, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    let older = key_of(&agency.supervisor);
    offer_and_list(&agency);
    agency.supervisor.run(&["sync"]);
    agency.supervisor.run(&["keys", "rotate", "unit", GUJRAT]);
    agency.supervisor.run(&["sync"]);
    (agency, older)
}

/// A supervisor who has fetched no entry yet and gets the station's keys.
fn newcomer(agency: &TestAgency) -> Actor {
    let newcomer = agency.enrol("newcomer", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    agency.supervisor.run(&["sync"]);
    newcomer
}

/// The regular files of a folder, whatever they are below it, in place of what is there.
pub(crate) fn put(from: &Path, to: &Path) {
    for file in files_below(to) {
        fs::remove_file(file).unwrap();
    }
    for file in files_below(from) {
        let at = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::copy(file, at).unwrap();
    }
}

#[test]
fn a_hub_killed_while_it_lets_envelopes_go_serves_every_entry_and_ends_it_when_it_is_up_again() {
    at_the_hub(Fate::Killed);
}

#[test]
fn a_hub_whose_disk_breaks_while_it_lets_envelopes_go_serves_every_entry_and_ends_it_once_it_is_mended() {
    at_the_hub(Fate::Broken);
}

/// The reader's word arrives at a hub that meets this at each step.
fn at_the_hub(fate: Fate) {
    let (mut agency, older) = rewrapped();
    let newcomer = Again::of(&newcomer(&agency), agency.dir.path());
    let reader = Again::of(&agency.reader, agency.dir.path());
    let before = opened_at_hub(&agency, &older);
    agency.kill_hub();
    let beginning = agency.dir.path().join("hub-beginning");
    put(&agency.hub_home, &beginning);
    // What an undisturbed hub comes to.
    agency.start_hub();
    reader.afresh().run(&["sync"]);
    let after = opened_at_hub(&agency, &older);
    assert!(after < before, "there is something to let go: {before} and then {after}");
    newcomer.afresh().run(&["sync"]);
    let all = newcomer.actor.unlocked().replay(|_, _| {}).unwrap().opened;
    assert_eq!(finds(&newcomer.actor, MARK), 2);
    let (mut kills, mut untouched, mut done) = (0, 0, 0);
    for (step, every) in [("fsync", 1), ("pwrite64", 29)] {
        for n in (1..).step_by(every) {
            assert!(n < MANY, "the hub never lives through its {step}");
            agency.kill_hub();
            put(&beginning, &agency.hub_home);
            let mut doomed = DoomedHub::meets(fate, &agency, step, n);
            let answer = reader.afresh().ask(&["sync"]);
            let dead = if fate == Fate::Killed { doomed.is_dead() } else { answer.code != 0 };
            drop(doomed);
            let at = format!("the hub, {fate:?} at {step} {n}");
            assert!(dead || answer.code == 0, "{at}: {}", answer.json);
            let left = opened_at_hub(&agency, &older);
            *(if left == before { &mut untouched } else { &mut done }) += usize::from(dead);
            assert!((after..=before).contains(&left), "{at}: {left}");
            agency.start_hub();
            // Before anybody else says what opens: it is ended by the word that was there, or that comes again.
            reader.actor.run(&["sync"]);
            assert_eq!(opened_at_hub(&agency, &older), after, "{at}");
            let latest = newcomer.afresh();
            latest.run(&["sync"]);
            assert_eq!(opened_at_hub(&agency, &older), after, "{at}");
            let replayed = latest.unlocked().replay(|_, _| {}).unwrap();
            assert!(
                replayed.failed.is_empty() && replayed.opened >= all,
                "{at}: all of it is served to whoever comes new"
            );
            kills += usize::from(dead);
            if !dead {
                break;
            }
        }
    }
    println!("letting go at the hub, {fate:?}: {kills} times, {untouched} before it let go and {done} after");
    assert!(untouched > 0 && done > 0);
}

#[test]
fn a_device_killed_or_broken_while_it_lets_envelopes_go_reads_everything_and_ends_it_with_the_next_sync() {
    let (agency, older) = rewrapped();
    agency.reader.run(&["sync"]);
    let left = Again::of(&agency.supervisor, agency.dir.path());
    let held = |actor: &Actor| {
        let wraps = everything(&actor.unlocked()).into_iter().filter(|entry| entry.envelope.is_some());
        wraps.filter(|entry| entry.header.audience.iter().any(|reader| reader.key == older)).count()
    };
    let before = held(&left.actor);
    left.actor.run(&["sync"]);
    let after = held(&left.actor);
    assert!(after < before, "there is something to let go: {before} and then {after}");
    let opens = |actor: &Actor| {
        let replayed = actor.unlocked().replay(|_, _| {}).unwrap();
        assert!(replayed.failed.is_empty(), "{:?}", replayed.failed);
        replayed.opened
    };
    let all = opens(&left.actor);
    let (mut untouched, mut done) = (0, 0);
    let mut judge = |dead: bool, _answer: Answer, at: &str| {
        let now = held(&left.actor);
        assert!((after..=before).contains(&now), "{at}: {now}");
        *(if now == before { &mut untouched } else { &mut done }) += usize::from(dead);
        assert!(opens(&left.actor) >= all, "{at}: all of it is read");
        left.actor.run(&["sync"]);
        assert_eq!((held(&left.actor), opens(&left.actor) >= all), (after, true), "{at}");
    };
    let steps = [("fsync", 1), ("pwrite64", 29)];
    let make = || (left.afresh().command(["sync"]), String::new());
    at_steps("letting go on a device", &steps, &["pwrite64", "fsync"], make, &mut judge);
    broken_at_steps("letting go on a device", &steps, || left.afresh().command(["sync"]), &mut judge);
    whole(&left.actor, "in the end");
    println!("letting go on a device, killed or broken: {untouched} before it let go and {done} after");
    assert!(untouched > 0 && done > 0);
}
