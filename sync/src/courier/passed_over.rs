//! What a pull goes past because it cannot be filed here, so that it is not asked for twice in one pass; and how much may come in vain
//! before the pass stops asking: a hub needs no key to invent entries without end.

use std::collections::BTreeMap;

use crate::cbor::count;
use crate::road::Place;
use crate::wire::limits::{MAX_PASSED_OVER, MAX_SEQ, MAX_VAIN_ITEMS, MAX_VAIN_OF_ONE, MAX_VAIN_PAGES};

/// Journals and the last number of each that is not asked for in this pass, and what came in vain.
#[derive(Clone, Debug, Default)]
pub(super) struct PassedOver {
    upto: BTreeMap<Place, Past>,
    pages: u64,
    items: u64,
}

/// A number, and how many times it rose.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    seq: u64,
    times: u64,
}

impl PassedOver {
    /// Begins with what rests in this pass.
    pub(super) fn resting(upto: BTreeMap<Place, u64>) -> Self {
        let upto = upto.into_iter().map(|(place, seq)| (place, Past { seq, times: 0 })).collect();
        Self { upto, ..Self::default() }
    }

    /// Asks for a journal again from the head that is held.
    pub(super) fn forget(&mut self, place: &Place) {
        if let Some(past) = self.upto.get_mut(place) {
            past.seq = 0;
        }
    }

    /// Goes past everything of a journal up to a number, and past all of it after some times; whether that is further than before.
    pub(super) fn go_past(&mut self, place: Place, seq: u64) -> bool {
        let past = self.upto.entry(place).or_default();
        let further = seq > past.seq;
        if further {
            past.times = past.times.saturating_add(1);
            past.seq = if past.times >= MAX_VAIN_OF_ONE { MAX_SEQ } else { seq };
        }
        further
    }

    /// What is asked for if a page stands that ends there: nothing of it comes in vain.
    pub(super) fn expect(&mut self, place: Place, seq: u64) {
        let past = self.upto.entry(place).or_default();
        past.seq = seq.max(past.seq);
    }

    /// How far each journal is passed over.
    pub(super) fn places(&self) -> BTreeMap<Place, u64> {
        self.upto.iter().map(|(place, past)| (*place, past.seq)).collect()
    }

    /// Counts a page of so many items, of which so many were filed as entries.
    pub(super) fn count_page(&mut self, items: u64, filed: u64) {
        self.pages = self.pages.saturating_add(u64::from(filed == 0));
        self.items = self.items.saturating_add(items.saturating_sub(filed));
    }

    /// Whether so much came in vain that no more is asked for. What is filed has no end of its own: it is as much as was signed.
    pub(super) fn is_enough(&self) -> bool {
        self.pages >= MAX_VAIN_PAGES || self.items >= MAX_VAIN_ITEMS || count(self.upto.len()) >= count(MAX_PASSED_OVER)
    }
}

/// What a page was worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Worth {
    /// Whether the next question is another one: a head moved, or something is passed over.
    pub(super) moved: bool,
    /// Entries that were filed and were not held before.
    pub(super) filed: u64,
}

#[cfg(test)]
mod tests {
    use amanat_keys::fingerprint::{DeviceId, JournalId};

    use super::*;

    fn place(n: u64) -> Place {
        let mut journal = [0; 16];
        journal[..8].copy_from_slice(&n.to_be_bytes());
        (DeviceId::from_bytes([1; 32]), JournalId::from_bytes(journal))
    }

    #[test]
    fn a_pull_is_over_after_so_much_in_vain_and_not_before() {
        let mut pages = PassedOver::default();
        for page in 1..=MAX_VAIN_PAGES {
            assert!(!pages.is_enough(), "{page}");
            pages.count_page(10, 1);
            pages.count_page(0, 0);
        }
        assert!(pages.is_enough());
        let mut hashes = PassedOver::default();
        hashes.count_page(MAX_VAIN_ITEMS, 1);
        assert!(!hashes.is_enough(), "one of them was filed");
        hashes.count_page(2, 1);
        assert!(hashes.is_enough());
        let mut places = PassedOver::default();
        for n in 1..=count(MAX_PASSED_OVER) {
            assert!(!places.is_enough());
            assert!(places.go_past(place(n), 5) && !places.go_past(place(n), 5) && !places.go_past(place(n), 4));
        }
        assert!(places.is_enough());
    }

    #[test]
    fn a_journal_that_comes_in_vain_again_and_again_is_given_up_for_the_pull() {
        let mut pages = PassedOver::default();
        for page in 1..MAX_VAIN_OF_ONE {
            assert!(pages.go_past(place(1), page * 10));
            assert_eq!(pages.places(), BTreeMap::from([(place(1), page * 10)]));
            pages.expect(place(1), page * 10);
        }
        assert!(pages.go_past(place(1), 1_000));
        assert_eq!(pages.places(), BTreeMap::from([(place(1), MAX_SEQ)]));
        assert!(!pages.go_past(place(1), 2_000));
    }

    #[test]
    fn what_is_filed_is_never_too_much() {
        let mut whole = PassedOver::default();
        (0..3 * MAX_VAIN_PAGES).for_each(|_| whole.count_page(1_000, 1_000));
        assert!(!whole.is_enough());
    }
}
