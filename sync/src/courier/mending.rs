//! Entries that arrived damaged. Each is set aside and its place held by the hash alone; here it is asked for until it comes whole,
//! by this road or another: with the next pass, then ever more rarely, so that a hub whose own copy is broken costs next to nothing.

use std::collections::BTreeMap;

use super::outcome::End;
use super::pass::Trip;
use crate::batch::Why;
use crate::entry::EntryRef;
use crate::journal::{Quarantined, stands_whole};
use crate::road::{Place, Road, Rows, damaged_at, damaged_row};
use crate::wire::limits::{MAX_AGAIN, MAX_DAMAGED};

/// How often each place has been asked for in vain, and how many passes still go by without asking. Lost with the program: a
/// program that starts asks at once.
#[derive(Debug, Default)]
pub(super) struct Patience(BTreeMap<EntryRef, (u32, u64)>);

/// After so many vain requests the wait grows no more: one in 64 passes asks.
const LONGEST: u32 = 6;

impl Patience {
    /// Whether a place is asked for in this pass.
    fn is_due(&mut self, at: EntryRef) -> bool {
        let (asked, wait) = self.0.entry(at).or_default();
        if let Some(less) = wait.checked_sub(1) {
            *wait = less;
            return false;
        }
        *asked = asked.saturating_add(1).min(LONGEST);
        *wait = (1_u64 << *asked).saturating_sub(1);
        true
    }
}

/// Places to ask for in this pass; those that have come whole meanwhile, perhaps on a stick, are struck off.
pub(super) fn due(trip: &mut Trip<'_>, road: &Road) -> Result<Vec<EntryRef>, End> {
    let mut asked = Vec::new();
    let mut done = Rows::default();
    for at in &road.damaged {
        if stands_whole(trip.journal, at).map_err(End::Local)? {
            trip.courier.patience.0.remove(at);
            done.take.push(damaged_at(at));
        } else if trip.courier.patience.is_due(*at) {
            asked.push(*at);
        }
    }
    done.write(trip.journal).map_err(End::Local)?;
    Ok(asked)
}

/// From where on bare hashes that a stick brought are asked for in this pass. A hub that was restored may lack them still.
pub(super) fn bare(trip: &mut Trip<'_>, road: &Road) -> BTreeMap<Place, u64> {
    let patience = &mut trip.courier.patience;
    let due = road.again.iter().take(MAX_AGAIN).filter(|((device, journal), seq, _)| {
        patience.is_due(EntryRef { device: *device, journal: *journal, seq: *seq })
    });
    due.map(|(place, from, _)| (*place, *from)).collect()
}

/// Strikes off what came whole when it was asked for.
pub(super) fn settle(trip: &mut Trip<'_>, asked: &[EntryRef]) -> Result<Rows, End> {
    let mut done = Rows::default();
    for at in asked {
        if stands_whole(trip.journal, at).map_err(End::Local)? {
            trip.courier.patience.0.remove(at);
            done.take.push(damaged_at(at));
        }
    }
    Ok(done)
}

/// Remembers the places at which an entry came damaged and is held by its hash. Where nothing behind it vouches for its place the
/// journal ends before it, and the next pass asks for what follows anyway.
pub(super) fn remember(trip: &Trip<'_>, aside: &[Quarantined]) -> Result<Rows, End> {
    let mut found = Rows::default();
    let broken = aside.iter().filter(|bad| bad.why == Why::BadSignature).map(|bad| bad.entry);
    let mut broken = broken.peekable();
    if broken.peek().is_none() {
        return Ok(found);
    }
    let known = Road::carrying(trip.journal).map_err(End::Local)?.damaged;
    for at in broken.filter(|at| !known.contains(at)) {
        if known.len().saturating_add(found.put.len()) >= MAX_DAMAGED {
            break;
        }
        let reaches = trip.known(&(at.device, at.journal))?.is_some_and(|known| known.head.seq >= at.seq);
        if reaches && !stands_whole(trip.journal, &at).map_err(End::Local)? {
            found.put.push(damaged_row(&at));
        }
    }
    Ok(found)
}
