//! A hub that was restored from a backup: with an admin's word, without it, and one that only says so again and again.

use std::path::Path;
use std::sync::Arc;

use amanat_hub::store::{HubStore as _, MemoryStore};
use amanat_hub::{Hub, HubIdentity};
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::Digest;
use amanat_keys::hub_epoch::HubEpoch;
use amanat_keys::statement::Statement;
use amanat_sync::courier::{Courier, End, Outcome, Trouble, pass};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::wire::limits::MAX_OFFERED_AGAIN;

use super::keeping::{Writer, read_all};
use super::process::keep_more;
use super::running::*;
use super::support::*;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn signed(file: &Path, agency: &Agency, by: &Signer) {
    let mut statement = Statement::from_bytes(&std::fs::read(file).unwrap()).unwrap();
    HubEpoch::proposed(&statement).unwrap();
    statement.sign(&agency.id(), by);
    std::fs::write(file, statement.to_bytes()).unwrap();
}

/// The word of nobody else begins an epoch, nor does one about another hub, another backup or another epoch.
fn only_an_admins_word_counts(agency: &Agency, home: &Path) {
    let file = home.join("hub.epoch");
    let proposal = std::fs::read(&file).unwrap();
    let refused = || {
        let refused = hub(&["restore-epoch", file.to_str().unwrap()], home);
        assert!(
            !refused.status.success()
                && std::fs::read_to_string(home.join("settings.toml")).unwrap().contains("epoch = 1")
        );
        String::from_utf8_lossy(&refused.stderr).into_owned()
    };
    let told = refused();
    assert!(told.contains("no admin") && told.contains(&format!("amanat roster sign {}", file.display())), "{told}");
    signed(&file, agency, &agency.actors[2].signer);
    assert!(refused().contains("no admin"), "a supervisor is none");
    let proposed = HubEpoch::proposed(&Statement::from_bytes(&proposal).unwrap()).unwrap();
    let others = [
        (HubEpoch { number: proposed.number + 1, ..proposed.clone() }, "another backup"),
        (HubEpoch { hash: Digest::of(b"another"), ..proposed.clone() }, "another backup"),
        (HubEpoch { old: 2, new: 3, ..proposed.clone() }, "ends epoch 2"),
    ];
    for (other, says) in others {
        std::fs::write(&file, other.propose().unwrap().to_bytes()).unwrap();
        signed(&file, agency, &agency.root);
        let told = refused();
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn a_hub_restored_from_an_old_backup_gets_back_what_it_lost_and_devices_say_that_it_fell() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let (home, backup) = (folder.path().join("hub"), folder.path().join("backup"));
    let (mut first, mut second) = (Writer::new(&agency, 0), Writer::new(&agency, 1));
    first.writes(600);
    assert!(matches!(first.syncs(&agency, &running.url).end, End::Done));
    assert!(hub(&["backup", backup.to_str().unwrap()], &home).status.success());
    first.writes(700);
    second.writes(25);
    for writer in [&mut first, &mut second] {
        assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    }
    assert_eq!(read_all(&agency, &running.url), 1_325);
    running.kill();

    // Served as it is, the older hub is a liar to every device, and nobody gives way.
    let running = Running::start(&backup);
    let outcome = first.syncs(&agency, &running.url);
    let denies = |outcome: &Outcome| outcome.trouble.iter().any(|it| matches!(it, Trouble::HubDenies { .. }));
    assert!(denies(&outcome) && first.received(&agency) == 1_300, "{outcome:?}");
    let busy = hub(&["restore-epoch", "--reason", "disk lost"], &backup);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("another hub runs"), "{busy:?}");
    running.kill();

    // The keeper asks, an admin signs; nobody else's word and no other hub's counts.
    let asked = hub(&["restore-epoch", "--reason", "disk lost, backup of the morning"], &backup);
    assert!(asked.status.success(), "{asked:?}");
    let file = backup.join("hub.epoch");
    let proposal = std::fs::read(&file).unwrap();
    only_an_admins_word_counts(&agency, &backup);
    std::fs::write(&file, proposal).unwrap();
    signed(&file, &agency, &agency.root);
    for _ in 0..2 {
        let begun = hub(&["restore-epoch", file.to_str().unwrap()], &backup);
        assert!(begun.status.success() && String::from_utf8_lossy(&begun.stdout).contains("epoch 2"), "{begun:?}");
    }

    // Devices come again: one pass each, nothing lost, nothing doubled, and the fall is told once.
    let running = Running::start(&backup);
    let outcome = first.syncs(&agency, &running.url);
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    let journal = first.pen.slot.journal;
    assert_eq!(outcome.trouble, [Trouble::Fell { journal, from: 1_300, to: 600 }]);
    assert_eq!(outcome.handed_over, 700, "what the hub still has is not sent again");
    first.writes(5);
    for writer in [&mut first, &mut second] {
        let outcome = writer.syncs(&agency, &running.url);
        assert!(matches!(outcome.end, End::Done), "{outcome:?}");
        let own = writer.journal.status(&agency.hub.id).unwrap().own[0];
        assert_eq!((own.received, own.once), (writer.written, writer.written));
        let again = writer.syncs(&agency, &running.url);
        assert!(again.trouble.is_empty() && again.handed_over == 0, "{again:?}");
    }
    let status = first.journal.status(&agency.hub.id).unwrap();
    assert_eq!((status.epoch, status.vouched, status.again), (2, 2, 0));
    assert_eq!(read_all(&agency, &running.url), 1_330);
    assert_eq!(running.terminate(), Some(0));
}

