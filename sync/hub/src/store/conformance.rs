//! What every store must do, written once and run on each, with real threads racing where order could matter.
#![expect(clippy::disallowed_methods, reason = "racing needs threads")]

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_sync::chain::{self, Stretch, Verdict};
use amanat_sync::documents::{Document, DocumentKind};
use tokio::runtime::Runtime;

use super::{
    Accepted, Grant, HubStore, Item, KeptCheckpoint, MemoryStore, Page, Place, ReaderId, Row, Run, Sought, SqliteStore,
    StoreFault,
};

const AGENCY: AgencyId = AgencyId::from_bytes([9; 32]);
pub(super) const UNIT: ReaderId = [50; 32];
const OTHER_UNIT: ReaderId = [51; 32];

pub(super) fn place(n: u8) -> Place {
    (DeviceId::from_bytes([n; 32]), JournalId::from_bytes([n; 16]))
}

fn root(place: &Place) -> Digest {
    chain::link0(&AGENCY, &place.0, &place.1)
}

/// Entries `first..=last` of a journal: every tenth is a slip to UNIT, or to OTHER_UNIT where its number divides by twenty.
/// `story` makes another history.
pub(super) fn run(place: Place, first: u64, last: u64, story: &str) -> Run {
    let header = |seq: u64| format!("{story} header {seq}").into_bytes();
    let before = (1..first).fold(root(&place), |at, seq| chain::link(&at, &Digest::of(&header(seq))));
    let rows: Vec<Row> = (first..=last)
        .map(|seq| {
            let slip = (seq - 1) / 10 * 10 + 1;
            let reader = if slip % 20 == 1 { UNIT } else { OTHER_UNIT };
            let readers = if seq == slip { vec![Grant { reader, place, slip }] } else { Vec::new() };
            let envelope = Some(format!("envelope {seq} ").repeat(20).into_bytes());
            Row {
                seq,
                slip,
                readers,
                header: header(seq),
                signature: [7; 64],
                envelope,
                stands_in: None,
                parts: Vec::new(),
            }
        })
        .collect();
    let hashes = rows.iter().map(|row| Digest::of(&row.header)).collect();
    Run { place, root: root(&place), stretch: Stretch { first, before, hashes }, rows }
}

pub(super) async fn accept(store: &dyn HubStore, run: Run) -> Accepted {
    store.accept(vec![run]).await.unwrap().pop().unwrap()
}

pub(super) fn sought(device: u8, readers: Vec<ReaderId>) -> Sought {
    let device = DeviceId::from_bytes([device; 32]);
    Sought { agency: AGENCY, device, readers, held: BTreeMap::new(), again: Vec::new(), bytes: 1 << 20 }
}

/// Whole entries of a page as (place, number), hashes left out; each piece's chain must verify against what was written.
pub(super) fn served(page: &Page, story: &str) -> Vec<(Place, u64)> {
    let mut found = Vec::new();
    for piece in &page.pieces {
        let mut link = piece.before;
        for (seq, item) in (piece.first..).zip(&piece.items) {
            let hash = match item {
                Item::Entry(entry) => {
                    found.push((piece.place, seq));
                    Digest::of(&entry.header)
                }
                Item::Elided(hash) => *hash,
            };
            assert_eq!(hash, Digest::of(format!("{story} header {seq}").as_bytes()));
            link = chain::link(&link, &hash);
        }
        let last = piece.first + u64::try_from(piece.items.len()).unwrap() - 1;
        assert_eq!(link, run(piece.place, 1, last, story).stretch.head().link);
        assert!(matches!(piece.items.last(), Some(Item::Entry(_))), "nothing is told behind the last entry served");
    }
    found
}

async fn keeps_and_answers_again(store: &dyn HubStore) {
    let first = accept(store, run(place(1), 1, 10, "true")).await;
    assert!(matches!(first.verdict, Verdict::Accepted { held: 0, head } if head.seq == 10));
    assert_eq!(first.complete, 10);
    let again = accept(store, run(place(1), 1, 10, "true")).await;
    assert_eq!(again.verdict, Verdict::AlreadyHeld { head: first.head });
    let overlap = accept(store, run(place(1), 6, 25, "true")).await;
    assert!(matches!(overlap.verdict, Verdict::Accepted { held: 5, head } if head.seq == 25));
    let gap = accept(store, run(place(1), 27, 30, "true")).await;
    assert_eq!(gap.verdict, Verdict::Gap { head: overlap.head });
    let unknown = accept(store, run(place(2), 5, 6, "true")).await;
    assert!(matches!(unknown.verdict, Verdict::Gap { head } if head.seq == 0));
    let ledger = store.ledger().await.unwrap();
    assert_eq!(ledger.heads, BTreeMap::from([(place(1), overlap.head)]), "a gap leaves no journal behind");
    assert_eq!(overlap.head, run(place(1), 1, 25, "true").stretch.head());
}

