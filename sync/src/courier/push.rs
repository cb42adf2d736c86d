//! The way there: runs above the last receipt, batch by batch, until the hub has signed for everything or nothing moves.
//!
//! A hub keeps what arrives of a push though the rest is cut off. So after a cut, and when nothing is known yet, it is asked first
//! where it is: a push that announces the runs and brings nothing of them, which costs a round trip and no entry sent twice.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::JournalId;

use super::outcome::{End, Trouble};
use super::pass::{Trip, nonsense};
use crate::batch::{Limit, Run, Why};
use crate::cbor::count;
use crate::journal::{Filing, State, Wanted};
use crate::wire::codec;
use crate::wire::limits::{MAX_OFFERED_AGAIN, MAX_SEQ};
use crate::wire::messages::{PushReply, RunAnswer};

/// Journals that this pass leaves alone from here on, as `Wanted::ForHub::sent` says it: nothing of them is offered.
type LeftAlone = BTreeMap<JournalId, u64>;

pub(super) fn push(trip: &mut Trip<'_>) -> Result<(), End> {
    // Journals known to be forked are evidence; the hub has said its word on them.
    let heads = trip.journal.heads().map_err(End::Local)?;
    let forked = heads.iter().filter(|known| known.own.is_some() && known.state == State::Forked);
    let mut left_alone: LeftAlone = forked.map(|known| (known.journal, MAX_SEQ)).collect();
    loop {
        let sent = left_alone.iter().map(|(journal, seq)| (*journal, *seq)).collect();
        let wanted = Wanted::ForHub { hub: trip.party.hub, sent };
        let runs = trip.journal.pending(&wanted, room(trip)).map_err(End::Local)?;
        if runs.iter().all(|run| run.items.is_empty()) {
            return Ok(());
        }
        let asks = !trip.courier.answered && (weight(&runs) > WORTH_ASKING || !trip.fell.is_empty());
        if !asks && !within_budget(trip, &runs, &mut left_alone)? {
            continue;
        }
        let before = received(trip)?;
        if asks {
            let bare = |run: &Run| Run { items: Vec::new(), ..run.clone() };
            offer(trip, &runs.iter().map(bare).collect::<Vec<_>>(), &mut left_alone)?;
        } else {
            offer(trip, &runs, &mut left_alone)?;
        }
        left_alone.extend(trip.forked.keys().map(|journal| (*journal, MAX_SEQ)));
        if !asks && received(trip)? == before && runs.iter().all(|run| !left_alone.contains_key(&run.journal)) {
            return Err(End::Nonsense("the hub took what was sent and signed for none of it".to_owned()));
        }
    }
}

pub(super) fn room(trip: &Trip<'_>) -> Limit {
    Limit { items: Limit::BODY.items, bytes: count(trip.road.push_room()) }
}

/// Bytes that are worth a round trip to learn whether they must be sent at all.
const WORTH_ASKING: u64 = 8 * 1024;

pub(super) fn weight(runs: &[Run]) -> u64 {
    runs.iter().flat_map(Run::entries).fold(0, |sum, entry| sum.saturating_add(entry.header.size))
}

/// What counts as received, and from where on things are offered: in an epoch that nobody vouched for only the second moves.
fn received(trip: &Trip<'_>) -> Result<Vec<(u64, u64)>, End> {
    let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
    Ok(status.own.iter().map(|own| (own.received, own.offered_from)).collect())
}

/// Counts what is offered again to a hub that has begun a new epoch for which no admin has spoken, and whether that is still within
/// what such a hub is offered; else the journals that would be are left alone.
fn within_budget(trip: &mut Trip<'_>, runs: &[Run], left_alone: &mut LeftAlone) -> Result<bool, End> {
    let status = trip.status()?;
    if status.epoch <= status.vouched {
        return Ok(true);
    }
    let once = |run: &Run| status.own.iter().find(|own| own.journal == run.journal).map_or(0, |own| own.once);
    let again: Vec<&Run> = runs.iter().filter(|run| !run.items.is_empty() && run.first <= once(run)).collect();
    let bytes = again.iter().flat_map(|run| run.entries().filter(|entry| entry.header.seq <= once(run)));
    let bytes = bytes.fold(0_u64, |sum, entry| sum.saturating_add(entry.header.size));
    if spend(trip, bytes)? {
        return Ok(true);
    }
    left_alone.extend(again.iter().map(|run| (run.journal, MAX_SEQ)));
    Ok(false)
}

