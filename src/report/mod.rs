//! What leaves the program to be read elsewhere: tables of counts, which are held to what a table of people must keep to, and papers.

mod labels;
pub mod paper;
mod reconcile;
mod rows;
mod sense;
mod sums;
pub(crate) mod told;

#[cfg(test)]
mod tests;

pub use reconcile::{Checked, Completeness, Finding, Rule, reconcile};
pub use rows::{Count, Row, Table, TableError, read_table};
