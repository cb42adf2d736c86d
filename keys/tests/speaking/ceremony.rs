//! What a chain of rosters must withstand, case by case after the cases that The Update Framework's clients are held to: who may
//! change the admins, what signatures count, what is old, what is withheld, and how an agency comes back from stolen counters.

use amanat_keys::canonical;
use amanat_keys::error::{Forgery, KeysError, Stale};
use amanat_keys::fingerprint::MemberId;
use amanat_keys::freshness::{Confirmed, Freshness};
use amanat_keys::proposal::Proposal;
use amanat_keys::root_key::RootKey;
use amanat_keys::roster::{Admin, DeviceState, Member, Role, Roster};
use amanat_keys::statement::Statement;
use amanat_keys::trust::{Age, Step, Trust};

use crate::agency::{Agency, ISSUED, LIFE, device};

/// Adds an admin who has a root key of their own.
fn with_admin(agency: &Agency, roster: &mut Roster) -> RootKey {
    let root = RootKey::generate(MemberId::random()).unwrap();
    roster.admins.push(Admin { member: root.member(), root_key: root.verifying_key() });
    roster.members.push(Member { id: root.member(), name: "new admin".into(), roles: vec![(Role::Admin, agency.hq)] });
    roster.admins.sort_by_key(|admin| admin.member);
    roster.members.sort_by_key(|member| member.id);
    root
}

fn without_admin(roster: &mut Roster, root: &RootKey) {
    roster.admins.retain(|admin| admin.member != root.member());
}

#[track_caller]
fn too_few(trust: &mut Trust, statement: &Statement, found: usize, wanted: usize) {
    let before = trust.clone();
    let error = trust.adopt(&statement.to_bytes()).unwrap_err();
    let few =
        matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have, need }) if (have, need) == (found, wanted));
    assert!(few, "{error:?}");
    assert_eq!(*trust, before, "a refused roster changes nothing");
}

#[test]
fn a_new_admin_comes_by_the_old_threshold_alone_while_the_new_one_is_met_by_old_admins() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    let new = with_admin(&agency, &mut two);
    let mut trust = agency.pinned();
    let mut statement = agency.statement(&two, &[0]);
    new.cosign(&mut statement).unwrap();
    too_few(&mut trust, &statement, 1, 2);
    agency.roots[2].cosign(&mut statement).unwrap();
    assert_eq!(trust.adopt(&statement.to_bytes()).unwrap(), Step::Adopted);
}

#[test]
fn raising_the_threshold_takes_the_new_threshold_too() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    two.threshold = 3;
    let mut trust = agency.pinned();
    let mut statement = agency.statement(&two, &[0, 1]);
    too_few(&mut trust, &statement, 2, 3);
    agency.roots[2].cosign(&mut statement).unwrap();
    trust.adopt(&statement.to_bytes()).unwrap();
    let three = agency.next(&two);
    too_few(&mut trust, &agency.statement(&three, &[0, 2]), 2, 3);
}

#[test]
fn lowering_the_threshold_takes_the_old_threshold_and_the_next_one_the_new() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    two.threshold = 1;
    let mut trust = agency.pinned();
    too_few(&mut trust, &agency.statement(&two, &[1]), 1, 2);
    trust.adopt(&agency.signed(&two, &[1, 2])).unwrap();
    trust.adopt(&agency.signed(&agency.next(&two), &[1])).unwrap();
}

#[test]
fn an_admin_who_is_removed_signs_their_own_removal_and_nothing_after_it() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    without_admin(&mut two, &agency.roots[0]);
    let mut trust = agency.pinned();
    // For the new side their signature is nobody's: one of two.
    too_few(&mut trust, &agency.statement(&two, &[0, 1]), 1, 2);
    trust.adopt(&agency.signed(&two, &[0, 1, 2])).unwrap();
    let three = agency.next(&two);
    too_few(&mut trust, &agency.statement(&three, &[0, 1]), 1, 2);
    trust.adopt(&agency.signed(&three, &[1, 2])).unwrap();
}

#[test]
fn every_admin_is_replaced_at_once_by_a_threshold_of_both_sides() {
    let (agency, others) = (Agency::new(), Agency::new());
    let mut two = agency.next(&agency.roster);
    for (admin, other) in two.admins.iter_mut().zip(&others.roots) {
        admin.root_key = other.verifying_key();
    }
    let mut trust = agency.pinned();
    let mut statement = agency.statement(&two, &[0, 1]);
    too_few(&mut trust, &statement, 0, 2);
    others.roots[0].cosign(&mut statement).unwrap();
    too_few(&mut trust, &statement, 1, 2);
    others.roots[1].cosign(&mut statement).unwrap();
    trust.adopt(&statement.to_bytes()).unwrap();
}

