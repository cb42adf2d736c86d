//! What is written down about a town from outside, to judge its people and its hub by.

use std::collections::{BTreeMap, BTreeSet};

use amanat::model::CaseId;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::statement::Statement;
use amanat_keys::verifying_key::VerifyingKey;

/// Something that was kept.
pub(crate) struct Kept {
    pub(crate) author: usize,
    pub(crate) case: CaseId,
    /// What was attached, as it was before it was sealed.
    pub(crate) attached: Option<Vec<u8>>,
}

/// An order to erase.
pub(crate) struct Order {
    pub(crate) case: CaseId,
    pub(crate) statement: Statement,
    /// The hashes of what it names.
    pub(crate) targets: BTreeSet<Digest>,
    /// Who has carried it out, each as far as they might.
    pub(crate) stood: BTreeSet<usize>,
}

/// Something that was asked for.
pub(crate) struct Wished {
    pub(crate) by: usize,
    pub(crate) number: u64,
}

#[derive(Default)]
pub(crate) struct Book {
    /// By the number in its text.
    pub(crate) kept: BTreeMap<u64, Kept>,
    /// The numbers that were written under a header, by the first half of its hash: of entries, and of copies that an erasure made
    /// necessary.
    pub(crate) numbers: BTreeMap<[u8; 16], u64>,
    pub(crate) orders: Vec<Order>,
    /// What a custodian has stood in for.
    pub(crate) stood: BTreeSet<Digest>,
    pub(crate) wishes: Vec<Wished>,
    /// Contents that only the newer disk held when an older one was put back: a late request or a stick may still bring them.
    pub(crate) may_be_lost: BTreeSet<u64>,
    /// Contents that their author kept on a disk that is gone, and may not read unless they read for the station.
    pub(crate) keys_lost: BTreeSet<u64>,
    /// The keys that devices sign with.
    pub(crate) signers: BTreeMap<DeviceId, VerifyingKey>,
}

impl Book {
    /// The number of what stands under a header, if it is a note's.
    pub(crate) fn number(&self, hash: &Digest) -> Option<u64> {
        let (half, _) = hash.as_bytes().split_first_chunk()?;
        self.numbers.get(half).copied()
    }

    /// Whether an order names this entry, and a custodian has stood in for it.
    pub(crate) fn is_doomed(&self, hash: &Digest) -> bool {
        let mut carried = self.orders.iter().filter(|order| !order.stood.is_empty());
        self.stood.contains(hash) && carried.any(|order| order.targets.contains(hash))
    }

    /// What is erased for good: numbers all of whose entries are doomed.
    pub(crate) fn erased(&self) -> BTreeSet<u64> {
        let mut halves: BTreeMap<u64, Vec<[u8; 16]>> = BTreeMap::new();
        for (half, number) in &self.numbers {
            halves.entry(*number).or_default().push(*half);
        }
        let doomed = self.stood.iter().filter(|hash| self.is_doomed(hash));
        let doomed: BTreeSet<[u8; 16]> =
            doomed.filter_map(|hash| hash.as_bytes().split_first_chunk()).map(|(half, _)| *half).collect();
        let gone = halves.into_iter().filter(|(_, of)| of.iter().all(|half| doomed.contains(half)));
        gone.map(|(number, _)| number).collect()
    }
}
