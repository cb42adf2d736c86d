//! Filling one page by weight, the same way for every store.

use amanat_keys::fingerprint::Digest;

use super::{Item, Page, Piece, Place, ServedEntry};

/// Bytes that a bare hash costs on the wire.
const HASH_WEIGHT: usize = 34;
/// Bytes that an entry costs beside its header and envelope: signature and framing.
const ENTRY_WEIGHT: usize = 80;

/// A page being filled. Trailing hashes are dropped: what comes after the last entry that a reader may have is not told.
#[derive(Debug)]
pub(super) struct Filling {
    page: Page,
    room: usize,
    open: Option<Piece>,
    /// Items of the open piece up to and with its last whole entry.
    wanted: usize,
}

impl Filling {
    pub(super) fn new(bytes: usize) -> Self {
        Self { page: Page::default(), room: bytes, open: None, wanted: 0 }
    }

    /// Begins the next journal.
    pub(super) fn begin(&mut self, place: Place, first: u64, before: Digest) {
        self.close();
        self.open = Some(Piece { place, first, before, items: Vec::new() });
    }

    /// Adds the journal's next item; false when the page is full, and then the item was not taken.
    pub(super) fn add(&mut self, item: Item) -> bool {
        let weight = match &item {
            Item::Entry(ServedEntry { header, envelope, .. }) => {
                ENTRY_WEIGHT + header.len() + envelope.as_ref().map_or(0, Vec::len)
            }
            Item::Elided(_) => HASH_WEIGHT,
        };
        let entry = matches!(item, Item::Entry(_));
        let empty = self.page.pieces.is_empty() && self.wanted == 0;
        if weight > self.room && !(empty && entry) {
            // Hashes alone fill no page: else a long stretch of other people's entries would never be passed.
            if entry || !empty {
                self.page.more = true;
                return false;
            }
        }
        self.room = self.room.saturating_sub(weight);
        if let Some(piece) = self.open.as_mut() {
            piece.items.push(item);
            if entry {
                self.wanted = piece.items.len();
            }
        }
        true
    }

    pub(super) fn finish(mut self) -> Page {
        self.close();
        self.page
    }

    fn close(&mut self) {
        if let Some(mut piece) = self.open.take() {
            piece.items.truncate(self.wanted);
            if !piece.items.is_empty() {
                self.page.pieces.push(piece);
            }
        }
        self.wanted = 0;
    }
}
