//! Attacks on authority over time: revoked devices, other journals, rotated keys, hub keys.

use amanat_keys::device::DeviceKeys;
use amanat_keys::error::{Forgery, KeysError, Misuse};
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::roster::{CutOff, DeviceState, Span};
use amanat_keys::trust::Trust;

use crate::agency::{Agency, row};

fn revoked(agency: &Agency, journal: JournalId, seq: u64) -> Trust {
    let mut two = agency.next(&agency.roster);
    let device = row(&mut two, agency.officer.device_id());
    device.state = DeviceState::Lost;
    device.cut_offs = vec![CutOff { journal, seq, link: Digest::of(b"link") }];
    agency.trusting(&two)
}

#[test]
fn a_revoked_device_beyond_its_span() {
    let agency = Agency::new();
    let (journal, officer) = (JournalId::random(), agency.officer.device_id());
    let trust = revoked(&agency, journal, 7);
    for seq in 1..=7 {
        assert_eq!(trust.verifying_key(&officer, &journal, seq).unwrap(), agency.officer.verifying_key());
    }
    assert_eq!(trust.verifying_key(&officer, &journal, 8), Err(Forgery::NoKeyForPlace));
    assert_eq!(trust.verifying_key(&officer, &journal, u64::MAX), Err(Forgery::NoKeyForPlace));
    assert_eq!(trust.device(&officer).unwrap().cut_off(&journal).unwrap().link, Digest::of(b"link"));
}

/// A thief begins a new journal with the stolen key.
#[test]
fn another_journal_of_a_revoked_device() {
    let agency = Agency::new();
    let trust = revoked(&agency, JournalId::random(), 7);
    let other = JournalId::random();
    assert_eq!(trust.verifying_key(&agency.officer.device_id(), &other, 1), Err(Forgery::NoKeyForPlace));
    assert!(agency.pinned().verifying_key(&agency.officer.device_id(), &other, 1).is_ok());
}

#[test]
fn a_later_roster_may_extend_the_span() {
    let agency = Agency::new();
    let journal = JournalId::random();
    assert!(revoked(&agency, journal, 9).verifying_key(&agency.officer.device_id(), &journal, 8).is_ok());
}

/// A revoked device may hand over what it kept, so its requests are known; it is not active and reads nothing.
#[test]
fn a_revoked_device_may_hand_over_and_reads_nothing() {
    let agency = Agency::new();
    let trust = revoked(&agency, JournalId::random(), 7);
    let (device, _) = trust.requester(&agency.officer.verifying_key().key_id()).unwrap();
    assert!(!device.is_active());
    assert!(trust.roster().device_reader(device).is_none());
    assert!(trust.requester(&DeviceKeys::generate().unwrap().verifying_key().key_id()).is_none());
}

#[test]
fn an_unknown_device() {
    let agency = Agency::new();
    let stranger = DeviceId::from_bytes([7; 32]);
    assert_eq!(agency.pinned().verifying_key(&stranger, &JournalId::random(), 1), Err(Forgery::NoKeyForPlace));
}

/// After a rotation the old key speaks for the old journal up to its end, and the new one for every other.
#[test]
fn each_journal_has_one_key() {
    let agency = Agency::new();
    let new = agency.officer.rotated().unwrap();
    let (old_journal, new_journal) = (JournalId::random(), JournalId::random());
    let mut two = agency.next(&agency.roster);
    let device = row(&mut two, agency.officer.device_id());
    device.spans[0].journal = Some(old_journal);
    device.spans[0].until = Some(40);
    device.spans.push(Span { key: new.verifying_key(), journal: None, from: 1, until: None });
    device.spans.sort_by_key(|span| (span.key, span.journal));
    device.recipient = new.recipient().clone();
    let trust = agency.trusting(&two);
    let id = agency.officer.device_id();
    assert_eq!(new.device_id(), id);
    assert_eq!(trust.verifying_key(&id, &old_journal, 40).unwrap(), agency.officer.verifying_key());
    assert_eq!(trust.verifying_key(&id, &old_journal, 41), Err(Forgery::NoKeyForPlace));
    assert_eq!(trust.verifying_key(&id, &new_journal, 1).unwrap(), new.verifying_key());
    assert!(trust.requester(&agency.officer.verifying_key().key_id()).is_none(), "a closed key signs no requests");
    assert!(trust.requester(&new.verifying_key().key_id()).is_some());
}

#[test]
fn a_hub_key_outside_its_checkpoints() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    two.hubs[0].first_checkpoint = 5;
    two.hubs[0].last_checkpoint = Some(9);
    let trust = agency.trusting(&two);
    let hub = agency.hub.device_id();
    assert_eq!(trust.hub_key(&hub, 1, 5).unwrap(), agency.hub.verifying_key());
    assert!(trust.hub_key(&hub, 1, 9).is_ok());
    for outside in [4, 10] {
        assert!(matches!(trust.hub_key(&hub, 1, outside), Err(KeysError::Forged(Forgery::NoKeyForPlace))));
    }
    let nobody = agency.officer.device_id();
    assert!(matches!(trust.hub_key(&nobody, 1, 5), Err(KeysError::Misuse(Misuse::Unknown { what: "hub" }))));
}
