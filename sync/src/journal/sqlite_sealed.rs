//! What the SQLite journal reads and leaves sealed: pages of the replay and shelves, for other threads to open.

use std::ops::Range;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::row_seal::RowSeal;
use rusqlite::{Connection, Row, params};

use super::sealed::{Found, Room, Rows, SealedPage, SealedShelf, SealedShelfRow};
use super::sqlite::storage;
use super::sqlite_read::{all, array, blob, newest, place, split};
use super::{Cursor, Shelf};
use crate::batch::Limit;
use crate::cbor::count;
use crate::entry::EntryRef;
use crate::error::{Result, SyncError};
use crate::wire::limits;

/// A page of the replay as it lies in the file.
pub(super) fn rows_after(db: &Connection, names: &[Name], after: Cursor, limit: Limit, room: Room) -> Result<Rows> {
    rows_between(db, names, from(after)?..i64::MAX, limit, room)
}

/// A page of one journal behind a number, as it lies in the file; empty where no such journal is known.
pub(super) fn sealed_of(
    db: &Connection,
    seal: &RowSeal,
    of: (DeviceId, JournalId),
    after: u64,
    limit: Limit,
) -> Result<SealedPage> {
    let names = names(db)?;
    let Some((no, ..)) = names.iter().find(|(_, device, journal)| (*device, *journal) == of) else {
        return Ok(Rows::default().under(seal));
    };
    let rows = rows_between(db, &names, place(*no, after)?..place(no.saturating_add(1), 0)?, limit, Room::default())?;
    Ok(rows.under(seal))
}

/// The last places of every journal, as many of each as makes about so many of all.
pub(super) fn sealed_newest(db: &Connection, seal: &RowSeal, about: u64) -> Result<SealedPage> {
    let names = names(db)?;
    let each = about.checked_div(count(names.len())).unwrap_or(0).max(1);
    let mut rows = Rows::default();
    for (no, ..) in &names {
        let Some(head) = newest(db, *no)? else { continue };
        let after = place(*no, head.seq.saturating_sub(each))?;
        let limit = Limit { items: each.min(head.seq), bytes: limits::MAX_BODY };
        rows.append(rows_between(db, &names, after..i64::MAX, limit, Room::default())?);
    }
    Ok(rows.under(seal))
}

/// What stands at these places, as it lies in the file.
pub(super) fn sealed_at(db: &Connection, seal: &RowSeal, places: &[EntryRef]) -> Result<SealedPage> {
    let names = names(db)?;
    let mut rows = Rows::default();
    let mut statement = db.prepare_cached("select hash, body from entries where place = ?1").map_err(storage)?;
    for at in places {
        let Some((no, ..)) = names.iter().find(|(_, d, j)| (d, j) == (&at.device, &at.journal)) else { continue };
        let mut held = statement.query([place(*no, at.seq)?]).map_err(storage)?;
        if let Some(row) = held.next().map_err(storage)? {
            rows.push(*at, found(row, 0)?);
        }
    }
    Ok(rows.under(seal))
}

/// Numbers and names of all journals, as the file has them: a row of an entry opens under its right name alone.
pub(super) fn names(db: &Connection) -> Result<Vec<Name>> {
    all(db, "select no, device, journal from journals order by no", [], |row| {
        let no = row.get(0).map_err(storage)?;
        Ok((no, DeviceId::from_bytes(array(row, 1)?), JournalId::from_bytes(array(row, 2)?)))
    })
}

/// A journal's number and its name.
pub(super) type Name = (i64, DeviceId, JournalId);

fn from(after: Cursor) -> Result<i64> {
    i64::try_from(after.0).map_err(|_wide| SyncError::Misuse("no such cursor"))
}

/// Rows behind the first place of the range and before its end.
fn rows_between(db: &Connection, known: &[Name], range: Range<i64>, limit: Limit, room: Room) -> Result<Rows> {
    let sql = "select place, hash, body from entries where place > ?1 and place < ?2 order by place";
    let mut statement = db.prepare_cached(sql).map_err(storage)?;
    let mut rows = statement.query([range.start, range.end]).map_err(storage)?;
    let (mut page, mut left, mut last) = (Rows::within(room, limit), limit, None);
    while let Some(row) = rows.next().map_err(storage)? {
        let place: i64 = row.get(0).map_err(storage)?;
        let (no, seq) = split(place);
        // Journals are few and numbered from 1 without a hole, so that this finds at the first look.
        let at = usize::try_from(no.saturating_sub(1)).ok().and_then(|i| known.get(i)).filter(|name| name.0 == no);
        let (_, device, journal) = *at
            .or_else(|| known.iter().find(|name| name.0 == no))
            .ok_or(SyncError::StorageDamaged("an entry of no journal"))?;
        let found = found(row, 1)?;
        let weight = if let Found::Row(row) = found { count(row.len()) } else { 0 };
        match left.take(weight, last.is_some()) {
            Some(rest) => left = rest,
            None => {
                page.next = last;
                return Ok(page);
            }
        }
        last = u64::try_from(place).ok().map(Cursor);
        page.push(EntryRef { device, journal, seq }, found);
    }
    Ok(page)
}

/// What stands in a row, in its columns `hash, body` from one on.
fn found<'a>(row: &'a Row<'_>, from: usize) -> Result<Found<'a>> {
    let blob = |at| row.get_ref(at).map(|value| value.as_blob().ok()).map_err(storage);
    Ok(match blob(from)? {
        Some(hash) if hash.len() == Digest::LEN => Found::Bare,
        Some(_) => Found::Damaged,
        None => blob(from.saturating_add(1))?.map_or(Found::Damaged, Found::Row),
    })
}

/// A shelf as it lies in the file, from a row key on and up to another.
pub(super) fn sealed_range(db: &Connection, seal: &RowSeal, shelf: Shelf, keys: &Range<&[u8]>) -> Result<SealedShelf> {
    let sql = "select key, case_id, key_id, body from shelf where shelf = ?1 and key >= ?2 and key < ?3 order by key";
    let rows = all(db, sql, params![shelf.number(), keys.start, keys.end], shelf_row)?;
    Ok(SealedShelf::of(seal, shelf, rows))
}

/// The rows of a whole shelf as they lie in the file.
pub(super) fn shelf_rows(db: &Connection, shelf: Shelf) -> Result<Vec<SealedShelfRow>> {
    all(db, "select key, case_id, key_id, body from shelf where shelf = ?1 order by key", [shelf.number()], shelf_row)
}

fn shelf_row(row: &Row<'_>) -> Result<SealedShelfRow> {
    let [key, case, key_id, body] = [blob(row, 0)?, blob(row, 1)?, blob(row, 2)?, blob(row, 3)?].map(<[u8]>::to_vec);
    Ok(SealedShelfRow { key, case, key_id, body })
}
