//! Rows as they lie in the file, read and not yet opened. Opening is most of the work of an unlocking and needs the row seal alone:
//! one thread reads, and others open.

use std::ops::Range;
use std::sync::Arc;

use amanat_keys::fingerprint::{CaseId, KeyId};
use amanat_keys::row_seal::RowSeal;

use super::{Cursor, Page, Shelf, ShelfRow, row};
use crate::batch::Limit;
use crate::entry::EntryRef;
use crate::error::{Result, SyncError};

/// Bytes that a row seldom has more of.
const USUAL: u64 = 1_536;
/// Bytes that are taken for a page at first, however many rows it may have.
const MOST_ROOM: u64 = 2 << 20;

/// Rows of entries as they were read, and where the next begin. They lie in one piece of memory, behind each other: what many threads would
/// take and give back row by row never finds its way back to the system.
#[derive(Debug, Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    /// In place of those: a part of what was read ahead.
    ahead: Option<(Arc<Vec<u8>>, Range<usize>)>,
    rows: Vec<SealedRow>,
    pub(super) next: Option<Cursor>,
}

/// Memory that a page lay in, for the next one: the system takes back and gives anew what is as large as this, page by page, each time.
#[derive(Debug, Default)]
pub struct Room(Vec<u8>);

/// What stands at a place.
#[derive(Debug)]
struct SealedRow {
    at: EntryRef,
    body: Body,
}

/// What there is of an entry.
#[derive(Debug)]
enum Body {
    /// Only its hash.
    Bare,
    /// A sealed row of so many bytes, behind those before it.
    Row(usize),
    /// A column that is not of its type.
    Damaged,
}

/// What the file says of a place.
pub(super) enum Found<'a> {
    /// Only its hash.
    Bare,
    /// A sealed row.
    Row(&'a [u8]),
    /// A column that is not of its type.
    Damaged,
}

impl Rows {
    /// In this room, which is made as large as rows within this limit are as a rule: what grows piece by piece is moved and wiped each time.
    pub(super) fn within(Room(mut bytes): Room, limit: Limit) -> Rows {
        let most = limit.items.saturating_mul(USUAL).min(limit.bytes).min(MOST_ROOM);
        bytes.clear();
        bytes.reserve_exact(usize::try_from(most).unwrap_or_default());
        Rows { bytes, ..Rows::default() }
    }

    /// Takes what was found at a place behind the others.
    pub(super) fn push(&mut self, at: EntryRef, found: Found<'_>) {
        let body = match found {
            Found::Bare => Body::Bare,
            Found::Damaged => Body::Damaged,
            Found::Row(row) => {
                self.bytes.extend_from_slice(row);
                Body::Row(row.len())
            }
        };
        self.rows.push(SealedRow { at, body });
    }

    /// Takes all of others behind its own.
    pub(super) fn append(&mut self, mut others: Rows) {
        self.bytes.append(&mut others.bytes);
        self.rows.append(&mut others.rows);
    }

    /// Bytes of its sealed rows.
    pub(super) const fn weight(&self) -> usize {
        self.bytes.len()
    }

    /// Moves its bytes behind those of other pages, and leaves the room in which they lay.
    pub(super) fn move_behind(&mut self, all: &mut Vec<u8>) -> (Range<usize>, Room) {
        let from = all.len();
        all.extend_from_slice(&self.bytes);
        (from..all.len(), Room(std::mem::take(&mut self.bytes)))
    }

    /// With its bytes where they were moved to.
    pub(super) fn lying(self, all: &Arc<Vec<u8>>, at: Range<usize>) -> Rows {
        Rows { ahead: Some((Arc::clone(all), at)), ..self }
    }

    /// Its bytes, to be opened where they lie.
    fn take_bytes(&mut self) -> Vec<u8> {
        let ahead = self.ahead.take();
        let copied = ahead.and_then(|(all, at)| all.get(at).map(<[u8]>::to_vec));
        copied.unwrap_or_else(|| std::mem::take(&mut self.bytes))
    }

    /// With the seal that opens them.
    pub(super) fn under(self, seal: &RowSeal) -> SealedPage {
        SealedPage { seal: seal.clone(), next: self.next, rows: self }
    }
}

