//! An attachment of an entry: a scan, a photo, a recording, as the entry speaks of it. Its bytes lie elsewhere, sealed.

use super::{
    Author,
    ids::{CaseId, PartHash},
};

/// An attachment and the entry that lists it: all that it takes to find its bytes and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPart {
    /// The case of the entry.
    pub case: CaseId,
    /// The place of the entry.
    pub author: Author,
    /// The attachment.
    pub part: Attached,
}

/// What is known of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Hash of its content: what the author signed for.
    pub commitment: PartHash,
    /// Its media type, like `image/jpeg`.
    pub media: Box<str>,
    /// The name that its file had.
    pub name: Box<str>,
    /// Hash of its sealed bytes, by which they are found; from the signed header.
    pub digest: PartHash,
    /// Size of its sealed bytes; from the signed header.
    pub sealed: u64,
    /// Size of its content.
    pub size: u64,
}
