//! The journal in one SQLite file on the device: opening it, what its errors mean, and one transaction for each method of the
//! trait. Statements that write stand in `sqlite_keep`, those that read in `sqlite_read`.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, JournalId};
use amanat_keys::row_seal::RowSeal;
use rusqlite::config::DbConfig;
use rusqlite::ffi;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::{
    Cursor, DocumentFiled, Filed, Filing, Journal, Keep, KnownHead, Line, NewJournal, Page, Pulled, Quarantined, Room,
    SealedPage, SealedShelf, Shelf, ShelfRow, Status, Wanted, schema,
    sqlite_ahead::Ahead,
    sqlite_erase, sqlite_keep as keep,
    sqlite_read::{self as read, Numbered},
    sqlite_road, sqlite_sealed as sealed,
};
use crate::batch::{Limit, Run};
use crate::chain::{Head, Verdict};
use crate::documents::{Adoption, Document};
use crate::entry::{EntryRef, Slot};
use crate::error::{Result, SyncError};

/// The journal of one home. Several may be open on one file, in one program or in several: SQLite keeps them apart. Nothing is
/// remembered outside the file but where this handle's last keeping left the journal that grew, for as long as nobody else writes.
#[derive(Debug)]
pub struct SqliteJournal {
    db: Connection,
    seal: RowSeal,
    path: PathBuf,
    grown: Option<Grown>,
    /// What was read before the vault was open; in a cell because reading uses it up.
    pub(super) ahead: RefCell<Ahead>,
}

/// The journals that the last transaction of this handle made grow, and SQLite's number for what other handles had written.
#[derive(Debug)]
struct Grown {
    others: i64,
    journals: Vec<Numbered>,
}

/// What the vault's own row says once opened.
const MARK: &[u8] = b"amanat journal";
const VAULT: &str = "vault";

impl SqliteJournal {
    /// Opens the journal, or makes a new one where there is none. Reads only a few pages; damage deeper inside is found by
    /// [`SqliteJournal::check`] or where it is read.
    ///
    /// # Errors
    /// `NotAJournal`, `StorageDamaged`, `SchemaTooNew`, `SchemaModified`, `SchemaHalfApplied`, `WrongVault`, `StorageBusy`,
    /// `StorageFull`, `Storage`: each for what its name says.
    pub fn open(path: &Path, seal: RowSeal) -> Result<SqliteJournal> {
        // No URI file names: a home may have a `?` in its path.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags).map_err(storage)?;
        prepare(&db)?;
        schema::migrate(&mut db)?;
        Self::over(db, seal, path.to_owned(), Ahead::default())
    }

    /// On a file that is open already, with what was read of it.
    pub(super) fn over(db: Connection, seal: RowSeal, path: PathBuf, ahead: Ahead) -> Result<SqliteJournal> {
        let mut journal = SqliteJournal { db, seal, path, grown: None, ahead: RefCell::new(ahead) };
        journal.recognise()?;
        Ok(journal)
    }

    /// The last handle that closes carries the log into the file, which whoever opened it without a key leaves alone.
    pub(super) fn fold_log_at_the_end(&self) -> Result<()> {
        let done = self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        done.map(|_was| ()).map_err(storage)
    }

    /// Another handle on the same file, for a second thread: the courier's beside the desk's.
    ///
    /// # Errors
    /// As [`SqliteJournal::open`].
    pub fn another(&self) -> Result<SqliteJournal> {
        SqliteJournal::open(&self.path, self.seal.clone())
    }

    /// Reads every page of the file and looks whether they hang together, and opens every row but the entries: for `verify`, and after a disk has misbehaved.
    ///
    /// # Errors
    /// `StorageDamaged`; storage.
    pub fn check(&self) -> Result<()> {
        let word: String = self.db.query_row("pragma quick_check(1)", [], |row| row.get(0)).map_err(storage)?;
        if word != "ok" {
            return Err(SyncError::StorageDamaged("the database does not hang together"));
        }
        self.reading(read::check_rows)
    }

    /// Lets the file grow to this many pages and no further, as a quota does: what comes after is `StorageFull`.
    ///
    /// # Errors
    /// Storage.
    pub fn limit_pages(&self, pages: i64) -> Result<()> {
        self.db.query_row(&format!("pragma max_page_count = {pages}"), [], |_row| Ok(())).map_err(storage)
    }

