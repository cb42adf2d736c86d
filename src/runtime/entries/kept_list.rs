//! The list of cases as it stood when everything had last been folded, kept sealed beside the journal, so that the next unlocking shows it
//! before the fold is through.
//!
//! It is a copy that can be thrown away, and it is whenever it does not fit: after an order to erase or a fork, where the journal does not
//! come by where it ended. Under another roster or other keys its lines are shown, and of its cases the newest of which everything counts
//! now: the others are opened when everything has been read. Other documents come with nearly every contact and change nothing that a line
//! says. What changes of an entry that is held, or takes a case key away, takes it along in the same transaction (`Shelf::List`). It holds
//! what the list shows and where the entries of each case stand, and no entry. On a device that only writes there is none.
//!
//! It is written part by part, each a job of the desk's, and is in force with its last row alone: until then the one before it stands.

use std::sync::Arc;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId, KeyId};
use amanat_sync::{
    chain,
    documents::DocumentKind,
    error::SyncError,
    journal::{Journal as _, KnownHead, SealedShelf, Shelf, ShelfRow, State},
};
use zeroize::Zeroizing;

use super::parallel;
use crate::{
    failure::Failure,
    model::{self, CaseId, Listed},
    record::{self, Interner},
    runtime::{fault, homes::home::Home},
    ui::Msg,
};

const DOING: &str = "keeping the list of cases";
/// The row that puts the others in force.
const HEAD: &[u8] = b"head";
/// Above that one, and below the name of nearly every part.
const HEAD_ENDS: &[u8] = b"heae";
/// The number of its shape.
const SHAPE: u8 = 2;
/// Fewer new places than this are not worth a list: they are read before a person has looked up.
const WORTH: u64 = 256;
/// The name of a list, made at random: it stands before the number of each of its parts.
type Name = [u8; JournalId::LEN];

/// How far a journal went when the list was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Reached {
    pub(in crate::runtime) device: DeviceId,
    pub(in crate::runtime) journal: JournalId,
    pub(in crate::runtime) head: chain::Head,
}

impl From<&KnownHead> for Reached {
    fn from(known: &KnownHead) -> Self {
        Self { device: known.device, journal: known.journal, head: known.head }
    }
}

/// What a list is of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cover {
    name: Name,
    parts: u32,
    lines: u64,
    /// What else was so when it was made (`Home::bound`).
    bound: Digest,
    /// By what it was judged what counts (`Home::judged_by`).
    judged_by: Digest,
    journals: Vec<Reached>,
}

impl Cover {
    fn part(&self, no: u32) -> (Shelf, Vec<u8>) {
        (Shelf::List, [&self.name[..], &no.to_be_bytes()].concat())
    }

    fn all_parts(&self) -> Vec<(Shelf, Vec<u8>)> {
        (0..self.parts).map(|no| self.part(no)).collect()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![SHAPE];
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&self.parts.to_be_bytes());
        out.extend_from_slice(&self.lines.to_be_bytes());
        out.extend_from_slice(self.bound.as_bytes());
        out.extend_from_slice(self.judged_by.as_bytes());
        for Reached { device, journal, head } in &self.journals {
            out.extend_from_slice(device.as_bytes());
            out.extend_from_slice(journal.as_bytes());
            out.extend_from_slice(&head.seq.to_be_bytes());
            out.extend_from_slice(head.link.as_bytes());
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(&[SHAPE])?;
        let (name, bytes) = bytes.split_first_chunk()?;
        let (parts, bytes) = bytes.split_first_chunk()?;
        let (lines, bytes) = bytes.split_first_chunk()?;
        let (bound, bytes) = bytes.split_first_chunk()?;
        let (judged_by, mut bytes) = bytes.split_first_chunk()?;
        let mut journals = Vec::new();
        while !bytes.is_empty() {
            let (device, rest) = bytes.split_first_chunk()?;
            let (journal, rest) = rest.split_first_chunk()?;
            let (seq, rest) = rest.split_first_chunk()?;
            let (link, rest) = rest.split_first_chunk()?;
            bytes = rest;
            let head = chain::Head { seq: u64::from_be_bytes(*seq), link: Digest::from_bytes(*link) };
            let (device, journal) = (DeviceId::from_bytes(*device), JournalId::from_bytes(*journal));
            journals.push(Reached { device, journal, head });
        }
        let (parts, lines) = (u32::from_be_bytes(*parts), u64::from_be_bytes(*lines));
        let (bound, judged_by) = (Digest::from_bytes(*bound), Digest::from_bytes(*judged_by));
        Some(Self { name: *name, parts, lines, bound, judged_by, journals })
    }
}

/// A list that fits.
pub(in crate::runtime) struct Kept {
    pub(in crate::runtime) lines: Vec<Listed>,
    pub(in crate::runtime) journals: Vec<Reached>,
    /// Whether what counted when it was kept counts now: the roster and the keys are the same.
    pub(in crate::runtime) ahead: bool,
}

