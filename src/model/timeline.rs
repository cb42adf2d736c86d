//! In which order the entries of a case are shown. What one device kept stands in the order in which it was kept, whatever its
//! clock said; between devices clocks are evidence, corrected by what each device could not have known earlier or kept later
//! (`DESIGN.md` section 4, invariant 14).

use std::collections::HashMap;

use super::{
    entry::{Author, Entry, Times},
    ids::{DeviceId, JournalId},
};

/// Puts entries in the order in which they are shown. The same entries have one order, however they came.
///
/// When an entry was kept is judged so, in Unix milliseconds: not before the newest hub time that its device had seen, which mends a
/// clock that is slow; and not after anything that the same journal kept later, which mends one that was fast and put right.
pub fn put_in_order(entries: &mut [&Entry]) {
    entries.sort_unstable_by_key(|entry| (entry.author, entry.id));
    let mut soonest: HashMap<(DeviceId, JournalId), i64> = HashMap::new();
    let mut kept: HashMap<Author, i64> = HashMap::with_capacity(entries.len());
    for entry in entries.iter().rev() {
        let soonest = soonest.entry((entry.author.device, entry.author.journal)).or_insert(i64::MAX);
        *soonest = told(&entry.times).min(*soonest);
        kept.insert(entry.author, *soonest);
    }
    // Stable, and sorted by author before: what ties keeps the order of its journal.
    entries.sort_by_key(|entry| kept.get(&entry.author).copied());
}

/// What a clock said, and no earlier than the hub had said before.
pub(super) fn told(times: &Times) -> i64 {
    times.hub_ms.map_or(times.device.unix_ms, |hub| times.device.unix_ms.max(hub))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Times, specimen};

    const YEAR: i64 = 365 * 86_400_000;
    /// The true time of the first entry.
    const TODAY: i64 = 1_795_000_000_000;

    fn entry(device: u8, seq: u64, clock: i64, hub_ms: Option<i64>) -> Entry {
        let id = device.wrapping_mul(31).wrapping_add(u8::try_from(seq).unwrap_or(u8::MAX));
        let times = Times { hub_ms, ..specimen::at(clock) };
        Entry { author: specimen::author(device, seq), times, ..specimen::entry(id, 1, specimen::later()) }
    }

    /// (device, number) in the order shown.
    fn shown(entries: &[Entry]) -> Vec<(u8, u64)> {
        let mut order: Vec<&Entry> = entries.iter().collect();
        put_in_order(&mut order);
        order.iter().map(|entry| (entry.author.device.as_bytes()[0], entry.author.seq)).collect()
    }

    #[test]
    fn a_clock_that_goes_wrong_in_the_middle_does_not_turn_a_story_around() {
        let story = [entry(1, 1, TODAY, None), entry(1, 2, TODAY - 7 * YEAR, None), entry(1, 3, TODAY + 5, None)];
        assert_eq!(shown(&story), [(1, 1), (1, 2), (1, 3)]);
    }

    #[test]
    fn a_slow_clock_is_mended_by_the_hub_time_that_its_device_had_seen() {
        let story =
            [entry(1, 1, TODAY, None), entry(2, 1, TODAY - 7 * YEAR, Some(TODAY + 1)), entry(1, 2, TODAY + 2, None)];
        assert_eq!(shown(&story), [(1, 1), (2, 1), (1, 2)]);
    }

    #[test]
    fn a_fast_clock_that_was_put_right_does_not_hold_later_entries_back() {
        let story = [entry(1, 1, TODAY + 10 * YEAR, None), entry(1, 2, TODAY, None), entry(2, 1, TODAY + 1, None)];
        assert_eq!(shown(&story), [(1, 1), (1, 2), (2, 1)]);
    }

    proptest! {
        #[test]
        fn a_journal_keeps_its_order_and_arrival_changes_nothing(
            clocks in proptest::collection::vec((0..3_u8, any::<i64>(), proptest::option::of(any::<i64>())), 1..24),
            turn in 0..24_usize,
        ) {
            let mut next = [0_u64; 3];
            let mut story: Vec<Entry> = clocks.iter().map(|(device, clock, hub)| {
                let seq = &mut next[usize::from(*device)];
                *seq += 1;
                entry(*device, *seq, *clock, *hub)
            }).collect();
            let order = shown(&story);
            for device in 0..3 {
                let numbers: Vec<u64> = order.iter().filter(|(of, _)| *of == device).map(|(_, seq)| *seq).collect();
                prop_assert!(numbers.is_sorted(), "device {}: {:?}", device, numbers);
            }
            let at = turn % story.len();
            story.rotate_left(at);
            prop_assert_eq!(shown(&story), order);
        }
    }
}
