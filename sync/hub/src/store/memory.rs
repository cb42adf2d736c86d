//! The same behaviour in maps behind one lock, for tests and for a hub that is thrown away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::chain::{self, Head, Verdict};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::wire::parts::PartAt;

use super::paging::Filling;
use super::{
    Accepted, Answer, Asker, Beside, Complete, Depth, Due, Evidence, Grant, HubStore, Item, KeptCheckpoint, Ledger,
    Page, PartBook, PartHeld, Place, ReaderId, Row, Run, ServedEntry, Sought, StoreFault,
};
use crate::limits::EVIDENCE_PER_DEVICE;

/// Everything in memory; gone when dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    journals: BTreeMap<Place, Journal>,
    readers: BTreeSet<(Place, u64, ReaderId)>,
    evidence: BTreeSet<Evidence>,
    checkpoints: BTreeMap<(u64, u64), Vec<u8>>,
    documents: BTreeMap<(u64, Digest, u64), Document>,
    /// What orders name, and whether it is erased.
    ordered: BTreeMap<Doomed, bool>,
    stand_ins: BTreeSet<(Doomed, DeviceId)>,
    /// Dropped because a stand-in replaces it: not missing.
    replaced: BTreeSet<Doomed>,
    /// What entries list: how large, and how it stands (0 wanted, 1 held, 2 to go, 3 gone).
    parts: BTreeMap<(Place, u64, Digest), (u64, i64)>,
}

#[derive(Debug)]
struct Journal {
    root: Digest,
    entries: Vec<(Row, Digest, Digest)>,
}

impl Journal {
    fn head(&self) -> Head {
        let seq = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        Head { seq, link: self.link_at(seq) }
    }

    fn link_at(&self, seq: u64) -> Digest {
        let before = usize::try_from(seq).ok().and_then(|n| n.checked_sub(1));
        before.and_then(|at| self.entries.get(at)).map_or(self.root, |(_, _, link)| *link)
    }

    fn complete(&self, erased: impl Fn(&Row, &Digest) -> bool) -> u64 {
        let there = |row: &Row, hash: &Digest| row.envelope.is_some() || erased(row, hash);
        let held = self.entries.iter().take_while(|(row, hash, _)| there(row, hash)).count();
        u64::try_from(held).unwrap_or(u64::MAX)
    }
}

impl Held {
    /// An attachment of a device that is in one state goes into another; the journals that list it.
    fn turn_part(&mut self, device: &DeviceId, digest: &Digest, (from, to): (i64, i64)) -> Vec<Complete> {
        let listed = self.parts.iter_mut().filter(|((place, _, part), _)| place.0 == *device && part == digest);
        // What is waited for by nobody is wanted all the same.
        let turned = listed.filter(|(_, (_, state))| *state == from || (from == 0 && *state == -1)).map(
            |((place, ..), (_, state))| {
                *state = to;
                *place
            },
        );
        let places: BTreeSet<Place> = turned.collect();
        places.iter().filter_map(|place| self.stand(place)).collect()
    }

    fn stand(&self, place: &Place) -> Option<Complete> {
        let head = journal_head(&self.journals, place)?;
        Some(Complete { place: *place, head, complete: self.complete(place) })
    }
}

impl MemoryStore {
    fn with<T: Send + 'static>(&self, act: impl FnOnce(&mut Held) -> Result<T, StoreFault>) -> Answer<'_, T> {
        let done = act(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner));
        Box::pin(std::future::ready(done))
    }
}

