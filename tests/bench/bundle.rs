//! A stick: how fast a bundle is written and read, beside hashing as many bytes and what the disk does with them in the same run.
//!
//! `cargo bench -p amanat-hub --bench bundle`. *Written* is from the journal of a device in SQLite to a file that is whole, on the medium
//! (fsync of file and folder) and read back and hashed; *read* opens and decodes every piece; *taken in* also verifies every signature
//! and files every entry in another device's journal. Two works: interviews of about 1 KiB, and long ones of 64 KiB. The file lies in
//! the folder that `--dir` names, else in a temporary one; each figure is the median of five runs with its quartiles.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures, prints and may stop"
)]
#![allow(dead_code, clippy::panic, reason = "the tests' support offers more than a bench needs")]

mod figure;

#[path = "../../sync/hub/tests/hub/on_a_stick.rs"]
mod on_a_stick;
#[path = "../../sync/hub/tests/hub/support.rs"]
mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use amanat_keys::fingerprint::Digest;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::row_seal::RowSeal;
use amanat_keys::statement::Purpose;
use amanat_sync::courier::take_in;
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::SqliteJournal;

use figure::{Dice, Figure, Goal, Spread};
use on_a_stick::{all_pieces, opened, put};
use support::{Agency, HQ, Pen, STATION, keep};

const RUNS: usize = 5;
/// Bytes of envelopes in each work.
const WORK: usize = 64 << 20;

fn main() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = figure::argument("--dir").map_or_else(figure::folder, Into::into);
    for (size, what) in [(1 << 10, "interviews of 1 KiB"), (64 << 10, "entries of 64 KiB")] {
        measured(&agency, &folder, size, what);
    }
}

/// Megabytes a second, for so many bytes and these seconds.
fn rate(bytes: u64, seconds: Vec<f64>) -> Spread {
    let megabytes = f64::from(u32::try_from(bytes / 1_000).unwrap()) / 1_000.0;
    Spread::of(seconds.into_iter().map(|seconds| megabytes / seconds).collect())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let made = work();
    (made, began.elapsed().as_secs_f64())
}

fn measured(agency: &Agency, folder: &Path, size: usize, what: &str) {
    let story = written(agency, size);
    let home = tempfile::tempdir_in(folder).unwrap();
    let mut journal = SqliteJournal::open(&home.path().join("journal.sqlite"), RowSeal::new(&[3; 32])).unwrap();
    keep(&mut journal, &Pen::new(agency, 0, 1), &story);
    let reader = ReadIdentity::generate().unwrap();
    let (stick, raw) = (home.path().join("stick.age"), home.path().join("raw"));
    let (mut write, mut plain, mut read, mut copied, mut taken, mut checked) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    for run in 0..RUNS {
        let (length, seconds) = timed(|| put(agency, &journal, &reader, &stick));
        bytes = length;
        write.push(seconds);
        let noise = vec![u8::try_from(run).unwrap(); usize::try_from(bytes).unwrap()];
        plain.push(timed(|| put_raw(&raw, &noise)).1);
        let (items, seconds) = timed(|| all_pieces(&reader, &stick));
        assert_eq!(items, story.len());
        read.push(seconds);
        copied.push(timed(|| Digest::of(&fs::read(&raw).unwrap())).1);
        let other = home.path().join(format!("other-{run}.sqlite"));
        let mut other = SqliteJournal::open(&other, RowSeal::new(&[4; 32])).unwrap();
        taken.push(timed(|| file(agency, &mut other, &reader, &stick, story.len())).1);
        checked.push(timed(|| verify(agency, &story)).1);
    }
    println!("{} {what}, a bundle of {bytes} bytes, {RUNS} runs", story.len());
    let raw_write = Some(("SHA-256, write and fsync of as many bytes", rate(bytes, plain)));
    let title = format!("bundle written from SQLite, on the medium, read back and hashed: {what}");
    let spread = rate(bytes, write);
    Figure { what: &title, unit: "MB/s", spread, yardstick: raw_write, goal: Goal::AtLeast(100.0) }.print();
    let raw_read = Some(("read and SHA-256 of as many bytes from a warm file", rate(bytes, copied)));
    let title = format!("bundle opened and every piece decoded: {what}");
    Figure { what: &title, unit: "MB/s", spread: rate(bytes, read), yardstick: raw_read, goal: Goal::AtLeast(100.0) }
        .print();
    let alone = Some(("verify_strict of its entries alone, one core", rate(bytes, checked)));
    let title = format!("bundle taken in: every signature checked, every entry filed in SQLite: {what}");
    Figure { what: &title, unit: "MB/s", spread: rate(bytes, taken), yardstick: alone, goal: Goal::None }.print();
}

fn put_raw(path: &Path, bytes: &[u8]) {
    drop(fs::remove_file(path));
    std::hint::black_box(Digest::of(bytes));
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file.sync_all().unwrap();
    File::open(path.parent().unwrap()).unwrap().sync_all().unwrap();
}

fn file(agency: &Agency, journal: &mut SqliteJournal, reader: &ReadIdentity, stick: &Path, entries: usize) {
    let taken = take_in(journal, agency.party(3), &mut agency.trust.clone(), &mut opened(reader, stick), |_read| true);
    assert!(taken.fault.is_none() && taken.outcome.set_aside == 0, "{taken:?}");
    assert_eq!(taken.outcome.pulled, u64::try_from(entries).unwrap());
}

fn verify(agency: &Agency, story: &[SealedEntry]) {
    let key = agency.actors[0].signer.verifying_key();
    for entry in story {
        key.verify(Purpose::Entry, &agency.id(), &entry.bytes, &entry.signature).unwrap();
    }
}

/// Every hundredth entry is a slip, as when each case has a hundred entries.
fn written(agency: &Agency, size: usize) -> Vec<SealedEntry> {
    let (mut pen, mut dice, mut slip) = (Pen::new(agency, 0, 1), Dice(42), 1);
    let mut text = || (0..size).map(|_| char::from(b'a' + u8::try_from(dice.roll(26)).unwrap())).collect::<String>();
    (0..WORK / size)
        .map(|n| {
            if n % 100 == 0 {
                slip = pen.slot.seq;
                return pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()]);
            }
            pen.note(slip, &text())
        })
        .collect()
}
