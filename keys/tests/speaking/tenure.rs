//! What people may stand in for counts by the roster that was in force, also when they have left since; and nothing that they make later.

use amanat_keys::fingerprint::UnitId;
use amanat_keys::roster::{Role, Roster};
use amanat_keys::tenure::Tenure;

use crate::agency::Agency;

/// The next version, with the roles of a device's member changed.
fn next(roster: &Roster, device: usize, roles: &[(Role, UnitId)]) -> Roster {
    let mut next = Roster { version: roster.version + 1, ..roster.clone() };
    let member = next.devices[device].member;
    next.members.iter_mut().find(|row| row.id == member).unwrap().roles = roles.to_vec();
    next
}

fn at(roster: &Roster, device: amanat_keys::fingerprint::DeviceId) -> usize {
    roster.devices.iter().position(|row| row.id == device).unwrap()
}

#[test]
fn a_stand_in_counts_by_the_roster_that_was_in_force_when_it_was_made() {
    let agency = Agency::new();
    let (supervisor, officer) = (agency.supervisor.device_id(), agency.officer.device_id());
    let first = agency.roster.clone();
    let left = next(&first, at(&first, supervisor), &[]);
    let posted = next(&left, at(&left, officer), &[(Role::Officer, agency.hq)]);
    let back = next(&posted, at(&posted, supervisor), &[(Role::Supervisor, agency.station)]);
    let tenure = Tenure::of([&first, &left, &posted]);
    assert!(tenure.may_stand_in(&supervisor, first.version, &officer));
    for version in [left.version, posted.version, posted.version + 1] {
        assert!(!tenure.may_stand_in(&supervisor, version, &officer), "not under roster {version}");
    }
    assert!(!tenure.may_today(&supervisor, &officer) && tenure.ever(&supervisor, &officer));
    // The officer is elsewhere now; what she wrote for the station is still its supervisor's to stand in for.
    let mut tenure = tenure;
    tenure.add(&back);
    assert!(tenure.may_today(&supervisor, &officer));
    assert!(!tenure.may_stand_in(&supervisor, posted.version, &officer), "the gap stays a gap");
    tenure.add(&left);
    assert!(tenure.may_today(&supervisor, &officer), "an older roster says nothing new");
}

#[test]
fn nobody_stands_in_for_a_stranger_or_before_the_author_came() {
    let agency = Agency::new();
    let (supervisor, officer) = (agency.supervisor.device_id(), agency.officer.device_id());
    let reader = agency.reader.device_id();
    let mut before = agency.roster.clone();
    let member = before.devices[at(&before, officer)].member;
    before.members.iter_mut().find(|row| row.id == member).unwrap().roles = vec![(Role::Officer, agency.hq)];
    let after = next(&before, at(&before, officer), &[(Role::Officer, agency.station)]);
    let tenure = Tenure::of([&before, &after]);
    assert!(!tenure.may_stand_in(&supervisor, before.version, &officer), "she was not at the station yet");
    assert!(tenure.may_stand_in(&supervisor, after.version, &officer));
    assert!(tenure.may_stand_in(&reader, before.version, &officer), "headquarters' custodian stands in for all");
    assert!(!tenure.ever(&officer, &supervisor) && !tenure.is_custodian(&officer));
    assert!(tenure.is_custodian(&supervisor) && tenure.is_custodian(&reader));
    let nobody = agency.hub.device_id();
    assert!(!tenure.ever(&reader, &nobody), "of somebody whom no roster lists nothing is known");
}
