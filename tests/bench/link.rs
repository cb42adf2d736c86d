//! 500 entries by TLS over a link of 64 kbit/s and 600 ms: once clean, once cut every 30 seconds, by the built programs.
//!
//! `cargo bench -p amanat --bench link -- [--n 500] [--kbit 64] [--ms 600] [--cut 30] [--shaper FILE] [--work FILE] [--dir D] [--alone]`. Two works, each in one
//! case of an officer's home that is copied, so that every run sends the same bytes: notes of about 1 KiB of made-up words, which no honest
//! dictionary helps (the lines of `--work`, where it is given, each the text of one note), and interviews filled from the codebook's own form, every second one in Urdu. Seed 7. What is timed is `amanat sync` from
//! its start to its end, whole processes, one after another until the hub has signed for everything; bytes are those that arrived through the
//! link, HTTP and TLS included. What a new TLS connection costs on this link is measured by itself and counted apart. What was sent twice is
//! what the hub counted: bytes of entries that it held.
//!
//! One new entry is timed apart, as it leaves from a program that is open: the connection stands, and a nonce is held from the pass before. Its
//! bytes are those of a program that does nothing else, less those of one that does not even that: the entry and the question what is new at the
//! hub, with all that HTTP and TLS put around them, and not the connection. `--alone` times nothing but this.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod filled;
mod note;
mod shaped;
mod shaper;
mod station;

use std::{net::TcpListener, process::Stdio, time::Duration};

use amanat::{
    codebook::Codebook,
    model::{CaseId, Entry, Lang, Sheet},
    record,
    runtime::{
        entries::keep::{ToKeep, What},
        homes::{closed_home::ClosedHome, home::Home, paths::Paths},
        road::carrier::Carrier,
    },
};
use amanat_keys::{dictionary, fingerprint::Digest, passphrase::Passphrase};
use amanat_sync::{
    courier::End,
    http::{HttpSettings, HttpTransport},
    transport::{Transport as _, TransportError},
};
use figure::{Dice, Figure, Goal, Spread, number, timed};
use shaped::Shape;
use shaper::Link;
use station::{Hub, PASSPHRASE, Station};

/// A link that is none: for making the agency, and for what is not measured.
const GOOD: Shape = Shape { rate: 1_000_000_000, round_trip: Duration::ZERO, cut_every: None };
/// A home that never comes to its end on this link has failed.
const MOST_PASSES: usize = 40;

/// How often one new entry is sent.
const ALONE: usize = 9;
/// What it may take and weigh on this link: seven tenths of what the quickest of the programs that users could take needed there (2.56 s,
/// without TLS), and less than half of its bytes.
const ALONE_SECONDS: f64 = 1.8;
const ALONE_BYTES: f64 = 1_600.0;

/// The level at which contents are compressed.
const LEVEL: i32 = 9;

/// What one run came to.
struct Run {
    seconds: f64,
    up: f64,
    down: f64,
    connections: f64,
    cuts: u64,
    passes: usize,
    /// Bytes of entries that reached the hub although it held them.
    again: f64,
}

/// What a new TLS connection costs on the link, TCP's handshake included.
struct Handshake {
    seconds: f64,
    up: f64,
    down: f64,
}

impl Run {
    /// Its time without that of new connections.
    fn apart(&self, new: &Handshake) -> f64 {
        self.seconds - self.connections * new.seconds
    }
}

/// What is kept and sent.
struct Work {
    name: &'static str,
    /// Bytes of text of each entry: what its author typed and chose, as JSON.
    text: f64,
    /// What the dictionary spared each.
    spared: f64,
}