/// Takes so much from what is offered again; says so when it is spent.
pub(super) fn spend(trip: &mut Trip<'_>, bytes: u64) -> Result<bool, End> {
    let status = trip.status()?;
    if bytes == 0 {
        return Ok(true);
    }
    if status.again.saturating_add(bytes) > MAX_OFFERED_AGAIN {
        trip.outcome.tell(Trouble::AgainSpent { bytes: status.again });
        return Ok(false);
    }
    let (hub, vouched) = (trip.party.hub, status.vouched);
    let spent =
        Filing { hub, receipts: Vec::new(), checkpoint: None, vouched, again: bytes, remember: Default::default() };
    trip.journal.file_receipt(&spent).map_err(End::Local)?;
    Ok(true)
}

/// One batch there, one answer back.
fn offer(trip: &mut Trip<'_>, runs: &[Run], left_alone: &mut LeftAlone) -> Result<(), End> {
    let body = codec::push_body(&trip.party.agency, runs);
    trip.reports()?;
    trip.courier.answered = false;
    trip.road.carries(runs.iter().map(|run| count(run.items.len())).sum());
    let answer = trip.road.push(&trip.seen, &body)?;
    trip.courier.answered = true;
    trip.outcome.handed_over += runs.iter().map(|run| count(run.items.len())).sum::<u64>();
    codec::check_version(&answer).map_err(nonsense)?;
    let reply = PushReply::from_bytes(&answer).map_err(nonsense)?;
    if reply.answers.len() != runs.len() {
        return Err(End::Nonsense("as many answers as runs were expected".to_owned()));
    }
    for (run, answer) in runs.iter().zip(&reply.answers) {
        // Before the receipts are filed: the verdict knows the place where both histories part.
        if let RunAnswer::Fork(at, _) = answer {
            trip.tell_fork(run.journal, *at)?;
        }
    }
    trip.file(&reply.statements)?;
    for (run, answer) in runs.iter().zip(&reply.answers) {
        match answer {
            RunAnswer::Accepted(..) | RunAnswer::AlreadyHeld(..) | RunAnswer::Fork(..) => {}
            RunAnswer::Gap(has, _) => behind(trip, run, *has, left_alone)?,
            RunAnswer::Refused(why, _) => not_taken(trip, run, run.first, Why::from_number(*why), left_alone)?,
        }
    }
    for (index, seq, why) in &reply.refused {
        let run = usize::try_from(*index).ok().and_then(|index| runs.get(index));
        let run = run.ok_or_else(|| End::Nonsense("a refusal of a run that was not sent".to_owned()))?;
        not_taken(trip, run, *seq, Why::from_number(*why), left_alone)?;
    }
    Ok(())
}

/// An own entry that the hub will not take blocks its journal and nothing else. Where the fault lies in the bytes, a new
/// journal goes on beside it; where it lies in the roster, waiting for the next roster is all there is to do.
fn not_taken(trip: &mut Trip<'_>, run: &Run, seq: u64, why: Why, left_alone: &mut LeftAlone) -> Result<(), End> {
    if left_alone.insert(run.journal, MAX_SEQ).is_some() {
        return Ok(());
    }
    let journal = run.journal;
    let successor = match why {
        Why::BadSignature
        | Why::Malformed
        | Why::TooBig
        | Why::Fork
        | Why::Content
        | Why::RosterFell
        | Why::OtherCase => trip.succeed(&journal)?,
        Why::UnknownDevice | Why::Revoked | Why::Version | Why::NotPermitted | Why::Other(_) => None,
    };
    trip.outcome.tell(Trouble::NotTaken { journal, seq, why, successor });
    Ok(())
}

/// The hub has less than it signed for: it was restored from a backup, or it lies. Offer everything again from where it says
/// it is; whether its word still counts is the checkpoints' question.
fn behind(trip: &mut Trip<'_>, run: &Run, has: u64, left_alone: &mut LeftAlone) -> Result<(), End> {
    let (device, journal) = (run.device, run.journal);
    left_alone.insert(journal, MAX_SEQ);
    trip.outcome.tell(Trouble::HubBehind { journal, has, signed: run.first.saturating_sub(1) });
    let mut seq = has;
    loop {
        let runs = trip.journal.pending(&Wanted::After { device, journal, seq }, room(trip)).map_err(End::Local)?;
        let Some(again) = runs.into_iter().find(|run| !run.items.is_empty()) else { return Ok(()) };
        if again.first != seq.saturating_add(1) {
            return Ok(());
        }
        seq = again.last();
        if !spend(trip, weight(std::slice::from_ref(&again)))? {
            return Ok(());
        }
        let body = codec::push_body(&trip.party.agency, std::slice::from_ref(&again));
        let answer = trip.road.push(&trip.seen, &body)?;
        let reply = PushReply::from_bytes(&answer).map_err(nonsense)?;
        trip.file(&reply.statements)?;
        match reply.answers.first() {
            Some(RunAnswer::Accepted(..) | RunAnswer::AlreadyHeld(..)) => {}
            _ => return Ok(()),
        }
    }
}
