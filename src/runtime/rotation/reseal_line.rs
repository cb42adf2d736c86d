//! A case's entries sealed again at their places in the custodian's journal, batch by batch: every header, and the nonce of every envelope and
//! attachment, hangs on the link before it.

use std::collections::{BTreeSet, HashMap};

use amanat_keys::{case_key::CaseKey, envelope::Folded, fingerprint::Digest, payload::NonceHedge};
use amanat_sync::{
    entry::{Change, EntryRef, Header, Kind, Slot, Target},
    journal::Keep,
};

use super::{
    reseal_far::{Listener, bytes_of},
    reseal_look::Job,
    reseal_parts::{carrier_entry, parts_again},
    reseal_work::Reseal,
    resealing::{DOING, slip_entry},
};
use crate::{
    failure::Failure,
    model::Attached,
    runtime::{
        entries::{ring::Purpose, sealing::blank_header, stand_ins::StoodIn},
        fault,
        homes::{home::Home, marks::Mark, pen::Pen},
    },
};

/// Entries in one transaction.
const BATCH: usize = 512;
/// Bytes of attachments after which a transaction ends: what is stopped or killed begins again with no more than these and one attachment.
const BATCH_BYTES: u64 = 64 << 20;

/// Takes what goes in the next transaction.
pub(super) fn batch<'j>(rest: &mut &'j [Job]) -> Option<&'j [Job]> {
    let mut bytes = 0_u64;
    let fits = |job: &&Job| {
        let fits = bytes < BATCH_BYTES;
        bytes = bytes.saturating_add(bytes_of(job));
        fits
    };
    let (batch, after) = rest.split_at(rest.iter().take(BATCH).take_while(fits).count());
    *rest = after;
    (!batch.is_empty()).then_some(batch)
}

/// A batch whose entries are sealed at their places; its slips and rows are ready to be kept.
pub(super) struct Chained {
    pub(super) keep: Keep,
    pub(super) unsigned: Vec<(Header, Vec<u8>)>,
    pub(super) made: Vec<(Header, CaseKey)>,
    pub(super) count: u64,
    /// Attachments sealed for it.
    pub(super) parts: Vec<Attached>,
    /// How far it is with this batch.
    pub(super) work: Reseal,
}

/// Gives one after the other its place: every header, and the nonce of every envelope, hangs on the link before it.
pub(super) struct Chain<'s> {
    pub(super) pen: Pen,
    pub(super) slot: Slot,
    /// New keys by the slips that they stand for.
    pub(super) keys: HashMap<EntryRef, (u64, CaseKey)>,
    pub(super) work: Reseal,
    pub(super) stood: &'s StoodIn,
}

impl Chain<'_> {
    /// Seals a batch at its places. `None` when whoever listens had enough meanwhile: nothing is left of it then.
    pub(super) fn chain(
        &mut self,
        home: &Home,
        jobs: &[Job],
        opened: Vec<Option<Folded>>,
        listener: &mut Listener<'_>,
    ) -> Result<Option<Chained>, Failure> {
        let count = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
        let (mut keep, mut made, mut parts) = (Keep::default(), Vec::new(), Vec::new());
        let olds: BTreeSet<EntryRef> = jobs.iter().map(|job| job.under).collect();
        for old in olds {
            if self.keys.contains_key(&old) {
                continue;
            }
            let readers = home.readers_of_slip(&old, self.stood)?;
            let key = CaseKey::generate();
            let (entry, row) = slip_entry(&self.pen, &self.slot, self.work.case, (&key, Purpose::Foreign), &readers)?;
            self.keys.insert(old, (self.slot.seq, key.clone()));
            self.work.slips.insert(old, self.slot.seq);
            made.push((entry.header.clone(), key));
            self.slot = self.slot.after(&entry);
            keep.entries.push(entry);
            keep.rows.push(row);
        }
        let mut unsigned = Vec::with_capacity(jobs.len());
        for (job, folded) in jobs.iter().zip(opened) {
            let Some((folded, (slip, key))) = folded.as_ref().zip(self.keys.get(&job.under)) else { continue };
            if !job.parts.is_empty() {
                let Some(again) = parts_again(home, (&self.slot, key), job, listener, &mut parts)? else {
                    home.drop_unkept(&parts);
                    return Ok(None);
                };
                let carrier = carrier_entry(home, (&self.pen, &self.slot), job, (*slip, key), again)?;
                let bytes = carrier.0.encode().map_err(|error| fault::sync(DOING, &error))?;
                self.slot = self.slot.behind(&Digest::of(&bytes));
                unsigned.push(carrier);
            }
            let (header, envelope) = reseal_entry(&self.pen, &self.slot, job, *slip, (folded, key));
            let bytes = header.encode().map_err(|error| fault::sync(DOING, &error))?;
            self.slot = self.slot.behind(&Digest::of(&bytes));
            unsigned.push((header, envelope));
        }
        keep.rows.push(Mark::Reseal(&self.work.case, self.work.row()).row());
        Ok(Some(Chained { keep, unsigned, made, count, parts, work: self.work.clone() }))
    }
}

fn reseal_entry(pen: &Pen, slot: &Slot, job: &Job, slip: u64, (folded, key): (&Folded, &CaseKey)) -> (Header, Vec<u8>) {
    let target = &job.entry.header;
    let sealed = folded.seal(key, &NonceHedge { key: &pen.nonce, link: slot.prev });
    let mut header = blank_header(pen.roster.0, slot, target.case, Kind::StandIn);
    header.key = slip;
    header.commitment = target.commitment;
    header.digest = sealed.digest;
    header.size = u64::try_from(sealed.envelope.len()).unwrap_or(u64::MAX);
    header.target = Some(Target {
        agency: target.agency,
        entry: target.at(),
        hash: job.entry.hash(),
        change: Change::Reseal,
        replaces: job.replaces,
    });
    (header, sealed.envelope)
}
