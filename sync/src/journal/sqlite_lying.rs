//! Rows of a run as they lie in the file, taken out some at a time so that all cores can open them.

use amanat_keys::fingerprint::Digest;
use amanat_keys::row_seal::RowSeal;
use rusqlite::{Row, Rows};

use super::sqlite::storage;
use super::sqlite_read::{COLUMN, array, blob, open, seq_of};
use super::{KnownHead, row};
use crate::batch::Item;
use crate::error::Result;

/// What lies at a place: a sealed row, or a bare hash; and the link there.
pub(super) struct Lying {
    pub(super) seq: u64,
    held: std::result::Result<Vec<u8>, Digest>,
    pub(super) link: Digest,
}

impl Lying {
    fn of(row: &Row<'_>) -> Result<Self> {
        let held = match row.get_ref(1).map_err(storage)?.as_blob() {
            Ok(hash) => Err(Digest::from_bytes(hash.try_into().map_err(|_len| COLUMN)?)),
            Err(_none) => Ok(blob(row, 2)?.to_vec()),
        };
        Ok(Self { seq: seq_of(row.get(0).map_err(storage)?), held, link: Digest::from_bytes(array(row, 3)?) })
    }

    pub(super) fn open(&self, seal: &RowSeal, at: &KnownHead) -> Result<Item> {
        let sealed = match &self.held {
            Ok(sealed) => sealed,
            Err(hash) => return Ok(Item::Elided(*hash)),
        };
        let plain = open(seal, row::ENTRY, &row::key(&at.device, &at.journal, self.seq), sealed)?;
        Ok(Item::Entry(Box::new(row::unpack(&plain)?)))
    }
}

/// Rows are taken out of the file so many at a time at most, or so many bytes, and opened on all cores.
const AT_ONCE: usize = 256;

/// See [`AT_ONCE`].
const AT_ONCE_BYTES: usize = 1 << 20;

pub(super) fn some(rows: &mut Rows<'_>) -> Result<Vec<Lying>> {
    let (mut some, mut bytes) = (Vec::new(), 0_usize);
    while some.len() < AT_ONCE && bytes < AT_ONCE_BYTES {
        let Some(row) = rows.next().map_err(storage)? else { break };
        let lying = Lying::of(row)?;
        bytes = bytes.saturating_add(lying.held.as_ref().map_or(0, Vec::len));
        some.push(lying);
    }
    Ok(some)
}
