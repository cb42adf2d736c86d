//! Other people's tables become sheets: a map says which column answers which question.
//!
//! Pure: bytes in, sheets or named faults out. The room knows no disk, keys or clock; the digest that gives a row its
//! identity is handed in. One bad row never stops the good ones, and an empty cell is *not recorded*, never *no*.

mod csv_table;
mod fault;
mod htcds;
mod map;
mod row;
mod xlsform;

pub use csv_table::{CsvTable, csv_header};
pub use fault::{BadRow, MapError, Reason};
pub use htcds::{HtcdsTable, htcds_map, htcds_table};
pub use map::{Column, Map};
pub use row::{Imported, Outcome, RowDigest, RowReader};
pub use xlsform::{Converted, MAX_WORKBOOK, Note, Sheets, XlsFormError, convert};

#[cfg(test)]
mod tests;
