//! A journal whose program is killed: from some write on nothing more is written, either just before that write or just after it.

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, JournalId};
use amanat_sync::batch::{Limit, Run};
use amanat_sync::chain::Verdict;
use amanat_sync::documents::{Adoption, Document};
use amanat_sync::entry::{EntryRef, Slot};
use amanat_sync::error::{Result, SyncError};
use amanat_sync::journal::{
    Cursor, DocumentFiled, Filed, Filing, Journal, Keep, KnownHead, Line, NewJournal, Page, Pulled, Quarantined, Shelf,
    ShelfRow, Status, Wanted,
};

/// The journal of somebody who may die.
pub(crate) struct Mortal<'a> {
    inner: &'a mut dyn Journal,
    /// Instants left, two for each write; `None` for ever.
    left: Option<u64>,
}

impl<'a> Mortal<'a> {
    pub(crate) fn new(inner: &'a mut dyn Journal, left: Option<u64>) -> Self {
        Self { inner, left }
    }

    pub(crate) fn died(&self) -> bool {
        self.left == Some(0)
    }

    fn instant(&mut self) -> Result<()> {
        match &mut self.left {
            None => Ok(()),
            Some(0) => Err(gone()),
            Some(left) => {
                *left -= 1;
                if *left == 0 { Err(gone()) } else { Ok(()) }
            }
        }
    }

    fn write<T>(&mut self, act: impl FnOnce(&mut dyn Journal) -> Result<T>) -> Result<T> {
        self.instant()?;
        let done = act(self.inner)?;
        self.instant()?;
        Ok(done)
    }

    fn read<T>(&self, act: impl FnOnce(&dyn Journal) -> Result<T>) -> Result<T> {
        if self.died() { Err(gone()) } else { act(self.inner) }
    }
}

fn gone() -> SyncError {
    SyncError::Storage("the program was killed".into())
}

impl Journal for Mortal<'_> {
    fn begin(&mut self, new: &NewJournal) -> Result<Slot> {
        self.write(|inner| inner.begin(new))
    }
    fn next_slot(&self, line: Line) -> Result<Slot> {
        self.read(|inner| inner.next_slot(line))
    }
    fn append(&mut self, keep: &Keep) -> Result<Vec<KnownHead>> {
        self.write(|inner| inner.append(keep))
    }
    fn pending(&self, wanted: &Wanted, limit: Limit) -> Result<Vec<Run>> {
        self.read(|inner| inner.pending(wanted, limit))
    }
    fn weigh(&self, device: &DeviceId, journal: &JournalId, after: u64) -> Result<u64> {
        self.read(|inner| inner.weigh(device, journal, after))
    }
    fn file_receipt(&mut self, filing: &Filing) -> Result<Filed> {
        self.write(|inner| inner.file_receipt(filing))
    }
    fn file_pulled(&mut self, pulled: &Pulled) -> Result<Vec<Verdict>> {
        self.write(|inner| inner.file_pulled(pulled))
    }
    fn erase(&mut self, doomed: &[Doomed], take: &[(Shelf, Vec<u8>)]) -> Result<Vec<EntryRef>> {
        self.write(|inner| inner.erase(doomed, take))
    }
    fn heads(&self) -> Result<Vec<KnownHead>> {
        self.read(|inner| inner.heads())
    }
    fn entries_after(&self, after: Cursor, limit: Limit) -> Result<Page> {
        self.read(|inner| inner.entries_after(after, limit))
    }
    fn shelve(&mut self, put: &[ShelfRow], take: &[(Shelf, Vec<u8>)]) -> Result<()> {
        self.write(|inner| inner.shelve(put, take))
    }
    fn shelf(&self, shelf: Shelf) -> Result<Vec<ShelfRow>> {
        self.read(|inner| inner.shelf(shelf))
    }
    fn adopt(&mut self, document: &Document) -> Result<Adoption> {
        self.write(|inner| inner.adopt(document))
    }
    fn documents(&self) -> Result<Vec<DocumentFiled>> {
        self.read(|inner| inner.documents())
    }
    fn quarantined(&self) -> Result<Vec<Quarantined>> {
        self.read(|inner| inner.quarantined())
    }
    fn drop_aside(&mut self, dropped: &[Quarantined]) -> Result<u64> {
        self.write(|inner| inner.drop_aside(dropped))
    }
    fn status(&self, hub: &DeviceId) -> Result<Status> {
        self.read(|inner| inner.status(hub))
    }
}
