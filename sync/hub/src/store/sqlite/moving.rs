//! What a hub that moves to another store takes along beside its entries.

use std::collections::BTreeSet;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use rusqlite::{Connection, TransactionBehavior, params};

use super::super::{Beside, Evidence, Grant, KeptCheckpoint, StoreFault};
use super::open::fault;
use super::read::{number, unsigned};
use super::write;

pub(super) fn beside(connection: &Connection, device: &DeviceId) -> Result<Beside, StoreFault> {
    let transaction = connection.unchecked_transaction().map_err(fault)?;
    let mut beside = Beside::default();
    let mut statement =
        transaction.prepare_cached("select journal, slip, reader from readers where device = ?1").map_err(fault)?;
    let mut rows = statement.query([device.as_bytes()]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        let place = (*device, JournalId::from_bytes(row.get(0).map_err(fault)?));
        let slip = unsigned(row.get(1).map_err(fault)?)?;
        beside.grants.insert(Grant { place, slip, reader: row.get(2).map_err(fault)? });
    }
    let mut statement = transaction
        .prepare_cached("select journal, seq, hash, header, signature from evidence where device = ?1")
        .map_err(fault)?;
    let mut rows = statement.query([device.as_bytes()]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        beside.evidence.insert(Evidence {
            place: (*device, JournalId::from_bytes(row.get(0).map_err(fault)?)),
            seq: unsigned(row.get(1).map_err(fault)?)?,
            hash: Digest::from_bytes(row.get(2).map_err(fault)?),
            header: row.get(3).map_err(fault)?,
            signature: row.get(4).map_err(fault)?,
        });
    }
    let mut statement = transaction
        .prepare_cached("select distinct digest from parts where device = ?1 and state = 1")
        .map_err(fault)?;
    let mut rows = statement.query([device.as_bytes()]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        beside.attached.insert(Digest::from_bytes(row.get(0).map_err(fault)?));
    }
    Ok(beside)
}

pub(super) fn orders(connection: &Connection) -> Result<Vec<(Doomed, bool)>, StoreFault> {
    let mut statement =
        connection.prepare_cached("select device, journal, seq, hash, erased from ordered").map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    let mut orders = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let (device, journal) = (row.get(0).map_err(fault)?, row.get(1).map_err(fault)?);
        let doomed = Doomed {
            device: DeviceId::from_bytes(device),
            journal: JournalId::from_bytes(journal),
            seq: unsigned(row.get(2).map_err(fault)?)?,
            hash: Digest::from_bytes(row.get(3).map_err(fault)?),
        };
        orders.push((doomed, row.get(4).map_err(fault)?));
    }
    Ok(orders)
}

pub(super) fn checkpoints(
    connection: &Connection,
    (epoch, after): (u64, u64),
    most: usize,
) -> Result<Vec<KeptCheckpoint>, StoreFault> {
    let mut statement = connection
        .prepare_cached(
            "select epoch, number, statement from checkpoints where (epoch, number) > (?1, ?2) order by epoch, number limit ?3",
        )
        .map_err(fault)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![number(epoch), number(after), most]).map_err(fault)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        found.push(KeptCheckpoint {
            epoch: unsigned(row.get(0).map_err(fault)?)?,
            number: unsigned(row.get(1).map_err(fault)?)?,
            statement: row.get(2).map_err(fault)?,
        });
    }
    Ok(found)
}

pub(super) fn let_in(connection: &mut Connection, grants: &[Grant]) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    for grant in grants.iter().collect::<BTreeSet<_>>() {
        write::store_grant(&transaction, None, grant)?;
    }
    transaction.commit().map_err(fault)
}
