//! Opening entries: the key of their slip, the envelope, the record. Signatures were checked when the entries were kept or
//! arrived; the journal's rows vouch for them since (`FORMATS.md` section 3).

use std::{collections::HashMap, sync::Arc};

use amanat_keys::{
    case_key::CaseKey,
    envelope,
    error::KeysError,
    fingerprint::{CaseId, KeyId},
    part,
    recipient::ReadIdentity,
    slip::{Slip, SlipFault},
};
use amanat_sync::{
    entry::{EntryRef, Header, Kind, SealedEntry},
    journal::ShelfRow,
};

use super::{
    parallel,
    ring::{self, Purpose, Ring},
};
use crate::{
    model::{Author, Content, Entry, PartHash},
    record::{self, Interner},
    runtime::{border::entry_id, fault},
};

/// What opening a run of entries gave.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Opened {
    /// Entries that opened.
    pub entries: Vec<Entry>,
    /// Keys that slips gave.
    pub keys: Vec<NewKey>,
    /// Entries whose slip has not been seen yet in this run.
    pub later: Vec<SealedEntry>,
    /// Entries sealed to others.
    pub closed: u64,
    /// What should have opened and did not, with the reason.
    pub failed: Vec<(EntryRef, String)>,
}

/// A case key out of a slip.
#[derive(Clone, Debug)]
pub(in crate::runtime) struct NewKey {
    /// The slip's place.
    pub slip: EntryRef,
    /// The slip's case.
    pub case: CaseId,
    /// The key.
    pub key: CaseKey,
    /// The local row that keeps it.
    pub row: ShelfRow,
}

/// What one thread opens with.
pub(in crate::runtime) struct Opener<'a> {
    ring: &'a Ring,
    identities: &'a HashMap<KeyId, ReadIdentity>,
    found: Arc<HashMap<EntryRef, (CaseKey, CaseId)>>,
    interner: Interner,
    reader: envelope::Reader,
    /// No slip is still to come: what has no key is closed to us.
    last_call: bool,
}

impl<'a> Opener<'a> {
    /// With the keys known so far and the identities that open slips.
    pub(in crate::runtime) fn new(
        ring: &'a Ring,
        identities: &'a HashMap<KeyId, ReadIdentity>,
        last_call: bool,
    ) -> Self {
        Self {
            ring,
            identities,
            found: Arc::default(),
            interner: Interner::default(),
            reader: envelope::Reader::default(),
            last_call,
        }
    }

    /// Opens what can be opened.
    pub(in crate::runtime) fn open(&mut self, mut entries: Vec<SealedEntry>) -> Opened {
        let mut opened = Opened::default();
        let mut given = self.slips(&entries);
        opened.entries.reserve(entries.len());
        for entry in &mut entries {
            match entry.header.kind {
                Kind::Slip => self.slip(entry, given.remove(&entry.at()), &mut opened),
                Kind::Sealed => self.content(entry, &mut opened),
                // Stand-ins replace envelopes and say nothing of their own; later kinds are carried.
                Kind::StandIn | Kind::Later(_) => {}
            }
        }
        opened
    }

    /// Opens what can be opened of a whole arrival, on all cores: the slips, and then what lies under them, in order.
    pub(in crate::runtime) fn open_all(mut self, entries: Vec<SealedEntry>) -> Opened {
        let (slips, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.header.kind == Kind::Slip);
        let mut opened = self.open(slips);
        let share = |entries| {
            let found = Arc::clone(&self.found);
            Opener { found, ..Opener::new(self.ring, self.identities, self.last_call) }.open(entries)
        };
        for part in parallel::shares(rest, share) {
            opened.entries.extend(part.entries);
            opened.later.extend(part.later);
            opened.failed.extend(part.failed);
            opened.closed = opened.closed.saturating_add(part.closed);
        }
        opened
    }

    /// What the slips among these give whose keys are not known yet: a curve's work each, which is most of what opening costs, so all
    /// cores do it. At an unlocking there are none.
    fn slips(&self, entries: &[SealedEntry]) -> HashMap<EntryRef, Result<CaseKey, SlipFault>> {
        let unknown = |entry: &&SealedEntry| entry.header.kind == Kind::Slip && !self.ring.holds(&entry.at());
        let unknown: Vec<&SealedEntry> = entries.iter().filter(unknown).collect();
        let given =
            parallel::each(&unknown, |entry| open_slip(&entry.header, entry.envelope.as_ref()?, self.identities));
        unknown.iter().zip(given).filter_map(|(entry, given)| Some((entry.at(), given?))).collect()
    }

