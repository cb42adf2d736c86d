//! The end of a world: nothing goes wrong any more, everybody travels until there is nothing to do, and everything has arrived, once.

use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::fingerprint::Digest;
use amanat_sync::batch::Item;
use amanat_sync::courier::{End, Trouble};
use amanat_sync::entry::{Change, Kind};
use amanat_sync::journal::State;

use super::device::Device;
use super::holds::{Held, held};
use super::world::{ACTORS, READER, SUPERVISOR, World};

/// Rounds in which all must be said: the news of one round is carried on in the next.
const ROUNDS: usize = 8;

impl World {
    /// Lets everybody come to the end and judges what came of it all.
    pub(crate) fn makes_peace(&mut self) {
        // Programs that start ask at once for what came damaged.
        self.devices.iter_mut().for_each(Device::killed);
        self.admin_speaks();
        self.office.publish();
        let mut quiet = false;
        for _ in 0..ROUNDS {
            quiet = true;
            for at in 0..ACTORS {
                let before = self.book.signed.len();
                let outcome = self.travel(at, true).expect("nobody dies in peace");
                let gone = self.is_gone(&self.devices[at].id);
                assert_eq!(gone, self.is_told_to_be_gone(at, &outcome), "in peace: {outcome:?}");
                assert!(gone || matches!(outcome.end, End::Done), "in peace: {outcome:?}");
                self.holds(at);
                let news = (outcome.pulled, outcome.documents, outcome.received.len(), self.book.signed.len() - before);
                // What came back of an own journal is not counted as pulled; its receipt comes with the next pass.
                let fork = outcome.trouble.iter().any(|trouble| matches!(trouble, Trouble::Fork { .. }));
                quiet &= news == (0, 0, 0, 0) && !fork;
            }
            if quiet {
                break;
            }
        }
        assert!(quiet, "they still have things to say after {ROUNDS} rounds");
        self.everything_is_signed_for();
        self.everybody_has_what_is_theirs();
        self.everything_arrived_once();
        assert_eq!(self.office.depth().missing, 0);
        for device in &self.devices {
            assert_eq!(device.trust.roster_version(), self.office.roster_version(), "a roster did not arrive");
            device.disk.check();
        }
    }

    /// Every own entry is received, but for the evidence of forks and what stands behind an entry that nobody can take.
    fn everything_is_signed_for(&mut self) {
        let hub = self.agency.hub.id;
        for at in 0..ACTORS {
            let status = self.devices[at].disk.journal().status(&hub).unwrap();
            let all = held(self.devices[at].disk.journal());
            let gone = self.is_gone(&self.devices[at].id);
            for own in status.own.iter().filter(|own| !gone && own.state == State::Forked && own.once > 0) {
                // What both histories have in common the hub has, whatever it had lost.
                let ours =
                    all.iter().find(|held| held.known.own.is_some() && held.known.journal == own.journal).unwrap();
                let last = usize::try_from(own.once).unwrap() - 1;
                let there = self.book.hub.get(&(self.devices[at].id, own.journal)).and_then(|chain| chain.get(last));
                assert_eq!(there.map(|(hash, _)| *hash), Some(ours.items[last].hash()), "the agreed part is gone");
            }
            for own in status.own.iter().filter(|own| own.state != State::Forked) {
                let kept = &self.devices[at].said.kept;
                let spoilt = kept
                    .iter()
                    .filter(|((journal, _), hash)| *journal == own.journal && self.book.spoilt.contains(hash));
                let upto = spoilt.map(|((_, seq), _)| seq - 1).min().unwrap_or(own.kept.seq);
                if gone {
                    // A word on an epoch is not told to somebody who is gone: what was signed in it counts for nothing there.
                    let owed = if status.epoch > status.vouched { 0 } else { upto.min(self.owed(at, &own.journal)) };
                    assert!(own.received >= owed, "not everything that counts was signed for, {owed}: {own:?}");
                    continue;
                }
                assert_eq!(own.received, upto, "not everything was signed for: {own:?}");
            }
        }
    }

