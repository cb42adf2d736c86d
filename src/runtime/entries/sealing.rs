//! From contents to signed entries, ready to be appended: slips where they are needed, envelopes, headers, the chain.
//!
//! Four steps, so that a large import uses both cores: *plan* gives every entry its number; *make* does what no other entry
//! bears on (slips, text, compression); *chain* seals one after the other, because each nonce is hedged with the link before it;
//! *sign* signs what is chained. Nothing here touches the disk.

use std::collections::HashMap;

use amanat_keys::{
    case_key::{CaseKey, Place},
    dictionary::Effort,
    envelope::{Folded, Sealed},
    error::KeysError,
    fingerprint::{CaseId, Digest},
    payload::NonceHedge,
    slip::Slip,
};
use amanat_sync::{
    entry::{EntryRef, Header, Kind, Part, Reader, RosterSeen, SealedEntry, Slot},
    error::SyncError,
    journal::ShelfRow,
};

use super::{
    again, parallel,
    ring::{self, Purpose, Ring},
};
use crate::{
    failure::Failure,
    model::{After, Attached, Author, Content, Entry, EntryId, HeaderHash, Source, Ties, Times, with_new_ids},
    record,
    runtime::{
        border::entry_id,
        fault,
        homes::pen::{Pen, Readers},
    },
};

const DOING: &str = "sealing the entry";

/// One thing to keep.
#[derive(Clone, Debug)]
pub(in crate::runtime) struct Piece {
    /// The case.
    pub case: CaseId,
    /// Under which of the case's keys.
    pub purpose: Purpose,
    /// What. The `of` of [`Content::Names`] that is to name the entry just before it is [`PREVIOUS`].
    pub content: Content,
    /// Where it was imported from.
    pub source: Option<Source>,
    /// The entry that it is once more, when it was.
    pub again: Option<Again>,
    /// Attachments, sealed already.
    pub attached: Option<Box<SealedParts>>,
}

/// Attachments that lie sealed beside the journal, and the case key they were sealed under: their entry lies under it too.
#[derive(Clone, Debug)]
pub(in crate::runtime) struct SealedParts {
    /// The key.
    pub key: CaseKey,
    /// In the order in which the entry lists them.
    pub parts: Box<[Attached]>,
}

/// An entry that is kept again.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Again {
    /// The hash of its header.
    pub was: HeaderHash,
    /// When it was kept at first.
    pub times: Times,
}

impl Piece {
    fn times(&self, now: Times) -> Times {
        self.again.map_or(now, |again| again.times)
    }

    fn parts(&self) -> &[Attached] {
        self.attached.as_ref().map_or(&[], |attached| &attached.parts)
    }

    /// Whether an entry of this piece may lie under a key.
    fn fits(&self, key: &CaseKey) -> bool {
        self.attached.as_ref().is_none_or(|attached| attached.key.expose() == key.expose())
    }

    fn ties(&self, after: Option<After>) -> Option<Box<Ties>> {
        let ties = Ties { was: self.again.map(|again| again.was), after };
        (ties != Ties::default()).then(|| Box::new(ties))
    }

    /// Whether the text can only be written once the entries before it are sealed.
    fn waits(&self) -> bool {
        self.again.is_some() || matches!(&self.content, Content::Names(names) if names.of == PREVIOUS)
    }
}

/// What is to be sealed, and for whom.
pub(in crate::runtime) struct Given<'a> {
    /// In order.
    pub pieces: Vec<Piece>,
    /// What the first of them names, when it is the first of its journal.
    pub after: Option<After>,
    /// Today's readers.
    pub readers: &'a [Readers],
    /// Which of them each piece is for.
    pub readers_of: &'a [usize],
    /// Clock evidence.
    pub times: Times,
    /// What was written before its keeping was asked for.
    pub ahead: Option<Ahead>,
}

