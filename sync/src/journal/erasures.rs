//! What every journal does when envelopes have to go, own or others'.

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{CaseId, KeyId};
use amanat_keys::row_seal::RowSeal;
use zeroize::Zeroizing;

use super::conformance::{began, keep, suite_of, verified};
use super::*;
use crate::batch::{Item, Why};
use crate::entry::SealedEntry;
use crate::specimen::{Pen, hub, receipt};

const ALL: Limit = Limit::BODY;

fn doomed(entry: &SealedEntry) -> Doomed {
    let EntryRef { device, journal, seq } = entry.at();
    Doomed { device, journal, seq, hash: entry.hash() }
}

fn bare(entry: &SealedEntry) -> SealedEntry {
    SealedEntry { envelope: None, ..entry.clone() }
}

fn all(j: &dyn Journal) -> Vec<SealedEntry> {
    j.entries_after(Cursor::START, ALL).unwrap().entries
}

fn pulled(pen: &Pen, first: u64) -> Pulled {
    Pulled { runs: vec![verified(pen, pen.run(first, |_| true))], quarantine: Vec::new() }
}

fn an_own_entry_loses_its_envelope_and_the_chain_stays_whole(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 4);
    j.append(&keep(&pen.written)).unwrap();
    let other_history = Doomed { hash: pen.written[3].hash(), ..doomed(&pen.written[1]) };
    let beyond = Doomed { seq: 99, ..doomed(&pen.written[1]) };
    let elsewhere = Doomed { journal: Pen::new(9).slot.journal, ..doomed(&pen.written[1]) };
    assert_eq!(j.erase(&[other_history, beyond, elsewhere], &[]).unwrap(), []);
    assert_eq!(all(j), pen.written, "none of these is meant");
    let targets = [doomed(&pen.written[0]), doomed(&pen.written[2])];
    assert_eq!(j.erase(&targets, &[]).unwrap(), [pen.at(1), pen.at(3)]);
    assert_eq!(j.erase(&targets, &[]).unwrap(), [], "once");
    let mut expected = pen.written.clone();
    for at in [0, 2] {
        expected[at] = bare(&expected[at]);
    }
    assert_eq!(all(j), expected);
    // Never handed over: the header goes, and the hub can chain what stands behind it.
    let runs = j.pending(&Wanted::ForHub { hub: hub(), sent: Vec::new() }, ALL).unwrap();
    assert_eq!(runs[0].entries().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(runs[0].head(), pen.run(1, |_| true).head());
    let body = crate::wire::codec::push_body(&pen.slot.agency, &runs);
    let (_, read, whole) = crate::wire::codec::read_push(&body).unwrap();
    assert!(whole && read == runs, "a header without its envelope travels");
    j.file_receipt(&Filing {
        hub: hub(),
        receipts: vec![receipt(&pen, 1, 5)],
        checkpoint: None,
        vouched: 1,
        remember: Default::default(),
        again: 0,
    })
    .unwrap();
    assert_eq!(j.status(&hub()).unwrap().waiting(), 0);
    pen.content(1, 1, b"the journal goes on");
    j.append(&keep(&pen.written[5..])).unwrap();
    assert_eq!(j.next_slot(Line::Cases).unwrap(), pen.slot);
}

fn anothers_entry_is_not_filled_again(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.story(1, 4);
    j.file_pulled(&pulled(&pen, 1)).unwrap();
    j.erase(&[doomed(&pen.written[1])], &[]).unwrap();
    pen.content(1, 1, b"later");
    j.file_pulled(&pulled(&pen, 1)).unwrap();
    let mut expected = pen.written.clone();
    expected[1] = bare(&expected[1]);
    assert_eq!(all(j), expected);
    assert_eq!(j.status(&hub()).unwrap().elided, 0, "it is no place of which only the hash is held");
}

fn a_bare_hash_that_is_filled_with_a_header_stays_without_envelope(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.story(1, 3);
    let hashes = verified(&pen, pen.run(1, |seq| seq != 2));
    j.file_pulled(&Pulled { runs: vec![hashes], quarantine: Vec::new() }).unwrap();
    assert_eq!(j.erase(&[doomed(&pen.written[1])], &[]).unwrap(), [], "there is nothing to drop");
    let mut served = pen.run(1, |_| true);
    served.items[1] = Item::Entry(Box::new(bare(&pen.written[1])));
    j.file_pulled(&Pulled { runs: vec![verified(&pen, served)], quarantine: Vec::new() }).unwrap();
    j.file_pulled(&pulled(&pen, 1)).unwrap();
    assert_eq!(all(j)[1], bare(&pen.written[1]));
}

