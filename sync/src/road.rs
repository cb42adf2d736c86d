//! What a device remembers of the road, row by row and sealed: checkpoints that a hub has shown it, proofs of two stories, what it
//! carries for others, what left on a stick, which bare hashes to ask for again, and where an entry came damaged.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::statement::Statement;
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};
use zeroize::Zeroizing;

use crate::cbor::{array_of, bytes_upto};
use crate::chain::Head;
use crate::entry::EntryRef;
use crate::error::{Result, SyncError};
use crate::journal::{Journal, Shelf, ShelfRow};
use crate::receipt::Checkpoint;
use crate::stories::TwoStories;
use crate::wire::limits::{MAX_STATEMENT, REMEMBERED_CHECKPOINTS};
use crate::wire::parts::PartAt;

/// A journal of anybody.
pub type Place = (DeviceId, JournalId);

/// All that is remembered.
#[derive(Clone, Debug, Default)]
pub struct Road {
    /// Checkpoints, oldest first, with their statements.
    pub checkpoints: Vec<(Checkpoint, Vec<u8>)>,
    /// Pairs of statements that prove two stories.
    pub stories: Vec<(Vec<u8>, Vec<u8>)>,
    /// Journals of others that are carried, and the number up to which the hub had them when that began.
    pub carried: Vec<(Place, u64)>,
    /// Stretches of others' journals of which a stick brought bare hashes: from, up to.
    pub again: Vec<(Place, u64, u64)>,
    /// How far journals have been put on a stick.
    pub handed: Vec<(Place, u64)>,
    /// Places of which only the hash is held because what came there was damaged: asked for until it comes whole.
    pub damaged: Vec<EntryRef>,
    /// Journals of others that are forked: how far their other history has been looked at, which is set aside as evidence.
    pub forked: BTreeMap<Place, Head>,
    /// Attachments that came by stick and that the hub may lack, with their size.
    pub parts: Vec<(PartAt, u64)>,
}

const CHECKPOINT: u8 = b'c';
const STORIES: u8 = b's';
const CARRIED: u8 = b'j';
const AGAIN: u8 = b'a';
const HANDED: u8 = b'o';
const DAMAGED: u8 = b'd';
const PART: u8 = b'p';
const FORKED: u8 = b'f';

impl Road {
    /// Reads everything, the words of hubs too.
    ///
    /// # Errors
    /// `StorageDamaged`; storage.
    pub fn read(journal: &dyn Journal) -> Result<Road> {
        let mut road = Road::carrying(journal)?;
        road.add(journal.shelf(Shelf::Words)?)?;
        road.checkpoints.sort_by_key(|(word, _)| (word.hub, word.epoch, word.number));
        Ok(road)
    }

    /// Reads what is carried and what left, without the words of hubs: for every pass, also one that finds nothing to do.
    ///
    /// # Errors
    /// `StorageDamaged`; storage.
    pub fn carrying(journal: &dyn Journal) -> Result<Road> {
        let mut road = Road::default();
        road.add(journal.shelf(Shelf::Road)?)?;
        Ok(road)
    }

    fn add(&mut self, rows: Vec<ShelfRow>) -> Result<()> {
        rows.iter()
            .try_for_each(|row| self.take(row).ok_or(SyncError::StorageDamaged("what is remembered of the road")))
    }

