//! The IOM Human Trafficking Case Data Standard 2.0 as people have it: the spreadsheet template filled in, or its CSV.
//!
//! The template's own defects are tolerated (`DOMAIN.md` section 3): a misspelt header, mailing labels shifted against
//! their names, no name above “Reason for Outgoing Referral”, a column of row numbers, a row of labels under the names,
//! a trailing space in a code, and the XLSForm's other spellings of the same names.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, Reader, Xlsx};

use super::{
    fault::MapError,
    map::Map,
    row::{Outcome, RowReader},
};
use crate::codebook::Codebook;

const MAP: &str = include_str!("maps/htcds_2_0.toml");

/// Prefixes of the standard's sections.
const PREFIXES: [&str; 9] = ["org_", "prs_", "vic_", "per_", "cas_", "cco_", "hte_", "spl_", "con_"];

/// How far down the names may stand.
const HEADER_WITHIN: usize = 10;

/// Most columns: ten times the standard's.
const MAX_COLUMNS: u32 = 1_024;
/// Most text of one sheet, in bytes, a byte for each cell included: a hundred thousand full rows.
const MAX_TEXT: usize = 256 * 1024 * 1024;

/// The cells of a row that hold something, by their columns: a sheet that says it is a million columns wide costs what stands in it.
type Cells = BTreeMap<usize, String>;

/// A whole table in memory: spreadsheets are small.
pub struct HtcdsTable {
    /// The columns under the map's names; columns without a name or cells are left out.
    pub header: Vec<String>,
    columns: Vec<usize>,
    rows: std::vec::IntoIter<(u64, Cells)>,
}

/// The built-in map of the standard.
///
/// # Errors
/// [`MapError`] when the codebook lacks what it names.
pub fn htcds_map(codebook: &Codebook) -> Result<Map, MapError> {
    Map::parse(MAP, codebook)
}

/// Reads an xlsx file (told by its first two bytes) or a CSV file.
///
/// # Errors
/// [`MapError::NoHeader`] when it is neither, or when no row holds the standard's field names.
pub fn htcds_table(bytes: &[u8], map: &Map) -> Result<HtcdsTable, MapError> {
    let rows = if bytes.starts_with(b"PK") { sheet_rows(bytes)? } else { csv_rows(bytes)? };
    let at =
        rows.iter().take(HEADER_WITHIN).position(|(_, cells)| cells.values().filter(|cell| is_name(cell)).count() >= 3);
    let Some(at) = at else {
        return Err(MapError::NoHeader(
            "no row holds the field names of HTCDS 2.0 (prs_FirstName, cas_Status, …)".into(),
        ));
    };
    let mut rows = rows.into_iter().skip(at);
    let names = rows.next().map(|(_, cells)| cells).unwrap_or_default();
    let mut rows = rows.peekable();
    let labels = rows.next_if(|(_, cells)| is_label_row(&names, cells)).map(|(_, cells)| cells).unwrap_or_default();
    let mut header = Vec::new();
    let mut columns = Vec::new();
    let last = names.keys().chain(labels.keys()).max().map_or(0, |column| column.saturating_add(1));
    for column in 0..last {
        let bare = |cells: &Cells| cells.get(&column).map_or("", String::as_str).to_owned();
        let name = Some(bare(&names)).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| bare(&labels));
        if !name.trim().is_empty() {
            header.push(canonical(map, name.trim()));
            columns.push(column);
        }
    }
    let rows: Vec<_> = rows.collect();
    Ok(HtcdsTable { header, columns, rows: rows.into_iter() })
}

impl HtcdsTable {
    /// The next row that has anything in it, or `None` at the end.
    pub fn next_row(&mut self, rows: &mut RowReader<'_>) -> Option<Outcome> {
        loop {
            let (line, cells) = self.rows.next()?;
            let cells: Vec<&str> =
                self.columns.iter().map(|column| cells.get(column).map_or("", String::as_str)).collect();
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                return Some(rows.read(line, &cells));
            }
        }
    }
}

fn is_name(cell: &str) -> bool {
    PREFIXES.iter().any(|prefix| cell.trim().starts_with(prefix))
}

/// The template's second row: labels that say the names again (“First Name” under `prs_FirstName`).
fn is_label_row(names: &Cells, cells: &Cells) -> bool {
    let again = |(column, name): (&usize, &String)| {
        let bare = name.trim().split_once('_').map_or("", |(_, rest)| rest);
        !bare.is_empty() && cells.get(column).is_some_and(|cell| letters(bare) == letters(cell))
    };
    names.iter().filter(|pair| again(*pair)).count() >= 3
}

/// The map's name for a header, whatever its underscores and case; else the header itself.
fn canonical(map: &Map, name: &str) -> String {
    let wanted = letters(name);
    let same = |(key, column): &(&String, &super::map::Column)| {
        letters(key) == wanted || column.also.iter().any(|other| letters(other) == wanted)
    };
    map.columns.iter().find(same).map_or_else(|| name.to_owned(), |(key, _)| key.clone())
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn sheet_rows(bytes: &[u8]) -> Result<Vec<(u64, Cells)>, MapError> {
    let unreadable = |error: calamine::XlsxError| MapError::NoHeader(format!("not a readable spreadsheet: {error}"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let first = book.sheet_names().first().cloned().unwrap_or_default();
    let mut cells = book.worksheet_cells_reader(&first).map_err(unreadable)?;
    let (mut rows, mut text): (BTreeMap<u32, Cells>, usize) = Default::default();
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let ((row, at), said) = (cell.get_position(), cell_text(&Data::from(cell.get_value().clone())));
        text = text.saturating_add(said.len()).saturating_add(1);
        if at >= MAX_COLUMNS || text > MAX_TEXT {
            return Err(MapError::NoHeader(format!(
                "it is larger than a table can be: row {}, column {}",
                row.saturating_add(1),
                at.saturating_add(1)
            )));
        }
        if !said.is_empty() {
            rows.entry(row).or_default().insert(usize::try_from(at).unwrap_or(usize::MAX), said);
        }
    }
    Ok(rows.into_iter().map(|(row, cells)| (u64::from(row).saturating_add(1), cells)).collect())
}

fn cell_text(cell: &Data) -> String {
    match cell {
        Data::DateTime(date) if date.is_datetime() => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Data::DateTimeIso(text) => text.chars().take(10).collect(),
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string(),
    }
}

fn csv_rows(bytes: &[u8]) -> Result<Vec<(u64, Cells)>, MapError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| MapError::NoHeader(format!("not a readable table: {error}")))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = record.iter().map(|cell| cell.trim_start_matches('\u{feff}').to_owned()).enumerate();
        let cells = cells.filter(|(_, cell)| !cell.is_empty()).collect();
        rows.push((line, cells));
    }
    Ok(rows)
}
