//! Where the hub keeps things: the trait, and the plain values that cross it.
//!
//! Each method is one whole transaction and takes and gives whole values, so no transaction object ever crosses an
//! `await` and a second database is one more file. A store never verifies anything: what reaches it has been verified.
//! Refusals that are expected (a gap, a fork) are verdicts; a [`StoreFault`] means that the store itself is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_sync::chain::{Head, Stretch, Verdict};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::entry::Part;
use amanat_sync::wire::parts::PartAt;

mod books;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod erasures;
mod memory;
mod paging;
#[cfg(test)]
mod parts;
mod postgres;
mod sqlite;
mod swap;

pub use memory::MemoryStore;
pub use postgres::{AddressFault, PostgresAddress, PostgresStore};
pub use sqlite::SqliteStore;
pub(crate) use swap::SwapStore;

/// What a store method gives back: a future that may move between threads.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreFault>> + Send + 'a>>;

/// A journal as everything here is keyed by it.
pub type Place = (DeviceId, JournalId);

/// A unit's or a device's id, as an audience names it.
pub type ReaderId = [u8; 32];

/// The hub's memory. Every method is one transaction, but for [`HubStore::accept`], which is one for each device.
pub trait HubStore: Send + Sync {
    /// Judges each run by the law of the chain against the head held, keeps what is new, and keeps a fork's entries as
    /// evidence. What it answers is durable. All runs of one device are kept together or not at all; after a fault those of
    /// another device may have been kept without a word, and to offer them again is harmless.
    fn accept(&self, runs: Vec<Run>) -> Answer<'_, Vec<Accepted>>;

    /// One page of what `Sought::readers` may be served above the heads they hold.
    fn page(&self, sought: Sought) -> Answer<'_, Page>;

    /// Every head, and the newest checkpoint: what the hub needs to know when it starts.
    fn ledger(&self) -> Answer<'_, Ledger>;

    /// Keeps the next checkpoint. Keeping the same again is harmless; another under the same number is a fault.
    fn keep_checkpoint(&self, checkpoint: KeptCheckpoint) -> Answer<'_, ()>;

    /// Keeps a signed document. Keeping the same again is harmless; of other bytes under a version taken the first stay in
    /// force, and the answer is false. Of a kind without history the newest alone stays, in whichever order they come: one that is older
    /// changes nothing, and words that come with every pass do not pile up.
    fn keep_document(&self, document: Document) -> Answer<'_, bool>;

    /// Documents of one kind, from a version on, oldest first, at most so many for each subject.
    fn documents(&self, kind: DocumentKind, from: u64, most: usize) -> Answer<'_, Vec<Document>>;

    /// Counts for the health page and `status`.
    fn depth(&self) -> Answer<'_, Depth>;

    /// Notes what a proven order names; erases nothing yet. Noting it again changes nothing.
    fn order(&self, doomed: Vec<Doomed>) -> Answer<'_, ()>;

    /// What both an order and a stand-in name and is not erased yet, once for each signer of a stand-in. Whether they may, the
    /// caller asks the roster.
    fn due(&self) -> Answer<'_, Vec<Due>>;

    /// Drops the envelopes of entries that an order names, those that come later among them, and takes none of them back; and those of
    /// entries that no order names and a stand-in replaces. Header, signature and hash stay; such an entry is not a missing one.
    fn erase(&self, doomed: Vec<Doomed>) -> Answer<'_, ()>;

    /// How attachments stand, in the order asked; `None` where no entry held lists one.
    fn parts(&self, asker: Asker, asked: Vec<PartAt>) -> Answer<'_, Vec<Option<PartBook>>>;

    /// Notes that an attachment of a device is held whole. Gives the journals of that device that waited for it; none when nothing
    /// did.
    fn hold_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>>;

    /// Notes that the bytes of an attachment that was held whole are lost: it is wanted again. Gives the journals of that device that list
    /// it; none when it was not held.
    fn lose_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>>;

    /// Journals of a device that lack an envelope or an attachment.
    fn incomplete(&self, device: DeviceId) -> Answer<'_, Vec<Complete>>;