/// A text that was written while a person still reads who will see it, and sealed where its slip is there already: most of the work of a
/// keeping, done when nobody waits. It is signed when it is kept, and only at the very place, under the very key, with the very content,
/// that it was written for.
pub(in crate::runtime) struct Ahead {
    place: Place,
    times: Times,
    content: Content,
    source: Option<Source>,
    text: Text,
    /// What it was sealed under: the link before it, and the key of its slip.
    under: Option<(Digest, CaseKey)>,
}

/// So long what was written ahead may wait, milliseconds since the start of the machine: its times say when it was written.
const WAITS_MS: u64 = 120_000;

impl Ahead {
    /// Whether this is what would be written now.
    fn is(&self, First { place, under, piece }: &First<'_>, now: &Times) -> bool {
        let waited = now.boot_ms.checked_sub(self.times.boot_ms);
        let sealed_under = |(prev, key): &(Digest, CaseKey)| {
            under.is_some_and(|(before, under)| before == *prev && under.expose() == key.expose())
        };
        self.place == *place
            && self.under.as_ref().is_none_or(sealed_under)
            && waited.is_some_and(|ms| ms <= WAITS_MS)
            && self.times.hub_ms == now.hub_ms
            && self.content == piece.content
            && self.source == piece.source
    }
}

/// Stands for "the entry sealed just before this one", whose id is known only then.
pub(super) const PREVIOUS: EntryId = EntryId::from_bytes([0; 16]);

/// What is to be appended, and what it says.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Batch {
    /// Slips and entries in the order of their numbers.
    pub sealed: Vec<SealedEntry>,
    /// Local rows of the new case keys.
    pub rows: Vec<ShelfRow>,
    /// The new keys.
    pub keys: Vec<(EntryRef, CaseKey, Purpose)>,
    /// The contents as entries, in order.
    pub entries: Vec<Entry>,
    /// The slot after the last.
    pub next: Option<Slot>,
}

enum Planned {
    Slip { case: CaseId, purpose: Purpose, key: CaseKey, readers: usize },
    Content { piece: usize, key: CaseKey, slip: u64, seq: u64 },
}

enum Made {
    Slip(Vec<u8>),
    Content(Text),
}

enum Text {
    /// It can only be written once the entries before it are sealed.
    Waits,
    Folded(Folded),
    Sealed(Sealed),
}

/// A first piece whose place is known before anything is sealed; where no slip comes before it, its link and its key are as well.
struct First<'a> {
    place: Place,
    under: Option<(Digest, &'a CaseKey)>,
    piece: &'a Piece,
}

/// Seals pieces in order.
///
/// # Errors
/// What `keys` refuses; nothing has been kept then.
pub(in crate::runtime) fn seal(pen: &Pen, ring: &Ring, slot: Slot, mut given: Given<'_>) -> Result<Batch, Failure> {
    let plan = plan(ring, slot, &given.pieces, given.readers, given.readers_of)?;
    let first = first_content(&slot, &plan, &given.pieces).filter(|_| given.after.is_none());
    given.ahead = given.ahead.take().filter(|ahead| first.is_some_and(|first| ahead.is(&first, &given.times)));
    given.times = given.ahead.as_ref().map_or(given.times, |ahead| ahead.times);
    let made = make(&slot, &plan, &mut given)?;
    let chained = chain(pen, slot, plan, made, given)?;
    sign(pen, chained)
}

/// Writes and seals the first text of what is to be kept, for the place that it would get now; none where it has to wait for others.
///
/// # Errors
/// As [`seal`].
pub(in crate::runtime) fn ahead(
    pen: &Pen,
    ring: &Ring,
    slot: Slot,
    given: &Given<'_>,
) -> Result<Option<Ahead>, Failure> {
    let plan = plan(ring, slot, &given.pieces, given.readers, given.readers_of)?;
    let first = first_content(&slot, &plan, &given.pieces).filter(|_| given.after.is_none());
    let Some(First { place, under, piece }) = first else { return Ok(None) };
    let text = record::encode(&given.times, piece.source.as_ref(), None, piece.parts(), &piece.content);
    let folded = fold(&text, &place, Effort::Thorough)?;
    let text = match under {
        Some((_, key)) => Text::Sealed(folded.seal(key, &hedge(pen, &slot))),
        None => Text::Folded(folded),
    };
    let (content, source) = (piece.content.clone(), piece.source.clone());
    let under = under.map(|(prev, key)| (prev, key.clone()));
    Ok(Some(Ahead { place, times: given.times, content, source, text, under }))
}