    /// Seals every row anew under another vault key, in one transaction: for a changed passphrase (FORMATS section 8). The vault
    /// file with both keys must be durable first; whichever of the two then opens the journal is the one in force.
    ///
    /// # Errors
    /// `StorageDamaged` when a row does not open, and then nothing is changed; storage.
    pub fn reseal(&mut self, new: RowSeal) -> Result<()> {
        let old = self.seal.clone();
        self.writing(|tx, _seal| super::sqlite_reseal::reseal(tx, &old, &new))?;
        self.seal = new;
        // The old rows are still in the write-ahead log; they are ciphertext under a key that is about to be forgotten.
        self.empty_log()
    }

    /// Carries the write-ahead log into the file and cuts it. Another handle that reads keeps some of it for now.
    fn empty_log(&self) -> Result<()> {
        self.db.query_row("pragma wal_checkpoint(truncate)", [], |_row| Ok(())).map_err(storage)
    }

    /// Writes the file anew without anything that was ever deleted or replaced in it, and empties its log: a row that went under `fast` may
    /// stand on a page that nothing uses any more.
    ///
    /// # Errors
    /// `StorageBusy` while another handle reads or writes; storage. Nothing is lost then, and what was deleted may still be found.
    pub fn scrub(&mut self) -> Result<()> {
        self.grown = None;
        // Its copy is made in memory (`temp_store`), sealed rows all the same.
        self.db.execute_batch("vacuum").map_err(storage)?;
        let busy: i64 = self.db.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0)).map_err(storage)?;
        if busy == 0 { Ok(()) } else { Err(SyncError::StorageBusy) }
    }

    /// How much of what is deleted is overwritten: `fast` where that costs no further page, `on` everywhere.
    fn overwrite(&self, how: &str) -> Result<()> {
        self.db.query_row(&format!("pragma secure_delete = {how}"), [], |_row| Ok(())).map_err(storage)
    }

    /// Whether this vault key made the file; a new file gets its mark.
    fn recognise(&mut self) -> Result<()> {
        if let Some(mark) = read::mark(&self.db)? {
            let open = self.seal.open(VAULT, b"", b"", b"", &mark).map_err(|_source| SyncError::WrongVault)?;
            return if open.as_slice() == MARK { Ok(()) } else { Err(SyncError::WrongVault) };
        }
        self.writing(|tx, seal| keep::mark(tx, &mark(seal)?))
    }

    /// A page of entries for the replay as [`Journal::entries_after`] gives it, its rows still sealed: other threads open them. Bytes
    /// count as they lie in the file.
    ///
    /// # Errors
    /// Storage.
    pub fn sealed_after(&self, after: Cursor, limit: Limit) -> Result<SealedPage> {
        self.sealed_within(after, limit, Room::default())
    }

    /// The same in the room of a page that has been opened.
    ///
    /// # Errors
    /// Storage.
    pub fn sealed_within(&self, after: Cursor, limit: Limit, room: Room) -> Result<SealedPage> {
        self.reading(|db, seal| {
            let ahead = self.ahead.borrow_mut().page(db, after)?;
            let rows = ahead.map_or_else(|| sealed::rows_after(db, &sealed::names(db)?, after, limit, room), Ok)?;
            Ok(rows.under(seal))
        })
    }

    /// A page of one journal behind a number, its rows still sealed; without a cursor for the next, which begins behind its last row.
    ///
    /// # Errors
    /// Storage.
    pub fn sealed_of(&self, of: (DeviceId, JournalId), after: u64, limit: Limit) -> Result<SealedPage> {
        self.reading(|db, seal| sealed::sealed_of(db, seal, of, after, limit))
    }

    /// The last places of every journal, about so many of all, still sealed: what a person looks for first stands there.
    ///
    /// # Errors
    /// Storage.
    pub fn sealed_newest(&self, about: u64) -> Result<SealedPage> {
        self.reading(|db, seal| sealed::sealed_newest(db, seal, about))
    }

    /// The rows of a shelf in the order of their keys and still sealed: all of them, or those whose keys lie in a range.
    ///
    /// # Errors
    /// Storage.
    pub fn sealed_shelf(&self, shelf: Shelf, keys: Option<Range<&[u8]>>) -> Result<SealedShelf> {
        self.reading(|db, seal| {
            if let Some(keys) = keys {
                return sealed::sealed_range(db, seal, shelf, &keys);
            }
            let ahead = self.ahead.borrow_mut().shelf(db, shelf)?;
            let rows = ahead.map_or_else(|| sealed::shelf_rows(db, shelf), Ok)?;
            Ok(SealedShelf::of(seal, shelf, rows))
        })
    }

    /// What stands at these places, still sealed, in their order; what is not held is left out.
    ///
    /// # Errors
    /// Storage.
    pub fn sealed_at(&self, places: &[EntryRef]) -> Result<SealedPage> {
        self.reading(|db, seal| sealed::sealed_at(db, seal, places))
    }

    /// What is held of a journal above a place, still sealed, if the chain comes by there with this link; nothing where it does not. Where
    /// the limit ends the page it names a next one.
    ///
    /// # Errors
    /// Storage.
    pub fn sealed_beyond(
        &self,
        (device, journal): (&DeviceId, &JournalId),
        after: Head,
        limit: Limit,
    ) -> Result<Option<SealedPage>> {
        self.reading(|db, seal| {
            let Some(known) = read::journal(db, seal, device, journal)? else { return Ok(None) };
            if read::link_at(db, &known, after.seq)? != Some(after.link) {
                return Ok(None);
            }
            sealed::sealed_of(db, seal, (*device, *journal), after.seq, limit).map(Some)
        })
    }

    /// Takes everything off a shelf, whether it opens or not, and overwrites it.
    ///
    /// # Errors
    /// Storage.
    pub fn clear(&mut self, shelf: Shelf) -> Result<()> {
        self.overwrite("on")?;
        // Entries stay as they were read.
        self.ahead.get_mut().forget_shelves();
        let cleared = self.commit(|tx, _seal| keep::clear(tx, shelf));
        self.overwrite("fast")?;
        cleared
    }

    fn writing<T>(&mut self, work: impl FnOnce(&Transaction<'_>, &RowSeal) -> Result<T>) -> Result<T> {
        // What was read ahead may be what is about to change.
        self.ahead.take();
        self.commit(work)
    }

    fn commit<T>(&mut self, work: impl FnOnce(&Transaction<'_>, &RowSeal) -> Result<T>) -> Result<T> {
        self.grown = None;
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(storage)?;
        // Dropped without a commit, it rolls back: an error leaves nothing behind.
        let done = work(&tx, &self.seal)?;
        tx.commit().map_err(storage)?;
        Ok(done)
    }

    /// One read transaction, so that several statements see one state while another handle writes.
    fn reading<T>(&self, work: impl FnOnce(&Connection, &RowSeal) -> Result<T>) -> Result<T> {
        let tx = self.db.unchecked_transaction().map_err(storage)?;
        work(&tx, &self.seal)
    }
}

/// The sealed mark of a vault.
pub(super) fn mark(seal: &RowSeal) -> Result<Vec<u8>> {
    seal.seal(VAULT, b"", b"", b"", MARK).map_err(SyncError::Trust)
}

impl Journal for SqliteJournal {
    fn begin(&mut self, new: &NewJournal) -> Result<Slot> {
        self.writing(|tx, seal| keep::begin(tx, seal, new))
    }

    fn next_slot(&self, line: Line) -> Result<Slot> {
        self.reading(|db, seal| read::next_slot(db, seal, line))
    }

    fn append(&mut self, keep: &Keep) -> Result<Vec<KnownHead>> {
        let last = self.grown.take();
        let grown = self.writing(|tx, seal| {
            let others = read::others(tx)?;
            let held = last.filter(|last| last.others == others).map(|last| last.journals).unwrap_or_default();
            Ok(Grown { others, journals: keep::append(tx, seal, keep, held)? })
        })?;
        let heads = grown.journals.iter().map(|journal| journal.known).collect();
        self.grown = Some(grown);
        Ok(heads)
    }

    fn pending(&self, wanted: &Wanted, limit: Limit) -> Result<Vec<Run>> {
        self.reading(|db, seal| read::pending(db, seal, wanted, limit))
    }

    fn weigh(&self, device: &DeviceId, journal: &JournalId, after: u64) -> Result<u64> {
        self.reading(|db, seal| sqlite_road::weigh(db, seal, (device, journal), after))
    }

    fn file_receipt(&mut self, filing: &Filing) -> Result<Filed> {
        self.writing(|tx, seal| keep::file_receipt(tx, seal, filing))
    }

    fn file_pulled(&mut self, pulled: &Pulled) -> Result<Vec<Verdict>> {
        self.writing(|tx, seal| keep::file_pulled(tx, seal, pulled))
    }

    fn erase(&mut self, doomed: &[Doomed], take: &[(Shelf, Vec<u8>)]) -> Result<Vec<EntryRef>> {
        if doomed.is_empty() && take.is_empty() {
            return Ok(Vec::new());
        }
        self.overwrite("on")?;
        let erased = self.writing(|tx, seal| sqlite_erase::erase(tx, seal, doomed, take));
        self.overwrite("fast")?;
        let gone = erased?;
        self.empty_log()?;
        Ok(gone)
    }

    fn heads(&self) -> Result<Vec<KnownHead>> {
        self.reading(read::heads)
    }

    fn entries_after(&self, after: Cursor, limit: Limit) -> Result<Page> {
        self.sealed_after(after, limit).map(SealedPage::open)
    }

    fn shelve(&mut self, put: &[ShelfRow], take: &[(Shelf, Vec<u8>)]) -> Result<()> {
        self.writing(|tx, seal| keep::shelve(tx, seal, put, take))
    }

    fn shelf(&self, shelf: Shelf) -> Result<Vec<ShelfRow>> {
        self.reading(|db, seal| read::shelf(db, seal, shelf))
    }

    fn adopt(&mut self, document: &Document) -> Result<Adoption> {
        self.writing(|tx, seal| keep::adopt(tx, seal, document))
    }

    fn documents(&self) -> Result<Vec<DocumentFiled>> {
        self.reading(read::documents)
    }

    fn quarantined(&self) -> Result<Vec<Quarantined>> {
        self.reading(read::quarantined)
    }

    fn drop_aside(&mut self, dropped: &[Quarantined]) -> Result<u64> {
        self.writing(|tx, seal| keep::drop_aside(tx, seal, dropped))
    }

    fn status(&self, hub: &DeviceId) -> Result<Status> {
        self.reading(|db, seal| read::status(db, seal, hub))
    }
}

/// The settings of every handle. `FULL` makes a commit wait for the disk: *kept* must survive a power cut (DESIGN section 4).
pub(super) fn prepare(db: &Connection) -> Result<()> {
    db.pragma_update(None, "trusted_schema", false).map_err(storage)?;
    db.pragma_update(None, "cell_size_check", true).map_err(storage)?;
    db.pragma_update(None, "temp_store", "memory").map_err(storage)?;
    // What is deleted is ciphertext; it is overwritten where that costs no further page.
    db.query_row("pragma secure_delete = fast", [], |_row| Ok(())).map_err(storage)?;
    db.query_row("pragma journal_mode = wal", [], |_row| Ok(())).map_err(storage)?;
    db.pragma_update(None, "synchronous", "full").map_err(storage)?;
    // 8 MiB of pages: a long import or the first sync of a reader goes over more than the 2 MB that SQLite keeps by itself.
    db.pragma_update(None, "cache_size", -8192).map_err(storage)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// What an error of SQLite means to a person at a desk.
pub(super) fn storage(source: rusqlite::Error) -> SyncError {
    let Some(error) = source.sqlite_error() else { return SyncError::Storage(Box::new(source)) };
    match (error.code, error.extended_code) {
        (ErrorCode::DiskFull, _) => SyncError::StorageFull,
        // A write that the system refuses half way is what a full disk or quota looks like through some file systems.
        (
            ErrorCode::SystemIoFailure,
            ffi::SQLITE_IOERR_WRITE
            | ffi::SQLITE_IOERR_TRUNCATE
            | ffi::SQLITE_IOERR_SHMSIZE
            // Three bytes for the locks of its shared memory, the first thing that a full disk refuses to a program that starts.
            | ffi::SQLITE_IOERR_SHMOPEN
            | ffi::SQLITE_IOERR_FSYNC,
        ) => SyncError::StorageFull,
        (ErrorCode::SystemIoFailure, ffi::SQLITE_IOERR_SHORT_READ) => {
            SyncError::StorageDamaged("the file is cut short")
        }
        (ErrorCode::NotADatabase, _) => SyncError::NotAJournal,
        (ErrorCode::DatabaseCorrupt, _) => SyncError::StorageDamaged("a page is not as it was written"),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => SyncError::StorageBusy,
        _ => SyncError::Storage(Box::new(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_in_which_a_disk_without_room_shows_is_told_as_a_full_disk() {
        let told = |code| storage(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_TRUNCATE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_SHMSIZE,
            4618,
        ] {
            assert!(matches!(told(code), SyncError::StorageFull), "{code}");
        }
        assert!(
            matches!(told(ffi::SQLITE_IOERR_READ), SyncError::Storage(_)),
            "a disk that does not read is another matter"
        );
    }
}
