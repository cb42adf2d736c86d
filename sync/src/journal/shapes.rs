//! What goes into a journal and comes out of it: plain values, sealed or opened nowhere else than in the journal itself.

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};
use minicbor::{Encode, Encoder, encode};
use zeroize::Zeroizing;

use super::Journal;
use crate::batch::{Limit, Run, VerifiedRun, Why};
use crate::chain::Head;
use crate::documents::Document;
use crate::entry::{EntryRef, SealedEntry};
use crate::error::{Result, SyncError};
use crate::receipt::{Checkpoint, Receipt};
use crate::road::Rows;
use crate::wire::limits;

/// Which of its lines a device writes: they travel apart, so that statistics cannot be paired with interviews (FORMATS
/// section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// Cases: slips, interviews, reviews.
    Cases,
    /// Statistics.
    Statistics,
}

/// Whether a journal can grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It grows: here if it is our own, elsewhere if not.
    Open,
    /// Own: another one follows it.
    Closed,
    /// Two histories of it were seen; it stays as it is and is evidence.
    Forked,
}

/// A journal of this device to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewJournal {
    /// The agency.
    pub agency: AgencyId,
    /// This device.
    pub device: DeviceId,
    /// Random, made for this journal.
    pub journal: JournalId,
    /// What it will hold.
    pub line: Line,
    /// The own journal that it follows and closes: restored from a backup, forked, or under a key that was rotated.
    pub closes: Option<JournalId>,
}

/// A journal and how far it goes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownHead {
    /// Its agency.
    pub agency: AgencyId,
    /// Its device.
    pub device: DeviceId,
    /// The journal.
    pub journal: JournalId,
    /// The newest place held here and the link there.
    pub head: Head,
    /// The line, when it is our own.
    pub own: Option<Line>,
    /// Whether it grows.
    pub state: State,
}

/// What one keeping writes: all of it or nothing.
#[derive(Debug, Default)]
pub struct Keep {
    /// Own entries with their envelopes, each journal's in order.
    pub entries: Vec<SealedEntry>,
    /// Local rows that belong to them: the case key, a note.
    pub rows: Vec<ShelfRow>,
    /// Rows that they replace: the draft.
    pub drop: Vec<(Shelf, Vec<u8>)>,
}

/// What [`super::Journal::pending`] is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Own entries above the hub's last receipt, and above what is on its way already: (journal, number).
    ForHub {
        /// The hub.
        hub: DeviceId,
        /// Numbers that were sent and not signed for yet.
        sent: Vec<(JournalId, u64)>,
    },
    /// Whatever is held of a journal after a number.
    After {
        /// The device.
        device: DeviceId,
        /// Its journal.
        journal: JournalId,
        /// The number before the first wanted, 0 for all.
        seq: u64,
    },
}

/// Verified words of a hub to file. Only the caller that checked the statements makes one.
#[derive(Clone, Debug)]
pub struct Filing {
    /// The hub.
    pub hub: DeviceId,
    /// Receipts and the statements that carry them, verbatim.
    pub receipts: Vec<(Receipt, Vec<u8>)>,
    /// The newest checkpoint, and its statement.
    pub checkpoint: Option<(Checkpoint, Vec<u8>)>,
    /// The highest epoch of this hub that counts: the first one seen, or one for which an admin's statement was verified
    /// (FORMATS section 6). A higher epoch in a receipt is kept and makes the device offer again, and does not count.
    pub vouched: u64,
    /// Bytes that are about to be offered again to a hub that fell back without an admin's word: added to those before.
    pub again: u64,
    /// What is remembered of the road with it, in the same transaction.
    pub remember: Rows,
}

impl Filing {
    /// Whether every word is of the hub that is named.
    pub(super) fn check(&self) -> Result<()> {
        let receipts = self.receipts.iter().all(|(r, _)| r.hub == self.hub);
        let same = receipts && self.checkpoint.iter().all(|(c, _)| c.hub == self.hub);
        if same { Ok(()) } else { Err(SyncError::Misuse("a word of another hub")) }
    }
}

/// What filing changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filed {
    /// Journals whose received number moved, with that number.
    pub received: Vec<(DeviceId, JournalId, u64)>,
    /// Own journals of which the hub has more than we do: this home was restored from a backup, and a new one must begin.
    pub behind: Vec<(DeviceId, JournalId)>,
    /// Journals of which the hub signed another history than ours: they grow no more.
    pub forked: Vec<(DeviceId, JournalId)>,
}

/// Runs of others and what had to be set aside.
#[derive(Debug, Default)]
pub struct Pulled {
    /// Runs whose entries are verified one by one.
    pub runs: Vec<VerifiedRun>,
    /// Entries that did not verify.
    pub quarantine: Vec<Quarantined>,
}

