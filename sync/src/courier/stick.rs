//! Taking in what a stick brings: the same steps as a pass, without a road. Documents first, because they prove the rest; then
//! entries, piece by piece; then the hub's words, because a receipt counts only for what is held.

use std::collections::BTreeMap;
use std::io::Read;

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;

use super::outcome::{Covers, End, Outcome, Party, Trouble};
use super::pass::{Courier, Trip};
use super::passed_over::PassedOver;
use super::unsigned::Unsigned;
use super::{news, papers, pull};
use crate::batch::{Item, Limit, Run};
use crate::bundle::{Bundle, BundleFault, Missing, PartLine};
use crate::cbor::count;
use crate::entry::{EntryRef, Part};
use crate::journal::{Journal, KnownHead, Wanted};
use crate::part_files::{PartFiles, Received};
use crate::receipt::Receipt;
use crate::road::{Place, Road, Rows, again_row, carried_row, part_row};
use crate::transport::{Transport, TransportError};
use crate::wire::limits::{BUNDLE_DOCUMENTS, BUNDLE_WORDS};
use crate::wire::messages::DocumentsReply;

/// What a stick brought.
#[derive(Debug)]
pub struct TakenIn {
    /// As of a pass: what was filed, what stayed behind. Its end is *done* or our own journal.
    pub outcome: Outcome,
    /// Who wrote it.
    pub from: DeviceId,
    /// Entries of others that are carried from here on, because the hub may lack them.
    pub carried: u64,
    /// Own entries that the hub has signed for and had not before.
    pub received: u64,
    /// Items that it announces.
    pub announced: u64,
    /// Items that were read.
    pub read: u64,
    /// What it announces and did not bring.
    pub missing: Vec<Missing>,
    /// Attachments that it announces and that it did not bring whole.
    pub parts_missing: usize,
    /// Why it was not read to its end; what came before stands.
    pub fault: Option<BundleFault>,
}

/// Takes in a bundle as far as it is whole. `told` hears how many items have been read and says whether to go on.
///
/// `trust` moves when newer rosters arrive. What was filed stays filed, so that half a stick is worth its half, and a second
/// reading changes nothing.
pub fn take_in<R: Read>(
    journal: &mut dyn Journal,
    party: Party,
    trust: &mut Trust,
    bundle: &mut Bundle<R>,
    told: impl FnMut(u64) -> bool,
) -> TakenIn {
    take(Courier::default(), journal, (party, trust), bundle, told)
}

/// The same, with the attachments that it brings.
pub fn take_in_with_parts<R: Read>(
    files: PartFiles,
    journal: &mut dyn Journal,
    (party, trust): (Party, &mut Trust),
    bundle: &mut Bundle<R>,
    told: impl FnMut(u64) -> bool,
) -> TakenIn {
    take(Courier::with_parts(files), journal, (party, trust), bundle, told)
}

fn take<R: Read>(
    mut courier: Courier,
    journal: &mut dyn Journal,
    (party, trust): (Party, &mut Trust),
    bundle: &mut Bundle<R>,
    mut told: impl FnMut(u64) -> bool,
) -> TakenIn {
    let mut road = NoRoad;
    let mut trip = Trip::new(&mut courier, journal, &mut road, party, trust);
    trip.stick = true;
    let version = trip.trust.roster_version();
    let mut taking =
        Taking { words: Vec::new(), list: Vec::new(), carried: 0, received: 0, before: Vec::new(), proven: false };
    let mut ended = taking.all(&mut trip, bundle, &mut told);
    // The words that were read count though the rest is cut off.
    if taking.proven
        && let Err(end) = taking.conclude(&mut trip)
    {
        ended = ended.and(Err(Stop::Local(end)));
    }
    if taking.proven && bundle.manifest().from == party.hub && trip.outcome.hub_time.is_some() {
        trip.outcome.covers = Covers::WhatCame;
    }
    // A word that vouches for an epoch proves itself, also where the rest is cut off.
    if let Err(end) = trip.tell_epoch() {
        ended = ended.and(Err(Stop::Local(end)));
    }
    let mut fault = None;
    match ended {
        Ok(()) => {}
        Err(Stop::Bundle(why)) => fault = Some(why),
        Err(Stop::Local(end)) => trip.outcome.end = end,
    }
    if trip.trust.roster_version() != version {
        trip.outcome.roster = Some(trip.trust.roster_version());
    }
    TakenIn {
        outcome: trip.outcome,
        from: bundle.manifest().from,
        carried: taking.carried,
        received: taking.received,
        announced: bundle.manifest().count(),
        read: bundle.read(),
        missing: bundle.missing(),
        parts_missing: bundle.parts_missing(),
        fault,
    }
}

/// Why taking in ends early.
enum Stop {
    Bundle(BundleFault),
    Local(End),
}

impl From<BundleFault> for Stop {
    fn from(fault: BundleFault) -> Self {
        Self::Bundle(fault)
    }
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        Self::Local(end)
    }
}

