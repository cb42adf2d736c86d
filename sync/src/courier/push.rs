//! The way there: runs above the last receipt, batch by batch, until the hub has signed for everything or nothing moves.
//!
//! A hub keeps what arrives of a push though the rest is cut off. So after a cut, and when nothing is known yet, it is asked first
//! where it is: a push that announces the runs and brings nothing of them, which costs a round trip and no entry sent twice.
//!
//! Where the road lets it, the next push leaves before the last is answered, so that the link does not rest while the hub verifies, keeps
//! and signs. Answers come in the order of the pushes, and nothing counts as received before its receipt has come, was verified and filed.

use std::collections::{BTreeMap, VecDeque};

use amanat_keys::fingerprint::JournalId;

use super::outcome::{End, Trouble};
use super::pass::{Trip, nonsense};
use super::pull::{self, Ahead};
use crate::batch::{Limit, Run, Why};
use crate::cbor::count;
use crate::journal::{Filing, Standing, State, Wanted};
use crate::wire::codec;
use crate::wire::limits::{MAX_OFFERED_AGAIN, MAX_SEQ};
use crate::wire::messages::{PullRequest, PushReply, RunAnswer};

/// Journals that this pass leaves alone from here on, as `Wanted::ForHub::sent` says it: nothing of them is offered.
type LeftAlone = BTreeMap<JournalId, u64>;

/// Pushes on their way at once: one that the hub verifies, keeps and signs for, and one that the link carries meanwhile.
const ON_THE_WAY: usize = 2;

/// A push that has left.
struct Sent {
    runs: Vec<Run>,
    /// Whether it brings nothing and asks where the hub is.
    asks: bool,
    /// Whether it left behind another, whose answer was to come.
    follows: bool,
    /// What it asks besides.
    question: Option<PullRequest>,
    /// The answer, where the road waited for it.
    answer: Option<Vec<u8>>,
}

/// What is on its way, and what is not to be.
#[derive(Default)]
struct Way {
    sent: VecDeque<Sent>,
    left_alone: LeftAlone,
    /// Runs above the last receipt of which the hub had less than they follow, and what it had.
    gaps: Vec<(Run, u64)>,
    /// Whether an answer said that something is wrong: from then on each is waited for.
    careful: bool,
    /// Whether a push may still ask what is new.
    asks_along: bool,
}

/// Pushes what there is; a short push asks what is new, if a pull follows.
pub(super) fn push(trip: &mut Trip<'_>, pull_follows: bool) -> Result<(), End> {
    // Journals known to be forked are evidence; the hub has said its word on them.
    let heads = trip.journal.heads().map_err(End::Local)?;
    let forked = heads.iter().filter(|known| known.own.is_some() && known.state == State::Forked);
    let left_alone = forked.map(|known| (known.journal, MAX_SEQ)).collect();
    let mut way = Way { left_alone, asks_along: pull_follows, ..Way::default() };
    loop {
        while way.may_send(trip)? && way.send(trip)? {}
        if let Some(sent) = way.sent.pop_front() {
            way.hear(trip, sent)?;
        } else if let Some((run, has)) = way.gaps.pop() {
            // Nothing is on its way any more.
            way.left_alone.insert(run.journal, MAX_SEQ);
            behind(trip, &run, has)?;
        } else {
            return agreed(trip);
        }
    }
}

impl Way {
    /// Whether another push may leave now: one always may, a second while nothing is in doubt.
    fn may_send(&self, trip: &Trip<'_>) -> Result<bool, End> {
        let calm = !self.careful && self.sent.iter().all(|sent| !sent.asks && sent.answer.is_none());
        Ok(self.gaps.is_empty()
            && (self.sent.is_empty()
                || (calm && self.sent.len() < ON_THE_WAY && trip.road.goes_ahead() && is_vouched(trip)?)))
    }