fn main() {
    let (n, kbit, ms) = (number("--n", 500), number("--kbit", 64), number("--ms", 600));
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut link = Link::to(place, GOOD);
    let station = Station::behind(place.to_string(), format!("https://{}", link.address()));
    station.copy("officer", "before/officer");
    let rate = u64::try_from(kbit).unwrap() * 1_000;
    let round_trip = Duration::from_millis(u64::try_from(ms).unwrap());
    let every = Duration::from_secs(u64::try_from(number("--cut", 30)).unwrap());
    let slow = Shape { rate, round_trip, cut_every: None };
    let bad = Shape { cut_every: Some(every), ..slow };
    if std::env::args().any(|word| word == "--alone") {
        record(&station, 1, false);
        let _hub = station.serve();
        return one_new(&station, &mut link, slow).print((rate, round_trip.as_secs_f64()));
    }
    println!("link: {n} entries, {kbit} kbit/s, {ms} ms, cut every {} s, {}", every.as_secs(), link.name());
    let hub = station.serve();
    let new = handshake(&station, &mut link, slow);
    drop(hub);
    let mut works = Vec::new();
    for interviews in [false, true] {
        station.copy("before/officer", "officer");
        let work = record(&station, n, interviews);
        station.copy("officer", "before/work");
        let mut runs = [slow, bad].map(|shape| {
            // The same journal at a hub that has none of it.
            station.copy("before/work", "officer");
            station.copy("before/hub", "hub");
            let hub = station.serve();
            let ran = run(&station, &mut link, shape, n, &hub);
            told(work.name, &ran);
            ran
        });
        runs.reverse();
        let [cut, clean] = runs;
        works.push((work, clean, cut));
    }
    // A hub that has just been started knows none of the nonces that it gave before: one question more. The second pass has one from the first.
    let hub = station.serve();
    let nothing = [("nothing to do, no nonce from last time", 2.0), ("nothing to do", 1.0)].map(|(name, most)| {
        let pass = idle_pass(&station, &mut link, slow, &hub, &new);
        told(name, &pass.run);
        (name, most, pass)
    });
    let alone = one_new(&station, &mut link, slow);
    drop(hub);
    let seconds = round_trip.as_secs_f64();
    row("a new TLS connection over that link", "s", new.seconds, ("a round trip", seconds), Goal::None);
    for (work, clean, cut) in &works {
        figures(work, clean, cut, &new, n, (rate, seconds));
    }
    alone.print((rate, seconds));
    for (name, most, pass) in &nothing {
        // Each question is a round trip: one with a nonce from last time, two without.
        let goal = Goal::RatioAtMost(*most);
        row(&format!("{name}: questions that the hub answered"), "", pass.questions, ("one", 1.0), goal);
        // Each question and each answer takes its bytes' time on the link beside the round trip.
        let waits = pass.questions * seconds + pass.bytes * 8.0 / f64::from(u32::try_from(rate).unwrap());
        let beside = ("a round trip for each and their bytes ÷ rate", waits);
        row(&format!("{name}, its connection and the program itself apart"), "s", pass.seconds, beside, Goal::None);
        let goal = if *most > 1.0 { Goal::None } else { Goal::RatioAtMost(2.0) };
        row(&format!("{name}, the same"), "s", pass.seconds, ("a round trip", seconds), goal);
    }
}

/// One new entry from a program that is open.
struct Alone {
    seconds: Vec<f64>,
    up: f64,
    down: f64,
    /// Bytes up of a pass over the same connection that finds nothing to do.
    nothing_up: f64,
}

impl Alone {
    fn print(self, (rate, round_trip): (u64, f64)) {
        let rate = f64::from(u32::try_from(rate).unwrap());
        // What goes there has to have come before anything goes back.
        let least = round_trip + (self.up + self.down) * 8.0 / rate;
        let beside = Some(("a round trip and its bytes ÷ rate", Spread::of(vec![least])));
        let what = "one new note, its connection open and a nonce held, by TLS";
        let goal = Goal::AtMost(ALONE_SECONDS);
        Figure { what, unit: "s", spread: Spread::of(self.seconds), yardstick: beside, goal }.print();
        let what = "the same: bytes up, HTTP and TLS included";
        row(
            what,
            "bytes",
            self.up,
            ("a pass over it that finds nothing to do", self.nothing_up),
            Goal::AtMost(ALONE_BYTES),
        );
    }
}

