//! Who reads: audiences by sharing level, unit identities and their wrapping, words on freshness.

use amanat_keys::audience::Sharing;
use amanat_keys::error::{Forgery, KeysError, Misuse, NotForUs};
use amanat_keys::fingerprint::UnitId;
use amanat_keys::freshness::{Confirmed, Freshness};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::roster::{Roster, UnitKind};
use amanat_keys::unit_key::UnitKeys;

use crate::agency::{Agency, sort, unit};

fn ids(roster: &Roster, unit: &UnitId, level: Sharing) -> Vec<[u8; 32]> {
    roster.audience(unit, level).unwrap().readers.into_iter().map(|reader| reader.id).collect()
}

fn sorted(units: &[UnitId]) -> Vec<[u8; 32]> {
    let mut ids: Vec<_> = units.iter().map(|unit| *unit.as_bytes()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn sharing_levels_name_exactly_their_units() {
    let agency = Agency::new();
    let (hq, station) = (agency.hq, agency.station);
    let mut roster = agency.roster.clone();
    assert_eq!(ids(&roster, &station, Sharing::H1), sorted(&[station]));
    for level in [Sharing::H2, Sharing::H3, Sharing::H4] {
        assert_eq!(ids(&roster, &station, level), sorted(&[station, hq]), "{level:?} without a national unit");
    }
    assert_eq!(ids(&roster, &hq, Sharing::H2), sorted(&[hq]), "headquarters once");
    let (national, statistics) = (UnitId::random(), UnitId::random());
    let keys: [ReadIdentity; 2] = std::array::from_fn(|_| ReadIdentity::generate().unwrap());
    roster.units.push(unit(national, UnitKind::National, "NR", Some(&keys[0])));
    roster.units.push(unit(statistics, UnitKind::Statistics, "Stat", Some(&keys[1])));
    sort(&mut roster);
    assert_eq!(ids(&roster, &station, Sharing::H3), sorted(&[station, hq, national]));
    for level in [Sharing::H2, Sharing::H4] {
        assert_eq!(ids(&roster, &station, level), sorted(&[station, hq]));
    }
    let counted = roster.statistics_audience().unwrap();
    assert_eq!(counted.readers.len(), 1);
    assert_eq!(counted.readers[0].id, *statistics.as_bytes());
}

#[test]
fn a_unit_without_key_waits_and_a_case_for_nobody_is_refused() {
    let agency = Agency::new();
    let mut roster = agency.roster.clone();
    for unit in &mut roster.units {
        if unit.id == agency.station {
            (unit.recipient, unit.epoch) = (None, 0);
        }
    }
    let audience = roster.audience(&agency.station, Sharing::H2).unwrap();
    assert_eq!(audience.waiting, [agency.station]);
    assert_eq!(audience.readers.len(), 1);
    let nobody = roster.audience(&agency.station, Sharing::H1);
    assert!(matches!(nobody, Err(KeysError::Misuse(Misuse::NoReaders))));
    let nowhere = roster.audience(&UnitId::random(), Sharing::H2);
    assert!(matches!(nowhere, Err(KeysError::Misuse(Misuse::Unknown { what: "unit" }))));
}

#[test]
fn officers_read_only_where_the_policy_says_so_and_admins_never() {
    let agency = Agency::new();
    let mut roster = agency.roster.clone();
    let readers = |roster: &Roster, unit: &UnitId| -> Vec<_> {
        roster.unit_devices(unit).into_iter().map(|device| device.id).collect()
    };
    assert_eq!(readers(&roster, &agency.station), [agency.supervisor.device_id()]);
    assert_eq!(readers(&roster, &agency.hq), [agency.reader.device_id()]);
    roster.policies = vec![("readers".into(), "all".into())];
    assert_eq!(readers(&roster, &agency.station).len(), 2);
    roster.policies.push(("write-only".into(), "yes".into()));
    assert_eq!(readers(&roster, &agency.station), [agency.supervisor.device_id()]);
    let officer = roster.device(&agency.officer.device_id()).unwrap();
    assert!(roster.device_reader(officer).is_none(), "a write-only device is in no audience");
    for member in &mut roster.members {
        if member.name == "officer" {
            member.roles = vec![(amanat_keys::roster::Role::Admin, agency.station)];
        }
    }
    roster.policies.truncate(1);
    assert_eq!(readers(&roster, &agency.station), [agency.supervisor.device_id()]);
}

#[test]
fn custodians_stand_in_for_their_unit_and_headquarters_for_all() {
    let agency = Agency::new();
    let roster = &agency.roster;
    assert!(roster.may_stand_in(&agency.supervisor.device_id(), &agency.station));
    assert!(!roster.may_stand_in(&agency.supervisor.device_id(), &agency.hq));
    assert!(roster.may_stand_in(&agency.reader.device_id(), &agency.station));
    assert!(!roster.may_stand_in(&agency.officer.device_id(), &agency.station));
}

#[test]
fn a_unit_key_reaches_its_readers_and_nobody_else() {
    let agency = Agency::new();
    let trust = agency.pinned();
    let wraps = UnitKeys::wrap_for_roster(&trust, &agency.station, &agency.station_key).unwrap();
    let signed = wraps.sign(&agency.supervisor.signer()).to_bytes();
    let verified = UnitKeys::verify(&signed, &trust).unwrap();
    let opened = verified.value().open(&agency.supervisor, &trust).unwrap();
    assert_eq!(opened.recipient(), agency.station_key.recipient());
    for other in [&agency.officer, &agency.reader] {
        let refused = verified.value().open(other, &trust);
        assert!(matches!(refused, Err(KeysError::NotForUs(NotForUs::NoKey))));
    }
}

/// Whoever wraps puts another identity inside than the one that the roster names.
#[test]
fn a_swapped_unit_identity() {
    let agency = Agency::new();
    let trust = agency.pinned();
    let theirs = ReadIdentity::generate().unwrap();
    let refused = UnitKeys::wrap_for_roster(&trust, &agency.station, &theirs);
    assert!(matches!(refused, Err(KeysError::Forged(Forgery::OtherKey))));
    let to = [(agency.supervisor.device_id(), agency.supervisor.recipient().clone())];
    let mut wraps = UnitKeys::wrap(trust.agency(), agency.station, 1, &theirs, &to).unwrap();
    let refused = wraps.open(&agency.supervisor, &trust);
    assert!(matches!(refused, Err(KeysError::Forged(Forgery::OtherKey))), "named openly");
    wraps.recipient = agency.station_key.recipient().clone();
    let refused = wraps.open(&agency.supervisor, &trust);
    assert!(matches!(refused, Err(KeysError::Forged(Forgery::OtherKey))), "under the roster's name");
}

#[test]
fn unit_keys_signed_by_one_who_does_not_read() {
    let agency = Agency::new();
    let trust = agency.pinned();
    let wraps = UnitKeys::wrap_for_roster(&trust, &agency.station, &agency.station_key).unwrap();
    for stranger in [&agency.officer, &agency.reader, &agency.hub] {
        let refused = UnitKeys::verify(&wraps.sign(&stranger.signer()).to_bytes(), &trust);
        assert!(matches!(refused, Err(KeysError::Forged(Forgery::NoAuthority))));
    }
}

/// Signatures stand sorted by key: of two readers that sign beside each other, one comes second.
#[test]
fn a_second_signature_takes_nothing_from_the_word_of_one_who_may_say_it() {
    let agency = Agency::new();
    let trust = agency.pinned();
    let station = (agency.station, &agency.station_key, &agency.supervisor, &agency.reader);
    let headquarters = (agency.hq, &agency.hq_key, &agency.reader, &agency.supervisor);
    for (unit, key, may, other) in [station, headquarters] {
        let wraps = UnitKeys::wrap_for_roster(&trust, &unit, key).unwrap();
        let mut both = wraps.sign(&may.signer());
        both.sign(&trust.agency(), &other.signer());
        assert_eq!(*UnitKeys::verify(&both.to_bytes(), &trust).unwrap().value(), wraps);
    }
}

#[test]
fn a_word_on_freshness_counts_from_those_who_may_say_it() {
    let mut agency = Agency::new();
    let trust = agency.pinned();
    let word = Freshness::of(&trust, 1, 1_700_000_000);
    let refused = Freshness::verify(&word.sign(&agency.supervisor.signer()).to_bytes(), &trust);
    assert!(matches!(refused, Err(KeysError::Forged(Forgery::NoAuthority))), "a supervisor, but not at headquarters");
    for member in &mut agency.roster.members {
        if member.name == "reader" {
            member.roles = vec![(amanat_keys::roster::Role::Supervisor, agency.hq)];
        }
    }
    let trust = agency.pinned();
    let mut word = Freshness::of(&trust, 2, 1_700_000_000);
    let verified = Freshness::verify(&word.sign(&agency.reader.signer()).to_bytes(), &trust).unwrap();
    assert_eq!(verified.value().judge(&trust), Confirmed::Newest);
    assert_eq!(word.days_old(1_700_000_000 + 3 * 86_400), 3);
    assert_eq!(word.days_old(0), 0, "a clock ten years behind");
    word.version = 4;
    let verified = Freshness::verify(&word.sign(&agency.reader.signer()).to_bytes(), &trust).unwrap();
    assert_eq!(verified.value().judge(&trust), Confirmed::Behind { by: 3 });
    word.version = 1;
    word.hash = amanat_keys::fingerprint::Digest::of(b"rival");
    let fork = Freshness::verify(&word.sign(&agency.reader.signer()).to_bytes(), &trust);
    assert!(matches!(fork, Err(KeysError::Forged(Forgery::Fork))));
}
