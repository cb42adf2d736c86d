//! The plaintext inside an envelope: entries as JSON text that a person with a key can read years later without us.
#![doc = include_str!("RECORD.md")]

mod codec;
mod interner;
mod listed;
mod v1;
mod v1_answers;
mod v1_read;
mod v1_source;

#[cfg(test)]
mod tests;

pub use codec::{RecordError, decode, encode};
pub use interner::Interner;
pub use listed::{decode_lines, encode_lines};
