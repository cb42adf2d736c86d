//! Entries that arrived damaged. Each is set aside and its place held by the hash alone; here it is asked for until it comes whole,
//! by this road or another: with the next pass, then ever more rarely, so that a hub whose own copy is broken costs next to nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::End;
use super::pass::Trip;
use crate::batch::{VerifiedRun, Why};
use crate::entry::{EntryRef, SealedEntry};
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

/// Journals whose newest entries came damaged: nothing behind them vouches for their place, so they are not even held by their hash, and
/// each pull would bring them again. They are asked for as rarely as other places; but what is kept behind them is not held up.
#[derive(Debug, Default)]
pub(super) struct Tails {
    /// The last number of each.
    ends: BTreeMap<Place, u64>,
    /// Those that were asked for again in this pass because something stands behind them. Once: a hub could go on like that for ever.
    again: BTreeSet<Place>,
    /// Whether one of them is still to be asked for.
    due: bool,
}

impl Tails {
    /// Notes what a run was cut before beyond the head that is held, if bytes are to blame: a newer roster makes no better ones of them.
    pub(super) fn note(&mut self, verified: &VerifiedRun, (head, last): (u64, u64), refused: &[(Why, SealedEntry)]) {
        let run = verified.run();
        let of_bytes = |why: Why| matches!(why, Why::BadSignature | Why::RosterFell | Why::OtherCase);
        let cut = refused.iter().filter(|(_, entry)| entry.header.seq > run.last());
        if head < last && run.last() < last && cut.clone().count() > 0 && cut.clone().all(|(why, _)| of_bytes(*why)) {
            self.ends.insert((run.device, run.journal), last);
        }
    }

    /// Whether none came damaged at its end.
    pub(super) fn are_whole(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets a journal that has come further.
    pub(super) fn passed(&mut self, patience: &mut Patience, place: &Place, upto: u64) {
        if let Some(last) = self.ends.get(place).copied().filter(|last| *last <= upto) {
            self.ends.remove(place);
            patience.0.remove(&end(place, last));
        }
    }

    /// Whether a journal is to be asked for again now: something stands behind its damaged end, which is then vouched for.
    pub(super) fn is_followed(&mut self, place: &Place) -> bool {
        let now = self.ends.contains_key(place) && self.again.insert(*place);
        self.due |= now;
        now
    }

    /// Something else is to be asked for again in this pass.
    pub(super) fn ask_again(&mut self) {
        self.due = true;
    }

    /// Whether a journal of which [`Tails::is_followed`] said so is still to be asked for.
    pub(super) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.due)
    }

    /// Journals whose damaged end is not asked for in this pass, and its last number.
    pub(super) fn resting(&mut self, patience: &mut Patience) -> BTreeMap<Place, u64> {
        (self.again, self.due) = (BTreeSet::new(), false);
        let rests = |(place, last): &(&Place, &u64)| !patience.is_due(end(place, **last));
        self.ends.iter().filter(rests).map(|(place, last)| (*place, *last)).collect()
    }
}

fn end((device, journal): &Place, seq: u64) -> EntryRef {
    EntryRef { device: *device, journal: *journal, seq }
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

/// What was set aside is filed before it is noted that it is to be asked for. A program that was killed in between, or whose disk was full,
/// has noted nothing, and what came after it stands on a hash that nobody would ever fill: so whoever starts looks once.
pub(super) fn catch_up(trip: &mut Trip<'_>) -> Result<(), End> {
    if trip.courier.noted {
        return Ok(());
    }
    let aside = trip.journal.quarantined().map_err(End::Local)?;
    remember(trip, &aside)?.write(trip.journal).map_err(End::Local)?;
    trip.courier.noted = true;
    Ok(())
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
