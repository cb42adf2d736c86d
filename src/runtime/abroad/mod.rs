//! A case offered to a unit of another agency, and what both sides say of it.

pub mod answers;
pub mod offering;
pub mod taking;