fn keys_and_notes_go_with_it_and_so_does_what_was_set_aside(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 2);
    j.append(&keep(&pen.written)).unwrap();
    let plain = || Zeroizing::new(b"sixteen bytes key".to_vec());
    let case = CaseId::from_bytes([1; 16]);
    let key = |seq| ShelfRow::case_key(&pen.at(seq), case, KeyId::from_bytes([2; 32]), plain());
    let note = |id: u8| ShelfRow { shelf: Shelf::Notes, key: vec![id; 16], case: None, key_id: None, plain: plain() };
    j.shelve(&[key(1), key(7), note(1), note(2)], &[]).unwrap();
    let aside = |sealed: &SealedEntry| Quarantined { entry: sealed.at(), why: Why::Fork, sealed: sealed.clone() };
    let quarantine = vec![aside(&pen.written[1]), aside(&pen.written[2])];
    j.file_pulled(&Pulled { runs: Vec::new(), quarantine }).unwrap();
    let take = [(Shelf::CaseKeys, key(1).key), (Shelf::Notes, vec![1; 16])];
    j.erase(&[doomed(&pen.written[0]), doomed(&pen.written[1])], &take).unwrap();
    assert_eq!(j.shelf(Shelf::CaseKeys).unwrap(), [key(7)]);
    assert_eq!(j.shelf(Shelf::Notes).unwrap(), [note(2)]);
    let mut left: Vec<_> = j.quarantined().unwrap().into_iter().map(|aside| aside.sealed).collect();
    left.sort_by_key(|sealed| sealed.header.seq);
    assert_eq!(left, [bare(&pen.written[1]), pen.written[2].clone()], "the proof stays, the copy goes");
}

fn the_list_goes_with_whatever_changes_and_stays_with_what_is_added(j: &mut dyn Journal) {
    let row = |shelf, key: &[u8]| ShelfRow {
        shelf,
        key: key.to_vec(),
        case: None,
        key_id: None,
        plain: Zeroizing::new(b"rows".to_vec()),
    };
    let list = |j: &mut dyn Journal| j.shelve(&[row(Shelf::List, b"head"), row(Shelf::List, b"part")], &[]).unwrap();
    let there = |j: &dyn Journal| j.shelf(Shelf::List).unwrap().len();
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 4);
    list(j);
    j.append(&keep(&pen.written)).unwrap();
    let mut other = Pen::stranger(8, 3);
    other.story(1, 5);
    let half = Pulled { runs: vec![verified(&other, other.run(1, |seq| seq % 2 == 0))], quarantine: Vec::new() };
    j.file_pulled(&half).unwrap();
    j.shelve(&[row(Shelf::Drafts, b"draft"), row(Shelf::CaseKeys, b"key")], &[]).unwrap();
    j.shelve(&[], &[(Shelf::Drafts, b"draft".to_vec()), (Shelf::CaseKeys, b"another".to_vec())]).unwrap();
    j.erase(&[Doomed { seq: 99, ..doomed(&pen.written[1]) }], &[]).unwrap();
    assert_eq!(there(j), 2, "nothing that it says has changed");
    j.file_pulled(&Pulled { runs: vec![verified(&other, other.run(2, |seq| seq == 3))], quarantine: Vec::new() })
        .unwrap();
    assert_eq!(there(j), 0, "a place that was filled in");
    list(j);
    j.erase(&[doomed(&pen.written[1])], &[]).unwrap();
    assert_eq!(there(j), 0, "an envelope that went");
    list(j);
    j.shelve(&[], &[(Shelf::CaseKeys, b"key".to_vec())]).unwrap();
    assert_eq!(there(j), 0, "a case key that went");
}

suite_of!(
    an_own_entry_loses_its_envelope_and_the_chain_stays_whole,
    anothers_entry_is_not_filled_again,
    a_bare_hash_that_is_filled_with_a_header_stays_without_envelope,
    keys_and_notes_go_with_it_and_so_does_what_was_set_aside,
    the_list_goes_with_whatever_changes_and_stays_with_what_is_added
);

