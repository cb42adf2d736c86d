//! What *kept* costs: `Journal::append` beside a bare SQLite commit of the same bytes (WAL, FULL, one row in, one row out), the
//! two in turn on the same disk in the same minute; then how fast the rows come back at unlock.
//!
//! `cargo bench -p amanat-sync --bench keep -- [--n 2000] [--rows 64000] [--bytes 1024] [--dir D]`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;

use std::time::Duration;

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, CaseId, Digest, JournalId, KeyId};
use amanat_keys::row_seal::{self, RowSeal};
use amanat_sync::batch::Limit;
use amanat_sync::entry::{Header, Kind, Reader, RosterSeen, SealedEntry, Slot};
use amanat_sync::journal::{Cursor, Journal, Keep, Line, NewJournal, Shelf, ShelfRow, SqliteJournal};
use figure::{Figure, Goal, Spread, number, timed};
use rusqlite::{Connection, TransactionBehavior};
use zeroize::Zeroizing;

fn main() {
    let (n, rows, bytes) = (number("--n", 2_000), number("--rows", 64_000), number("--bytes", 1_024));
    let home = tempfile::tempdir_in(figure::folder()).unwrap();
    let seal = RowSeal::new(&[7; 32]);
    println!(
        "keep: {n} commits of one entry of {bytes} bytes and one draft gone, in turn; then {rows} rows read and opened"
    );
    keep(&home.path().join("journal.sqlite"), &home.path().join("bare.sqlite"), &seal, n, bytes);
    replay(&home.path().join("replay.sqlite"), &seal, rows, bytes);
}

fn keep(path: &std::path::Path, bare_path: &std::path::Path, seal: &RowSeal, n: usize, bytes: usize) {
    let mut writer = Writer::new();
    let mut journal = SqliteJournal::open(path, seal.clone()).unwrap();
    journal.begin(&writer.new_journal()).unwrap();
    journal.append(&Keep { entries: vec![writer.slip()], ..Keep::default() }).unwrap();
    let drafts: Vec<ShelfRow> = (0..n).map(|i| ShelfRow::draft(id(i), Zeroizing::new(vec![1; bytes]))).collect();
    journal.shelve(&drafts, &[]).unwrap();

    let mut bare = Connection::open(bare_path).unwrap();
    bare.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table entries (id integer primary key, body blob not null);
         create table drafts (id blob primary key, body blob not null) without rowid;",
    )
    .unwrap();
    let tx = bare.transaction().unwrap();
    for i in 0..n {
        let body = vec![1_u8; bytes + row_seal::OVERHEAD];
        tx.execute("insert into drafts values (?1, ?2)", (id(i).as_slice(), body)).unwrap();
    }
    tx.commit().unwrap();

    let (mut ours, mut theirs): (Vec<Duration>, Vec<Duration>) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for i in 0..n {
        let entry = writer.content(&random_like(i, bytes));
        let size = entry.bytes.len() + 64 + 5 + bytes + row_seal::OVERHEAD;
        let keep = Keep { entries: vec![entry], rows: vec![], drop: vec![(Shelf::Drafts, id(i).to_vec())] };
        let body = random_like(i, size);
        // Which of the two goes first changes from turn to turn.
        if i % 2 == 0 {
            ours.push(timed(|| drop(journal.append(&keep).unwrap())));
        }
        theirs.push(timed(|| {
            let tx = bare.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            tx.prepare_cached("insert into entries (body) values (?1)").unwrap().execute([&body]).unwrap();
            tx.prepare_cached("delete from drafts where id = ?1").unwrap().execute([id(i).as_slice()]).unwrap();
            tx.commit().unwrap();
        }));
        if i % 2 == 1 {
            ours.push(timed(|| drop(journal.append(&keep).unwrap())));
        }
    }
    Figure {
        what: "the journal's commit alone: one entry in, one draft gone",
        unit: "ms",
        spread: Spread::ms(&ours),
        yardstick: Some(("bare SQLite commit of as many bytes, a row as large gone, WAL, FULL", Spread::ms(&theirs))),
        goal: Goal::RatioAtMost(1.4),
    }
    .print();
}