/// Where the first piece would stand, unless its text has to wait for another's or names attachments.
fn first_content<'a>(slot: &Slot, plan: &'a [Planned], pieces: &'a [Piece]) -> Option<First<'a>> {
    let piece = pieces.first().filter(|piece| !piece.waits() && piece.attached.is_none())?;
    let (at, slip, seq, key) = plan.iter().enumerate().find_map(|(at, planned)| match planned {
        Planned::Content { piece: 0, slip, seq, key } => Some((at, *slip, *seq, key)),
        _ => None,
    })?;
    let place = place(&Slot { seq, ..*slot }, piece.case, slip);
    Some(First { place, under: (at == 0).then_some((slot.prev, key)), piece })
}

/// Gives every piece its slip, and every slip and piece its number.
fn plan(
    ring: &Ring,
    slot: Slot,
    pieces: &[Piece],
    readers: &[Readers],
    readers_of: &[usize],
) -> Result<Vec<Planned>, Failure> {
    let mut fresh: HashMap<(CaseId, Purpose, usize), (u64, CaseKey)> = Default::default();
    let mut plan = Vec::with_capacity(pieces.len() * 2);
    let number = |plan: &Vec<Planned>| slot.seq.saturating_add(u64::try_from(plan.len()).unwrap_or(u64::MAX));
    for (at, piece) in pieces.iter().enumerate() {
        let who = readers_of.get(at).copied().unwrap_or(0);
        let audience = readers.get(who).map(|readers| readers.audience.as_slice()).unwrap_or_default();
        if audience.is_empty() {
            return Err(no_readers());
        }
        let held = ring.usable(piece.case, piece.purpose, slot.journal, audience).and_then(|seq| {
            let slip = EntryRef { device: slot.device, journal: slot.journal, seq };
            ring.key(&slip).map(|(key, _)| (seq, key.clone()))
        });
        let mut known = held.into_iter().chain(fresh.get(&(piece.case, piece.purpose, who)).cloned());
        let known = known.find(|(_, key)| piece.fits(key));
        let (slip, key) = known.unwrap_or_else(|| {
            let own = piece.attached.as_ref().map(|attached| attached.key.clone());
            let (seq, key) = (number(&plan), own.unwrap_or_else(CaseKey::generate));
            fresh.insert((piece.case, piece.purpose, who), (seq, key.clone()));
            plan.push(Planned::Slip { case: piece.case, purpose: piece.purpose, key: key.clone(), readers: who });
            (seq, key)
        });
        let seq = number(&plan);
        plan.push(Planned::Content { piece: at, key, slip, seq });
    }
    Ok(plan)
}

fn no_readers() -> Failure {
    Failure::refused(
        format!("{DOING} — nobody could read it: the unit has no key yet"),
        "Keep it at sharing level H2, or sync once the unit's first supervisor has been enrolled.",
    )
}

/// Slips and texts, on as many threads as there are cores where it is worth it.
fn make(slot: &Slot, plan: &[Planned], given: &mut Given<'_>) -> Result<Vec<Made>, Failure> {
    let ahead = given.ahead.take();
    let written = ahead.is_some();
    let given = &*given;
    let make_one = |planned: &Planned| match planned {
        Planned::Slip { key, readers: who, .. } => {
            let recipients = given.readers.get(*who).map(|readers| readers.recipients.as_slice()).unwrap_or_default();
            Slip::make(key, recipients).map(Made::Slip).map_err(|fault| fault::keys(DOING, &KeysError::from(fault)))
        }
        Planned::Content { piece: at, slip, seq, .. } => {
            let first_may = given.after.is_none() && !written;
            let ready = |piece: &&Piece| !piece.waits() && (*at > 0 || first_may);
            let folded = given.pieces.get(*at).filter(ready).map(|piece| {
                let text = record::encode(&given.times, piece.source.as_ref(), None, piece.parts(), &piece.content);
                fold(&text, &place(&Slot { seq: *seq, ..*slot }, piece.case, *slip), Effort::Quick)
            });
            Ok(Made::Content(folded.transpose()?.map_or(Text::Waits, Text::Folded)))
        }
    };
    let mut made: Vec<Made> = parallel::each(plan, make_one).into_iter().collect::<Result<_, _>>()?;
    let first = plan.iter().position(|planned| matches!(planned, Planned::Content { piece: 0, .. }));
    if let (Some(ahead), Some(made)) = (ahead, first.and_then(|at| made.get_mut(at))) {
        *made = Made::Content(ahead.text);
    }
    Ok(made)
}

