//! Rows as they lie in the file, read and not yet opened. Opening is most of the work of an unlocking and needs the row seal alone:
//! one thread reads, and others open.

use amanat_keys::fingerprint::{CaseId, KeyId};
use amanat_keys::row_seal::RowSeal;
use bytes::BytesMut;

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
    bytes: Lying,
    rows: Vec<SealedRow>,
    pub(super) next: Option<Cursor>,
}

/// Where sealed rows lie. They are opened there.
#[derive(Debug)]
enum Lying {
    /// In memory of their own, which the next page gets.
    Alone(Vec<u8>),
    /// In a part of one piece of memory for many pages, which goes with the last of them.
    Ahead(BytesMut),
}

/// Memory for a page. What one lay in is there for the next: the system takes back and gives anew what is as large as this, page by page, each
/// time.
#[derive(Debug, Default)]
pub struct Room(Lying);

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

impl Default for Lying {
    fn default() -> Self {
        Self::Alone(Vec::new())
    }
}

impl Lying {
    fn len(&self) -> usize {
        match self {
            Self::Alone(bytes) => bytes.len(),
            Self::Ahead(bytes) => bytes.len(),
        }
    }

    fn as_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Alone(bytes) => bytes,
            Self::Ahead(bytes) => bytes,
        }
    }

    /// Takes the bytes from a place on.
    fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Alone(bytes) => Self::Alone(bytes.split_off(at)),
            Self::Ahead(bytes) => Self::Ahead(bytes.split_off(at)),
        }
    }

    /// What the next page may lie in.
    fn leave(self) -> Room {
        match self {
            Self::Alone(_) => Room(self),
            Self::Ahead(_) => Room::default(),
        }
    }
}

impl Room {
    /// One piece of memory for many pages, of so many bytes.
    pub(super) fn of(bytes: usize) -> Room {
        Room(Lying::Ahead(BytesMut::with_capacity(bytes)))
    }

    /// Bytes that fit into it.
    pub(super) fn size(&self) -> usize {
        match &self.0 {
            Lying::Alone(bytes) => bytes.capacity(),
            Lying::Ahead(bytes) => bytes.capacity(),
        }
    }
}

impl Rows {
    /// In this room. One for a single page is made as large as rows within this limit are as a rule: what grows piece by piece is moved and wiped
    /// each time.
    pub(super) fn within(Room(mut bytes): Room, limit: Limit) -> Rows {
        if let Lying::Alone(bytes) = &mut bytes {
            let most = limit.items.saturating_mul(USUAL).min(limit.bytes).min(MOST_ROOM);
            bytes.clear();
            bytes.reserve_exact(usize::try_from(most).unwrap_or_default());
        }
        Rows { bytes, ..Rows::default() }
    }

    /// Takes what was found at a place behind the others.
    pub(super) fn push(&mut self, at: EntryRef, found: Found<'_>) {
        let body = match found {
            Found::Bare => Body::Bare,
            Found::Damaged => Body::Damaged,
            Found::Row(row) => {
                self.extend(row);
                Body::Row(row.len())
            }
        };
        self.rows.push(SealedRow { at, body });
    }

    fn extend(&mut self, sealed: &[u8]) {
        match &mut self.bytes {
            Lying::Alone(bytes) => bytes.extend_from_slice(sealed),
            Lying::Ahead(bytes) => bytes.extend_from_slice(sealed),
        }
    }

    /// Takes all of others behind its own.
    pub(super) fn append(&mut self, mut others: Rows) {
        self.extend(others.bytes.as_mut());
        self.rows.append(&mut others.rows);
    }

    /// Bytes of its sealed rows.
    pub(super) fn weight(&self) -> usize {
        self.bytes.len()
    }

    /// What is left behind it of the memory for many pages.
    pub(super) fn room_behind(&mut self) -> Room {
        match &mut self.bytes {
            Lying::Alone(_) => Room::default(),
            Lying::Ahead(bytes) => Room(Lying::Ahead(bytes.split_off(bytes.len()))),
        }
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
        let Self { seal, rows: Rows { mut bytes, rows: all, .. }, .. } = self;
        let mut parts = parts(all, rows);
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

    /// The same, and room for the next page.
    pub fn open_and_leave(self) -> (Page, Room) {
        let Self { seal, rows: Rows { mut bytes, rows, .. }, next } = self;
        let mut page = Page { next, ..Page::default() };
        page.entries.reserve_exact(rows.len());
        let mut rest = bytes.as_mut();
        for SealedRow { at, body } in rows {
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
        (page, bytes.leave())
    }
}

/// Rows of a shelf, still sealed.
#[derive(Debug)]
pub struct SealedShelf {
    seal: RowSeal,
    shelf: Shelf,
    rows: Vec<SealedShelfRow>,
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
    /// Rows of a shelf, with the seal that opens them.
    pub(super) fn of(seal: &RowSeal, shelf: Shelf, rows: Vec<SealedShelfRow>) -> SealedShelf {
        SealedShelf { seal: seal.clone(), shelf, rows }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// In parts of so many rows, each to be opened by itself, in their order.
    pub fn in_parts(self, rows: usize) -> Vec<SealedShelf> {
        let part = |rows| Self::of(&self.seal, self.shelf, rows);
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
