//! Keeping a whole table: while one transaction is written by a thread of its own, the next is sealed. Only one is ever on its way,
//! and what it wrote is noted before anything is sealed that leans on it.

use std::{
    collections::HashSet,
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread,
};

use amanat_keys::fingerprint::CaseId;
use amanat_sync::{
    entry::Slot,
    error::SyncError,
    journal::{Journal as _, Keep, KnownHead, Line, SqliteJournal},
};

use super::keep::{Cut, Kept, ToKeep, cut};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::Entry,
    runtime::{fault, homes::home::Home},
};

/// How many things go in one transaction: a second of work, a few megabytes.
const CHUNK: usize = 2048;
const DOING: &str = "keeping";

impl Home {
    /// Keeps many things in a few large transactions: an import. `kept` hears of each once it is on the disk.
    ///
    /// # Errors
    /// As [`Home::keep`]; what earlier transactions kept stays kept.
    pub fn keep_many(
        &mut self,
        codebook: &Codebook,
        things: Vec<ToKeep>,
        kept: impl FnMut(Vec<Entry>),
    ) -> Result<(), Failure> {
        self.keep_by(CHUNK, codebook, things, kept)
    }

    /// As [`Home::keep_many`], so many things in a transaction.
    pub(in crate::runtime) fn keep_by(
        &mut self,
        chunk: usize,
        codebook: &Codebook,
        things: Vec<ToKeep>,
        mut kept: impl FnMut(Vec<Entry>),
    ) -> Result<(), Failure> {
        if things.is_empty() {
            return Ok(());
        }
        let journal = self.journal.another().map_err(doing)?;
        let (to_write, wanted) = sync_channel(1);
        let (written, heads) = channel();
        thread::scope(|scope| {
            scope.spawn(move || write(journal, &wanted, &written));
            let mut road = Road { to_write, heads, under_way: None };
            let cuts = things.into_iter().map(|keep| cut(codebook, keep));
            let sealed = self.seal_all(chunk, cuts, &mut road, &mut kept);
            // Also after a fault: what was handed over is written, and its keys must be known.
            let last = self.arrive(&mut road, &mut kept);
            drop(road);
            sealed.and(last)
        })
    }

    fn seal_all(
        &mut self,
        chunk: usize,
        all: impl Iterator<Item = Cut>,
        road: &mut Road,
        kept: &mut impl FnMut(Vec<Entry>),
    ) -> Result<(), Failure> {
        let mut all = all.peekable();
        while all.peek().is_some() {
            let cuts: Vec<Cut> = all.by_ref().take(chunk).collect();
            if cuts.iter().any(|cut| road.touches(&cut.case)) {
                self.arrive(road, kept)?;
            }
            let to_seal = self.plan(cuts, None)?;
            let cases = to_seal.pieces.iter().map(|piece| piece.case).collect();
            let slot = match road.next() {
                Some(slot) => slot,
                None => self.journal.next_slot(Line::Cases).map_err(doing)?,
            };
            let (keep, ready) = self.seal_at(slot, to_seal)?;
            self.arrive(road, kept)?;
            road.send(keep, UnderWay { kept: ready, cases })?;
        }
        Ok(())
    }

    /// Waits for the transaction that is being written, if one is, and takes note of it.
    fn arrive(&mut self, road: &mut Road, kept: &mut impl FnMut(Vec<Entry>)) -> Result<(), Failure> {
        let Some(UnderWay { kept: known, .. }) = road.under_way.take() else { return Ok(()) };
        let heads = road.heads.recv().map_err(|_ended| stopped())?.map_err(doing)?;
        let entries = self.note_kept(known, &heads);
        self.levels.learn(&entries);
        self.joins.learn(&entries);
        kept(entries);
        Ok(())
    }
}

/// The way to the thread that writes, and what is on it.
struct Road {
    to_write: SyncSender<Keep>,
    heads: Receiver<Result<Vec<KnownHead>, SyncError>>,
    under_way: Option<UnderWay>,
}

/// A transaction that is being written.
struct UnderWay {
    kept: Kept,
    cases: HashSet<CaseId>,
}

impl Road {
    /// Whether what is being written is of this case: its slip and level count for what comes after.
    fn touches(&self, case: &CaseId) -> bool {
        self.under_way.as_ref().is_some_and(|under_way| under_way.cases.contains(case))
    }

    /// The place after what is being written.
    fn next(&self) -> Option<Slot> {
        self.under_way.as_ref().and_then(|under_way| under_way.kept.next)
    }

    fn send(&mut self, keep: Keep, under_way: UnderWay) -> Result<(), Failure> {
        self.to_write.send(keep).map_err(|_ended| stopped())?;
        self.under_way = Some(under_way);
        Ok(())
    }
}

/// Writes one transaction after the other; after one that fails, none, because the places after it were counted on.
fn write(mut journal: SqliteJournal, wanted: &Receiver<Keep>, written: &Sender<Result<Vec<KnownHead>, SyncError>>) {
    for keep in wanted {
        let heads = journal.append(&keep);
        let failed = heads.is_err();
        if written.send(heads).is_err() || failed {
            return;
        }
    }
}

fn doing(error: SyncError) -> Failure {
    fault::sync(DOING, &error)
}

fn stopped() -> Failure {
    Failure::failed(format!("{DOING} — the writer stopped, a fault in the program"), "What was kept before is safe.")
}