    fn take(&mut self, row: &ShelfRow) -> Option<()> {
        let (kind, key) = row.key.split_first()?;
        match *kind {
            CHECKPOINT => {
                let statement = Statement::from_bytes(&row.plain).ok()?;
                let word = Checkpoint::decode(statement.payload()).ok()?;
                self.checkpoints.push((word, row.plain.to_vec()));
            }
            STORIES => {
                let pair: Pair = amanat_keys::canonical::decode(&row.plain).ok()?;
                self.stories.push((pair.0, pair.1));
            }
            CARRIED => self.carried.push((place(key)?, number(&row.plain)?)),
            HANDED => self.handed.push((place(key)?, number(&row.plain)?)),
            DAMAGED => {
                let (of, seq) = key.split_last_chunk::<8>()?;
                let (device, journal) = place(of)?;
                self.damaged.push(EntryRef { device, journal, seq: u64::from_be_bytes(*seq) });
            }
            PART => {
                let digest = Digest::from_slice(key)?;
                let (of, rest) = row.plain.split_at_checked(48)?;
                let (seq, size) = rest.split_first_chunk::<8>()?;
                let ((device, journal), seq) = (place(of)?, u64::from_be_bytes(*seq));
                self.parts.push((PartAt { entry: EntryRef { device, journal, seq }, digest }, number(size)?));
            }
            FORKED => {
                let (seq, link) = row.plain.split_first_chunk::<8>()?;
                let head = Head { seq: u64::from_be_bytes(*seq), link: Digest::from_slice(link)? };
                self.forked.insert(place(key)?, head);
            }
            AGAIN => {
                let (from, upto) = row.plain.split_first_chunk::<8>()?;
                self.again.push((place(key)?, u64::from_be_bytes(*from), number(upto)?));
            }
            _ => return None,
        }
        Some(())
    }

    /// From where on a carried journal is to be handed on: what the hub had, or has signed for since.
    #[must_use]
    pub fn there(&self, of: &Place) -> Option<u64> {
        self.carried.iter().find(|(place, _)| place == of).map(|(_, there)| *there)
    }

    /// How far a journal has been put on a stick.
    #[must_use]
    pub fn handed(&self, of: &Place) -> u64 {
        self.handed.iter().find(|(place, _)| place == of).map_or(0, |(_, upto)| *upto)
    }

    /// Remembers a checkpoint, unless it is, and forgets the oldest of its hub beyond a maximum.
    #[must_use]
    pub fn remember(&self, word: &Checkpoint, statement: &[u8]) -> Rows {
        let same = |(held, _): &&(Checkpoint, Vec<u8>)| held.hub == word.hub;
        if self.checkpoints.iter().any(|(held, _)| held == word) {
            return Rows::default();
        }
        let held: Vec<&Checkpoint> = self.checkpoints.iter().filter(same).map(|(held, _)| held).collect();
        let beyond = held.len().saturating_add(1).saturating_sub(REMEMBERED_CHECKPOINTS);
        let take = held.into_iter().take(beyond).map(|old| (Shelf::Words, checkpoint_key(old)));
        Rows { put: vec![row(Shelf::Words, checkpoint_key(word), statement.to_vec())], take: take.collect() }
    }
}

/// Rows to put and to take away.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// To put.
    pub put: Vec<ShelfRow>,
    /// To take away.
    pub take: Vec<(Shelf, Vec<u8>)>,
}

impl Rows {
    /// Adds another change.
    pub fn and(&mut self, other: Rows) {
        self.put.extend(other.put);
        self.take.extend(other.take);
    }

    /// Writes it down in one transaction; nothing when there is nothing.
    ///
    /// # Errors
    /// As [`Journal::shelve`].
    pub fn write(&self, journal: &mut dyn Journal) -> Result<()> {
        if self.put.is_empty() && self.take.is_empty() { Ok(()) } else { journal.shelve(&self.put, &self.take) }
    }
}

/// The proof of two stories; the same proof is one row.
#[must_use]
pub fn stories_row(found: &TwoStories) -> ShelfRow {
    let plain = amanat_keys::canonical::encode(&Pair(found.one.clone(), found.other.clone()));
    row(Shelf::Words, [&[STORIES], &Digest::of(&plain).as_bytes()[..]].concat(), plain)
}

/// A journal that is carried, and up to where the hub had it.
#[must_use]
pub fn carried_row(of: &Place, there: u64) -> ShelfRow {
    row(Shelf::Road, place_key(CARRIED, of), there.to_be_bytes().to_vec())
}

