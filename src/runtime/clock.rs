//! The app's only clock. Everything else takes time as an argument.

#![expect(clippy::disallowed_methods, reason = "the one file of the app that asks the clock")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::Moment;

/// Milliseconds since 1970 UTC by the machine's wall clock, which anybody can set: evidence, never order.
pub fn unix_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// Seconds since 1970 UTC; 0 for a clock set before.
pub fn unix_seconds() -> u64 {
    u64::try_from(unix_ms() / 1000).unwrap_or(0)
}

/// The wall clock, noted in Pakistan Standard Time.
pub fn now() -> Moment {
    Moment::pkt(unix_ms())
}

/// For measuring and for waiting: never goes back, stands still in suspend.
pub fn instant() -> Instant {
    Instant::now()
}

/// How long until the wall clock shows its next full minute.
pub fn until_next_minute() -> Duration {
    let into = u64::try_from(unix_ms().rem_euclid(60_000)).unwrap_or(0);
    Duration::from_millis(60_000 - into)
}

/// Milliseconds since the machine started, suspend included; no one can set it.
#[cfg(target_os = "linux")]
pub fn boot_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000)
}

/// Milliseconds since the program started: the nearest that is portable.
#[cfg(not(target_os = "linux"))]
pub fn boot_ms() -> u64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(Instant::now);
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_minute_is_never_more_than_a_minute_away() {
        let wait = until_next_minute();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60));
    }

    #[test]
    fn the_boot_clock_never_goes_back() {
        let first = boot_ms();
        assert!(boot_ms() >= first && first > 0);
    }
}
