//! Whose word counts in a case: the signer must belong to the readers of the case's first slip, or of a grant from there
//! (`FORMATS.md` section 7). What anybody else writes under a case's number is *offered*, shown apart and never folded.
//!
//! The first slip is the first that this device has seen. Which one that was is filed in a sealed row when it is seen, so that
//! neither the order of replaying nor the hub, which chooses what arrives first, can make it another one afterwards. A case that began
//! in a journal of this device began here.
//!
//! People are posted elsewhere and stations are merged: what somebody wrote while they belonged to a case stays in it. The roster under which it
//! was written stands in its signed header and never falls along a journal, so that a device can stay behind on purpose and go on as what it was,
//! and no further (as with stand-ins, `amanat_keys::tenure`); a device that was revoked is held to its cut-off besides.
//!
//! What a hub can still do is to hand a stranger's slip over before the true one; both
//! are then held, the second is shown as offered, and a person is told.

use std::collections::HashMap;

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, Digest, UnitId},
    roster::Roster,
    tenure::Tenure,
};
use amanat_sync::entry::{EntryRef, Header, SealedEntry};
use foldhash::fast::RandomState;

/// Readers of each case and where each device belongs.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Belonging {
    cases: HashMap<CaseId, Inside, RandomState>,
    places: HashMap<DeviceId, Vec<Digest>, RandomState>,
    /// First slips that have not been filed yet.
    news: Vec<First>,
}

/// The slip with which a case began for this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct First {
    /// The case.
    pub case: CaseId,
    /// Where the slip stands.
    pub at: EntryRef,
    /// Whom it gave the key to: ids of units and devices, in its order.
    pub audience: Vec<Digest>,
}

#[derive(Debug, Default)]
struct Inside {
    /// The audience of the first slip, in its order, and who has been let in since. They are few: looking at each finds one sooner than a
    /// table would, and a table for each case would be most of what this holds.
    readers: Vec<Digest>,
    /// How many of them are the first slip's.
    first: usize,
    /// Whose case it is: what they write in it counts wherever they are posted.
    signer: Option<DeviceId>,
}

impl Belonging {
    /// Where the devices of a roster belong: the units in which their members have a role, and themselves.
    pub(in crate::runtime) fn under(roster: &Roster) -> Self {
        let mut places: HashMap<DeviceId, Vec<Digest>, RandomState> = HashMap::default();
        for device in &roster.devices {
            let own = Digest::from_bytes(*device.id.as_bytes());
            let roles = roster.member(&device.member).map(|member| member.roles.as_slice()).unwrap_or_default();
            let units = roles.iter().map(|(_, unit)| Digest::from_bytes(*unit.as_bytes()));
            places.insert(device.id, units.chain([own]).collect());
        }
        Self { places, ..Self::default() }
    }

    /// Begins with the first slips that have been filed.
    pub(in crate::runtime) fn begin_with(&mut self, filed: Vec<First>) {
        for first in filed {
            let inside = Inside { first: first.audience.len(), readers: first.audience, signer: Some(first.at.device) };
            self.cases.insert(first.case, inside);
        }
    }

    /// First slips that are to be filed; the caller says when they are.
    pub(in crate::runtime) fn news(&self) -> &[First] {
        &self.news
    }

    /// They have been filed.
    pub(in crate::runtime) fn filed(&mut self) {
        self.news.clear();
    }

    /// Takes over another roster; what is known of the cases stays.
    pub(in crate::runtime) fn follow(&mut self, roster: &Roster) {
        self.places = Self::under(roster).places;
    }

    /// Notes a slip, or a rewrap. Whether it counts in its case by where its signer belongs today.
    pub(in crate::runtime) fn note(&mut self, header: &Header) -> bool {
        self.note_if(header, Self::counts)
    }

    fn note_if(&mut self, header: &Header, counts: impl Fn(&Self, &Header) -> bool) -> bool {
        if !header.wraps() {
            return counts(self, header);
        }
        let first = !self.cases.contains_key(&header.case);
        if !first && !counts(self, header) {
            return false;
        }
        let inside = self.cases.entry(header.case).or_default();
        if first {
            inside.readers = header.audience.iter().map(|reader| reader.id).collect();
            inside.first = inside.readers.len();
            inside.signer = Some(header.device);
            let audience = inside.readers.clone();
            self.news.push(First { case: header.case, at: header.at(), audience });
        }
        for reader in &header.audience {
            if !inside.readers.contains(&reader.id) {
                inside.readers.push(reader.id);
            }
        }
        true
    }

