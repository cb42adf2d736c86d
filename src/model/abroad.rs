//! A case that crosses between two agencies: what was offered, what came, and what was answered, folded from a case's entries in whatever
//! order they arrive. Such words move nothing between units and let nobody in (`handover`): the other side keeps a copy of its own.

use std::collections::BTreeMap;

use super::{
    entry::{Content, Entry, Handover, Peer, Step},
    ids::{EntryId, OfferId},
};

/// One crossing, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing<'a> {
    /// The entry that speaks of it first: the offer, or where it came the word that took it over.
    pub entry: EntryId,
    /// The other side.
    pub peer: &'a Peer,
    /// Whether the case came here by it; else it was offered from here.
    pub came: bool,
    /// [`Step::Sent`] while nobody has answered.
    pub stands: Step,
    /// Whether the side that offered took it back, whatever the other had answered meanwhile.
    pub taken_back: bool,
}

/// The word on another agency that an entry holds.
pub fn peer_word(entry: &Entry) -> Option<(&Handover, &Peer)> {
    match &entry.content {
        Content::Handover(told) => told.peer.as_deref().map(|peer| (&**told, peer)),
        _ => None,
    }
}

/// Every crossing that these entries speak of, by the offer's id. An offer that was answered twice stands as taken over: who said no
/// may think better of it, and a case that is there does not go away again. So does one that was taken back after it was taken over.
pub fn crossings<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Crossing<'a>> {
    // Beside each, whether the word that it begins with has been seen.
    let mut known: BTreeMap<OfferId, (Crossing<'a>, bool)> = BTreeMap::new();
    for entry in entries {
        let Some((told, peer)) = peer_word(entry) else { continue };
        let came = told.step == Step::Accepted && told.of.is_none();
        let begins = told.step == Step::Sent || came;
        let taken_back = told.step == Step::TakenBack;
        let word = Crossing { entry: entry.id, peer, came, stands: told.step, taken_back };
        let (held, begun) = known.entry(peer.offer).or_insert_with(|| (word.clone(), begins));
        if begins && (!*begun || word.entry < held.entry) {
            (held.entry, held.peer, held.came, *begun) = (word.entry, word.peer, word.came, true);
        }
        held.stands = held.stands.max_of(told.step);
        held.taken_back |= taken_back;
    }
    known.into_values().map(|(crossing, _)| crossing).collect()
}

impl Step {
    /// The one of two that decides.
    const fn max_of(self, other: Self) -> Self {
        match (self, other) {
            (Self::Accepted, _) | (_, Self::Accepted) => Self::Accepted,
            (Self::Rejected, _) | (_, Self::Rejected) => Self::Rejected,
            (Self::TakenBack, _) | (_, Self::TakenBack) => Self::TakenBack,
            (one, _) => one,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgencyId, RosterHash, UnitId, specimen};

    fn word(n: u8, step: Step, of: Option<u8>, proof: bool) -> Entry {
        let peer = Peer {
            agency: AgencyId::from_bytes([1; 32]),
            name: "B".into(),
            unit: "Circle".into(),
            offer: OfferId::from_bytes([2; 32]),
            roster: RosterHash::from_bytes([3; 32]),
            proof: proof.then(|| "00".into()),
        };
        let unit = UnitId::from_bytes([4; 32]);
        let of = of.map(|n| EntryId::from_bytes([n; 16]));
        let told = Handover { step, unit, from: unit, of, reason: None, note: None, peer: Some(Box::new(peer)) };
        specimen::entry(n, 1, Content::Handover(Box::new(told)))
    }

    #[test]
    fn an_offer_waits_until_the_other_side_answers_in_whatever_order_the_words_arrive() {
        let sent = word(1, Step::Sent, None, false);
        let stands = |entries: &[&Entry]| {
            let all = crossings(entries.iter().copied());
            let [one] = all.as_slice() else { panic!("one crossing") };
            (one.entry, one.came, one.stands)
        };
        assert_eq!(stands(&[&sent]), (sent.id, false, Step::Sent));
        for answer in [Step::Accepted, Step::Rejected] {
            let said = word(9, answer, Some(1), true);
            assert_eq!(stands(&[&sent, &said]), (sent.id, false, answer));
            assert_eq!(stands(&[&said, &sent]), (sent.id, false, answer));
        }
        let (no, yes) = (word(8, Step::Rejected, Some(1), true), word(9, Step::Accepted, Some(1), true));
        assert_eq!(stands(&[&yes, &no, &sent]).2, Step::Accepted);
        assert_eq!(stands(&[&no, &sent, &yes]).2, Step::Accepted);
    }

    #[test]
    fn an_offer_that_was_taken_back_waits_no_more_and_one_that_was_taken_over_meanwhile_says_both() {
        let (sent, back) = (word(1, Step::Sent, None, true), word(8, Step::TakenBack, Some(1), true));
        let yes = word(9, Step::Accepted, Some(1), true);
        let stands = |entries: &[&Entry]| {
            let all = crossings(entries.iter().copied());
            let [one] = all.as_slice() else { panic!("one crossing") };
            (one.entry, one.came, one.stands, one.taken_back)
        };
        for order in [[&sent, &back], [&back, &sent]] {
            assert_eq!(stands(&order), (sent.id, false, Step::TakenBack, true));
        }
        for order in [[&sent, &back, &yes], [&yes, &back, &sent], [&back, &yes, &sent]] {
            assert_eq!(stands(&order), (sent.id, false, Step::Accepted, true), "a case that is there does not go away");
        }
        let came = word(1, Step::Accepted, None, false);
        assert_eq!(stands(&[&back, &came]), (came.id, true, Step::Accepted, true), "and on the other side");
    }

    #[test]
    fn what_came_from_elsewhere_says_so() {
        let came = word(1, Step::Accepted, None, false);
        let all = crossings([&came]);
        assert!(matches!(all.as_slice(), [Crossing { came: true, stands: Step::Accepted, .. }]));
    }
}
