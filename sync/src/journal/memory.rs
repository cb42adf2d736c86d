//! The same journal in memory: for simulations and tests, and as the second voice of the conformance suite. Nothing is sealed,
//! because nothing is written; a change is checked whole before any of it is made.

use std::collections::BTreeMap;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};

use super::memory_aside::SetAside;
use super::memory_held::Held;
use super::memory_hub::Hub;
use super::{
    Cursor, DocumentFiled, Filed, Filing, Journal, Keep, KnownHead, Line, NewJournal, Page, Pulled, Quarantined, Shelf,
    ShelfRow, Standing, State, Status, Wanted, filing, filing::Aside, shapes::run_after,
};
use crate::batch::{Item, Limit, Run, Why};
use crate::cbor::count;
use crate::chain::{self, Head, Verdict};
use crate::documents::{self, Adoption, Document, HeldDocument};
use crate::entry::{EntryRef, SealedEntry, Slot};
use crate::error::{Result, SyncError};
use crate::receipt::Receipt;
use crate::wire::limits;

/// A journal that is forgotten when it is dropped. A clone is a backup.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    journals: Vec<Held>,
    shelf: BTreeMap<(Shelf, Vec<u8>), ShelfRow>,
    documents: Vec<DocumentFiled>,
    hubs: BTreeMap<DeviceId, Hub>,
    quarantine: SetAside,
}

impl MemoryJournal {
    /// Empty.
    pub fn new() -> MemoryJournal {
        MemoryJournal::default()
    }

    /// The list goes with whatever of an entry changes.
    fn end_list(&mut self) {
        self.shelf.retain(|(shelf, _), _| *shelf != Shelf::List);
    }

    fn held(&self, device: &DeviceId, journal: &JournalId) -> Option<usize> {
        self.journals.iter().position(|h| (h.known.device, h.known.journal) == (*device, *journal))
    }

    /// Whether an entry set aside is in question still: what came damaged is not, once it has come whole.
    fn is_open(&self, bad: &Quarantined) -> bool {
        let held = self.held(&bad.entry.device, &bad.entry.journal).and_then(|at| self.journals.get(at));
        let place = usize::try_from(bad.entry.seq).ok().and_then(|seq| seq.checked_sub(1));
        let whole =
            held.zip(place).and_then(|(held, at)| held.places.get(at)).is_some_and(|(it, _)| it.entry().is_some());
        bad.why != Why::BadSignature || !whole
    }

    fn open_line(&self, line: Line) -> Option<&Held> {
        self.journals.iter().find(|h| h.known.own == Some(line) && h.known.state == State::Open)
    }

    fn file_run(&mut self, room: &mut Aside, run: &Run) -> Verdict {
        let at = match self.held(&run.device, &run.journal) {
            Some(at) => at,
            None => {
                let head = Head { seq: 0, link: chain::link0(&run.agency, &run.device, &run.journal) };
                let plan = filing::plan(&head, None, run);
                if !plan.adds() {
                    return plan.verdict;
                }
                let (agency, device, journal) = (run.agency, run.device, run.journal);
                let known = KnownHead { agency, device, journal, head, own: None, state: State::Open };
                self.journals.push(Held { known, places: Vec::new() });
                self.journals.len().saturating_sub(1)
            }
        };
        let Some(held) = self.journals.get_mut(at) else { return Verdict::Gap { head: run.head() } };
        let (verdict, mut changed) = held.file(run);
        if matches!(verdict, Verdict::Fork { .. }) && held.rewind() {
            changed = true;
            let (again, _) = held.file(run);
            if !matches!(again, Verdict::Fork { .. }) {
                self.end_list();
                return again;
            }
        }
        if changed {
            self.end_list();
        }
        if !matches!(verdict, Verdict::Fork { .. }) {
            return verdict;
        }
        let Some(held) = self.journals.get_mut(at) else { return verdict };
        let parted = |(entry, link): &(&SealedEntry, Digest)| held.link_at(entry.header.seq) != Some(*link);
        let parted: Vec<_> = run.linked().filter(parted).map(|(entry, _)| entry.clone()).collect();
        if parted.is_empty() {
            return filing::unproven(&held.known.head);
        }
        held.known.state = State::Forked;
        for sealed in parted {
            self.quarantine.put_within(room, &Quarantined { entry: sealed.at(), why: Why::Fork, sealed });
        }
        verdict
    }

