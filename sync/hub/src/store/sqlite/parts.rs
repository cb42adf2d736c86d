//! The books of attachments: what entries list, what is held, what is to go.

use std::collections::BTreeSet;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_sync::chain::Head;
use amanat_sync::entry::EntryRef;
use amanat_sync::wire::parts::PartAt;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::super::{Asker, Complete, PartBook, PartHeld, Place, ReaderId, Row, StoreFault};
use super::open::fault;
use super::read::{digest, number, unsigned};

/// Notes what a new entry lists. What another entry of the device has brought already is held at once; of an erased entry nothing is
/// ever wanted.
pub(super) fn note(transaction: &Transaction<'_>, place: &Place, row: &Row, erased: bool) -> Result<(), StoreFault> {
    for part in &row.parts {
        transaction
            .prepare_cached(
                "insert into parts (device, journal, seq, digest, size, state)
                 values (?1, ?2, ?3, ?4, ?5, case when ?6 then 3 else
                     (select exists (select 1 from parts where device = ?1 and digest = ?4 and state = 1)) end)
                 on conflict do nothing",
            )
            .and_then(|mut s| {
                let (seq, size) = (number(row.seq), number(part.size));
                s.execute(params![place.0.as_bytes(), place.1.as_bytes(), seq, part.digest.as_bytes(), size, erased])
            })
            .map_err(fault)?;
    }
    Ok(())
}

/// What an entry lists that its author let go is not waited for any more.
pub(super) fn let_go(transaction: &Transaction<'_>, place: &Place, rows: &[Row]) -> Result<(), StoreFault> {
    let gone = |row: &&Row| !row.parts.is_empty() && row.envelope.as_ref().is_some_and(Vec::is_empty);
    for row in rows.iter().filter(gone) {
        transaction
            .prepare_cached("update parts set state = -1 where device = ?1 and journal = ?2 and seq = ?3 and state = 0")
            .and_then(|mut s| s.execute(params![place.0.as_bytes(), place.1.as_bytes(), number(row.seq)]))
            .map_err(fault)?;
    }
    Ok(())
}

/// The number before the first entry that lacks its envelope or an attachment; `None` when nothing is missing. What its author let go
/// is not waited for.
pub(super) fn first_missing(transaction: &Transaction<'_>, place: &Place) -> Result<Option<u64>, StoreFault> {
    let missing: Option<i64> = transaction
        .prepare_cached(
            "select min(seq) from (
                 select min(seq) as seq from entries
                 where device = ?1 and journal = ?2 and envelope is null and erased = 0
                 union all
                 select min(seq) from parts where device = ?1 and journal = ?2 and state = 0)",
        )
        .and_then(|mut s| s.query_row(params![place.0.as_bytes(), place.1.as_bytes()], |row| row.get(0)))
        .map_err(fault)?;
    missing.map(|seq| Ok(unsigned(seq)?.saturating_sub(1))).transpose()
}

/// How far a journal is complete now, written into its head.
pub(super) fn recount(transaction: &Transaction<'_>, place: &Place) -> Result<Option<Complete>, StoreFault> {
    let missing = first_missing(transaction, place)?;
    let (device, journal) = (place.0.as_bytes(), place.1.as_bytes());
    let found = transaction
        .prepare_cached(
            "update heads set complete = coalesce(?3, seq) where device = ?1 and journal = ?2
             returning seq, link, complete",
        )
        .and_then(|mut s| {
            s.query_row(params![device, journal, missing.map(number)], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
            })
            .optional()
        })
        .map_err(fault)?;
    let Some((seq, link, complete)) = found else { return Ok(None) };
    let head = Head { seq: unsigned(seq)?, link: digest(&link)? };
    Ok(Some(Complete { place: *place, head, complete: unsigned(complete)? }))
}

