//! Rows as they lie in the file, read and not yet opened. Opening is most of the work of an unlocking and needs the row seal alone:
//! one thread reads, and others open.

use amanat_keys::fingerprint::{CaseId, DeviceId, JournalId, KeyId};
use amanat_keys::row_seal::RowSeal;

use super::{Cursor, Page, Shelf, ShelfRow, row};
use crate::entry::EntryRef;
use crate::error::{Result, SyncError};

/// A page of the replay whose rows are still sealed.
#[derive(Debug)]
pub struct SealedPage {
    pub(super) seal: RowSeal,
    pub(super) rows: Vec<SealedRow>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// What stands at a place.
#[derive(Debug)]
pub(super) struct SealedRow {
    pub(super) device: DeviceId,
    pub(super) journal: JournalId,
    pub(super) seq: u64,
    pub(super) body: Body,
}

/// What there is of an entry.
#[derive(Debug)]
pub(super) enum Body {
    /// Only its hash.
    Bare,
    /// A sealed row.
    Row(Vec<u8>),
    /// A column that is not of its type.
    Damaged,
}

impl SealedPage {
    /// Places in it.
    pub fn places(&self) -> usize {
        self.rows.len()
    }

    /// The number of the last row.
    pub fn last(&self) -> Option<u64> {
        self.rows.last().map(|row| row.seq)
    }

    /// Numbers of places of which only the hash is held.
    pub fn bare(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().filter(|row| matches!(row.body, Body::Bare)).map(|row| row.seq)
    }

    /// In parts of so many rows, each to be opened by itself, in their order.
    pub fn in_parts(self, rows: usize) -> Vec<SealedPage> {
        let part = |rows| SealedPage { seal: self.seal.clone(), rows, next: None };
        parts(self.rows, rows).into_iter().map(part).collect()
    }

    /// Opens and authenticates every row. One that does not open is named in the page and does not stop it.
    pub fn open(self) -> Page {
        let mut page = Page { next: self.next, ..Page::default() };
        page.entries.reserve_exact(self.rows.len());
        for SealedRow { device, journal, seq, body } in self.rows {
            let opened = match body {
                Body::Bare => {
                    page.elided = page.elided.saturating_add(1);
                    continue;
                }
                Body::Damaged => None,
                Body::Row(mut row) => {
                    let key = row::key(&device, &journal, seq);
                    let text = self.seal.open_where_it_lies(row::ENTRY, &key, b"", b"", &mut row);
                    text.ok().and_then(|text| row::unpack_where_it_lies(row, text).ok())
                }
            };
            match opened {
                Some(entry) => page.entries.push(entry),
                None => page.damaged.push(EntryRef { device, journal, seq }),
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
