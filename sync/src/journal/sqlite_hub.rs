//! What the SQLite journal reads of a hub's words: receipts, epochs, the newest checkpoint. The sealed row speaks; the clear
//! columns beside it are an index, and a difference between the two is damage.

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::row_seal::RowSeal;
use amanat_keys::statement::Statement;
use rusqlite::Connection;

use super::row;
use super::sqlite_read::{COLUMN, Numbered, array, blob, one, open, unsigned};
use crate::error::{Result, SyncError};
use crate::receipt::{Checkpoint, Receipt};

/// A filed receipt and the statement that carries it, out of the sealed row. The clear columns are only an index: where they say
/// anything else, somebody has changed them, and *received* is not to be believed (DESIGN section 4).
pub(super) fn receipt(
    db: &Connection,
    seal: &RowSeal,
    hub: &DeviceId,
    epoch: u64,
    of: &Numbered,
) -> Result<Option<(Receipt, Vec<u8>)>> {
    let sql = "select seq, link, complete, body from receipts where hub = ?1 and epoch = ?2 and no = ?3";
    let number = i64::try_from(epoch).map_err(|_wide| COLUMN)?;
    let (device, journal) = (&of.known.device, &of.known.journal);
    one(db, sql, (hub.as_bytes(), number, of.no), |row| {
        let key = row::receipt_key(hub, epoch, &row::key(device, journal, 0));
        let statement = open(seal, row::HUB, &key, blob(row, 3)?)?.to_vec();
        let receipt = Statement::from_bytes(&statement).ok().and_then(|s| Receipt::decode(s.payload()).ok());
        let receipt = receipt.ok_or(SyncError::StorageDamaged("a filed receipt"))?;
        let clear = (unsigned(row, 0)?, Digest::from_bytes(array(row, 1)?), unsigned(row, 2)?);
        let place = (receipt.hub, receipt.epoch, &receipt.device, &receipt.journal);
        if place != (*hub, epoch, device, journal) || clear != (receipt.seq, receipt.link, receipt.complete) {
            return Err(SyncError::StorageDamaged("a receipt is not the one that the hub signed"));
        }
        Ok((receipt, statement))
    })
}

/// What is known of a hub.
#[derive(Debug, Default)]
pub(super) struct HubRow {
    /// The highest epoch seen.
    pub(super) epoch: u64,
    /// The highest that counts.
    pub(super) vouched: u64,
    /// Bytes offered again since an epoch was last vouched for.
    pub(super) again: u64,
    /// The newest checkpoint, the hash of its payload, its statement.
    pub(super) checkpoint: Option<(Checkpoint, Digest, Vec<u8>)>,
}

/// What the sealed row of a hub says: epoch ‖ vouched ‖ bytes offered again ‖ the checkpoint as it is filed, or nothing.
pub(super) fn hub_word(epoch: u64, vouched: u64, again: u64, checkpoint: &[u8]) -> Vec<u8> {
    [&epoch.to_be_bytes()[..], &vouched.to_be_bytes(), &again.to_be_bytes(), checkpoint].concat()
}

/// The highest number that any receipt of a hub covers, of whatever epoch.
pub(super) fn once(db: &Connection, hub: &DeviceId, of: &Numbered) -> Result<u64> {
    let sql = "select coalesce(max(seq), 0) from receipts where hub = ?1 and no = ?2";
    Ok(one(db, sql, (hub.as_bytes(), of.no), |row| unsigned(row, 0))?.unwrap_or(0))
}

pub(super) fn hub_row(db: &Connection, seal: &RowSeal, hub: &DeviceId) -> Result<HubRow> {
    let sql = "select epoch, vouched, number, digest, body from hubs where hub = ?1";
    let found = one(db, sql, [&hub.as_bytes()[..]], |row| {
        let plain = open(seal, row::HUB, hub.as_bytes(), blob(row, 4)?)?;
        let read = read_hub(&plain)?;
        let (number, digest) =
            read.checkpoint.as_ref().map_or((0, &[][..]), |(c, digest, _)| (c.number, digest.as_bytes()));
        let clear = (unsigned(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?, blob(row, 3)?);
        if clear != (read.epoch, read.vouched, number, digest) {
            return Err(SyncError::StorageDamaged("what is known of the hub is not what was written"));
        }
        Ok(read)
    })?;
    Ok(found.unwrap_or_default())
}

fn read_hub(plain: &[u8]) -> Result<HubRow> {
    let mut rest = plain;
    let mut number = || {
        let (first, more) =
            rest.split_first_chunk::<8>().ok_or(SyncError::StorageDamaged("what is known of the hub"))?;
        rest = more;
        Ok(u64::from_be_bytes(*first))
    };
    let (epoch, vouched, again) = (number()?, number()?, number()?);
    let checkpoint = if rest.is_empty() { None } else { Some(super::filing::read_checkpoint(rest)?) };
    Ok(HubRow { epoch, vouched, again, checkpoint })
}
