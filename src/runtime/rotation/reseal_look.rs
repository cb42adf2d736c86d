//! A case looked through before it is sealed again: every envelope and every slip's key is opened and held against what was signed, so that
//! what will stay under an older key is known, and said, before the first write.

use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::{
    case_key::CaseKey,
    envelope::Folded,
    fingerprint::{CaseId, DeviceId, Digest},
    rotation::{LeftOut, MAX_LEFT},
};
use amanat_sync::{
    entry::{EntryRef, Kind, SealedEntry},
    journal::Journal as _,
};

use super::{reseal_work::Reseal, resealing::DOING};
use crate::{
    failure::Failure,
    model::Attached,
    runtime::{
        entries::{parallel, parts_again::Lying, stand_ins::StoodIn},
        fault,
        homes::home::Home,
    },
};

/// An entry that stays under an older key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The hash of its header.
    pub hash: Digest,
    /// Where it stands.
    pub at: EntryRef,
    /// Why.
    pub why: LeftOut,
}

/// What sealing a case again would mean now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseAhead {
    /// Entries that open and would be sealed again.
    pub open: u64,
    /// Those that have been, where it was stopped.
    pub before: u64,
    /// Slips under whose keys they lie.
    pub slips: u64,
    /// What stays under an older key, and why.
    pub left: Vec<Left>,
    /// Attachments among that.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether these stay only until the attachments are here: the roster says that they may be sealed again.
    pub fetches: bool,
    /// Other active devices with slips of their own in the case: what they seal meanwhile may lie under these.
    pub stragglers: Vec<DeviceId>,
}

/// How many stay for a reason.
pub fn count(left: &[Left], why: LeftOut) -> u64 {
    u64::try_from(left.iter().filter(|left| left.why == why).count()).unwrap_or(u64::MAX)
}

/// One entry to seal again.
pub(super) struct Job {
    pub(super) entry: SealedEntry,
    /// Its newest envelope, the digest of that, and the slip whose key opens it.
    pub(super) envelope: Vec<u8>,
    pub(super) digest: Digest,
    pub(super) under: EntryRef,
    pub(super) replaces: Option<Digest>,
    /// Its attachments, as its author lists them.
    pub(super) parts: Vec<JobPart>,
}

/// An attachment to seal again.
pub(super) struct JobPart {
    /// What the author says of it.
    pub(super) told: Attached,
    /// Where it lies, here and now.
    pub(super) lies: Lying,
}

/// What looking found, with what is to be done.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) jobs: Vec<Job>,
    pub(super) before: u64,
    pub(super) left: Vec<Left>,
    pub(super) stragglers: Vec<DeviceId>,
    parts: u64,
    bytes: u64,
}

impl Looked {
    fn leave(&mut self, entry: &SealedEntry, why: LeftOut) {
        self.left.push(Left { hash: entry.hash(), at: entry.at(), why });
        self.parts += u64::try_from(entry.header.parts.len()).unwrap_or(u64::MAX);
        self.bytes = entry.header.parts.iter().fold(self.bytes, |sum, part| sum.saturating_add(part.size));
    }
}

impl Home {
    /// What sealing a case again would mean now: everything of it is opened, and nothing is changed.
    ///
    /// # Errors
    /// Refused where this device may or can seal none of its entries again, or nobody could read one afterwards.
    pub fn look_at_case(&self, case: CaseId) -> Result<CaseAhead, Failure> {
        let stood = self.stood_in(|_| false)?;
        let looked = self.look_through(case, &stood, self.reseal_begun(case)?.as_ref())?;
        let slips: BTreeSet<EntryRef> = looked.jobs.iter().map(|job| job.under).collect();
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Ok(CaseAhead {
            open: number(looked.jobs.len()),
            before: looked.before,
            slips: number(slips.len()),
            left: looked.left,
            parts: looked.parts,
            bytes: looked.bytes,
            fetches: self.seals_parts_again()?,
            stragglers: looked.stragglers,
        })
    }