impl HubStore for MemoryStore {
    fn accept(&self, runs: Vec<Run>) -> Answer<'_, Vec<Accepted>> {
        self.with(|held| Ok(runs.into_iter().map(|run| held.accept(run)).collect()))
    }

    fn page(&self, sought: Sought) -> Answer<'_, Page> {
        self.with(|held| Ok(held.page(&sought)))
    }

    fn ledger(&self) -> Answer<'_, Ledger> {
        self.with(|held| {
            let heads = held.journals.iter().map(|(place, journal)| (*place, journal.head())).collect();
            let newest = held.checkpoints.last_key_value().map(|((epoch, number), statement)| KeptCheckpoint {
                epoch: *epoch,
                number: *number,
                statement: statement.clone(),
            });
            Ok(Ledger { heads, newest })
        })
    }

    fn keep_checkpoint(&self, checkpoint: KeptCheckpoint) -> Answer<'_, ()> {
        self.with(|held| {
            let kept =
                held.checkpoints.entry((checkpoint.epoch, checkpoint.number)).or_insert(checkpoint.statement.clone());
            if *kept == checkpoint.statement {
                Ok(())
            } else {
                Err(StoreFault::Damaged("two checkpoints of one number"))
            }
        })
    }

    fn keep_document(&self, document: Document) -> Answer<'_, bool> {
        self.with(|held| {
            let (kind, about, version) = (document.kind.number(), document.about, document.version);
            if !document.kind.keeps_history() {
                if held
                    .documents
                    .range((kind, about, version)..=(kind, about, u64::MAX))
                    .any(|(key, _)| key.2 > version)
                {
                    return Ok(true);
                }
                held.documents.retain(|key, _| (key.0, key.1) != (kind, about) || key.2 >= version);
            }
            let kept = held.documents.entry((kind, about, version)).or_insert_with(|| document.clone());
            Ok(kept.bytes == document.bytes)
        })
    }

    fn documents(&self, kind: DocumentKind, from: u64, most: usize) -> Answer<'_, Vec<Document>> {
        self.with(|held| {
            let mut given: BTreeMap<Digest, usize> = BTreeMap::new();
            let of_kind = held.documents.values().filter(|d| d.kind == kind && d.version >= from);
            let served = of_kind.filter(|document| {
                let count = given.entry(document.about).or_default();
                *count = count.saturating_add(1);
                *count <= most
            });
            Ok(served.cloned().collect())
        })
    }

    fn depth(&self) -> Answer<'_, Depth> {
        self.with(|held| {
            let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
            let missing = |(place, j): (&Place, &Journal)| {
                let gone = |(row, hash, _): &&(Row, Digest, Digest)| {
                    row.envelope.is_none() && !is_gone((&held.ordered, &held.replaced), place, row, hash)
                };
                j.entries.iter().filter(gone).count()
            };
            Ok(Depth {
                journals: count(held.journals.len()),
                entries: count(held.journals.values().map(|j| j.entries.len()).sum()),
                missing: count(held.journals.iter().map(missing).sum()),
                evidence: count(held.evidence.len()),
                erased: count(held.ordered.values().filter(|erased| **erased).count()),
            })
        })
    }

    fn order(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        self.with(|held| {
            doomed.into_iter().for_each(|target| {
                held.ordered.entry(target).or_default();
            });
            Ok(())
        })
    }

    fn due(&self) -> Answer<'_, Vec<Due>> {
        self.with(|held| {
            let waits = |(target, _): &&(Doomed, DeviceId)| held.ordered.get(target) == Some(&false);
            let due =
                held.stand_ins.iter().filter(waits).map(|(target, signer)| Due { target: *target, signer: *signer });
            Ok(due.collect())
        })
    }

    fn erase(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        self.with(|held| {
            for target in doomed {
                match held.ordered.get_mut(&target) {
                    Some(erased) => *erased = true,
                    None => drop(held.replaced.insert(target)),
                }
                let journal = held.journals.get_mut(&(target.device, target.journal));
                let at = usize::try_from(target.seq.saturating_sub(1)).unwrap_or(usize::MAX);
                if let Some((row, _, _)) =
                    journal.and_then(|j| j.entries.get_mut(at)).filter(|(_, hash, _)| *hash == target.hash)
                {
                    row.envelope = None;
                    let place = (target.device, target.journal);
                    let listed = held.parts.iter_mut().filter(|((at, seq, _), _)| (*at, *seq) == (place, target.seq));
                    listed.filter(|(_, (_, state))| *state < 2).for_each(|(_, (_, state))| *state = 2);
                }
            }
            Ok(())
        })
    }

    fn parts(&self, asker: Asker, asked: Vec<PartAt>) -> Answer<'_, Vec<Option<PartBook>>> {
        self.with(|held| Ok(asked.iter().map(|at| held.book(&asker, at)).collect()))
    }

    fn hold_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        self.with(|held| Ok(held.turn_part(&device, &digest, (0, 1))))
    }

    fn lose_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        self.with(|held| Ok(held.turn_part(&device, &digest, (1, 0))))
    }

    fn incomplete(&self, device: DeviceId) -> Answer<'_, Vec<Complete>> {
        self.with(|held| {
            let own = held.journals.keys().filter(|place| place.0 == device);
            Ok(own.filter_map(|place| held.stand(place)).filter(|it| it.complete < it.head.seq).collect())
        })
    }

    fn doomed_parts(&self) -> Answer<'_, Vec<(DeviceId, Digest)>> {
        self.with(|held| {
            let in_state = |goes: fn(i64) -> bool| -> BTreeSet<(DeviceId, Digest)> {
                let listed = held.parts.iter().filter(|(_, (_, state))| goes(*state));
                listed.map(|((place, _, part), _)| (place.0, *part)).collect()
            };
            let (doomed, live) = (in_state(|state| state == 2), in_state(|state| state < 2));
            Ok(doomed.difference(&live).copied().collect())
        })
    }

    fn parts_gone(&self, gone: Vec<(DeviceId, Digest)>) -> Answer<'_, ()> {
        self.with(|held| {
            let doomed = held.parts.iter_mut().filter(|((place, _, part), _)| gone.contains(&(place.0, *part)));
            doomed.filter(|(_, (_, state))| *state == 2).for_each(|(_, (_, state))| *state = 3);
            Ok(())
        })
    }

    fn beside(&self, device: DeviceId) -> Answer<'_, Beside> {
        self.with(move |held| {
            let grants = held.readers.iter().filter(|(place, ..)| place.0 == device);
            let evidence = held.evidence.iter().filter(|it| it.place.0 == device);
            let attached = held.parts.iter().filter(|((place, ..), (_, state))| place.0 == device && *state == 1);
            Ok(Beside {
                grants: grants
                    .map(|(place, slip, reader)| Grant { place: *place, slip: *slip, reader: *reader })
                    .collect(),
                evidence: evidence.cloned().collect(),
                attached: attached.map(|((.., part), _)| *part).collect(),
            })
        })
    }

    fn orders(&self) -> Answer<'_, Vec<(Doomed, bool)>> {
        self.with(|held| Ok(held.ordered.iter().map(|(doomed, erased)| (*doomed, *erased)).collect()))
    }

    fn checkpoints(&self, after: (u64, u64), most: usize) -> Answer<'_, Vec<KeptCheckpoint>> {
        self.with(move |held| {
            let above = held.checkpoints.iter().filter(|(at, _)| **at > after).take(most);
            let kept = |((epoch, number), statement): (&(u64, u64), &Vec<u8>)| KeptCheckpoint {
                epoch: *epoch,
                number: *number,
                statement: statement.clone(),
            };
            Ok(above.map(kept).collect())
        })
    }

    fn let_in(&self, grants: Vec<Grant>) -> Answer<'_, ()> {
        self.with(move |held| {
            held.readers.extend(grants.into_iter().map(|grant| (grant.place, grant.slip, grant.reader)));
            Ok(())
        })
    }
}

