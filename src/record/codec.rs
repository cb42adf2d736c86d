//! Bytes ⇄ entry: the switch between versions, and nothing else.

use std::fmt;

use crate::model::{Attached, Author, CaseId, Content, Entry, EntryId, Source, Ties, Times};

use super::{interner::Interner, v1, v1_read};

/// Bytes that are no record. Says where and why, and never what stands there: errors reach logs, answers do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// The byte of its one line, from 1; 0 where the whole is meant.
    pub column: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no record: {} (byte {})", self.what, self.column)
    }
}

impl std::error::Error for RecordError {}

/// The text that is sealed, as the newest version writes it: begins with `{` and has no slot yet. An entry of a kind
/// that this version does not know comes out byte for byte as it came in.
pub fn encode(
    times: &Times,
    source: Option<&Source>,
    ties: Option<&Ties>,
    parts: &[Attached],
    content: &Content,
) -> Vec<u8> {
    v1::encode(times, source, ties, parts, content)
}

/// Reads what an envelope held; id, case and author come from its signed header, and so do hash and size of sealed attachments.
///
/// # Errors
/// [`RecordError`] where the bytes are not JSON, or claim a known shape and break it.
pub fn decode(
    json: &[u8],
    id: EntryId,
    case: CaseId,
    author: Author,
    interner: &mut Interner,
) -> Result<Entry, RecordError> {
    let (times, source, ties, parts, content) = v1_read::decode(json, interner)?;
    Ok(Entry { id, case, author, times, source, ties, parts, content })
}
