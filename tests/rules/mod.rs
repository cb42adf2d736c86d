//! The rules of the house as functions over source text, each with a planted violation that it must find.
//!
//! A rule takes what it judges and returns what it found; `house.rs` applies all of them to the tree. Nothing here may be
//! loosened without the reason standing beside the line that loosens it.

pub(crate) mod budgets;
pub(crate) mod clocks;
pub(crate) mod doors;
pub(crate) mod imports;
pub(crate) mod invariants;
pub(crate) mod manifests;
pub(crate) mod names;
pub(crate) mod paths;
pub(crate) mod promises;
pub(crate) mod rooms;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod sql;
pub(crate) mod traits;
pub(crate) mod wire;
pub(crate) mod wording;
