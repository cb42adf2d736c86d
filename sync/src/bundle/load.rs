//! What a device puts on a stick: what headquarters has not signed for, of its own journals and of those it carries, and
//! everything signed that whoever reads the stick may lack; to people also what its own journals say to them.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::trust::Trust;

use super::back::{Places, back, readers};
use super::fault::BundleFault;
use super::manifest::{Manifest, PartLine, Seen};
use crate::batch::{Item, Limit};
use crate::chain::link0;
use crate::courier::Party;
use crate::documents::DocumentKind;
use crate::entry::{EntryRef, Part, SealedEntry};
use crate::error::Result;
use crate::journal::{Journal, KnownHead, State, Status, Wanted};
use crate::part_files::PartFiles;
use crate::proof::still_told;
use crate::road::{Place, Road, Rows, handed_row};
use crate::wire::limits::{BUNDLE_PART_PIECE, BUNDLE_PARTS, BUNDLE_PIECE, BUNDLE_PIECE_BYTES, MAX_ITEMS};
use crate::wire::parts::PartAt;
use crate::wire::v1::RunHead;

/// A journal of somebody else that this device carries, and from where on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The journal and how far it is held.
    pub known: KnownHead,
    /// Up to here the hub has it.
    pub there: u64,
}

/// What goes on a stick.
#[derive(Clone, Debug)]
pub struct Load {
    /// What the bundle will say of itself.
    pub manifest: Manifest,
    /// The statements.
    pub papers: Vec<Vec<u8>>,
    /// Attachments that are wanted and did not fit.
    pub parts_left: u64,
    /// Places up to these are bare hashes: headquarters has them, and a reader of the unit gets them from there.
    bare: BTreeMap<Place, u64>,
    /// Places among them that go whole all the same, because readers may have no other road.
    back: Places,
    handed: Vec<(Place, u64)>,
    /// Entries that headquarters lacks, of each journal.
    waiting: Vec<(Place, u64)>,
}

/// Journals of others that are carried and of which the hub lacks something.
///
/// # Errors
/// Storage.
pub fn carried(journal: &dyn Journal, road: &Road, status: &Status) -> Result<Vec<Carried>> {
    let heads = journal.heads()?;
    let others = heads.into_iter().filter(|known| known.own.is_none() && known.state != State::Forked);
    let carried = others.filter_map(|known| {
        let place = (known.device, known.journal);
        let signed = status.passed.iter().find(|(receipt, _)| (receipt.device, receipt.journal) == place);
        let there = road.there(&place)?.max(signed.map_or(0, |(receipt, _)| receipt.seq));
        (known.head.seq > there).then_some(Carried { known, there })
    });
    Ok(carried.collect())
}

/// Gathers what goes on a stick `to` these readers. To the hub go entries alone; to people, chains that begin at the beginning.
///
/// # Errors
/// Storage.
pub fn load(journal: &dyn Journal, party: Party, trust: &Trust, to: Vec<Digest>, to_hub: bool) -> Result<Load> {
    let (road, status) = (Road::read(journal)?, journal.status(&party.hub)?);
    let back = if to_hub {
        Places::new()
    } else {
        back(journal, party.device, &status.own, readers(trust, &to, &party.device), None)?
    };
    gather(journal, (party, trust), (to, to_hub), (&road, &status), (back, &BTreeMap::new()))
}

/// The same with the attachments that the hub may lack and that are here, as long as they take no more than `room` bytes together, which is
/// told once it is known what else goes; those that do not fit stay for the next stick. Entries that list them go whole to people, who could
/// not tell else whose they are.
///
/// # Errors
/// Storage.
pub fn load_with_parts(
    journal: &dyn Journal,
    (party, trust): (Party, &Trust),
    (to, to_hub): (Vec<Digest>, bool),
    files: &PartFiles,
    room: impl FnOnce(&Load) -> u64,
) -> Result<Load> {
    let (road, status) = (Road::read(journal)?, journal.status(&party.hub)?);
    let mut listed = Listed { files, found: BTreeMap::new() };
    let back = if to_hub {
        listed.of_own(journal, party, &status)?;
        Places::new()
    } else {
        let mut see = |entry: &SealedEntry| listed.take(entry);
        back(journal, party.device, &status.own, readers(trust, &to, &party.device), Some(&mut see))?
    };
    listed.carried(&road, &status);
    let mut first: BTreeMap<Place, u64> = BTreeMap::new();
    for PartLine { at, .. } in listed.found.values().filter(|_| !to_hub) {
        let lowest = first.entry((at.entry.device, at.entry.journal)).or_insert(at.entry.seq);
        *lowest = at.entry.seq.min(*lowest);
    }
    let mut load = gather(journal, (party, trust), (to, to_hub), (&road, &status), (back, &first))?;
    let mut left = room(&load);
    for line in listed.lines() {
        match left.checked_sub(line.size).filter(|_| load.manifest.parts.len() < BUNDLE_PARTS) {
            Some(rest) => {
                left = rest;
                load.manifest.parts.push(line);
            }
            None => load.parts_left = load.parts_left.saturating_add(1),
        }
    }
    Ok(load)
}