struct Taking {
    words: Vec<Vec<u8>>,
    list: Vec<u8>,
    carried: u64,
    received: u64,
    /// The journals known before, against which a list of heads is held.
    before: Vec<KnownHead>,
    /// Whether the manifest is signed by somebody whom the roster lists.
    proven: bool,
}

impl Taking {
    fn all<R: Read>(
        &mut self,
        trip: &mut Trip<'_>,
        bundle: &mut Bundle<R>,
        told: &mut impl FnMut(u64) -> bool,
    ) -> Result<(), Stop> {
        if bundle.manifest().agency != trip.party.agency {
            return Err(BundleFault::OtherAgency.into());
        }
        let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
        trip.seen = status.checkpoint.map_or(Digest::ZERO, |(_, hash, _)| hash);
        self.before = trip.journal.heads().map_err(End::Local)?;
        let papers = self.papers(trip, bundle);
        // What is signed proves itself: a stick whose papers are cut off has brought those before the cut.
        bundle.prove(trip.trust)?;
        self.proven = true;
        papers?;
        self.list = bundle.heads()?.to_vec();
        let from_hub = bundle.manifest().from == trip.party.hub;
        if from_hub {
            // Before the entries: should this end in between, an older list must not be held against what the hub gave after it.
            let newest: Vec<Vec<u8>> =
                self.words.iter().filter(|word| is(word, Purpose::Checkpoint)).cloned().collect();
            trip.file(&newest)?;
        }
        let (mut passed_over, mut unsigned) = (PassedOver::default(), Unsigned::default());
        let signed = signed(trip, &self.words, status.vouched);
        while let Some(runs) = bundle.piece()? {
            let (own, others): (Vec<Run>, Vec<Run>) =
                runs.into_iter().map(|(_, run)| run).partition(|run| run.device == trip.party.device);
            let own = beyond(trip, own)?;
            pull::restored(trip, own, &mut passed_over)?;
            let others = unsigned.joined(others);
            let (marks, entries) = marks(trip, &others, from_hub, &signed)?;
            // Before the entries: a stop in between must not leave any of them without somebody who hands it on.
            marks.write(trip.journal).map_err(End::Local)?;
            self.carried = self.carried.saturating_add(entries);
            pull::take(trip, others, &mut passed_over)?;
            if !told(bundle.read()) {
                return Err(BundleFault::Stopped.into());
            }
        }
        parts(trip, bundle, told)
    }

    /// Documents in bunches, rosters in the order in which they come; words of the hub are put by.
    fn papers<R: Read>(&mut self, trip: &mut Trip<'_>, bundle: &mut Bundle<R>) -> Result<(), Stop> {
        let mut documents = Vec::new();
        let ended = loop {
            match bundle.paper() {
                Err(fault) => break Err(fault.into()),
                Ok(None) => break Ok(()),
                Ok(Some(paper)) if is_word(&paper) => {
                    if self.words.len() >= BUNDLE_WORDS {
                        break Err(BundleFault::TooBig("words of the hub").into());
                    }
                    self.words.push(paper);
                }
                Ok(Some(paper)) => documents.push(paper),
            }
            if documents.len() >= BUNDLE_DOCUMENTS {
                documents = adopted(trip, documents)?;
            }
        };
        adopted(trip, documents)?;
        ended
    }

    /// The hub's words, once the entries that they speak of are here; and its list of heads.
    fn conclude(&mut self, trip: &mut Trip<'_>) -> Result<(), End> {
        let before = received(trip)?;
        trip.file(&std::mem::take(&mut self.words))?;
        self.received = received(trip)?.saturating_sub(before);
        // An old list hides nothing: it is held against the newest checkpoint only if it is that one's.
        if news::is_list_of_newest(trip, &self.list)? {
            pull::look_for_hidden_tail(trip, &self.list, &self.before)?;
        }
        Ok(())
    }
}

/// Takes the bytes of attachments that entries here list and that are not here: behind those that an earlier reading brought.
fn parts<R: Read>(trip: &mut Trip<'_>, bundle: &mut Bundle<R>, told: &mut impl FnMut(u64) -> bool) -> Result<(), Stop> {
    let from_hub = bundle.manifest().from == trip.party.hub;
    let mut wanted: Option<PartLine> = None;
    while let Some((line, from, bytes)) = bundle.part()? {
        if from == 0 {
            wanted = is_wanted(trip, &line)?.then_some(line);
        }
        if let (true, Some(files)) = (wanted == Some(line), trip.courier.parts.clone()) {
            let part = Part { digest: line.at.digest, size: line.size };
            match files.receive(&part, from, &bytes).map_err(End::Local)? {
                Received::Coming => {}
                Received::Whole => {
                    trip.outcome.parts.arrived += 1;
                    if !from_hub && line.at.entry.device != trip.party.device {
                        let rows = Rows { put: vec![part_row(&line.at, line.size)], take: Vec::new() };
                        rows.write(trip.journal).map_err(End::Local)?;
                    }
                }
                Received::Broken => trip.outcome.tell(Trouble::PartBroken(line.at)),
            }
        }
        if !told(bundle.read()) {
            return Err(BundleFault::Stopped.into());
        }
    }
    Ok(())
}

