//! Pages that hold keys, kept out of swap as far as the system's limit allows.
//!
//! Where a user may lock as much as they like, all pages of the process are locked when it starts (`process`). Elsewhere, and that is what most
//! systems come with, there is room for some mebibytes: enough for the pages on which keys lie, if only those are locked. What the keys open lies
//! in ordinary memory then.

use std::{
    collections::BTreeSet,
    mem::ManuallyDrop,
    sync::{Mutex, PoisonError},
};

use amanat_keys::stretch::Stretch;

use super::process;

/// How it stands with the pages that hold keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPages {
    /// Pages with keys on them when that was last looked at.
    pub wanted: usize,
    /// Those of them that are locked.
    pub locked: usize,
    /// Bytes of a page.
    pub size: usize,
    /// Bytes that this user may lock; none where there is no limit.
    pub limit: Option<u64>,
}

static NOW: Mutex<KeyPages> = Mutex::new(KeyPages { wanted: 0, locked: 0, size: 0, limit: None });

/// Locks the pages of these stretches in their order, until the system allows no more. They stay locked as long as the process lives: pages that keys
/// lay on are those on which keys will lie.
pub(in crate::runtime) fn lock(stretches: impl Iterator<Item = Stretch>) {
    let size = region::page::size();
    let mut now = KeyPages { size, limit: process::lock_limit(), ..KeyPages::default() };
    let (mut seen, mut room) = (BTreeSet::new(), true);
    for Stretch { start, size: bytes } in stretches {
        let last = start.saturating_add(bytes.saturating_sub(1)) / size;
        for page in start / size..=last {
            if !seen.insert(page) {
                continue;
            }
            now.wanted += 1;
            // Locking again what is locked costs nothing and is right where a page has been given back and taken anew meanwhile. After the first refusal
            // there is no room for others either.
            let page = std::ptr::without_provenance::<u8>(page.saturating_mul(size));
            room = room && region::lock(page, size).map(ManuallyDrop::new).is_ok();
            now.locked += usize::from(room);
        }
    }
    *NOW.lock().unwrap_or_else(PoisonError::into_inner) = now;
}

/// How it stands now.
pub fn now() -> KeyPages {
    *NOW.lock().unwrap_or_else(PoisonError::into_inner)
}