/// Sends [`ALONE`] notes one by one, each in a pass of its own over the connection of the first, and takes the bytes of the same without them
/// away.
fn one_new(station: &Station, link: &mut Link, slow: Shape) -> Alone {
    let codebook = Codebook::builtin().unwrap();
    // Each time with the nonces of the pass before.
    let mut sends = |times: usize, keeps: bool| {
        let mut home = opened(station);
        let mut dice = Dice(7);
        let mut carrier = Carrier::new(&home).unwrap();
        link.becomes(slow);
        let mut passes = |what: &str| {
            let took = timed(|| assert!(matches!(carrier.pass().end, End::Done), "{what}"));
            took.as_secs_f64()
        };
        passes("the first");
        let took: Vec<f64> = (0..times)
            .map(|_| {
                if keeps {
                    keep(&mut home, codebook, note::sheet(codebook, note::text(&mut dice)));
                }
                let took = passes("one of one entry or none");
                assert_eq!(home.status().unwrap().waiting(), 0, "it is signed for");
                took
            })
            .collect();
        drop(carrier);
        let [up, down, connections, _] = link.counts().map(|count| f64::from(u32::try_from(count).unwrap()));
        assert!(connections < 2.0, "one connection for all of them");
        link.becomes(GOOD);
        (took, up, down)
    };
    // Each of the three begins with the numbers that the one before it was given.
    sends(0, false);
    let [none, nothing, one] = [(0, false), (ALONE, false), (ALONE, true)].map(|(times, keeps)| sends(times, keeps));
    let each = |bytes: f64| bytes / f64::from(u32::try_from(ALONE).unwrap());
    let (up, down) = (each(one.1 - none.1), each(one.2 - none.2));
    Alone { seconds: one.0, up, down, nothing_up: each(nothing.1 - none.1) }
}

/// A pass that finds nothing to do.
struct Idle {
    run: Run,
    /// What the link takes of it: without the new connection, and without what the program takes over a link that is none.
    seconds: f64,
    /// Bytes of questions and answers, HTTP and TLS records included and the handshake apart.
    bytes: f64,
    questions: f64,
}

/// One such pass over this link, and one over none, where a question costs next to nothing: so long the program takes by itself.
fn idle_pass(station: &Station, link: &mut Link, slow: Shape, hub: &Hub, new: &Handshake) -> Idle {
    let before = hub.answers();
    let over_it = run(station, link, slow, 0, hub);
    let questions = hub.answers() - before;
    let itself = run(station, link, GOOD, 0, hub);
    let seconds = over_it.apart(new) - itself.seconds;
    let bytes = over_it.up + over_it.down - over_it.connections * (new.up + new.down);
    Idle { run: over_it, seconds, bytes, questions }
}

fn told(name: &str, run: &Run) {
    println!(
        "  {name}: {:.1} s, {:.0} bytes up, {:.0} down, {} connections, {} cuts, {} passes, {:.0} bytes sent that were held",
        run.seconds, run.up, run.down, run.connections, run.cuts, run.passes, run.again
    );
}

fn row(what: &str, unit: &str, figure: f64, beside: (&str, f64), goal: Goal) {
    let one = |number: f64| Spread::of(vec![number]);
    Figure { what, unit, spread: one(figure), yardstick: Some((beside.0, one(beside.1))), goal }.print();
}

/// The rows of one work.
fn figures(work: &Work, clean: &Run, cut: &Run, new: &Handshake, n: usize, (rate, round_trip): (u64, f64)) {
    let (entries, rate) = (f64::from(u32::try_from(n).unwrap()), f64::from(u32::try_from(rate).unwrap()));
    let trips = (clean.up - clean.connections * new.up) * 8.0 / rate + 2.0 * round_trip;
    let what = |what: &str| format!("{n} {} {what}", work.name);
    row(
        &what("by TLS over 64 kbit/s, 600 ms, new connections apart"),
        "s",
        clean.apart(new),
        ("their bytes ÷ rate + 2 round trips", trips),
        Goal::RatioAtMost(1.1),
    );
    let beside = ("the clean run", clean.apart(new));
    row(&what("cut every 30 s, new connections apart"), "s", cut.apart(new), beside, Goal::RatioAtMost(1.2));
    let beside = ("bytes up of the clean run", clean.up);
    row(&what("cut: bytes of entries that the hub held"), "bytes", cut.again, beside, Goal::RatioAtMost(0.03));
    let each = clean.up / entries;
    row(&what("bytes up for each, HTTP and TLS included"), "bytes", each, ("its JSON", work.text), Goal::None);
    let without = ("the same if there were no dictionary", each + work.spared);
    row(&what("bytes up for each, HTTP and TLS included"), "bytes", each, without, Goal::None);
}