    /// Sends what is next behind what is on its way; false when there is nothing.
    fn send(&mut self, trip: &mut Trip<'_>) -> Result<bool, End> {
        loop {
            let mut sent = self.left_alone.clone();
            for run in self.sent.iter().flat_map(|sent| &sent.runs) {
                let upto = sent.entry(run.journal).or_default();
                *upto = run.last().max(*upto);
            }
            let wanted = Wanted::ForHub { hub: trip.party.hub, sent: sent.into_iter().collect() };
            let mut runs = trip.journal.pending(&wanted, room(trip)).map_err(End::Local)?;
            if runs.iter().all(|run| run.items.is_empty()) {
                return Ok(false);
            }
            let unsure = !trip.courier.answered && self.sent.is_empty();
            let asks = unsure && (weight(&runs) > WORTH_ASKING || !trip.fell.is_empty());
            if !asks && !within_budget(trip, &runs, &mut self.left_alone)? {
                continue;
            }
            if asks {
                runs.iter_mut().for_each(|run| run.items.clear());
            }
            let question = if asks { None } else { self.question(trip, &runs)? };
            let body = codec::push_and_ask(&trip.party.agency, &runs, question.clone());
            trip.reports()?;
            trip.courier.answered = false;
            trip.road.carries(runs.iter().map(|run| count(run.items.len())).sum());
            let answer = if question.is_some() {
                Some(trip.road.push(&trip.seen, &body)?)
            } else {
                trip.road.send(&trip.seen, &body)?
            };
            self.sent.push_back(Sent { runs, asks, follows: !self.sent.is_empty(), question, answer });
            return Ok(true);
        }
    }

    /// What the pull will ask, where it can leave with these runs: one request with one signature in place of two, and no round trip more.
    /// With little only: what is cut goes again with all that is asked, and where much is brought a question weighs nothing.
    fn question(&mut self, trip: &Trip<'_>, runs: &[Run]) -> Result<Option<PullRequest>, End> {
        let alone = self.asks_along && self.sent.is_empty() && trip.road.asks_along();
        if !alone || weight(runs) > WORTH_ASKING {
            return Ok(None);
        }
        let question = pull::question(trip)?.filter(|question| question.heads.len() <= HEADS_ALONG);
        self.asks_along &= question.is_none();
        Ok(question)
    }

    /// Takes the answer to the oldest push on its way.
    fn hear(&mut self, trip: &mut Trip<'_>, sent: Sent) -> Result<(), End> {
        let Sent { runs, asks, follows, question, answer } = sent;
        let mut answer = answer.map_or_else(|| trip.road.receive(), Ok)?;
        let mut ahead = None;
        if let Some(question) = question {
            let (reply, page) = codec::read_answer_and_page(&answer).map_err(nonsense)?;
            ahead = Ahead::came(question, page);
            answer = reply.to_vec();
        }
        trip.courier.answered = self.sent.is_empty();
        trip.outcome.handed_over += runs.iter().map(|run| count(run.items.len())).sum::<u64>();
        let before = received(trip)?;
        self.take(trip, &runs, follows, &answer)?;
        trip.ahead = ahead.or(trip.ahead.take());
        self.left_alone.extend(trip.forked.keys().map(|journal| (*journal, MAX_SEQ)));
        // What found something wrong before it leaves nothing to be said of this one: the next goes alone.
        if asks || (follows && self.careful) {
            return Ok(());
        }
        let now = received(trip)?;
        // Its receipts may have come with an answer before it.
        let signed = |run: &Run| now.iter().any(|(journal, _, from)| *journal == run.journal && *from >= run.first);
        let excused = |run: &Run| {
            self.left_alone.contains_key(&run.journal) || self.gaps.iter().any(|(gap, _)| gap.journal == run.journal)
        };
        if before == now && !runs.iter().any(|run| signed(run) || excused(run)) {
            return Err(End::Nonsense("the hub took what was sent and signed for none of it".to_owned()));
        }
        Ok(())
    }

    fn take(&mut self, trip: &mut Trip<'_>, runs: &[Run], follows: bool, answer: &[u8]) -> Result<(), End> {
        codec::check_version(answer).map_err(nonsense)?;
        let reply = PushReply::from_bytes(answer).map_err(nonsense)?;
        if reply.answers.len() != runs.len() {
            return Err(End::Nonsense("as many answers as runs were expected".to_owned()));
        }
        for (run, answer) in runs.iter().zip(&reply.answers) {
            // Before the receipts are filed: the verdict knows the place where both histories part.
            if let RunAnswer::Fork(at, _) = answer {
                trip.tell_fork(run.journal, *at)?;
                self.careful = true;
            }
        }
        trip.file(&reply.statements)?;
        for (run, answer) in runs.iter().zip(&reply.answers) {
            match answer {
                RunAnswer::Accepted(..) | RunAnswer::AlreadyHeld(..) | RunAnswer::Fork(..) => {}
                // What followed an entry that was not taken has found no place, and nobody wonders.
                RunAnswer::Gap(..) | RunAnswer::Refused(..) if self.left_alone.contains_key(&run.journal) => {}
                RunAnswer::Gap(has, _) => {
                    self.careful = true;
                    // Behind another it may have come before it: what is not signed for goes again.
                    if !follows {
                        self.gaps.push((run.clone(), *has));
                    }
                }
                RunAnswer::Refused(why, _) => self.not_taken(trip, run, run.first, Why::from_number(*why))?,
            }
        }
        for (index, seq, why) in &reply.refused {
            let run = usize::try_from(*index).ok().and_then(|index| runs.get(index));
            let run = run.ok_or_else(|| End::Nonsense("a refusal of a run that was not sent".to_owned()))?;
            self.not_taken(trip, run, *seq, Why::from_number(*why))?;
        }
        Ok(())
    }

