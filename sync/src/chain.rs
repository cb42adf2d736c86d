//! The law of the chain, pure: how links follow from one another, and what a run of header hashes is worth to somebody who
//! already holds a head. It stores nothing, verifies no signature and knows no clock.

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};

/// The link before the first entry: H("amanat/v1/journal" ‖ 0 ‖ agency ‖ device ‖ journal) (FORMATS section 2). It binds
/// every later link to its journal, so that no run can be moved under another name.
pub fn link0(agency: &AgencyId, device: &DeviceId, journal: &JournalId) -> Digest {
    Digest::tagged("journal", &[agency.as_bytes(), device.as_bytes(), journal.as_bytes()])
}

/// The link after an entry: H("amanat/v1/link" ‖ 0 ‖ previous link ‖ header hash) (FORMATS section 2).
pub fn link(before: &Digest, header_hash: &Digest) -> Digest {
    Digest::tagged("link", &[before.as_bytes(), header_hash.as_bytes()])
}

/// How far a journal goes: the number of its newest entry (0: none yet) and the link there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the newest entry, 0 for an empty journal.
    pub seq: u64,
    /// Link at `seq`; [`link0`] for an empty journal.
    pub link: Digest,
}

/// A run seen only as a chain: where it begins, the link before it and the hash of each header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Number of the first entry, 1 or more.
    pub first: u64,
    /// Link at `first - 1`.
    pub before: Digest,
    /// Header hashes in order, entries and elisions alike.
    pub hashes: Vec<Digest>,
}

impl Stretch {
    /// Number of the last entry; `first - 1` when the stretch is empty.
    pub fn last(&self) -> u64 {
        let n = u64::try_from(self.hashes.len()).unwrap_or(u64::MAX);
        self.first.saturating_sub(1).saturating_add(n)
    }

    /// The link at `seq`, when the stretch reaches it (from `first - 1` to its last).
    pub fn link_at(&self, seq: u64) -> Option<Digest> {
        let steps = seq.checked_sub(self.first.checked_sub(1)?)?;
        let steps = usize::try_from(steps).ok()?;
        let upto = self.hashes.get(..steps)?;
        Some(upto.iter().fold(self.before, |at, hash| link(&at, hash)))
    }

    /// The head that the stretch leads to.
    pub fn head(&self) -> Head {
        Head { seq: self.last(), link: self.hashes.iter().fold(self.before, |at, hash| link(&at, hash)) }
    }
}

/// What a run is worth to the holder of a head. Expected refusals are values (STYLE lesson 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The run continues the chain: its first `held` entries are known, the rest is new and leads to `head`.
    Accepted {
        /// Entries at the start of the run that the holder has already.
        held: u64,
        /// The head after the rest.
        head: Head,
    },
    /// Everything in it is held, link for link.
    AlreadyHeld {
        /// The holder's head, for the receipt that is given again.
        head: Head,
    },
    /// The run begins beyond the holder's head: send again from there.
    Gap {
        /// The holder's head.
        head: Head,
    },
    /// The same number with another history: two writers of one journal. Stop, tell, keep both.
    Fork {
        /// A number at which both have an entry (or the same predecessor) and the links differ.
        at: u64,
        /// The holder's link there.
        ours: Digest,
        /// The run's link there.
        theirs: Digest,
    },
}

/// What a stretch says about the place at which trust in a journal ends (FORMATS section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtCut {
    /// It goes through the very link that the roster names: all of it up to there is what was trusted.
    Proven,
    /// It does not come as far, or begins behind it: nothing is proven yet.
    NotReached,
    /// It comes by there with another link: an alternative history, made after the signing key was lost.
    Denied,
}

/// Holds a stretch against the last trusted place of a device that left or was lost. The number alone proves nothing: whoever
/// has the key can write another history of the same length. A cut-off without a link was given by admins who let entries in that they
/// had not seen: there the number is all.
pub fn at_cut(cut: &Head, stretch: &Stretch) -> AtCut {
    match stretch.link_at(cut.seq) {
        // Before its first entry a stretch only says what it follows upon; the holder's own link decides about that.
        Some(_) if stretch.hashes.is_empty() => AtCut::NotReached,
        Some(link) if link == cut.link || cut.link.is_zero() => AtCut::Proven,
        Some(_) => AtCut::Denied,
        None => AtCut::NotReached,
    }
}

/// The one number whose link [`judge`] must be told: the last that the holder and the stretch have in common. `None` when the
/// stretch begins beyond the head, so that nothing is common.
pub fn common(head: &Head, stretch: &Stretch) -> Option<u64> {
    let before = stretch.first.checked_sub(1)?;
    (before <= head.seq).then(|| head.seq.min(stretch.last()))
}