    /// The same with what is to be done.
    pub(super) fn look_through(
        &self,
        case: CaseId,
        stood: &StoodIn,
        begun: Option<&Reseal>,
    ) -> Result<Looked, Failure> {
        let me = self.listed()?.id;
        let (mut looked, mut own, mut writers) = (Looked::default(), Vec::new(), BTreeSet::new());
        let mut carriers: BTreeSet<EntryRef> = BTreeSet::new();
        for known in self.journal.heads().map_err(|error| fault::sync(DOING, &error))? {
            // What holds attachments stands directly before its reseal: nearly no reseal has any, and none is looked up for nothing.
            let mut listing = None;
            self.each_held((known.device, known.journal), 0, |entries| {
                for entry in entries.into_iter().filter(|entry| entry.header.case == case) {
                    let header = &entry.header;
                    let behind_one = listing == header.seq.checked_sub(1);
                    listing = (!header.parts.is_empty()).then_some(header.seq);
                    match header.kind {
                        Kind::Slip => drop(writers.insert(known.device)),
                        Kind::Sealed if !self.erasures.is_reason(&entry.hash()) => own.push(entry),
                        Kind::StandIn if behind_one => carriers.extend(self.carried_for(&entry)?),
                        _ => {}
                    }
                }
                Ok(())
            })?;
        }
        // What holds another's attachments is sealed again with what they belong to.
        own.retain(|entry| !carriers.contains(&entry.at()));
        for entry in own {
            let newest = stood.of.get(&entry.at());
            let again = newest.zip(begun).is_some_and(|(it, work)| {
                it.at.device == me && it.at.journal == work.journal && it.at.seq >= work.from
            });
            if again {
                looked.before += 1;
                continue;
            }
            // What an order erased has nothing left that any key could open.
            if entry.envelope.is_none() && self.erasures.names(&entry).is_some() {
                continue;
            }
            let reseal = newest.map(|newest| self.header_at(&newest.at)).transpose()?.flatten();
            if !self.may_stand_in(&me, &entry.header.device) {
                looked.leave(&entry, LeftOut::Others);
            } else if !entry.header.parts.is_empty() && !self.seals_parts_again()? {
                looked.leave(&entry, LeftOut::Attached);
            } else {
                match job_from(&entry, reseal) {
                    Some((envelope, digest, under, replaces)) => {
                        looked.jobs.push(Job { entry, envelope, digest, under, replaces, parts: Vec::new() });
                    }
                    None => looked.leave(&entry, LeftOut::Shut),
                }
            }
        }
        self.open_jobs(&mut looked, stood)?;
        let roster = self.trust()?.roster();
        let writes = |id: &DeviceId| *id != me && roster.device(id).is_some_and(|device| device.is_active());
        looked.stragglers = writers.into_iter().filter(writes).collect();
        looked.left.sort_unstable();
        if looked.jobs.is_empty() && looked.before == 0 {
            return Err(Failure::refused(
                format!("{DOING} — this device may and can seal none of its entries again"),
                "A supervisor seals again what their station wrote, a custodian at headquarters everything that they read.",
            ));
        }
        if looked.left.len() > MAX_LEFT {
            return Err(Failure::refused(
                format!("{DOING} — {} of its entries would stay under an older key", looked.left.len()),
                "Let the custodian who may stand in for them do it.",
            ));
        }
        Ok(looked)
    }

    /// Opens all that is to be done; what does not open is left. Each slip's key is the one that the slip commits to, and its new readers are
    /// known.
    fn open_jobs(&self, looked: &mut Looked, stood: &StoodIn) -> Result<(), Failure> {
        let unders: BTreeSet<EntryRef> = looked.jobs.iter().map(|job| job.under).collect();
        let mut keys: BTreeMap<EntryRef, CaseKey> = BTreeMap::new();
        for under in unders {
            let slip = self.header_at(&under)?;
            let held = slip.zip(self.ring.key(&under)).filter(|(slip, (key, _))| {
                key.id(&slip.header.place()).as_bytes() == slip.header.commitment.as_bytes()
            });
            if let Some((_, (key, _))) = held {
                self.readers_of_slip(&under, stood)?;
                keys.insert(under, key.clone());
            }
        }
        let opens = parallel::each(&looked.jobs, |job| {
            let commitment = &job.entry.header.commitment;
            keys.get(&job.under).is_some_and(|key| Folded::again(&job.envelope, commitment, &job.digest, key).is_ok())
        });
        let mut opens = opens.into_iter();
        let (jobs, shut): (Vec<Job>, Vec<Job>) =
            std::mem::take(&mut looked.jobs).into_iter().partition(|_| opens.next().unwrap_or(false));
        shut.iter().for_each(|job| looked.leave(&job.entry, LeftOut::Shut));
        for mut job in jobs {
            match self.parts_of(&job, &keys)? {
                Some(parts) => {
                    job.parts = parts;
                    looked.jobs.push(job);
                }
                None => looked.leave(&job.entry, LeftOut::Attached),
            }
        }
        Ok(())
    }
}

/// The newest envelope of an entry, its digest, the slip under which it lies, and what it would replace.
fn job_from(entry: &SealedEntry, reseal: Option<SealedEntry>) -> Option<(Vec<u8>, Digest, EntryRef, Option<Digest>)> {
    let replaces = reseal.as_ref().map(SealedEntry::hash);
    // As long as its own envelope is there, nobody's stand-in is needed for it.
    let from = reseal.as_ref().filter(|_| entry.envelope.is_none()).unwrap_or(entry);
    let under = EntryRef { seq: from.header.key, ..from.at() };
    Some((from.envelope.clone()?, from.header.digest, under, replaces))
}
