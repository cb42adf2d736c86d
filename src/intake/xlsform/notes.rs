//! What a workbook says that a codebook does not: named with the row where it stands.

use std::fmt;

/// What was left out or taken otherwise, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// `survey` or `choices`.
    pub sheet: &'static str,
    /// Row of the sheet, counted from 1.
    pub row: usize,
    /// What, in words.
    pub what: String,
}

impl Note {
    pub(super) fn choices(row: usize, what: &str) -> Self {
        Self { sheet: "choices", row, what: what.to_owned() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sheet “{}”, row {}: {}", self.sheet, self.row, self.what)
    }
}