fn replay(path: &std::path::Path, seal: &RowSeal, rows: usize, bytes: usize) {
    let mut writer = Writer::new();
    let mut journal = SqliteJournal::open(path, seal.clone()).unwrap();
    journal.begin(&writer.new_journal()).unwrap();
    let mut entries = vec![writer.slip()];
    entries.extend((1..rows).map(|i| writer.content(&random_like(i, bytes))));
    let all = Keep { entries, ..Keep::default() };
    let append = timed(|| drop(journal.append(&all).unwrap()));
    println!("  {rows} entries in one transaction {:.2} s", append.as_secs_f64());
    let page = Limit { items: 1_000, bytes: 8 << 20 };
    let (mut turns, before) = (Vec::new(), figure::processor_seconds().0);
    for _ in 0..5 {
        let mut opened = 0;
        turns.push(timed(|| {
            let journal = SqliteJournal::open(path, seal.clone()).unwrap();
            let mut at = Some(Cursor::START);
            while let Some(cursor) = at {
                let page = journal.entries_after(cursor, page).unwrap();
                opened += page.entries.len();
                at = page.next;
            }
        }));
        assert_eq!(opened, rows);
    }
    // On a machine that others use too, the processor's own time says more than the clock's.
    println!(
        "  open, read and unseal all: this process computed {:.0} ms a turn",
        (figure::processor_seconds().0 - before) * 200.0
    );
    Figure {
        what: "rows of the journal read and unsealed, one core",
        unit: "entries/s",
        spread: Spread::rate(&turns, rows),
        yardstick: None,
        goal: Goal::None,
    }
    .print();
    let newest = timed(|| {
        let journal = SqliteJournal::open(path, seal.clone()).unwrap();
        let head = journal.heads().unwrap()[0];
        let wanted =
            amanat_sync::journal::Wanted::After { device: head.device, journal: head.journal, seq: head.head.seq - 50 };
        assert_eq!(journal.pending(&wanted, page).unwrap()[0].items.len(), 50);
    });
    println!("  open and the newest 50 {:.2} ms", newest.as_secs_f64() * 1e3);
}

fn id(i: usize) -> [u8; 16] {
    let mut id = [0; 16];
    // Spread over the key space, as random draft ids are.
    id[..8].copy_from_slice(&(i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id
}

/// Bytes without a pattern, from a small generator with `seed`.
fn random_like(seed: usize, n: usize) -> Vec<u8> {
    let mut state = seed as u64 ^ 0x2545_f491_4f6c_dd1d;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..n).map(step).collect()
}

struct Writer {
    signer: Signer,
    slot: Slot,
}

impl Writer {
    fn new() -> Writer {
        let signer = Signer::from_seed(&[9; 32]).unwrap();
        let (agency, device) = (AgencyId::from_bytes([1; 32]), signer.verifying_key().device_id());
        let journal = JournalId::from_bytes([2; 16]);
        let prev = amanat_sync::chain::link0(&agency, &device, &journal);
        Writer { signer, slot: Slot { agency, device, journal, seq: 1, prev } }
    }

    fn new_journal(&self) -> NewJournal {
        let Slot { agency, device, journal, .. } = self.slot;
        NewJournal { agency, device, journal, line: Line::Cases, closes: None }
    }

    fn slip(&mut self) -> SealedEntry {
        let reader =
            Reader { agency: self.slot.agency, id: Digest::from_bytes([4; 32]), key: KeyId::from_bytes([4; 32]) };
        self.entry(Kind::Slip, vec![reader], Some(Digest::from_bytes([5; 32])), b"age header")
    }

    fn content(&mut self, envelope: &[u8]) -> SealedEntry {
        self.entry(Kind::Sealed, vec![], None, envelope)
    }

    fn entry(&mut self, kind: Kind, audience: Vec<Reader>, roster: Option<Digest>, envelope: &[u8]) -> SealedEntry {
        let Slot { agency, device, journal, seq, prev } = self.slot;
        let header = Header {
            v: 1,
            agency,
            device,
            journal,
            seq,
            prev,
            kind,
            case: CaseId::from_bytes([3; 16]),
            key: 1,
            audience,
            roster: RosterSeen { version: 1, hash: roster },
            commitment: Digest::of(envelope),
            digest: Digest::of(envelope),
            size: envelope.len() as u64,
            parts: vec![],
            target: None,
        };
        let entry = SealedEntry::sign(header, envelope.to_vec(), &self.signer).unwrap();
        self.slot = self.slot.after(&entry);
        entry
    }
}