/// Attachments that are here and that no receipt covers: of own journals that go on, and those that came by stick.
struct Listed<'f> {
    files: &'f PartFiles,
    found: BTreeMap<(DeviceId, Digest), PartLine>,
}

impl Listed<'_> {
    /// Those of an entry; its first entry is named where several list one.
    fn take(&mut self, entry: &SealedEntry) {
        let (at, device) = (entry.at(), entry.header.device);
        for part in entry.header.parts.iter().filter(|part| entry.envelope.is_some() && self.files.holds(part)) {
            let line = PartLine { at: PartAt { entry: at, digest: part.digest }, size: part.size };
            let held = self.found.entry((device, part.digest)).or_insert(line);
            if at < held.at.entry {
                *held = line;
            }
        }
    }

    /// Those of own journals, which nobody else goes through.
    fn of_own(&mut self, journal: &dyn Journal, party: Party, status: &Status) -> Result<()> {
        for own in status.own.iter().filter(|own| own.state != State::Forked) {
            let (device, id, mut seq) = (party.device, own.journal, own.complete);
            while seq < own.kept.seq {
                let limit = Limit { items: BUNDLE_PIECE, bytes: BUNDLE_PIECE_BYTES };
                let runs = journal.pending(&Wanted::After { device, journal: id, seq }, limit)?;
                let Some(run) = runs.first().filter(|run| !run.items.is_empty()) else { break };
                seq = run.last();
                run.entries().for_each(|entry| self.take(entry));
            }
        }
        Ok(())
    }

    fn carried(&mut self, road: &Road, status: &Status) {
        for (at, size) in &road.parts {
            let EntryRef { device, journal, seq } = at.entry;
            let covered = status
                .passed
                .iter()
                .any(|(word, _)| (word.device, word.journal) == (device, journal) && word.complete >= seq);
            if !covered && self.files.holds(&Part { digest: at.digest, size: *size }) {
                self.found.entry((device, at.digest)).or_insert(PartLine { at: *at, size: *size });
            }
        }
    }

    fn lines(self) -> Vec<PartLine> {
        let mut lines: Vec<PartLine> = self.found.into_values().collect();
        lines.sort_by_key(|line| (line.at.entry, line.size));
        lines
    }
}

/// `whole_from`: from these numbers on entries go whole although the hub has them.
fn gather(
    journal: &dyn Journal,
    (party, trust): (Party, &Trust),
    (to, to_hub): (Vec<Digest>, bool),
    (road, status): (&Road, &Status),
    (back, whole_from): (Places, &BTreeMap<Place, u64>),
) -> Result<Load> {
    let heads = journal.heads()?;
    let mut wanted: Vec<Carried> = Vec::new();
    for own in status.own.iter().filter(|own| own.state != State::Forked && own.kept.seq > own.offered_from) {
        let known = heads.iter().find(|known| known.own.is_some() && known.journal == own.journal);
        wanted.extend(known.map(|known| Carried { known: *known, there: own.offered_from }));
    }
    wanted.extend(carried(journal, road, status)?);
    let unlisted = |known: &&KnownHead| {
        let place = (known.device, known.journal);
        let is_listed = whole_from.contains_key(&place) || back.contains_key(&place);
        is_listed && wanted.iter().all(|it| (it.known.device, it.known.journal) != place)
    };
    let listing: Vec<Carried> =
        heads.iter().filter(unlisted).map(|known| Carried { known: *known, there: known.head.seq }).collect();
    wanted.extend(listing);
    let papers = papers(journal, trust, road, status)?;
    let mut load = Load {
        manifest: Manifest {
            agency: party.agency,
            from: party.device,
            to,
            runs: Vec::new(),
            checkpoint: status.checkpoint.as_ref().map(|(word, hash, _)| Seen {
                epoch: word.epoch,
                number: word.number,
                hash: *hash,
            }),
            roster: trust.roster_version(),
            papers: crate::cbor::count(papers.len()),
            bytes: 0,
            parts: Vec::new(),
        },
        papers,
        parts_left: 0,
        bare: BTreeMap::new(),
        back,
        handed: Vec::new(),
        waiting: Vec::new(),
    };
    for Carried { known, there } in wanted {
        let place = (known.device, known.journal);
        let after = if to_hub { there } else { 0 };
        let whole = whole_from.get(&place).map_or(there, |first| there.min(first.saturating_sub(1)));
        load.bare.insert(place, if to_hub { 0 } else { whole });
        load.handed.push((place, known.head.seq));
        load.waiting.push((place, known.head.seq.saturating_sub(there)));
        let weight = journal.weigh(&known.device, &known.journal, whole)?;
        let also = load.back.get(&place).into_iter().flat_map(|places| places.range(..=whole));
        let weight = also.fold(weight, |sum, (_, entry)| sum.saturating_add(*entry));
        load.manifest.bytes = load.manifest.bytes.saturating_add(weight);
        load.stretch(journal, &known, after)?;
    }
    Ok(load)
}