    /// Attachments whose bytes are to go: every entry that listed them is erased.
    fn doomed_parts(&self) -> Answer<'_, Vec<(DeviceId, Digest)>>;

    /// Notes that the bytes of these are gone.
    fn parts_gone(&self, gone: Vec<(DeviceId, Digest)>) -> Answer<'_, ()>;

    /// What stands beside the entries of a device: who may read them, and what of forks was kept.
    fn beside(&self, device: DeviceId) -> Answer<'_, Beside>;

    /// What orders name, of all devices, and whether it is erased.
    fn orders(&self) -> Answer<'_, Vec<(Doomed, bool)>>;

    /// Checkpoints above an epoch and number, oldest first.
    fn checkpoints(&self, after: (u64, u64), most: usize) -> Answer<'_, Vec<KeptCheckpoint>>;

    /// Makes grants that were made at another store, as [`Row::readers`] would.
    fn let_in(&self, grants: Vec<Grant>) -> Answer<'_, ()>;
}

/// Who asks for attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The asking device: what its own entries list is for it.
    pub device: DeviceId,
    /// Itself and its units.
    pub readers: Vec<ReaderId>,
}

/// What is known of an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartBook {
    /// Bytes of its envelope, as the header says.
    pub size: u64,
    /// Whether its bytes are here.
    pub state: PartHeld,
    /// Whether the asker may have it: it wrote the entry, or is in the audience of the entry's slip.
    pub may: bool,
}

/// Whether the bytes of an attachment are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartHeld {
    /// Not yet, or not all.
    Wanted,
    /// All of them, and they are the right ones.
    Held,
    /// Its entry is erased: they are not taken any more.
    Gone,
}

/// How far a journal is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complete {
    /// Whose journal.
    pub place: Place,
    /// Its head.
    pub head: Head,
    /// The highest number up to which every envelope and every attachment is held.
    pub complete: u64,
}

/// What stands beside the entries of a device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Who may read what.
    pub grants: BTreeSet<Grant>,
    /// The other side of forks.
    pub evidence: BTreeSet<Evidence>,
    /// Attachments whose bytes are here.
    pub attached: BTreeSet<Digest>,
}

/// An entry of another history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The journal.
    pub place: Place,
    /// The number that it claims there.
    pub seq: u64,
    /// The hash of its header.
    pub hash: Digest,
    /// The header.
    pub header: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
}

/// A run of one journal, verified, as the chain and the table want it.
#[derive(Debug, Clone)]
pub struct Run {
    /// Whose journal.
    pub place: Place,
    /// The link before the journal's first entry.
    pub root: Digest,
    /// The run as a chain; as many hashes as there are rows.
    pub stretch: Stretch,
    /// The entries in order.
    pub rows: Vec<Row>,
}

/// One entry as it stands in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Number in its journal.
    pub seq: u64,
    /// The slip, in the same journal, whose readers may be served this entry.
    pub slip: u64,
    /// The audience that this entry itself adds: its own readers if it is a slip.
    pub readers: Vec<Grant>,
    /// The header, verbatim.
    pub header: Vec<u8>,
    /// The device's signature over it.
    pub signature: [u8; 64],
    /// The envelope; `None` when only the header came, and the envelope is still to come. Empty where a header says that it is not: the
    /// author no longer has it, and nobody is waited for, neither for it nor for what the entry lists.
    pub envelope: Option<Vec<u8>>,
    /// What it stands in for, if it is a stand-in.
    pub stands_in: Option<StandIn>,
    /// The attachments that its header lists.
    pub parts: Vec<Part>,
}

/// What a stand-in is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandIn {
    /// The entry, by place and header hash.
    pub target: Doomed,
    /// Whether it erases; else it holds the target's content in another envelope.
    pub erases: bool,
}

/// An erasure of which order and stand-in are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The entry.
    pub target: Doomed,
    /// The device that signed a stand-in for it.
    pub signer: DeviceId,
}