    fn file_one(&mut self, vouched: u64, receipt: &Receipt, statement: &[u8], filed: &mut Filed) {
        let Some(held) = self.held(&receipt.device, &receipt.journal).and_then(|at| self.journals.get_mut(at)) else {
            return;
        };
        if receipt.seq > held.known.head.seq {
            if held.known.own.is_some() && held.known.state != State::Forked {
                held.known.state = State::Closed;
                filed.behind.push((receipt.device, receipt.journal));
            }
            return;
        }
        if held.link_at(receipt.seq) != Some(receipt.link) {
            held.known.state = State::Forked;
            filed.forked.push((receipt.device, receipt.journal));
            return;
        }
        let receipts = &mut self.hubs.entry(receipt.hub).or_default().receipts;
        let key = (receipt.epoch, receipt.device, receipt.journal);
        if receipts.get(&key).is_some_and(|(held, _)| filing::covers(held, receipt)) {
            return;
        }
        receipts.insert(key, (*receipt, statement.to_vec()));
        if receipt.epoch == vouched {
            filed.received.push((receipt.device, receipt.journal, receipt.seq));
        }
    }
}

impl Journal for MemoryJournal {
    fn begin(&mut self, new: &NewJournal) -> Result<Slot> {
        let closes = match new.closes {
            None => None,
            Some(old) => {
                let at = self
                    .held(&new.device, &old)
                    .filter(|at| self.journals.get(*at).is_some_and(|h| h.known.own == Some(new.line)));
                Some(at.ok_or(SyncError::Misuse("the journal to close is not this device's"))?)
            }
        };
        let closing = |at: usize| closes == Some(at);
        let busy = self
            .journals
            .iter()
            .enumerate()
            .any(|(at, h)| h.known.own == Some(new.line) && h.known.state == State::Open && !closing(at));
        if busy {
            return Err(SyncError::Misuse("the line has an open journal"));
        }
        if self.held(&new.device, &new.journal).is_some() {
            return Err(SyncError::Misuse("the journal exists"));
        }
        if let Some(old) = closes.and_then(|at| self.journals.get_mut(at))
            && old.known.state == State::Open
        {
            old.known.state = State::Closed;
        }
        let link = chain::link0(&new.agency, &new.device, &new.journal);
        let (agency, device, journal) = (new.agency, new.device, new.journal);
        let known =
            KnownHead { agency, device, journal, head: Head { seq: 0, link }, own: Some(new.line), state: State::Open };
        self.journals.push(Held { known, places: Vec::new() });
        Ok(Slot { agency, device, journal, seq: 1, prev: link })
    }

    fn next_slot(&self, line: Line) -> Result<Slot> {
        let k = self.open_line(line).ok_or(SyncError::NoJournal)?.known;
        let seq = k.head.seq.saturating_add(1);
        Ok(Slot { agency: k.agency, device: k.device, journal: k.journal, seq, prev: k.head.link })
    }

    fn append(&mut self, keep: &Keep) -> Result<Vec<KnownHead>> {
        keep.rows.iter().try_for_each(ShelfRow::check)?;
        let mut touched: Vec<(usize, KnownHead)> = Vec::new();
        let mut links = Vec::new();
        for entry in &keep.entries {
            let at = self.held(&entry.header.device, &entry.header.journal).ok_or(SyncError::NoJournal)?;
            if !touched.iter().any(|(held, _)| *held == at) {
                touched.push((at, self.journals.get(at).ok_or(SyncError::NoJournal)?.known));
            }
            let known = touched.iter_mut().find(|(held, _)| *held == at).ok_or(SyncError::NoJournal)?;
            known.1.head = filing::next_head(&known.1, entry)?;
            links.push((at, known.1.head));
        }
        for (entry, (at, head)) in keep.entries.iter().zip(links) {
            if let Some(held) = self.journals.get_mut(at) {
                held.push(head, Item::Entry(Box::new(entry.clone())));
            }
        }
        self.shelve(&keep.rows, &keep.drop)?;
        Ok(touched.into_iter().map(|(_, known)| known).collect())
    }

