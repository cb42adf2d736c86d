//! What an entry weighs on the wire: the bodies of pushes as the courier would make them, beside the text that they carry, beside the
//! sum of what a signed and sealed entry is made of, and beside the same without the dictionary.
//!
//! `cargo bench -p amanat --bench wire -- [--n 500] [--dir D]`. Two works, each in one case of an officer's home: notes of about
//! 1 KiB of made-up words, which no honest dictionary helps, and interviews filled from the codebook's own form, every second one in
//! Urdu. Seed 7. The sum of the budget: the entry's JSON through stock zstd at level 9 with the dictionary that is shipped, and 24 bytes of
//! padding frame, 32 of nonce and tag, 64 of signature and 32 of commitment. What a person reads before it is kept is compressed harder.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod filled;
mod note;
mod station;

use amanat::{
    codebook::Codebook,
    model::{CaseId, Entry, Lang, Sheet},
    record,
    runtime::{
        entries::keep::{ToKeep, What},
        homes::{closed_home::ClosedHome, home::Home, paths::Paths},
    },
};
use amanat_keys::{dictionary, passphrase::Passphrase};
use amanat_sync::{
    batch::Limit,
    journal::{Journal as _, Wanted},
    wire::codec,
};
use figure::{Dice, Figure, Goal, Spread, number};
use station::{PASSPHRASE, Station};

/// Padding frame, nonce and tag, signature, commitment.
const AROUND: usize = 24 + 32 + 64 + 32;
const LEVEL: i32 = 9;

/// Bytes of some entries, together.
#[derive(Default)]
struct Weight {
    entries: usize,
    wire: usize,
    text: usize,
    least: usize,
    without: usize,
}

fn main() {
    let n = number("--n", 500);
    let station = Station::build();
    let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    let mut home = ClosedHome::open(Paths::at(&station.path("officer"))).unwrap().unlock(&passphrase).unwrap();
    home.replay(|_, _| {}).unwrap();
    let codebook = Codebook::builtin().unwrap();
    let mut dice = Dice(7);
    // The first entry of a case comes with its slip, which is paid once.
    let first = keep(&mut home, codebook, note::sheet(codebook, "The first.".to_owned()));
    let mut next = first[0].author.seq;
    println!("wire: {n} notes and {n} interviews, seed 7; the slip of the case apart");
    let mut works: Vec<(&str, Weight)> = Vec::new();
    let notes: Vec<Sheet> = (0..n).map(|_| note::sheet(codebook, note::text(&mut dice))).collect();
    let person = first[0].id;
    let lang = |at: usize| if at.is_multiple_of(2) { Lang::En } else { Lang::Ur };
    let interviews = (0..n).map(|at| filled::interview(codebook, person, &mut dice, lang(at))).collect();
    for (what, sheets) in [("notes of made-up words", notes), ("interviews in English and Urdu", interviews)] {
        let kept: Vec<Entry> = sheets.into_iter().flat_map(|sheet: Sheet| keep(&mut home, codebook, sheet)).collect();
        let weight = weigh(&home, &kept, next);
        next += u64::try_from(kept.len()).unwrap();
        works.push((what, weight));
    }
    // Only the first has a goal: of short entries the padding alone may weigh more than a twentieth.
    for ((what, weight), goal) in works.iter().zip([Goal::RatioAtMost(1.05), Goal::None]) {
        tell(what, weight, goal);
    }
}

fn tell(work: &str, weight: &Weight, goal: Goal) {
    let each = |bytes: usize| {
        let (bytes, entries) = (u32::try_from(bytes).unwrap(), u32::try_from(weight.entries).unwrap());
        Spread { n: weight.entries, ..Spread::of(vec![f64::from(bytes) / f64::from(entries)]) }
    };
    let wire = each(weight.wire);
    for (what, beside, yardstick, goal) in [
        ("bytes on the wire for each entry", "the sum of its parts, zstd at level 9", each(weight.least), goal),
        ("the same", "its JSON", each(weight.text), Goal::None),
        ("the same", "that sum without the dictionary", each(weight.without), Goal::None),
    ] {
        let what = format!("{what}: {work}");
        Figure { what: &what, unit: "bytes", spread: wire, yardstick: Some((beside, yardstick)), goal }.print();
    }
}

fn keep(home: &mut Home, codebook: &Codebook, sheet: Sheet) -> Vec<Entry> {
    let (case, what) = (CaseId::from_bytes([7; 16]), What::Sheet(sheet));
    let keep = ToKeep { case, what, source: None, draft: None, sharing: None };
    // As the screen does while its person reads who will see it.
    home.write_ahead(codebook, keep.clone(), None).unwrap();
    home.keep_to(codebook, keep, None).unwrap()
}

/// Weighs what was kept after this number of the officer's journal.
fn weigh(home: &Home, kept: &[Entry], after: u64) -> Weight {
    let mut weight = Weight { entries: kept.len(), ..Weight::default() };
    let shipped = dictionary::bytes(dictionary::published().last().unwrap().0).unwrap();
    let mut with = zstd::bulk::Compressor::with_dictionary(LEVEL, shipped).unwrap();
    let mut without = zstd::bulk::Compressor::new(LEVEL).unwrap();
    for entry in kept {
        let json =
            record::encode(&entry.times, entry.source.as_ref(), entry.ties.as_deref(), &entry.parts, &entry.content);
        // The slot that is sealed with it is sixteen bytes that nothing makes shorter.
        let slot = format!("{{\"slot\":\"{}\",", slot(entry));
        let json = [slot.as_bytes(), &json[1..]].concat();
        weight.text += json.len();
        weight.least += with.compress(&json).unwrap().len() + AROUND;
        weight.without += without.compress(&json).unwrap().len() + AROUND;
    }
    let (agency, journal) = (home.agency().unwrap(), home.journal());
    let own = journal.heads().unwrap()[0];
    let mut seq = after;
    loop {
        let wanted = Wanted::After { device: own.device, journal: own.journal, seq };
        let runs = journal.pending(&wanted, Limit::BODY).unwrap();
        let Some(run) = runs.first().filter(|run| !run.items.is_empty()) else { return weight };
        seq = run.last();
        weight.wire += codec::push_body(&agency, &runs).len();
    }
}

/// Twenty-two letters of base64 without a pattern, as the slot is.
fn slot(entry: &Entry) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let id = entry.id.as_bytes();
    (0..22).map(|at| char::from(letters[usize::from(id[at % id.len()].wrapping_mul(7 + at as u8) & 63)])).collect()
}