/// Syncs until the hub has signed for everything.
fn run(station: &Station, link: &mut Link, shape: Shape, n: usize, hub: &Hub) -> Run {
    link.becomes(shape);
    let before = hub.number("amanat_hub_bytes_again_total");
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
    let again = hub.number("amanat_hub_bytes_again_total") - before;
    let float = |count: u64| f64::from(u32::try_from(count).unwrap());
    let (up, down, connections) = (float(up), float(down), float(connections));
    Run { seconds: took.as_secs_f64(), up, down, connections, cuts, passes, again }
}

/// What a new connection costs beside a request over one that is there: somebody asks who is no device of the hub's.
fn handshake(station: &Station, link: &mut Link, shape: Shape) -> Handshake {
    let home = opened(station);
    let hub = home.hub().unwrap().clone();
    let mut asks = |times: usize| {
        link.becomes(shape);
        let mut road = HttpTransport::new(HttpSettings {
            url: hub.url.clone(),
            tls_keys: hub.tls_keys.clone(),
            agency: home.agency().unwrap(),
            device: home.device(),
            hub: hub.receipt_key.key_id(),
            sign: Box::new(|_| [0; 64]),
            ticks: Box::new(|| 0),
        })
        .unwrap();
        let took: Vec<f64> = (0..times)
            .map(|_| {
                let ask = || {
                    let answer = road.documents(&Digest::ZERO, b"a question");
                    assert!(matches!(answer, Err(TransportError::Refused(_))), "{answer:?}");
                };
                timed(ask).as_secs_f64()
            })
            .collect();
        drop(road);
        let [up, down, ..] = link.counts().map(|count| f64::from(u32::try_from(count).unwrap()));
        (took, up, down)
    };
    let (_, up, down) = asks(1);
    let (took, both_up, both_down) = asks(2);
    link.becomes(GOOD);
    Handshake { seconds: took[0] - took[1], up: 2.0 * up - both_up, down: 2.0 * down - both_down }
}

fn opened(station: &Station) -> Home {
    let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    let mut home = ClosedHome::open(Paths::at(&station.path("officer"))).unwrap().unlock(&passphrase).unwrap();
    home.replay(|_, _| {}).unwrap();
    home
}

/// Keeps the work in a case of the officer's home.
fn record(station: &Station, n: usize, interviews: bool) -> Work {
    let mut home = opened(station);
    let codebook = Codebook::builtin().unwrap();
    let mut dice = Dice(7);
    let lines = figure::argument("--work").map(|file| std::fs::read_to_string(file).unwrap());
    let mut lines = lines.as_deref().map(str::lines);
    let person = keep(&mut home, codebook, note::sheet(codebook, "The first.".to_owned()))[0].id;
    let shipped = dictionary::bytes(dictionary::published().last().unwrap().0).unwrap();
    let mut with = zstd::bulk::Compressor::with_dictionary(LEVEL, shipped).unwrap();
    let mut without = zstd::bulk::Compressor::new(LEVEL).unwrap();
    let (mut text, mut spared) = (0.0, 0.0);
    let size = |bytes: usize| f64::from(u32::try_from(bytes).unwrap());
    for at in 0..n {
        let sheet = if interviews {
            let lang = if at.is_multiple_of(2) { Lang::En } else { Lang::Ur };
            filled::interview(codebook, person, &mut dice, lang)
        } else {
            let given = lines.as_mut().map(|lines| lines.next().expect("a line of the work for each entry").to_owned());
            note::sheet(codebook, given.unwrap_or_else(|| note::text(&mut dice)))
        };
        for entry in keep(&mut home, codebook, sheet) {
            let (source, ties) = (entry.source.as_ref(), entry.ties.as_deref());
            let json = record::encode(&entry.times, source, ties, &entry.parts, &entry.content);
            text += size(json.len());
            spared += size(without.compress(&json).unwrap().len()) - size(with.compress(&json).unwrap().len());
        }
    }
    let name = if interviews { "interviews in English and Urdu" } else { "notes" };
    Work { name, text: text / size(n), spared: spared / size(n) }
}

fn keep(home: &mut Home, codebook: &Codebook, sheet: Sheet) -> Vec<Entry> {
    let (case, what) = (CaseId::from_bytes([7; 16]), What::Sheet(sheet));
    let keep = ToKeep { case, what, source: None, draft: None, sharing: None };
    // As the screen does while its person reads who will see it.
    home.write_ahead(codebook, keep.clone(), None).unwrap();
    home.keep_to(codebook, keep, None).unwrap()
}
