//! The three sheets of the workbook as rows of named cells.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, Range, Reader, Xlsx};

/// Largest workbook that is read, in bytes; the largest that people share are under 2 MB.
pub const MAX_WORKBOOK: usize = 16 * 1024 * 1024;
/// Most rows of one sheet: ten times the longest list of a census.
const MAX_ROWS: usize = 100_000;

/// Why a workbook is no XLSForm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XlsFormError {
    /// Larger than [`MAX_WORKBOOK`] or `MAX_ROWS`.
    #[error("the workbook is larger than a form can be ({0})")]
    TooLarge(String),
    /// Not a spreadsheet, in the reader's own words.
    #[error("not a readable spreadsheet: {0}")]
    Unreadable(String),
    /// A sheet that every XLSForm has.
    #[error("the workbook has no sheet “{0}”; is it an XLSForm?")]
    NoSheet(&'static str),
    /// A column that the sheet must have.
    #[error("the sheet “{sheet}” has no column “{column}”")]
    NoColumn {
        /// The sheet.
        sheet: &'static str,
        /// The column.
        column: &'static str,
    },
    /// Nothing can be asked.
    #[error("the form asks nothing that can be answered here")]
    Empty,
    /// Groups or repeats that do not close, or close twice.
    #[error("sheet “survey”, row {row}: {what}")]
    Unbalanced {
        /// Row of the sheet, counted from 1.
        row: usize,
        /// What is wrong.
        what: String,
    },
}

/// A row with its cells by the names of their columns; empty cells are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// Counted from 1, as a spreadsheet shows it.
    pub number: usize,
    cells: BTreeMap<String, String>,
}

impl Row {
    /// A cell, trimmed; empty where there is none.
    pub(super) fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// Every cell whose column begins so, with the rest of its name.
    pub(super) fn translations<'a>(&'a self, column: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.cells.iter().filter_map(move |(name, cell)| {
            let rest = name.strip_prefix(column)?.strip_prefix(':')?;
            Some((rest.trim_start_matches(':').trim(), cell.as_str()))
        })
    }
}

/// The sheets of one workbook.
#[derive(Debug, Default)]
pub struct Sheets {
    pub(super) survey: Vec<Row>,
    pub(super) choices: Vec<Row>,
    pub(super) settings: Row,
}

impl Sheets {
    /// Reads an `xlsx` file.
    ///
    /// # Errors
    /// [`XlsFormError`] for what is no XLSForm.
    pub fn read(bytes: &[u8]) -> Result<Self, XlsFormError> {
        if bytes.len() > MAX_WORKBOOK {
            return Err(XlsFormError::TooLarge(format!("{} bytes, {MAX_WORKBOOK} at most", bytes.len())));
        }
        let unreadable = |error: calamine::XlsxError| XlsFormError::Unreadable(error.to_string());
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
        let names = book.sheet_names();
        let mut sheet = |wanted: &str| -> Result<Option<Vec<Row>>, XlsFormError> {
            let Some(name) = names.iter().find(|name| name.trim().eq_ignore_ascii_case(wanted)) else {
                return Ok(None);
            };
            rows(&book.worksheet_range(name).map_err(unreadable)?).map(Some)
        };
        let survey = sheet("survey")?.ok_or(XlsFormError::NoSheet("survey"))?;
        let choices = sheet("choices")?.unwrap_or_default();
        let settings = sheet("settings")?.unwrap_or_default().into_iter().next().unwrap_or_default();
        for column in ["type", "name"] {
            if survey.iter().all(|row| row.cell(column).is_empty()) {
                return Err(XlsFormError::NoColumn { sheet: "survey", column });
            }
        }
        Ok(Self { survey, choices, settings })
    }
}

fn rows(range: &Range<Data>) -> Result<Vec<Row>, XlsFormError> {
    if range.height() > MAX_ROWS {
        return Err(XlsFormError::TooLarge(format!("{} rows in one sheet", range.height())));
    }
    let top = range.start().map_or(0, |(row, _)| row);
    let mut lines = (usize::try_from(top).unwrap_or(0) + 1..).zip(range.rows());
    let Some((_, header)) = lines.next() else { return Ok(Vec::new()) };
    let header: Vec<String> = header.iter().map(|cell| column(&text(cell))).collect();
    let row = |(number, cells): (usize, &[Data])| {
        let cells = header.iter().zip(cells).map(|(name, cell)| (name.clone(), text(cell)));
        Row { number, cells: cells.filter(|(name, cell)| !name.is_empty() && !cell.is_empty()).collect() }
    };
    Ok(lines.map(row).filter(|row| !row.cells.is_empty()).collect())
}

/// A column's name: its language keeps its letters, everything before it is lowercase with underscores.
fn column(name: &str) -> String {
    let (name, language) = name.split_once(':').map_or((name, None), |(name, language)| (name, Some(language)));
    let name = name.trim().to_lowercase().replace([' ', '-'], "_");
    // Old spellings that are still written.
    let name = match name.as_str() {
        "list name" | "list" => "list_name".to_owned(),
        "relevance" => "relevant".to_owned(),
        "value" => "name".to_owned(),
        "caption" => "label".to_owned(),
        _ => name,
    };
    language.map_or_else(|| name.clone(), |language| format!("{name}:{language}"))
}

fn text(cell: &Data) -> String {
    let text = match cell {
        Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Data::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string(),
    };
    text.trim().to_owned()
}
