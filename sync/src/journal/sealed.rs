//! Rows as they lie in the file, read and not yet opened. Opening is most of the work of an unlocking and needs the row seal alone:
//! one thread reads, and others open.

use amanat_keys::fingerprint::{CaseId, KeyId};
use amanat_keys::row_seal::RowSeal;

use super::{Cursor, Page, Shelf, ShelfRow, row};
use crate::batch::Limit;
use crate::cbor::count;
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
    rows: Vec<SealedRow>,
    pub(super) next: Option<Cursor>,
}

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
    /// With room for as many bytes as rows within this limit have as a rule: what grows piece by piece is moved and wiped each time.
    pub(super) fn with_room(limit: Limit) -> Rows {
        let most = limit.items.saturating_mul(USUAL).min(limit.bytes).min(MOST_ROOM);
        let bytes = Vec::with_capacity(usize::try_from(most).unwrap_or_default());
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
    pub(super) fn weight(&self) -> u64 {
        count(self.bytes.len())
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
        let Rows { mut bytes, rows: all, .. } = self.rows;
        let mut parts = parts(all, rows);
        // From the end, so that every byte moves once.
        let pages = parts.drain(..).rev().map(|rows| {
            let own: usize = rows.iter().map(|row| if let Body::Row(length) = row.body { length } else { 0 }).sum();
            let bytes = bytes.split_off(bytes.len().saturating_sub(own));
            Rows { bytes, rows, next: None }.under(&self.seal)
        });
        let mut pages: Vec<SealedPage> = pages.collect();
        pages.reverse();
        pages
    }

    /// Opens and authenticates every row. One that does not open is named in the page and does not stop it.
    pub fn open(self) -> Page {
        let Rows { mut bytes, rows, .. } = self.rows;
        let mut page = Page { next: self.next, ..Page::default() };
        page.entries.reserve_exact(rows.len());
        let mut rest = &mut bytes[..];
        for SealedRow { at, body } in rows {
            let opened = match body {
                Body::Bare => {
                    page.elided = page.elided.saturating_add(1);
                    continue;
                }
                Body::Damaged => None,
                Body::Row(length) => rest.split_off_mut(..length).and_then(|row| {
                    let text = self.seal.open_where_it_lies(row::ENTRY, &row::key_of(&at), b"", b"", row).ok()?;
                    row::unpack(row.get(text)?).ok()
                }),
            };
            match opened {
                Some(entry) => page.entries.push(entry),
                None => page.damaged.push(at),
            }
        }
        page
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