/// What a row of it is.
enum Row {
    Cover(Cover),
    Part(Vec<u8>, Vec<Listed>),
    /// It does not open, or does not read.
    Unfit,
}

/// A list that is being written.
pub struct Listing {
    cover: Cover,
    before: Option<Cover>,
    named: Arc<[(model::DeviceId, model::JournalId, u64)]>,
    last: Option<CaseId>,
}

impl Listing {
    /// The screens' part in it: the next lines.
    pub fn asks(&self) -> Msg {
        Msg::ListAsked { journals: Arc::clone(&self.named), after: self.last }
    }
}

impl Home {
    /// Whether this device may keep such a list at all.
    fn lists(&self) -> bool {
        self.trust.is_some() && !self.writes_only()
    }

    /// The list, if there is one and it fits; any other is thrown away.
    pub(in crate::runtime) fn kept_list(&mut self) -> Option<Kept> {
        let sealed = self.journal.sealed_shelf(Shelf::List, None).ok().filter(|sealed| !sealed.is_empty())?;
        let kept = if self.lists() { self.fitting(sealed) } else { None };
        if kept.is_none() {
            self.throw_list_away();
        }
        kept
    }

    /// Where it cannot go, on a full disk, it does not fit the next time either.
    pub(in crate::runtime) fn throw_list_away(&mut self) {
        self.journal.clear(Shelf::List).unwrap_or_default();
    }

    fn fitting(&mut self, sealed: SealedShelf) -> Option<Kept> {
        let rows = parallel::shares(sealed.in_parts(1), |parts| {
            let mut interner = Interner::default();
            parts.into_iter().map(|part| read(part, &mut interner)).collect::<Vec<_>>()
        });
        let (mut cover, mut parts) = (None, Vec::new());
        for row in rows.into_iter().flatten() {
            match row {
                Row::Cover(read) => cover = Some(read),
                Row::Part(key, lines) => parts.push((key, lines)),
                Row::Unfit => return None,
            }
        }
        let cover = cover?;
        // What a program that was killed had written of another.
        let left = parts.extract_if(.., |(key, _)| !key.starts_with(&cover.name));
        let left: Vec<_> = left.map(|(key, _)| (Shelf::List, key)).collect();
        let named = parts.iter().zip(0..).all(|((key, _), no)| *key == cover.part(no).1);
        let whole = u32::try_from(parts.len()) == Ok(cover.parts) && named;
        let lines: Vec<Listed> = parts.into_iter().flat_map(|(_, lines)| lines).collect();
        let many = u64::try_from(lines.len()) == Ok(cover.lines);
        let sorted = lines.is_sorted_by(|one, next| one.id < next.id);
        let held = |(journal, seq): &(u32, u64)| {
            let reached = usize::try_from(*journal).ok().and_then(|at| cover.journals.get(at));
            reached.is_some_and(|reached| (1..=reached.head.seq).contains(seq))
        };
        let placed = lines.iter().all(|line| line.places.iter().all(held));
        if !(whole && many && sorted && placed) || self.bound().ok() != Some(cover.bound) {
            return None;
        }
        if !left.is_empty() {
            self.journal.shelve(&[], &left).unwrap_or_default();
        }
        let ahead = self.judged_by().ok() == Some(cover.judged_by);
        Some(Kept { lines, journals: cover.journals, ahead })
    }

    /// What a list depends on beside the entries: the program, orders to erase, what of the journals is believed.
    fn bound(&self) -> Result<Digest, Failure> {
        let refused = |error: SyncError| fault::sync(DOING, &error);
        let documents = self.journal.documents().map_err(refused)?;
        let orders = documents.iter().filter(|filed| filed.document.kind == DocumentKind::Erasure);
        let orders = orders.map(|filed| Digest::of(&filed.document.bytes).as_bytes().to_vec()).collect();
        let mut journals = self.unproven().map_err(refused)?.journals();
        journals.sort_unstable();
        let journals = journals.iter().map(|(device, journal)| [&device.as_bytes()[..], journal.as_bytes()].concat());
        let known = self.journal.heads().map_err(refused)?;
        let mut forked: Vec<JournalId> =
            known.iter().filter(|known| known.state == State::Forked).map(|known| known.journal).collect();
        forked.sort_unstable();
        let forked = forked.iter().map(|journal| journal.as_bytes().to_vec()).collect();
        let program = vec![env!("CARGO_PKG_VERSION").as_bytes().to_vec(), self.device().as_bytes().to_vec()];
        Ok(digest_of(&[program, orders, journals.collect(), forked]))
    }

    /// What decides which entries count and which open: the roster, the keys.
    fn judged_by(&self) -> Result<Digest, Failure> {
        let mut keys: Vec<KeyId> = self.identities().into_keys().collect();
        keys.sort_unstable();
        let keys = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        Ok(digest_of(&[vec![self.trust()?.roster_hash().as_bytes().to_vec()], keys]))
    }

