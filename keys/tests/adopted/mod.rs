//! What several tests of statements stand on.

mod under_roster_two;

pub(crate) use under_roster_two::{hex, trust};
