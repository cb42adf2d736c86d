//! The tables of the field journal as numbered steps. A step that has been released is never edited; every way in which a file
//! and this list can disagree has its own error.
//!
//! What stands in the clear, in a file that may be seized: how many entries and of which devices and journals (random or hashed
//! numbers), sizes, links, the random numbers of the cases whose keys are held. All else is sealed row by row, and what stands
//! in the clear about states, epochs and receipts is an index that is believed only as far as the sealed row says the same.

use amanat_keys::fingerprint::Digest;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::sqlite::storage;
use crate::error::{Result, SyncError};

/// "AMNT": tells our file from any other SQLite database.
const APPLICATION: i64 = 0x414d_4e54;

/// `entries.place` is the journal's number times 2³⁹ plus the entry's, so that one b-tree in order of arrival holds all and a
/// commit touches no second index. `hash` is set where only the header hash is held; then `body` is null.
const STEPS: [&str; 3] = [
    "
create table journals (
    no integer primary key,
    agency blob not null, device blob not null, journal blob not null,
    line integer not null, state integer not null, elided integer not null, body blob not null,
    unique (device, journal)
) strict;
create table entries (place integer primary key, link blob not null, hash blob, body blob) strict;
create table shelf (
    shelf integer not null, key blob not null, case_id blob not null, key_id blob not null, body blob not null,
    primary key (shelf, key)
) strict, without rowid;
create table documents (
    kind integer not null, about blob not null, version integer not null, digest blob not null,
    rival integer not null, body blob not null,
    primary key (kind, about, version, digest)
) strict, without rowid;
create table hubs (
    hub blob primary key, epoch integer not null, vouched integer not null,
    number integer not null, digest blob not null, body blob not null
) strict, without rowid;
create table receipts (
    hub blob not null, epoch integer not null, no integer not null,
    seq integer not null, link blob not null, complete integer not null, body blob not null,
    primary key (hub, epoch, no)
) strict, without rowid;
create table quarantine (
    digest blob primary key, device blob not null, journal blob not null, seq integer not null,
    why integer not null, body blob not null
) strict, without rowid;
create table vault (one integer primary key check (one = 1), body blob not null) strict;
",
    // Without row numbers, a draft above a quarter of a page ran over into pages of its own, which every search for another row's
    // key then read as well. With them a draft that is written again stays where it is, and no index is touched.
    "
create table shelf_2 (
    id integer primary key,
    shelf integer not null, key blob not null, case_id blob not null, key_id blob not null, body blob not null,
    unique (shelf, key)
) strict;
insert into shelf_2 (shelf, key, case_id, key_id, body) select shelf, key, case_id, key_id, body from shelf;
drop table shelf;
alter table shelf_2 rename to shelf;
",
    // The list of cases (shelf 7) says what entries said: when one is erased, resealed, filled in or forgotten, or a case's key is taken away,
    // no statement that does so can leave it behind. Keeping an entry changes none, and runs none of these.
    "
create trigger an_entry_changed after update on entries begin delete from shelf where shelf = 7; end;
create trigger an_entry_went after delete on entries begin delete from shelf where shelf = 7; end;
create trigger a_key_went after delete on shelf when old.shelf = 1 begin delete from shelf where shelf = 7; end;
",
];

/// The newest schema this program knows.
pub(super) const NEWEST: i64 = 3;

/// Brings a file to the newest schema, or says why not. Steps are applied one by one, each in a transaction of its own.
///
/// # Errors
/// `NotAJournal`, `SchemaTooNew`, `SchemaModified`, `SchemaHalfApplied`; storage.
pub(super) fn migrate(db: &mut Connection) -> Result<()> {
    let mut at = check(db)?;
    while at < NEWEST {
        at = step(db, at)?;
    }
    Ok(())
}

/// Whether a file is at the newest schema.
///
/// # Errors
/// As [`migrate`].
pub(super) fn is_newest(db: &Connection) -> Result<bool> {
    Ok(check(db)? == NEWEST)
}

fn number(db: &Connection, sql: &str) -> Result<i64> {
    db.query_row(sql, [], |row| row.get(0)).map_err(storage)
}

/// The schema that the file is at, after comparing it with what this program would have made.
fn check(db: &Connection) -> Result<i64> {
    let application = number(db, "pragma application_id")?;
    let version = number(db, "pragma user_version")?;
    let tables = number(db, "select count(*) from sqlite_schema")?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(0);
    }
    if application != APPLICATION {
        return Err(SyncError::NotAJournal);
    }
    if version > NEWEST {
        return Err(SyncError::SchemaTooNew { found: version, known: NEWEST });
    }
    for (at, sql) in (1_i64..).zip(STEPS) {
        let digest: Option<Vec<u8>> = db
            .query_row("select digest from steps where step = ?1", [at], |row| row.get(0))
            .optional()
            .map_err(|_source| SyncError::SchemaHalfApplied { step: at })?;
        match digest {
            Some(_) if at > version => return Err(SyncError::SchemaHalfApplied { step: at }),
            None if at <= version => return Err(SyncError::SchemaHalfApplied { step: at }),
            Some(digest) if digest != Digest::of(sql.as_bytes()).as_bytes() => {
                return Err(SyncError::SchemaModified { step: at });
            }
            Some(_) | None => {}
        }
    }
    Ok(version)
}

/// Applies the step after `at`. Two programs may open a new file at once, so what is already there is looked at again inside.
fn step(db: &mut Connection, at: i64) -> Result<i64> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(storage)?;
    let now = number(&tx, "pragma user_version")?;
    if now > at {
        return Ok(now);
    }
    let next = at.saturating_add(1);
    let sql = usize::try_from(at).ok().and_then(|n| STEPS.get(n)).ok_or(SyncError::Misuse("no such migration"))?;
    if at == 0 {
        tx.execute_batch("create table steps (step integer primary key, digest blob not null) strict")
            .map_err(storage)?;
        tx.pragma_update(None, "application_id", APPLICATION).map_err(storage)?;
    }
    tx.execute_batch(sql).map_err(storage)?;
    tx.execute("insert into steps (step, digest) values (?1, ?2)", (next, Digest::of(sql.as_bytes()).as_bytes()))
        .map_err(storage)?;
    tx.pragma_update(None, "user_version", next).map_err(storage)?;
    tx.commit().map_err(storage)?;
    Ok(next)
}
