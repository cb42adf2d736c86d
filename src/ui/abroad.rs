//! What screens and desk say to each other of a case that goes to another agency, or comes from one: wishes first, then what came of them.

use crate::model::{CaseId, Code, Entry, UnitId};

/// A case that is offered to a unit of another agency.
#[derive(Clone, Debug, PartialEq)]
pub struct AbroadOffer {
    /// The case.
    pub case: CaseId,
    /// The file of the other agency's pack as typed.
    pub roster: String,
    /// Its words as typed.
    pub words: String,
    /// Its unit.
    pub unit: UnitId,
    /// Why (list `transfer_reason`).
    pub reason: Code,
    /// The entries of the case that are shown.
    pub entries: Vec<Entry>,
}

/// What is answered to another agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbroadAnswer {
    /// The file that came, as typed.
    pub path: String,
    /// The words of its writer's roster as typed.
    pub words: String,
    /// Whether the case is taken over.
    pub accept: bool,
    /// Why not.
    pub note: Option<String>,
    /// What of it is here already: the rows that those entries came from.
    pub known: Vec<[u8; 32]>,
    /// Where the answer goes, as typed.
    pub out: String,
}

/// What would go to another agency, or did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AbroadOut {
    /// The file, once it is written.
    pub path: Option<String>,
    /// Entries that go.
    pub entries: u64,
    /// Attachments that stay.
    pub left_behind: u64,
    /// Entries that this device cannot prove any more.
    pub lacking: u64,
    /// Whether it is an offer that was made before and waits.
    pub again: bool,
    /// The words of this agency's roster, for the other side.
    pub words: String,
}

/// What a file of another agency says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AbroadCame {
    /// Nobody has said yet whose it is: the words of its roster are asked for.
    Unknown,
    /// A case is offered; nothing was kept.
    Offer(Offered),
    /// An answer; it stands in the case.
    Answer {
        /// What the agency is called.
        agency: String,
        /// Its unit.
        unit: String,
        /// Whether it has taken the case over.
        accepted: bool,
        /// In words.
        note: Option<String>,
        /// Whether the offer had been taken back here.
        crossed: bool,
        /// Whether it was not known before.
        new: bool,
    },
    /// An offer is taken back.
    Withdrawn {
        /// What the agency is called.
        agency: String,
        /// Its unit.
        unit: String,
        /// In words.
        note: Option<String>,
        /// Whether it had been taken over here.
        here: bool,
        /// Whether it was not known before.
        new: bool,
    },
}

/// A case that another agency offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// What the agency is called.
    pub agency: String,
    /// Its unit.
    pub unit: String,
    /// Why (list `transfer_reason`).
    pub reason: Code,
    /// In words.
    pub note: Option<String>,
    /// Entries, all proven.
    pub entries: u64,
    /// Attachments that stayed there.
    pub left_behind: u64,
    /// The case that it would be here.
    pub case: CaseId,
    /// Whether it has been taken back, as far as is known here.
    pub withdrawn: bool,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbroadTaken {
    /// Where the answer was written.
    pub path: String,
    /// Entries that were kept.
    pub kept: u64,
    /// The words of this agency's roster, for the other side.
    pub words: String,
}
