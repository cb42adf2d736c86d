//! The hub's only clock. Everything else is handed the time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC. A clock before 1970 or past the year 292 million reads as the nearest of those.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this file owns the hub's clock")]
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
