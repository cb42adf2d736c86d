//! A small agency to attack: three admins of whom two must sign, headquarters, a station, and a device for each.

use amanat_keys::canonical;
use amanat_keys::device::DeviceKeys;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, MemberId, UnitId};
use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use amanat_keys::root_key::RootKey;
use amanat_keys::roster::{Admin, Device, DeviceState, Hub, Member, Role, Roster, Span, Unit, UnitKind};
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::tls_key::TlsKeys;
use amanat_keys::trust::{Trust, signing_agency};

/// When roster 1 is issued, Unix seconds.
pub(crate) const ISSUED: u64 = 1_700_000_000;
/// Each roster lives for ninety days.
pub(crate) const LIFE: u64 = 90 * 86_400;

/// An agency with all its secrets, and its newest roster.
pub(crate) struct Agency {
    pub(crate) roots: Vec<RootKey>,
    pub(crate) hq: UnitId,
    pub(crate) station: UnitId,
    pub(crate) hq_key: ReadIdentity,
    pub(crate) station_key: ReadIdentity,
    /// Of the reader at headquarters.
    pub(crate) reader: DeviceKeys,
    /// Of the station's supervisor.
    pub(crate) supervisor: DeviceKeys,
    /// Of an officer at the station.
    pub(crate) officer: DeviceKeys,
    pub(crate) hub: DeviceKeys,
    pub(crate) roster: Roster,
}

pub(crate) fn unit(id: UnitId, kind: UnitKind, name: &str, key: Option<&ReadIdentity>) -> Unit {
    let recipient = key.map(|key| key.recipient().clone());
    Unit { id, kind, name: name.into(), epoch: u64::from(recipient.is_some()), recipient, retired: vec![] }
}

pub(crate) fn device(keys: &DeviceKeys, member: MemberId) -> Device {
    Device {
        id: keys.device_id(),
        member,
        spans: vec![Span { key: keys.verifying_key(), journal: None, from: 1, until: None }],
        recipient: keys.recipient().clone(),
        state: DeviceState::Active,
        cut_offs: vec![],
    }
}

fn hub_of(keys: &DeviceKeys) -> Hub {
    Hub {
        id: keys.device_id(),
        name: "hub".into(),
        url: "http://127.0.0.1:8080".into(),
        receipt_key: keys.verifying_key(),
        transport: keys.recipient().clone(),
        tls_keys: TlsKeys::default(),
        first_checkpoint: 1,
        last_checkpoint: None,
        retired: Vec::new(),
    }
}

impl Agency {
    pub(crate) fn new() -> Self {
        let [reader, supervisor, officer, hub] = std::array::from_fn(|_| DeviceKeys::generate().unwrap());
        let (hq, station) = (UnitId::random(), UnitId::random());
        let (hq_key, station_key) = (ReadIdentity::generate().unwrap(), ReadIdentity::generate().unwrap());
        let admins: [MemberId; 3] = std::array::from_fn(|_| MemberId::random());
        let people: [MemberId; 3] = std::array::from_fn(|_| MemberId::random());
        let roots: Vec<RootKey> = admins.into_iter().map(|member| RootKey::generate(member).unwrap()).collect();
        let member = |id, name: &str, roles| Member { id, name: name.into(), roles };
        let mut members: Vec<_> = admins.into_iter().map(|id| member(id, "admin", vec![(Role::Admin, hq)])).collect();
        members.push(member(people[0], "reader", vec![(Role::Reader, hq), (Role::Custodian, hq)]));
        members.push(member(people[1], "supervisor", vec![(Role::Supervisor, station)]));
        members.push(member(people[2], "officer", vec![(Role::Officer, station)]));
        let devices = [(&reader, people[0]), (&supervisor, people[1]), (&officer, people[2])];
        let mut roster = Roster {
            agency: AgencyId::ZERO,
            name: "FIA".into(),
            version: 1,
            previous: Digest::ZERO,
            issued: ISSUED,
            expires: ISSUED + LIFE,
            threshold: 2,
            admins: roots.iter().map(|root| Admin { member: root.member(), root_key: root.verifying_key() }).collect(),
            units: vec![
                unit(hq, UnitKind::Headquarters, "HQ", Some(&hq_key)),
                unit(station, UnitKind::Station, "Station", Some(&station_key)),
            ],
            members,
            devices: devices.map(|(keys, member)| device(keys, member)).into(),
            hubs: vec![hub_of(&hub)],
            peers: vec![],
            recovery: None,
            kind: RecipientKind::X25519,
            minimum_version: 1,
            policies: vec![],
        };
        sort(&mut roster);
        Self { roots, hq, station, hq_key, station_key, reader, supervisor, officer, hub, roster }
    }

    /// Signed by the admins with these indexes.
    pub(crate) fn signed(&self, roster: &Roster, admins: &[usize]) -> Vec<u8> {
        self.statement(roster, admins).to_bytes()
    }

    /// As [`Agency::signed`], before encoding. Unlike the real thing it checks no rule: attackers do not either.
    pub(crate) fn statement(&self, roster: &Roster, admins: &[usize]) -> Statement {
        let mut statement = Statement::unsigned(Purpose::Roster, canonical::encode(roster));
        for at in admins {
            match self.roots[*at].cosign(&mut statement) {
                Ok(()) => {}
                Err(error) => panic!("{} cannot sign: {error:?}", signing_agency(roster)),
            }
        }
        statement
    }

    /// The roster that follows `old`, unchanged but for its lineage.
    pub(crate) fn next(&self, old: &Roster) -> Roster {
        let mut next = old.clone();
        next.agency = old.agency_id();
        next.version += 1;
        next.previous = old.hash();
        next.issued += 1;
        next
    }

    /// A device that has pinned roster 1.
    pub(crate) fn pinned(&self) -> Trust {
        Trust::pin_hash(&self.signed(&self.roster, &[0, 1]), &self.roster.hash()).unwrap()
    }

    /// A device that trusts `roster`, pinned directly.
    pub(crate) fn trusting(&self, roster: &Roster) -> Trust {
        Trust::pin_hash(&self.signed(roster, &[0, 1]), &roster.hash()).unwrap()
    }
}

/// Puts every list in the order that the format asks for.
pub(crate) fn sort(roster: &mut Roster) {
    roster.admins.sort_by_key(|row| row.member);
    roster.units.sort_by_key(|row| row.id);
    roster.members.sort_by_key(|row| row.id);
    roster.devices.sort_by_key(|row| row.id);
}

/// The row of a device.
pub(crate) fn row(roster: &mut Roster, id: DeviceId) -> &mut Device {
    roster.devices.iter_mut().find(|device| device.id == id).unwrap()
}