/// Whether an entry that is here whole lists it, and it is not here.
fn is_wanted(trip: &Trip<'_>, line: &PartLine) -> Result<bool, End> {
    let Some(files) = &trip.courier.parts else { return Ok(false) };
    let EntryRef { device, journal, seq } = line.at.entry;
    let wanted = Wanted::After { device, journal, seq: seq.saturating_sub(1) };
    let runs = trip.journal.pending(&wanted, Limit { items: 1, bytes: 1 }).map_err(End::Local)?;
    let entry = runs.iter().flat_map(Run::entries).find(|entry| entry.header.seq == seq && entry.envelope.is_some());
    let part = Part { digest: line.at.digest, size: line.size };
    Ok(entry.is_some_and(|entry| entry.header.parts.contains(&part)) && !files.holds(&part))
}

/// How many own entries the hub has signed for.
fn received(trip: &Trip<'_>) -> Result<u64, End> {
    let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
    Ok(status.own.iter().fold(0, |sum, own| sum.saturating_add(own.received)))
}

fn is_word(paper: &[u8]) -> bool {
    is(paper, Purpose::Receipt) || is(paper, Purpose::Checkpoint)
}

fn is(paper: &[u8], purpose: Purpose) -> bool {
    Statement::from_bytes(paper).is_ok_and(|statement| statement.purpose() == purpose)
}

/// Takes documents over, and gives the emptied list back.
fn adopted(trip: &mut Trip<'_>, documents: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, End> {
    if !documents.is_empty() {
        papers::take(trip, &DocumentsReply { statements: documents, more: false })?;
    }
    Ok(Vec::new())
}

/// Own runs that know more than we do, or another thing: this home was restored from a backup. Others say nothing new.
fn beyond(trip: &mut Trip<'_>, own: Vec<Run>) -> Result<Vec<Run>, End> {
    let mut beyond = Vec::new();
    for run in own {
        let known = trip.known(&(run.device, run.journal))?;
        let held = known.as_ref().map_or(0, |known| known.head.seq);
        let at = run.last().min(held);
        let theirs = run.stretch().link_at(at);
        let ours = news::link_at(trip, &(run.device, run.journal), at)?;
        let parts = ours.is_some() && theirs.is_some_and(|theirs| ours != Some(theirs));
        if run.last() > held || parts {
            beyond.push(run);
        }
    }
    Ok(beyond)
}

/// Up to where the hub has journals, by receipts on the stick that it can be held to.
fn signed(trip: &Trip<'_>, words: &[Vec<u8>], vouched: u64) -> BTreeMap<Place, u64> {
    let mut signed = BTreeMap::new();
    for word in words.iter().filter(|word| is(word, Purpose::Receipt)) {
        let Ok(statement) = Statement::from_bytes(word) else { continue };
        let Ok(word) = Receipt::prove(statement, trip.trust, &trip.party.hub) else { continue };
        // A hub that fell back since may lack what it once had.
        if word.epoch >= vouched {
            let upto = signed.entry((word.device, word.journal)).or_default();
            *upto = word.seq.max(*upto);
        }
    }
    signed
}

/// What must be remembered of others' runs: that we carry them now, if a device brought what the hub has not signed for, and which bare
/// hashes to ask the hub for. With the number of entries that are new here and carried.
fn marks(trip: &Trip<'_>, runs: &[Run], from_hub: bool, signed: &BTreeMap<Place, u64>) -> Result<(Rows, u64), End> {
    let road = Road::carrying(trip.journal).map_err(End::Local)?;
    let (mut change, mut entries) = (Rows::default(), 0_u64);
    for run in runs {
        let place: Place = (run.device, run.journal);
        let held = trip.known(&place)?.map_or(0, |known| known.head.seq);
        let new = (run.first..).zip(&run.items).filter(|(seq, _)| *seq > held);
        let (whole, bare): (Vec<_>, Vec<_>) = new.partition(|(_, item)| matches!(item, Item::Entry(_)));
        let there = signed.get(&place).copied().unwrap_or(0);
        let carried = whole.iter().filter(|(seq, _)| *seq > there).count();
        if !from_hub && carried > 0 {
            entries = entries.saturating_add(count(carried));
            if road.there(&place).is_none() {
                change.put.push(carried_row(&place, held));
            }
        }
        if let (Some((from, _)), Some((upto, _))) = (bare.first(), bare.last())
            && !from_hub
        {
            let known = road.again.iter().find(|(held, ..)| *held == place);
            let from = known.map_or(*from, |(_, lower, _)| *lower.min(from));
            change.put.push(again_row(&place, from, *upto));
        }
    }
    Ok((change, entries))
}

/// There is no road: nothing is asked, and nothing answered.
pub(super) struct NoRoad;

impl Transport for NoRoad {
    fn push(&mut self, _: &Digest, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        Err(no_road())
    }

    fn pull(&mut self, _: &Digest, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        Err(no_road())
    }

    fn documents(&mut self, _: &Digest, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        Err(no_road())
    }
}

fn no_road() -> TransportError {
    TransportError::Unreachable("a stick asks nobody".to_owned())
}