    /// An own entry that the hub will not take blocks its journal and nothing else. Where the fault lies in the bytes, a new
    /// journal goes on beside it; where it lies in the roster, waiting for the next roster is all there is to do.
    fn not_taken(&mut self, trip: &mut Trip<'_>, run: &Run, seq: u64, why: Why) -> Result<(), End> {
        self.careful = true;
        if self.left_alone.insert(run.journal, MAX_SEQ).is_some() {
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
}

/// Whether what the hub signs counts: in an epoch that nobody vouched for each answer is waited for.
fn is_vouched(trip: &Trip<'_>) -> Result<bool, End> {
    trip.status().map(|status| status.epoch <= status.vouched)
}

pub(super) fn room(trip: &Trip<'_>) -> Limit {
    Limit { items: Limit::BODY.items, bytes: count(trip.road.push_room()) }
}

/// Journals of which a push may say how far they are held, in some 54 bytes each.
const HEADS_ALONG: usize = 64;

/// Bytes that are worth a round trip to learn whether they must be sent at all.
const WORTH_ASKING: u64 = 8 * 1024;

pub(super) fn weight(runs: &[Run]) -> u64 {
    runs.iter().flat_map(Run::entries).fold(0, |sum, entry| sum.saturating_add(entry.header.size))
}

/// What counts as received of each own journal, and from where on it is offered: in an epoch that nobody vouched for only the second moves.
fn received(trip: &Trip<'_>) -> Result<Vec<(JournalId, u64, u64)>, End> {
    let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
    Ok(status.own.iter().map(|own| (own.journal, own.received, own.offered_from)).collect())
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

/// What a restored hub lost of own journals that forked: it gets what it once signed for, which both histories have in common. Beyond
/// that ours is evidence, and stays here. Once for each epoch in the life of a program.
fn agreed(trip: &mut Trip<'_>) -> Result<(), End> {
    let status = trip.status()?;
    let lacks = |own: &&Standing| own.state == State::Forked && own.offered_from < own.once;
    for own in status.own.iter().filter(lacks) {
        if trip.courier.agreed.get(&own.journal).is_some_and(|epoch| *epoch >= status.epoch) {
            continue;
        }
        offer_agreed(trip, own, status.epoch > status.vouched)?;
        trip.courier.agreed.insert(own.journal, status.epoch);
    }
    Ok(())
}

fn offer_agreed(trip: &mut Trip<'_>, own: &Standing, counted: bool) -> Result<(), End> {
    let (device, journal) = (trip.party.device, own.journal);
    // Asked first where it is: it may hold all of it.
    let (mut seq, mut asks) = (own.offered_from, true);
    while seq < own.once {
        let runs = trip.journal.pending(&Wanted::After { device, journal, seq }, room(trip)).map_err(End::Local)?;
        let run = runs.into_iter().find(|run| run.first == seq.saturating_add(1) && !run.items.is_empty());
        let Some(mut run) = run else { return Ok(()) };
        let left = usize::try_from(own.once.saturating_sub(seq)).unwrap_or(usize::MAX);
        run.items.truncate(if asks { 0 } else { left });
        if counted && !spend(trip, weight(std::slice::from_ref(&run)))? {
            return Ok(());
        }
        let body = codec::push_body(&trip.party.agency, std::slice::from_ref(&run));
        let answer = trip.road.push(&trip.seen, &body)?;
        let reply = PushReply::from_bytes(&answer).map_err(nonsense)?;
        trip.file(&reply.statements)?;
        seq = match reply.answers.first() {
            Some(RunAnswer::Accepted(has, _) | RunAnswer::AlreadyHeld(has, _)) => run.last().max(*has),
            Some(RunAnswer::Gap(has, _)) if asks => *has,
            _ => return Ok(()),
        };
        asks = false;
    }
    Ok(())
}

/// The hub has less than it signed for: it was restored from a backup, or it lies. Offer everything again from where it says
/// it is; whether its word still counts is the checkpoints' question.
fn behind(trip: &mut Trip<'_>, run: &Run, has: u64) -> Result<(), End> {
    let (device, journal) = (run.device, run.journal);
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
