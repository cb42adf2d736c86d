//! Hundreds of made-up worlds in which everything that can go wrong on roads and disks does, each judged after every step.

use crate::simulation::{Sabotage, finds_out, finds_out_a_deaf_hub, live_in_towns, live_through};

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

/// Towns of the everyday run: about a second of one core each. More: `cargo bench -p amanat --bench fleet -- --towns --seeds 0..100000`.
const TOWNS: u64 = 60;

#[test]
fn whatever_is_erased_sealed_again_rotated_or_attached_is_gone_or_open_as_it_must_be() {
    let mut faults = live_in_towns(0..TOWNS);
    // Keys are random, and sizes differ by bytes: what is rare may miss some towns, and is waited for in further ones.
    let mut further = (TOWNS..6 * TOWNS).step_by(10);
    while !faults.missing().is_empty()
        && let Some(seed) = further.next()
    {
        faults.take(&live_in_towns(seed..seed + 10));
    }
    println!("{faults}");
    assert_eq!(faults.missing(), Vec::<&str>::new(), "these never happened, so nothing was shown about them");
}

#[test]
fn a_store_that_keeps_what_must_go_is_found_out() {
    assert!(finds_out(0..TOWNS, Sabotage::KeepsAll, "erased by order, and still at the hub"));
}

#[test]
fn a_store_that_lets_go_of_what_nobody_else_has_opened_is_found_out() {
    assert!(finds_out(0..TOWNS, Sabotage::LetsGoEarly, "an envelope went at the hub and nobody had opened another"));
}

#[test]
fn a_store_that_calls_an_attachment_held_before_it_came_is_found_out() {
    assert!(finds_out(0..TOWNS, Sabotage::HoldsEarly, "an attachment is called received"));
}
