//! What a stick for people costs its writer: their own journals may be years long, and each entry of them is opened once.

use std::cell::Cell;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};

use super::tests::{Agency, OFFICER, id};
use crate::batch::{Limit, Run};
use crate::bundle::load_with_parts;
use crate::chain::Verdict;
use crate::documents::{Adoption, Document};
use crate::entry::{EntryRef, Slot};
use crate::error::Result;
use crate::journal::{
    Cursor, DocumentFiled, Filed, Filing, Journal, Keep, KnownHead, Line, MemoryJournal, NewJournal, Page, Pulled,
    Quarantined, Shelf, ShelfRow, Status, Wanted,
};
use crate::part_files::PartFiles;

/// A journal that counts the entries that are read of it.
struct Counted(MemoryJournal, Cell<usize>);

impl Journal for Counted {
    fn pending(&self, wanted: &Wanted, limit: Limit) -> Result<Vec<Run>> {
        let runs = self.0.pending(wanted, limit)?;
        self.1.set(self.1.get() + runs.iter().map(|run| run.items.len()).sum::<usize>());
        Ok(runs)
    }
    fn weigh(&self, device: &DeviceId, journal: &JournalId, after: u64) -> Result<u64> {
        self.0.weigh(device, journal, after)
    }
    fn heads(&self) -> Result<Vec<KnownHead>> {
        self.0.heads()
    }
    fn shelf(&self, shelf: Shelf) -> Result<Vec<ShelfRow>> {
        self.0.shelf(shelf)
    }
    fn documents(&self) -> Result<Vec<DocumentFiled>> {
        self.0.documents()
    }
    fn status(&self, hub: &DeviceId) -> Result<Status> {
        self.0.status(hub)
    }
    fn next_slot(&self, line: Line) -> Result<Slot> {
        self.0.next_slot(line)
    }
    fn entries_after(&self, after: Cursor, limit: Limit) -> Result<Page> {
        self.0.entries_after(after, limit)
    }
    fn quarantined(&self) -> Result<Vec<Quarantined>> {
        self.0.quarantined()
    }
    fn begin(&mut self, new: &NewJournal) -> Result<Slot> {
        self.0.begin(new)
    }
    fn append(&mut self, keep: &Keep) -> Result<Vec<KnownHead>> {
        self.0.append(keep)
    }
    fn file_receipt(&mut self, filing: &Filing) -> Result<Filed> {
        self.0.file_receipt(filing)
    }
    fn file_pulled(&mut self, pulled: &Pulled) -> Result<Vec<Verdict>> {
        self.0.file_pulled(pulled)
    }
    fn erase(&mut self, doomed: &[Doomed], take: &[(Shelf, Vec<u8>)]) -> Result<Vec<EntryRef>> {
        self.0.erase(doomed, take)
    }
    fn shelve(&mut self, put: &[ShelfRow], take: &[(Shelf, Vec<u8>)]) -> Result<()> {
        self.0.shelve(put, take)
    }
    fn adopt(&mut self, document: &Document) -> Result<Adoption> {
        self.0.adopt(document)
    }
    fn drop_aside(&mut self, dropped: &[Quarantined]) -> Result<u64> {
        self.0.drop_aside(dropped)
    }
}

#[test]
fn the_load_of_a_stick_for_people_opens_each_own_entry_once() {
    let agency = Agency::new();
    let pen = agency.story(200);
    let mut journal = MemoryJournal::default();
    journal.begin(&pen.new_journal(Line::Cases, None)).unwrap();
    journal.append(&Keep { entries: pen.written.clone(), ..Keep::default() }).unwrap();
    let files = PartFiles::at(&std::env::temp_dir().join("no attachments are here"));
    let counted = Counted(journal, Cell::new(0));
    let unit = agency.trust.roster().units[0].id;
    let whom = (vec![Digest::from_bytes(*unit.as_bytes())], false);
    let whose = (agency.party(OFFICER), &agency.trust);
    let mut asked = 0;
    let room = |entries: &crate::bundle::Load| {
        asked += 1;
        assert_eq!(entries.waiting(), u64::try_from(pen.written.len()).unwrap());
        0
    };
    load_with_parts(&counted, whose, whom, &files, room).unwrap();
    assert_eq!((asked, pen.device()), (1, id(&pen.signer)));
    // The slip is looked up by itself, once.
    assert_eq!(counted.1.get(), pen.written.len() + 1);
}
