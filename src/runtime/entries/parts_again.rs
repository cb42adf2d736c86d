//! Attachments that were sealed again with their case: they lie in an entry of the custodian's, directly before the reseal of the entry that
//! listed them first (`keys/FORMATS.md` section 10). Where one lies by now, whether all of them are here and open, and what may go for them.
//!
//! Nothing lets an attachment go here that is here until all of the same entry are here anew.

use std::fs::File;

use amanat_keys::{case_key::CaseKey, envelope, fingerprint::Digest, part};
use amanat_sync::{
    entry::{Change, EntryRef, Header, Kind, Part, SealedEntry},
    part_files::{PartFiles, Wish},
    wire::parts::PartAt,
};

use super::{
    opening::attached,
    stand_ins::{holding, opens},
};
use crate::{
    failure::Failure,
    model::{Attached, Author},
    record::{self, Interner},
    runtime::{
        border::{entry_id, sealed_digest},
        fault,
        homes::home::Home,
    },
};

/// A place where an attachment lies sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Lying {
    /// The entry that lists it there.
    pub entry: EntryRef,
    /// The slip whose key opens it.
    pub slip: EntryRef,
    /// Its sealed bytes.
    pub part: Part,
}

/// What a reseal of this device's must have beside it to be vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// What it stands in for has no attachments.
    Nothing,
    /// They are here, sealed again.
    Here(Vec<Part>),
    /// They are not, or not all, or nothing is where they should be.
    Missing,
}

impl Home {
    /// The entry that holds the attachments of `target` sealed again for a reseal, where one does.
    pub(in crate::runtime) fn carrier(&self, reseal: &Header, target: &Header) -> Result<Option<SealedEntry>, Failure> {
        if target.parts.is_empty() || reseal.seq < 2 {
            return Ok(None);
        }
        let before = self.header_at(&EntryRef { seq: reseal.seq - 1, ..reseal.at() })?;
        Ok(before.filter(|before| before.header.carries(reseal, target)))
    }

    /// What a place where an attachment lies is good for: first where its author sealed it, which needs no looking for, and then newest first. What
    /// opens at any of them is the same.
    pub(in crate::runtime) fn at_first_that<T>(
        &self,
        author: &Author,
        told: &Attached,
        good: impl Fn(&Lying) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some((listing, n)) = self.listing(author, told)? else { return Ok(None) };
        if let Some(found) = lying(&listing.header, n).as_ref().and_then(&good) {
            return Ok(Some(found));
        }
        Ok(self.lies_again(&listing, n)?.iter().find_map(good))
    }

    /// Where an attachment of an entry lies: newest first, and last where its author sealed it.
    pub(in crate::runtime) fn lies(&self, author: &Author, told: &Attached) -> Result<Vec<Lying>, Failure> {
        let Some((listing, n)) = self.listing(author, told)? else { return Ok(Vec::new()) };
        let mut lies = self.lies_again(&listing, n)?;
        lies.extend(lying(&listing.header, n));
        Ok(lies)
    }

    /// The entry of its author's that lists an attachment, and which of its attachments it is.
    fn listing(&self, author: &Author, told: &Attached) -> Result<Option<(SealedEntry, usize)>, Failure> {
        let at = EntryRef { device: author.device.into(), journal: author.journal.into(), seq: author.seq };
        let digest = sealed_digest(&told.digest);
        let which = |listing: &SealedEntry| listing.header.parts.iter().position(|part| part.digest == digest);
        Ok(self.header_at(&at)?.and_then(|listing| which(&listing).map(|n| (listing, n))))
    }

    /// Where it lies sealed again: newest first.
    fn lies_again(&self, listing: &SealedEntry, n: usize) -> Result<Vec<Lying>, Failure> {
        let mut lies: Vec<Lying> = Vec::new();
        for reseal in self.carried_reseals_of(listing)?.iter().rev() {
            let carrier = self.carrier(&reseal.header, &listing.header)?;
            lies.extend(carrier.and_then(|carrier| lying(&carrier.header, n)));
        }
        Ok(lies)
    }

    /// What lies beside a reseal of an entry; what of it is not here is asked for, as long as nobody else has vouched for it, or the older ones
    /// are here.
    pub(super) fn beside(&self, reseal: &Header, target: &Header) -> Result<Beside, Failure> {
        if target.parts.is_empty() || holding(reseal).is_none_or(|it| it.change != Change::Reseal) {
            return Ok(Beside::Nothing);
        }
        let Some(carrier) = self.carrier(reseal, target)? else { return Ok(Beside::Missing) };
        let files = self.part_files();
        if carrier.header.parts.iter().all(|part| files.holds(part)) {
            return Ok(Beside::Here(carrier.header.parts));
        }
        let me = self.device();
        let older = self.older_parts(reseal, target)?.iter().any(|part| files.holds(part));
        let vouched = || {
            let words = self.rotation_words()?.into_iter().filter(|word| word.by != me);
            let mut words = words.filter(|word| (word.device, word.journal) == (reseal.device, reseal.journal));
            Ok::<_, Failure>(words.any(|word| word.opens(reseal.seq)))
        };
        if older || !vouched()? {
            self.ask_for(&files, &carrier.header)?;
        }
        Ok(Beside::Missing)
    }