/// Judges a stretch against a head. `ours` is the holder's link at [`common`]; because links are chained, one equal link
/// proves that everything below it is equal too. It may be `None` only where `common` is the head itself or `None`.
pub fn judge(head: &Head, ours: Option<Digest>, stretch: &Stretch) -> Verdict {
    let Some(at) = common(head, stretch) else { return Verdict::Gap { head: *head } };
    let ours = if at == head.seq { head.link } else { ours.unwrap_or(Digest::from_bytes([0; 32])) };
    let Some(theirs) = stretch.link_at(at) else { return Verdict::Gap { head: *head } };
    if ours != theirs {
        return Verdict::Fork { at, ours, theirs };
    }
    if stretch.last() <= head.seq {
        return Verdict::AlreadyHeld { head: *head };
    }
    Verdict::Accepted { held: at.saturating_sub(stretch.first.saturating_sub(1)), head: stretch.head() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name() -> (AgencyId, DeviceId, JournalId) {
        (AgencyId::from_bytes([1; 32]), DeviceId::from_bytes([2; 32]), JournalId::from_bytes([3; 16]))
    }

    fn hashes(seed: u8, n: usize) -> Vec<Digest> {
        (0..n).map(|i| Digest::of(&[seed, u8::try_from(i % 256).unwrap()])).collect()
    }

    fn whole(hashes: Vec<Digest>) -> Stretch {
        let (agency, device, journal) = name();
        Stretch { first: 1, before: link0(&agency, &device, &journal), hashes }
    }

    fn cut(of: &Stretch, from: usize, n: usize) -> Stretch {
        let first = u64::try_from(from).unwrap() + 1;
        let hashes = of.hashes.iter().skip(from).take(n).copied().collect();
        Stretch { first, before: of.link_at(first - 1).unwrap(), hashes }
    }

    /// A holder that keeps every link, as a store does.
    struct Holder(Vec<Digest>);

    impl Holder {
        fn new() -> Holder {
            let (agency, device, journal) = name();
            Holder(vec![link0(&agency, &device, &journal)])
        }

        fn head(&self) -> Head {
            Head { seq: u64::try_from(self.0.len() - 1).unwrap(), link: *self.0.last().unwrap() }
        }

        fn offer(&mut self, stretch: &Stretch) -> Verdict {
            let ours = common(&self.head(), stretch).map(|seq| self.0[usize::try_from(seq).unwrap()]);
            let verdict = judge(&self.head(), ours, stretch);
            if let Verdict::Accepted { held, head } = verdict {
                for hash in stretch.hashes.iter().skip(usize::try_from(held).unwrap()) {
                    self.0.push(link(self.0.last().unwrap(), hash));
                }
                assert_eq!(self.head(), head);
            }
            verdict
        }
    }

    proptest! {
        #[test]
        fn any_order_of_any_pieces_converges(
            n in 1..60_usize,
            mut pieces in proptest::collection::vec((0..60_usize, 1..20_usize), 1..30),
        ) {
            let truth = whole(hashes(1, n));
            let mut holder = Holder::new();
            pieces.retain(|(from, _)| *from < n);
            for (from, len) in &pieces {
                let verdict = holder.offer(&cut(&truth, *from, *len));
                let forked = matches!(verdict, Verdict::Fork { .. });
                prop_assert!(!forked, "{:?}", verdict);
            }
            // A gap says where to go on; following it always ends at the truth.
            while holder.head().seq < truth.last() {
                let from = usize::try_from(holder.head().seq).unwrap();
                let verdict = holder.offer(&cut(&truth, from, 7));
                let accepted = matches!(verdict, Verdict::Accepted { .. });
                prop_assert!(accepted);
            }
            prop_assert_eq!(holder.head(), truth.head());
        }

        #[test]
        fn another_history_is_never_taken(n in 1..40_usize, at in 0..40_usize, from in 0..40_usize, len in 1..20_usize) {
            let (at, truth) = (at % n, whole(hashes(1, n)));
            let mut other = hashes(1, at);
            other.extend(hashes(2, n + 3 - at));
            let other = whole(other);
            let mut holder = Holder::new();
            holder.offer(&truth);
            let piece = cut(&other, from % (n + 3), len);
            let verdict = holder.offer(&piece);
            let touches = piece.last() > u64::try_from(at).unwrap();
            let fork = matches!(verdict, Verdict::Fork { .. });
            let gap = matches!(verdict, Verdict::Gap { .. });
            prop_assert_eq!(fork, touches && piece.first <= truth.last() + 1, "{:?}", verdict);
            prop_assert_eq!(gap, piece.first > truth.last() + 1);
            prop_assert_eq!(holder.head(), truth.head());
        }
    }

    #[test]
    fn another_history_of_the_same_length_does_not_pass_the_cut() {
        let truth = whole(hashes(1, 5));
        let cut_off = Head { seq: 3, link: truth.link_at(3).unwrap() };
        assert_eq!(at_cut(&cut_off, &truth), AtCut::Proven);
        assert_eq!(at_cut(&cut_off, &cut(&truth, 2, 1)), AtCut::Proven);
        assert_eq!(at_cut(&cut_off, &cut(&truth, 0, 2)), AtCut::NotReached);
        assert_eq!(at_cut(&cut_off, &cut(&truth, 4, 1)), AtCut::NotReached);
        let mut other = hashes(1, 2);
        other.extend(hashes(2, 3));
        assert_eq!(at_cut(&cut_off, &whole(other)), AtCut::Denied, "the last trusted place differs");
        assert_eq!(at_cut(&cut_off, &whole(hashes(2, 3))), AtCut::Denied);
        assert_eq!(at_cut(&cut_off, &whole(hashes(2, 2))), AtCut::NotReached);
    }

    #[test]
    fn a_run_of_another_journal_does_not_begin_here() {
        let mut holder = Holder::new();
        let (agency, device, _) = name();
        let other = Stretch { before: link0(&agency, &device, &JournalId::from_bytes([4; 16])), ..whole(hashes(1, 2)) };
        assert!(matches!(holder.offer(&other), Verdict::Fork { at: 0, .. }));
    }

    #[test]
    fn numbers_at_the_edge_do_not_overflow() {
        let mut holder = Holder::new();
        for first in [0, u64::MAX] {
            let edge = Stretch { first, ..whole(hashes(1, 2)) };
            assert!(matches!(holder.offer(&edge), Verdict::Gap { .. }), "{first}");
        }
    }
}
