//! What every store must do about erasures, whatever comes first: order, stand-in or the entry itself.
#![expect(clippy::disallowed_methods, reason = "racing needs threads")]

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest};

use super::conformance::{UNIT, accept, on_disk, place, run, sought};
use super::{Due, HubStore, Item, MemoryStore, Place, Run, ServedEntry, SqliteStore, StandIn};

fn doomed(n: u8, seq: u64, story: &str) -> Doomed {
    let (device, journal) = place(n);
    Doomed { device, journal, seq, hash: Digest::of(format!("{story} header {seq}").as_bytes()) }
}

/// Entry 1 of the custodian's journal: it stands in for the target.
fn stand_in(custodian: u8, target: Doomed, erases: bool) -> Run {
    let mut run = run(place(custodian), 1, 1, "true");
    run.rows[0].stands_in = Some(StandIn { target, erases });
    run
}

/// What the hub does after whatever may have made something due; every signer may.
async fn settle(store: &dyn HubStore) {
    let due = store.due().await.unwrap().into_iter().map(|due| due.target).collect();
    store.erase(due).await.unwrap();
}

/// Which envelopes of a journal are served: every place must be served with its header, those that are erased too.
async fn envelopes(store: &dyn HubStore, at: Place) -> BTreeMap<u64, bool> {
    let page = store.page(sought(99, vec![UNIT])).await.unwrap();
    let piece = page.pieces.into_iter().find(|piece| piece.place == at).expect("the journal is served");
    let whole = |(seq, item)| match item {
        Item::Entry(ServedEntry { envelope, header, signature, .. }) => {
            assert!(!header.is_empty() && signature == [7; 64], "header and signature of {seq} stay");
            Some((seq, envelope.is_some()))
        }
        Item::Elided(_) => None,
    };
    (piece.first..).zip(piece.items).filter_map(whole).collect()
}

async fn neither_alone_erases(store: &dyn HubStore) {
    accept(store, run(place(1), 1, 5, "true")).await;
    store.order(vec![doomed(1, 2, "true"), doomed(1, 3, "other")]).await.unwrap();
    accept(store, stand_in(20, doomed(1, 4, "true"), true)).await;
    settle(store).await;
    assert_eq!(store.due().await.unwrap(), [], "an order without stand-in, and the other way round");
    accept(store, stand_in(21, doomed(1, 3, "true"), true)).await;
    settle(store).await;
    assert!(envelopes(store, place(1)).await.values().all(|there| *there), "another header is not meant");
    accept(store, stand_in(22, doomed(1, 2, "true"), false)).await;
    assert_eq!(store.due().await.unwrap(), [], "a reseal is no erasure");
    accept(store, stand_in(23, doomed(1, 2, "true"), true)).await;
    let due = Due { target: doomed(1, 2, "true"), signer: DeviceId::from_bytes([23; 32]) };
    assert_eq!(store.due().await.unwrap(), [due]);
    assert!(envelopes(store, place(1)).await[&2], "what is due waits for the roster's word");
    settle(store).await;
    let expected = BTreeMap::from([(1, true), (2, false), (3, true), (4, true), (5, true)]);
    assert_eq!(envelopes(store, place(1)).await, expected);
    assert_eq!(store.due().await.unwrap(), []);
    let depth = store.depth().await.unwrap();
    assert_eq!((depth.erased, depth.missing), (1, 0), "erased is not missing");
}

