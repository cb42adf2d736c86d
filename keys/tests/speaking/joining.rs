//! Attacks on enrolment: swapped requests, borrowed keys, other agencies.

use amanat_keys::canonical;
use amanat_keys::device::DeviceKeys;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::AgencyId;
use amanat_keys::join::JoinRequest;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::tls_key::TlsKeys;
use amanat_keys::words::Words;

const AGENCY: AgencyId = AgencyId::from_bytes([3; 32]);

fn request(keys: &DeviceKeys) -> JoinRequest {
    JoinRequest::for_device(AGENCY, "laptop 7", keys.verifying_key(), keys.recipient().clone(), None)
}

#[test]
fn an_honest_request_is_approved_by_its_words() {
    let keys = DeviceKeys::generate().unwrap();
    let request = request(&keys);
    let bytes = request.sign(&keys.signer()).unwrap().to_bytes();
    let words: Words = request.words().to_string().to_uppercase().parse().unwrap();
    let approved = JoinRequest::approve(&bytes, &words, &AGENCY).unwrap();
    assert_eq!(approved.value(), &request);
    assert_eq!(approved.value().device_id(), keys.device_id());
}

/// The stick carries a request of the thief's device, while the officer reads the words of their own.
#[test]
fn a_swapped_join_request() {
    let (officer, thief) = (DeviceKeys::generate().unwrap(), DeviceKeys::generate().unwrap());
    let swapped = request(&thief).sign(&thief.signer()).unwrap().to_bytes();
    let refused = JoinRequest::approve(&swapped, &request(&officer).words(), &AGENCY);
    assert!(matches!(refused, Err(KeysError::Forged(Forgery::OtherWords))));
}

/// The thief's recipient under the officer's signing key: what is sealed to the officer would open for the thief.
#[test]
fn a_swapped_recipient() {
    let (officer, thief) = (DeviceKeys::generate().unwrap(), DeviceKeys::generate().unwrap());
    let mut mixed = request(&officer);
    mixed.recipient = thief.recipient().clone();
    assert!(matches!(mixed.sign(&thief.signer()), Err(KeysError::Forged(Forgery::OtherKey))));
    let payload = canonical::encode(&mixed);
    let forged = Statement::signed_by(Purpose::JoinRequest, &AGENCY, payload, &thief.signer()).to_bytes();
    assert!(matches!(JoinRequest::verify(&forged), Err(KeysError::Forged(Forgery::Signature))));
}

#[test]
fn a_request_for_another_agency() {
    let keys = DeviceKeys::generate().unwrap();
    let request = request(&keys);
    let bytes = request.sign(&keys.signer()).unwrap().to_bytes();
    let refused = JoinRequest::approve(&bytes, &request.words(), &AgencyId::from_bytes([4; 32]));
    assert!(matches!(refused, Err(KeysError::Forged(Forgery::OtherAgency))));
}

#[test]
fn two_requests_of_one_device_have_different_words() {
    let keys = DeviceKeys::generate().unwrap();
    assert_ne!(request(&keys).words(), request(&keys).words());
}

#[test]
fn a_hub_names_its_url_and_its_tls_keys_and_offers_no_unit() {
    let keys = DeviceKeys::generate().unwrap();
    let hub = |url| JoinRequest::for_hub(AGENCY, "hub", keys.verifying_key(), keys.recipient().clone(), url);
    let bytes = hub("http://127.0.0.1:1").sign(&keys.signer()).unwrap().to_bytes();
    assert!(JoinRequest::verify(&bytes).is_ok());
    let key = [&[0x30, 42][..], &[7; 42]].concat();
    let mut with_tls = hub("https://hub.example");
    with_tls.tls_keys = TlsKeys::new(vec![key.clone()]).unwrap();
    let read = JoinRequest::verify(&with_tls.sign(&keys.signer()).unwrap().to_bytes()).unwrap().into_value();
    assert_eq!((&read, read.offered_unit.is_none()), (&with_tls, true));
    let mut swapped = with_tls.clone();
    swapped.tls_keys = TlsKeys::new(vec![[&[0x30, 42][..], &[8; 42]].concat()]).unwrap();
    assert_ne!(swapped.words(), with_tls.words(), "a swapped TLS key is heard in the words");
    // What stands there is read by who asks: a device offers a unit, which a TLS key is not.
    let mut device = canonical::encode(&with_tls);
    let at = device.windows(2).position(|pair| pair == [1, 0x63]).unwrap();
    device[at] = 0;
    let device = Statement::signed_by(Purpose::JoinRequest, &AGENCY, device, &keys.signer()).to_bytes();
    assert!(matches!(JoinRequest::verify(&device), Err(KeysError::Malformed(_))));
    let bytes = hub("").sign(&keys.signer()).unwrap().to_bytes();
    assert!(matches!(JoinRequest::verify(&bytes), Err(KeysError::Malformed(_))));
}