    /// Asks for what an entry lists and is not here. What came once and was not it is asked for by a person only.
    fn ask_for(&self, files: &PartFiles, entry: &Header) -> Result<(), Failure> {
        for part in entry.parts.iter().filter(|part| !files.holds(part) && !files.broke(&part.digest)) {
            let wish = Wish { at: PartAt { entry: entry.at(), digest: part.digest }, size: part.size };
            files.wish(&wish).map_err(|error| fault::sync("asking for an attachment", &error))?;
        }
        Ok(())
    }

    /// The attachments that go once those of a reseal are here: the author's, and those of the reseal that it replaces.
    fn older_parts(&self, reseal: &Header, target: &Header) -> Result<Vec<Part>, Failure> {
        let before = self.carrier_before(reseal, target)?;
        let before = before.map(|carrier| carrier.header.parts).unwrap_or_default();
        Ok(target.parts.iter().copied().chain(before).collect())
    }

    /// The entry that held the attachments for the reseal that this one replaces.
    pub(super) fn carrier_before(&self, reseal: &Header, target: &Header) -> Result<Option<SealedEntry>, Failure> {
        let Some(older) = reseal.target.and_then(|target| target.replaces).filter(|_| !target.parts.is_empty()) else {
            return Ok(None);
        };
        let Some(listing) = self.header_at(&target.at())? else { return Ok(None) };
        let replaced = self.carried_reseals_of(&listing)?.into_iter().find(|reseal| reseal.hash() == older);
        replaced.map(|replaced| self.carrier(&replaced.header, target)).transpose().map(Option::flatten)
    }

    /// Whether an entry and its attachments may go from here for those of a reseal: none of the older is here, or all of the newer are, and open to
    /// what the author signed for. Another's word is not enough for what is here.
    pub(super) fn parts_may_go(&self, reseal: &Header, target: &SealedEntry) -> Result<bool, Failure> {
        let beside = self.beside(reseal, &target.header)?;
        if beside == Beside::Nothing || reseal.device == self.device() {
            return Ok(true);
        }
        let files = self.part_files();
        if !self.older_parts(reseal, &target.header)?.iter().any(|part| files.holds(part)) {
            return Ok(self.carrier(reseal, &target.header)?.is_some());
        }
        let held = self.header_at(&reseal.at())?;
        let with = (target.clone(), beside);
        Ok(held.is_some_and(|held| opens((&self.ring, &files), &held, &with, &self.identities())))
    }

    /// Whether what stood at a place went together with the reseal for which it held attachments.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn gone_along(&self, at: &EntryRef) -> Result<bool, Failure> {
        self.header_at(at)?.map_or(Ok(false), |entry| self.went_along(&entry))
    }

    /// Whether an entry without its envelope held attachments for a reseal that has gone as well: both were replaced together.
    pub(in crate::runtime) fn went_along(&self, entry: &SealedEntry) -> Result<bool, Failure> {
        if entry.envelope.is_some() || entry.header.kind != Kind::Sealed || entry.header.parts.is_empty() {
            return Ok(false);
        }
        let next = self.header_at(&EntryRef { seq: entry.header.seq.saturating_add(1), ..entry.at() })?;
        let Some(reseal) = next.filter(|next| next.envelope.is_none()) else { return Ok(false) };
        let target = reseal.header.target.map(|target| self.header_at(&target.entry)).transpose()?.flatten();
        Ok(target.is_some_and(|target| entry.header.carries(&reseal.header, &target.header)))
    }
}

/// What the author of an entry says of its attachments, from an envelope that holds its content.
pub(in crate::runtime) fn listed(
    entry: &SealedEntry,
    (sealed, digest): (&[u8], &Digest),
    key: &CaseKey,
) -> Option<Box<[Attached]>> {
    let header = &entry.header;
    let json = envelope::open(sealed, &header.place(), key, &header.commitment, digest).ok()?;
    read(entry, &json)
}

fn lying(entry: &Header, n: usize) -> Option<Lying> {
    let slip = EntryRef { seq: entry.key, ..entry.at() };
    entry.parts.get(n).map(|part| Lying { entry: entry.at(), slip, part: *part })
}

/// The same from its opened text.
pub(super) fn read(entry: &SealedEntry, json: &[u8]) -> Option<Box<[Attached]>> {
    let (header, id) = (&entry.header, entry_id(&entry.hash()));
    let author = Author { device: header.device.into(), journal: header.journal.into(), seq: header.seq };
    let read = record::decode(json, id, header.case.into(), author, &mut Interner::default()).ok()?;
    let parts = attached(read, header)?.parts;
    (parts.len() == header.parts.len()).then_some(parts)
}

/// Whether sealed bytes that are here open to an attachment. They are read to their end.
pub(in crate::runtime) fn is_in(files: &PartFiles, part: &Part, key: &CaseKey, told: &Attached) -> bool {
    let commitment = sealed_digest(&told.commitment);
    let opens = |mut file: File| part::check(&mut file, key, &commitment, &part.digest, &mut |_| true).is_ok();
    files.open(&part.digest).is_ok_and(opens)
}

/// Whether attachments that were sealed again open to what the author of `target` signed for, whose opened text this is.
pub(super) fn open_to(files: &PartFiles, parts: &[Part], key: &CaseKey, json: &[u8], target: &SealedEntry) -> bool {
    let Some(told) = read(target, json) else { return false };
    told.len() == parts.len() && told.iter().zip(parts).all(|(told, part)| is_in(files, part, key, told))
}
