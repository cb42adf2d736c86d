//! What a device keeps, sealed, until it is proven to have arrived: entries of its own and of others, drafts, case keys,
//! documents, receipts. [`Journal`] is the one trait; every method is one whole transaction, and behaviour is written once, in
//! `conformance`, for every implementation.

#[cfg(test)]
mod asides;
#[cfg(test)]
mod carried;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod erasures;
mod filing;
mod memory;
mod memory_aside;
mod memory_held;
mod memory_hub;
mod row;
mod schema;
mod sealed;
mod shapes;
mod sqlite;
mod sqlite_ahead;
mod sqlite_erase;
mod sqlite_hub;
mod sqlite_keep;
mod sqlite_lying;
mod sqlite_read;
mod sqlite_reseal;
mod sqlite_road;
mod sqlite_sealed;

pub use memory::MemoryJournal;
pub use sealed::{Room, SealedPage, SealedShelf};
pub use shapes::{
    Cursor, DocumentFiled, Filed, Filing, Keep, KnownHead, Line, NewJournal, Page, Pulled, Quarantined, Shelf,
    ShelfRow, Standing, State, Status, Wanted, stands_whole,
};
pub use sqlite::SqliteJournal;
pub use sqlite_ahead::JournalFile;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, JournalId};

use crate::batch::{Limit, Run};
use crate::chain::Verdict;
use crate::documents::{Adoption, Document};
use crate::entry::{EntryRef, Slot};
use crate::error::Result;

/// The keeper on the device. When a method has returned `Ok`, what it did survives a power cut; when it has returned an error,
/// nothing of it happened.
pub trait Journal: Send {
    /// Begins a journal of this device, and closes the one that it follows, if one is named (FORMATS section 2). Gives the
    /// first slot.
    ///
    /// # Errors
    /// `Misuse` when the line has another open journal or the id is taken; storage.
    fn begin(&mut self, new: &NewJournal) -> Result<Slot>;

    /// The next free slot of the open journal of a line.
    ///
    /// # Errors
    /// `NoJournal` when none is open; storage.
    fn next_slot(&self, line: Line) -> Result<Slot>;

    /// Keeps own entries, in the order of their slots, with the local rows that belong to them, and drops what they replace
    /// (a draft): all or nothing, on disk before it returns. One entry or ten thousand. Gives the heads it led to.
    ///
    /// # Errors
    /// `SlotTaken` when an entry is not on the head of an open journal of this device; storage (`StorageFull`: nothing kept
    /// before is lost).
    fn append(&mut self, keep: &Keep) -> Result<Vec<KnownHead>>;

    /// Entries to hand on: what the hub has not signed for and is not on its way, or what follows a place. Elided places stay
    /// elided, so that a carrier can pass on whole chains.
    ///
    /// # Errors
    /// Storage; `StorageDamaged` when a row does not open.
    fn pending(&self, wanted: &Wanted, limit: Limit) -> Result<Vec<Run>>;

    /// What the entries of a journal after a number weigh, in bytes of header, signature and envelope; a bare hash weighs 32.
    ///
    /// # Errors
    /// As [`Journal::pending`].
    fn weigh(&self, device: &DeviceId, journal: &JournalId, after: u64) -> Result<u64>;

    /// Files verified receipts and the newest checkpoint of a hub. Lower receipts of the same epoch change nothing.
    ///
    /// # Errors
    /// Storage.
    fn file_receipt(&mut self, filing: &Filing) -> Result<Filed>;

    /// Files verified runs of others, and sets aside what did not verify. Gives one verdict for each run, in order: only
    /// *accepted* changed anything, and an entry where only its hash was held is filled in. What is set aside stays within
    /// [`MAX_ASIDE`](crate::wire::limits::MAX_ASIDE): the oldest stays, and what is too much is dropped.
    ///
    /// # Errors
    /// Storage.
    fn file_pulled(&mut self, pulled: &Pulled) -> Result<Vec<Verdict>>;

    /// Drops the envelopes of entries, own or others', and the local rows that belong to them; headers and signatures stay, and what
    /// is pulled later does not fill them again. A place that is not held, is a bare hash, or has another header is passed over.
    /// Gives the places whose envelope went.
    ///
    /// # Errors
    /// Storage; `StorageDamaged` when a row does not open.
    fn erase(&mut self, doomed: &[Doomed], take: &[(Shelf, Vec<u8>)]) -> Result<Vec<EntryRef>>;

    /// How far every journal goes that is known here, own ones first.
    ///
    /// # Errors
    /// Storage.
    fn heads(&self) -> Result<Vec<KnownHead>>;

    /// A page of entries for the replay, journal by journal, opened and authenticated. A row that does not open is named in the
    /// page and does not stop it.
    ///
    /// # Errors
    /// Storage.
    fn entries_after(&self, after: Cursor, limit: Limit) -> Result<Page>;

    /// Puts local rows and takes others away, in one transaction: drafts, notes, case keys.
    ///
    /// # Errors
    /// `TooBig`; storage.
    fn shelve(&mut self, put: &[ShelfRow], take: &[(Shelf, Vec<u8>)]) -> Result<()>;

    /// Everything on a shelf, opened, in order of the row key.
    ///
    /// # Errors
    /// Storage; `StorageDamaged` when a row does not open.
    fn shelf(&self, shelf: Shelf) -> Result<Vec<ShelfRow>>;

    /// Takes a verified document if it is newer than the one in force; a second one of the same version is kept as proof.
    ///
    /// # Errors
    /// `TooBig`; storage.
    fn adopt(&mut self, document: &Document) -> Result<Adoption>;

    /// Every document in force, and every version of those that keep their history, oldest first.
    ///
    /// # Errors
    /// Storage; `StorageDamaged` when a row does not open.
    fn documents(&self) -> Result<Vec<DocumentFiled>>;

    /// What was set aside, with its reason, and the bytes for an export.
    ///
    /// # Errors
    /// Storage; `StorageDamaged` when a row does not open.
    fn quarantined(&self) -> Result<Vec<Quarantined>>;

    /// Drops entries that were set aside, each named by its bytes as they came, and gives how many of them there were. One that comes again
    /// is set aside again.
    ///
    /// # Errors
    /// `Misuse` for an entry of this device, and then nothing is dropped; storage.
    fn drop_aside(&mut self, dropped: &[Quarantined]) -> Result<u64>;

    /// Numbers for the status line, and how things stand with a hub.
    ///
    /// # Errors
    /// Storage.
    fn status(&self, hub: &DeviceId) -> Result<Status>;
}