impl Load {
    /// The runs of a journal after a number, none longer than a body may be.
    fn stretch(&mut self, journal: &dyn Journal, known: &KnownHead, after: u64) -> Result<()> {
        let mut after = after;
        while after < known.head.seq {
            let count = known.head.seq.saturating_sub(after).min(MAX_ITEMS);
            self.manifest.runs.push(RunHead {
                agency: (known.agency != self.manifest.agency).then_some(known.agency),
                device: known.device,
                journal: known.journal,
                first: after.saturating_add(1),
                before: link_at(journal, known, after)?,
                count,
            });
            after = after.saturating_add(count);
        }
        Ok(())
    }

    /// Entries that headquarters lacks and that go on the stick.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Those among them that others than this device wrote.
    #[must_use]
    pub fn waiting_of_others(&self, device: &DeviceId) -> u64 {
        let others = self.waiting.iter().filter(|((of, _), _)| of != device);
        others.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The next items of a run after a number.
    ///
    /// # Errors
    /// Storage.
    pub fn items(
        &self,
        journal: &dyn Journal,
        run: &RunHead,
        after: u64,
    ) -> std::result::Result<Vec<Item>, BundleFault> {
        let wanted = Wanted::After { device: run.device, journal: run.journal, seq: after };
        let limit = Limit { items: BUNDLE_PIECE, bytes: BUNDLE_PIECE_BYTES };
        let place = (run.device, run.journal);
        let (bare, back) = (self.bare.get(&place).copied().unwrap_or(0), self.back.get(&place));
        let goes_whole = |seq: u64| seq > bare || back.is_some_and(|places| places.contains_key(&seq));
        let held = journal.pending(&wanted, limit)?.into_iter().next();
        let items = held.into_iter().flat_map(|held| (held.first..).zip(held.items));
        Ok(items.map(|(seq, item)| if goes_whole(seq) { item } else { Item::Elided(item.hash()) }).collect())
    }

    /// The next bytes of an attachment.
    ///
    /// # Errors
    /// Storage.
    pub fn part(files: &PartFiles, line: &PartLine, from: u64) -> std::result::Result<Vec<u8>, BundleFault> {
        Ok(files.piece(&line.at.digest, from, BUNDLE_PART_PIECE)?)
    }

    /// What the device's books say once the stick is done: everything on it is handed over.
    #[must_use]
    pub fn handed(&self, road: &Road) -> Rows {
        let moved = self.handed.iter().filter(|(place, upto)| *upto > road.handed(place));
        Rows { put: moved.map(|(place, upto)| handed_row(place, *upto)).collect(), take: Vec::new() }
    }
}

fn link_at(journal: &dyn Journal, known: &KnownHead, seq: u64) -> Result<Digest> {
    if seq == 0 {
        return Ok(link0(&known.agency, &known.device, &known.journal));
    }
    let wanted = Wanted::After { device: known.device, journal: known.journal, seq };
    let runs = journal.pending(&wanted, Limit { items: 1, bytes: 1 })?;
    Ok(runs.first().map_or(known.head.link, |run| run.before))
}

/// Rosters oldest first and rivals of the newest, then other documents, then words of the hub: proofs, checkpoints, receipts.
fn papers(journal: &dyn Journal, trust: &Trust, road: &Road, status: &Status) -> Result<Vec<Vec<u8>>> {
    let documents = journal.documents()?;
    let documents = documents.into_iter().filter(|filed| !filed.rival);
    let documents = documents.filter(|filed| still_told(trust, filed.document.kind, &filed.document.about));
    let (rosters, others): (Vec<_>, Vec<_>) =
        documents.map(|filed| filed.document).partition(|document| document.kind == DocumentKind::Roster);
    let mut papers: Vec<Vec<u8>> = rosters.into_iter().map(|roster| roster.bytes).collect();
    let adopted = trust.statement_bytes();
    if !papers.contains(&adopted) {
        papers.push(adopted);
    }
    papers.extend(trust.forks().iter().map(amanat_keys::statement::Statement::to_bytes));
    papers.extend(others.into_iter().map(|document| document.bytes));
    let mut words: Vec<Vec<u8>> = road.stories.iter().flat_map(|(one, other)| [one.clone(), other.clone()]).collect();
    words.extend(road.checkpoints.iter().map(|(_, statement)| statement.clone()));
    words.extend(status.checkpoint.iter().map(|(_, _, statement)| statement.clone()));
    words.extend(status.receipts.iter().chain(&status.passed).map(|(_, statement)| statement.clone()));
    let mut seen = std::collections::BTreeSet::new();
    papers.extend(words.into_iter().filter(|word| seen.insert(Digest::of(word))));
    Ok(papers)
}
