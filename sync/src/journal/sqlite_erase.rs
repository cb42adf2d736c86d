//! Taking envelopes out of the SQLite journal: the row of an entry is sealed anew around header and signature alone.

use amanat_keys::erasure::Doomed;
use amanat_keys::row_seal::RowSeal;
use rusqlite::Transaction;

use super::filing::is_copy;
use super::sqlite_keep::{run, sealed, set_aside, shelve};
use super::sqlite_read::{self as read, blob, one, open, place};
use super::{Quarantined, Shelf, row};
use crate::entry::{EntryRef, SealedEntry};
use crate::error::Result;

/// As [`super::Journal::erase`], inside the caller's transaction.
pub(super) fn erase(
    tx: &Transaction<'_>,
    seal: &RowSeal,
    doomed: &[Doomed],
    take: &[(Shelf, Vec<u8>)],
) -> Result<Vec<EntryRef>> {
    let mut gone = Vec::new();
    for target in doomed {
        let Some(at) = read::journal(tx, seal, &target.device, &target.journal)? else { continue };
        let (place, key) = (place(at.no, target.seq)?, row::key(&target.device, &target.journal, target.seq));
        let held = one(tx, "select body from entries where place = ?1 and body is not null", [place], |row| {
            row::unpack(&open(seal, row::ENTRY, &key, blob(row, 0)?)?)
        })?;
        let held = held.filter(|held| held.envelope.is_some() && held.hash() == target.hash);
        let Some(entry) = held else { continue };
        gone.push(entry.at());
        let body = sealed(seal, row::ENTRY, &key, &row::pack(&SealedEntry { envelope: None, ..entry }))?;
        run(tx, "update entries set body = ?2 where place = ?1", (place, body))?;
    }
    erase_aside(tx, seal, doomed)?;
    shelve(tx, seal, &[], take)?;
    Ok(gone)
}

/// What was set aside may hold a copy.
fn erase_aside(tx: &Transaction<'_>, seal: &RowSeal, doomed: &[Doomed]) -> Result<()> {
    for aside in read::quarantined(tx, seal)? {
        if doomed.iter().any(|target| is_copy(target, &aside.sealed)) {
            let digest = amanat_keys::fingerprint::Digest::of(&row::pack(&aside.sealed));
            run(tx, "delete from quarantine where digest = ?1", [digest.as_bytes()])?;
            let sealed = SealedEntry { envelope: None, ..aside.sealed };
            set_aside(tx, seal, &Quarantined { sealed, ..aside })?;
        }
    }
    Ok(())
}
