//! Two stories of one hub: what its signed words claim, and two of them that cannot both be true.
//!
//! A checkpoint says which hash its number has and which the number before it. A receipt says which hash the number before its own
//! has, and which link a journal has at a place. So any two words that claim different things of one place are proof, held in two
//! statements that the hub signed itself, that it showed different people different histories (FORMATS section 6). Pure: the words
//! come from outside, proven one by one.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};

use crate::receipt::{Checkpoint, Receipt};

/// What a word speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A checkpoint: hub, epoch, number.
    Checkpoint(DeviceId, u64, u64),
    /// A place in a journal: hub, epoch, device, journal, number.
    Place(DeviceId, u64, DeviceId, JournalId, u64),
}

/// A word of a hub, proven, and the statement that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    claims: Vec<(About, Digest)>,
    statement: Vec<u8>,
}

impl Word {
    /// What a checkpoint claims.
    #[must_use]
    pub fn checkpoint(word: &Checkpoint, statement: &[u8]) -> Word {
        let about = |number| About::Checkpoint(word.hub, word.epoch, number);
        let mut claims = vec![(about(word.number), Digest::of(&word.encode()))];
        claims.extend(word.number.checked_sub(1).filter(|before| *before > 0).map(|n| (about(n), word.previous)));
        Word { claims, statement: statement.to_vec() }
    }

    /// What a receipt claims.
    #[must_use]
    pub fn receipt(word: &Receipt, statement: &[u8]) -> Word {
        let place = About::Place(word.hub, word.epoch, word.device, word.journal, word.seq);
        let mut claims = vec![(place, word.link)];
        let before = word.checkpoint.checked_sub(1).filter(|before| *before > 0);
        claims.extend(before.map(|n| (About::Checkpoint(word.hub, word.epoch, n), word.previous)));
        Word { claims, statement: statement.to_vec() }
    }
}

/// Two words that cannot both be true, verbatim: the proof, for anybody who holds the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoStories {
    /// What both speak of.
    pub about: About,
    /// One statement.
    pub one: Vec<u8>,
    /// The other.
    pub other: Vec<u8>,
}

/// Words that were heard, and what they claim.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    words: Vec<Word>,
    claims: BTreeMap<About, (Digest, usize)>,
}

impl Heard {
    /// Hears a word. One that contradicts an earlier one is told and not believed.
    pub fn hear(&mut self, word: Word) -> Option<TwoStories> {
        for (about, digest) in &word.claims {
            if let Some((held, at)) = self.claims.get(about)
                && held != digest
            {
                let one = self.words.get(*at).map(|word| word.statement.clone()).unwrap_or_default();
                return Some(TwoStories { about: *about, one, other: word.statement });
            }
        }
        let at = self.words.len();
        self.claims.extend(word.claims.iter().map(|(about, digest)| (*about, (*digest, at))));
        self.words.push(word);
        None
    }
}

#[cfg(test)]
mod tests {
    use amanat_keys::fingerprint::AgencyId;

    use super::*;
    use crate::specimen::{Pen, hub, receipt};

    fn checkpoint(number: u64, previous: Digest, heads: u8) -> Checkpoint {
        Checkpoint {
            agency: AgencyId::from_bytes([1; 32]),
            hub: hub(),
            epoch: 1,
            number,
            previous,
            heads: Digest::from_bytes([heads; 32]),
            hub_time: 0,
        }
    }

    fn hash(word: &Checkpoint) -> Digest {
        Digest::of(&word.encode())
    }

    #[test]
    fn one_story_is_heard_in_any_order_and_any_number_of_times() {
        let first = checkpoint(1, Digest::ZERO, 1);
        let second = checkpoint(2, hash(&first), 2);
        let third = checkpoint(3, hash(&second), 3);
        let mut heard = Heard::default();
        for (at, word) in [&third, &first, &second, &first, &third].into_iter().enumerate() {
            assert_eq!(heard.hear(Word::checkpoint(word, &[u8::try_from(at).unwrap()])), None);
        }
    }

    #[test]
    fn two_checkpoints_of_one_number_and_one_that_denies_the_number_before_are_two_stories() {
        let first = checkpoint(1, Digest::ZERO, 1);
        let rival = checkpoint(1, Digest::ZERO, 9);
        let denies = checkpoint(2, hash(&rival), 2);
        for other in [&rival, &denies] {
            let mut heard = Heard::default();
            assert_eq!(heard.hear(Word::checkpoint(&first, b"first")), None);
            let told = heard.hear(Word::checkpoint(other, b"other")).expect("two stories");
            assert_eq!(told.about, About::Checkpoint(hub(), 1, 1));
            assert_eq!((told.one, told.other), (b"first".to_vec(), b"other".to_vec()));
        }
    }

    #[test]
    fn two_receipts_for_one_place_and_one_that_denies_a_checkpoint_are_two_stories() {
        let mut pen = Pen::new(1);
        pen.story(1, 3);
        let (held, _) = receipt(&pen, 1, 2);
        let mut heard = Heard::default();
        assert_eq!(heard.hear(Word::receipt(&held, b"one")), None);
        assert_eq!(heard.hear(Word::receipt(&receipt(&pen, 1, 3).0, b"a later one")), None);
        let other = Receipt { link: Digest::from_bytes([7; 32]), ..held };
        assert!(heard.hear(Word::receipt(&other, b"another link")).is_some());
        let other_epoch = Receipt { epoch: 2, ..other };
        assert_eq!(heard.hear(Word::receipt(&other_epoch, b"another epoch")), None, "a restored hub begins anew");
        assert_eq!(heard.hear(Word::checkpoint(&checkpoint(4, Digest::from_bytes([4; 32]), 4), b"fourth")), None);
        let denies = Receipt { checkpoint: 5, previous: Digest::from_bytes([5; 32]), seq: 1, ..held };
        assert!(heard.hear(Word::receipt(&denies, b"denies the fourth")).is_some());
    }
}
