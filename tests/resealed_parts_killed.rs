//! A case with attachments sealed again, killed at every step and on a disk that breaks at every step, where it is sealed again and where the
//! older ones are let go: at each of them every attachment opens from what is on that very device, and the same command goes on to the same end.

use std::fs;

use amanat::{
    model::{Content, Entry, ListedPart},
    runtime::homes::home::Home,
};
use amanat_sync::entry::{Change, Kind, SealedEntry};

use crate::{
    crash::{at_each_step, broken_at_each_step, whole},
    resealed_killed::{case_of, certificate},
    resealed_parts::{Scene, all_sync, sealed_at},
    rotation_killed::{Again, everything, stood},
    support::Answer,
};

/// Everything that a home opens, and what came of nothing.
pub(crate) fn replayed(home: &mut Home, at: &str) -> Vec<Entry> {
    let mut all = Vec::new();
    let replayed = home.replay(|page, _| all.extend(page)).unwrap();
    assert_eq!(replayed.failed, [], "{at}");
    all
}

/// Both attachments of the scene open from what is on this device, without anybody being asked.
pub(crate) fn open_here(scene: &Scene, home: &Home, all: &[Entry], at: &str) {
    let listing = |entry: &&Entry| !entry.parts.is_empty() && !matches!(entry.content, Content::Attachments(_));
    let entry = all.iter().find(listing).unwrap_or_else(|| panic!("{at}: the entry does not open"));
    for (part, plain) in entry.parts.iter().zip(&scene.plain) {
        let out = scene.agency.dir.path().join("opened");
        let listed = ListedPart { case: entry.case, author: entry.author, part: part.clone() };
        home.save_part(&listed, &out, true, &mut |_, _| true).unwrap_or_else(|error| panic!("{at}: {error:?}"));
        assert!(fs::read(&out).unwrap() == *plain, "{at}: another attachment");
    }
}

/// The entries that hold attachments sealed again.
fn carriers(all: &[Entry]) -> usize {
    all.iter().filter(|entry| matches!(entry.content, Content::Attachments(_))).count()
}

#[test]
fn sealing_attachments_again_killed_or_broken_at_any_step_loses_none_and_seals_each_once() {
    let scene = Scene::build();
    let reader = &scene.agency.reader;
    reader.run(&["sync", "--parts"]);
    let again = Again::of(reader, scene.agency.dir.path());
    let case = &scene.story.case;
    let reseal = ["keys", "rekey", case, "--reseal"];
    let of_case = |entry: &&SealedEntry| entry.header.case.to_string() == *case && entry.header.kind == Kind::Sealed;
    let all = everything(&reader.unlocked()).iter().filter(of_case).count();
    let id = case_of(&reader.unlocked(), case);
    // Left with nothing done, with the attachments sealed and their entry not kept, and with all of it kept.
    let mut left = [0_usize; 3];
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let files = sealed_at(&again.actor.file("parts"));
        let mut home = again.actor.unlocked();
        home.journal().check().unwrap();
        let opened = replayed(&mut home, at);
        open_here(&scene, &home, &opened, at);
        let kept = carriers(&opened);
        assert_eq!(sealed_at(&again.actor.file("parts")), 2 + 2 * kept, "{at}: what was not kept is swept");
        let state = if kept > 0 { 2 } else { usize::from(files > 2) };
        left[state] += usize::from(failed);
        let begun = home.look_at_case(id).unwrap().before > 0;
        if kept == 0 || begun {
            assert!(home.reseal_case(id, &mut |_| true).unwrap().done(), "{at}");
        }
        assert_eq!(stood(&home, Change::Reseal).len(), all, "{at}: every entry once");
        assert!(certificate(&home).is_some(), "{at}: it ended without its certificate");
        let opened = replayed(&mut home, at);
        assert_eq!(carriers(&opened), 1, "{at}: and its attachments once");
        open_here(&scene, &home, &opened, at);
        drop(home);
        whole(&again.actor, at);
    };
    let make = || (again.afresh().command(reseal), String::new());
    at_each_step("sealing attachments again", &["pwrite64", "fsync"], make, &mut judge);
    broken_at_each_step("sealing attachments again", || again.afresh().command(reseal), &mut judge);
    println!("left with nothing, with files that no entry lists, with all of it: {left:?}");
    assert!(left.iter().all(|times| *times > 0), "each of them must have happened: {left:?}");

    again.afresh().run(&reseal);
    let actors = [reader, &scene.agency.supervisor, &scene.agency.officer];
    all_sync(&actors);
    all_sync(&actors);
    assert_eq!(scene.at_hub(), (0, 2));
    for actor in actors {
        scene.opens_on(actor, "afterwards");
    }
}

#[test]
fn letting_the_older_attachments_go_killed_or_broken_at_any_step_leaves_each_in_one_of_its_places() {
    let scene = Scene::build();
    let (officer, reader, supervisor) = (&scene.agency.officer, &scene.agency.reader, &scene.agency.supervisor);
    reader.run(&["sync", "--parts"]);
    reader.run(&["keys", "rekey", &scene.story.case, "--reseal"]);
    all_sync(&[reader, supervisor, reader, supervisor]);
    assert_eq!(scene.at_hub(), (0, 2), "the supervisor opened them");
    // The author's device has heard nothing of it so far, and has the older ones alone.
    let again = Again::of(officer, scene.agency.dir.path());
    let mut ended = 0;
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let mut home = again.actor.unlocked();
        home.journal().check().unwrap();
        let opened = replayed(&mut home, at);
        open_here(&scene, &home, &opened, at);
        drop(home);
        for _ in 0..3 {
            again.actor.run(&["sync"]);
        }
        let mut home = again.actor.unlocked();
        let opened = replayed(&mut home, at);
        open_here(&scene, &home, &opened, at);
        assert_eq!(sealed_at(&again.actor.file("parts")), 2, "{at}: the newer alone");
        ended += usize::from(failed);
    };
    let make = || (again.afresh().command(["sync"]), String::new());
    at_each_step("letting attachments go", &["pwrite64", "fsync"], make, &mut judge);
    broken_at_each_step("letting attachments go", || again.afresh().command(["sync"]), &mut judge);
    assert!(ended > 20, "it was broken off {ended} times only");
    whole(&again.actor, "afterwards");
}
