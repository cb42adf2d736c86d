//! Where the reseals stand that have attachments before them (`keys/FORMATS.md` section 10). A journal is looked through for them once, from its
//! beginning when they are first asked for, and from then on what has come since: not for each attachment that somebody opens.

use std::{
    collections::HashMap,
    sync::{MutexGuard, PoisonError},
};

use amanat_sync::{
    entry::{Change, EntryRef, Kind, SealedEntry},
    journal::Journal as _,
};

use super::stand_ins::{Place, holding};
use crate::{
    failure::Failure,
    runtime::{fault, homes::home::Home},
};

/// What was seen of them so far.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Carried {
    /// Reseals directly behind an entry that lists attachments, by what they stand in for.
    of: HashMap<EntryRef, Vec<EntryRef>>,
    /// How far each journal was looked through.
    up_to: HashMap<Place, Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    seq: u64,
    /// The newest that lists attachments.
    listing: Option<u64>,
}

impl Carried {
    fn see(&mut self, entry: &SealedEntry, seen: &mut Seen) {
        let header = &entry.header;
        let behind_one = header.seq > 1 && seen.listing == Some(header.seq - 1);
        seen.seq = header.seq;
        if header.kind == Kind::Sealed && !header.parts.is_empty() {
            seen.listing = Some(header.seq);
        }
        let target = holding(header).filter(|target| behind_one && target.change == Change::Reseal);
        if let Some(target) = target {
            self.of.entry(target.entry).or_default().push(entry.at());
        }
    }
}

impl Home {
    /// The reseals of an entry that count and may have its attachments before them, each before those that replace it.
    pub(super) fn carried_reseals_of(&self, target: &SealedEntry) -> Result<Vec<SealedEntry>, Failure> {
        let places = self.carried()?.of.get(&target.at()).cloned().unwrap_or_default();
        let (hash, stood, mut found) = (target.hash(), self.stood(), Vec::with_capacity(places.len()));
        for at in places {
            let reseal = self.header_at(&at)?.filter(|reseal| stood(&reseal.header));
            found.extend(reseal.filter(|reseal| holding(&reseal.header).is_some_and(|it| it.hash == hash)));
        }
        Ok(oldest_first(found))
    }

    /// What is known of them, of all that is in the journals now.
    fn carried(&self) -> Result<MutexGuard<'_, Carried>, Failure> {
        let heads = self.journal.heads().map_err(|error| fault::sync("reading the journal", &error))?;
        let mut carried = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        for known in heads {
            let place = (known.device, known.journal);
            let mut seen = carried.up_to.get(&place).copied().unwrap_or_default();
            let may = known.device == self.device() || self.tenure().is_custodian(&known.device);
            if !may || seen.seq >= known.head.seq {
                continue;
            }
            let looked = self.each_held(place, seen.seq, |entries| {
                entries.iter().for_each(|entry| carried.see(entry, &mut seen));
                Ok(())
            });
            // Also where a row stopped it: what was seen before that is not seen twice.
            carried.up_to.insert(place, seen);
            looked?;
        }
        Ok(carried)
    }
}

fn oldest_first(mut reseals: Vec<SealedEntry>) -> Vec<SealedEntry> {
    let replaces = |it: &SealedEntry| it.header.target.and_then(|target| target.replaces);
    let older: HashMap<_, _> = reseals.iter().map(|it| (it.hash(), replaces(it))).collect();
    reseals.sort_by_cached_key(|it| {
        let before = |hash: &_| older.get(hash).copied().flatten().filter(|hash| older.contains_key(hash));
        std::iter::successors(Some(it.hash()), before).count()
    });
    reseals
}