/// A page of the replay whose rows are still sealed.
#[derive(Debug)]
pub struct SealedPage {
    seal: RowSeal,
    rows: Rows,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

impl SealedPage {
    /// Places in it.
    pub fn places(&self) -> usize {
        self.rows.rows.len()
    }

    /// The number of the last row.
    pub fn last(&self) -> Option<u64> {
        self.rows.rows.last().map(|row| row.at.seq)
    }

    /// Numbers of places of which only the hash is held.
    pub fn bare(&self) -> impl Iterator<Item = u64> {
        self.rows.rows.iter().filter(|row| matches!(row.body, Body::Bare)).map(|row| row.at.seq)
    }

    /// In parts of so many rows, each to be opened by itself, in their order.
    pub fn in_parts(self, rows: usize) -> Vec<SealedPage> {
        let Self { seal, rows: mut all, .. } = self;
        let mut bytes = all.take_bytes();
        let mut parts = parts(all.rows, rows);
        // From the end, so that every byte moves once.
        let pages = parts.drain(..).rev().map(|rows| {
            let own: usize = rows.iter().map(|row| if let Body::Row(length) = row.body { length } else { 0 }).sum();
            let bytes = bytes.split_off(bytes.len().saturating_sub(own));
            Rows { bytes, rows, ..Rows::default() }.under(&seal)
        });
        let mut pages: Vec<SealedPage> = pages.collect();
        pages.reverse();
        pages
    }

    /// Opens and authenticates every row. One that does not open is named in the page and does not stop it.
    pub fn open(self) -> Page {
        self.open_and_leave().0
    }

    /// The same, and the room in which it lay.
    pub fn open_and_leave(self) -> (Page, Room) {
        let Self { seal, mut rows, next } = self;
        let mut bytes = rows.take_bytes();
        let mut page = Page { next, ..Page::default() };
        page.entries.reserve_exact(rows.rows.len());
        let mut rest = &mut bytes[..];
        for SealedRow { at, body } in rows.rows {
            let opened = match body {
                Body::Bare => {
                    page.elided = page.elided.saturating_add(1);
                    continue;
                }
                Body::Damaged => None,
                Body::Row(length) => rest.split_off_mut(..length).and_then(|row| {
                    let text = seal.open_where_it_lies(row::ENTRY, &row::key_of(&at), b"", b"", row).ok()?;
                    row::unpack(row.get(text)?).ok()
                }),
            };
            match opened {
                Some(entry) => page.entries.push(entry),
                None => page.damaged.push(at),
            }
        }
        (page, Room(bytes))
    }
}

/// Rows of a shelf, still sealed.
#[derive(Debug)]
pub struct SealedShelf {
    pub(super) seal: RowSeal,
    pub(super) shelf: Shelf,
    pub(super) rows: Vec<SealedShelfRow>,
}

/// One row of a shelf.
#[derive(Debug)]
pub(super) struct SealedShelfRow {
    pub(super) key: Vec<u8>,
    pub(super) case: Vec<u8>,
    pub(super) key_id: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl SealedShelf {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// In parts of so many rows, each to be opened by itself, in their order.
    pub fn in_parts(self, rows: usize) -> Vec<SealedShelf> {
        let part = |rows| SealedShelf { seal: self.seal.clone(), shelf: self.shelf, rows };
        parts(self.rows, rows).into_iter().map(part).collect()
    }

    /// Opens every row.
    ///
    /// # Errors
    /// `StorageDamaged` when one does not open.
    pub fn open(self) -> Result<Vec<ShelfRow>> {
        let Self { seal, shelf, rows } = self;
        let open = |SealedShelfRow { key, case, key_id, body }: SealedShelfRow| {
            let plain = seal
                .open_in_place(shelf.table(), &key, &case, &key_id, body)
                .map_err(|_source| SyncError::StorageDamaged("a local row does not open"))?;
            let (case, key_id) = (CaseId::from_slice(&case), KeyId::from_slice(&key_id));
            Ok(ShelfRow { shelf, key, case, key_id, plain })
        };
        rows.into_iter().map(open).collect()
    }
}

fn parts<T>(rows: Vec<T>, each: usize) -> Vec<Vec<T>> {
    let each = each.max(1);
    let mut parts = Vec::with_capacity(rows.len().div_ceil(each));
    let mut left = rows.into_iter().peekable();
    while left.peek().is_some() {
        parts.push(left.by_ref().take(each).collect());
    }
    parts
}