async fn a_fork_is_told_and_its_evidence_kept(store: &dyn HubStore) {
    let held = accept(store, run(place(3), 1, 5, "true")).await;
    for forked in [run(place(3), 4, 6, "other"), run(place(3), 6, 7, "other"), run(place(3), 1, 2, "other")] {
        let answer = accept(store, forked).await;
        assert!(matches!(answer.verdict, Verdict::Fork { .. }), "{:?}", answer.verdict);
        assert_eq!(answer.head, held.head);
    }
    assert_eq!(store.depth().await.unwrap().evidence, 6, "numbers 4, 5, 6, 7, 1 and 2, none twice");
    let flood = accept(store, run(place(3), 1, 2_000, "flood")).await;
    assert!(matches!(flood.verdict, Verdict::Fork { .. }));
    let evidence = store.depth().await.unwrap().evidence;
    assert_eq!(evidence, u64::from(crate::limits::EVIDENCE_PER_DEVICE), "evidence cannot fill a disk");
}

async fn a_damaged_envelope_is_filled_later(store: &dyn HubStore) {
    let mut damaged = run(place(4), 1, 5, "true");
    damaged.rows[2].envelope = None;
    let answer = accept(store, damaged).await;
    assert_eq!((answer.head.seq, answer.complete), (5, 2));
    assert_eq!(accept(store, run(place(4), 6, 8, "true")).await.complete, 2);
    assert_eq!(store.depth().await.unwrap().missing, 1);
    let answer = accept(store, run(place(4), 3, 3, "true")).await;
    assert!(matches!(answer.verdict, Verdict::AlreadyHeld { .. }));
    assert_eq!(answer.complete, 8);
    assert_eq!(store.depth().await.unwrap().missing, 0);
}

async fn serves_only_what_an_audience_names(store: &dyn HubStore) {
    for n in 5..8 {
        accept(store, run(place(n), 1, 45, "true")).await;
    }
    let page = store.page(sought(99, vec![UNIT])).await.unwrap();
    let expected: Vec<(Place, u64)> = (5..8)
        .flat_map(|n| (1..=45_u64).filter(|seq| (seq - 1) / 10 % 2 == 0).map(move |seq| (place(n), seq)))
        .collect();
    assert_eq!(served(&page, "true"), expected);
    assert!(!page.more);
    let none = store.page(sought(99, vec![[1; 32]])).await.unwrap();
    assert_eq!(none, Page::default(), "who is in no audience hears not even of hashes");
    let own = store.page(sought(6, vec![[6; 32]])).await.unwrap();
    assert_eq!(served(&own, "true"), (1..=45).map(|seq| (place(6), seq)).collect::<Vec<_>>());
    let other = store.page(sought(99, vec![OTHER_UNIT])).await.unwrap();
    assert!(other.pieces.iter().all(|piece| piece.items.len() == 40), "what lies behind the last is not told");
}

async fn pages_end_and_lose_nothing(store: &dyn HubStore) {
    for n in 8..11 {
        accept(store, run(place(n), 1, 45, "true")).await;
    }
    let whole = served(&store.page(sought(99, vec![UNIT])).await.unwrap(), "true");
    let mut asked = Sought { bytes: 2_000, ..sought(99, vec![UNIT]) };
    let (mut got, mut pages) = (Vec::new(), 0);
    loop {
        let page = store.page(asked.clone()).await.unwrap();
        got.extend(served(&page, "true"));
        for piece in &page.pieces {
            asked.held.insert(piece.place, piece.first + u64::try_from(piece.items.len()).unwrap() - 1);
        }
        pages += 1;
        assert!(pages < 200, "no progress");
        if !page.more {
            break;
        }
    }
    assert_eq!(got, whole);
    assert!(pages > 10);
    let again = Sought { again: vec![(place(8), 21, 30)], ..asked };
    let again = store.page(Sought { bytes: 1 << 20, ..again }).await.unwrap();
    assert_eq!(served(&again, "true"), (21..=30).map(|seq| (place(8), seq)).collect::<Vec<_>>());
}

