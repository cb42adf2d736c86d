//! The case keys that this device knows, in memory while it is unlocked, and which of its own slips a case is sealed under.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use amanat_keys::{
    case_key::CaseKey,
    fingerprint::{CaseId, DeviceId, JournalId, KeyId},
    stretch::Stretch,
};
use amanat_sync::{
    entry::{EntryRef, Header, Kind, Reader},
    error::SyncError,
    journal::{Shelf, ShelfRow, SqliteJournal},
};
use foldhash::fast::RandomState;
use zeroize::Zeroizing;

use super::parallel;

/// What a case key seals: a case's entries, or the answers that its forms call sealed (the case's second key).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::runtime) enum Purpose {
    /// Entries.
    Content,
    /// Names, phones, homes.
    Names,
    /// Another device's slip: opens, seals nothing.
    Foreign,
}

impl Purpose {
    const fn byte(self) -> u8 {
        match self {
            Self::Content => 0,
            Self::Names => 1,
            Self::Foreign => 2,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Content),
            1 => Some(Self::Names),
            2 => Some(Self::Foreign),
            _ => None,
        }
    }
}

/// An own slip that can be sealed under.
#[derive(Clone, Debug)]
pub(in crate::runtime) struct OwnSlip {
    /// Its journal.
    pub journal: JournalId,
    /// Its number there.
    pub seq: u64,
    /// Whom it gives the key to: nearly all slips of a device name the same readers, who stand in memory once.
    pub audience: Arc<[Reader]>,
}

impl OwnSlip {
    /// The slip with this header.
    pub(in crate::runtime) const fn of(header: &Header, audience: Arc<[Reader]>) -> Self {
        Self { journal: header.journal, seq: header.seq, audience }
    }
}

/// Case keys by the place of their slip.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Ring {
    keys: HashMap<EntryRef, (CaseKey, Purpose, CaseId), RandomState>,
    newest: HashMap<(CaseId, Purpose), OwnSlip, RandomState>,
    /// Own slips under which nothing is sealed any more.
    retired: HashSet<EntryRef>,
}

impl Ring {
    /// From the rows of the journal's shelf; a row that is no key is passed over (its entries count as unreadable).
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn read(journal: &SqliteJournal) -> Result<Self, SyncError> {
        let key = |row: &ShelfRow| {
            let (key, purpose) = parse(&row.plain)?;
            Some((row.slip()?, (key, purpose, row.case?)))
        };
        let keys = parallel::opened(journal.sealed_shelf(Shelf::CaseKeys, None)?, key)?;
        Ok(Self { keys: keys.into_iter().collect(), ..Self::default() })
    }

    /// The key that a slip at this place gave, and the case that the slip belongs to.
    pub(in crate::runtime) fn key(&self, slip: &EntryRef) -> Option<(&CaseKey, CaseId)> {
        self.keys.get(slip).map(|(key, _, case)| (key, *case))
    }

    /// Where the keys lie, until the next one is taken in.
    pub(in crate::runtime) fn stretches(&self) -> impl Iterator<Item = Stretch> {
        self.keys.values().map(|(key, ..)| Stretch::of(key))
    }

    /// What the key of a slip is for.
    pub(in crate::runtime) fn purpose(&self, slip: &EntryRef) -> Option<Purpose> {
        self.keys.get(slip).map(|(_, purpose, _)| *purpose)
    }

    /// Whether the slip's key is known.
    pub(in crate::runtime) fn holds(&self, slip: &EntryRef) -> bool {
        self.keys.contains_key(slip)
    }

    /// Takes a key in.
    pub(in crate::runtime) fn put(&mut self, slip: EntryRef, case: CaseId, key: CaseKey, purpose: Purpose) {
        self.keys.insert(slip, (key, purpose, case));
    }

