//! What every store must do about attachments: nothing is complete without them, they are told only to those who may have them, and
//! they go with their entry.

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::entry::{EntryRef, Part};
use amanat_sync::wire::parts::PartAt;

use super::conformance::{UNIT, accept, on_disk, place, run};
use super::{Asker, Complete, HubStore, MemoryStore, PartBook, PartHeld, Run, StandIn};

fn part(n: u8) -> Part {
    Part { digest: Digest::of(&[n]), size: 1000 + u64::from(n) }
}

/// Entries of a journal, some of which list attachments: number and attachment.
fn listing(n: u8, first: u64, last: u64, parts: &[(u64, u8)]) -> Run {
    let mut run = run(place(n), first, last, "true");
    for row in &mut run.rows {
        row.parts = parts.iter().filter(|(seq, _)| *seq == row.seq).map(|(_, n)| part(*n)).collect();
    }
    run
}

fn at(n: u8, seq: u64, digest: u8) -> PartAt {
    let (device, journal) = place(n);
    PartAt { entry: EntryRef { device, journal, seq }, digest: part(digest).digest }
}

fn asker(device: u8, readers: &[[u8; 32]]) -> Asker {
    Asker { device: DeviceId::from_bytes([device; 32]), readers: readers.to_vec() }
}

async fn state(store: &dyn HubStore, at: PartAt) -> Option<PartHeld> {
    let author = Asker { device: at.entry.device, readers: Vec::new() };
    store.parts(author, vec![at]).await.unwrap()[0].map(|book| book.state)
}

async fn nothing_is_complete_without_its_attachments(store: &dyn HubStore) {
    let answer = accept(store, listing(1, 1, 8, &[(3, 1), (3, 2), (6, 3)])).await;
    assert_eq!((answer.head.seq, answer.complete), (8, 2));
    let device = place(1).0;
    let held = store.hold_part(device, part(1).digest).await.unwrap();
    assert_eq!(held.iter().map(|held| (held.place, held.complete)).collect::<Vec<_>>(), [(place(1), 2)]);
    assert_eq!(store.hold_part(device, part(1).digest).await.unwrap(), [], "nothing waits for it any more");
    assert_eq!(store.hold_part(place(2).0, part(2).digest).await.unwrap(), [], "another device's is another");
    assert_eq!(store.hold_part(device, part(3).digest).await.unwrap()[0].complete, 2, "a later one opens no gap");
    let held = store.hold_part(device, part(2).digest).await.unwrap();
    assert_eq!((held[0].complete, held[0].head), (8, answer.head));
    assert_eq!(accept(store, listing(1, 9, 9, &[(9, 1)])).await.complete, 9, "the same once more is held at once");
    assert_eq!(accept(store, listing(1, 1, 9, &[])).await.complete, 9, "and offering again takes nothing back");
    assert_eq!(accept(store, listing(1, 10, 11, &[(10, 4)])).await.complete, 9);
}

async fn a_lost_attachment_is_wanted_again(store: &dyn HubStore) {
    let answer = accept(store, listing(6, 1, 4, &[(2, 1), (4, 1), (3, 2)])).await;
    let device = place(6).0;
    assert_eq!(store.lose_part(device, part(1).digest).await.unwrap(), [], "it was never held");
    for n in [1, 2] {
        store.hold_part(device, part(n).digest).await.unwrap();
    }
    assert_eq!(store.incomplete(device).await.unwrap(), []);
    let fell = Complete { place: place(6), head: answer.head, complete: 1 };
    assert_eq!(store.lose_part(device, part(1).digest).await.unwrap(), [fell]);
    assert_eq!(store.lose_part(device, part(1).digest).await.unwrap(), [], "once");
    assert_eq!(store.incomplete(device).await.unwrap(), [fell]);
    assert_eq!(store.incomplete(place(7).0).await.unwrap(), [], "another device's");
    for (seq, n, held) in [(2, 1, PartHeld::Wanted), (4, 1, PartHeld::Wanted), (3, 2, PartHeld::Held)] {
        assert_eq!(state(store, at(6, seq, n)).await, Some(held));
    }
    assert_eq!(store.hold_part(device, part(1).digest).await.unwrap()[0].complete, 4);
    assert_eq!(store.incomplete(device).await.unwrap(), []);
}

