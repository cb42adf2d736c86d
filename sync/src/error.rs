//! What can go wrong between two homes, grouped by who is at fault. Refusals that are expected (a gap, a fork, an older
//! document) are values and stand beside the law that gives them, not here.

use std::error::Error;

use amanat_keys::error::KeysError;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, SyncError>;

/// A fault, named for the side that has to act on it. Sources are kept and never repeated in the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Bytes from outside are not what the format says. The word names the place, never the content.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// Bytes from outside pass a maximum of `wire/limits.rs`.
    #[error("over the limit: {0}")]
    TooBig(&'static str),
    /// A well-formed message in a version that this program does not speak.
    #[error("version {found} is not understood here (highest known: {known})")]
    Version {
        /// What the message says.
        found: u64,
        /// The highest this program knows.
        known: u64,
    },
    /// A signature, a roster or a key says no.
    #[error("not trusted")]
    Trust(#[source] KeysError),
    /// The peer answered something that does not follow from what was sent.
    #[error("the other side contradicts itself: {0}")]
    Peer(&'static str),
    /// The file is no journal: another kind of file, or another program's database.
    #[error("this file is not a journal")]
    NotAJournal,
    /// A page or a row of the journal is not as it was written, or the file is cut short.
    #[error("the journal is damaged: {0}")]
    StorageDamaged(&'static str),
    /// The journal was written by a newer program.
    #[error("the journal has schema {found}, this program knows {known}")]
    SchemaTooNew {
        /// The schema in the file.
        found: i64,
        /// The newest schema of this program.
        known: i64,
    },
    /// A migration that this file went through is not the one this program has under that number.
    #[error("migration {step} of the journal was altered after the fact")]
    SchemaModified {
        /// The number of the migration.
        step: i64,
    },
    /// The file says one schema and its list of migrations another.
    #[error("migration {step} of the journal is half applied")]
    SchemaHalfApplied {
        /// The number of the first migration that is missing or too many.
        step: i64,
    },
    /// The rows do not open under this vault key: the journal belongs to another vault.
    #[error("the journal was sealed under another vault key")]
    WrongVault,
    /// Another program holds the journal.
    #[error("the journal is held by another program")]
    StorageBusy,
    /// No room on the disk. Nothing that was kept is lost; what was being kept was not.
    #[error("the disk is full")]
    StorageFull,
    /// Any other failure of the disk or the database.
    #[error("the journal could not be read or written")]
    Storage(#[source] Box<dyn Error + Send + Sync>),
    /// The slot was taken meanwhile, or the entry does not fit on the journal's head.
    #[error("the slot is not the next one of its journal")]
    SlotTaken,
    /// The journal is closed, or not this device's.
    #[error("no open journal of this device")]
    NoJournal,
    /// The program asked for something that the rules do not allow.
    #[error("misuse: {0}")]
    Misuse(&'static str),
}