/// The same hub with other books, in an epoch.
fn in_epoch(agency: &Agency, epoch: u64, store: Arc<MemoryStore>) -> Arc<Hub> {
    let identity = HubIdentity { epoch, ..agency.hub.clone() };
    let keep = Box::new(|_: &amanat_keys::trust::Trust| Ok(()));
    Arc::new(block(Hub::open_at(identity, store, agency.trust.clone(), keep, || 1_750_000_000_000)).unwrap())
}

fn travels(agency: &Agency, courier: &mut Courier, journal: &mut MemoryJournal, hub: &Arc<Hub>) -> Outcome {
    let mut road = Road::new(agency, hub, 0);
    road.room = 1 << 20;
    pass(courier, journal, &mut road, agency.party(0), &mut agency.trust.clone())
}

#[test]
fn without_an_admins_word_all_is_offered_again_once_and_nothing_of_it_counts() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (mut officer, mut courier, mut pen) = (MemoryJournal::default(), Courier::default(), Pen::new(&agency, 0, 1));
    let story = pen.story(20);
    keep(&mut officer, &pen, &story);
    travels(&agency, &mut courier, &mut officer, &in_epoch(&agency, 1, Arc::default()));
    let status = |officer: &MemoryJournal| officer.status(&agency.hub.id).unwrap();
    assert_eq!(status(&officer).own[0].received, 20);

    let store = Arc::new(MemoryStore::default());
    let hub = in_epoch(&agency, 2, Arc::clone(&store));
    let red = vec![Trouble::NewEpoch { epoch: 2 }];
    let outcome = travels(&agency, &mut courier, &mut officer, &hub);
    assert_eq!((&outcome.trouble, outcome.handed_over), (&red, 20), "offered again in the pass that found out");
    assert_eq!(block(store.depth()).unwrap().entries, 20);
    let outcome = travels(&agency, &mut courier, &mut officer, &hub);
    assert_eq!(
        (&outcome.trouble, outcome.handed_over),
        (&red, 0),
        "red as long as nobody has spoken, and offered once"
    );
    keep_more(&mut officer, &pen.story(5));
    let outcome = travels(&agency, &mut courier, &mut officer, &hub);
    assert_eq!((&outcome.trouble, outcome.handed_over), (&red, 5));
    assert_eq!(status(&officer).own[0].received, 20, "in an epoch that nobody vouched for nothing is received");
    let words = status(&officer).receipts;
    assert!(words.iter().all(|(receipt, _)| receipt.epoch == 1), "the old receipts stay, as evidence");

    // A word about another hub, or for an epoch before this one, changes nothing; the admin's does.
    let word = |hub, old, new| {
        let reason = "disk lost".to_owned();
        let word = HubEpoch { agency: agency.id(), hub, old, number: 0, hash: Digest::ZERO, new, reason };
        let mut statement = word.propose().unwrap();
        statement.sign(&agency.id(), &agency.root);
        statement.to_bytes()
    };
    assert!(block(hub.keep(&word(agency.actors[1].id, 1, 2))).is_err());
    block(hub.keep(&word(agency.hub.id, 1, 2))).unwrap();
    let outcome = travels(&agency, &mut courier, &mut officer, &hub);
    assert_eq!(
        (&outcome.trouble[..], outcome.documents),
        (&[][..], 1),
        "what it had lost is there again: nothing fell"
    );
    assert_eq!((status(&officer).own[0].received, status(&officer).vouched), (25, 2));
    let next = in_epoch(&agency, 3, Arc::default());
    let outcome = travels(&agency, &mut courier, &mut officer, &next);
    assert_eq!(outcome.trouble, [Trouble::NewEpoch { epoch: 3 }], "one word is for one epoch");
}