    /// Parts what did not count when it was read into what does now that all has been read, and what does not: a grant may stand behind
    /// what it lets in, in another journal, and its signer may have belonged there when it was written.
    pub(in crate::runtime) fn settle<'t>(
        &mut self,
        waiting: Vec<SealedEntry>,
        tenure: impl Fn() -> &'t Tenure,
    ) -> (Vec<SealedEntry>, Vec<SealedEntry>) {
        let (mut inside, mut waiting) = (Vec::new(), waiting);
        if waiting.is_empty() {
            return (inside, waiting);
        }
        // Every roster that there was is read for it: not where nothing waits.
        let tenure = tenure();
        loop {
            let counts = |known: &Self, header: &Header| known.counts(header) || known.counted(header, tenure);
            let (counts, rest): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|entry| self.note_if(&entry.header, counts));
            waiting = rest;
            if counts.is_empty() {
                return (inside, waiting);
            }
            inside.extend(counts);
        }
    }

    /// Whether it is known with which slip a case began.
    pub(in crate::runtime) fn knows(&self, case: &CaseId) -> bool {
        self.cases.contains_key(case)
    }

    /// The units (and devices) that read a case since its first slip, and whether `unit` has been let in since.
    pub(in crate::runtime) fn readers_of(&self, case: &CaseId, unit: &UnitId) -> (&[Digest], bool) {
        let Some(inside) = self.cases.get(case) else { return (&[], false) };
        let first = inside.readers.get(..inside.first).unwrap_or_default();
        (first, inside.readers.contains(&Digest::from_bytes(*unit.as_bytes())))
    }

    /// Whether an entry counts in its case.
    pub(in crate::runtime) fn counts(&self, header: &Header) -> bool {
        let Some(inside) = self.cases.get(&header.case) else { return false };
        inside.signer == Some(header.device)
            || self
                .places
                .get(&header.device)
                .is_some_and(|places| places.iter().any(|place| inside.readers.contains(place)))
    }

    /// Whether it counted by the roster under which it was written.
    fn counted(&self, header: &Header, tenure: &Tenure) -> bool {
        let Some(inside) = self.cases.get(&header.case) else { return false };
        let reads = |unit: UnitId| inside.readers.contains(&Digest::from_bytes(*unit.as_bytes()));
        tenure.units_at(&header.device, header.roster.version).any(reads)
    }
}

#[cfg(test)]
mod tests {
    use amanat_keys::fingerprint::{AgencyId, JournalId, KeyId};
    use amanat_sync::entry::{Kind, Reader, RosterSeen};

    use super::*;

    const CASE: CaseId = CaseId::from_bytes([7; 16]);

    fn header(device: u8, kind: Kind, audience: &[u8]) -> Header {
        let reader = |unit: &u8| Reader {
            agency: AgencyId::from_bytes([0; 32]),
            id: Digest::from_bytes([*unit; 32]),
            key: KeyId::from_bytes([0; 32]),
        };
        Header {
            v: 1,
            agency: AgencyId::from_bytes([0; 32]),
            device: DeviceId::from_bytes([device; 32]),
            journal: JournalId::from_bytes([device; 16]),
            seq: 1,
            prev: Digest::from_bytes([0; 32]),
            kind,
            case: CASE,
            key: 1,
            audience: audience.iter().map(reader).collect(),
            roster: RosterSeen { version: 1, hash: None },
            commitment: Digest::from_bytes([0; 32]),
            digest: Digest::from_bytes([0; 32]),
            size: 0,
            parts: Vec::new(),
            target: None,
        }
    }

    /// Devices 1 and 2 belong to unit 10, device 3 to unit 30.
    fn belonging() -> Belonging {
        let places = [(1, 10), (2, 10), (3, 30)]
            .map(|(device, unit)| (DeviceId::from_bytes([device; 32]), vec![Digest::from_bytes([unit; 32])]));
        Belonging { places: places.into_iter().collect(), ..Belonging::default() }
    }

    #[test]
    fn a_strangers_slip_in_anothers_case_is_offered_and_a_colleagues_counts() {
        let mut belonging = belonging();
        assert!(belonging.note(&header(1, Kind::Slip, &[10])), "the first slip");
        assert!(!belonging.note(&header(3, Kind::Slip, &[30])), "a stranger's slip");
        assert!(!belonging.counts(&header(3, Kind::Sealed, &[])), "and what is sealed under it");
        assert!(belonging.note(&header(2, Kind::Slip, &[10])), "a colleague's slip");
        assert!(belonging.counts(&header(2, Kind::Sealed, &[])));
    }

    #[test]
    fn a_grant_from_inside_lets_another_unit_in() {
        let mut belonging = belonging();
        belonging.note(&header(1, Kind::Slip, &[10]));
        belonging.note(&header(1, Kind::Slip, &[10, 30]));
        assert!(belonging.note(&header(3, Kind::Slip, &[30])));
    }

    #[test]
    fn what_a_grant_lets_in_counts_though_it_is_read_before_the_grant_and_a_stranger_never() {
        let sealed = |header| SealedEntry { header, bytes: Vec::new(), signature: [0; 64], envelope: None };
        let mut belonging = belonging();
        belonging.note(&header(1, Kind::Slip, &[10]));
        let (theirs, strangers) = (sealed(header(3, Kind::Slip, &[30])), sealed(header(4, Kind::Slip, &[40])));
        assert!(!belonging.note(&theirs.header) && !belonging.note(&strangers.header));
        belonging.note(&header(1, Kind::Slip, &[10, 30]));
        let nobody = Tenure::default();
        let (inside, offered) = belonging.settle(vec![strangers.clone(), theirs.clone()], || &nobody);
        assert_eq!((inside, offered), (vec![theirs], vec![strangers]));
    }

    #[test]
    fn the_filed_first_slip_decides_whatever_is_read_first() {
        let (owner, stranger) = (header(1, Kind::Slip, &[10]), header(3, Kind::Slip, &[30]));
        for (first, second) in [(&owner, &stranger), (&stranger, &owner)] {
            let mut live = belonging();
            assert!(live.note(first) && !live.note(second));
            let filed = live.news().to_vec();
            assert_eq!(filed.len(), 1);
            for order in [[first, second], [second, first]] {
                let mut again = belonging();
                again.begin_with(filed.clone());
                let counts: Vec<bool> = order.iter().map(|header| again.note(header)).collect();
                assert_eq!(counts, order.map(|header| header == first));
                assert_eq!(again.news(), []);
            }
        }
    }
}