/// A journal that was put on a stick up to a number.
#[must_use]
pub fn handed_row(of: &Place, upto: u64) -> ShelfRow {
    row(Shelf::Road, place_key(HANDED, of), upto.to_be_bytes().to_vec())
}

/// A stretch to be asked for again.
#[must_use]
pub fn again_row(of: &Place, from: u64, upto: u64) -> ShelfRow {
    row(Shelf::Road, place_key(AGAIN, of), [from.to_be_bytes(), upto.to_be_bytes()].concat())
}

/// Where the row of [`again_row`] lies.
#[must_use]
pub fn again_at(of: &Place) -> (Shelf, Vec<u8>) {
    (Shelf::Road, place_key(AGAIN, of))
}

/// How far the other history of a forked journal has been looked at.
#[must_use]
pub fn forked_row(of: &Place, upto: &Head) -> ShelfRow {
    row(Shelf::Road, place_key(FORKED, of), [&upto.seq.to_be_bytes()[..], upto.link.as_bytes()].concat())
}

/// Where the row of [`forked_row`] lies.
#[must_use]
pub fn forked_at(of: &Place) -> (Shelf, Vec<u8>) {
    (Shelf::Road, place_key(FORKED, of))
}

/// An attachment that is carried.
#[must_use]
pub fn part_row(part: &PartAt, size: u64) -> ShelfRow {
    let EntryRef { device, journal, seq } = &part.entry;
    let plain = [&device.as_bytes()[..], journal.as_bytes(), &seq.to_be_bytes(), &size.to_be_bytes()].concat();
    let (shelf, key) = part_row_at(part);
    row(shelf, key, plain)
}

/// Where the row of [`part_row`] lies.
#[must_use]
pub fn part_row_at(part: &PartAt) -> (Shelf, Vec<u8>) {
    (Shelf::Road, [&[PART], &part.digest.as_bytes()[..]].concat())
}

/// A place at which an entry came damaged.
#[must_use]
pub fn damaged_row(at: &EntryRef) -> ShelfRow {
    let (shelf, key) = damaged_at(at);
    row(shelf, key, Vec::new())
}

/// Where the row of [`damaged_row`] lies.
#[must_use]
pub fn damaged_at(at: &EntryRef) -> (Shelf, Vec<u8>) {
    let mut key = place_key(DAMAGED, &(at.device, at.journal));
    key.extend(at.seq.to_be_bytes());
    (Shelf::Road, key)
}

fn row(shelf: Shelf, key: Vec<u8>, plain: Vec<u8>) -> ShelfRow {
    ShelfRow { shelf, key, case: None, key_id: None, plain: Zeroizing::new(plain) }
}

fn place_key(kind: u8, (device, journal): &Place) -> Vec<u8> {
    [&[kind], &device.as_bytes()[..], journal.as_bytes()].concat()
}

fn checkpoint_key(word: &Checkpoint) -> Vec<u8> {
    [&[CHECKPOINT], &word.hub.as_bytes()[..], &word.epoch.to_be_bytes(), &word.number.to_be_bytes()].concat()
}

fn place(key: &[u8]) -> Option<Place> {
    let (device, journal) = key.split_first_chunk::<32>()?;
    Some((DeviceId::from_bytes(*device), JournalId::from_bytes(journal.try_into().ok()?)))
}

fn number(plain: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(plain.try_into().ok()?))
}

/// Two statements: `[1, one, other]`.
struct Pair(Vec<u8>, Vec<u8>);

impl<C> Encode<C> for Pair {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> std::result::Result<(), encode::Error<W::Error>> {
        e.array(3)?.u8(1)?.bytes(&self.0)?.bytes(&self.1)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Pair {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> std::result::Result<Self, Bad> {
        array_of(d, 3)?;
        amanat_keys::canonical::version(d)?;
        Ok(Pair(bytes_upto(d, MAX_STATEMENT)?, bytes_upto(d, MAX_STATEMENT)?))
    }
}
