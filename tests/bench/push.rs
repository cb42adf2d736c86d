//! How fast a hub on loopback takes entries: every signature checked, on disk in SQLite, receipt verified and filed.
//!
//! `cargo bench -p amanat-hub --bench push`. Hub and courier in one process, on as many cores as there are; made-up envelopes of
//! 700 bytes; each figure is the median of five runs with its quartiles. The yardstick of the same run is one core that only
//! checks the same signatures; that of TLS is the same without it; that of eight devices at once, which are in this process too, is all
//! cores checking the same signatures.
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
mod work;

use std::sync::Arc;
use std::time::Instant;

use amanat_hub::serve;
use amanat_hub::store::SqliteStore;
use amanat_hub::tls::{Files, Tls};
use amanat_keys::fingerprint::Digest;
use amanat_keys::tls_key::TlsKeys;
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::MemoryJournal;
use amanat_sync::transport::{Transport as _, TransportError};

use figure::{Figure, Goal, Spread};
use support::{Agency, Pen, keep};
use work::{ENTRIES, ENVELOPE, RUNS, rate, road, there_and_back, written};

/// New connections to each of the two doors; two requests go over each, and a device may send four hundred at once.
const CONNECTIONS: usize = 150;

fn main() {
    let mut agency = Agency::new("http://127.0.0.1:7070");
    let (_kept, tls) = certificate();
    agency.roster.hubs[0].tls_keys = TlsKeys::new(vec![tls.key()]).unwrap();
    let story = written(&agency);
    println!("{ENTRIES} entries, envelopes of {ENVELOPE} bytes, {RUNS} runs, cold hub each, journal in memory");
    let (mut pushed, mut pulled, mut checked, mut sealed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (push, pull) = once(&agency, &story, None);
        pushed.push(push);
        pulled.push(pull);
        sealed.push(once(&agency, &story, Some(&tls)).0);
        checked.push(work::checked(&agency, &story));
    }
    let beside = Some(("verify_strict alone, one core", rate(checked)));
    let plain = Some(("the same without TLS", rate(pushed.clone())));
    for (what, seconds, yardstick, goal) in [
        ("push of a full journal held in memory, hub in the same process", pushed, beside, Goal::AtLeast(8_000.0)),
        ("pull of the same by a reader, every signature checked, nothing opened", pulled, beside, Goal::None),
        ("the same push by TLS", sealed, plain, Goal::None),
    ] {
        Figure { what, unit: "entries/s", spread: rate(seconds), yardstick, goal }.print();
    }
    eight_at_once();
    let (plain, sealed) = (connections(&agency, None), connections(&agency, Some(&tls)));
    let what = "a new connection by TLS and a first answer over it: full handshake, both ends in one process";
    let yardstick = Some(("the same without TLS", plain));
    Figure { what, unit: "ms", spread: sealed, yardstick, goal: Goal::None }.print();
}

/// Devices that push at once, and how many entries each has.
const AT_ONCE: usize = 8;
const EACH: u64 = 2_500;

/// Eight devices at once, each with a connection and a journal of its own.
fn eight_at_once() {
    let agency = Agency::crowd(AT_ONCE);
    // The first four of an agency are two officers, a supervisor and a reader.
    let actors: Vec<usize> = (4..4 + AT_ONCE).collect();
    let stories: Vec<(usize, Vec<SealedEntry>)> =
        actors.iter().map(|actor| (*actor, work::written_by(&agency, *actor, EACH))).collect();
    let all = f64::from(u32::try_from(EACH).unwrap()) * f64::from(u32::try_from(AT_ONCE).unwrap());
    let (mut pushed, mut checked) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (_folder, runtime, serving, url) = served(&agency, None);
        let mut journals: Vec<(usize, MemoryJournal)> = Vec::new();
        for (actor, story) in &stories {
            let mut journal = MemoryJournal::default();
            keep(&mut journal, &Pen::new(&agency, *actor, 1), story);
            journals.push((*actor, journal));
        }
        let began = Instant::now();
        std::thread::scope(|scope| {
            for (actor, journal) in &mut journals {
                let (agency, url) = (&agency, &url);
                scope.spawn(move || work::travel(agency, *actor, journal, url, EACH));
            }
        });
        pushed.push(all / began.elapsed().as_secs_f64());
        runtime.block_on(serving.drain()).unwrap();
        checked.push(all / on_all_cores(&agency, &stories));
    }
    let beside = Some(("verify_strict alone, all cores", Spread::of(checked)));
    let what = "push of eight devices at once, their ends in the same process";
    let spread = Spread::of(pushed);
    Figure { what, unit: "entries/s", spread, yardstick: beside, goal: Goal::RatioAtLeast(0.3) }.print();
}

/// Seconds that all cores take to check the signatures, and nothing else.
fn on_all_cores(agency: &Agency, stories: &[(usize, Vec<SealedEntry>)]) -> f64 {
    let cores = std::thread::available_parallelism().unwrap().get();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for core in 0..cores {
            let share = stories.iter().skip(core).step_by(cores);
            scope.spawn(move || share.for_each(|(actor, story)| work::check(agency, *actor, story)));
        }
    });
    began.elapsed().as_secs_f64()
}

/// A certificate as a hub makes one, and the folder that it lies in.
fn certificate() -> (tempfile::TempDir, Arc<Tls>) {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    let path = folder.path().join("tls.pem");
    std::fs::write(&path, certificate.pem() + &key.serialize_pem()).unwrap();
    let tls = Tls::read(Files { certificate: path.clone(), key: path }).unwrap();
    (folder, Arc::new(tls))
}

/// Milliseconds until the first answer over each of many new connections.
fn connections(agency: &Agency, tls: Option<&Arc<Tls>>) -> Spread {
    let (_folder, runtime, serving, url) = served(agency, tls);
    let mut times = Vec::with_capacity(CONNECTIONS);
    while times.len() < CONNECTIONS {
        let mut road = road(agency, 0, &url);
        let began = Instant::now();
        match road.documents(&Digest::ZERO, b"no request, so that an answer costs little") {
            Err(TransportError::Refused(_)) => times.push(began.elapsed()),
            // As many as a device may ask in a while have been asked.
            Err(TransportError::Busy(seconds)) => std::thread::sleep(std::time::Duration::from_secs(seconds)),
            answer => panic!("{answer:?}"),
        }
    }
    runtime.block_on(serving.drain()).unwrap();
    Spread::ms(&times)
}

/// A hub that serves from a folder of its own.
fn served(
    agency: &Agency,
    tls: Option<&Arc<Tls>>,
) -> (tempfile::TempDir, tokio::runtime::Runtime, serve::Serving, String) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let serving = runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(&folder.path().join("hub.sqlite")).unwrap());
        serve::start(agency.open(store).await, "127.0.0.1:0".parse().unwrap(), tls.cloned()).await.unwrap()
    });
    let url = format!("{}://{}", if tls.is_some() { "https" } else { "http" }, serving.address);
    (folder, runtime, serving, url)
}

/// Seconds to push all and to pull all.
fn once(agency: &Agency, story: &[SealedEntry], tls: Option<&Arc<Tls>>) -> (f64, f64) {
    let (_folder, runtime, serving, url) = served(agency, tls);
    let took = there_and_back(agency, story, &url);
    runtime.block_on(serving.drain()).unwrap();
    took
}
