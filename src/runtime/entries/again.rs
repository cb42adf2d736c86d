//! What a fork left behind is kept again: opened, and sealed anew in the journal that goes on (`FORMATS.md` section 2).
//!
//! What has to be done is read from the journal and not only from the pass that found the fork out, and that it was done is
//! written in the same transaction: a program killed in between does it with the next pass, and never twice.

use std::collections::HashMap;

use amanat_keys::fingerprint::{DeviceId, JournalId};
use amanat_sync::{
    batch::Limit,
    chain,
    courier::{Outcome, Trouble},
    entry::{EntryRef, Kind, SealedEntry},
    journal::{Journal as _, Standing, State, Wanted},
};

use super::{
    opening::Opener,
    ring::Purpose,
    sealing::{Again, Piece},
};
use crate::{
    failure::Failure,
    model::{After, Entry, EntryId, HeaderHash, Link},
    runtime::{
        border::entry_id,
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

const DOING: &str = "keeping again what a fork left behind";

/// What was kept again.
#[derive(Debug, Default)]
pub(in crate::runtime) struct KeptAgain {
    /// As they stand now.
    pub entries: Vec<Entry>,
    /// How many there were.
    pub count: u64,
    /// What this device cannot open (it only writes): it stays where it was.
    pub closed: u64,
}

impl Home {
    /// Keeps again what stands behind a fork, or behind an entry that the hub will never take.
    ///
    /// # Errors
    /// What the journal refuses; nothing of a journal has been kept again then.
    pub(in crate::runtime) fn keep_again(&mut self, outcome: &Outcome) -> Result<KeptAgain, Failure> {
        let mut kept = KeptAgain::default();
        for standing in self.status()?.own {
            let Some((first, last)) = self.left_behind(&standing, &outcome.trouble)? else { continue };
            let losing = self.own_entries(&standing.journal, first, last)?;
            let text = |entry: &&SealedEntry| entry.header.kind == Kind::Sealed && entry.envelope.is_some();
            let texts = losing.iter().filter(text).count();
            let pieces = self.pieces(losing);
            kept.closed = kept.closed.saturating_add(count(texts.saturating_sub(pieces.len())));
            kept.count = kept.count.saturating_add(count(pieces.len()));
            let mark = Mark::Again(&standing.journal, last).row();
            if pieces.is_empty() {
                self.journal.shelve(&[mark], &[]).map_err(|error| fault::sync(DOING, &error))?;
            } else {
                kept.entries.extend(self.keep_pieces(pieces, Some(mark))?);
            }
        }
        self.learn(&kept.entries);
        Ok(kept)
    }

    /// First and last number of a journal that nobody else will ever have.
    pub(in crate::runtime) fn left_behind(
        &self,
        standing: &Standing,
        trouble: &[Trouble],
    ) -> Result<Option<(u64, u64)>, Failure> {
        let told = trouble.iter().find_map(|trouble| match trouble {
            Trouble::Fork { journal, .. } if *journal == standing.journal => Some(standing.received.saturating_add(1)),
            Trouble::NotTaken { journal, seq, successor: Some(_), .. } if *journal == standing.journal => Some(*seq),
            _ => None,
        });
        // The hub's word on where two histories part may be any number at which they differ; what it signed for decides.
        let (first, last) = match (standing.state, told) {
            (State::Forked, _) => (standing.received.saturating_add(1), standing.kept.seq),
            // Above what this home had written stands what the hub gave back, which it has.
            (_, Some(first)) => (first, standing.kept.seq.min(self.heads.seen(&standing.journal).unwrap_or(0))),
            (_, None) => return Ok(None),
        };
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        let first = first.max(marks::again(&marks, &standing.journal).saturating_add(1));
        Ok((first <= last).then_some((first, last)))
    }

    fn own_entries(&self, journal: &JournalId, first: u64, last: u64) -> Result<Vec<SealedEntry>, Failure> {
        let mut entries = Vec::new();
        let mut seq = first.saturating_sub(1);
        while seq < last {
            let wanted = Wanted::After { device: self.device(), journal: *journal, seq };
            let runs = self.journal.pending(&wanted, Limit::BODY).map_err(|error| fault::sync(DOING, &error))?;
            let before = seq;
            for run in runs.iter().filter(|run| !run.items.is_empty()) {
                seq = seq.max(run.last());
                entries.extend(run.entries().filter(|entry| entry.header.seq <= last).cloned());
            }
            if seq == before {
                break;
            }
        }
        Ok(entries)
    }

    /// What these entries say, to be kept once more.
    pub(in crate::runtime) fn pieces(&self, losing: Vec<SealedEntry>) -> Vec<Piece> {
        // Each under the key that it had: what was under the case's second key does not slip out of it.
        let facts: HashMap<EntryId, (HeaderHash, Purpose, EntryRef)> = losing
            .iter()
            .map(|entry| {
                let slip = EntryRef { seq: entry.header.key, ..entry.at() };
                let hash = entry.hash();
                let purpose = self.ring.purpose(&slip).unwrap_or(Purpose::Content);
                (entry_id(&hash), (HeaderHash::from_bytes(*hash.as_bytes()), purpose, slip))
            })
            .collect();
        let identities = self.identities();
        let opened = Opener::new(&self.ring, &identities, true).open(losing).entries;
        let piece = |entry: Entry| {
            let (was, purpose, slip) = *facts.get(&entry.id)?;
            let attached = self.sealed_again(&entry, &slip);
            Some(Piece {
                case: entry.case.into(),
                purpose,
                content: entry.content,
                source: entry.source,
                again: Some(Again { was, times: entry.times }),
                attached,
            })
        };
        opened.into_iter().filter_map(piece).collect()
    }

    /// The journal that a new one of this device goes on from, and its last place on which everybody agrees.
    pub(super) fn goes_on_from(&self, journal: &JournalId) -> Result<Option<After>, Failure> {
        let own = self.status()?.own;
        let Some(new) = own.iter().find(|own| own.journal == *journal) else { return Ok(None) };
        let before = own.iter().take_while(|own| own.journal != *journal).filter(|own| own.line == new.line).last();
        let Some(old) = before else { return Ok(None) };
        let (seq, link) = if old.state == State::Forked {
            let none = chain::link0(&self.agency()?, &self.device(), &old.journal);
            (old.received, old.received_link.unwrap_or(none))
        } else {
            (old.kept.seq, old.kept.link)
        };
        Ok(Some(After { journal: old.journal.into(), seq, link: Link::from_bytes(*link.as_bytes()) }))
    }

    /// The id under which an entry of ours was kept again last.
    pub(in crate::runtime) fn newest_id(&self, id: &EntryId) -> Option<EntryId> {
        newest_id(&self.again, id)
    }
}

/// Follows an id to the entry that stands for it now.
pub(in crate::runtime) fn newest_id(again: &HashMap<EntryId, EntryId>, id: &EntryId) -> Option<EntryId> {
    let mut newest = again.get(id)?;
    // An id is a hash over what is inside, so there is no way round in a circle.
    while let Some(newer) = again.get(newest) {
        newest = newer;
    }
    Some(*newest)
}

/// Which of these this device kept again, and as what. What others say so of their own entries changes nothing that is written here:
/// a word that this device signs must mean what its person saw.
pub(in crate::runtime) fn copies(entries: &[Entry], me: DeviceId) -> impl Iterator<Item = (EntryId, EntryId)> {
    let mine = entries.iter().filter(move |entry| DeviceId::from_bytes(*entry.author.device.as_bytes()) == me);
    mine.filter_map(|entry| Some((repeats(entry)?, entry.id)))
}

/// The entry that this one says it is once more.
pub(in crate::runtime) fn repeats(entry: &Entry) -> Option<EntryId> {
    Some(entry.ties.as_ref()?.was?.id())
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ties, specimen};

    fn copy(device: u8, was: HeaderHash, id: u8) -> Entry {
        let ties = Some(Box::new(Ties { was: Some(was), after: None }));
        Entry { author: specimen::author(device, 1), ties, ..specimen::entry(id, 1, specimen::later()) }
    }

    /// Else whoever names another's entry as its own would have a supervisor's word on that entry signed as a word on theirs.
    #[test]
    fn only_this_device_says_what_its_own_words_mean() {
        let was = HeaderHash::from_bytes([5; 32]);
        let mine = copies(&[copy(1, was, 9), copy(2, was, 8)], DeviceId::from_bytes([1; 32])).collect::<Vec<_>>();
        assert_eq!(mine, [(was.id(), EntryId::from_bytes([9; 16]))]);
    }
}
