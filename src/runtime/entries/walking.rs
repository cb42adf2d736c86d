//! Goes through what the journal holds, all of it or one of its journals: this thread reads the next rows while all cores open those before,
//! which is most of the work.

use amanat_sync::{
    batch::Limit,
    entry::SealedEntry,
    error::SyncError,
    journal::{Cursor, Page, SealedPage},
};

use super::{parallel, stand_ins::Place};
use crate::{
    failure::Failure,
    runtime::{fault, homes::home::Home},
};

const READING: &str = "reading the journal";
/// Rows read at a time: two pages of them lie in memory, and what the first opened to.
const PAGE: Limit = Limit { items: 4096, bytes: 2 << 20 };
/// Rows that a core opens at a time.
const A_PART: usize = 8;

impl Home {
    /// Goes through every entry that is held and opens, in the order of the journals.
    pub(in crate::runtime) fn each_entry(&self, mut take: impl FnMut(SealedEntry)) -> Result<(), Failure> {
        let mut after = Some(Cursor::START);
        let next = || {
            let Some(from) = after else { return Ok(None) };
            let page = self.journal.sealed_after(from, PAGE)?;
            after = page.next;
            Ok(Some(page))
        };
        each_page(next, |page| {
            page.entries.into_iter().for_each(&mut take);
            Ok(())
        })
    }

    /// Goes through the entries that are held of one journal after a number, in order. A row that does not open stops it.
    pub(in crate::runtime) fn each_held(
        &self,
        of: Place,
        after: u64,
        mut take: impl FnMut(Vec<SealedEntry>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut after = Some(after);
        let next = || {
            let Some(from) = after else { return Ok(None) };
            let page = self.journal.sealed_of(of, from, PAGE)?;
            after = page.last();
            Ok(Some(page))
        };
        each_page(next, |page| {
            if !page.damaged.is_empty() {
                return Err(fault::sync(READING, &SyncError::StorageDamaged("a row does not open")));
            }
            take(page.entries)
        })
    }
}

fn each_page(
    mut next: impl FnMut() -> Result<Option<SealedPage>, SyncError>,
    mut take: impl FnMut(Page) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |error| fault::sync(READING, &error);
    let mut page = next().map_err(failed)?;
    while let Some(sealed) = page {
        let (parts, read) = parallel::beside(sealed.in_parts(A_PART), SealedPage::open, &mut next);
        let mut opened = Page::default();
        for part in parts {
            opened.entries.extend(part.entries);
            opened.damaged.extend(part.damaged);
        }
        take(opened)?;
        page = read.map_err(failed)?;
    }
    Ok(())
}