async fn a_grant_opens_another_journal(store: &dyn HubStore) {
    accept(store, run(place(12), 1, 10, "true")).await;
    let newcomer: ReaderId = [77; 32];
    assert_eq!(store.page(sought(99, vec![newcomer])).await.unwrap(), Page::default());
    let mut grant = run(place(13), 1, 1, "true");
    grant.rows[0].readers = vec![Grant { reader: newcomer, place: place(12), slip: 1 }];
    accept(store, grant).await;
    let page = store.page(sought(99, vec![newcomer])).await.unwrap();
    assert_eq!(served(&page, "true"), (1..=10).map(|seq| (place(12), seq)).collect::<Vec<_>>());
}

async fn several_devices_in_one_push(store: &dyn HubStore) {
    let runs = vec![
        run(place(21), 1, 5, "true"),
        run(place(20), 1, 9, "true"),
        run(place(22), 3, 4, "true"),
        run(place(21), 4, 8, "true"),
        run(place(20), 9, 9, "other"),
    ];
    let places: Vec<Place> = runs.iter().map(|run| run.place).collect();
    let answers = store.accept(runs).await.unwrap();
    assert_eq!(answers.iter().map(|answer| answer.place).collect::<Vec<_>>(), places, "answered in the order asked");
    assert!(matches!(answers[0].verdict, Verdict::Accepted { held: 0, head } if head.seq == 5));
    assert!(matches!(answers[1].verdict, Verdict::Accepted { held: 0, head } if head.seq == 9));
    assert!(matches!(answers[2].verdict, Verdict::Gap { head } if head.seq == 0));
    assert!(matches!(answers[3].verdict, Verdict::Accepted { held: 2, head } if head.seq == 8), "the first run counts");
    assert!(matches!(answers[4].verdict, Verdict::Fork { .. }));
    assert_eq!(store.accept(Vec::new()).await.unwrap(), Vec::new());
}

async fn checkpoints_and_documents_are_kept_once(store: &dyn HubStore) {
    assert_eq!(store.ledger().await.unwrap().newest, None);
    let checkpoint = |epoch, number, text: &str| KeptCheckpoint { epoch, number, statement: text.into() };
    for kept in [checkpoint(1, 9, "a"), checkpoint(1, 10, "b"), checkpoint(1, 10, "b"), checkpoint(2, 1, "c")] {
        store.keep_checkpoint(kept).await.unwrap();
    }
    let other = store.keep_checkpoint(checkpoint(2, 1, "d")).await;
    assert!(matches!(other, Err(StoreFault::Damaged(_))), "two checkpoints of one number");
    assert_eq!(store.ledger().await.unwrap().newest, Some(checkpoint(2, 1, "c")));

    let of = |kind, about: u8, version, text: &str| Document {
        kind,
        about: Digest::from_bytes([about; 32]),
        version,
        bytes: text.into(),
    };
    let document = |about, version, text| of(DocumentKind::Roster, about, version, text);
    for version in [2, 1, 3] {
        assert!(store.keep_document(document(1, version, "x")).await.unwrap());
    }
    assert!(store.keep_document(document(1, 2, "x")).await.unwrap(), "the same again is harmless");
    assert!(!store.keep_document(document(1, 2, "y")).await.unwrap(), "the first stays");
    store.keep_document(document(2, 7, "z")).await.unwrap();
    let found = store.documents(DocumentKind::Roster, 2, 1).await.unwrap();
    assert_eq!(found, vec![document(1, 2, "x"), document(2, 7, "z")]);
    assert_eq!(store.documents(DocumentKind::Codebook, 0, 9).await.unwrap(), Vec::new());

    let word = |about, version, text| of(DocumentKind::RotationCertificate, about, version, text);
    for (about, version) in [(1, 2), (2, 1), (1, 5), (1, 3), (1, 5)] {
        assert!(store.keep_document(word(about, version, "x")).await.unwrap());
    }
    assert!(!store.keep_document(word(1, 5, "y")).await.unwrap(), "the first stays");
    let found = store.documents(DocumentKind::RotationCertificate, 0, 9).await.unwrap();
    assert_eq!(found, vec![word(1, 5, "x"), word(2, 1, "x")], "of a kind without history the newest alone");
    assert_eq!(store.documents(DocumentKind::Roster, 0, 9).await.unwrap().len(), 4, "and nothing of another kind goes");
}

