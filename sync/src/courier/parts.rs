//! Attachments, behind everything else: piece by piece, and before each piece whatever entry was kept meanwhile. A pass carries so
//! many pieces each way and ends; the next one goes on from the byte at which the hub, or this disk, stands.

use super::outcome::{End, Trouble};
use super::pass::{Trip, nonsense};
use super::push;
use crate::batch::{Limit, Run};
use crate::cbor::count;
use crate::entry::Part;
use crate::error::SyncError;
use crate::journal::{Standing, State, Wanted};
use crate::part_files::{PartFiles, Wish};
use crate::road::{Road, Rows, part_row_at};
use crate::wire::codec;
use crate::wire::limits::{MAX_PART_PIECE, MAX_PARTS_ASKED};
use crate::wire::parts::{PartAt, PartState, PartsCall, PartsReply, PartsRequest};

/// Pieces that one pass carries each way: papers and what others wrote are looked for between passes.
const PIECES: usize = 16;
/// A piece is at least so large, however slow the link: below, the request around it would weigh too much.
const LEAST: usize = 16 * 1024;
/// Entries that are looked through at a time for attachments.
const PAGE: Limit = Limit { items: 1024, bytes: 4 * 1024 * 1024 };

/// An attachment on its way, and how large it is.
#[derive(Clone, Copy)]
struct Load {
    at: PartAt,
    size: u64,
}

pub(super) fn carry(trip: &mut Trip<'_>) -> Result<(), End> {
    let Some(files) = trip.courier.parts.clone() else { return Ok(()) };
    match up(trip, &files) {
        Ok(()) => down(trip, &files),
        // What the hub does not take now says nothing of what it gives.
        Err(end @ (End::Busy(_) | End::Full(_) | End::Refused(_))) => {
            trip.full = matches!(end, End::Full(_));
            let _second = down(trip, &files);
            Err(end)
        }
        Err(end) => Err(end),
    }
}

/// Fetches alone, where the hub takes nothing.
pub(super) fn fetch_asked(trip: &mut Trip<'_>) -> Result<(), End> {
    trip.courier.parts.clone().map_or(Ok(()), |files| down(trip, &files))
}

/// Brings what the hub has an entry for and no attachment.
fn up(trip: &mut Trip<'_>, files: &PartFiles) -> Result<(), End> {
    let mut loads = unfinished(trip, files)?;
    let own = loads.len();
    loads.extend(carried(trip, files)?);
    let carried: Vec<Load> = loads.iter().skip(own).copied().collect();
    let mut done = Rows::default();
    let (mut pieces, mut waits) = (PIECES, false);
    for page in loads.chunks(MAX_PARTS_ASKED) {
        if pieces == 0 || waits {
            // Not asked about, so as far as anybody knows all of it: the next pass comes to it.
            let all = page.iter().map(|load| load.size).sum::<u64>();
            *later(trip, waits) += all;
            continue;
        }
        let states = ask(trip, page.iter().map(|load| load.at).collect())?;
        waits = states.contains(&PartState::Waits);
        for (load, state) in page.iter().zip(states) {
            let state = match state {
                // What it cannot put in its place it need not be given.
                PartState::Wanted(_) if waits => PartState::Waits,
                PartState::Wanted(from) => bring(trip, files, *load, from, &mut pieces)?,
                state => state,
            };
            if let PartState::Wanted(reached) = state {
                trip.outcome.parts.left += load.size.saturating_sub(reached);
            } else if state == PartState::Waits {
                waits = true;
                trip.outcome.parts.waits += load.size;
            } else if matches!(state, PartState::Held | PartState::Gone) && carried.iter().any(|it| it.at == load.at) {
                // The hub has it, or wants it no more: its author hears of that with a receipt.
                done.take.push(part_row_at(&load.at));
            }
        }
    }
    done.write(trip.journal).map_err(End::Local)
}

/// Where bytes are counted that do not move in this pass.
const fn later<'t>(trip: &'t mut Trip<'_>, waits: bool) -> &'t mut u64 {
    let parts = &mut trip.outcome.parts;
    if waits { &mut parts.waits } else { &mut parts.left }
}

/// Attachments of others that came by stick.
fn carried(trip: &Trip<'_>, files: &PartFiles) -> Result<Vec<Load>, End> {
    let road = Road::carrying(trip.journal).map_err(End::Local)?;
    let held = |(at, size): &(PartAt, u64)| files.holds(&Part { digest: at.digest, size: *size });
    Ok(road.parts.into_iter().filter(held).map(|(at, size)| Load { at, size }).collect())
}