    fn pending(&self, wanted: &Wanted, limit: Limit) -> Result<Vec<Run>> {
        let starts: Vec<(&Held, u64)> = match wanted {
            Wanted::After { device, journal, seq } => {
                self.held(device, journal).and_then(|at| self.journals.get(at)).map(|h| (h, *seq)).into_iter().collect()
            }
            Wanted::ForHub { hub, sent } => {
                let hub = self.hubs.get(hub);
                let start = |h: &Held| {
                    let signed = hub.and_then(|hub| hub.receipt(hub.epoch, &h.known)).map_or(0, |r| r.seq);
                    let sent = sent.iter().filter(|(id, _)| *id == h.known.journal).map(|(_, seq)| *seq).max();
                    signed.max(sent.unwrap_or(0))
                };
                self.journals.iter().filter(|h| h.known.own.is_some()).map(|h| (h, start(h))).collect()
            }
        };
        let (mut runs, mut left) = (Vec::new(), Some(limit));
        for (held, after) in starts {
            let Some(link) = held.link_at(after) else { continue };
            let mut run = run_after(&held.known, Head { seq: after, link });
            for (item, _) in held.places.iter().skip(usize::try_from(after).unwrap_or(usize::MAX)) {
                let started = !runs.is_empty() || !run.items.is_empty();
                left = left.and_then(|l| l.take(item.weight(), started));
                if left.is_none() {
                    break;
                }
                run.items.push(item.clone());
            }
            if !run.items.is_empty() {
                runs.push(run);
            }
        }
        Ok(runs)
    }

    fn file_receipt(&mut self, filing: &Filing) -> Result<Filed> {
        filing.check()?;
        self.shelve(&filing.remember.put, &filing.remember.take)?;
        let hub = self.hubs.entry(filing.hub).or_default();
        let seen =
            filing.receipts.iter().map(|(r, _)| r.epoch).chain(filing.checkpoint.iter().map(|(c, _)| c.epoch)).max();
        hub.epoch = hub.epoch.max(seen.unwrap_or(0));
        hub.again = if filing.vouched > hub.vouched { 0 } else { hub.again.saturating_add(filing.again) };
        hub.vouched = hub.vouched.max(filing.vouched);
        if let Some((checkpoint, statement)) = &filing.checkpoint
            && super::filing::is_newer(checkpoint, hub.checkpoint.as_ref().map(|(held, _)| held))
        {
            hub.checkpoint = Some((*checkpoint, statement.clone()));
        }
        let (vouched, mut filed) = (hub.vouched, Filed::default());
        filing.receipts.iter().for_each(|(receipt, word)| self.file_one(vouched, receipt, word, &mut filed));
        Ok(filed)
    }

    fn file_pulled(&mut self, pulled: &Pulled) -> Result<Vec<Verdict>> {
        let mut room = self.quarantine.room();
        pulled.quarantine.iter().for_each(|bad| self.quarantine.put_within(&mut room, bad));
        Ok(pulled.runs.iter().map(|run| self.file_run(&mut room, run.run())).collect())
    }

    fn erase(&mut self, doomed: &[Doomed], take: &[(Shelf, Vec<u8>)]) -> Result<Vec<EntryRef>> {
        let mut gone = Vec::new();
        for target in doomed {
            let at = usize::try_from(target.seq.saturating_sub(1)).unwrap_or(usize::MAX);
            let held = self.held(&target.device, &target.journal).and_then(|held| self.journals.get_mut(held));
            if let Some((Item::Entry(entry), _)) = held.and_then(|held| held.places.get_mut(at))
                && entry.hash() == target.hash
                && entry.envelope.take().is_some()
            {
                gone.push(entry.at());
            }
            self.quarantine.erase(target);
        }
        if !gone.is_empty() {
            self.end_list();
        }
        self.shelve(&[], take)?;
        Ok(gone)
    }

    fn heads(&self) -> Result<Vec<KnownHead>> {
        let mut heads: Vec<KnownHead> = self.journals.iter().map(|h| h.known).collect();
        heads.sort_by_key(|k| k.own.is_none());
        Ok(heads)
    }

    fn entries_after(&self, after: Cursor, limit: Limit) -> Result<Page> {
        let (mut page, mut left, mut last) = (Page::default(), limit, None);
        let all = self.journals.iter().flat_map(|h| h.places.iter());
        for ((item, _), at) in all.zip(1_u64..).skip(usize::try_from(after.0).unwrap_or(usize::MAX)) {
            match left.take(item.weight(), last.is_some()) {
                Some(rest) => left = rest,
                None => {
                    page.next = last;
                    break;
                }
            }
            last = Some(Cursor(at));
            match item {
                Item::Entry(entry) => page.entries.push((**entry).clone()),
                Item::Elided(_) => page.elided = page.elided.saturating_add(1),
            }
        }
        Ok(page)
    }

