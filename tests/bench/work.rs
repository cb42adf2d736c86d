//! The work that the benches of a hub carry: a full journal in memory, pushed by a device and pulled by a reader over a road of their own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench measures and may stop"
)]

use std::time::Instant;

use amanat_keys::statement::Purpose;
use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::entry::SealedEntry;
use amanat_sync::http::{HttpSettings, HttpTransport};
use amanat_sync::journal::MemoryJournal;

use crate::figure::Spread;
use crate::support::{Agency, HQ, Pen, STATION, keep};

/// Entries of the journal.
pub(crate) const ENTRIES: u64 = 10_000;
/// Bytes of each envelope.
pub(crate) const ENVELOPE: usize = 700;
/// Times that each thing is done.
pub(crate) const RUNS: usize = 5;

/// Every hundredth entry is a slip, as when each case has a hundred entries.
pub(crate) fn written(agency: &Agency) -> Vec<SealedEntry> {
    written_by(agency, 0, ENTRIES)
}

/// The same of one of the agency's devices, as long as wanted.
pub(crate) fn written_by(agency: &Agency, actor: usize, entries: u64) -> Vec<SealedEntry> {
    let mut pen = Pen::new(agency, actor, 1);
    let mut state = 42_u64;
    let mut text = || {
        let byte = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
        };
        (0..ENVELOPE).map(byte).collect::<String>()
    };
    let mut slip = 1;
    (0..entries)
        .map(|n| {
            if n % 100 == 0 {
                slip = pen.slot.seq;
                return pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()]);
            }
            pen.note(slip, &text())
        })
        .collect()
}

/// Seconds to push all and to pull all of it, at a hub that serves there.
pub(crate) fn there_and_back(agency: &Agency, story: &[SealedEntry], url: &str) -> (f64, f64) {
    let (mut officer, mut reader) = (MemoryJournal::default(), MemoryJournal::default());
    keep(&mut officer, &Pen::new(agency, 0, 1), story);
    (travel(agency, 0, &mut officer, url, ENTRIES), travel(agency, 3, &mut reader, url, ENTRIES))
}

/// Seconds that one core takes to check the signatures of all of it, and nothing else.
pub(crate) fn checked(agency: &Agency, story: &[SealedEntry]) -> f64 {
    let began = Instant::now();
    check(agency, 0, story);
    began.elapsed().as_secs_f64()
}

/// Checks the signatures of all of it, which one of the agency's devices has written.
pub(crate) fn check(agency: &Agency, actor: usize, story: &[SealedEntry]) {
    for entry in story {
        let key = agency.actors[actor].signer.verifying_key();
        key.verify(Purpose::Entry, &agency.id(), &entry.bytes, &entry.signature).unwrap();
    }
}

/// A device's road to that hub.
pub(crate) fn road(agency: &Agency, actor: usize, url: &str) -> HttpTransport {
    let signer = agency.actors[actor].signer.clone();
    let began = Instant::now();
    HttpTransport::new(HttpSettings {
        url: url.to_owned(),
        tls_keys: agency.roster.hubs[0].tls_keys.clone(),
        agency: agency.id(),
        device: agency.actors[actor].id,
        hub: agency.hub.signer.key_id(),
        sign: Box::new(move |base| signer.sign_request(base).unwrap()),
        ticks: Box::new(move || u64::try_from(began.elapsed().as_millis()).unwrap()),
    })
    .unwrap()
}

/// Seconds that one pass of a device takes, which carries so many entries one way or the other.
pub(crate) fn travel(agency: &Agency, actor: usize, journal: &mut MemoryJournal, url: &str, entries: u64) -> f64 {
    let began = Instant::now();
    let mut road = road(agency, actor, url);
    let mut trust = agency.trust.clone();
    let outcome = pass(&mut Courier::default(), journal, &mut road, agency.party(actor), &mut trust);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(outcome.handed_over + outcome.pulled, entries);
    began.elapsed().as_secs_f64()
}

/// Entries a second, where all of them took so many seconds.
pub(crate) fn rate(seconds: Vec<f64>) -> Spread {
    let count = f64::from(u32::try_from(ENTRIES).unwrap());
    Spread::of(seconds.into_iter().map(|seconds| count / seconds).collect())
}
