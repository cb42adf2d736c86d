//! What a journal in memory has set aside.

use std::collections::BTreeMap;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::Digest;

use super::filing::{Aside, is_copy};
use super::{Quarantined, row};

/// By the hash of the bytes: the same again is the same finding.
#[derive(Clone, Debug, Default)]
pub(super) struct SetAside(BTreeMap<Digest, Quarantined>);

impl SetAside {
    pub(super) fn all(&self) -> impl Iterator<Item = &Quarantined> {
        self.0.values()
    }

    pub(super) fn room(&self) -> Aside {
        let mut aside = Aside::default();
        self.all().for_each(|bad| aside.add(row::weight(&bad.sealed)));
        aside
    }

    /// Sets one aside as far as there is room.
    pub(super) fn put_within(&mut self, room: &mut Aside, bad: &Quarantined) {
        if room.has_room(bad.why.is_of_signed()) && self.put(bad.clone()) {
            room.add(row::weight(&bad.sealed));
        }
    }

    /// Whether it was not there yet.
    fn put(&mut self, bad: Quarantined) -> bool {
        let held = self.0.len();
        self.0.entry(Digest::of(&row::pack(&bad.sealed))).or_insert(bad);
        self.0.len() > held
    }

    /// Takes one out; whether it was there.
    pub(super) fn take(&mut self, bad: &Quarantined) -> bool {
        self.0.remove(&Digest::of(&row::pack(&bad.sealed))).is_some()
    }

    /// Drops the envelope of every copy of what is to go.
    pub(super) fn erase(&mut self, target: &Doomed) {
        let copies: Vec<_> = self.0.extract_if(.., |_, aside| is_copy(target, &aside.sealed)).collect();
        for (_, mut aside) in copies {
            aside.sealed.envelope = None;
            self.put(aside);
        }
    }
}
