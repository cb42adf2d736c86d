//! What the hub has signed for and does not hold whole. A receipt says up to where nothing is lacking, so what lies just behind that place
//! lacks an attachment, which travels by itself, or its envelope: somebody carried it without, or the hub lost it. Its author offers it
//! again: whole where it is whole here, and else bare, by which the hub hears that nobody need wait for it.

use super::outcome::End;
use super::pass::{Trip, nonsense};
use crate::batch::{Limit, Run};
use crate::cbor::count;
use crate::entry::SealedEntry;
use crate::journal::{Standing, State, Wanted};
use crate::wire::codec;
use crate::wire::messages::PushReply;

/// Offers of one journal in one pass.
const OFFERS: usize = 16;
/// Entries in one of them, where they are bare: some 300 bytes each.
const BARE: Limit = Limit { items: 256, bytes: 256 * 1024 };

pub(super) fn offer(trip: &mut Trip<'_>) -> Result<(), End> {
    let status = trip.status()?;
    let lacks = |own: &&Standing| own.state != State::Forked && own.complete < own.received;
    for own in status.own.iter().filter(lacks) {
        let mut complete = own.complete;
        for _ in 0..OFFERS {
            // Once in the life of a program: a hub that goes on lacking it has been told.
            if trip.courier.offered_whole.insert(own.journal, complete) == Some(complete) {
                break;
            }
            let Some(run) = behind(trip, own, complete)? else { break };
            let body = codec::push_body(&trip.party.agency, std::slice::from_ref(&run));
            let answer = trip.road.push(&trip.seen, &body)?;
            codec::check_version(&answer).map_err(nonsense)?;
            let reply = PushReply::from_bytes(&answer).map_err(nonsense)?;
            trip.file(&reply.statements)?;
            let now = trip.status()?.own.into_iter().find(|it| it.journal == own.journal);
            let Some(moved) = now.filter(|now| now.complete > complete) else { break };
            if moved.complete >= moved.received {
                break;
            }
            complete = moved.complete;
        }
    }
    Ok(())
}

/// What lies behind the last place that is whole: bare entries as far as they follow one another, or one that is whole here, unless it waits
/// for attachments that are here as well.
fn behind(trip: &Trip<'_>, own: &Standing, complete: u64) -> Result<Option<Run>, End> {
    let wanted = Wanted::After { device: trip.party.device, journal: own.journal, seq: complete };
    let runs = trip.journal.pending(&wanted, BARE).map_err(End::Local)?;
    let Some(mut run) = runs.into_iter().find(|run| run.first == complete.saturating_add(1)) else { return Ok(None) };
    let signed = usize::try_from(own.received.saturating_sub(complete)).unwrap_or(usize::MAX);
    run.items.truncate(signed);
    let is_bare = |entry: &SealedEntry| entry.envelope.is_none();
    let bare = run.items.iter().take_while(|item| item.entry().is_some_and(is_bare)).count();
    let travels = |entry: &SealedEntry| {
        let here = |files: &crate::part_files::PartFiles| entry.header.parts.iter().any(|part| files.holds(part));
        trip.courier.parts.as_ref().is_some_and(here)
    };
    let waits = bare == 0 && run.entries().next().is_none_or(travels);
    run.items.truncate(bare.max(1));
    Ok(Some(run).filter(|run| !waits && count(run.items.len()) > 0))
}
