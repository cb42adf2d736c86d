//! When to try again, as arithmetic: the clock and the sleeping are the caller's.

use super::End;

/// The first wait after a link on which nothing moved, in milliseconds. A field laptop is without a link most of the time, and each try
/// wakes it: the waits double, so that a day without one costs a hundred tries; what is kept meanwhile is offered at once, and *sync*
/// asks at once.
const FIRST_MS: u64 = 15_000;
/// The wait after a link that broke in the middle of its work, in milliseconds: on a link that is cut every half minute a longer one
/// would cost more than the cut.
const RESUME_MS: u64 = 2_000;
/// No wait is longer.
const LONGEST_MS: u64 = 15 * 60 * 1000;
/// The least after *busy*, whatever the hub says.
const LEAST_BUSY_MS: u64 = 30_000;
/// The least after an answer that made no sense: asking faster does not mend a proxy.
const NONSENSE_MS: u64 = 120_000;

/// Milliseconds until the next try, and after *busy* never less than the hub asked for, unless it asks for more than a quarter of an hour:
/// a hub that could silence a province for a year is not obeyed. `None` when trying again by itself is of no use. `attempts` counts passes in
/// a row that failed and moved nothing ([`super::Outcome::moved`]), 0 after one that did; `seed` is any number that differs between devices, so that a whole province does not return in one second after an
/// outage.
#[must_use]
pub fn next_try(end: &End, attempts: u32, seed: u64) -> Option<u64> {
    let doubled = match attempts.checked_sub(1) {
        None => RESUME_MS,
        Some(earlier) => FIRST_MS.saturating_mul(1_u64.checked_shl(earlier).unwrap_or(u64::MAX)),
    };
    let wait = match end {
        End::Done | End::Refused(_) | End::Local(_) => return None,
        End::Unreachable(_) => doubled,
        End::Busy(seconds) | End::Full(seconds) => return Some(busy(*seconds, attempts, seed)),
        End::Nonsense(_) => doubled.max(NONSENSE_MS),
    };
    let wait = wait.min(LONGEST_MS);
    // Half of it is certain, the other half is spread.
    let spread = mixed(seed.wrapping_add(u64::from(attempts)));
    Some(wait / 2 + spread % (wait / 2 + 1))
}

/// What the hub asked for is certain; on top of it comes as much again for everybody else who was told the same.
fn busy(seconds: u64, attempts: u32, seed: u64) -> u64 {
    let asked = seconds.saturating_mul(1_000).clamp(LEAST_BUSY_MS, LONGEST_MS);
    asked + mixed(seed.wrapping_add(u64::from(attempts))) % (asked / 2 + 1)
}

/// SplitMix64's finisher: neighbouring seeds land far apart.
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Refusal, RefusalReason};

    #[test]
    fn waits_grow_are_bounded_and_differ_between_devices() {
        let lost = End::Unreachable(String::new());
        for attempts in 1..80 {
            let wait = next_try(&lost, attempts, 7).unwrap();
            assert!(wait <= LONGEST_MS, "{attempts}: {wait}");
            assert!(wait >= (FIRST_MS << (attempts - 1).min(9)).min(LONGEST_MS) / 2, "{attempts}: {wait}");
        }
        let waits: std::collections::BTreeSet<_> = (0..100).filter_map(|seed| next_try(&lost, 5, seed)).collect();
        assert!(waits.len() > 95, "a hundred devices do not return together");
    }

    #[test]
    fn work_that_was_cut_off_goes_on_at_once_and_a_hub_that_talks_nonsense_is_still_asked_rarely() {
        for seed in 0..200 {
            let wait = next_try(&End::Unreachable(String::new()), 0, seed).unwrap();
            assert!((RESUME_MS / 2..=RESUME_MS).contains(&wait), "{wait}");
            assert!(next_try(&End::Nonsense(String::new()), 0, seed).unwrap() >= NONSENSE_MS / 2);
            assert!(next_try(&End::Busy(10), 0, seed).unwrap() >= LEAST_BUSY_MS);
        }
    }

    #[test]
    fn a_no_is_not_asked_again() {
        let refusal = Refusal { reason: RefusalReason::UnknownDevice, sentence: String::new(), request: String::new() };
        assert_eq!(next_try(&End::Refused(refusal), 1, 0), None);
        assert_eq!(next_try(&End::Done, 1, 0), None);
        assert!(next_try(&End::Nonsense(String::new()), 1, 0).unwrap() >= 30_000);
    }

    #[test]
    fn a_busy_hub_is_obeyed_and_one_that_asks_for_a_year_is_not() {
        for seed in 0..200 {
            for (asked, least) in [(0, 30_000), (1, 30_000), (60, 60_000), (600, 600_000)] {
                let wait = next_try(&End::Busy(asked), 1, seed).unwrap();
                assert!((least..=least + least / 2).contains(&wait), "{asked} s asked, {wait} ms waited");
            }
            for hostile in [86_400, u64::MAX] {
                assert!(next_try(&End::Busy(hostile), 7, seed).unwrap() <= LONGEST_MS * 3 / 2);
            }
        }
        let waits: std::collections::BTreeSet<_> =
            (0..100).filter_map(|seed| next_try(&End::Busy(60), 1, seed)).collect();
        assert!(waits.len() > 95, "those who were told the same do not come back together");
    }
}