/// Empty where its header says that it is not: its author has it no more. Neither that nor what it lists is waited for, and whoever has it
/// may bring it.
async fn what_its_author_let_go_holds_nobody_up(store: &dyn HubStore) {
    let mut bare = listing(8, 1, 6, &[(3, 1), (5, 2)]);
    bare.rows[2].envelope = Some(Vec::new());
    assert_eq!(accept(store, bare.clone()).await.complete, 4, "what is still wanted behind it is");
    let device = place(8).0;
    assert_eq!(store.hold_part(device, part(2).digest).await.unwrap()[0].complete, 6);
    assert_eq!(store.depth().await.unwrap().missing, 0);
    assert_eq!(state(store, at(8, 3, 1)).await, Some(PartHeld::Wanted), "it may come all the same");
    // One that nobody let go, and of which the author then says so.
    let mut stripped = listing(9, 1, 6, &[(2, 4)]);
    stripped.rows[1].envelope = None;
    assert_eq!(accept(store, stripped.clone()).await.complete, 1);
    stripped.rows[1].envelope = Some(Vec::new());
    let again = accept(store, stripped.clone()).await;
    assert_eq!((again.head.seq, again.complete), (6, 6));
    assert_eq!(accept(store, stripped).await.complete, 6, "said twice");
    // Below what is complete, too, and never taken back.
    assert_eq!(accept(store, listing(8, 1, 6, &[(3, 1), (5, 2)])).await.complete, 6, "what it lists is not waited for");
    assert_eq!(accept(store, bare).await.complete, 6);
    assert_eq!(store.hold_part(device, part(1).digest).await.unwrap()[0].complete, 6);
}

async fn an_attachment_is_told_to_its_author_and_the_audience_of_its_slip(store: &dyn HubStore) {
    // 11 to 20 lie under a slip to another unit.
    accept(store, listing(3, 1, 20, &[(5, 1), (15, 2)])).await;
    let asked = vec![at(3, 5, 1), at(3, 15, 2), at(3, 5, 2), at(3, 99, 1), at(4, 5, 1)];
    let told = |may: [bool; 2]| {
        let book = |n: u8, may| Some(PartBook { size: part(n).size, state: PartHeld::Wanted, may });
        vec![book(1, may[0]), book(2, may[1]), None, None, None]
    };
    for (who, may) in [
        (asker(3, &[]), [true, true]),
        (asker(9, &[UNIT]), [true, false]),
        (asker(9, &[[51; 32]]), [false, true]),
        (asker(9, &[]), [false, false]),
    ] {
        assert_eq!(store.parts(who, asked.clone()).await.unwrap(), told(may));
    }
}

async fn attachments_go_with_their_entry_and_not_with_another(store: &dyn HubStore) {
    // 2 and 4 share one; 3 has another; 5 comes after it was erased.
    accept(store, listing(5, 1, 4, &[(2, 1), (4, 1), (3, 2)])).await;
    let device = place(5).0;
    store.hold_part(device, part(1).digest).await.unwrap();
    let doomed = |seq: u64| {
        let (device, journal) = place(5);
        Doomed { device, journal, seq, hash: Digest::of(format!("true header {seq}").as_bytes()) }
    };
    let erase = async |seq: u64, custodian: u8| {
        store.order(vec![doomed(seq)]).await.unwrap();
        let mut stand_in = run(place(custodian), 1, 1, "true");
        stand_in.rows[0].stands_in = Some(StandIn { target: doomed(seq), erases: true });
        accept(store, stand_in).await;
        store.erase(vec![doomed(seq)]).await.unwrap();
    };
    erase(2, 20).await;
    assert_eq!(store.doomed_parts().await.unwrap(), [], "another entry still lists it");
    assert_eq!(state(store, at(5, 2, 1)).await, Some(PartHeld::Gone));
    assert_eq!(state(store, at(5, 4, 1)).await, Some(PartHeld::Held));
    erase(3, 21).await;
    assert_eq!(accept(store, listing(5, 1, 4, &[])).await.complete, 4, "what is erased holds nobody up");
    assert_eq!(store.doomed_parts().await.unwrap(), [(device, part(2).digest)]);
    assert_eq!(store.hold_part(device, part(2).digest).await.unwrap(), [], "what came too late is not held");
    erase(4, 22).await;
    let mut both = vec![(device, part(1).digest), (device, part(2).digest)];
    both.sort();
    let mut due = store.doomed_parts().await.unwrap();
    due.sort();
    assert_eq!(due, both);
    store.parts_gone(both).await.unwrap();
    assert_eq!(store.doomed_parts().await.unwrap(), []);
    erase(5, 23).await;
    let answer = accept(store, listing(5, 5, 6, &[(5, 3)])).await;
    assert_eq!((answer.complete, state(store, at(5, 5, 3)).await), (6, Some(PartHeld::Gone)));
    assert_eq!(store.doomed_parts().await.unwrap(), [], "nothing of it was ever here");
}

macro_rules! suite {
    ($name:ident, $fresh:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn keeps_books_of_attachments() {
                // Held so that a server serves them all.
                let held = $fresh;
                nothing_is_complete_without_its_attachments(&$fresh.1).await;
                what_its_author_let_go_holds_nobody_up(&$fresh.1).await;
                an_attachment_is_told_to_its_author_and_the_audience_of_its_slip(&$fresh.1).await;
                attachments_go_with_their_entry_and_not_with_another(&$fresh.1).await;
                a_lost_attachment_is_wanted_again(&$fresh.1).await;
                drop(held);
            }
        }
    };
}

suite!(memory, (tempfile::tempdir().unwrap(), MemoryStore::default()));
suite!(sqlite, on_disk());
suite!(postgres, super::super::postgres::in_a_server().await);
suite!(shards, super::super::postgres::spread_over_three().await);
