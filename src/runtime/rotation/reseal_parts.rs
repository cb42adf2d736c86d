//! Attachments when a case is sealed again (`keys/FORMATS.md` section 10): found, each read to its end before the first write, and sealed again into
//! an entry directly before the reseal of the one that lists them. What is not here is asked for, and its entry stays as it is for now.

use std::collections::BTreeMap;

use amanat_keys::{case_key::CaseKey, rotation::LeftOut, trust::FORMAT_VERSION};
use amanat_sync::entry::{EntryRef, Header, SealedEntry, Slot};

use super::{
    reseal_far::Listener,
    reseal_look::{Job, JobPart, Left},
    resealing::DOING,
};
use crate::{
    failure::Failure,
    model::{Attached, Author, Content, PartHash},
    runtime::{
        border::entry_id,
        entries::{
            parts_again::{self, Lying},
            ring::Purpose,
            sealing::{self, Piece, SealedParts},
        },
        homes::{home::Home, pen::Pen},
    },
};

/// The least format of a roster by which attachments are sealed again: every hub that holds it looks before it lets the older go.
const PARTS_AGAIN: u64 = 2;
const _: () = assert!(PARTS_AGAIN <= FORMAT_VERSION);

impl Home {
    /// Whether attachments are sealed again: once no hub and no device is left that would let the older ones go without looking.
    pub(in crate::runtime) fn seals_parts_again(&self) -> Result<bool, Failure> {
        Ok(self.trust()?.roster().minimum_version >= PARTS_AGAIN)
    }

    /// The entry that holds attachments for a reseal.
    pub(in crate::runtime) fn carried_for(&self, reseal: &SealedEntry) -> Result<Option<EntryRef>, Failure> {
        let target = reseal.header.target.map(|target| self.header_at(&target.entry)).transpose()?.flatten();
        let carrier = target.map(|target| self.carrier(&reseal.header, &target.header)).transpose()?.flatten();
        Ok(carrier.map(|carrier| carrier.at()))
    }

    /// An entry's attachments, each read to its end where it lies; none where one is not here or does not open.
    pub(super) fn parts_of(
        &self,
        job: &Job,
        keys: &BTreeMap<EntryRef, CaseKey>,
    ) -> Result<Option<Vec<JobPart>>, Failure> {
        let header = &job.entry.header;
        if header.parts.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let Some(key) = keys.get(&job.under) else { return Ok(None) };
        let Some(listed) = parts_again::listed(&job.entry, (&job.envelope, &job.digest), key) else { return Ok(None) };
        let (author, files) = (author(&header.at()), self.part_files());
        let mut parts = Vec::with_capacity(listed.len());
        for told in listed {
            let whole = |lying: &Lying| {
                let key = self.ring.key(&lying.slip).map(|(key, _)| key);
                let opens = |key: &CaseKey| parts_again::is_in(&files, &lying.part, key, &told);
                (files.holds(&lying.part) && key.is_some_and(opens)).then_some(*lying)
            };
            let Some(lies) = self.at_first_that(&author, &told, whole)? else { return Ok(None) };
            parts.push(JobPart { told, lies });
        }
        Ok(Some(parts))
    }

    /// Asks for the attachments of what was left because they are not here.
    pub(super) fn ask_for_left(&self, left: &[Left]) -> Result<(), Failure> {
        if !self.seals_parts_again()? {
            return Ok(());
        }
        for left in left.iter().filter(|left| left.why == LeftOut::Attached) {
            let Some(entry) = self.header_at(&left.at)? else { continue };
            for part in &entry.header.parts {
                let digest = PartHash::from_bytes(*part.digest.as_bytes());
                let (media, name) = Default::default();
                // What finds it is its digest; nothing else of it is asked for.
                let told = Attached { commitment: digest, media, name, digest, sealed: part.size, size: 0 };
                self.wish_part(&author(&left.at), &told)?;
            }
        }
        Ok(())
    }
}

fn author(at: &EntryRef) -> Author {
    Author { device: at.device.into(), journal: at.journal.into(), seq: at.seq }
}

/// The attachments of an entry sealed again under its new key, each put among `made` as soon as it is on the disk. `None` when whoever listens had
/// enough. What is not kept after all is swept at the next unlocking.
pub(super) fn parts_again(
    home: &Home,
    (slot, key): (&Slot, &CaseKey),
    job: &Job,
    listener: &mut Listener<'_>,
    made: &mut Vec<Attached>,
) -> Result<Option<SealedParts>, Failure> {
    let mut parts = Vec::with_capacity(job.parts.len());
    for JobPart { told, lies } in &job.parts {
        let old = home.ring.key(&lies.slip).map(|(key, _)| key.clone());
        let old = old.ok_or_else(|| Failure::refused(format!("{DOING} — a key has gone meanwhile"), ""))?;
        let began = listener.bytes();
        let going = &mut |bytes| listener.sealed(began, bytes);
        let sealed = home.seal_part_again(told, &lies.part.digest, (&old, key), slot.prev, going);
        // Its nonce is told of by nobody else.
        if listener.stopped() || sealed.is_ok() && !listener.sealed(began, told.sealed) {
            made.extend(sealed.ok());
            return Ok(None);
        }
        let sealed = sealed?;
        made.push(sealed.clone());
        parts.push(sealed);
    }
    Ok(Some(SealedParts { key: key.clone(), parts: parts.into() }))
}

/// The entry that holds the attachments of another, directly before its reseal.
pub(super) fn carrier_entry(
    home: &Home,
    (pen, slot): (&Pen, &Slot),
    job: &Job,
    (slip, key): (u64, &CaseKey),
    parts: SealedParts,
) -> Result<(Header, Vec<u8>), Failure> {
    let piece = Piece {
        case: job.entry.header.case,
        purpose: Purpose::Foreign,
        content: Content::Attachments(entry_id(&job.entry.hash())),
        source: None,
        again: None,
        attached: Some(Box::new(parts)),
    };
    sealing::under(pen, slot, (slip, key), &piece, &home.times())
}
