//! What the journal in memory holds of one hub: how far its epochs count, its newest checkpoint, its receipts.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, JournalId};

use super::KnownHead;
use crate::receipt::{Checkpoint, Receipt};

#[derive(Clone, Debug, Default)]
pub(super) struct Hub {
    pub(super) epoch: u64,
    pub(super) vouched: u64,
    pub(super) again: u64,
    pub(super) checkpoint: Option<(Checkpoint, Vec<u8>)>,
    pub(super) receipts: BTreeMap<(u64, DeviceId, JournalId), (Receipt, Vec<u8>)>,
}

impl Hub {
    pub(super) fn receipt(&self, epoch: u64, of: &KnownHead) -> Option<&Receipt> {
        self.receipts.get(&(epoch, of.device, of.journal)).map(|(receipt, _)| receipt)
    }

    /// The highest number that any receipt covers.
    pub(super) fn once(&self, of: &KnownHead) -> u64 {
        let of =
            self.receipts.iter().filter(|((_, device, journal), _)| (*device, *journal) == (of.device, of.journal));
        of.map(|(_, (receipt, _))| receipt.seq).max().unwrap_or(0)
    }
}
