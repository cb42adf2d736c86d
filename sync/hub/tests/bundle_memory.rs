//! A stick as large as one likes is written, read and taken in within the same few megabytes of memory. This file holds one test and
//! nothing else, so that the memory of its process is that of bundles alone.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]
#![cfg(target_os = "linux")]
#![allow(dead_code, clippy::panic, reason = "the hub's tests share their support; a part of it is enough here")]

#[path = "hub/on_a_stick.rs"]
mod on_a_stick;
#[path = "hub/support.rs"]
mod support;

use std::fs;

use amanat_keys::fingerprint::Digest;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::row_seal::RowSeal;
use amanat_sync::courier::take_in;
use amanat_sync::journal::{Journal as _, Keep, Line, SqliteJournal};

use on_a_stick::{all_pieces, opened, put};
use support::{Agency, HQ, Pen, STATION};

/// Entries, and bytes of the envelope of each: far more together than any of it may hold.
const ENTRIES: usize = 64;
const ENVELOPE: usize = 512 * 1024;
/// What writing, reading or taking in may need beside what is there before it.
const MOST: u64 = 20 << 20;

/// The most memory that this process has had since [`forget`], and what it has now, in bytes.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
    };
    (line("VmHWM:"), line("VmRSS:"))
}

/// From now on the most is counted anew.
fn forget() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Does the work; how much memory it needed beside what was there before.
fn needed<T>(work: impl FnOnce() -> T) -> (T, u64) {
    forget();
    let before = memory().1;
    let done = work();
    (done, memory().0.saturating_sub(before))
}

/// A journal with long entries, kept one by one.
fn written(agency: &Agency, journal: &mut SqliteJournal) {
    let mut pen = Pen::new(agency, 0, 1);
    journal.begin(&pen.new_journal(Line::Cases)).unwrap();
    let slip = pen.slot.seq;
    for n in 0..ENTRIES {
        let entry = if n == 0 {
            pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()])
        } else {
            pen.note(slip, &Digest::of(&n.to_le_bytes()).to_string().repeat(ENVELOPE / 64))
        };
        journal.append(&Keep { entries: vec![entry], ..Keep::default() }).unwrap();
    }
}

#[test]
fn a_large_bundle_is_written_read_and_taken_in_within_a_few_megabytes() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(&folder.path().join("one.sqlite"), RowSeal::new(&[3; 32])).unwrap();
    written(&agency, &mut journal);
    let (reader, stick) = (ReadIdentity::generate().unwrap(), folder.path().join("stick.age"));

    let (bytes, writing) = needed(|| put(&agency, &journal, &reader, &stick));
    let least = u64::try_from(ENTRIES * ENVELOPE).unwrap() * 9 / 10;
    assert!(bytes > least, "{bytes}: the bundle is as large as it was meant to be");
    let (items, reading) = needed(|| all_pieces(&reader, &stick));
    assert_eq!(items, ENTRIES);
    let mut other = SqliteJournal::open(&folder.path().join("other.sqlite"), RowSeal::new(&[4; 32])).unwrap();
    let (taken, taking) = needed(|| {
        take_in(&mut other, agency.party(3), &mut agency.trust.clone(), &mut opened(&reader, &stick), |_read| true)
    });
    assert!(taken.fault.is_none() && taken.outcome.set_aside == 0, "{taken:?}");
    assert_eq!(taken.outcome.pulled, u64::try_from(ENTRIES).unwrap());
    println!(
        "a bundle of {bytes} bytes: {writing} bytes of memory to write it, {reading} to read it, {taking} to take it in"
    );
    assert!([writing, reading, taking].into_iter().all(|most| most < MOST), "{writing} {reading} {taking}");
}
