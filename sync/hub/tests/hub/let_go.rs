//! Entries that came without their envelope: by whom decides whether anybody is waited for.

use std::sync::Arc;

use amanat_hub::Hub;
use amanat_hub::store::{HubStore as _, MemoryStore};
use amanat_keys::erasure::Doomed;
use amanat_sync::batch::{Item, Run};
use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::{Journal, MemoryJournal};

use super::attachments::{Desk, hub_with, in_folder};
use super::carrying::block;
use super::distrust::push;
use super::support::*;

/// What a reader at headquarters is given: the numbers of all entries, and of those that come whole.
fn served(agency: &Agency, hub: &Arc<Hub>) -> (Vec<u64>, Vec<u64>) {
    let mut reader = MemoryJournal::default();
    let mut road = Road::new(agency, hub, 3);
    let outcome = pass(&mut Courier::default(), &mut reader, &mut road, agency.party(3), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    let all = reader.entries_after(amanat_sync::journal::Cursor::START, amanat_sync::batch::Limit::BODY).unwrap();
    let whole = all.entries.iter().filter(|entry| entry.envelope.is_some()).map(|entry| entry.header.seq);
    (all.entries.iter().map(|entry| entry.header.seq).collect(), whole.collect())
}

fn doomed(entry: &SealedEntry) -> Doomed {
    let (device, journal) = (entry.header.device, entry.header.journal);
    Doomed { device, journal, seq: entry.header.seq, hash: entry.hash() }
}

#[test]
fn what_an_author_let_go_by_right_holds_no_receipt_back_and_whoever_has_it_fills_it_again() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (folder, store) = (tempfile::tempdir().unwrap(), Arc::new(MemoryStore::default()));
    // Restored from a backup that is older than all of it.
    let hub = block(hub_with(&agency, store.clone(), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let (went, here) = (desk.seal(b"a scan that went"), desk.seal(b"a scan that is here"));
    let first = desk.attach(&[went]);
    desk.attach(&[here]);
    let story = desk.journal.pending(
        &amanat_sync::journal::Wanted::After { device: first.header.device, journal: first.header.journal, seq: 0 },
        amanat_sync::batch::Limit::BODY,
    );
    let story: Vec<SealedEntry> = story.unwrap()[0].entries().cloned().collect();
    // Retention: a reader at headquarters opened it long ago, so it went from here, and what it lists with it.
    desk.journal.erase(&[doomed(&first)], &[]).unwrap();
    desk.files.remove(&went.digest).unwrap();
    desk.carry(&agency, &mut Road::new(&agency, &hub, 0));
    assert_eq!(desk.standing(&agency), (4, 4), "the attachment behind it counts as held");
    assert_eq!(served(&agency, &hub), (vec![1, 2, 3, 4], vec![1, 3, 4]));
    assert_eq!(block(store.depth()).unwrap().missing, 0, "nobody is waited for");
    push(&agency, &hub, 2, &story[..2]);
    assert_eq!(served(&agency, &hub).1, [1, 2, 3, 4], "who has it may bring it");
    assert_eq!(desk.travel(&agency, &mut Road::new(&agency, &hub, 0)).parts.left, 0);
    assert_eq!(desk.standing(&agency), (4, 4), "what it lists may come too, and holds nothing back");
}

#[test]
fn what_a_carrier_brought_without_its_envelope_is_waited_for_and_its_author_offers_it_again() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (folder, store) = (tempfile::tempdir().unwrap(), Arc::new(MemoryStore::default()));
    let hub = block(hub_with(&agency, store.clone(), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let mut story = vec![desk.pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()])];
    // So large that the hub is asked first where it is.
    story.push(desk.pen.note(1, &"x".repeat(9_000)));
    story.push(desk.pen.note(1, "behind it"));
    desk.keep(&story);
    let mut stripped = story.clone();
    stripped[1].envelope = None;
    push(&agency, &hub, 2, &stripped);
    assert_eq!(block(store.depth()).unwrap().missing, 1);
    assert_eq!(served(&agency, &hub).1, [1, 3]);
    let mut road = Road::new(&agency, &hub, 0);
    let outcome = desk.travel(&agency, &mut road);
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!(desk.standing(&agency), (3, 3));
    assert_eq!(block(store.depth()).unwrap().missing, 0);
    assert_eq!(served(&agency, &hub).1, [1, 2, 3]);
}

#[test]
fn an_author_that_has_no_content_any_more_says_so_of_what_somebody_brought_without_it() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (folder, store) = (tempfile::tempdir().unwrap(), Arc::new(MemoryStore::default()));
    let hub = block(hub_with(&agency, store.clone(), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let mut story = vec![desk.pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()])];
    story.extend((0..40).map(|n| desk.pen.note(1, &format!("{n} {}", "x".repeat(900)))));
    desk.keep(&story);
    let bare = |entry: &SealedEntry| Item::Entry(Box::new(SealedEntry { envelope: None, ..entry.clone() }));
    let all = Run { items: story.iter().map(bare).collect(), ..run(&story) };
    let body = amanat_sync::wire::codec::push_body(&agency.id(), &[all]);
    assert_eq!(block(Client::new(&agency, 2, "/v1/push").send(&hub, &body)).status, 200);
    assert_eq!(block(store.depth()).unwrap().missing, 41);
    desk.journal.erase(&story[5..30].iter().map(doomed).collect::<Vec<_>>(), &[]).unwrap();
    let mut road = Road::new(&agency, &hub, 0);
    road.room = 1 << 20;
    let mut passes = 0;
    while desk.standing(&agency).1 < 41 {
        let outcome = desk.travel(&agency, &mut road);
        assert!(matches!(outcome.end, End::Done), "{outcome:?}");
        passes += 1;
        assert!(passes < 5, "{:?}", desk.standing(&agency));
    }
    let (all, whole) = served(&agency, &hub);
    assert_eq!((all.len(), whole.len()), (41, 16));
}
