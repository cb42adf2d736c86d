//! One line of the list of cases: what a person looks for a case by, and no name.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{
    answer::{Answer, Value},
    casebook::Delivery,
    date::{Moment, PartialDate},
    ids::{CaseId, Code, EntryId},
};

/// What lists and filters need of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseSummary {
    /// The case.
    pub id: CaseId,
    /// Its readable number.
    pub case_short: Option<Box<str>>,
    /// List `case_class`.
    pub class: Option<Code>,
    /// List `district`.
    pub district: Option<Code>,
    /// The station as it was written.
    pub station: Option<Box<str>>,
    /// List `case_status`.
    pub status: Option<Code>,
    /// List `risk_level`.
    pub risk: Option<Code>,
    /// The day it was recorded.
    pub opened: Option<PartialDate>,
    /// The device time of its newest entry.
    pub touched: Option<Moment>,
    /// How many persons are described.
    pub persons: usize,
    /// How many entries there are.
    pub entries: usize,
    /// How far the least far of its entries has come.
    pub delivery: Delivery,
    /// Whether amendments in it wait for a supervisor's choice.
    pub collided: bool,
    colliding: BTreeSet<EntryId>,
}

impl CaseSummary {
    pub(super) const fn empty(id: CaseId) -> Self {
        Self {
            id,
            case_short: None,
            class: None,
            district: None,
            station: None,
            status: None,
            risk: None,
            opened: None,
            touched: None,
            persons: 0,
            entries: 0,
            delivery: Delivery::Kept,
            collided: false,
            colliding: BTreeSet::new(),
        }
    }

    /// Takes over what the opening says today. Where amendments collide the first line shows; `collided` says so.
    pub(super) fn open<'a>(&mut self, answer: impl Fn(&str) -> Option<&'a Answer>) {
        let code = |id: &str| answer(id).and_then(Answer::choice).cloned();
        let text = |id: &str| match answer(id).and_then(Answer::value) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        self.case_short = text("case_short");
        self.station = text("police_station");
        self.class = code("case_class");
        self.district = code("district");
        self.status = code("case_status");
        self.risk = code("risk_level");
        self.opened = match answer("opened_on").and_then(Answer::value) {
            Some(Value::Date(date)) => Some(*date),
            _ => None,
        };
    }

    pub(super) fn mark(&mut self, target: EntryId, collides: bool) {
        if collides {
            self.colliding.insert(target);
        } else {
            self.colliding.remove(&target);
        }
        self.collided = !self.colliding.is_empty();
    }
}

/// What the list of cases is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Newest entry first.
    #[default]
    Touched,
    /// Newest case first.
    Opened,
    /// Highest risk first.
    Risk,
    /// By readable number.
    Short,
}

impl Sort {
    pub(super) fn compare(self, one: &CaseSummary, other: &CaseSummary) -> Ordering {
        let by = match self {
            Self::Touched => other.touched.cmp(&one.touched),
            Self::Opened => other.opened.cmp(&one.opened),
            Self::Risk => danger(other).cmp(&danger(one)).then_with(|| other.touched.cmp(&one.touched)),
            Self::Short => one.case_short.cmp(&other.case_short),
        };
        by.then_with(|| one.id.cmp(&other.id))
    }
}

/// A case without a risk assessed stands between medium and low: it has to be looked at.
fn danger(summary: &CaseSummary) -> u8 {
    match summary.risk.as_ref().map(Code::as_str) {
        Some("HIGH") => 3,
        Some("MED") => 2,
        Some("LOW") => 0,
        _ => 1,
    }
}
