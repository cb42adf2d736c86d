//! One journal of those that are held in memory: its places in order, and what becomes of a run that is filed.

use amanat_keys::fingerprint::Digest;

use super::{KnownHead, State, filing};
use crate::batch::{Item, Run};
use crate::cbor::count;
use crate::chain::{self, Head, Verdict};

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) known: KnownHead,
    pub(super) places: Vec<(Item, Digest)>,
}

impl Held {
    pub(super) fn link_at(&self, seq: u64) -> Option<Digest> {
        match seq.checked_sub(1) {
            None => Some(chain::link0(&self.known.agency, &self.known.device, &self.known.journal)),
            Some(at) => self.places.get(usize::try_from(at).ok()?).map(|(_, link)| *link),
        }
    }

    pub(super) fn push(&mut self, head: Head, item: Item) {
        self.known.head = head;
        self.places.push((item, head.link));
    }

    pub(super) fn elided(&self) -> u64 {
        count(self.places.iter().filter(|(item, _)| item.entry().is_none()).count())
    }

    /// What became of a run, and whether a place that was held says more than before.
    pub(super) fn file(&mut self, run: &Run) -> (Verdict, bool) {
        let ours = chain::common(&self.known.head, &run.stretch()).and_then(|seq| self.link_at(seq));
        let plan = filing::plan(&self.known.head, ours, run);
        let mut filled = false;
        for entry in &plan.fill {
            let at = usize::try_from(entry.header.seq.saturating_sub(1)).ok();
            if let Some((held, _)) = at.and_then(|at| self.places.get_mut(at))
                && held.entry().is_none()
            {
                *held = Item::Entry(Box::new((*entry).clone()));
                filled = true;
            }
        }
        let own = self.known.own.is_some() && self.known.state == State::Open;
        if own && plan.adds() {
            self.known.state = State::Closed;
        }
        plan.add.into_iter().for_each(|(seq, link, item)| self.push(Head { seq, link }, item.clone()));
        (plan.verdict, filled)
    }

    pub(super) fn rewind(&mut self) -> bool {
        let solid =
            self.places.iter().rposition(|(item, _)| item.entry().is_some()).map_or(0, |at| at.saturating_add(1));
        let shorter = self.known.own.is_none() && solid < self.places.len();
        if shorter {
            self.places.truncate(solid);
            let seq = count(solid);
            self.known.head = Head { seq, link: self.link_at(seq).unwrap_or(self.known.head.link) };
        }
        shorter
    }
}
