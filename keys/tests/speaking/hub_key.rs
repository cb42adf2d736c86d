//! Attacks on the hub's key over time: whose it is at a checkpoint, offers that are replayed, and a key that was given up.

use amanat_keys::canonical;
use amanat_keys::device::DeviceKeys;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::AgencyId;
use amanat_keys::join::{HubSuccession, JoinRequest};
use amanat_keys::roster::{RetiredKey, Roster};

use crate::agency::Agency;

fn given_up(roster: &mut Roster, newer: &DeviceKeys, epoch: u64, last: u64) {
    let hub = &mut roster.hubs[0];
    hub.retired.push(RetiredKey { key: hub.receipt_key, epoch, last });
    hub.receipt_key = newer.verifying_key();
}

#[test]
fn each_checkpoint_has_the_key_that_was_the_hubs_there() {
    let agency = Agency::new();
    let [second, third] = std::array::from_fn(|_| DeviceKeys::generate().unwrap());
    let mut roster = agency.next(&agency.roster);
    assert_eq!(canonical::decode::<Roster>(&canonical::encode(&roster)).unwrap(), roster);
    given_up(&mut roster, &second, 1, 40);
    given_up(&mut roster, &third, 3, 0);
    assert_eq!(canonical::decode::<Roster>(&canonical::encode(&roster)).unwrap(), roster);
    let (trust, hub) = (agency.trusting(&roster), agency.hub.device_id());
    for (epoch, checkpoint, key) in [
        (1, 1, &agency.hub),
        (1, 40, &agency.hub),
        (1, 41, &second),
        // Numbers begin anew in an epoch, and a key that was given up does not.
        (2, 1, &second),
        (3, 1, &third),
        (9, 1, &third),
    ] {
        assert_eq!(trust.hub_key(&hub, epoch, checkpoint).unwrap(), key.verifying_key(), "{epoch} {checkpoint}");
    }
    // Put back as the one in use: no roster says so.
    let mut back = roster;
    back.hubs[0].receipt_key = agency.hub.verifying_key();
    assert!(canonical::decode::<Roster>(&canonical::encode(&back)).is_err());
}

#[test]
fn an_offer_is_for_one_agency_and_needs_the_older_keys_signature() {
    let (agency, other) = (Agency::new(), Agency::new());
    let next = DeviceKeys::generate().unwrap();
    let here = agency.roster.agency_id();
    let succession = HubSuccession { hub: agency.hub.device_id(), epoch: 1, last: 7 };
    let request =
        JoinRequest::for_next_hub_key(here, "hub", next.verifying_key(), agency.hub.recipient().clone(), succession);
    let mut offer = request.sign(&next.signer()).unwrap();
    let words = request.words();
    let signed = |bytes: &[u8]| JoinRequest::is_signed_by(bytes, &here, &agency.hub.verifying_key());
    assert!(!signed(&offer.to_bytes()), "whoever made a key can ask, and no more");
    JoinRequest::vouch(&mut offer, &here, &other.hub.signer());
    assert!(!signed(&offer.to_bytes()), "another hub's word");
    JoinRequest::vouch(&mut offer, &here, &agency.hub.signer());
    let bytes = offer.to_bytes();
    assert!(signed(&bytes));
    assert_eq!(JoinRequest::approve(&bytes, &words, &here).unwrap().value().hub_succession, Some(succession));
    let elsewhere = JoinRequest::approve(&bytes, &words, &other.roster.agency_id());
    assert!(matches!(elsewhere, Err(KeysError::Forged(Forgery::OtherAgency))));
    let nowhere = JoinRequest { agency: AgencyId::ZERO, ..request };
    assert!(JoinRequest::verify(&nowhere.sign(&next.signer()).unwrap().to_bytes()).is_err());
}
