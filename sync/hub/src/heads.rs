//! The sorted list of all heads that every checkpoint hashes, kept spelt out so that a push changes some bytes of it and does
//! not write it anew.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::Digest;
use amanat_sync::chain::Head;
use amanat_sync::receipt::{ListedHead, heads_list};

use crate::store::Place;

/// Every head, in memory and as the canonical bytes of FORMATS section 6. Hashing them is the only step that costs by the
/// number of journals: about a millisecond for ten thousand.
#[derive(Debug)]
pub(crate) struct Heads {
    lines: Vec<(Place, Head)>,
    starts: Vec<usize>,
    bytes: Vec<u8>,
}

impl Heads {
    pub(crate) fn new(heads: &BTreeMap<Place, Head>) -> Self {
        let mut list = Self {
            lines: heads.iter().map(|(place, head)| (*place, *head)).collect(),
            starts: Vec::new(),
            bytes: Vec::new(),
        };
        list.spell();
        list
    }

    /// Takes over a head; one that is not above what is listed changes nothing. Answers whether anything changed.
    pub(crate) fn raise(&mut self, place: Place, head: Head) -> bool {
        match self.lines.binary_search_by(|(listed, _)| listed.cmp(&place)) {
            Err(at) => {
                self.lines.insert(at, (place, head));
                self.spell();
                true
            }
            Ok(at) => self.replace(at, head),
        }
    }

    /// SHA-256 of the list.
    pub(crate) fn hash(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The list itself, for readers.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn replace(&mut self, at: usize, head: Head) -> bool {
        let Some((place, listed)) = self.lines.get_mut(at) else { return false };
        if head.seq <= listed.seq {
            return false;
        }
        *listed = head;
        let spelt = line(place, &head);
        let from = self.starts.get(at).copied().unwrap_or_default();
        let to = self.starts.get(at.saturating_add(1)).copied().unwrap_or(self.bytes.len());
        match self.bytes.get_mut(from..to) {
            Some(old) if old.len() == spelt.len() => old.copy_from_slice(&spelt),
            // A number has become longer: happens at 24, 256 and 65 536.
            _ => self.spell(),
        }
        true
    }

    fn spell(&mut self) {
        let listed = self.lines.iter().map(|((device, journal), head)| listed(device, journal, head)).collect();
        self.bytes = heads_list(listed);
        let mut at = self.bytes.len();
        let mut starts: Vec<usize> = Vec::with_capacity(self.lines.len());
        for (place, head) in self.lines.iter().rev() {
            at = at.saturating_sub(line(place, head).len());
            starts.push(at);
        }
        starts.reverse();
        self.starts = starts;
    }
}

fn listed(
    device: &amanat_keys::fingerprint::DeviceId,
    journal: &amanat_keys::fingerprint::JournalId,
    head: &Head,
) -> ListedHead {
    ListedHead { device: *device, journal: *journal, head: *head }
}

/// One line as it stands in the list: a list of one without its first byte.
fn line(place: &Place, head: &Head) -> Vec<u8> {
    heads_list(vec![listed(&place.0, &place.1, head)]).split_off(1)
}

#[cfg(test)]
mod tests {
    use amanat_keys::fingerprint::{DeviceId, JournalId};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_always_the_list_written_anew(steps in prop::collection::vec((0..40_u8, 1..70_000_u64), 1..200)) {
            let mut heads = Heads::new(&BTreeMap::new());
            let mut expected: BTreeMap<Place, Head> = BTreeMap::new();
            for (n, seq) in steps {
                let place = (DeviceId::from_bytes([n; 32]), JournalId::from_bytes([n / 2; 16]));
                let head = Head { seq, link: Digest::of(&seq.to_be_bytes()) };
                let rises = expected.get(&place).is_none_or(|held| held.seq < seq);
                prop_assert_eq!(heads.raise(place, head), rises);
                if rises {
                    expected.insert(place, head);
                }
                let anew = heads_list(expected.iter().map(|((d, j), head)| listed(d, j, head)).collect());
                prop_assert_eq!(heads.bytes(), anew.as_slice());
            }
        }
    }
}
