//! What screens and desk say to each other of a unit that gets a new key, or of a case that is sealed again.

use super::msg::{Sentence, Trouble};
use crate::model::{CaseId, UnitId};

/// What gets a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// A unit: its slips are rewrapped.
    Unit(UnitId),
    /// A case: its entries are sealed again.
    Case(CaseId),
}

/// Slips that do not open here and keep their key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeepTheirKey {
    /// The first of them, each by its place and its case.
    pub named: Vec<Sentence>,
    /// How many there are.
    pub n: u64,
    /// After how many of the sentences they are told.
    pub after: usize,
}

/// What the desk says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationNews {
    /// What would be done next, and what follows from it.
    Ahead(Vec<Sentence>, KeepTheirKey),
    /// How far it has come.
    At {
        /// Slips rewrapped, or entries sealed again.
        done: u64,
        /// Of so many.
        total: u64,
        /// So many a second; 0 as long as that is not known.
        rate: u64,
        /// Bytes of attachments sealed again.
        bytes: u64,
        /// Of so many; 0 where there are none.
        all_bytes: u64,
    },
    /// It has ended, or was stopped.
    Ended {
        /// What came of it.
        told: Vec<Sentence>,
        /// Slips that it left as they were.
        keep: KeepTheirKey,
        /// Whether it can be gone on with at once.
        more: bool,
    },
    /// It could not be done.
    Failed(Trouble),
}
