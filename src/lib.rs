//! The app: a person at a desk.
//!
//! Reading order: [`model`] (what is recorded) → [`codebook`] (forms as data) → [`record`] (the plaintext inside an
//! envelope) → [`report`] (counts) → [`ui`] (message in, effects out) → `runtime` (threads, terminal, disk) → `commands` (the command line).
//! Arrows point that way only: the rooms before `runtime` know no keys, disk, clock or network.

pub mod codebook;
pub mod commands;
pub mod failure;
pub mod intake;
pub mod model;
pub mod record;
pub mod report;
pub mod runtime;
pub mod ui;
pub mod words;
