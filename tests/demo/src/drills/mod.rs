//! Drills: a mishap rehearsed on a throwaway agency, pass or fail, each step in words.

mod lost_stick;
mod power_cut;
mod rehearsal;
mod restored_hub;
mod rotation_killed;

pub(crate) use rehearsal::{Drill, rehearse};