impl Held {
    fn accept(&mut self, run: Run) -> Accepted {
        let empty = Journal { root: run.root, entries: Vec::new() };
        let journal = self.journals.entry(run.place).or_insert(empty);
        let head = journal.head();
        let ours = chain::common(&head, &run.stretch).map(|at| journal.link_at(at));
        let verdict = chain::judge(&head, ours, &run.stretch);
        match &verdict {
            Verdict::Fork { .. } => self.keep_evidence(&run),
            Verdict::Gap { .. } => {}
            Verdict::Accepted { .. } | Verdict::AlreadyHeld { .. } => {
                let mut let_go = BTreeSet::new();
                for (mut row, hash) in run.rows.into_iter().zip(run.stretch.hashes) {
                    if is_gone((&self.ordered, &self.replaced), &run.place, &row, &hash) {
                        row.envelope = None;
                    }
                    if let Some(stand_in) = row.stands_in.filter(|stand_in| stand_in.erases) {
                        self.stand_ins.insert((stand_in.target, run.place.0));
                    }
                    let at = usize::try_from(row.seq.saturating_sub(1)).unwrap_or(usize::MAX);
                    if row.envelope.as_ref().is_some_and(Vec::is_empty) {
                        let_go.insert(row.seq);
                    }
                    if let Some((held, _, _)) = journal.entries.get_mut(at) {
                        // One that is erased is given nothing: what comes of it has lost its envelope above.
                        if held.envelope.as_ref().is_none_or(Vec::is_empty) {
                            held.envelope = row.envelope.or_else(|| held.envelope.take());
                        }
                        continue;
                    }
                    let erased = is_gone((&self.ordered, &self.replaced), &run.place, &row, &hash);
                    for part in &row.parts {
                        let known = |((place, _, digest), (_, state)): (&(Place, u64, Digest), &(u64, i64))| {
                            place.0 == run.place.0 && *digest == part.digest && *state == 1
                        };
                        let state = if erased { 3 } else { i64::from(self.parts.iter().any(known)) };
                        self.parts.entry((run.place, row.seq, part.digest)).or_insert((part.size, state));
                    }
                    let link = chain::link(&journal.head().link, &hash);
                    self.readers.extend(row.readers.iter().map(|grant| (grant.place, grant.slip, grant.reader)));
                    journal.entries.push((row, hash, link));
                }
                let listed = self.parts.iter_mut().filter(|((at, seq, _), _)| *at == run.place && let_go.contains(seq));
                listed.filter(|(_, (_, state))| *state == 0).for_each(|(_, (_, state))| *state = -1);
            }
        }
        let (head, complete) = (journal_head(&self.journals, &run.place), self.complete(&run.place));
        if head.is_none_or(|head| head.seq == 0) {
            self.journals.remove(&run.place);
        }
        Accepted { place: run.place, verdict, head: head.unwrap_or(Head { seq: 0, link: run.root }), complete }
    }

