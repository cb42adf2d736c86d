//! Devices whose trust ends, from a place or from now on, lost or left, while others have not heard of it: who takes what of theirs, and what
//! must have arrived of it all the same (`DESIGN.md` section 4, `FORMATS.md` section 5).

use std::collections::BTreeSet;

use amanat::runtime::roster::moves::{self, Cut};
use amanat_keys::{
    fingerprint::{DeviceId, JournalId},
    roster::DeviceState,
    trust::Trust,
};
use amanat_sync::{
    batch::{Item, Why},
    chain,
    courier::{End, Outcome},
    entry::SealedEntry,
    journal::State,
    transport::RefusalReason,
};

use super::{
    holds::{Held, held},
    world::World,
};

/// An officer of the station with whom nobody shares anything, and one with whom somebody does.
const MAY_GO: [usize; 2] = [1, 4];

/// Where the trust in an entry ends by what somebody believes.
pub(crate) enum Word {
    /// Its device speaks.
    Trusted,
    /// Its device is gone; the entry stands at or below the last place that counts.
    Below,
    /// The entry stands beyond it, in a journal that never counted, or there with another history.
    Beyond,
}

/// What a roster says of an entry, read from its rows alone.
pub(crate) fn word(trust: &Trust, entry: &SealedEntry) -> Word {
    let header = &entry.header;
    let device = trust.roster().devices.iter().find(|device| device.id == header.device).expect("a listed device");
    if device.state == DeviceState::Active {
        return Word::Trusted;
    }
    let Some(cut) = device.cut_offs.iter().find(|cut| cut.journal == header.journal) else { return Word::Beyond };
    let other = header.seq == cut.seq && !cut.link.is_zero() && chain::link(&header.prev, &entry.hash()) != cut.link;
    if header.seq > cut.seq || other { Word::Beyond } else { Word::Below }
}

impl World {
    /// An admin ends the trust in an officer's device, or says anew how far it counts. The hub hears of it at once, the others as they come by.
    pub(crate) fn revokes(&mut self) {
        self.hub_holds();
        let mut at = MAY_GO[self.dice.index(MAY_GO.len())];
        let has_come = |at: &usize| self.book.hub.keys().any(|(device, _)| *device == self.devices[*at].id);
        // More is at stake where something of the device has come.
        at = Some(at).filter(has_come).or_else(|| MAY_GO.into_iter().find(has_come)).unwrap_or(at);
        let id = self.devices[at].id;
        let state = if self.dice.one_in(2) { DeviceState::Lost } else { DeviceState::Left };
        let mut cuts = Vec::new();
        for ((_, journal), chain) in self.book.hub.iter().filter(|((device, _), _)| *device == id) {
            let seen = u64::try_from(chain.len()).unwrap();
            let link = |until: u64| Some(chain[usize::try_from(until - 1).unwrap()].1);
            let cut = |until, link| Cut { journal: *journal, seen, until, link };
            match self.dice.roll(6) {
                _ if seen == 0 => {}
                0 => self.faults.note("journals of a revoked device that nobody trusts at all"),
                1 | 2 => {
                    let until = 1 + self.dice.roll(seen);
                    self.faults.note("cut-offs below what the hub held");
                    cuts.push(cut(until, link(until)));
                }
                3 | 4 if state == DeviceState::Left => {
                    self.faults.note("cut-offs beyond what anybody had seen");
                    cuts.push(cut(seen + 1 + self.dice.roll(6), None));
                }
                _ => cuts.push(cut(seen, link(seen))),
            }
        }
        self.faults.note(match (self.gone.contains(&id), state) {
            (true, _) => "revocations that a later one changed",
            (false, DeviceState::Lost) => "devices revoked as lost",
            (false, _) => "devices revoked as left",
        });
        self.gone.insert(id);
        let next = self.office.next_roster(|roster| moves::revoke(roster, &id, state, &cuts).unwrap());
        self.office.adopt(&next);
    }

    /// What came to the hub since it held this roster, none of it beyond the last place that counts by it.
    pub(crate) fn hub_heeds(&mut self, came: &[SealedEntry]) {
        let now = self.office.trust();
        for entry in came {
            match self.ruled.as_ref().map_or(Word::Trusted, |trust| word(trust, entry)) {
                Word::Trusted => {}
                // A roster that came in the same step may let in more.
                Word::Beyond if !matches!(word(&now, entry), Word::Beyond) => {}
                Word::Below => self.faults.note("entries below a cut-off that came to the hub after it"),
                Word::Beyond => panic!("the hub took what counts no more: {:?}", entry.at()),
            }
        }
        self.ruled = Some(now);
    }