/// An entry set aside: it never blocks the rest, and can be exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it claims to stand.
    pub entry: EntryRef,
    /// Why it was set aside.
    pub why: Why,
    /// The entry as it came.
    pub sealed: SealedEntry,
}

impl Quarantined {
    /// The sealed bytes for whoever looks into it: `[1, reason, header, signature, envelope]` as CBOR, the envelope empty where none
    /// came. Nothing in it is opened.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        amanat_keys::canonical::encode(self)
    }

    /// Whether it came damaged and has come whole meanwhile. What was set aside for another reason stays in question.
    ///
    /// # Errors
    /// Storage; `StorageDamaged` when a row does not open.
    pub fn is_settled(&self, journal: &dyn Journal) -> Result<bool> {
        Ok(self.why == Why::BadSignature && stands_whole(journal, &self.entry)?)
    }
}

impl<C> Encode<C> for Quarantined {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> std::result::Result<(), encode::Error<W::Error>> {
        let envelope = self.sealed.envelope.as_deref().unwrap_or_default();
        e.array(5)?.u8(1)?.u64(self.why.number())?;
        e.bytes(&self.sealed.bytes)?.bytes(&self.sealed.signature)?.bytes(envelope)?.ok()
    }
}

/// Whether a place holds an entry and not only its hash, or nothing.
///
/// # Errors
/// Storage; `StorageDamaged` when a row does not open.
pub fn stands_whole(journal: &dyn Journal, at: &EntryRef) -> Result<bool> {
    let Some(seq) = at.seq.checked_sub(1) else { return Ok(false) };
    let wanted = Wanted::After { device: at.device, journal: at.journal, seq };
    let runs = journal.pending(&wanted, Limit { items: 1, bytes: 1 })?;
    let first = runs.first().filter(|run| run.first == at.seq).and_then(|run| run.items.first());
    Ok(first.is_some_and(|item| item.entry().is_some()))
}

/// Where a replay goes on. Ordered journal by journal; not a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub(super) u64);

impl Cursor {
    /// Before everything.
    pub const START: Cursor = Cursor(0);
}

/// A page of the replay.
#[derive(Debug, Default)]
pub struct Page {
    /// Entries, opened.
    pub entries: Vec<SealedEntry>,
    /// Places in the page of which only the hash is held.
    pub elided: u64,
    /// Places whose row does not open: damaged.
    pub damaged: Vec<EntryRef>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// The local shelves. None of their rows ever travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// Case keys, by the place of their slip.
    CaseKeys,
    /// Drafts, by an id of the app's.
    Drafts,
    /// Local notes (`self_review`), by an id of the app's.
    Notes,
    /// Small things the app remembers, sealed: a last choice, a count.
    Marks,
    /// What is remembered of the road: what is carried for others, what left on a stick.
    Road,
    /// Words of hubs, to hold later ones against.
    Words,
    /// The list of cases as it stood when everything had last been folded: a copy that can be thrown away. It goes, in the same
    /// transaction, with whatever changes of an entry that is held and with any case key that is taken away.
    List,
}

impl Shelf {
    /// The name under which its rows are sealed (the *table* of FORMATS section 8).
    pub fn table(self) -> &'static str {
        match self {
            Shelf::CaseKeys => "case-key",
            Shelf::Drafts => "draft",
            Shelf::Notes => "note",
            Shelf::Marks => "mark",
            Shelf::Road => "road",
            Shelf::Words => "hub-word",
            Shelf::List => "list",
        }
    }

    /// Those whose rows have to open: the list is thrown away where it does not.
    pub(super) const ALL: [Shelf; 6] =
        [Shelf::CaseKeys, Shelf::Drafts, Shelf::Notes, Shelf::Marks, Shelf::Road, Shelf::Words];

    pub(super) fn number(self) -> i64 {
        match self {
            Shelf::CaseKeys => 1,
            Shelf::Drafts => 2,
            Shelf::Notes => 3,
            Shelf::Marks => 4,
            Shelf::Road => 5,
            Shelf::Words => 6,
            Shelf::List => 7,
        }
    }
}

/// A local row. It is sealed to its shelf, key, case and key id: moved, it does not open.
#[derive(Clone, PartialEq, Eq)]
pub struct ShelfRow {
    /// The shelf.
    pub shelf: Shelf,
    /// Its key there, at most 64 bytes; the same key replaces.
    pub key: Vec<u8>,
    /// The case, where it belongs to one. Stands in the clear, as a random number.
    pub case: Option<CaseId>,
    /// The key id, for case keys.
    pub key_id: Option<KeyId>,
    /// The content.
    pub plain: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for ShelfRow {
    // The content is what must not be printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ShelfRow({:?}, {:02x?}, {} bytes)", self.shelf, self.key, self.plain.len())
    }
}

