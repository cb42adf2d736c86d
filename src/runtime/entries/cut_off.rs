//! Journals of devices that left or were lost, as far as their history is not proven to be the one that the roster trusts: a
//! thief with the key can write another of the same length (`FORMATS.md` section 5). Until the link at the cut-off is held and
//! matches, nothing of such a journal is shown as the device's word.

use std::collections::HashSet;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_sync::{
    batch::Limit,
    entry::SealedEntry,
    error::SyncError,
    journal::{Journal as _, KnownHead, Wanted},
};

use crate::runtime::homes::home::Home;

/// What an entry of such a journal is told as.
const WHY: &str =
    "its device is no longer trusted, and this is not yet proven to be the history that the roster trusts";

/// Journals whose cut-off is not proven.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Unproven(HashSet<(DeviceId, JournalId)>);

impl Unproven {
    /// None of these entries' journals is proven.
    pub(in crate::runtime) fn all_of(entries: &[SealedEntry]) -> Self {
        Self(entries.iter().map(|entry| (entry.header.device, entry.header.journal)).collect())
    }

    /// All of them.
    pub(in crate::runtime) fn journals(&self) -> Vec<(DeviceId, JournalId)> {
        self.0.iter().copied().collect()
    }

    /// Why the entry is not to be opened, if it is not.
    pub(in crate::runtime) fn word(&self, entry: &SealedEntry) -> Option<String> {
        let place = (entry.header.device, entry.header.journal);
        (!self.0.is_empty() && self.0.contains(&place)).then(|| WHY.to_owned())
    }
}

impl Home {
    /// Others' journals whose device has a cut-off there that the journal does not come by, or comes by with another link.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn unproven(&self) -> Result<Unproven, SyncError> {
        let mut unproven = Unproven::default();
        let Some(trust) = &self.trust else { return Ok(unproven) };
        for known in self.journal.heads()?.iter().filter(|known| known.own.is_none()) {
            let device = trust.device(&known.device).filter(|device| !device.is_active());
            if let Some(cut) = device.and_then(|device| device.cut_off(&known.journal))
                && !cut.link.is_zero()
                && self.link_at(known, cut.seq)? != Some(cut.link)
            {
                unproven.0.insert((known.device, known.journal));
            }
        }
        Ok(unproven)
    }

    /// The link of a known journal at a number; none beyond its head.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn link_at(&self, known: &KnownHead, seq: u64) -> Result<Option<Digest>, SyncError> {
        if seq == known.head.seq {
            return Ok(Some(known.head.link));
        }
        let wanted = Wanted::After { device: known.device, journal: known.journal, seq };
        let runs = self.journal.pending(&wanted, Limit { items: 1, bytes: 1 })?;
        Ok(runs.first().filter(|run| run.first == seq.saturating_add(1)).map(|run| run.before))
    }
}