#[test]
fn a_root_key_is_changed_by_a_threshold_in_which_its_owner_signs_with_both() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    let next = RootKey::generate(agency.roots[0].member()).unwrap();
    let row = two.admins.iter_mut().find(|admin| admin.member == next.member()).unwrap();
    row.root_key = next.verifying_key();
    let mut trust = agency.pinned();
    let mut statement = agency.statement(&two, &[0, 1]);
    too_few(&mut trust, &statement, 1, 2);
    next.cosign(&mut statement).unwrap();
    trust.adopt(&statement.to_bytes()).unwrap();
    let three = agency.next(&two);
    too_few(&mut trust, &agency.statement(&three, &[0, 1]), 1, 2);
}

#[test]
fn signatures_of_strangers_and_broken_ones_take_nothing_from_those_that_count() {
    let (agency, strangers) = (Agency::new(), Agency::new());
    let two = agency.next(&agency.roster);
    let mut statement = agency.statement(&two, &[0, 2]);
    strangers.roots.iter().for_each(|root| root.cosign(&mut statement).unwrap());
    let mut bytes = statement.to_bytes();
    let alien = strangers.roots[0].verifying_key().key_id();
    let (_, signature) = statement.signatures().iter().find(|(id, _)| *id == alien).unwrap();
    let at = bytes.windows(64).position(|window| window == signature).unwrap();
    bytes[at] ^= 1;
    assert_eq!(agency.pinned().adopt(&bytes).unwrap(), Step::Adopted);
}

#[test]
fn the_order_in_which_admins_signed_is_of_no_matter() {
    let agency = Agency::new();
    let two = agency.next(&agency.roster);
    let first = agency.signed(&two, &[0, 1, 2]);
    assert_eq!(first, agency.signed(&two, &[2, 0, 1]));
    assert_eq!(first, agency.signed(&two, &[1, 1, 2, 0, 2]), "signing twice is signing once");
    // Two copies that went different ways are joined into one.
    let mut one = agency.statement(&two, &[0]);
    one.merge(&agency.statement(&two, &[1])).unwrap();
    assert_eq!(agency.pinned().adopt(&one.to_bytes()).unwrap(), Step::Adopted);
}

#[test]
fn a_proposal_that_was_changed_on_the_way_has_no_signature_left() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    two.policies = vec![("proposal".into(), "00112233445566778899aabbccddeeff".into())];
    let statement = agency.statement(&two, &[0]);
    let mut changed = two.clone();
    changed.threshold = 1;
    let mut forged = Statement::from_bytes(&statement.to_bytes()).unwrap();
    assert!(
        forged.merge(&agency.statement(&changed, &[])).is_err(),
        "signatures do not go from one payload to another"
    );
    let mut bytes = statement.to_bytes();
    let payload = canonical::encode(&two);
    let at = bytes.windows(payload.len()).position(|window| window == payload).unwrap();
    let other = canonical::encode(&changed);
    bytes[at..at + payload.len()].copy_from_slice(&other);
    forged = Statement::from_bytes(&bytes).unwrap();
    agency.roots[1].cosign(&mut forged).unwrap();
    // The first signature was over the other payload: of the two that the old roster wants there is one.
    too_few(&mut agency.pinned(), &forged, 1, 2);
}

#[test]
fn the_same_change_proposed_again_is_another_proposal() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    let mut again = two.clone();
    two.policies = vec![("proposal".into(), "00".repeat(16))];
    again.policies = vec![("proposal".into(), "01".repeat(16))];
    let mut statement = agency.statement(&again, &[1]);
    assert!(statement.merge(&agency.statement(&two, &[0])).is_err());
    too_few(&mut agency.pinned(), &statement, 1, 2);
}

#[test]
fn a_number_that_runs_ahead_is_refused_and_the_honest_next_one_is_taken() {
    let agency = Agency::new();
    let mut ahead = agency.next(&agency.roster);
    for version in [3, 1 << 32, u64::MAX] {
        ahead.version = version;
        let error = agency.pinned().adopt(&agency.signed(&ahead, &[0, 1, 2])).unwrap_err();
        assert!(matches!(error, KeysError::Expired(Stale::Gap { adopted: 1, .. })), "{error:?}");
    }
    let mut trust = agency.pinned();
    trust.adopt(&agency.signed(&ahead, &[0, 1, 2])).unwrap_err();
    trust.adopt(&agency.signed(&agency.next(&agency.roster), &[0, 1])).unwrap();
}

#[test]
fn an_older_roster_is_refused_also_after_a_restart() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    let (two, three) = (agency.next(&agency.roster), agency.next(&agency.next(&agency.roster)));
    trust.adopt(&agency.signed(&two, &[0, 1])).unwrap();
    trust.adopt(&agency.signed(&three, &[0, 1])).unwrap();
    let mut again = Trust::from_bytes(&trust.to_bytes()).unwrap();
    for old in [&agency.roster, &two] {
        let error = again.adopt(&agency.signed(old, &[0, 1, 2])).unwrap_err();
        assert!(matches!(error, KeysError::Expired(Stale::Rollback { adopted: 3, .. })), "{error:?}");
    }
}

