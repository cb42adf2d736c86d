//! Hundreds of made-up worlds in which everything that can go wrong on roads and disks does, each judged after every step.

use crate::simulation::live_through;

/// Worlds of the everyday run: some twenty seconds of one core. More: `cargo bench -p amanat --bench fleet -- --seeds 0..1000000`.
const SEEDS: u64 = 160;

#[test]
fn whatever_goes_wrong_everything_kept_arrives_once_and_nothing_else_is_said() {
    let faults = live_through(0..SEEDS);
    println!("{faults}");
    assert_eq!(faults.missing(), Vec::<&str>::new(), "these never happened, so nothing was shown about them");
}
