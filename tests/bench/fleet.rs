//! The fleet of `tests/fleet.rs` for as many seeds as one likes, on all cores: what failed names its seed.
//!
//! `cargo bench -p amanat --bench fleet -- --seeds A..B` (without it 0..10000). Prints how often each fault happened; a failing seed
//! ends the run with the command that shows it again; one seed alone tells all that happens. With `--towns` it is people with real homes
//! who erase, seal again, rotate keys and attach files.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a simulation stops at the first thing that does not hold"
)]

#[path = "../simulation/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the planted faults are for the tests")]
mod simulation;

use std::ops::Range;

fn main() {
    let seeds = seeds();
    let towns = std::env::args().any(|word| word == "--towns");
    let live = if towns { simulation::live_in_towns } else { simulation::live_through };
    let faults = live(seeds.clone());
    println!("fleet{}: seeds {seeds:?}\n{faults}", if towns { " of towns" } else { "" });
    let missing = faults.missing();
    assert!(missing.is_empty() || seeds.end - seeds.start < 200, "never happened: {missing:?}");
}

/// `--seeds A..B`.
fn seeds() -> Range<u64> {
    let mut words = std::env::args().skip_while(|word| word != "--seeds").skip(1);
    let Some(range) = words.next() else { return 0..10_000 };
    let (from, to) = range.split_once("..").expect("--seeds A..B");
    from.parse().expect("a number")..to.parse().expect("a number")
}