    /// The cover of the list that stands, if one does.
    fn cover(&self) -> Option<Cover> {
        let rows = self.journal.sealed_shelf(Shelf::List, Some(HEAD..HEAD_ENDS)).ok()?.open().ok()?;
        rows.iter().find(|row| row.key == HEAD).and_then(|row| Cover::from_bytes(&row.plain))
    }

    /// Begins to keep the list anew as the screens were last told everything, where enough has been kept since the list that stands.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn begin_list(&mut self) -> Result<Option<Listing>, Failure> {
        if !self.lists() {
            return Ok(None);
        }
        // What has come into the journals since the screens were told has not been folded for them.
        let journals = self.shown.clone();
        let before = self.cover();
        if places(&journals).saturating_sub(before.as_ref().map_or(0, |cover| places(&cover.journals))) < WORTH {
            return Ok(None);
        }
        let name = |known: &Reached| (known.device.into(), known.journal.into(), known.head.seq);
        let named = journals.iter().map(name).collect();
        let name = *JournalId::random().as_bytes();
        let (bound, judged_by) = (self.bound()?, self.judged_by()?);
        let cover = Cover { name, parts: 1, lines: 0, bound, judged_by, journals };
        // An empty part stands from the beginning: whatever changes below the list while the screens are asked takes it away.
        let first = row(cover.part(0).1, record::encode_lines(&[]));
        self.journal.shelve(&[first], &[]).map_err(|error| fault::sync(DOING, &error))?;
        Ok(Some(Listing { cover, before, named, last: None }))
    }

    /// Takes the next lines of it, and puts it in force with the last. Whether there are more to ask for: not where what it depends on has changed
    /// since it was begun. What was kept or has arrived since lies above it, and may show in its lines already; what has changed below has taken
    /// its parts away, and without one of them it does not fit.
    ///
    /// # Errors
    /// What the journal refuses; what stood before stands.
    pub fn file_list(&mut self, listing: &mut Listing, lines: &[Listed], last: bool) -> Result<bool, Failure> {
        let Listing { cover, before, .. } = listing;
        let refused = |error: SyncError| fault::sync(DOING, &error);
        let (_, first) = cover.part(0);
        let behind = [&first[..], &[0]].concat();
        let stands = self.journal.sealed_shelf(Shelf::List, Some(&first[..]..&behind[..])).map_err(refused)?;
        let changed = || Ok::<_, Failure>(self.bound()? != cover.bound || self.judged_by()? != cover.judged_by);
        if stands.is_empty() || !self.lists() || last && changed()? {
            self.journal.shelve(&[], &cover.all_parts()).map_err(refused)?;
            return Ok(false);
        }
        if !lines.is_empty() {
            // The first take the empty part's place.
            let no = if cover.lines == 0 { 0 } else { cover.parts };
            self.journal.shelve(&[row(cover.part(no).1, record::encode_lines(lines))], &[]).map_err(refused)?;
            cover.parts = no.saturating_add(1);
            cover.lines = cover.lines.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
            listing.last = lines.last().map(|line| line.id);
        }
        if last {
            let old = before.as_ref().map(Cover::all_parts).unwrap_or_default();
            self.journal.shelve(&[row(HEAD.to_vec(), cover.to_bytes())], &old).map_err(refused)?;
        }
        Ok(!last)
    }

    /// Drops what was written of a list that will not be finished.
    pub(in crate::runtime) fn leave_list(&mut self, listing: &Listing) {
        self.journal.shelve(&[], &listing.cover.all_parts()).unwrap_or_default();
    }
}

/// Each part and each of its things with how many bytes it has before it: no two of them can read the same.
fn digest_of(parts: &[Vec<Vec<u8>>]) -> Digest {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&part.len().to_be_bytes());
        for thing in part {
            bytes.extend_from_slice(&thing.len().to_be_bytes());
            bytes.extend_from_slice(thing);
        }
    }
    Digest::of(&bytes)
}

fn row(key: Vec<u8>, plain: Vec<u8>) -> ShelfRow {
    ShelfRow { shelf: Shelf::List, key, case: None, key_id: None, plain: Zeroizing::new(plain) }
}

fn places(journals: &[Reached]) -> u64 {
    journals.iter().fold(0, |sum, reached| sum.saturating_add(reached.head.seq))
}

fn read(part: SealedShelf, interner: &mut Interner) -> Row {
    let Ok(rows) = part.open() else { return Row::Unfit };
    let Some(row) = rows.into_iter().next() else { return Row::Unfit };
    let read = if row.key == HEAD {
        Cover::from_bytes(&row.plain).map(Row::Cover)
    } else {
        record::decode_lines(&row.plain, interner).map(|lines| Row::Part(row.key, lines))
    };
    read.unwrap_or(Row::Unfit)
}