/// An attachment of a device that was wanted is held, or one that was held is lost; the journals that list it, counted again.
pub(super) fn turn(
    connection: &mut Connection,
    device: &DeviceId,
    part: &Digest,
    lost: bool,
) -> Result<Vec<Complete>, StoreFault> {
    let sql = if lost {
        "update parts set state = 0 where device = ?1 and digest = ?2 and state = 1 returning journal"
    } else {
        "update parts set state = 1 where device = ?1 and digest = ?2 and state in (-1, 0) returning journal"
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let journals: BTreeSet<[u8; 16]> = transaction
        .prepare_cached(sql)
        .and_then(|mut s| {
            s.query_map(params![device.as_bytes(), part.as_bytes()], |row| row.get(0))?.collect::<Result<_, _>>()
        })
        .map_err(fault)?;
    let mut held = Vec::new();
    for journal in journals {
        held.extend(recount(&transaction, &(*device, JournalId::from_bytes(journal)))?);
    }
    transaction.commit().map_err(fault)?;
    Ok(held)
}

pub(super) fn incomplete(connection: &Connection, device: &DeviceId) -> Result<Vec<Complete>, StoreFault> {
    let mut statement = connection
        .prepare_cached("select journal, seq, link, complete from heads where device = ?1 and complete < seq")
        .map_err(fault)?;
    let mut rows = statement.query([device.as_bytes()]).map_err(fault)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let (seq, complete) = (row.get(1).map_err(fault)?, row.get(3).map_err(fault)?);
        let link: Vec<u8> = row.get(2).map_err(fault)?;
        found.push(Complete {
            place: (*device, JournalId::from_bytes(row.get(0).map_err(fault)?)),
            head: Head { seq: unsigned(seq)?, link: digest(&link)? },
            complete: unsigned(complete)?,
        });
    }
    Ok(found)
}

/// What an erased entry lists is wanted no more, and goes.
pub(super) fn doom(transaction: &Transaction<'_>, place: &Place, seq: u64, hash: &Digest) -> Result<(), StoreFault> {
    transaction
        .prepare_cached(
            "update parts set state = 2 where device = ?1 and journal = ?2 and seq = ?3 and state < 2
             and exists (select 1 from entries where device = ?1 and journal = ?2 and seq = ?3 and hash = ?4)",
        )
        .and_then(|mut s| s.execute(params![place.0.as_bytes(), place.1.as_bytes(), number(seq), hash.as_bytes()]))
        .map(drop)
        .map_err(fault)
}

pub(super) fn doomed(connection: &Connection) -> Result<Vec<(DeviceId, Digest)>, StoreFault> {
    let mut statement = connection
        .prepare_cached(
            "select distinct device, digest from parts p where state = 2 and not exists (
                 select 1 from parts o where o.device = p.device and o.digest = p.digest and o.state < 2)",
        )
        .map_err(fault)?;
    let rows = statement.query_map([], |row| Ok((DeviceId::from_bytes(row.get(0)?), Digest::from_bytes(row.get(1)?))));
    rows.and_then(Iterator::collect).map_err(fault)
}

pub(super) fn gone(connection: &mut Connection, gone: &[(DeviceId, Digest)]) -> Result<(), StoreFault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    for (device, part) in gone {
        transaction
            .prepare_cached("update parts set state = 3 where device = ?1 and digest = ?2 and state = 2")
            .and_then(|mut s| s.execute(params![device.as_bytes(), part.as_bytes()]))
            .map_err(fault)?;
    }
    transaction.commit().map_err(fault)
}

pub(super) fn books(
    connection: &Connection,
    asker: &Asker,
    asked: &[PartAt],
) -> Result<Vec<Option<PartBook>>, StoreFault> {
    let transaction = connection.unchecked_transaction().map_err(fault)?;
    asked.iter().map(|at| book(&transaction, asker, at)).collect()
}

fn book(transaction: &Transaction<'_>, asker: &Asker, at: &PartAt) -> Result<Option<PartBook>, StoreFault> {
    let EntryRef { device, journal, seq } = &at.entry;
    let found = transaction
        .prepare_cached(
            "select p.size, p.state, e.slip from parts p join entries e
                 on e.device = p.device and e.journal = p.journal and e.seq = p.seq
             where p.device = ?1 and p.journal = ?2 and p.seq = ?3 and p.digest = ?4",
        )
        .and_then(|mut s| {
            s.query_row(params![device.as_bytes(), journal.as_bytes(), number(*seq), at.digest.as_bytes()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            })
            .optional()
        })
        .map_err(fault)?;
    let Some((size, state, slip)) = found else { return Ok(None) };
    let may = *device == asker.device || names(transaction, &(*device, *journal), slip, &asker.readers)?;
    Ok(Some(PartBook { size: unsigned(size)?, state: PartHeld::from_number(state), may }))
}

fn names(transaction: &Transaction<'_>, place: &Place, slip: i64, readers: &[ReaderId]) -> Result<bool, StoreFault> {
    let mut statement = transaction
        .prepare_cached("select reader from readers where device = ?1 and journal = ?2 and slip = ?3")
        .map_err(fault)?;
    let mut rows = statement.query(params![place.0.as_bytes(), place.1.as_bytes(), slip]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        if readers.contains(&row.get::<_, ReaderId>(0).map_err(fault)?) {
            return Ok(true);
        }
    }
    Ok(false)
}
