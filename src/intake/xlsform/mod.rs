//! Forms that others wrote as XLSForm (the workbook of ODK, Kobo, SurveyCTO), taken in as files of a codebook.
//!
//! Source: xlsform.org's reference of question types, choices, relevance, constraints, repeats and languages. What has no place in
//! a codebook is left out and named with its sheet and row; nothing is dropped in silence.

mod expression;
mod labels;
mod lists;
mod names;
mod notes;
mod sheets;
mod survey;
mod written;

pub use notes::Note;
pub use sheets::{MAX_WORKBOOK, Sheets, XlsFormError};
pub use survey::{Converted, convert};

#[cfg(test)]
mod tests;
