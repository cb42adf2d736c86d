//! Whose word counts in a case: the signer must belong to the readers of the case's first slip, or of a grant from there
//! (`FORMATS.md` section 7). What anybody else writes under a case's number is *offered*, shown apart and never folded.
//!
//! The first slip is the first that this device has seen, its own journals before others': a stranger cannot come before the
//! case that they have heard of.

use std::collections::{HashMap, HashSet};

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, Digest, UnitId},
    roster::Roster,
};
use amanat_sync::entry::Header;

/// Readers of each case and where each device belongs.
#[derive(Debug, Default)]
pub(super) struct Belonging {
    cases: HashMap<CaseId, Inside>,
    places: HashMap<DeviceId, Vec<Digest>>,
}

#[derive(Debug, Default)]
struct Inside {
    /// The audience of the first slip, in its order.
    first: Vec<Digest>,
    readers: HashSet<Digest>,
    signers: HashSet<DeviceId>,
}

impl Belonging {
    /// Where the devices of a roster belong: the units in which their members have a role, and themselves.
    pub(super) fn under(roster: &Roster) -> Self {
        let mut places: HashMap<DeviceId, Vec<Digest>> = HashMap::new();
        for device in &roster.devices {
            let own = Digest::from_bytes(*device.id.as_bytes());
            let roles = roster.member(&device.member).map(|member| member.roles.as_slice()).unwrap_or_default();
            let units = roles.iter().map(|(_, unit)| Digest::from_bytes(*unit.as_bytes()));
            places.insert(device.id, units.chain([own]).collect());
        }
        Self { cases: HashMap::new(), places }
    }

    /// Takes over another roster; what is known of the cases stays.
    pub(super) fn follow(&mut self, roster: &Roster) {
        self.places = Self::under(roster).places;
    }

    /// Notes a slip, or a rewrap. Whether it counts in its case.
    pub(super) fn note(&mut self, header: &Header) -> bool {
        if !header.wraps() {
            return self.counts(header);
        }
        let first = !self.cases.contains_key(&header.case);
        if !first && !self.counts(header) {
            return false;
        }
        let inside = self.cases.entry(header.case).or_default();
        if first {
            inside.first = header.audience.iter().map(|reader| reader.id).collect();
        }
        inside.readers.extend(header.audience.iter().map(|reader| reader.id));
        inside.signers.insert(header.device);
        true
    }

    /// The units (and devices) that read a case since its first slip, and whether `unit` has been let in since.
    pub(super) fn readers_of(&self, case: &CaseId, unit: &UnitId) -> (&[Digest], bool) {
        let Some(inside) = self.cases.get(case) else { return (&[], false) };
        (&inside.first, inside.readers.contains(&Digest::from_bytes(*unit.as_bytes())))
    }

    /// Whether an entry counts in its case.
    pub(super) fn counts(&self, header: &Header) -> bool {
        let Some(inside) = self.cases.get(&header.case) else { return false };
        inside.signers.contains(&header.device)
            || self
                .places
                .get(&header.device)
                .is_some_and(|places| places.iter().any(|place| inside.readers.contains(place)))
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
        Belonging { cases: HashMap::new(), places: places.into() }
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
}