    fn slip(&mut self, entry: &SealedEntry, given: Option<Result<CaseKey, SlipFault>>, opened: &mut Opened) {
        let at = entry.at();
        match given {
            None => {}
            Some(Ok(key)) => {
                let id = KeyId::from_bytes(*entry.header.commitment.as_bytes());
                let row = ring::row(&at, entry.header.case, id, &key, Purpose::Foreign);
                Arc::make_mut(&mut self.found).insert(at, (key.clone(), entry.header.case));
                opened.keys.push(NewKey { slip: at, case: entry.header.case, key, row });
            }
            Some(Err(fault)) => opened.failed.push((at, fault::told(&KeysError::from(fault)))),
        }
    }

    /// Content whose envelope is gone, from the envelope that a reseal holds: the same entry, by the same author. Whether it opened.
    pub(in crate::runtime) fn resealed(
        &mut self,
        target: &SealedEntry,
        reseal: &SealedEntry,
        opened: &mut Opened,
    ) -> bool {
        let before = opened.entries.len();
        if let Some(envelope) = reseal.envelope.clone() {
            let slip = EntryRef { seq: reseal.header.key, ..reseal.at() };
            self.read_envelope(target, &envelope, slip, opened);
        }
        opened.entries.len() > before
    }

    fn content(&mut self, entry: &mut SealedEntry, opened: &mut Opened) {
        let Some(envelope) = entry.envelope.take() else { return };
        let slip = EntryRef { seq: entry.header.key, ..entry.at() };
        if self.read_envelope(entry, &envelope, slip, opened) {
            opened.later.push(SealedEntry { envelope: Some(envelope), ..entry.clone() });
        }
    }

    /// Whether its slip is still to come.
    fn read_envelope(&mut self, entry: &SealedEntry, envelope: &[u8], slip: EntryRef, opened: &mut Opened) -> bool {
        let header = &entry.header;
        let found = || self.found.get(&slip).map(|(key, case)| (key, *case));
        let Some((key, case)) = self.ring.key(&slip).or_else(found) else {
            if self.last_call {
                opened.closed = opened.closed.saturating_add(1);
                return false;
            }
            return true;
        };
        if case != header.case {
            // Sealed to the readers of another case: its own would never see it (FORMATS section 3).
            opened.failed.push((entry.at(), "it lies under the slip of another case".to_owned()));
            return false;
        }
        let json = match self.reader.open(envelope, &header.place(), key, &header.commitment) {
            Ok(json) => json,
            Err(fault) => {
                opened.failed.push((entry.at(), fault::told(&KeysError::from(fault))));
                return false;
            }
        };
        let author = Author { device: header.device.into(), journal: header.journal.into(), seq: header.seq };
        match record::decode(json, entry_id(&entry.hash()), header.case.into(), author, &mut self.interner) {
            Ok(read) => match attached(read, header) {
                Some(read) => opened.entries.push(read),
                None => opened.failed.push((entry.at(), "it lists other attachments than its header".to_owned())),
            },
            Err(error) => opened.failed.push((entry.at(), error.to_string())),
        }
        false
    }
}

/// The entry with what its header says of its attachments; `None` when header and content list different ones.
pub(super) fn attached(mut read: Entry, header: &Header) -> Option<Entry> {
    if matches!(read.content, Content::Other(_)) {
        return Some(read);
    }
    if read.parts.len() != header.parts.len() {
        return None;
    }
    for (told, part) in read.parts.iter_mut().zip(&header.parts) {
        told.digest = PartHash::from_bytes(*part.digest.as_bytes());
        (told.sealed, told.size) = (part.size, part::plain_size(part.size));
    }
    Some(read)
}

/// Opens a slip with the identity that its audience names; `None` when it names none of ours.
pub(super) fn open_slip(
    header: &Header,
    bytes: &[u8],
    identities: &HashMap<KeyId, ReadIdentity>,
) -> Option<Result<CaseKey, SlipFault>> {
    open_wrap(header, header, bytes, identities)
}

/// Opens an age header for the audience of `wrap` that gives the key of `slip`, which is the same unless it is a rewrap.
pub(in crate::runtime) fn open_wrap(
    wrap: &Header,
    slip: &Header,
    bytes: &[u8],
    identities: &HashMap<KeyId, ReadIdentity>,
) -> Option<Result<CaseKey, SlipFault>> {
    let ours: Vec<&ReadIdentity> = wrap.audience.iter().filter_map(|reader| identities.get(&reader.key)).collect();
    // Stanzas stand in the order of the audience.
    let place = wrap.audience.iter().position(|reader| identities.contains_key(&reader.key))?;
    let id = KeyId::from_bytes(*slip.commitment.as_bytes());
    let read = Slip::parse(bytes, wrap.audience.len()).map(|read| read.for_reader(place));
    Some(read.and_then(|read| read.open(ours, &slip.place(), &id)))
}