    /// The same of an entry of another that is new on a device, by the roster that it held before.
    pub(crate) fn device_heeds(&mut self, at: usize, came: &[SealedEntry]) {
        let newest = self.office.newest();
        for entry in came {
            match word(&self.devices[at].ruled, entry) {
                Word::Beyond if matches!(word(&self.devices[at].trust, entry), Word::Beyond) => {
                    panic!("{at} took what counts no more: {:?}", entry.at())
                }
                Word::Trusted | Word::Below if matches!(word(&newest, entry), Word::Beyond) => {
                    self.faults.note("entries beyond a cut-off that a device took which had not heard of it");
                }
                // With the roster that says so, or after it.
                _ if !matches!(word(&self.devices[at].trust, entry), Word::Trusted) => {
                    self.faults.note("entries below a cut-off that came to a device which had heard of it");
                }
                Word::Trusted | Word::Below | Word::Beyond => {}
            }
            let device = newest.device(&entry.header.device).unwrap();
            if device.late_from(&entry.header.journal).is_some_and(|from| entry.header.seq >= from) {
                self.faults.note("entries that nobody had seen before the revocation, taken and marked");
            }
        }
        self.devices[at].ruled = self.devices[at].trust.clone();
    }

    /// Whether it may stand apart that an entry is set aside as revoked: its device is gone by a roster that is about.
    pub(crate) fn is_of_the_gone(&self, entry: &SealedEntry, why: Why) -> bool {
        why == Why::Revoked && self.gone.contains(&entry.header.device)
    }

    /// A device that is gone is told so, in one sentence, and has handed over what it may before.
    pub(crate) fn is_told_to_be_gone(&self, at: usize, outcome: &Outcome) -> bool {
        let End::Refused(refusal) = &outcome.end else { return false };
        refusal.reason == RefusalReason::Revoked && self.gone.contains(&self.devices[at].id)
    }

    /// Whether an entry counts by the newest roster.
    pub(crate) fn counts(&self, entry: &SealedEntry, newest: &Trust) -> bool {
        !matches!(word(newest, entry), Word::Beyond) && self.is_of_the_trusted_history(entry, newest)
    }

    /// Whether the hub's journal comes by the last trusted place with the link that the roster names, or does not come so far.
    fn is_of_the_trusted_history(&self, entry: &SealedEntry, newest: &Trust) -> bool {
        let (device, journal) = (entry.header.device, entry.header.journal);
        let Some(cut) = newest.device(&device).and_then(|device| device.cut_off(&journal)) else { return true };
        let chain = self.book.hub.get(&(device, journal)).map_or(&[][..], Vec::as_slice);
        let there = chain.get(usize::try_from(cut.seq).unwrap().saturating_sub(1));
        cut.link.is_zero() || there.is_none_or(|(_, link)| *link == cut.link)
    }

    /// How far the entries of a device's own journal must have arrived although it is gone: up to the last place that counts, where its own
    /// history is the one that the roster trusts. Nothing where nothing is owed.
    pub(crate) fn owed(&mut self, at: usize, journal: &JournalId) -> u64 {
        let newest = self.office.newest();
        let id = self.devices[at].id;
        let all = held(self.devices[at].disk.journal());
        let own = all.iter().find(|held| held.known.own.is_some() && held.known.journal == *journal);
        let Some(Held { known, items }) = own.filter(|own| own.known.state != State::Forked) else { return 0 };
        let device = newest.device(&id).unwrap();
        let Some(cut) = device.cut_off(journal) else { return 0 };
        let at_cut = items.get(usize::try_from(cut.seq).unwrap().saturating_sub(1)).and_then(Item::entry);
        let ours = at_cut.map(|entry| chain::link(&entry.header.prev, &entry.hash()));
        if !cut.link.is_zero() && ours.is_some_and(|link| link != cut.link) {
            return 0;
        }
        cut.seq.min(known.head.seq)
    }

    /// Contents that a device which is gone need not have brought: all but those that count.
    pub(crate) fn not_owed(&mut self, at: usize) -> BTreeSet<u64> {
        let id = self.devices[at].id;
        let kept: Vec<_> = self.devices[at].said.kept.iter().map(|(place, hash)| (*place, *hash)).collect();
        let hub = self.agency.hub.id;
        let status = self.devices[at].disk.journal().status(&hub).unwrap();
        let mut owed = BTreeSet::new();
        for own in &status.own {
            let upto = if status.epoch > status.vouched { 0 } else { self.owed(at, &own.journal).min(own.received) };
            let of_it = kept.iter().filter(|((journal, seq), _)| *journal == own.journal && *seq <= upto);
            owed.extend(of_it.filter_map(|(_, hash)| self.book.inside.get(hash)).map(|(content, _)| *content));
        }
        let of_it = self.book.signed.values().filter(|entry| entry.header.device == id);
        let contents = of_it.filter_map(|entry| self.book.inside.get(&entry.hash())).map(|(content, _)| *content);
        contents.filter(|content| !owed.contains(content)).collect()
    }

    pub(crate) fn is_gone(&self, id: &DeviceId) -> bool {
        self.gone.contains(id)
    }
}