/// Own attachments above the place up to which the hub has everything.
fn unfinished(trip: &mut Trip<'_>, files: &PartFiles) -> Result<Vec<Load>, End> {
    let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
    let waits = |own: &&Standing| own.state != State::Forked && own.complete < own.received;
    let mut loads = Vec::new();
    for own in status.own.iter().filter(waits) {
        let (device, journal, mut seq) = (trip.party.device, own.journal, own.complete);
        while seq < own.received {
            let runs = match trip.journal.pending(&Wanted::After { device, journal, seq }, PAGE) {
                Ok(runs) => runs,
                // A row that does not open holds up what stands behind it here, and nothing else of the pass.
                Err(SyncError::StorageDamaged(_)) => break,
                Err(fault) => return Err(End::Local(fault)),
            };
            let Some(run) = runs.first().filter(|run| !run.items.is_empty()) else { break };
            seq = run.last();
            loads.extend(listed(trip, files, run, own.received));
        }
    }
    Ok(loads)
}

/// What entries of a run list, as far as their envelope is still here: what was dropped from here by right is not wanted any more.
fn listed(trip: &mut Trip<'_>, files: &PartFiles, run: &Run, upto: u64) -> Vec<Load> {
    let mut loads = Vec::new();
    for entry in run.entries().filter(|entry| entry.envelope.is_some() && entry.header.seq <= upto) {
        for part in &entry.header.parts {
            let at = PartAt { entry: entry.at(), digest: part.digest };
            if files.holds(part) {
                loads.push(Load { at, size: part.size });
            } else {
                trip.outcome.tell(Trouble::PartLost(at));
            }
        }
    }
    loads
}

/// Brings pieces of one attachment; gives how it stands at the hub then.
fn bring(
    trip: &mut Trip<'_>,
    files: &PartFiles,
    load: Load,
    mut from: u64,
    pieces: &mut usize,
) -> Result<PartState, End> {
    while *pieces > 0 && from < load.size {
        // An entry that was kept meanwhile never waits for more than the piece that is on its way.
        push::push(trip, false)?;
        let bytes = files.piece(&load.at.digest, from, piece(trip)).map_err(End::Local)?;
        if bytes.is_empty() {
            trip.outcome.tell(Trouble::PartLost(load.at));
            return Ok(PartState::Unknown);
        }
        let brought = count(bytes.len());
        let reply = match call(trip, PartsCall::Bring(load.at, from, bytes)) {
            // Its disk has no room for attachments; entries have gone, and go on.
            Err(End::Full(_)) => return Ok(PartState::Waits),
            answered => answered?,
        };
        *pieces = pieces.saturating_sub(1);
        trip.file(&reply.statements)?;
        match one_state(&reply)? {
            state @ (PartState::Held | PartState::Gone) => {
                trip.outcome.parts.sent += brought;
                return Ok(state);
            }
            state @ (PartState::Unknown | PartState::Waits) => return Ok(state),
            PartState::Refused => return refused(trip, files, load),
            PartState::Wanted(next) if next > load.size => {
                return Err(End::Nonsense("more of an attachment is held than there is".to_owned()));
            }
            // Another program of this device, or a hub that was restored, stands elsewhere than it said: once more from there.
            PartState::Wanted(next) => {
                trip.outcome.parts.sent += next.saturating_sub(from).min(brought);
                from = next;
            }
        }
    }
    Ok(PartState::Wanted(from))
}

/// The hub had all bytes and they were not what the header names. Where ours are, they are brought again, and not at once: a hub whose
/// disk changes what it is given would be fed for ever.
fn refused(trip: &mut Trip<'_>, files: &PartFiles, load: Load) -> Result<PartState, End> {
    let ours = files.is_whole(&load.at.digest).map_err(End::Local)?;
    trip.outcome.tell(if ours { Trouble::PartNotTaken(load.at) } else { Trouble::PartLost(load.at) });
    Ok(PartState::Refused)
}

/// Fetches what somebody asked for.
fn down(trip: &mut Trip<'_>, files: &PartFiles) -> Result<(), End> {
    let wishes = files.wishes().map_err(End::Local)?;
    let (mut pieces, before) = (PIECES, trip.outcome.parts.waits);
    for page in wishes.chunks(MAX_PARTS_ASKED) {
        let waits = trip.outcome.parts.waits > before;
        if pieces == 0 || waits {
            let all = page.iter().map(|wish| still(files, wish)).sum::<u64>();
            *later(trip, waits) += all;
            continue;
        }
        let states = ask(trip, page.iter().map(|wish| wish.at).collect())?;
        for (wish, state) in page.iter().zip(states) {
            // What the place does not give once it does not give again in this pass: each try takes the hub its time.
            let state = if trip.outcome.parts.waits > before { PartState::Waits } else { state };
            grant(trip, files, *wish, state, &mut pieces)?;
        }
    }
    Ok(())
}

