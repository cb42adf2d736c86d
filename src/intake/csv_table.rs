//! A CSV file as rows with their lines: damaged lines are reported, the others are read.

use std::io::Read;

use super::{
    fault::{BadRow, MapError, Reason},
    row::{Outcome, RowReader},
};

/// A CSV file being read; memory stays that of one row.
pub struct CsvTable<R> {
    reader: csv::Reader<R>,
    record: csv::ByteRecord,
    ended: bool,
}

/// Opens a CSV file and takes its first row as the header; a byte-order mark is dropped.
///
/// # Errors
/// [`MapError::NoHeader`] when there is no first row of UTF-8 text.
pub fn csv_header<R: Read>(input: R) -> Result<(CsvTable<R>, Vec<String>), MapError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(true).flexible(true).from_reader(input);
    let header = reader.headers().map_err(|error| MapError::NoHeader(error.to_string()))?;
    let names: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    if names.iter().all(String::is_empty) {
        return Err(MapError::NoHeader("the file is empty".into()));
    }
    Ok((CsvTable { reader, record: csv::ByteRecord::new(), ended: false }, names))
}

impl<R: Read> CsvTable<R> {
    /// The next row, or `None` at the end of the file.
    pub fn next_row(&mut self, rows: &mut RowReader<'_>) -> Option<Outcome> {
        if self.ended {
            return None;
        }
        let before = self.reader.position().line();
        let bad = |line, reason| Some(Outcome::Bad(BadRow { line, column: None, reason }));
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => None,
            Err(error) if error.is_io_error() => {
                self.ended = true;
                bad(before, Reason::Damaged("it cannot be read any further".into()))
            }
            Err(error) => bad(before, Reason::Damaged(error.to_string())),
            Ok(true) => {
                let line = self.record.position().map_or(before, csv::Position::line);
                let cells: Result<Vec<&str>, _> = self.record.iter().map(std::str::from_utf8).collect();
                match cells {
                    Ok(cells) => Some(rows.read(line, &cells)),
                    Err(_not_utf8) => bad(line, Reason::Encoding),
                }
            }
        }
    }
}
