//! Drills: a mishap rehearsed on a throwaway agency, pass or fail, each step in words.

mod forgotten_passphrase;
mod lost_admin;
mod lost_stick;
mod people;
mod power_cut;
mod rehearsal;
mod restored_hub;
mod revoked_officer;
mod rotation_killed;
mod stolen_laptop;
mod wrong_clock;

pub(crate) use rehearsal::{Drill, rehearse};