/// How many bytes of one are still to come.
fn still(files: &PartFiles, wish: &Wish) -> u64 {
    wish.size.saturating_sub(files.arrived(&wish.at.digest))
}

/// Does for one wish what the hub's answer allows.
fn grant(trip: &mut Trip<'_>, files: &PartFiles, wish: Wish, state: PartState, pieces: &mut usize) -> Result<(), End> {
    match state {
        PartState::Held => {
            let left = fetch(trip, files, wish, pieces)?;
            trip.outcome.parts.left += left;
        }
        // Its author's device has not brought it yet.
        PartState::Wanted(_) | PartState::Refused => {}
        PartState::Gone => {
            files.unwish(&wish.at.digest).map_err(End::Local)?;
            trip.outcome.tell(Trouble::PartUnserved(wish.at));
        }
        PartState::Unknown => trip.outcome.tell(Trouble::PartUnserved(wish.at)),
        PartState::Waits => trip.outcome.parts.waits += still(files, &wish),
    }
    Ok(())
}

/// Fetches pieces of one attachment; gives how many bytes are still to come.
fn fetch(trip: &mut Trip<'_>, files: &PartFiles, wish: Wish, pieces: &mut usize) -> Result<u64, End> {
    let Wish { at, size } = wish;
    let mut from = files.arrived(&at.digest);
    while *pieces > 0 && from < size {
        if !trip.full {
            push::push(trip, false)?;
        }
        let most = count(piece(trip)).min(size.saturating_sub(from));
        let reply = call(trip, PartsCall::Fetch(at, from, most))?;
        match one_state(&reply)? {
            PartState::Held => {}
            // The hub's books have it and its disk has not. What else is asked for does not wait for it.
            PartState::Unknown => {
                trip.outcome.tell(Trouble::PartUnserved(at));
                return Ok(0);
            }
            PartState::Waits => {
                trip.outcome.parts.waits += size.saturating_sub(from);
                return Ok(0);
            }
            // Erased meanwhile.
            PartState::Wanted(_) | PartState::Gone | PartState::Refused => return Ok(0),
        }
        if reply.bytes.is_empty() || count(reply.bytes.len()) > most {
            return Err(End::Nonsense("another piece of an attachment than was asked for".to_owned()));
        }
        // Only what came counts: many that the hub has lost leave room for those that it has.
        *pieces = pieces.saturating_sub(1);
        files.append(&at.digest, &reply.bytes).map_err(End::Local)?;
        from = from.saturating_add(count(reply.bytes.len()));
        trip.outcome.parts.fetched += count(reply.bytes.len());
    }
    if from < size {
        return Ok(size.saturating_sub(from));
    }
    if files.conclude(&at.digest).map_err(End::Local)? {
        trip.outcome.parts.arrived += 1;
    } else {
        trip.outcome.tell(Trouble::PartBroken(at));
    }
    Ok(0)
}

/// About so many bytes as the link carries in some seconds.
fn piece(trip: &Trip<'_>) -> usize {
    trip.road.room().clamp(LEAST, MAX_PART_PIECE)
}

fn ask(trip: &mut Trip<'_>, asked: Vec<PartAt>) -> Result<Vec<PartState>, End> {
    let wanted = asked.len();
    let reply = call(trip, PartsCall::Ask(asked))?;
    trip.file(&reply.statements)?;
    if reply.states.len() == wanted {
        return Ok(reply.states);
    }
    Err(End::Nonsense("as many answers as attachments were expected".to_owned()))
}

fn one_state(reply: &PartsReply) -> Result<PartState, End> {
    match reply.states.as_slice() {
        [state] => Ok(*state),
        _ => Err(End::Nonsense("one answer about one attachment was expected".to_owned())),
    }
}

fn call(trip: &mut Trip<'_>, call: PartsCall) -> Result<PartsReply, End> {
    let request = PartsRequest { agency: trip.party.agency, call };
    let answer = trip.road.parts(&trip.seen, &request.to_bytes())?;
    codec::check_version(&answer).map_err(nonsense)?;
    PartsReply::from_bytes(&answer).map_err(nonsense)
}
