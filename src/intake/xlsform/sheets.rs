//! The three sheets of the workbook as rows of named cells.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, Reader, Xlsx};

/// Largest workbook that is read, in bytes; the largest that people share are under 2 MB.
pub const MAX_WORKBOOK: usize = 16 * 1024 * 1024;
/// Most rows of one sheet: ten times the longest list of a census.
const MAX_ROWS: u32 = 100_000;
/// Most columns: every translation of every word of a form in twenty languages.
const MAX_COLUMNS: u32 = 1_024;
/// Most text of one sheet, in bytes, a byte for each cell included.
const MAX_TEXT: usize = 32 * 1024 * 1024;

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
            let mut cells = book.worksheet_cells_reader(name).map_err(unreadable)?;
            let next = || {
                let cell = cells.next_cell().map_err(unreadable)?;
                Ok(cell.map(|cell| (cell.get_position(), text(&Data::from(cell.get_value().clone())))))
            };
            rows(next).map(Some)
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

/// Cell by cell: a sheet that says it is a million columns wide costs what stands in it, and no more.
fn rows(
    mut next: impl FnMut() -> Result<Option<((u32, u32), String)>, XlsFormError>,
) -> Result<Vec<Row>, XlsFormError> {
    let (mut header, mut rows, mut count): (BTreeMap<u32, String>, BTreeMap<u32, Row>, usize) = Default::default();
    let mut top = None;
    while let Some(((row, at), said)) = next()? {
        count = count.saturating_add(said.len()).saturating_add(1);
        if row >= MAX_ROWS || at >= MAX_COLUMNS || count > MAX_TEXT {
            return Err(XlsFormError::TooLarge(format!("row {} of one sheet, column {}", row.saturating_add(1), at)));
        }
        if said.is_empty() {
            continue;
        }
        if *top.get_or_insert(row) == row {
            header.insert(at, column(&said));
        } else if let Some(name) = header.get(&at).filter(|name| !name.is_empty()) {
            let number = usize::try_from(row).unwrap_or(usize::MAX).saturating_add(1);
            let known = rows.entry(row).or_insert_with(|| Row { number, ..Row::default() });
            known.cells.insert(name.clone(), said);
        }
    }
    Ok(rows.into_values().collect())
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
