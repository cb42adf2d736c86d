//! One line of the list of cases as it is kept between two sittings: what the list showed, and where its entries stand.

use super::{
    date::PartialDate,
    ids::{CaseId, Code},
};

/// A case as the list showed it when everything had been read. Nothing here names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The case.
    pub id: CaseId,
    /// What it is called on the screen.
    pub short: Box<str>,
    /// List `case_class`.
    pub class: Option<Code>,
    /// List `district`.
    pub district: Option<Code>,
    /// The station as it was written.
    pub station: Box<str>,
    /// List `risk_level`.
    pub risk: Option<Code>,
    /// List `case_status`.
    pub status: Option<Code>,
    /// The day it was recorded.
    pub opened: Option<PartialDate>,
    /// How many persons are described.
    pub persons: u64,
    /// Whether amendments in it wait for a supervisor's choice.
    pub collided: bool,
    /// How many of its entries were erased by order.
    pub erased: u64,
    /// How many of its entries are kept at headquarters only.
    pub away: u64,
    /// How many of its entries were handed in.
    pub handed_in: u64,
    /// When its newest entry was kept, as far as evidence goes.
    pub newest: i64,
    /// Where its entries stand: which journal of those that were named when the list was asked for, and the number there.
    pub places: Box<[(u32, u64)]>,
}

impl Listed {
    /// Whether what its entries said is all there is to say of it: nothing of it is gone.
    pub const fn whole(&self) -> bool {
        self.erased == 0 && self.away == 0 && self.handed_in == 0
    }
}
