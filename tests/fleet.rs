//! Hundreds of made-up worlds in which everything that can go wrong on roads and disks does, each judged after every step.

use crate::simulation::{finds_out_a_deaf_hub, live_through};

/// Worlds of the everyday run: some twenty seconds of one core. More: `cargo bench -p amanat --bench fleet -- --seeds 0..1000000`.
const SEEDS: u64 = 240;

#[test]
fn whatever_goes_wrong_everything_kept_arrives_once_and_nothing_else_is_said() {
    let faults = live_through(0..SEEDS);
    println!("{faults}");
    assert_eq!(faults.missing(), Vec::<&str>::new(), "these never happened, so nothing was shown about them");
}

/// The judge itself is judged: a fault is planted, and the invariants must find it.
#[test]
fn a_hub_that_goes_on_with_an_older_roster_than_it_has_written_down_is_found_out() {
    assert!(finds_out_a_deaf_hub(0..SEEDS, "the hub took what counts no more"));
}
