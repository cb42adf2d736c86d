//! What five hundred connected devices cost a hub in memory: the built program, a TLS connection for each, every signature checked.
//!
//! `cargo bench -p amanat-hub --bench crowd`. The most that the hub's process ever held (VmHWM), of three runs.
#![expect(clippy::unwrap_used, reason = "a bench measures, prints and may stop")]
#![allow(
    dead_code,
    unused_imports,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests' support offers more than a bench needs"
)]

mod figure;

#[path = "../../sync/hub/tests/hub/crowd.rs"]
mod crowd;
#[path = "../../sync/hub/tests/hub/running.rs"]
mod running;
#[path = "../../sync/hub/tests/hub/support.rs"]
mod support;

use figure::{Figure, Goal, Spread};

const RUNS: usize = 3;

fn main() {
    let mut held = Vec::new();
    for _ in 0..RUNS {
        let folder = tempfile::tempdir_in(figure::folder()).unwrap();
        let crowd = crowd::Crowd::of_devices(folder.path());
        assert_eq!((crowd.devices, crowd.connected.len()), (500, 500), "each of them is connected");
        held.push(f64::from(u32::try_from(crowd.mebibytes()).unwrap()));
    }
    let (what, spread) = ("memory of a hub with 500 devices connected by TLS, at its fullest", Spread::of(held));
    Figure { what, unit: "MiB", spread, yardstick: None, goal: Goal::AtMost(100.0) }.print();
}