/// An admin's word that came before anything could be offered again: the fall shows.
#[test]
fn what_fell_is_told_when_the_epoch_counts() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (mut officer, mut pen) = (MemoryJournal::default(), Pen::new(&agency, 0, 1));
    let story = pen.story(20);
    keep(&mut officer, &pen, &story);
    travels(&agency, &mut Courier::default(), &mut officer, &in_epoch(&agency, 1, Arc::default()));
    let hub = in_epoch(&agency, 2, Arc::default());
    let reason = "disk lost".to_owned();
    let word =
        HubEpoch { agency: agency.id(), hub: agency.hub.id, old: 1, number: 0, hash: Digest::ZERO, new: 2, reason };
    let mut statement = word.propose().unwrap();
    statement.sign(&agency.id(), &agency.root);
    block(hub.keep(&statement.to_bytes())).unwrap();
    let outcome = travels(&agency, &mut Courier::default(), &mut officer, &hub);
    let journal = pen.slot.journal;
    assert_eq!(outcome.trouble, [Trouble::Fell { journal, from: 20, to: 0 }], "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 20, "and it is offered again in the same pass");
}

#[test]
fn a_hub_that_falls_back_again_and_again_is_not_carried_everything_each_time() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (mut officer, mut pen) = (MemoryJournal::default(), Pen::new(&agency, 0, 1));
    let mut story = vec![pen.slip(&[*HQ.as_bytes()])];
    story.extend((0..300).map(|n| pen.note(1, &format!("{n} ").repeat(4_000))));
    keep(&mut officer, &pen, &story);
    let mut courier = Courier::default();
    travels(&agency, &mut courier, &mut officer, &in_epoch(&agency, 1, Arc::default()));
    let (mut carried, mut spent) = (0, 0);
    for epoch in 2..12 {
        let outcome = travels(&agency, &mut courier, &mut officer, &in_epoch(&agency, epoch, Arc::default()));
        assert!(matches!(outcome.end, End::Done), "{outcome:?}");
        carried += outcome.handed_over;
        spent += usize::from(outcome.trouble.iter().any(|it| matches!(it, Trouble::AgainSpent { .. })));
    }
    let status = officer.status(&agency.hub.id).unwrap();
    assert!(
        status.again <= MAX_OFFERED_AGAIN && spent >= 5 && carried < 301 * 10,
        "{} {spent} {carried}",
        status.again
    );
    assert_eq!(status.own[0].received, 301, "what was signed for in the believed epoch stays so");
}
