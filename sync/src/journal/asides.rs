//! How much a journal sets aside, for every implementation: a hub needs no key to invent what does not verify, and must not fill the disk
//! with it.

use super::conformance::suite_of;
use super::*;
use crate::batch::Why;
use crate::cbor::count;
use crate::entry::SealedEntry;
use crate::error::SyncError;
use crate::specimen::{Pen, hub};
use crate::wire::limits::{MAX_ASIDE, MAX_ASIDE_BYTES};

fn aside(entries: &[SealedEntry], why: Why) -> Pulled {
    let aside = |sealed: &SealedEntry| Quarantined { entry: sealed.at(), why, sealed: sealed.clone() };
    Pulled { runs: Vec::new(), quarantine: entries.iter().map(aside).collect() }
}

fn numbers(j: &dyn Journal, why: Why) -> Vec<u64> {
    let held = j.quarantined().unwrap().into_iter().filter(|aside| aside.why == why);
    let mut numbers: Vec<u64> = held.map(|aside| aside.entry.seq).collect();
    numbers.sort_unstable();
    numbers
}

fn what_nobody_signed_gets_half_of_the_room_and_the_oldest_stays(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    (0..MAX_ASIDE + 3).for_each(|_| drop(pen.slip(1, 2)));
    let half = usize::try_from(MAX_ASIDE / 2).unwrap();
    let (strangers, signed) = pen.written.split_at(half + 2);
    j.file_pulled(&aside(&strangers[..half - 1], Why::UnknownDevice)).unwrap();
    assert!(!j.status(&hub()).unwrap().aside_full);
    j.file_pulled(&aside(&strangers[half - 2..], Why::UnknownDevice)).unwrap();
    let oldest: Vec<u64> = (1..=MAX_ASIDE / 2).collect();
    assert_eq!(numbers(j, Why::UnknownDevice), oldest, "what came again takes no room");
    let status = j.status(&hub()).unwrap();
    assert!(status.aside_full && status.quarantined == MAX_ASIDE / 2);
    j.file_pulled(&aside(signed, Why::RosterFell)).unwrap();
    j.file_pulled(&aside(&strangers[half..], Why::OtherCase)).unwrap();
    assert_eq!(numbers(j, Why::UnknownDevice), oldest);
    let evidence = numbers(j, Why::RosterFell).len() + numbers(j, Why::OtherCase).len();
    assert_eq!(count(evidence), MAX_ASIDE / 2, "evidence has the other half to itself");
    assert_eq!(j.status(&hub()).unwrap().quarantined, MAX_ASIDE);
}

fn what_is_set_aside_has_an_end_in_bytes(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.slip(1, 2);
    (0..10).for_each(|n| drop(pen.content(1, 1, &vec![n; 1 << 20])));
    let small = pen.content(1, 1, b"small");
    j.file_pulled(&aside(&pen.written[1..11], Why::BadSignature)).unwrap();
    let full: u64 = j.quarantined().unwrap().iter().map(|aside| aside.sealed.header.size).sum();
    assert!((MAX_ASIDE_BYTES / 2 - (2 << 20)..=MAX_ASIDE_BYTES / 2).contains(&full), "{full}");
    let status = j.status(&hub()).unwrap();
    assert!(status.aside_full);
    j.file_pulled(&aside(&[small], Why::BadSignature)).unwrap();
    assert_eq!(
        j.status(&hub()).unwrap().quarantined,
        status.quarantined,
        "what is small gets in no more either: it is full for all"
    );
}

fn evidence_of_a_fork_finds_room_among_what_strangers_sent(j: &mut dyn Journal) {
    let mut stranger = Pen::stranger(9, 1);
    (0..=MAX_ASIDE / 2).for_each(|_| drop(stranger.slip(1, 2)));
    j.file_pulled(&aside(&stranger.written, Why::UnknownDevice)).unwrap();
    let (mut pen, mut twin) = (Pen::stranger(8, 3), Pen::stranger(8, 3));
    pen.story(1, 2);
    twin.story(2, 2);
    for pen in [&pen, &twin] {
        let runs = vec![super::conformance::verified(pen, pen.run(1, |_| true))];
        j.file_pulled(&Pulled { runs, quarantine: Vec::new() }).unwrap();
    }
    assert_eq!(numbers(j, Why::Fork), [1, 2, 3]);
}

fn what_is_dropped_is_gone_comes_again_and_is_never_our_own(j: &mut dyn Journal) {
    let mut own = Pen::new(1);
    super::conformance::began(j, &own);
    let mut stranger = Pen::stranger(9, 1);
    (0..3).for_each(|_| drop(stranger.slip(1, 2)));
    own.slip(1, 2);
    let (theirs, ours) = (aside(&stranger.written, Why::UnknownDevice), aside(&own.written, Why::Fork));
    j.file_pulled(&theirs).unwrap();
    j.file_pulled(&ours).unwrap();
    let all = j.quarantined().unwrap();
    assert!(matches!(j.drop_aside(&all), Err(SyncError::Misuse(_))), "an entry of this device is among them");
    assert_eq!(j.quarantined().unwrap().len(), 4, "and then nothing goes");
    assert_eq!(j.drop_aside(&theirs.quarantine[..2]).unwrap(), 2);
    assert_eq!(j.drop_aside(&theirs.quarantine[..2]).unwrap(), 0, "once");
    assert_eq!(numbers(j, Why::UnknownDevice), [3]);
    assert_eq!(j.status(&hub()).unwrap().quarantined, 2);
    j.file_pulled(&theirs).unwrap();
    assert_eq!(numbers(j, Why::UnknownDevice), [1, 2, 3], "what comes again is set aside again");
}

suite_of!(
    what_is_dropped_is_gone_comes_again_and_is_never_our_own,
    what_nobody_signed_gets_half_of_the_room_and_the_oldest_stays,
    what_is_set_aside_has_an_end_in_bytes,
    evidence_of_a_fork_finds_room_among_what_strangers_sent
);