struct Chained {
    batch: Batch,
    unsigned: Vec<(Header, Vec<u8>)>,
}

/// Seals one after the other: every header names the link before it, and so does every nonce.
fn chain(pen: &Pen, mut slot: Slot, plan: Vec<Planned>, made: Vec<Made>, given: Given<'_>) -> Result<Chained, Failure> {
    let Given { pieces, mut after, readers, times, .. } = given;
    let mut copies: HashMap<EntryId, EntryId> = HashMap::new();
    let mut chained = Chained { batch: Batch::default(), unsigned: Vec::with_capacity(plan.len()) };
    let mut pieces: Vec<Option<Piece>> = pieces.into_iter().map(Some).collect();
    let mut previous = PREVIOUS;
    for (planned, made) in plan.into_iter().zip(made) {
        let (header, hash, sealed) = match (planned, made) {
            (Planned::Slip { case, purpose, key, readers: who }, Made::Slip(bytes)) => {
                let audience = readers.get(who).map(|readers| readers.audience.clone()).unwrap_or_default();
                let header = slip_header(pen, &slot, case, &key, audience, &bytes);
                let at = header.at();
                chained.batch.rows.push(ring::row(&at, case, key.id(&header.place()), &key, purpose));
                chained.batch.keys.push((at, key, purpose));
                let hash = header_hash(&header)?;
                (header, hash, bytes)
            }
            (Planned::Content { piece, key, slip, .. }, Made::Content(text)) => {
                let Some(mut piece) = pieces.get_mut(piece).and_then(Option::take) else { continue };
                if let Content::Names(names) = &mut piece.content
                    && names.of == PREVIOUS
                {
                    names.of = previous;
                }
                if piece.again.is_some() {
                    with_new_ids(&mut piece.content, |id| again::newest_id(&copies, id));
                }
                let (ties, times) = (piece.ties(after.take()), piece.times(times));
                let sealed = match text {
                    Text::Sealed(sealed) => sealed,
                    Text::Folded(folded) => folded.seal(&key, &hedge(pen, &slot)),
                    Text::Waits => {
                        let (source, parts) = (piece.source.as_ref(), piece.parts());
                        let text = record::encode(&times, source, ties.as_deref(), parts, &piece.content);
                        fold(&text, &place(&slot, piece.case, slip), Effort::Quick)?.seal(&key, &hedge(pen, &slot))
                    }
                };
                let (header, envelope) = content_entry(pen, &slot, &piece, slip, sealed);
                let hash = header_hash(&header)?;
                previous = entry_id(&hash);
                copies.extend(piece.again.map(|again| (again.was.id(), previous)));
                chained.batch.entries.push(opened(previous, &header, piece, ties, times));
                (header, hash, envelope)
            }
            (Planned::Slip { .. }, Made::Content(_)) | (Planned::Content { .. }, Made::Slip(_)) => continue,
        };
        slot = slot.behind(&hash);
        chained.unsigned.push((header, sealed));
    }
    chained.batch.next = Some(slot);
    Ok(chained)
}

