//! Handing on what is carried for others: entries that came by stick, whose author is their signer whoever brings them.

use super::outcome::{End, Trouble};
use super::pass::{Trip, nonsense};
use super::push::{room, spend, weight};
use crate::batch::{Item, Run, Why};
use crate::bundle::{Carried, carried};
use crate::cbor::count;
use crate::journal::Wanted;
use crate::road::Road;
use crate::wire::codec;
use crate::wire::messages::{PushReply, RunAnswer};

/// Offers what the hub lacks of journals that are carried. The hub is asked first where it is: their authors may have been faster.
pub(super) fn hand_on(trip: &mut Trip<'_>) -> Result<(), End> {
    let waiting = outstanding(trip)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let bare: Vec<Run> = waiting.iter().map(|it| stretch(trip, it, it.there)).collect::<Result<Vec<_>, End>>()?;
    let bare: Vec<Run> = bare.into_iter().map(|run| Run { items: Vec::new(), ..run }).collect();
    let reply = push(trip, &bare)?;
    for (carried, answer) in waiting.iter().zip(&reply.answers) {
        let from = match answer {
            RunAnswer::Accepted(has, _) | RunAnswer::AlreadyHeld(has, _) => carried.there.max(*has),
            // It was restored from a backup: what we have it gets again.
            RunAnswer::Gap(has, _) => *has,
            RunAnswer::Fork(..) => {
                let (device, journal) = (carried.known.device, carried.known.journal);
                trip.outcome.tell(Trouble::ForkElsewhere { device, journal });
                continue;
            }
            RunAnswer::Refused(why, _) => {
                not_taken(trip, carried, carried.there.saturating_add(1), Why::from_number(*why));
                continue;
            }
        };
        offer(trip, carried, from)?;
    }
    Ok(())
}

fn outstanding(trip: &Trip<'_>) -> Result<Vec<Carried>, End> {
    let road = Road::carrying(trip.journal).map_err(End::Local)?;
    if road.carried.is_empty() {
        return Ok(Vec::new());
    }
    let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
    carried(trip.journal, &road, &status).map_err(End::Local)
}

/// What is held after a number, up to the first place that is only a hash.
fn stretch(trip: &Trip<'_>, carried: &Carried, after: u64) -> Result<Run, End> {
    let known = &carried.known;
    let wanted = Wanted::After { device: known.device, journal: known.journal, seq: after };
    let runs = trip.journal.pending(&wanted, room(trip)).map_err(End::Local)?;
    let run = runs.into_iter().next().filter(|run| run.first == after.saturating_add(1));
    let mut run = run.unwrap_or_else(|| Run {
        agency: known.agency,
        device: known.device,
        journal: known.journal,
        first: known.head.seq.saturating_add(1),
        before: known.head.link,
        items: Vec::new(),
    });
    let whole = run.items.iter().take_while(|item| matches!(item, Item::Entry(_))).count();
    run.items.truncate(whole);
    Ok(run)
}

/// What the hub had before, and everything in an epoch that nobody vouched for, is offered again within what such a hub is offered.
fn offer(trip: &mut Trip<'_>, carried: &Carried, from: u64) -> Result<(), End> {
    let mut after = from;
    loop {
        let run = stretch(trip, carried, after)?;
        if run.items.is_empty() {
            return Ok(());
        }
        let last = run.last();
        let status = trip.status()?;
        let again = after < carried.there || status.epoch > status.vouched;
        if again && !spend(trip, weight(std::slice::from_ref(&run)))? {
            return Ok(());
        }
        let reply = push(trip, std::slice::from_ref(&run))?;
        if let Some((_, seq, why)) = reply.refused.first() {
            not_taken(trip, carried, *seq, Why::from_number(*why));
            return Ok(());
        }
        match reply.answers.first() {
            Some(RunAnswer::Accepted(..) | RunAnswer::AlreadyHeld(..)) => {
                trip.outcome.handed_on = trip.outcome.handed_on.saturating_add(count(run.items.len()));
                after = last;
            }
            Some(RunAnswer::Fork(..)) => {
                trip.outcome.tell(Trouble::ForkElsewhere { device: run.device, journal: run.journal });
                return Ok(());
            }
            Some(RunAnswer::Refused(why, _)) => {
                not_taken(trip, carried, run.first, Why::from_number(*why));
                return Ok(());
            }
            Some(RunAnswer::Gap(..)) | None => return Ok(()),
        }
    }
}

fn push(trip: &mut Trip<'_>, runs: &[Run]) -> Result<PushReply, End> {
    let body = codec::push_body(&trip.party.agency, runs);
    let answer = trip.road.push(&trip.seen, &body)?;
    codec::check_version(&answer).map_err(nonsense)?;
    let reply = PushReply::from_bytes(&answer).map_err(nonsense)?;
    if reply.answers.len() != runs.len() {
        return Err(End::Nonsense("as many answers as runs were expected".to_owned()));
    }
    trip.file(&reply.statements)?;
    Ok(reply)
}

fn not_taken(trip: &mut Trip<'_>, carried: &Carried, seq: u64, why: Why) {
    trip.outcome.tell(Trouble::NotTaken { journal: carried.known.journal, seq, why, successor: None });
}