    fn complete(&self, place: &Place) -> u64 {
        let erased = |row: &Row, hash: &Digest| is_gone((&self.ordered, &self.replaced), place, row, hash);
        let whole = self.journals.get(place).map_or(0, |journal| journal.complete(erased));
        let waits = |((at, seq, _), (_, state)): (&(Place, u64, Digest), &(u64, i64))| {
            (at == place && *state == 0).then_some(*seq)
        };
        let missing = self.parts.iter().filter_map(waits).min();
        missing.map_or(whole, |seq| whole.min(seq.saturating_sub(1)))
    }

    fn book(&self, asker: &Asker, at: &PartAt) -> Option<PartBook> {
        let place = (at.entry.device, at.entry.journal);
        let (size, state) = self.parts.get(&(place, at.entry.seq, at.digest))?;
        let row = usize::try_from(at.entry.seq.checked_sub(1)?).ok()?;
        let (row, _, _) = self.journals.get(&place)?.entries.get(row)?;
        let reads = |reader: &ReaderId| self.readers.contains(&(place, row.slip, *reader));
        let may = place.0 == asker.device || asker.readers.iter().any(reads);
        Some(PartBook { size: *size, state: PartHeld::from_number(*state), may })
    }

    fn keep_evidence(&mut self, run: &Run) {
        for (row, hash) in run.rows.iter().zip(&run.stretch.hashes) {
            let of_device = self.evidence.iter().filter(|other| other.place.0 == run.place.0).count();
            let known =
                self.journals.get(&run.place).is_some_and(|j| j.entries.iter().any(|(_, held, _)| held == hash));
            if !known && of_device < usize::try_from(EVIDENCE_PER_DEVICE).unwrap_or(usize::MAX) {
                let (place, seq, hash, header) = (run.place, row.seq, *hash, row.header.clone());
                self.evidence.insert(Evidence { place, seq, hash, header, signature: row.signature });
            }
        }
    }

    fn page(&self, sought: &Sought) -> Page {
        let mut filling = Filling::new(sought.bytes);
        for (place, first, last) in &sought.again {
            if !self.serve(sought, *place, *first, *last, &mut filling) {
                return filling.finish();
            }
        }
        for place in self.journals.keys() {
            let first = sought.held.get(place).copied().unwrap_or(0).saturating_add(1);
            if !self.serve(sought, *place, first, u64::MAX, &mut filling) {
                break;
            }
        }
        filling.finish()
    }

    fn serve(&self, sought: &Sought, place: Place, first: u64, last: u64, filling: &mut Filling) -> bool {
        let Some(journal) = self.journals.get(&place) else { return true };
        let may = |row: &Row| {
            place.0 == sought.device
                || sought.readers.iter().any(|reader| self.readers.contains(&(place, row.slip, *reader)))
        };
        let stretch = journal.entries.iter().filter(|(row, _, _)| (first..=last).contains(&row.seq));
        let stretch: Vec<_> = stretch.collect();
        if !stretch.iter().any(|(row, _, _)| may(row)) {
            return true;
        }
        filling.begin(place, first, journal.link_at(first.saturating_sub(1)));
        stretch
            .into_iter()
            .all(|(row, hash, _)| filling.add(if may(row) { Item::Entry(served(row)) } else { Item::Elided(*hash) }))
    }
}

/// Whether an entry is erased or replaced, or is an erased entry's content in a new envelope.
fn is_gone(
    (ordered, replaced): (&BTreeMap<Doomed, bool>, &BTreeSet<Doomed>),
    place: &Place,
    row: &Row,
    hash: &Digest,
) -> bool {
    let itself = Doomed { device: place.0, journal: place.1, seq: row.seq, hash: *hash };
    if replaced.contains(&itself) {
        return true;
    }
    let other = row.stands_in.filter(|stand_in| !stand_in.erases).map(|stand_in| stand_in.target);
    [Some(itself), other].into_iter().flatten().any(|target| ordered.get(&target) == Some(&true))
}

fn journal_head(journals: &BTreeMap<Place, Journal>, place: &Place) -> Option<Head> {
    journals.get(place).map(Journal::head)
}

fn served(row: &Row) -> ServedEntry {
    let hash = Digest::of(&row.header);
    ServedEntry { hash, header: row.header.clone(), signature: row.signature, envelope: row.envelope.clone() }
}