async fn every_order_of_arrival_ends_the_same(store: &dyn HubStore) {
    for (n, steps) in (30..).zip([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
        for step in steps {
            match step {
                0 => {
                    accept(store, run(place(n), 1, 5, "true")).await;
                }
                1 => store.order(vec![doomed(n, 1, "true"), doomed(n, 3, "true")]).await.unwrap(),
                _ => {
                    accept(store, stand_in(n + 50, doomed(n, 3, "true"), true)).await;
                }
            }
            settle(store).await;
        }
        let expected = BTreeMap::from([(1, true), (2, true), (3, false), (4, true), (5, true)]);
        assert_eq!(envelopes(store, place(n)).await, expected, "{steps:?}");
        let again = accept(store, run(place(n), 1, 7, "true")).await;
        assert_eq!((again.head.seq, again.complete), (7, 7), "{steps:?}: complete goes on past it");
        assert!(!envelopes(store, place(n)).await[&3], "{steps:?}: an un-erase");
    }
}

async fn what_was_missing_and_is_erased_holds_nobody_up(store: &dyn HubStore) {
    let mut damaged = run(place(90), 1, 5, "true");
    damaged.rows[1].envelope = None;
    damaged.rows[2].envelope = None;
    assert_eq!(accept(store, damaged).await.complete, 1);
    store.order(vec![doomed(90, 3, "true"), doomed(90, 4, "true")]).await.unwrap();
    for (custodian, seq) in [(91, 3), (93, 4)] {
        accept(store, stand_in(custodian, doomed(90, seq, "true"), true)).await;
    }
    settle(store).await;
    assert_eq!(
        accept(store, run(place(90), 3, 6, "true")).await.complete,
        1,
        "number 2 is missing, and no order names it"
    );
    let there = envelopes(store, place(90)).await;
    assert!(!there[&3] && !there[&4], "below what is complete nothing comes back either");
    assert_eq!(accept(store, run(place(90), 2, 2, "true")).await.complete, 6);
    accept(store, stand_in(92, doomed(90, 3, "true"), false)).await;
    assert!(!envelopes(store, place(92)).await[&1], "its content in a new envelope is not kept either");
    assert_eq!(store.depth().await.unwrap().missing, 0);
}

/// Twelve threads: four push the same journal over and over, four bring stand-ins, four orders; each settles as the hub does.
/// Afterwards every target is erased, nothing else is, and what is pushed once more changes nothing.
fn races_erase_all_of_it_and_nothing_else(runtime: &tokio::runtime::Runtime, store: Arc<dyn HubStore>) {
    let start = Arc::new(Barrier::new(12));
    let targets: Vec<u64> = (1..=60).filter(|seq| seq % 3 == 0).collect();
    let threads: Vec<_> = (0..12_u8)
        .map(|n| {
            let (store, start, targets) = (Arc::clone(&store), Arc::clone(&start), targets.clone());
            let runtime = runtime.handle().clone();
            std::thread::spawn(move || {
                let (kind, part) = (n / 4, u64::from(n % 4));
                let mine = targets.iter().copied().filter(move |seq| seq / 3 % 4 == part);
                start.wait();
                runtime.block_on(async {
                    match kind {
                        0 => {
                            for step in 0..10 {
                                accept(&*store, run(place(100), step * 5 + 1, step * 5 + 10, "true")).await;
                            }
                        }
                        1 => {
                            let mut stand_ins =
                                run(place(110 + n), 1, u64::try_from(mine.clone().count()).unwrap(), "true");
                            for (row, seq) in stand_ins.rows.iter_mut().zip(mine) {
                                row.stands_in = Some(StandIn { target: doomed(100, seq, "true"), erases: true });
                            }
                            accept(&*store, stand_ins).await;
                            settle(&*store).await;
                        }
                        _ => {
                            for seq in mine {
                                store.order(vec![doomed(100, seq, "true")]).await.unwrap();
                                settle(&*store).await;
                            }
                        }
                    }
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    runtime.block_on(async {
        let again = accept(&*store, run(place(100), 1, 60, "true")).await;
        assert_eq!((again.head.seq, again.complete), (60, 60));
        let there = envelopes(&*store, place(100)).await;
        let readable = (1..=60_u64).filter(|seq| (seq - 1) / 10 % 2 == 0);
        assert_eq!(there, readable.map(|seq| (seq, seq % 3 != 0)).collect());
        assert_eq!(store.due().await.unwrap(), []);
        assert_eq!(store.depth().await.unwrap().erased, 20);
    });
}

/// No order names it: a stand-in holds the same. It is neither missing nor erased, comes back with no push, and may be replaced again.
async fn what_a_stand_in_replaces_goes_and_is_not_missing(store: &dyn HubStore) {
    accept(store, run(place(1), 1, 5, "true")).await;
    accept(store, stand_in(20, doomed(1, 2, "true"), false)).await;
    store.erase(vec![doomed(1, 2, "true"), doomed(1, 4, "other")]).await.unwrap();
    let there = envelopes(store, place(1)).await;
    assert_eq!(there.values().filter(|there| !**there).count(), 1, "only what is meant: {there:?}");
    assert!(!there[&2]);
    assert_eq!(accept(store, run(place(1), 1, 6, "true")).await.complete, 6, "it holds nobody up");
    assert!(!envelopes(store, place(1)).await[&2], "a push brings it back no more");
    let depth = store.depth().await.unwrap();
    assert_eq!((depth.missing, depth.erased), (0, 0));
    accept(store, stand_in(21, doomed(1, 2, "true"), false)).await;
    assert!(envelopes(store, place(21)).await[&1], "what stands in for it next is kept");
}

macro_rules! suite {
    ($name:ident, $fresh:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn erases() {
                // Held so that a server serves them all.
                let held = $fresh;
                neither_alone_erases(&$fresh.1).await;
                every_order_of_arrival_ends_the_same(&$fresh.1).await;
                what_was_missing_and_is_erased_holds_nobody_up(&$fresh.1).await;
                what_a_stand_in_replaces_goes_and_is_not_missing(&$fresh.1).await;
                drop(held);
            }

            #[test]
            fn races() {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
                let (folder, store) = runtime.block_on(async { $fresh });
                races_erase_all_of_it_and_nothing_else(&runtime, Arc::new(store));
                // The connections first, then what they lead to.
                drop(runtime);
                drop(folder);
            }
        }
    };
}

suite!(memory, (tempfile::tempdir().unwrap(), MemoryStore::default()));
suite!(sqlite, on_disk());
suite!(postgres, super::super::postgres::in_a_server().await);
suite!(shards, super::super::postgres::spread_over_three().await);

/// The bytes of an erased envelope are in no file of the store any more; those of its neighbours are.
#[tokio::test]
async fn no_file_of_the_store_holds_what_was_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("hub.sqlite")).unwrap();
    for n in 1..20 {
        accept(&store, run(place(n), 1, 30, "true")).await;
    }
    let envelope =
        |seq: u64, at: Place| format!("ciphertext {seq} of {:?} ", at.0).repeat(40 * usize::try_from(seq).unwrap());
    let mut marked = run(place(40), 1, 30, "true");
    for row in &mut marked.rows {
        row.envelope = Some(envelope(row.seq, place(40)).into_bytes());
    }
    accept(&store, marked).await;
    let holds = |seq: u64| {
        let wanted = format!("ciphertext {seq} of {:?} ", place(40).0);
        let files = std::fs::read_dir(folder.path()).unwrap();
        let mut contents = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        contents.any(|bytes| bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes()))
    };
    assert!((1..=30).all(holds), "found before");
    let targets: Vec<Doomed> = (1..=30).filter(|seq| seq % 2 == 0).map(|seq| doomed(40, seq, "true")).collect();
    store.order(targets.clone()).await.unwrap();
    store.erase(targets).await.unwrap();
    for seq in 1..=30 {
        assert_eq!(holds(seq), seq % 2 == 1, "number {seq}");
    }
}
