//! Clocks of a town: each home goes by its own, wrong by days or by years, and so does the hub. Nothing may depend on what they say
//! (`DESIGN.md` section 4, invariant 14).

use std::cell::Cell;
use std::collections::BTreeMap;

use amanat::model::{Entry, put_in_order};

use super::life::{NOW, Town};
use super::person::number;
use crate::simulation::office;

const DAY: u64 = 86_400_000;
const YEARS: u64 = 10 * 365 * DAY;

thread_local! {
    /// By how much the clock of whoever acts on this thread is fast, in milliseconds.
    static FAST: Cell<i64> = const { Cell::new(0) };
}

/// From here on it is somebody's turn whose clock is so fast.
pub(crate) fn goes_by(fast: i64) {
    FAST.with(|now| now.set(fast));
}

/// What the clock says of whoever acts. It stands still where nobody puts it, so that a seed tells the same story again.
pub(crate) fn of_whoever_acts() -> i64 {
    i64::try_from(NOW).unwrap() + FAST.with(Cell::get)
}

/// What one journal kept stands in the order in which it was kept, whatever the clock said: numbers of contents only grow.
pub(crate) fn stand_in_order(entries: &[Entry]) {
    let mut shown: Vec<&Entry> = entries.iter().collect();
    put_in_order(&mut shown);
    let mut last = BTreeMap::new();
    for entry in shown {
        // What was kept again has the times of what it was.
        let first = entry.ties.as_ref().is_none_or(|ties| ties.was.is_none());
        let Some(said) = number(entry).filter(|_| first) else { continue };
        let before = last.insert((entry.author.device, entry.author.journal), said).unwrap_or(0);
        assert!(before < said, "{said} is shown after {before}, and was kept before it");
    }
}

impl Town {
    /// A home's clock is put wrong, or right again.
    pub(crate) fn clock_goes_wrong(&mut self, at: usize) {
        let (kind, most) = match self.dice.roll(3) {
            0 => ("clocks of homes that were put wrong by days", 20 * DAY),
            1 => ("clocks of homes that were put wrong by years", YEARS),
            _ => ("", 0),
        };
        let to = i64::try_from(self.dice.roll(2 * most + 1)).unwrap() - i64::try_from(most).unwrap();
        if most > 0 {
            self.faults.note(kind);
        }
        self.faults.note_many("clocks of homes that went back", u64::from(to < self.people[at].fast));
        self.people[at].fast = to;
    }

    pub(crate) fn hub_clock_goes_wrong(&mut self) {
        let to = NOW + self.dice.roll(2 * YEARS) - YEARS;
        self.faults.note_many("the hub's clock went back by years", u64::from(to + YEARS / 10 < self.hub_clock));
        self.hub_clock = to;
        office::set_clock(to);
    }
}
