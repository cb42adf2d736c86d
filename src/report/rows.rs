//! A table in the columns of UNODC's published dataset, as rows with their lines.

use std::{fmt, io::Read};

use super::reconcile::{Finding, Rule};

/// The columns without which nothing can be checked; the published table has more, in any order.
const NEEDED: [&str; 7] = ["Indicator", "Dimension", "Category", "Sex", "Age", "Year", "txtVALUE"];

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// A number.
    Exactly(u64),
    /// `<5` and the like: fewer than this many, and nobody says how many fewer.
    Fewer(u64),
}

impl Count {
    /// The least it can be.
    pub const fn least(self) -> u64 {
        match self {
            Self::Exactly(number) => number,
            Self::Fewer(_) => 0,
        }
    }

    /// The most it can be.
    pub const fn most(self) -> u64 {
        match self {
            Self::Exactly(number) => number,
            Self::Fewer(than) => than.saturating_sub(1),
        }
    }

    /// Reads `1,104`, `1104` or `<5`.
    fn read(text: &str) -> Option<Self> {
        let digits = |text: &str| text.replace([',', ' ', '\u{a0}'], "").parse().ok();
        match text.trim().strip_prefix('<') {
            Some(than) => digits(than).map(Self::Fewer),
            None => digits(text.trim()).map(Self::Exactly),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(number) => f.write_str(&grouped(*number)),
            Self::Fewer(than) => write!(f, "<{than}"),
        }
    }
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One cell of the table with all that says what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, from 1 (the header).
    pub line: u64,
    /// The country, by code or name; empty where the table has no such column.
    pub country: String,
    /// What is counted.
    pub indicator: String,
    /// How it is split.
    pub dimension: String,
    /// Which part of the split.
    pub category: String,
    /// `Total`, `Female`, `Male`, `Other` or `Unknown`.
    pub sex: String,
    /// `Total`, `0 to 17 years`, `18 years or over` or `Unknown`.
    pub age: String,
    /// The year.
    pub year: u16,
    /// What stands there.
    pub count: Count,
}

/// What a file held.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The cells that could be read.
    pub rows: Vec<Row>,
    /// Lines that could not.
    pub unread: Vec<Finding>,
}

/// Why a file is no such table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// There is no first row of text.
    #[error("it has no header: {0}")]
    NoHeader(String),
    /// Columns that are needed are not there.
    #[error("its header lacks {0}")]
    Lacks(String),
}

/// Reads a whole table. A row that cannot be read is told and the others are taken; a cell that is empty, `..` or `-` is missing.
///
/// # Errors
/// [`TableError`] where the header is not of such a table.
pub fn read_table(input: impl Read) -> Result<Table, TableError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let header = reader.headers().map_err(|error| TableError::NoHeader(error.to_string()))?.clone();
    let column = |name: &str| {
        header.iter().position(|cell| cell.trim_start_matches('\u{feff}').trim().eq_ignore_ascii_case(name))
    };
    let lacking: Vec<&str> = NEEDED.into_iter().filter(|name| column(name).is_none()).collect();
    if !lacking.is_empty() {
        return Err(TableError::Lacks(lacking.join(", ")));
    }
    let country = column("Iso3_code").or_else(|| column("Country"));
    let mut table = Table::default();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(table),
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default().trim().to_owned();
                take(&mut table, line, &cell(country), &|name| cell(column(name)));
            }
            Err(error) => {
                let io = error.is_io_error();
                table.unread.push(unread(line, "", format!("the line cannot be read: {error}")));
                if io {
                    return Ok(table);
                }
            }
        }
    }
}

fn take(table: &mut Table, line: u64, country: &str, cell: &dyn Fn(&str) -> String) {
    let value = cell("txtVALUE");
    if ["", "..", "-"].contains(&value.as_str()) {
        return;
    }
    let Ok(year) = cell("Year").parse() else {
        let what = format!("`{}` is no year", cell("Year"));
        return table.unread.push(unread(line, &value, what));
    };
    let Some(count) = Count::read(&value) else {
        return table.unread.push(unread(line, &value, format!("`{value}` is no count")));
    };
    table.rows.push(Row {
        line,
        country: country.to_owned(),
        indicator: cell("Indicator"),
        dimension: cell("Dimension"),
        category: cell("Category"),
        sex: cell("Sex"),
        age: cell("Age"),
        year,
        count,
    });
}

fn unread(line: u64, value: &str, what: String) -> Finding {
    Finding { rule: Rule::Unread, country: String::new(), year: None, what, cells: vec![(line, value.to_owned())] }
}
