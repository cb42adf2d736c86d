//! Papers that go over the table: a consent form, a letter to who takes somebody in, a card that may be found, a statement to read back.
//!
//! A paper is one HTML page without scripts, pictures or links, in English and in Urdu from right to left. It is made in memory; who
//! prints it or saves it is somebody else's business, and on record. A name stands on it only when it was asked for.

mod card;
mod consent;
mod html;
mod letter;
mod sheet;
mod statement;

#[cfg(test)]
mod tests;

pub use sheet::{Paper, Refusal, Request};