    fn weigh(&self, device: &DeviceId, journal: &JournalId, after: u64) -> Result<u64> {
        let held = self.held(device, journal).and_then(|at| self.journals.get(at));
        let places = held.into_iter().flat_map(|held| &held.places);
        let behind = places.skip(usize::try_from(after).unwrap_or(usize::MAX));
        Ok(behind.fold(0, |sum, (item, _)| sum.saturating_add(item.size())))
    }

    fn shelve(&mut self, put: &[ShelfRow], take: &[(Shelf, Vec<u8>)]) -> Result<()> {
        put.iter().try_for_each(ShelfRow::check)?;
        for key in take {
            if self.shelf.remove(key).is_some() && key.0 == Shelf::CaseKeys {
                self.end_list();
            }
        }
        put.iter().for_each(|row| {
            self.shelf.insert((row.shelf, row.key.clone()), row.clone());
        });
        Ok(())
    }

    fn shelf(&self, shelf: Shelf) -> Result<Vec<ShelfRow>> {
        Ok(self.shelf.values().filter(|row| row.shelf == shelf).cloned().collect())
    }

    fn adopt(&mut self, document: &Document) -> Result<Adoption> {
        if document.bytes.len() > limits::MAX_STATEMENT {
            return Err(SyncError::TooBig("document"));
        }
        let same = |d: &DocumentFiled| (d.document.kind, d.document.about) == (document.kind, document.about);
        let held = self.documents.iter().filter(|d| same(d) && !d.rival).max_by_key(|d| d.document.version);
        let held = held.map(|d| HeldDocument { version: d.document.version, digest: Digest::of(&d.document.bytes) });
        let adoption = documents::judge(held, document);
        let rival = matches!(adoption, Adoption::Conflict { .. });
        if adoption == Adoption::Adopted && !document.kind.keeps_history() {
            self.documents.retain(|d| !same(d));
        }
        let filed = DocumentFiled { document: document.clone(), rival };
        if (rival || adoption == Adoption::Adopted) && !self.documents.contains(&filed) {
            self.documents.push(filed);
        }
        self.documents.sort_by_key(|d| (d.document.kind.number(), d.document.about, d.document.version, d.rival));
        Ok(adoption)
    }

    fn documents(&self) -> Result<Vec<DocumentFiled>> {
        Ok(self.documents.clone())
    }

    fn quarantined(&self) -> Result<Vec<Quarantined>> {
        Ok(self.quarantine.all().cloned().collect())
    }

    fn drop_aside(&mut self, dropped: &[Quarantined]) -> Result<u64> {
        super::filing::not_own(&self.heads()?, dropped)?;
        Ok(dropped.iter().filter(|bad| self.quarantine.take(bad)).count().try_into().unwrap_or(u64::MAX))
    }

    fn status(&self, hub: &DeviceId) -> Result<Status> {
        let none = Hub::default();
        let hub = self.hubs.get(hub).unwrap_or(&none);
        let mut status = Status {
            epoch: hub.epoch,
            vouched: hub.vouched,
            again: hub.again,
            checkpoint: hub.checkpoint.clone().map(|(c, statement)| (c, Digest::of(&c.encode()), statement)),
            drafts: count(self.shelf.keys().filter(|(shelf, _)| *shelf == Shelf::Drafts).count()),
            aside_full: !self.quarantine.room().has_room(false),
            quarantined: count(self.quarantine.all().filter(|bad| self.is_open(bad)).count()),
            ..Status::default()
        };
        for held in &self.journals {
            let k = &held.known;
            let Some(line) = k.own else {
                status.passed.extend(hub.receipts.get(&(hub.vouched, k.device, k.journal)).cloned());
                status.elided = status.elided.saturating_add(held.elided());
                status.others = status.others.saturating_add(k.head.seq.saturating_sub(held.elided()));
                continue;
            };
            let counts = hub.receipt(hub.vouched, k);
            status.receipts.extend(hub.receipts.get(&(hub.vouched, k.device, k.journal)).cloned());
            status.own.push(Standing {
                journal: k.journal,
                line,
                state: k.state,
                kept: k.head,
                received: counts.map_or(0, |r| r.seq),
                once: hub.once(k),
                received_link: counts.map(|r| r.link),
                offered_from: hub.receipt(hub.epoch, k).map_or(0, |r| r.seq),
                complete: counts.map_or(0, |r| r.complete),
            });
        }
        Ok(status)
    }
}
