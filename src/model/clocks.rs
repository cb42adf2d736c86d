//! When entries were kept, for lists that begin with the newest: by their clocks as far as other evidence bears them out, so that a device
//! whose clock is years ahead pins nothing on top for ever (`DESIGN.md` section 4, invariant 14).

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{
    entry::Entry,
    ids::{DeviceId, JournalId},
    timeline::told,
};

/// Smaller falls are a clock that was corrected by its own means, and change no list.
const FALL_MS: i64 = 3_600_000;
/// A clock may be so far ahead of ours before its word counts for nothing.
const AHEAD_MS: i64 = 86_400_000;

/// What is known of the clocks of each journal.
#[derive(Debug, Default)]
pub struct Clocks {
    /// The last place of each journal, and what its clock said.
    last: HashMap<(DeviceId, JournalId), (u64, i64), RandomState>,
    /// Where a journal's clock fell: nothing before that place was kept later.
    falls: HashMap<(DeviceId, JournalId), Vec<(u64, i64)>, RandomState>,
    /// The newest hub time that any entry had seen.
    hub: i64,
}

impl Clocks {
    /// Takes note of an entry. Whether earlier ones of its journal turn out to be older than their clock said.
    pub fn note(&mut self, entry: &Entry) -> bool {
        self.hub = entry.times.hub_ms.unwrap_or(0).max(self.hub);
        let (journal, at) = ((entry.author.device, entry.author.journal), (entry.author.seq, told(&entry.times)));
        let last = self.last.entry(journal).or_insert(at);
        let (before, after) = if at.0 < last.0 { (at, *last) } else { (*last, at) };
        *last = after;
        let fell = before.1.saturating_sub(after.1) > FALL_MS;
        if !fell {
            return false;
        }
        let falls = self.falls.entry(journal).or_default();
        let new = !falls.contains(&after);
        if new {
            falls.push(after);
        }
        new
    }

    /// When an entry was kept, Unix milliseconds, as far as can be said at this time: not after what its journal kept later, and never
    /// in the future. Where its clock is more than a day ahead, what the hub had said to its device counts alone.
    pub fn kept(&self, entry: &Entry, now: i64) -> i64 {
        let falls = self.falls.get(&(entry.author.device, entry.author.journal));
        let later = falls.into_iter().flatten().filter(|(seq, _)| *seq > entry.author.seq).map(|(_, told)| *told);
        let said = later.fold(told(&entry.times), i64::min);
        let now = now.max(self.hub);
        if said > now.saturating_add(AHEAD_MS) { entry.times.hub_ms.unwrap_or(0) } else { said.min(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Author, CaseId, Content, EntryId, Moment, Other, Times};

    const DAY: i64 = 86_400_000;
    const NOW: i64 = 1_795_000_000_000;

    fn entry(device: u8, seq: u64, clock: i64, hub_ms: Option<i64>) -> Entry {
        Entry {
            id: EntryId::from_bytes([device; 16]),
            case: CaseId::from_bytes([1; 16]),
            author: Author { device: DeviceId::from_bytes([device; 32]), journal: JournalId::from_bytes([1; 16]), seq },
            times: Times { device: Moment::pkt(clock), boot_ms: 0, hub_ms },
            source: None,
            ties: None,
            parts: Box::default(),
            content: Content::Other(Other { kind: "later".into(), json: "{}".into() }),
        }
    }

    #[test]
    fn a_clock_that_is_years_ahead_counts_for_nothing_and_what_the_hub_had_said_does() {
        let (fast, alone) = (entry(1, 1, NOW + 3_650 * DAY, Some(NOW - 5 * DAY)), entry(2, 1, NOW + 3_650 * DAY, None));
        let mut clocks = Clocks::default();
        assert!(!clocks.note(&fast) && !clocks.note(&alone));
        assert_eq!((clocks.kept(&fast, NOW), clocks.kept(&alone, NOW)), (NOW - 5 * DAY, 0));
        let soon = entry(3, 1, NOW + DAY / 2, None);
        assert_eq!(clocks.kept(&soon, NOW), NOW, "half a day ahead is now");
        let slow = entry(4, 1, NOW - 3_650 * DAY, Some(NOW - 1));
        assert_eq!(clocks.kept(&slow, NOW), NOW - 1, "and a clock that is slow is mended");
    }

    #[test]
    fn what_a_journal_kept_later_bounds_what_it_kept_before_whatever_arrives_first() {
        let (fast, right) = (entry(1, 1, NOW + DAY / 2, None), entry(1, 2, NOW - 9 * DAY, None));
        for order in [[&fast, &right], [&right, &fast]] {
            let mut clocks = Clocks::default();
            let fell: Vec<bool> = order.iter().map(|entry| clocks.note(entry)).collect();
            assert_eq!(fell, [false, true]);
            assert_eq!((clocks.kept(&fast, NOW), clocks.kept(&right, NOW)), (NOW - 9 * DAY, NOW - 9 * DAY));
        }
    }
}