    /// The reader and the supervisor hold all that the hub holds, whole; the others what was opened to them.
    fn everybody_has_what_is_theirs(&mut self) {
        let newest = self.office.newest();
        let everything = self.book.hub.values().flatten().map(|(hash, _)| *hash);
        let everything: BTreeSet<Digest> =
            everything.filter(|hash| self.counts(&self.book.signed[hash], &newest)).collect();
        let here: Vec<usize> = (0..ACTORS).filter(|at| !self.is_gone(&self.devices[*at].id)).collect();
        for at in here {
            let whole = held_whole(&held(self.devices[at].disk.journal()));
            let id = self.devices[at].id;
            let parted = self.parted(at);
            let mine = |hash: &Digest| at == READER || at == SUPERVISOR || self.opened_to(hash, &id);
            let missing =
                everything.iter().filter(|hash| mine(hash) && !whole.contains(hash) && !parted.contains(hash));
            let missing: Vec<_> = missing.collect();
            assert!(missing.is_empty(), "{at} lacks {missing:?}");
        }
    }

    /// What the hub holds of journals that are forked at a device: there it is evidence beside the other history, and stands in none.
    fn parted(&mut self, at: usize) -> BTreeSet<Digest> {
        let heads = self.devices[at].disk.journal().heads().unwrap();
        let forked = heads.iter().filter(|known| known.state == State::Forked);
        let chains = forked.filter_map(|known| self.book.hub.get(&(known.device, known.journal)));
        chains.flatten().map(|(hash, _)| *hash).collect()
    }

    /// Whether an entry's slip, or a grant of the supervisor's, names a device.
    fn opened_to(&self, hash: &Digest, id: &amanat_keys::fingerprint::DeviceId) -> bool {
        let entry = &self.book.signed[hash].header;
        let at_hub = &self.book.hub[&(entry.device, entry.journal)];
        let slip = at_hub[usize::try_from(entry.key - 1).unwrap()].0;
        let names = |hash: &Digest| {
            let audience = &self.book.signed[hash].header.audience;
            audience.iter().any(|reader| reader.id.as_bytes() == id.as_bytes())
        };
        let grants = self.book.hub.values().flatten().map(|(hash, _)| hash);
        let mut grants = grants.filter(|grant| {
            let header = &self.book.signed[*grant].header;
            header.device == self.devices[SUPERVISOR].id
                && header.target.is_some_and(|target| target.change == Change::Rewrap && target.hash == slip)
        });
        entry.device == *id || names(&slip) || grants.any(names)
    }

    /// Every content that was kept, and whose disk was not taken away before anybody else had it, is at headquarters; where there are
    /// several copies, each but one says which it stands for.
    fn everything_arrived_once(&mut self) {
        let all = held(self.devices[READER].disk.journal());
        let mut arrived: BTreeMap<u64, Vec<(Digest, Option<Digest>)>> = BTreeMap::new();
        for Held { items, .. } in &all {
            let mut last = 0;
            for entry in items.iter().filter_map(Item::entry).filter(|entry| entry.header.kind == Kind::Sealed) {
                let (content, was) = self.book.inside[&entry.hash()];
                // The order is that in which it was kept, whatever the clocks said.
                assert!(was.is_some() || content > last, "{content} stands behind {last}");
                last = if was.is_none() { content } else { last };
                arrived.entry(content).or_default().push((entry.hash(), was));
            }
        }
        let parted = self.parted(READER);
        let parted: BTreeSet<u64> =
            parted.iter().filter_map(|hash| self.book.inside.get(hash)).map(|it| it.0).collect();
        let gone: Vec<usize> = (0..ACTORS).filter(|at| self.is_gone(&self.devices[*at].id)).collect();
        let not_owed: BTreeSet<u64> = gone.into_iter().flat_map(|at| self.not_owed(at)).collect();
        for (content, fate) in &self.book.contents {
            let Some(copies) = arrived.get(content) else {
                let excused = fate.may_be_lost || parted.contains(content) || not_owed.contains(content);
                assert!(excused, "{content} never arrived");
                continue;
            };
            // Copies that name one another, or the same, are one.
            let mut one: BTreeSet<Digest> = [copies[0].0].into();
            one.extend(copies[0].1);
            for _ in copies {
                for (hash, was) in copies {
                    if one.contains(hash) || was.is_some_and(|was| one.contains(&was)) {
                        one.insert(*hash);
                        one.extend(*was);
                    }
                }
            }
            assert!(copies.iter().all(|(hash, _)| one.contains(hash)), "{content} arrived twice");
        }
    }
}

fn held_whole(all: &[Held]) -> BTreeSet<Digest> {
    all.iter().flat_map(|held| &held.items).filter_map(Item::entry).map(|entry| entry.hash()).collect()
}