/// One content under a key whose slip stands in the same journal already, or in the same batch.
pub(in crate::runtime) fn under(
    pen: &Pen,
    slot: &Slot,
    (slip, key): (u64, &CaseKey),
    piece: &Piece,
    times: &Times,
) -> Result<(Header, Vec<u8>), Failure> {
    let text = record::encode(times, None, None, piece.parts(), &piece.content);
    let sealed = fold(&text, &place(slot, piece.case, slip), Effort::Quick)?.seal(key, &hedge(pen, slot));
    Ok(content_entry(pen, slot, piece, slip, sealed))
}

fn header_hash(header: &Header) -> Result<Digest, Failure> {
    header.encode().map(|bytes| Digest::of(&bytes)).map_err(|error| fault::sync(DOING, &error))
}

/// The header of a place, before anything is said in it; `roster` is the version sealed under.
pub(in crate::runtime) fn blank_header(roster: u64, slot: &Slot, case: CaseId, kind: Kind) -> Header {
    Header {
        v: 1,
        agency: slot.agency,
        device: slot.device,
        journal: slot.journal,
        seq: slot.seq,
        prev: slot.prev,
        kind,
        case,
        key: slot.seq,
        audience: Vec::new(),
        roster: RosterSeen { version: roster, hash: None },
        commitment: Digest::from_bytes([0; 32]),
        digest: Digest::from_bytes([0; 32]),
        size: 0,
        parts: Vec::new(),
        target: None,
    }
}

fn slip_header(pen: &Pen, slot: &Slot, case: CaseId, key: &CaseKey, audience: Vec<Reader>, bytes: &[u8]) -> Header {
    let mut header = blank_header(pen.roster.0, slot, case, Kind::Slip);
    header.commitment = Digest::from_bytes(*key.id(&header.place()).as_bytes());
    header.audience = audience;
    header.roster.hash = Some(pen.roster.1);
    header.digest = Digest::of(bytes);
    header.size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    header
}

/// Where an entry's content is sealed for: its own place, under the slip of this number in the same journal.
fn place(slot: &Slot, case: CaseId, slip: u64) -> Place {
    Place { agency: slot.agency, device: slot.device, journal: slot.journal, seq: slot.seq, case, key: slip }
}

fn fold(text: &[u8], place: &Place, effort: Effort) -> Result<Folded, Failure> {
    Folded::new(text, place, effort).map_err(|fault| fault::keys(DOING, &KeysError::from(fault)))
}

fn hedge<'a>(pen: &'a Pen, slot: &Slot) -> NonceHedge<'a> {
    NonceHedge { key: &pen.nonce, link: slot.prev }
}

fn content_entry(pen: &Pen, slot: &Slot, piece: &Piece, slip: u64, sealed: Sealed) -> (Header, Vec<u8>) {
    let mut header = blank_header(pen.roster.0, slot, piece.case, Kind::Sealed);
    header.key = slip;
    let listed = |part: &Attached| Part { digest: Digest::from_bytes(*part.digest.as_bytes()), size: part.sealed };
    header.parts = piece.parts().iter().map(listed).collect();
    header.commitment = sealed.commitment;
    header.digest = sealed.digest;
    header.size = u64::try_from(sealed.envelope.len()).unwrap_or(u64::MAX);
    (header, sealed.envelope)
}

fn opened(id: EntryId, header: &Header, piece: Piece, ties: Option<Box<Ties>>, times: Times) -> Entry {
    let author = Author { device: header.device.into(), journal: header.journal.into(), seq: header.seq };
    let parts = piece.attached.map(|attached| attached.parts).unwrap_or_default();
    Entry { id, case: header.case.into(), author, times, source: piece.source, ties, parts, content: piece.content }
}

fn sign(pen: &Pen, chained: Chained) -> Result<Batch, Failure> {
    let Chained { mut batch, unsigned } = chained;
    let signed = parallel::each(&unsigned, |(header, envelope)| {
        SealedEntry::sign(header.clone(), envelope.clone(), &pen.signer)
            .map_err(|error: SyncError| fault::sync(DOING, &error))
    });
    batch.sealed = signed.into_iter().collect::<Result<_, Failure>>()?;
    Ok(batch)
}