#[test]
fn an_expired_step_on_the_way_is_passed_and_an_expired_end_is_told() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    two.expires = two.issued + 1;
    let mut three = agency.next(&two);
    three.issued = ISSUED + 2 * LIFE;
    three.expires = three.issued + LIFE;
    let mut trust = agency.pinned();
    trust.adopt(&agency.signed(&two, &[0, 1])).unwrap();
    assert_eq!(trust.age(ISSUED + 2 * LIFE), Age::LongExpired);
    trust.adopt(&agency.signed(&three, &[0, 1])).unwrap();
    assert_eq!(trust.age(ISSUED + 2 * LIFE), Age::Current);
}

#[test]
fn a_roster_that_is_withheld_shows_in_the_weekly_word() {
    let agency = Agency::new();
    let mut roster = agency.roster.clone();
    let (mut ahead, behind) = (agency.pinned(), agency.pinned());
    for _ in 0..3 {
        roster = agency.next(&roster);
        ahead.adopt(&agency.signed(&roster, &[0, 1])).unwrap();
    }
    // Only a supervisor at headquarters, or an admin, may say it.
    let mut agency = agency;
    let hq = agency.hq;
    let member = agency.roster.device(&agency.reader.device_id()).unwrap().member;
    let row = agency.roster.members.iter_mut().find(|row| row.id == member).unwrap();
    row.roles = vec![(Role::Supervisor, hq)];
    let pinned = agency.pinned();
    let word = Freshness { agency: pinned.agency(), version: 4, hash: ahead.roster_hash(), serial: 9, time: ISSUED };
    let said = word.sign(&agency.reader.signer()).to_bytes();
    let word = *Freshness::verify(&said, &pinned).unwrap().value();
    assert_eq!(word.judge(&pinned), Confirmed::Behind { by: 3 });
    assert_eq!(word.judge(&behind), Confirmed::Behind { by: 3 });
    assert_eq!(word.judge(&ahead), Confirmed::Newest);
    assert_eq!(word.days_old(ISSUED + 30 * 86_400), 30, "and how old it is");
}

/// Whoever stole a device that may say what is newest counts to the end. Once a roster revokes it, its word is nobody's, and the words of
/// others, filed apart, go on from where they were.
#[test]
fn a_stolen_counter_ends_with_the_device_that_it_was_stolen_with() {
    let mut agency = Agency::new();
    let owners = [agency.roots[0].member(), agency.roots[1].member()];
    agency.roster.devices.retain(|row| row.id == agency.reader.device_id());
    let devices = [&agency.supervisor, &agency.officer].into_iter().zip(owners);
    agency.roster.devices.extend(devices.map(|(keys, owner)| device(keys, owner)));
    agency.roster.devices.sort_by_key(|row| row.id);
    let mut trust = agency.pinned();
    let stolen = Freshness::of(&trust, u64::MAX, ISSUED).sign(&agency.supervisor.signer()).to_bytes();
    let honest = Freshness::of(&trust, 2, ISSUED).sign(&agency.officer.signer()).to_bytes();
    let speakers = [&stolen, &honest].map(|word| Freshness::speaker(word, &trust).unwrap());
    assert_eq!(speakers, [agency.supervisor.device_id(), agency.officer.device_id()]);
    let mut two = agency.next(&agency.roster);
    two.devices.iter_mut().find(|row| row.id == speakers[0]).unwrap().state = DeviceState::Lost;
    trust.adopt(&agency.signed(&two, &[1, 2])).unwrap();
    assert!(matches!(Freshness::verify(&stolen, &trust), Err(KeysError::Forged(Forgery::NoAuthority))));
    assert_eq!(Freshness::speaker(&honest, &trust).unwrap(), speakers[1]);
}

#[test]
fn a_proposal_passes_through_admins_devices_and_no_others() {
    let mut agency = Agency::new();
    let owner = agency.roots[0].member();
    let id = agency.supervisor.device_id();
    agency.roster.devices.iter_mut().find(|row| row.id == id).unwrap().member = owner;
    let trust = agency.pinned();
    let roster = agency.statement(&agency.next(&agency.roster), &[0]);
    let proposal = |device| Proposal { agency: trust.agency(), device, serial: 1, roster: roster.clone() };
    let signed = proposal(id).sign(&agency.supervisor.signer());
    assert_eq!(Proposal::verify(&signed.to_bytes(), &trust).unwrap().value().roster, roster);
    let officer = proposal(agency.officer.device_id()).sign(&agency.officer.signer());
    assert!(matches!(Proposal::verify(&officer.to_bytes(), &trust), Err(KeysError::Forged(Forgery::NoAuthority))));
    let borrowed = proposal(id).sign(&agency.officer.signer());
    assert!(matches!(Proposal::verify(&borrowed.to_bytes(), &trust), Err(KeysError::Forged(Forgery::NoAuthority))));
    // The root key signs the roster inside, never the envelope around it.
    let mut by_root = signed.clone();
    assert!(agency.roots[0].sign_order(&mut by_root, &trust.agency()).is_err());
}