/// Sixteen threads: eight offer the same journal in overlapping runs, eight each their own. Every answer is a verdict of
/// the law, and afterwards all is there once.
fn races_keep_the_law(runtime: &Runtime, store: Arc<dyn HubStore>) {
    let start = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (0..16_u8)
        .map(|n| {
            let (store, start, runtime) = (Arc::clone(&store), Arc::clone(&start), runtime.handle().clone());
            std::thread::spawn(move || {
                let mine = if n < 8 { place(100) } else { place(100 + n) };
                start.wait();
                for step in 0..20_u64 {
                    let answer = runtime.block_on(accept(&*store, run(mine, step * 5 + 1, step * 5 + 8, "true")));
                    assert!(matches!(answer.verdict, Verdict::Accepted { .. } | Verdict::AlreadyHeld { .. }));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let (ledger, depth) = runtime.block_on(async { (store.ledger().await.unwrap(), store.depth().await.unwrap()) });
    assert_eq!((depth.journals, depth.entries, depth.evidence), (9, 9 * 103, 0));
    for (place, head) in ledger.heads {
        assert_eq!(head, run(place, 1, 103, "true").stretch.head());
    }
}

/// One thread writes a journal entry by entry while three others let newcomers in by its slips: whoever is let in is served all that
/// ever comes under the slip, whichever came first.
fn grants_race_with_what_they_open(runtime: &Runtime, store: Arc<dyn HubStore>) {
    const LAST: u64 = 60;
    let start = Arc::new(Barrier::new(4));
    let newcomer = |n: u8| -> ReaderId { [200 + n; 32] };
    let threads: Vec<_> = (0..4_u8)
        .map(|n| {
            let (store, start, runtime) = (Arc::clone(&store), Arc::clone(&start), runtime.handle().clone());
            std::thread::spawn(move || {
                start.wait();
                for seq in 1..=LAST {
                    let mut entry = run(place(150 + n), seq, seq, "true");
                    if n > 0 && seq % 10 == 1 {
                        entry.rows[0].readers = vec![Grant { reader: newcomer(n), place: place(150), slip: seq }];
                    }
                    let answer = runtime.block_on(accept(&*store, entry));
                    assert!(matches!(answer.verdict, Verdict::Accepted { held: 0, .. }));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    for n in 1..4 {
        let page = runtime.block_on(store.page(sought(99, vec![newcomer(n)]))).unwrap();
        assert_eq!(served(&page, "true"), (1..=LAST).map(|seq| (place(150), seq)).collect::<Vec<_>>(), "newcomer {n}");
    }
}

macro_rules! suite {
    ($name:ident, $fresh:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn behaves() {
                // Held so that a server serves them all.
                let held = $fresh;
                keeps_and_answers_again(&$fresh.1).await;
                a_fork_is_told_and_its_evidence_kept(&$fresh.1).await;
                a_damaged_envelope_is_filled_later(&$fresh.1).await;
                serves_only_what_an_audience_names(&$fresh.1).await;
                pages_end_and_lose_nothing(&$fresh.1).await;
                a_grant_opens_another_journal(&$fresh.1).await;
                several_devices_in_one_push(&$fresh.1).await;
                checkpoints_and_documents_are_kept_once(&$fresh.1).await;
                drop(held);
            }

            #[test]
            fn races() {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
                let (folder, store) = runtime.block_on(async { $fresh });
                let store: Arc<dyn HubStore> = Arc::new(store);
                races_keep_the_law(&runtime, Arc::clone(&store));
                grants_race_with_what_they_open(&runtime, store);
                // The connections first, then what they lead to.
                drop(runtime);
                drop(folder);
            }
        }
    };
}

pub(super) fn on_disk() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("hub.sqlite")).unwrap();
    (folder, store)
}

suite!(memory, (tempfile::tempdir().unwrap(), MemoryStore::default()));
suite!(sqlite, on_disk());
suite!(postgres, super::super::postgres::in_a_server().await);
suite!(shards, super::super::postgres::spread_over_three().await);

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    let answer = accept(&store, run(place(1), 1, 10, "true")).await;
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.ledger().await.unwrap().heads, BTreeMap::from([(place(1), answer.head)]));
    drop(store);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert!(matches!(SqliteStore::open(&path), Err(StoreFault::TooNew { found: 99, known: 3 })));
}
