//! What `amanat verify` has walked, met and found wrong: filled by its parts, told at its end.

use std::collections::{HashMap, HashSet};

use amanat_keys::{erasure::Doomed, fingerprint::DeviceId};
use amanat_sync::entry::{Change, EntryRef, Header, Kind, SealedEntry};

/// What was walked and what is wrong.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) journals: u64,
    pub(super) entries: u64,
    pub(super) elided: u64,
    pub(super) receipts: u64,
    pub(super) erased: u64,
    pub(super) dropped: u64,
    /// Envelopes that went because a stand-in holds the same.
    pub(super) replaced: u64,
    pub(super) met: Met,
    /// Content that has its envelope: each opens, or is closed to this device, or is offered, or is named.
    pub(super) contents: HashSet<EntryRef>,
    pub(super) opened: u64,
    pub(super) closed: u64,
    pub(super) offered: Vec<EntryRef>,
    pub(super) rosters: u64,
    /// Pairs of statements of a hub that cannot both be true.
    pub(super) proofs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) wrong: Vec<Wrong>,
}

/// What is wrong, and at which place where it is one.
pub(super) struct Wrong {
    pub(super) at: Option<EntryRef>,
    pub(super) why: String,
}

impl Findings {
    pub(super) fn note(&mut self, at: Option<EntryRef>, why: impl Into<String>) {
        self.wrong.push(Wrong { at, why: why.into() });
    }
}

/// What a walk met: entries without their envelope, and who stood in for which.
#[derive(Default)]
pub(super) struct Met {
    pub(super) bare: Vec<(Doomed, Header)>,
    pub(super) stood: HashMap<Doomed, HashSet<DeviceId>>,
    /// Who holds what is in an entry in another envelope.
    pub(super) replaced: HashMap<Doomed, HashSet<DeviceId>>,
}

impl Met {
    pub(super) fn note(&mut self, entry: &SealedEntry) {
        let EntryRef { device, journal, seq } = entry.at();
        match (entry.header.kind, entry.header.target) {
            (Kind::Sealed | Kind::Slip, _) if entry.envelope.is_none() => {
                self.bare.push((Doomed { device, journal, seq, hash: entry.hash() }, entry.header.clone()));
            }
            (Kind::StandIn, Some(target)) => {
                let EntryRef { device: of, journal, seq } = target.entry;
                let doomed = Doomed { device: of, journal, seq, hash: target.hash };
                let by = if target.change == Change::Erasure { &mut self.stood } else { &mut self.replaced };
                by.entry(doomed).or_default().insert(device);
            }
            _ => {}
        }
    }
}
