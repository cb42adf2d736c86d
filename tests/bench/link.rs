//! 500 notes over a link of 64 kbit/s and 600 ms: once clean, once cut every 30 seconds, by the built programs.
//!
//! `cargo bench -p amanat --bench link -- [--n 500] [--kbit 64] [--ms 600] [--cut 30] [--dir D]`. The work: notes of about 1 KiB of
//! made-up words, seed 7, kept in one case of an officer's home and copied, so that both runs send the same bytes. What is timed is
//! `amanat sync` from its start to its end, whole processes, one after another until the hub has signed for everything; bytes are
//! those that arrived through the link, HTTP included.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod note;
mod shaped;
mod station;

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use amanat::codebook::Codebook;
use amanat::model::CaseId;
use amanat::runtime::closed_home::ClosedHome;
use amanat::runtime::home::Home;
use amanat::runtime::keep::{ToKeep, What};
use amanat::runtime::paths::Paths;
use amanat_keys::passphrase::Passphrase;
use figure::{Dice, Figure, Goal, Spread, number, timed};
use shaped::{Shape, ShapedLink};
use station::{PASSPHRASE, Station};

/// A link that is none: for making the agency, and for what is not measured.
const GOOD: Shape = Shape { rate: 1_000_000_000, round_trip: Duration::ZERO, cut_every: None };
/// A home that never comes to its end on this link has failed.
const MOST_PASSES: usize = 40;

/// What one run came to.
struct Run {
    seconds: f64,
    up: f64,
    down: f64,
    connections: u64,
    cuts: u64,
    passes: usize,
}

fn main() {
    let (n, kbit, ms) = (number("--n", 500), number("--kbit", 64), number("--ms", 600));
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let link = ShapedLink::to(place, GOOD);
    let station = Station::behind(place.to_string(), link.address.to_string());
    let json = record(&station, n);
    station.copy("officer", "before/officer");
    let hub = station.serve();
    let rate = u64::try_from(kbit).unwrap() * 1_000;
    let round_trip = Duration::from_millis(u64::try_from(ms).unwrap());
    let slow = Shape { rate, round_trip, cut_every: None };
    let clean = run(&station, &link, slow, n);
    // The same journal once more at a hub that has none of it.
    drop(hub);
    station.copy("before/officer", "officer");
    station.copy("before/hub", "hub");
    let hub = station.serve();
    let every = Duration::from_secs(u64::try_from(number("--cut", 30)).unwrap());
    let cut = run(&station, &link, Shape { cut_every: Some(every), ..slow }, n);
    let nothing = nothing_to_do(&station, &link, slow);
    drop(hub);
    let least = clean.up * 8.0 / f64::from(u32::try_from(rate).unwrap());
    let told = |name: &str, run: &Run| {
        println!(
            "  {name}: {:.1} s, {:.0} bytes up, {:.0} down, {} connections, {} cuts, {} passes",
            run.seconds, run.up, run.down, run.connections, run.cuts, run.passes
        );
    };
    println!("link: {n} notes, {json:.0} bytes of text each, {kbit} kbit/s, {ms} ms, cut every {} s", every.as_secs());
    told("clean", &clean);
    told("cut", &cut);
    told("nothing to do", &nothing);
    let one = |number: f64| Spread::of(vec![number]);
    let entries = f64::from(u32::try_from(n).unwrap());
    let row = |what, unit, figure: f64, beside: (&str, f64), goal| {
        Figure { what, unit, spread: one(figure), yardstick: Some((beside.0, one(beside.1))), goal }.print();
    };
    let trips = least + 2.0 * round_trip.as_secs_f64();
    row(
        "500 notes over 64 kbit/s, 600 ms",
        "s",
        clean.seconds,
        ("their bytes ÷ rate + 2 round trips", trips),
        Goal::RatioAtMost(1.1),
    );
    row("the same, cut every 30 s", "s", cut.seconds, ("the clean run", clean.seconds), Goal::RatioAtMost(1.2));
    row("bytes up when cut", "bytes", cut.up, ("the clean run", clean.up), Goal::RatioAtMost(1.03));
    row("bytes up for each note, HTTP included", "bytes", clean.up / entries, ("its text", json), Goal::None);
    row("a pass with nothing to do", "s", nothing.seconds, ("a round trip", round_trip.as_secs_f64()), Goal::None);
}

/// Syncs until the hub has signed for everything.
fn run(station: &Station, link: &ShapedLink, shape: Shape, n: usize) -> Run {
    link.becomes(shape);
    let mut passes = 0;
    let took = timed(|| {
        loop {
            passes += 1;
            assert!(passes <= MOST_PASSES, "it never comes to its end");
            let ended = station.program("officer").args(["sync", "--json"]).stdin(Stdio::null()).output().unwrap();
            match ended.status.code() {
                Some(0) => return,
                Some(4) => {}
                other => panic!("{other:?}: {}", String::from_utf8_lossy(&ended.stdout)),
            }
        }
    });
    let [up, down, connections, cuts] = link.counts();
    link.becomes(GOOD);
    let status = station.ask("officer", &["status"]);
    assert_eq!(status["kept"], status["received"], "everything is signed for: {status}");
    assert!(status["kept"].as_u64().unwrap() > u64::try_from(n).unwrap());
    let float = |count: u64| f64::from(u32::try_from(count).unwrap());
    Run { seconds: took.as_secs_f64(), up: float(up), down: float(down), connections, cuts, passes }
}

fn nothing_to_do(station: &Station, link: &ShapedLink, shape: Shape) -> Run {
    run(station, link, shape, 0)
}

/// Keeps the notes in a case of the officer's home; gives the mean size of a note's text in bytes.
fn record(station: &Station, n: usize) -> f64 {
    let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    let mut home = ClosedHome::open(Paths::at(&station.path("officer"))).unwrap().unlock(&passphrase).unwrap();
    home.replay(|_, _| {}).unwrap();
    let codebook = Codebook::builtin().unwrap();
    let mut dice = Dice(7);
    let mut size = 0;
    for _ in 0..n {
        let said = note::text(&mut dice);
        size += said.len();
        keep(&mut home, codebook, said);
    }
    f64::from(u32::try_from(size).unwrap()) / f64::from(u32::try_from(n).unwrap())
}

fn keep(home: &mut Home, codebook: &Codebook, said: String) {
    let (case, what) = (CaseId::from_bytes([7; 16]), What::Sheet(note::sheet(codebook, said)));
    home.keep(codebook, ToKeep { case, what, source: None, draft: None, sharing: None }).unwrap();
}