impl ShelfRow {
    /// The row of a case key: its key on the shelf is the place of the slip.
    pub fn case_key(slip: &EntryRef, case: CaseId, key_id: KeyId, key: Zeroizing<Vec<u8>>) -> ShelfRow {
        let (shelf, at) = ShelfRow::case_key_at(slip);
        ShelfRow { shelf, key: at, case: Some(case), key_id: Some(key_id), plain: key }
    }

    /// Where the case key of a slip lies.
    pub fn case_key_at(slip: &EntryRef) -> (Shelf, Vec<u8>) {
        let at = [&slip.device.as_bytes()[..], slip.journal.as_bytes(), &slip.seq.to_be_bytes()].concat();
        (Shelf::CaseKeys, at)
    }

    /// Whether the row is within its limits.
    pub(super) fn check(&self) -> Result<()> {
        if self.key.len() > limits::MAX_SHELF_KEY || self.plain.len() > limits::MAX_SHELF_ROW {
            return Err(SyncError::TooBig("local row"));
        }
        Ok(())
    }

    /// The place of the slip that a case key's row belongs to; `None` on other shelves.
    pub fn slip(&self) -> Option<EntryRef> {
        let (device, rest) = self.key.split_first_chunk::<32>()?;
        let (journal, rest) = rest.split_first_chunk::<16>()?;
        let seq = u64::from_be_bytes(rest.try_into().ok()?);
        (self.shelf == Shelf::CaseKeys).then_some(EntryRef {
            device: DeviceId::from_bytes(*device),
            journal: JournalId::from_bytes(*journal),
            seq,
        })
    }

    /// A draft, under an id that the app made for it.
    pub fn draft(id: [u8; 16], plain: Zeroizing<Vec<u8>>) -> ShelfRow {
        ShelfRow { shelf: Shelf::Drafts, key: id.to_vec(), case: None, key_id: None, plain }
    }
}

/// A document as it is filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFiled {
    /// The document.
    pub document: Document,
    /// Whether it came second for its version: not in force, kept as proof.
    pub rival: bool,
}

/// How things stand between an own journal and a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The journal.
    pub journal: JournalId,
    /// Its line.
    pub line: Line,
    /// Whether it grows.
    pub state: State,
    /// Kept: the newest own entry.
    pub kept: Head,
    /// Received: covered by the hub's receipt in the newest epoch that counts.
    pub received: u64,
    /// Once received: covered by any receipt of the hub, of whatever epoch. Above `received` the hub has lost what it signed for.
    pub once: u64,
    /// The link on that receipt; the last place on which both agree.
    pub received_link: Option<Digest>,
    /// From where entries are offered: below `received` after an epoch that nobody vouched for yet.
    pub offered_from: u64,
    /// Up to here the hub has all attachments too.
    pub complete: u64,
}

/// Numbers about a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Own journals, oldest first.
    pub own: Vec<Standing>,
    /// Entries of others that are held.
    pub others: u64,
    /// Places of others of which only the hash is held.
    pub elided: u64,
    /// Drafts.
    pub drafts: u64,
    /// Entries set aside, without those that came damaged and have come whole since.
    pub quarantined: u64,
    /// Whether so much is set aside that of what nobody is proven to have signed no more is: it is told and not kept.
    pub aside_full: bool,
    /// The newest checkpoint of the hub, the hash of its payload, and its statement.
    pub checkpoint: Option<(Checkpoint, Digest, Vec<u8>)>,
    /// Receipts that count for own journals, with the statements that carry them: what *received* rests on.
    pub receipts: Vec<(Receipt, Vec<u8>)>,
    /// Receipts that count for others' journals: what was carried for them has arrived, and they want to know.
    pub passed: Vec<(Receipt, Vec<u8>)>,
    /// The highest epoch seen of this hub.
    pub epoch: u64,
    /// The highest epoch that counts.
    pub vouched: u64,
    /// Bytes that were offered again to this hub since an epoch was last vouched for.
    pub again: u64,
}

impl Status {
    /// Own entries that the hub has not signed for and still may: those of a forked journal are evidence, and what they said
    /// is kept again elsewhere.
    pub fn waiting(&self) -> u64 {
        self.own
            .iter()
            .filter(|own| own.state != State::Forked)
            .fold(0, |sum, own| sum.saturating_add(own.kept.seq.saturating_sub(own.received)))
    }
}

/// The frame of a run of a journal, still without items.
pub(super) fn run_after(known: &KnownHead, after: Head) -> Run {
    Run {
        agency: known.agency,
        device: known.device,
        journal: known.journal,
        first: after.seq.saturating_add(1),
        before: after.link,
        items: Vec::new(),
    }
}
