//! What the SQLite journal reads for the road: receipts that were brought for others, and what a stretch weighs.

use amanat_keys::fingerprint::{DeviceId, JournalId};
use amanat_keys::row_seal::RowSeal;
use rusqlite::Connection;

use super::row;
use super::sqlite::storage;
use super::sqlite_hub::receipt;
use super::sqlite_read::{COLUMN, Numbered, all, journal, one, place, unsigned};
use crate::error::{Result, SyncError};
use crate::receipt::Receipt;

/// What the seal of a row adds to it: nonce and tag.
const SEAL: u64 = 40;

/// Receipts of one epoch for journals that are not this device's. Only those that were carried for have one, so the index is asked
/// and not each journal.
pub(super) fn passed(
    db: &Connection,
    seal: &RowSeal,
    (hub, epoch): (&DeviceId, u64),
    journals: &[Numbered],
) -> Result<Vec<(Receipt, Vec<u8>)>> {
    let number = i64::try_from(epoch).map_err(|_wide| COLUMN)?;
    let sql = "select no from receipts where hub = ?1 and epoch = ?2 order by no";
    let numbers = all(db, sql, (hub.as_bytes(), number), |row| row.get::<_, i64>(0).map_err(storage))?;
    let mut passed = Vec::new();
    for no in numbers {
        let of = journals.iter().find(|n| n.no == no).ok_or(SyncError::StorageDamaged("a receipt of no journal"))?;
        if of.known.own.is_none() {
            passed.extend(receipt(db, seal, hub, epoch, of)?);
        }
    }
    Ok(passed)
}

/// The weight of what follows a number, from the lengths of the rows alone.
pub(super) fn weigh(db: &Connection, seal: &RowSeal, (device, id): (&DeviceId, &JournalId), after: u64) -> Result<u64> {
    let Some(at) = journal(db, seal, device, id)? else { return Ok(0) };
    let sql =
        "select count(body), coalesce(sum(length(body)), 0), count(*) from entries where place > ?1 and place < ?2";
    let range = [place(at.no, after)?, place(at.no.saturating_add(1), 0)?];
    let sums = one(db, sql, range, |row| Ok((unsigned(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?)))?;
    let (whole, bytes, places) = sums.unwrap_or((0, 0, 0));
    let around = SEAL.saturating_add(row::AROUND).saturating_mul(whole);
    Ok(bytes.saturating_sub(around).saturating_add(places.saturating_sub(whole).saturating_mul(32)))
}
