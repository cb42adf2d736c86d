//! Erasures: what orders and stand-ins name, and the envelopes that go when both do.

use std::collections::BTreeSet;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::super::{Due, Place, Row, StoreFault};
use super::open::fault;
use super::parts;
use super::read::{number, unsigned};

/// Notes what a proven order names.
pub(super) fn order(connection: &mut Connection, doomed: &[Doomed]) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    for target in doomed {
        transaction
            .prepare_cached(
                "insert into ordered (device, journal, seq, hash, erased) values (?1, ?2, ?3, ?4, 0)
                 on conflict do nothing",
            )
            .and_then(|mut s| s.execute(key(target)))
            .map_err(fault)?;
    }
    transaction.commit().map_err(fault)
}

/// Notes what the erasure stand-ins among these rows name.
pub(super) fn note(transaction: &Transaction<'_>, place: &Place, rows: &[Row]) -> Result<(), StoreFault> {
    for stand_in in rows.iter().filter_map(|row| row.stands_in.as_ref()).filter(|stand_in| stand_in.erases) {
        let Doomed { device, journal, seq, hash } = &stand_in.target;
        transaction
            .prepare_cached(
                "insert into stand_ins (device, journal, seq, hash, signer) values (?1, ?2, ?3, ?4, ?5)
                 on conflict do nothing",
            )
            .and_then(|mut s| {
                let (seq, signer) = (number(*seq), place.0.as_bytes());
                s.execute(params![device.as_bytes(), journal.as_bytes(), seq, hash.as_bytes(), signer])
            })
            .map_err(fault)?;
    }
    Ok(())
}

/// Whether anything was ever erased here: spares looking for every entry that comes.
pub(super) fn any(transaction: &Transaction<'_>) -> Result<bool, StoreFault> {
    transaction
        .prepare_cached("select exists (select 1 from ordered)")
        .and_then(|mut s| s.query_row([], |row| row.get(0)))
        .map_err(fault)
}

/// Whether this very entry was erased.
pub(super) fn is_erased(transaction: &Transaction<'_>, target: &Doomed) -> Result<bool, StoreFault> {
    transaction
        .prepare_cached(
            "select exists (select 1 from ordered
                 where device = ?1 and journal = ?2 and seq = ?3 and hash = ?4 and erased = 1)",
        )
        .and_then(|mut s| s.query_row(key(target), |row| row.get(0)))
        .map_err(fault)
}

/// What an order and a stand-in name, and is not gone yet.
pub(super) fn due(connection: &Connection) -> Result<Vec<Due>, StoreFault> {
    let mut statement = connection
        .prepare_cached(
            "select o.device, o.journal, o.seq, o.hash, s.signer from ordered o join stand_ins s
                 on s.device = o.device and s.journal = o.journal and s.seq = o.seq and s.hash = o.hash
             where o.erased = 0",
        )
        .map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    let mut due = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let (device, journal): ([u8; 32], [u8; 16]) = (row.get(0).map_err(fault)?, row.get(1).map_err(fault)?);
        let seq = unsigned(row.get(2).map_err(fault)?)?;
        let (hash, signer): ([u8; 32], [u8; 32]) = (row.get(3).map_err(fault)?, row.get(4).map_err(fault)?);
        let target = Doomed {
            device: DeviceId::from_bytes(device),
            journal: JournalId::from_bytes(journal),
            seq,
            hash: Digest::from_bytes(hash),
        };
        due.push(Due { target, signer: DeviceId::from_bytes(signer) });
    }
    Ok(due)
}

/// Drops envelopes, and overwrites where they stood: in the pages, and in the log.
pub(super) fn erase(connection: &mut Connection, doomed: &[Doomed]) -> Result<(), StoreFault> {
    secure_delete(connection, "on")?;
    let erased = erase_all(connection, doomed);
    secure_delete(connection, "fast")?;
    erased?;
    // A reader in the way keeps some of the log for now; the next erasure or start empties it.
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_row| Ok(())).map_err(fault)
}

fn erase_all(connection: &mut Connection, doomed: &[Doomed]) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    for target in doomed {
        for sql in [
            "update ordered set erased = 1 where device = ?1 and journal = ?2 and seq = ?3 and hash = ?4",
            "update entries set envelope = null, erased = 1
             where device = ?1 and journal = ?2 and seq = ?3 and hash = ?4",
        ] {
            transaction.prepare_cached(sql).and_then(|mut s| s.execute(key(target))).map_err(fault)?;
        }
        parts::doom(&transaction, &(target.device, target.journal), target.seq, &target.hash)?;
    }
    // What was missing and is now erased holds nobody up.
    for place in doomed.iter().map(|t| (t.device, t.journal)).collect::<BTreeSet<_>>() {
        parts::recount(&transaction, &place)?;
    }
    transaction.commit().map_err(fault)
}

fn secure_delete(connection: &Connection, how: &str) -> Result<(), StoreFault> {
    connection.query_row(&format!("pragma secure_delete = {how}"), [], |_row| Ok(())).map_err(fault)
}

fn key(target: &Doomed) -> (&[u8; 32], &[u8; 16], i64, &[u8; 32]) {
    (target.device.as_bytes(), target.journal.as_bytes(), number(target.seq), target.hash.as_bytes())
}
