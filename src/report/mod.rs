//! Tables of counts: those that others made are read here and held to what a table of people must keep to.

mod labels;
mod reconcile;
mod rows;
mod sense;
mod sums;

#[cfg(test)]
mod tests;

pub use reconcile::{Checked, Completeness, Finding, Rule, reconcile};
pub use rows::{Count, Row, Table, TableError, read_table};
