//! Sealing every row of the SQLite journal anew under another vault key, for a changed passphrase (FORMATS section 8).

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::row_seal::RowSeal;
use rusqlite::Transaction;
use rusqlite::types::Value;

use super::sqlite::{mark, storage};
use super::sqlite_keep::{clear, shelve};
use super::sqlite_read::{self as read, aside_key, document_key, split};
use super::{Shelf, row};
use crate::error::{Result, SyncError};

/// Opens every row with one key and seals it with the other; the first that does not open stops it, and the caller rolls back.
pub(super) fn reseal(tx: &Transaction<'_>, old: &RowSeal, new: &RowSeal) -> Result<()> {
    tx.execute("update vault set body = ?1", [mark(new)?]).map_err(storage)?;
    clear(tx, Shelf::List)?;
    for shelf in Shelf::ALL {
        shelve(tx, new, &read::shelf(tx, old, shelf)?, &[])?;
    }
    let journals = read::journals(tx, old)?;
    let place_key = |no: i64, seq: u64| {
        let known = journals.iter().find(|n| n.no == no).map(|n| row::key(&n.known.device, &n.known.journal, seq));
        known.ok_or(SyncError::StorageDamaged("a row of no journal"))
    };
    let both = Both { tx, old, new };
    both.table(row::JOURNAL, "journals", "device, journal", "1", |key| {
        let journal = JournalId::from_bytes(bytes(key, 1)?);
        Ok(row::key(&DeviceId::from_bytes(*digest(key, 0)?.as_bytes()), &journal, 0).to_vec())
    })?;
    both.table(row::ENTRY, "entries", "place", "body is not null", |key| {
        let (no, seq) = split(integer(key, 0)?);
        Ok(place_key(no, seq)?.to_vec())
    })?;
    both.table(row::DOCUMENT, "documents", "kind, about, version, digest, rival", "1", |key| {
        let (kind, version) = (unsigned(key, 0)?, unsigned(key, 2)?);
        Ok(document_key(kind, &digest(key, 1)?, version, &digest(key, 3)?, integer(key, 4)? != 0))
    })?;
    both.table(row::QUARANTINE, "quarantine", "digest, why", "1", |key| {
        Ok(aside_key(&digest(key, 0)?, unsigned(key, 1)?))
    })?;
    both.table(row::HUB, "hubs", "hub", "1", |key| Ok(digest(key, 0)?.as_bytes().to_vec()))?;
    both.table(row::HUB, "receipts", "hub, epoch, no", "1", |key| {
        let hub = DeviceId::from_bytes(*digest(key, 0)?.as_bytes());
        Ok(row::receipt_key(&hub, unsigned(key, 1)?, &place_key(integer(key, 2)?, 0)?))
    })
}

struct Both<'a> {
    tx: &'a Transaction<'a>,
    old: &'a RowSeal,
    new: &'a RowSeal,
}

impl Both<'_> {
    /// Every row of one table, one at a time: its primary key, from which `row_key` makes the key that the row is sealed to.
    fn table(
        &self,
        sealed_as: &str,
        table: &str,
        columns: &str,
        which: &str,
        row_key: impl Fn(&[Value]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        let width = columns.split(',').count();
        let keys = {
            let mut all = self.tx.prepare(&format!("select {columns} from {table} where {which}")).map_err(storage)?;
            let rows =
                all.query_map([], |row| (0..width).map(|n| row.get(n)).collect::<rusqlite::Result<Vec<Value>>>());
            rows.map_err(storage)?.collect::<rusqlite::Result<Vec<_>>>().map_err(storage)?
        };
        let places = (1..=width).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
        let chosen = format!("({columns}) = ({places})");
        let mut read = self.tx.prepare(&format!("select body from {table} where {chosen}")).map_err(storage)?;
        let last = width.saturating_add(1);
        let mut write =
            self.tx.prepare(&format!("update {table} set body = ?{last} where {chosen}")).map_err(storage)?;
        for mut key in keys {
            let body: Vec<u8> = read.query_row(rusqlite::params_from_iter(&key), |row| row.get(0)).map_err(storage)?;
            let name = row_key(&key)?;
            let plain = self.old.open(sealed_as, &name, b"", b"", &body);
            let plain = plain.map_err(|_source| SyncError::StorageDamaged("a row does not open"))?;
            let body = self.new.seal(sealed_as, &name, b"", b"", &plain).map_err(SyncError::Trust)?;
            key.push(Value::Blob(body));
            write.execute(rusqlite::params_from_iter(&key)).map_err(storage)?;
        }
        Ok(())
    }
}

const COLUMN: SyncError = SyncError::StorageDamaged("a column is not of its type");

fn integer(key: &[Value], at: usize) -> Result<i64> {
    match key.get(at) {
        Some(Value::Integer(n)) => Ok(*n),
        _ => Err(COLUMN),
    }
}

fn unsigned(key: &[Value], at: usize) -> Result<u64> {
    u64::try_from(integer(key, at)?).map_err(|_negative| COLUMN)
}

fn bytes<const N: usize>(key: &[Value], at: usize) -> Result<[u8; N]> {
    match key.get(at) {
        Some(Value::Blob(bytes)) => bytes.as_slice().try_into().map_err(|_len| COLUMN),
        _ => Err(COLUMN),
    }
}

fn digest(key: &[Value], at: usize) -> Result<Digest> {
    match key.get(at) {
        Some(Value::Blob(bytes)) => Digest::from_slice(bytes).ok_or(COLUMN),
        _ => Err(COLUMN),
    }
}
