//! A case with attachments sealed again, killed at every step on its way: at the hub, while the attachments come and while it lets the older go, and
//! on the device of the reader who fetches them. Whatever died, everything opens, and in the end no older envelope and no older attachment is left.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{
    crash::{DoomedHub, at_steps},
    let_go_killed::put,
    resealed_parts::{Scene, all_sync, sealed_at},
    resealed_parts_killed::{open_here, replayed},
    rotation_killed::Again,
    support::{Actor, Answer, files_below, number},
};

/// Steps at which it is killed; between two waits for the disk one write is like another.
const STEPS: [(&str, usize); 4] = [("fsync", 1), ("rename", 1), ("unlink", 1), ("pwrite64", 37)];
/// More than the hub does of one kind here.
const MANY: usize = 300;

/// Sealed again, and not handed on yet.
fn resealed() -> Scene {
    let scene = Scene::build();
    let reader = &scene.agency.reader;
    reader.run(&["sync", "--parts"]);
    assert_eq!(number(&scene.reseals(reader), "attached"), 0);
    scene
}

/// The hub as it is, to begin from again.
fn beginning(scene: &mut Scene, name: &str) -> PathBuf {
    let beginning = scene.agency.dir.path().join(name);
    scene.agency.kill_hub();
    put(&scene.agency.hub_home, &beginning);
    scene.agency.start_hub();
    beginning
}

/// Everything opens from what is on this device.
fn opens(scene: &Scene, actor: &Actor, at: &str) {
    let mut home = actor.unlocked();
    home.journal().check().unwrap();
    let all = replayed(&mut home, at);
    open_here(scene, &home, &all, at);
}

/// Kills the hub at each step while this actor syncs, and lets it sync again afterwards; `judge` hears what was the matter.
fn hub_killed(scene: &mut Scene, beginning: &Path, who: &Again, mut judge: impl FnMut(&Scene, bool, &str)) -> usize {
    let mut kills = 0;
    for (step, every) in STEPS {
        for n in (1..).step_by(every) {
            assert!(n < MANY, "the hub never lives through its {step}");
            scene.agency.kill_hub();
            put(beginning, &scene.agency.hub_home);
            let mut doomed = DoomedHub::serve(&scene.agency, step, n);
            let answer = who.afresh().ask(&["sync"]);
            let dead = doomed.is_dead();
            drop(doomed);
            let at = format!("{}, the hub killed at {step} {n}", who.actor.name);
            assert!(dead || answer.code == 0, "{at}: {}", answer.json);
            scene.agency.start_hub();
            all_sync(&[&who.actor]);
            judge(scene, dead, &at);
            assert_eq!(number(&scene.agency.hub_status(), "missing"), 0, "{at}");
            kills += usize::from(dead);
            if !dead {
                break;
            }
        }
    }
    kills
}

#[test]
fn a_hub_killed_while_attachments_that_were_sealed_again_come_and_while_the_older_go_loses_none_and_keeps_no_older_one()
{
    let mut scene = resealed();
    let dir = scene.agency.dir.path().to_owned();
    let reader = Again::of(&scene.agency.reader, &dir);
    let before = beginning(&mut scene, "hub-before");
    let came = hub_killed(&mut scene, &before, &reader, |scene, _, at| {
        // Killed before what gathered was put away, it has one twice: under its name or one that begins so.
        let names: BTreeSet<_> = files_below(&scene.agency.hub_home.join("parts"))
            .into_iter()
            .filter_map(|path| Some(path.file_name()?.to_str()?.split('#').next()?.to_owned()))
            .collect();
        assert_eq!((scene.at_hub().0, names.len()), (1, 4), "{at}: all of them, and nothing half");
    });
    let supervisor = scene.agency.supervisor.clone();
    // Up to the pass in which the word reaches the hub.
    let (last, vouches) = loop {
        let (last, vouches) = (beginning(&mut scene, "hub-last"), Again::of(&supervisor, &dir));
        supervisor.run(&["sync"]);
        if scene.at_hub() == (0, 2) {
            break (last, vouches);
        }
    };
    let (mut untouched, mut ended) = (0, 0);
    let gone = hub_killed(&mut scene, &last, &vouches, |scene, dead, at| {
        assert_eq!(scene.at_hub(), (0, 2), "{at}: the newer alone");
        assert_eq!(files_below(&scene.agency.hub_home.join("parts")).len(), 2, "{at}: and nothing beside them");
        opens(scene, &vouches.actor, at);
        *(if dead { &mut ended } else { &mut untouched }) += 1;
    });
    println!("the hub was killed {came} times while they came, {gone} while the older went");
    assert!(came > 8 && gone > 8 && ended > untouched);
    let actors = [&scene.agency.officer, &scene.agency.reader, &scene.agency.supervisor];
    all_sync(&actors);
    all_sync(&actors);
    assert_eq!(scene.at_hub(), (0, 2));
    for actor in actors {
        scene.opens_on(actor, "afterwards");
        assert_eq!(sealed_at(&actor.file("parts")), 2, "{}", actor.name);
    }
}

#[test]
fn a_reader_killed_while_they_fetch_what_was_sealed_again_fetches_the_rest_with_the_next_sync() {
    let mut scene = resealed();
    let dir = scene.agency.dir.path().to_owned();
    all_sync(&[&scene.agency.reader]);
    let supervisor = Again::of(&scene.agency.supervisor, &dir);
    let before = beginning(&mut scene, "hub-before");
    let (home, address) = (scene.agency.hub_home.clone(), scene.agency.hub_address());
    let mut hub = None;
    scene.agency.kill_hub();
    let mut fetched = [0_usize; 3];
    let make = || {
        hub = None;
        put(&before, &home);
        hub = Some(crate::support::HubProcess::serve(&home, address));
        (supervisor.afresh().command(["sync"]), String::new())
    };
    let judge = |dead: bool, _answer: Answer, at: &str| {
        fetched[sealed_at(&supervisor.actor.file("parts")).min(2)] += usize::from(dead);
        let mut home = supervisor.actor.unlocked();
        home.journal().check().unwrap();
        replayed(&mut home, at);
        drop(home);
        all_sync(&[&supervisor.actor]);
        opens(&scene, &supervisor.actor, at);
        assert_eq!(scene.at_hub(), (0, 2), "{at}: the newer alone");
        assert_eq!(files_below(&supervisor.actor.file("parts")).len(), 2, "{at}: and nothing half or asked for");
    };
    at_steps("fetching what was sealed again", &STEPS, &["fsync", "rename"], make, judge);
    println!("killed with none, one and both of them here: {fetched:?}");
    assert!(fetched.iter().all(|times| *times > 0), "each of them must have happened: {fetched:?}");
}