    /// Notes an own slip, found in the journal or just kept: the newest of its case is sealed under. Entries of one journal come in
    /// order, and journals in the order in which they were begun.
    pub(in crate::runtime) fn note_own(&mut self, header: &Header) {
        if header.kind == Kind::Slip {
            let slip = OwnSlip::of(header, header.audience.as_slice().into());
            self.note_found(header.device, header.case, slip);
        }
    }

    /// The same of a slip that this device, by its id, made in a case.
    pub(in crate::runtime) fn note_found(&mut self, me: DeviceId, case: CaseId, slip: OwnSlip) {
        let at = EntryRef { device: me, journal: slip.journal, seq: slip.seq };
        if self.retired.contains(&at) {
            return;
        }
        let Some((_, purpose, _)) = self.keys.get(&at) else { return };
        self.newest.insert((case, *purpose), slip);
    }

    /// Notes for whom an own slip was wrapped anew. Where that gave its key to somebody whom the slip itself does not name, nothing more is sealed
    /// under it: once they read no more, its own audience would again be exactly that of the day.
    pub(in crate::runtime) fn note_rewrap(&mut self, case: CaseId, slip: &EntryRef, now: &[Reader]) {
        for purpose in [Purpose::Content, Purpose::Names] {
            let wider = self.newest.get(&(case, purpose)).is_some_and(|own| {
                let named = |reader: &Reader| own.audience.iter().any(|named| named.id == reader.id);
                (own.journal, own.seq) == (slip.journal, slip.seq) && !now.iter().all(named)
            });
            if wider {
                self.newest.remove(&(case, purpose));
                self.retired.insert(*slip);
            }
        }
    }

    /// Seals nothing under a slip any more; what lies under it still opens.
    pub(in crate::runtime) fn retire(&mut self, slip: &EntryRef) {
        self.newest.retain(|_, newest| (newest.journal, newest.seq) != (slip.journal, slip.seq));
        self.retired.insert(*slip);
    }

    /// What is kept in a case next begins a new slip.
    pub(in crate::runtime) fn begin_anew(&mut self, case: &CaseId) {
        self.newest.retain(|(of, _), _| of != case);
    }

    /// Whether something is sealed in a case for this purpose under an own slip.
    pub(in crate::runtime) fn seals(&self, case: CaseId, purpose: Purpose) -> bool {
        self.newest.contains_key(&(case, purpose))
    }

    /// Lets go of a slip's key.
    pub(in crate::runtime) fn forget(&mut self, slip: &EntryRef) {
        self.keys.remove(slip);
    }

    /// Lets go of every key of the cases that are meant, and seals nothing under their slips any more.
    pub(in crate::runtime) fn let_go(&mut self, meant: impl Fn(&CaseId) -> bool) {
        self.keys.retain(|_, (_, _, case)| !meant(case));
        self.newest.retain(|(case, _), _| !meant(case));
    }

    /// The newest own slip of a case, if it stands in this journal and gives the key to exactly these readers.
    pub(in crate::runtime) fn usable(
        &self,
        case: CaseId,
        purpose: Purpose,
        journal: JournalId,
        audience: &[Reader],
    ) -> Option<u64> {
        let slip = self.newest.get(&(case, purpose))?;
        (slip.journal == journal && *slip.audience == *audience).then_some(slip.seq)
    }
}

/// The local row of a key: 16 bytes and what it is for.
pub(in crate::runtime) fn row(slip: &EntryRef, case: CaseId, id: KeyId, key: &CaseKey, purpose: Purpose) -> ShelfRow {
    let mut plain = Zeroizing::new(Vec::with_capacity(17));
    plain.extend_from_slice(key.expose());
    plain.push(purpose.byte());
    ShelfRow::case_key(slip, case, id, plain)
}

fn parse(plain: &[u8]) -> Option<(CaseKey, Purpose)> {
    let (key, rest) = plain.split_first_chunk::<16>()?;
    let [purpose] = rest else { return None };
    Some((CaseKey::from_bytes(*key), Purpose::from_byte(*purpose)?))
}
