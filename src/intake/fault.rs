//! What can be wrong with a map or with one row of a table, in words that say where.

use crate::model::ProblemKind;

/// Why a map cannot be used with a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Not a map at all; the TOML reader's own words, with line and column.
    #[error("the map is not readable: {0}")]
    Unreadable(String),
    /// It names a question that the forms do not have.
    #[error("the map's column “{column}” answers “{target}”, which no form asks")]
    NoSuchQuestion {
        /// Column of the table.
        column: String,
        /// What the map names.
        target: String,
    },
    /// It names a code that the question's list does not have.
    #[error("the map's column “{column}” gives the code “{code}”, which the list of “{target}” does not have")]
    NoSuchCode {
        /// Column of the table.
        column: String,
        /// The question.
        target: String,
        /// The code.
        code: String,
    },
    /// A column whose answer is sealed and whose cell would stand in the open beside it.
    #[error(
        "the map's column “{column}” answers “{target}”, which is sealed, and carries its cell in the open; drop carry = true"
    )]
    SealedCarried {
        /// Column of the table.
        column: String,
        /// The question.
        target: String,
    },
    /// A column that the map neither maps nor carries.
    #[error("the table has a column “{0}” that the map does not name; add it, or write carry = true for it")]
    UnmappedColumn(String),
    /// A column that the map needs and the table lacks.
    #[error("the table has no column “{0}”, which the map names; is this the file that the map is for?")]
    MissingColumn(String),
    /// The same column twice.
    #[error("the table names the column “{0}” twice")]
    DoubleColumn(String),
    /// A form that the codebook lacks.
    #[error("the codebook has no form “{0}”")]
    NoSuchForm(String),
    /// No header row could be read.
    #[error("the table has no header row: {0}")]
    NoHeader(String),
}

/// One row that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Line of the file (spreadsheets: row), counted from 1.
    pub line: u64,
    /// The column, if the fault lies in one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a row. Never repeats the cell: it may hold a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// More or fewer cells than the header has.
    #[error("{found} cells where the header has {wanted}")]
    Width {
        /// Cells in the header.
        wanted: usize,
        /// Cells in the row.
        found: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 text")]
    Encoding,
    /// A cell with control characters.
    #[error("control characters in the cell")]
    Control,
    /// A value that neither the map nor the list knows.
    #[error("a value that neither the map nor the list “{list}” knows")]
    UnknownValue {
        /// The list.
        list: String,
    },
    /// Several values where the question takes one.
    #[error("{0} values where the question takes one")]
    Several(usize),
    /// Not a whole number.
    #[error("not a whole number")]
    Number,
    /// Not a date.
    #[error("not a date (want YYYY-MM-DD or DD-MM-YYYY)")]
    Date,
    /// Neither yes nor no.
    #[error("neither yes nor no")]
    Flag,
    /// A kind of question that no table can answer.
    #[error("questions of this kind cannot be imported from a table")]
    Kind,
    /// The form refuses the answer.
    #[error("the form refuses it: {0}")]
    Form(String),
    /// The file itself is damaged here.
    #[error("the table is damaged here: {0}")]
    Damaged(String),
}

impl Reason {
    /// The form's own fault in a few words.
    pub(super) fn of(kind: &ProblemKind) -> Self {
        Self::Form(match kind {
            ProblemKind::Missing => "an answer is missing".into(),
            ProblemKind::WrongKind => "another kind of answer is wanted".into(),
            ProblemKind::UnknownCode => "the list does not have this code".into(),
            ProblemKind::OutOfRange { min, max } => match (min, max) {
                (Some(min), Some(max)) => format!("must lie between {min} and {max}"),
                (Some(min), None) => format!("must be at least {min}"),
                (None, Some(max)) => format!("must be at most {max}"),
                (None, None) => "out of range".into(),
            },
            ProblemKind::Shape => "not shaped as it must be".into(),
            ProblemKind::TooLong { max } => format!("longer than {max} bytes"),
            ProblemKind::Rule(key) => format!("rule “{key}” does not hold"),
            ProblemKind::NotAskedHere => "the question is not put under these answers".into(),
            ProblemKind::NotRecordedHere => "not recorded is not an answer here".into(),
        })
    }
}
