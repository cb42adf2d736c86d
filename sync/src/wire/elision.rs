//! Leaving out of an entry what the receiver can rebuild, and rebuilding it: one exact inverse, so that the bytes that come
//! out are the bytes that were signed. Both ends keep the same [`Memory`] along a body and learn from each item alike.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{AgencyId, CaseId, Digest};

use crate::batch::Item;
use crate::chain;
use crate::entry::{Header, Kind, Reader, RosterSeen, SealedEntry};
use crate::error::{Result, SyncError};
use crate::wire::limits;
use crate::wire::v1::{Audience, ItemForm, RunHead, ShortEntry};

/// What both ends know at one point of a body: the place in the run, and what earlier items of the body have said.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    agency: AgencyId,
    run: RunHead,
    seq: u64,
    link: Digest,
    roster: Option<u64>,
    roster_hashes: BTreeMap<u64, Digest>,
    cases: BTreeMap<u64, CaseId>,
    audiences: Vec<Vec<Reader>>,
}

impl Memory {
    /// At the start of a body, before its first run.
    pub(super) fn new(agency: AgencyId, run: RunHead) -> Memory {
        let (audiences, roster_hashes) = (Vec::new(), BTreeMap::new());
        Memory {
            agency,
            seq: run.first,
            link: run.before,
            run,
            roster: None,
            roster_hashes,
            cases: BTreeMap::new(),
            audiences,
        }
    }

    /// Goes to the next run of the same body. Audiences and roster hashes stay known; cases and the place do not.
    pub(super) fn begin(&mut self, run: RunHead) {
        self.seq = run.first;
        self.link = run.before;
        self.roster = None;
        self.cases.clear();
        self.run = run;
    }

    /// Items of the run that have not passed yet.
    pub(super) fn left(&self) -> u64 {
        self.run.first.saturating_add(self.run.count).saturating_sub(self.seq)
    }

    /// Number of the next item and the link before it.
    pub(super) fn place(&self) -> (u64, Digest) {
        (self.seq, self.link)
    }

    /// The item as it travels. Elisions are grouped by the caller.
    pub(super) fn shorten(&mut self, item: &Item) -> ItemForm {
        match item {
            Item::Elided(hash) => {
                self.step(hash);
                ItemForm::Elisions(vec![*hash])
            }
            Item::Entry(entry) => {
                let form = self.form(entry);
                self.learn(&entry.header);
                self.step(&entry.hash());
                form
            }
        }
    }

    /// The items that a form stands for: one entry, or one or more elisions.
    ///
    /// # Errors
    /// [`SyncError::Malformed`] when the form is not the one that this place in the body calls for, or rebuilds to no header.
    pub(super) fn restore(&mut self, form: ItemForm) -> Result<Vec<Item>> {
        if let ItemForm::Elisions(hashes) = form {
            if crate::cbor::count(hashes.len()) > self.left() {
                return Err(SyncError::Malformed("more items than the manifest says"));
            }
            hashes.iter().for_each(|hash| self.step(hash));
            return Ok(hashes.into_iter().map(Item::Elided).collect());
        }
        if self.left() == 0 {
            return Err(SyncError::Malformed("more items than the manifest says"));
        }
        let told = summary(&form);
        let entry = match form {
            ItemForm::Short(short) => self.rebuild(*short)?,
            ItemForm::Verbatim(bytes, signature, envelope) => SealedEntry::from_parts(bytes, signature, envelope)?,
            ItemForm::Elisions(_) => return Err(SyncError::Malformed("elisions")),
        };
        if !self.fits(&entry.header) {
            return Err(SyncError::Malformed("entry is not at its place in the run"));
        }
        // One right way: what could have been left out must have been, and nothing else.
        if self.choose(&entry) != told {
            return Err(SyncError::Malformed("entry is not shortened as it should be"));
        }
        self.learn(&entry.header);
        self.step(&entry.hash());
        Ok(vec![Item::Entry(Box::new(entry))])
    }

    fn agency(&self) -> AgencyId {
        self.run.agency.unwrap_or(self.agency)
    }

    fn fits(&self, h: &Header) -> bool {
        (h.agency, h.device, h.journal) == (self.agency(), self.run.device, self.run.journal)
            && (h.seq, h.prev) == (self.seq, self.link)
    }

    fn step(&mut self, hash: &Digest) {
        self.link = chain::link(&self.link, hash);
        self.seq = self.seq.saturating_add(1);
    }

    /// What an entry teaches both ends. The maxima keep a stranger from filling the memory; beyond them nothing is left out.
    fn learn(&mut self, h: &Header) {
        if !h.understood() {
            return;
        }
        self.roster = Some(h.roster.version);
        if self.cases.len() < limits::MAX_REMEMBERED_CASES {
            self.cases.insert(h.key, h.case);
        }
        if let Some(hash) = h.roster.hash
            && self.roster_hashes.len() < limits::MAX_REMEMBERED
        {
            self.roster_hashes.insert(h.roster.version, hash);
        }
        if h.wraps() && self.audiences.len() < limits::MAX_REMEMBERED && !self.audiences.contains(&h.audience) {
            self.audiences.push(h.audience.clone());
        }
    }