/// A reader of a slip.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The journal in which the slip stands.
    pub place: Place,
    /// The slip's number there.
    pub slip: u64,
    /// Unit or device.
    pub reader: ReaderId,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Whose journal.
    pub place: Place,
    /// The law's word on the run.
    pub verdict: Verdict,
    /// The head held now.
    pub head: Head,
    /// The highest number up to which every envelope and every attachment is held, or was let go by its author.
    pub complete: u64,
}

/// Who asks for entries, and from where on.
#[derive(Debug, Clone)]
pub struct Sought {
    /// The agency, from which the link before a journal's first entry follows.
    pub agency: AgencyId,
    /// The asking device: it is served its own journals whole.
    pub device: DeviceId,
    /// Itself and its units.
    pub readers: Vec<ReaderId>,
    /// The highest number it holds of each journal.
    pub held: BTreeMap<Place, u64>,
    /// Stretches below that to serve again, by first and last number: entries that came as bare hashes and that a later slip
    /// opened to this reader.
    pub again: Vec<(Place, u64, u64)>,
    /// About so many bytes of headers and envelopes in the page; at least one entry comes.
    pub bytes: usize,
}

/// What is served in one answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Consecutive pieces of journals.
    pub pieces: Vec<Piece>,
    /// Whether more lies behind this page.
    pub more: bool,
}

/// Consecutive entries of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Whose journal.
    pub place: Place,
    /// Number of the first item.
    pub first: u64,
    /// Link before the first item.
    pub before: Digest,
    /// The entries in order, those that this reader may not have as bare hashes.
    pub items: Vec<Item>,
}

/// An entry as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Whole.
    Entry(ServedEntry),
    /// Only the hash of its header: the chain still verifies.
    Elided(Digest),
}

/// What travels of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedEntry {
    /// The hash that the header had when it came: what the chain is made of.
    pub hash: Digest,
    /// The header, verbatim.
    pub header: Vec<u8>,
    /// The device's signature.
    pub signature: [u8; 64],
    /// The envelope, if the hub holds it; empty as in a [`Row`].
    pub envelope: Option<Vec<u8>>,
}

/// Heads and newest checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// The head of every journal.
    pub heads: BTreeMap<Place, Head>,
    /// The newest checkpoint, if there is one.
    pub newest: Option<KeptCheckpoint>,
}

/// A checkpoint as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// The hub's epoch.
    pub epoch: u64,
    /// Its number within the epoch, from 1.
    pub number: u64,
    /// The signed statement.
    pub statement: Vec<u8>,
}

/// How much is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Journals.
    pub journals: u64,
    /// Entries.
    pub entries: u64,
    /// Entries whose envelope is missing.
    pub missing: u64,
    /// Entries kept as evidence of forks.
    pub evidence: u64,
    /// Entries that were erased, or will be when they come.
    pub erased: u64,
}

/// What a copy of a store holds, as it was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Journals, each followed to its head.
    pub journals: u64,
    /// Entries, each held against its header.
    pub entries: u64,
}

/// The store itself is broken; the caller can only try again later.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The database refused or failed.
    #[error("the store failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The folder or the object store of attachments refused or failed.
    #[error("attachments cannot be kept or read")]
    Parts(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The database was written by a newer program.
    #[error("the store has schema {found}; this program knows up to {known}")]
    TooNew {
        /// Schema of the file.
        found: i64,
        /// Schema of this program.
        known: i64,
    },
    /// Tables of a step of the schema are there and others are not, or its mark is not.
    #[error(
        "step {step} of the store's schema is applied by half, or the database holds tables of another program; restore it from a \
         backup, or give the hub an empty database"
    )]
    HalfApplied {
        /// The step.
        step: i64,
    },
    /// What was read back cannot have been written by this program.
    #[error("the store holds what was never written: {0}")]
    Damaged(&'static str),
    /// The hub is about to go on in another store: what is read goes on, what would be written comes again.
    #[error("the store is moving to another place")]
    Moving,
    /// The store has been stopped.
    #[error("the store is stopped")]
    Stopped,
}
