//! What the hub counts while it runs, for those who watch it: numbers by route and status, and no id of anybody.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters from the start of the process on.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    /// Entries kept that were not held before.
    pub(crate) accepted: Count,
    /// Bytes of entries that were brought although they were held.
    pub(crate) again: Count,
    /// Entries given out.
    pub(crate) served: Count,
    /// Connections of strangers that were cut off to make room.
    pub(crate) cut: Count,
    /// Connections for which there was no place.
    pub(crate) sent_away: Count,
}

/// A number that rises.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// A request was answered.
    pub(crate) fn answered(&self, route: &'static str, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = answers.entry((route, status)).or_default();
        *count = count.saturating_add(1);
    }

    /// Requests by route and status.
    pub(crate) fn answers(&self) -> BTreeMap<(&'static str, u16), u64> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