    fn roster_is_known(&self, roster: &RosterSeen) -> bool {
        self.roster == Some(roster.version)
            && roster.hash.is_none_or(|hash| self.roster_hashes.get(&roster.version) == Some(&hash))
    }

    fn audience(&self, h: &Header) -> Audience {
        if !h.wraps() {
            return Audience::None;
        }
        match self.audiences.iter().position(|known| *known == h.audience) {
            Some(n) => Audience::Known(crate::cbor::count(n)),
            None => Audience::Full(h.audience.clone()),
        }
    }

    /// Which form an entry takes at this place.
    fn choose(&self, entry: &SealedEntry) -> Summary {
        let h = &entry.header;
        // A run that a caller put together wrongly still travels whole, and is refused where it arrives.
        if !h.understood() || !self.fits(h) {
            return Summary::Verbatim;
        }
        Summary::Short {
            case: !(h.kind == Kind::Sealed && self.cases.get(&h.key) == Some(&h.case)),
            roster: !self.roster_is_known(&h.roster),
            known: matches!(self.audience(h), Audience::Known(_)),
            bare: entry.envelope.is_none(),
        }
    }

    fn form(&self, entry: &SealedEntry) -> ItemForm {
        let h = &entry.header;
        let Summary::Short { case, roster, bare, .. } = self.choose(entry) else {
            return ItemForm::Verbatim(entry.bytes.clone(), entry.signature, entry.envelope.clone());
        };
        ItemForm::Short(Box::new(ShortEntry {
            kind: h.kind.number(),
            back: h.seq.saturating_sub(h.key),
            case: case.then_some(h.case),
            roster: roster.then_some(h.roster),
            audience: self.audience(h),
            commitment: h.commitment,
            bare: bare.then_some((h.digest, h.size)),
            parts: h.parts.clone(),
            target: h.target,
            signature: entry.signature,
            envelope: entry.envelope.clone(),
        }))
    }

    fn rebuild(&self, short: ShortEntry) -> Result<SealedEntry> {
        let missing = |what| SyncError::Malformed(what);
        let key = self.seq.checked_sub(short.back).ok_or(missing("slip number"))?;
        let kind = match short.kind {
            0 => Kind::Sealed,
            1 => Kind::Slip,
            _ => Kind::StandIn,
        };
        let case = match short.case {
            Some(case) => case,
            None => *self.cases.get(&key).ok_or(missing("case is not known here"))?,
        };
        let audience = match short.audience {
            Audience::None => Vec::new(),
            Audience::Full(readers) => readers,
            Audience::Known(n) => {
                let known = usize::try_from(n).ok().and_then(|n| self.audiences.get(n));
                known.ok_or(missing("audience is not known here"))?.clone()
            }
        };
        let roster = match (short.roster, self.roster) {
            (Some(roster), _) => roster,
            (None, None) => return Err(missing("roster is not known here")),
            (None, Some(version)) if audience.is_empty() => RosterSeen { version, hash: None },
            (None, Some(version)) => {
                let hash = self.roster_hashes.get(&version).ok_or(missing("roster hash is not known here"))?;
                RosterSeen { version, hash: Some(*hash) }
            }
        };
        let (digest, size) = match (&short.bare, &short.envelope) {
            (Some(bare), _) => *bare,
            (None, envelope) => {
                let bytes = envelope.as_deref().unwrap_or_default();
                (Digest::of(bytes), crate::cbor::count(bytes.len()))
            }
        };
        let header = Header {
            v: limits::HEADER_VERSION,
            agency: self.agency(),
            device: self.run.device,
            journal: self.run.journal,
            seq: self.seq,
            prev: self.link,
            kind,
            case,
            key,
            audience,
            roster,
            commitment: short.commitment,
            digest,
            size,
            parts: short.parts,
            target: short.target,
        };
        header.check().map_err(SyncError::Malformed)?;
        let bytes = amanat_keys::canonical::encode(&header);
        Ok(SealedEntry { header, bytes, signature: short.signature, envelope: short.envelope })
    }
}

/// The choices in a form, to compare what came with what should have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summary {
    Verbatim,
    Short { case: bool, roster: bool, known: bool, bare: bool },
}

fn summary(form: &ItemForm) -> Summary {
    match form {
        ItemForm::Elisions(_) | ItemForm::Verbatim(..) => Summary::Verbatim,
        ItemForm::Short(s) => Summary::Short {
            case: s.case.is_some(),
            roster: s.roster.is_some(),
            known: matches!(s.audience, Audience::Known(_)),
            bare: s.bare.is_some(),
        },
    }
}