/// The sealed bytes of an erased row are in no file of the home any more, though another handle is open; those of its
/// neighbours are, and after a restart all of it is as it was left.
#[test]
fn no_file_of_the_home_holds_what_was_erased() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.sqlite");
    let mut journal = SqliteJournal::open(&path, RowSeal::new(&[3; 32])).unwrap();
    let mut pen = Pen::new(1);
    began(&mut journal, &pen);
    for case in 1..20 {
        pen.story(case, 20);
    }
    pen.content(1, 1, &vec![9; 30_000]);
    journal.append(&keep(&pen.written)).unwrap();
    let other = journal.another().unwrap();
    assert_eq!(all(&other).len(), pen.written.len());
    let bodies: Vec<Vec<u8>> = {
        let db = rusqlite::Connection::open(&path).unwrap();
        let mut rows = db.prepare("select body from entries order by place").unwrap();
        let bodies = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        bodies.map(|body| body.unwrap()).collect()
    };
    let holds = |body: &[u8]| {
        let files = std::fs::read_dir(home.path()).unwrap();
        let mut contents = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        // Far enough in that it lies on a page of its own where the row is large.
        let from = body.len() / 2;
        contents.any(|bytes| bytes.windows(24).any(|window| window == &body[from..from + 24]))
    };
    assert!(bodies.iter().all(|body| holds(body)), "found before");
    let targets: Vec<Doomed> = pen.written.iter().filter(|entry| entry.header.seq % 2 == 0).map(doomed).collect();
    assert_eq!(journal.erase(&targets, &[]).unwrap().len(), targets.len());
    for (body, entry) in bodies.iter().zip(&pen.written) {
        assert_eq!(holds(body), entry.header.seq % 2 == 1, "number {}", entry.header.seq);
    }
    drop((journal, other));
    let journal = SqliteJournal::open(&path, RowSeal::new(&[3; 32])).unwrap();
    journal.check().unwrap();
    assert!(all(&journal).iter().all(|entry| entry.envelope.is_some() == (entry.header.seq % 2 == 1)));
}

/// A row that went, or was written over, may stand on in the file and its log; after a scrub it does not, and the others open as before.
#[test]
fn after_a_scrub_no_file_of_the_home_holds_a_row_that_went() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.sqlite");
    let mut journal = SqliteJournal::open(&path, RowSeal::new(&[3; 32])).unwrap();
    let mut pen = Pen::new(1);
    began(&mut journal, &pen);
    pen.story(1, 3);
    journal.append(&keep(&pen.written)).unwrap();
    let draft = |id: u8, byte: u8| ShelfRow::draft([id; 16], Zeroizing::new(vec![byte; 20_000]));
    let body = || {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.query_row("select body from shelf where shelf = 2 and key = ?1", [&[1_u8; 16][..]], |row| {
            row.get::<_, Vec<u8>>(0)
        })
    };
    let mut bodies = Vec::new();
    for byte in 0..12 {
        journal.shelve(&[draft(1, byte), draft(2, 0)], &[]).unwrap();
        bodies.push(body().unwrap());
    }
    journal.shelve(&[], &[(Shelf::Drafts, vec![1; 16])]).unwrap();
    let found = || {
        let files = std::fs::read_dir(home.path()).unwrap();
        let contents: Vec<Vec<u8>> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        let holds = |body: &&Vec<u8>| {
            let piece = &body[10_000..10_024];
            contents.iter().any(|bytes| bytes.windows(24).any(|window| window == piece))
        };
        bodies.iter().filter(holds).count()
    };
    assert!(found() > 0, "deleting alone leaves some of it");
    journal.scrub().unwrap();
    assert_eq!(found(), 0);
    assert_eq!(journal.shelf(Shelf::Drafts).unwrap(), [draft(2, 0)]);
    journal.check().unwrap();
    assert_eq!(all(&journal), pen.written);
    pen.content(1, 1, b"and it goes on");
    journal.append(&keep(&pen.written[pen.written.len() - 1..])).unwrap();
    // While somebody reads it cannot be done, and says so.
    let reading = rusqlite::Connection::open(&path).unwrap();
    reading.execute_batch("begin; select count(*) from entries").unwrap();
    assert!(matches!(journal.scrub(), Err(crate::error::SyncError::StorageBusy)));
    drop(reading);
    journal.scrub().unwrap();
}
