//! What *kept* costs the whole way: `Home::keep` (seal, sign, one transaction with the draft that goes, heads noted) into a case that
//! is there, beside a bare SQLite commit of as many bytes and a raw fdatasync, in turn on the same disk in the same minute. Half of them as the
//! screen does it, which writes and folds the text while a person reads who will see it (`Home::write_ahead`, before the clock runs and before
//! a wait for the disk), and half at once.
//!
//! `cargo bench -p amanat --bench desk -- [--n 1000] [--dir D]`. Notes of about 1 KiB, seed 7; n of each half.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod memory;
mod note;
mod station;

use amanat::{
    codebook::Codebook,
    model::{CaseId, Content, DraftId, Sheet},
    runtime::{
        entries::keep::{ToKeep, What},
        homes::{closed_home::ClosedHome, home::Home, paths::Paths},
    },
};
use amanat_keys::passphrase::Passphrase;
use figure::{Dice, Figure, Goal, Spread, raw_syncs, timed};
use rusqlite::{Connection, TransactionBehavior};
use station::{PASSPHRASE, Station};

fn main() {
    let n = figure::number("--n", 1_000);
    let station = Station::build();
    let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    let mut home = ClosedHome::open(Paths::at(&station.path("officer"))).unwrap().unlock(&passphrase).unwrap();
    home.replay(|_, _| {}).unwrap();
    println!("desk: twice {n} notes of about 1 KiB kept in one case, each with its draft gone, seed 7");
    let n = 2 * n;
    let codebook = Codebook::builtin().unwrap();
    let mut dice = Dice(7);
    let sheets: Vec<Sheet> = (0..n + 50).map(|_| note::sheet(codebook, note::text(&mut dice))).collect();
    for (at, _) in sheets.iter().enumerate() {
        home.keep_draft(&note::draft(codebook, id(at), note::text(&mut dice))).unwrap();
    }
    let mut sheets = sheets.into_iter().enumerate();
    // The first opens the case and its slip; these also say how many bytes an entry writes.
    let database = station.path("officer/journal.sqlite");
    for (at, sheet) in sheets.by_ref().take(50) {
        keep(&mut home, codebook, at, sheet);
    }
    let (size, draft_size) = bytes_written(&database);
    let mut bare = bare_database(&station, n, draft_size);
    let (mut ours, mut at_once, mut theirs, mut raw) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, sheet) in sheets {
        let ahead = at / 2 % 2 == 0;
        if ahead {
            home.write_ahead(codebook, to_keep(at, sheet.clone()), None).unwrap();
        }
        // Which of the two goes first changes from turn to turn; a wait for the disk comes before either.
        if at % 2 == 0 {
            theirs.push(timed(|| commit(&mut bare, at, size)));
        } else {
            raw.extend(raw_syncs(1, size));
        }
        let mut sheet = Some(sheet);
        let took = timed(|| keep(&mut home, codebook, at, sheet.take().unwrap()));
        if ahead { &mut ours } else { &mut at_once }.push(took);
        if at % 2 == 1 {
            theirs.push(timed(|| commit(&mut bare, at, size)));
        }
    }
    println!(
        "  {size} bytes in an entry's row, {draft_size} in a draft's; a raw fdatasync took {:.3} ms (median)",
        Spread::ms(&raw).median
    );
    Figure {
        what: "keep one entry in a case that is there, from the key on, as the screen does it",
        unit: "ms",
        spread: Spread::ms(&ours),
        yardstick: Some(("bare SQLite commit of as many bytes, a row as large gone, WAL, FULL", Spread::ms(&theirs))),
        goal: Goal::RatioAtMost(1.4),
    }
    .print();
    Figure {
        what: "the same at once, nothing of it written while the person reads who will see it",
        unit: "ms",
        spread: Spread::ms(&at_once),
        yardstick: Some(("bare SQLite commit of as many bytes, a row as large gone, WAL, FULL", Spread::ms(&theirs))),
        goal: Goal::None,
    }
    .print();
    Figure {
        what: "the same beside the disk alone",
        unit: "ms",
        spread: Spread::ms(&ours),
        yardstick: Some(("raw fdatasync after as many bytes", Spread::ms(&raw))),
        goal: Goal::None,
    }
    .print();
}

fn keep(home: &mut Home, codebook: &Codebook, at: usize, sheet: Sheet) {
    let kept = home.keep(codebook, to_keep(at, sheet)).unwrap();
    assert!(matches!(kept[0].content, Content::Sheet(_)));
}

fn to_keep(at: usize, sheet: Sheet) -> ToKeep {
    let case = CaseId::from_bytes([7; 16]);
    ToKeep { case, what: What::Sheet(sheet), source: None, draft: Some(id(at)), sharing: None }
}

fn id(at: usize) -> DraftId {
    let mut id = [0; 16];
    // Spread over the key space, as random ids are.
    let spread = u64::try_from(at).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    id[..8].copy_from_slice(&spread.to_be_bytes());
    DraftId::from_bytes(id)
}

/// Bytes of an entry's row, and of a draft's, on average.
fn bytes_written(path: &std::path::Path) -> (usize, usize) {
    let database = Connection::open(path).unwrap();
    let mean = |sql: &str| {
        let mean: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
        usize::try_from(mean).unwrap()
    };
    let entry = mean("select cast(avg(length(link) + length(body)) as integer) from entries");
    // By far most rows of the shelf are drafts here.
    (entry, mean("select cast(avg(length(body)) as integer) from shelf where length(body) > 500"))
}

/// A database with a table of entries and a table of drafts, as plain as can be.
fn bare_database(station: &Station, n: usize, size: usize) -> Connection {
    let mut bare = Connection::open(station.path("bare.sqlite")).unwrap();
    bare.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table entries (id integer primary key, body blob not null);
         create table drafts (id blob primary key, body blob not null) without rowid;",
    )
    .unwrap();
    let tx = bare.transaction().unwrap();
    for at in 0..n + 50 {
        tx.execute("insert into drafts values (?1, ?2)", (id(at).as_bytes().as_slice(), vec![1_u8; size])).unwrap();
    }
    tx.commit().unwrap();
    bare
}

fn commit(bare: &mut Connection, at: usize, size: usize) {
    let tx = bare.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let body = vec![u8::try_from(at % 251).unwrap(); size];
    tx.prepare_cached("insert into entries (body) values (?1)").unwrap().execute([&body]).unwrap();
    let gone = id(at);
    tx.prepare_cached("delete from drafts where id = ?1").unwrap().execute([gone.as_bytes().as_slice()]).unwrap();
    tx.commit().unwrap();
}
