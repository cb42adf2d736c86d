//! A copy of the file as it stood at one moment, taken while others write it, and read back before anybody relies on it.

use std::path::Path;

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_sync::chain;
use amanat_sync::entry::SealedEntry;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Row as SqlRow};

use super::super::{Copied, Place, StoreFault};
use super::open::{self, fault};
use super::read::{ledger, unsigned};

/// Copies the file into one that is not there yet. The writers go on meanwhile; what they commit after the beginning is not in it.
pub(super) fn back_up(from: &Path, to: &Path) -> Result<(), StoreFault> {
    let source = open::reader(from)?;
    let mut copy = Connection::open(to).map_err(fault)?;
    // All pages in one step, which is one moment: in pieces, a busy hub would make it begin again without end.
    let step = Backup::new(&source, &mut copy).and_then(|backup| backup.step(-1)).map_err(fault)?;
    if !matches!(step, StepResult::Done) {
        return Err(StoreFault::Damaged("a copy that did not come to its end"));
    }
    // One file, and nothing beside it that somebody could forget to carry along.
    copy.query_row("pragma journal_mode=delete", [], |_row| Ok(())).map_err(fault)
}

/// Reads a copy to its end: each page, and of each journal every entry against its header, and the chain up to its head.
pub(super) fn check(at: &Path, agency: &AgencyId) -> Result<Copied, StoreFault> {
    let copy = open::reader(at)?;
    let word: String = copy.query_row("pragma integrity_check(1)", [], |row| row.get(0)).map_err(fault)?;
    if word != "ok" {
        return Err(StoreFault::Damaged("a page of the copy"));
    }
    let heads = ledger(&copy)?.heads;
    let mut statement = copy
        .prepare(
            "select seq, hash, link, header, signature, envelope from entries where device = ?1 and journal = ?2 order by seq",
        )
        .map_err(fault)?;
    let mut entries = 0_u64;
    for (place, head) in &heads {
        let mut rows = statement.query((place.0.as_bytes(), place.1.as_bytes())).map_err(fault)?;
        let mut at = (0_u64, chain::link0(agency, &place.0, &place.1));
        while let Some(row) = rows.next().map_err(fault)? {
            at = follow(row, place, at)?;
            entries = entries.saturating_add(1);
        }
        if at != (head.seq, head.link) {
            return Err(StoreFault::Damaged("a journal that does not lead to its head"));
        }
    }
    Ok(Copied { journals: u64::try_from(heads.len()).unwrap_or(u64::MAX), entries })
}

/// One entry further along a journal.
fn follow(row: &SqlRow<'_>, place: &Place, before: (u64, Digest)) -> Result<(u64, Digest), StoreFault> {
    let column = |at| row.get::<_, Vec<u8>>(at).map_err(fault);
    let seq = unsigned(row.get(0).map_err(fault)?)?;
    let (hash, link): ([u8; 32], [u8; 32]) = (row.get(1).map_err(fault)?, row.get(2).map_err(fault)?);
    let signature = row.get::<_, [u8; 64]>(4).map_err(fault)?;
    let envelope: Option<Vec<u8>> = row.get(5).map_err(fault)?;
    let other = |_fault| StoreFault::Damaged("an entry is not what was put there");
    let entry = SealedEntry::from_parts(column(3)?, signature, envelope).map_err(other)?;
    let (device, journal): (DeviceId, JournalId) = *place;
    let named = (entry.header.device, entry.header.journal, entry.header.seq);
    let next = chain::link(&before.1, &entry.hash());
    let whole = named == (device, journal, seq)
        && before.0.checked_add(1) == Some(seq)
        && entry.hash() == Digest::from_bytes(hash)
        && next == Digest::from_bytes(link);
    if whole { Ok((seq, next)) } else { Err(StoreFault::Damaged("an entry is not what was put there")) }
}
