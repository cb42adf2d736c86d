//! What is read of a journal's file before its vault is open. A passphrase takes its time by design, on one core; meanwhile the disk can be
//! read on another: case keys, the list of cases and the first pages of the replay, all of them sealed. Nothing is written, and nothing that was read is used once
//! the file has changed.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use amanat_keys::row_seal::RowSeal;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::sealed::{Room, Rows, SealedShelfRow};
use super::sqlite::{self, SqliteJournal, storage};
use super::{Cursor, Shelf, schema, sqlite_read, sqlite_sealed};
use crate::batch::Limit;
use crate::cbor::count;
use crate::error::Result;

/// What is read whole, in the order in which it is asked for.
const FIRST: [Shelf; 2] = [Shelf::CaseKeys, Shelf::List];

/// Bytes of the file.
const SIZE: &str = "select page_count * page_size from pragma_page_count, pragma_page_size";

/// A journal's file whose vault is still closed.
#[derive(Debug)]
pub struct JournalFile {
    db: Connection,
    path: PathBuf,
    ahead: Ahead,
}

/// Sealed rows that were read ahead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// SQLite's number for what other handles had written.
    others: i64,
    /// Whole shelves.
    shelves: Vec<(Shelf, Vec<SealedShelfRow>)>,
    /// Pages of the replay that follow on each other, with where each begins.
    pages: VecDeque<(Cursor, Rows)>,
}

impl Ahead {
    /// Whether the file is as it was when this was read; forgotten otherwise.
    fn holds(&mut self, db: &Connection) -> Result<bool> {
        if self.shelves.is_empty() && self.pages.is_empty() {
            return Ok(false);
        }
        let holds = sqlite_read::others(db)? == self.others;
        if !holds {
            *self = Self::default();
        }
        Ok(holds)
    }

    /// Some shelf is about to change.
    pub(super) fn forget_shelves(&mut self) {
        self.shelves.clear();
    }

    /// All rows of a shelf, once, if they were read.
    pub(super) fn shelf(&mut self, db: &Connection, shelf: Shelf) -> Result<Option<Vec<SealedShelfRow>>> {
        let holds = self.holds(db)?;
        let place = self.shelves.iter().position(|(read, _)| *read == shelf).filter(|_| holds);
        Ok(place.map(|place| self.shelves.swap_remove(place).1))
    }

    /// The page behind a place, once, if it is the next of those that were read. Whoever begins elsewhere has no use for the others, and whoever
    /// replays has no use for a shelf that was not asked for before.
    pub(super) fn page(&mut self, db: &Connection, after: Cursor) -> Result<Option<Rows>> {
        if !self.holds(db)? {
            return Ok(None);
        }
        self.forget_shelves();
        let next = self.pages.pop_front().filter(|(from, _)| *from == after);
        if next.is_none() {
            self.pages.clear();
        }
        Ok(next.map(|(_, rows)| rows))
    }
}

impl JournalFile {
    /// Opens the file of a journal as it stands; nothing where there is none, or none as this program makes them.
    ///
    /// # Errors
    /// Storage. [`SqliteJournal::open`] says what is wrong.
    pub fn open(path: &Path) -> Result<Option<JournalFile>> {
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(storage)?;
        // Whoever has no key to it leaves the file as it was, to the last byte of its log.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(storage)?;
        sqlite::prepare(&db)?;
        let newest = schema::is_newest(&db)?;
        Ok(newest.then(|| JournalFile { db, path: path.to_owned(), ahead: Ahead::default() }))
    }

    /// Reads the case keys and the list of cases, and then a page of the replay for each of these limits, as long as together they have no more bytes than that.
    ///
    /// # Errors
    /// Storage; what was read before is kept.
    pub fn read_ahead(&mut self, pages: impl IntoIterator<Item = Limit>, most: u64) -> Result<()> {
        // One transaction: what is read belongs together.
        let tx = self.db.unchecked_transaction().map_err(storage)?;
        self.ahead.others = sqlite_read::others(&tx)?;
        for shelf in FIRST {
            self.ahead.shelves.push((shelf, sqlite_sealed::shelf_rows(&tx, shelf)?));
        }
        let names = sqlite_sealed::names(&tx)?;
        // One piece of memory for all pages: so large that the system gets it back as soon as they are opened, whichever threads do that.
        let size: i64 = tx.query_row(SIZE, [], |row| row.get(0)).map_err(storage)?;
        let most = usize::try_from(most.min(u64::try_from(size).unwrap_or_default())).unwrap_or_default();
        let mut room = Room::of(most);
        let mut after = Some(Cursor::START);
        for limit in pages {
            let (left, Some(from)) = (room.size(), after) else { break };
            let limit = Limit { bytes: limit.bytes.min(count(left)), ..limit };
            let mut rows = sqlite_sealed::rows_after(&tx, &names, from, limit, room)?;
            if rows.weight() > left || left == 0 {
                break;
            }
            room = rows.room_behind();
            after = rows.next;
            self.ahead.pages.push_back((from, rows));
        }
        Ok(())
    }

    /// The journal, once its vault is open.
    ///
    /// # Errors
    /// As [`SqliteJournal::open`].
    pub fn unsealed_by(self, seal: RowSeal) -> Result<SqliteJournal> {
        let journal = SqliteJournal::over(self.db, seal, self.path, self.ahead)?;
        journal.fold_log_at_the_end()?;
        Ok(journal)
    }
}

#[cfg(test)]
mod tests {
    use amanat_keys::fingerprint::{AgencyId, DeviceId, JournalId};

    use super::*;
    use crate::journal::{Journal as _, Line, NewJournal};

    /// Pages that are left, and shelves.
    fn left(journal: &SqliteJournal) -> (usize, usize) {
        let ahead = journal.ahead.borrow();
        (ahead.pages.len(), ahead.shelves.len())
    }

    #[test]
    fn what_was_read_ahead_is_what_a_replay_gets_and_each_of_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let (path, seal) = (folder.path().join("journal.sqlite"), RowSeal::new(&[3; 32]));
        let mut journal = SqliteJournal::open(&path, seal.clone()).unwrap();
        let new = NewJournal {
            agency: AgencyId::from_bytes([1; 32]),
            device: DeviceId::from_bytes([2; 32]),
            journal: JournalId::from_bytes([3; 16]),
            line: Line::Cases,
            closes: None,
        };
        journal.begin(&new).unwrap();
        drop(journal);
        let mut file = JournalFile::open(&path).unwrap().unwrap();
        file.read_ahead([Limit { items: 2, bytes: 1 << 20 }], 1 << 20).unwrap();
        let mut journal = file.unsealed_by(seal).unwrap();
        assert_eq!(left(&journal), (1, 2));
        assert!(journal.sealed_shelf(Shelf::CaseKeys, None).unwrap().is_empty());
        assert_eq!(left(&journal), (1, 1), "the keys first");
        journal.clear(Shelf::List).unwrap();
        assert_eq!(left(&journal), (1, 0), "a list that does not fit is thrown away, and the pages stay");
        journal.sealed_after(Cursor::START, Limit { items: 2, bytes: 1 << 20 }).unwrap();
        assert_eq!(left(&journal), (0, 0));
    }
}
