//! How fast a hub on loopback takes entries: every signature checked, on disk in SQLite, receipt verified and filed.
//!
//! `cargo bench -p amanat-hub --bench push`. Hub and courier in one process, on as many cores as there are; made-up envelopes of
//! 700 bytes; each figure is the median of five runs with its quartiles. The yardstick of the same run is one core that only
//! checks the same signatures.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures, prints and may stop"
)]
#![allow(dead_code, clippy::panic, reason = "the tests' support offers more than a bench needs")]

mod figure;

#[path = "../../sync/hub/tests/hub/support.rs"]
mod support;

use std::sync::Arc;
use std::time::Instant;

use amanat_hub::serve;
use amanat_hub::store::SqliteStore;
use amanat_keys::statement::Purpose;
use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::entry::SealedEntry;
use amanat_sync::http::{HttpSettings, HttpTransport};
use amanat_sync::journal::MemoryJournal;

use figure::{Figure, Goal, Spread};
use support::{Agency, HQ, Pen, STATION, keep};

const ENTRIES: u64 = 10_000;
const ENVELOPE: usize = 700;
const RUNS: usize = 5;

fn main() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let story = written(&agency);
    println!("{ENTRIES} entries, envelopes of {ENVELOPE} bytes, {RUNS} runs, cold hub each, journal in memory");
    let (mut pushed, mut pulled, mut checked) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (push, pull) = once(&agency, &story);
        pushed.push(push);
        pulled.push(pull);
        let began = Instant::now();
        for entry in &story {
            let key = agency.actors[0].signer.verifying_key();
            key.verify(Purpose::Entry, &agency.id(), &entry.bytes, &entry.signature).unwrap();
        }
        checked.push(began.elapsed().as_secs_f64());
    }
    let beside = Some(("verify_strict alone, one core", rate(checked)));
    for (what, seconds, goal) in [
        ("push of a full journal held in memory, hub in the same process", pushed, Goal::AtLeast(8_000.0)),
        ("pull of the same by a reader, every signature checked, nothing opened", pulled, Goal::None),
    ] {
        Figure { what, unit: "entries/s", spread: rate(seconds), yardstick: beside, goal }.print();
    }
}

/// Every hundredth entry is a slip, as when each case has a hundred entries.
fn written(agency: &Agency) -> Vec<SealedEntry> {
    let mut pen = Pen::new(agency, 0, 1);
    let mut state = 42_u64;
    let mut text = || {
        let byte = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
        };
        (0..ENVELOPE).map(byte).collect::<String>()
    };
    let mut slip = 1;
    (0..ENTRIES)
        .map(|n| {
            if n % 100 == 0 {
                slip = pen.slot.seq;
                return pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()]);
            }
            pen.note(slip, &text())
        })
        .collect()
}

/// Seconds to push all and to pull all.
fn once(agency: &Agency, story: &[SealedEntry]) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let serving = runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(&folder.path().join("hub.sqlite")).unwrap());
        serve::start(agency.open(store).await, "127.0.0.1:0".parse().unwrap(), None).await.unwrap()
    });
    let url = format!("http://{}", serving.address);
    let (mut officer, mut reader) = (MemoryJournal::default(), MemoryJournal::default());
    keep(&mut officer, &Pen::new(agency, 0, 1), story);
    let push = travel(agency, 0, &mut officer, &url);
    let pull = travel(agency, 3, &mut reader, &url);
    runtime.block_on(serving.drain()).unwrap();
    (push, pull)
}

fn travel(agency: &Agency, actor: usize, journal: &mut MemoryJournal, url: &str) -> f64 {
    let signer = agency.actors[actor].signer.clone();
    let began = Instant::now();
    let mut road = HttpTransport::new(HttpSettings {
        url: url.to_owned(),
        tls_keys: agency.roster.hubs[0].tls_keys.clone(),
        agency: agency.id(),
        device: agency.actors[actor].id,
        hub: agency.hub.signer.key_id(),
        sign: Box::new(move |base| signer.sign_request(base).unwrap()),
        ticks: Box::new(move || u64::try_from(began.elapsed().as_millis()).unwrap()),
    })
    .unwrap();
    let mut trust = agency.trust.clone();
    let outcome = pass(&mut Courier::default(), journal, &mut road, agency.party(actor), &mut trust);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(outcome.handed_over + outcome.pulled, ENTRIES);
    began.elapsed().as_secs_f64()
}

fn rate(seconds: Vec<f64>) -> Spread {
    let count = f64::from(u32::try_from(ENTRIES).unwrap());
    Spread::of(seconds.into_iter().map(|seconds| count / seconds).collect())
}
