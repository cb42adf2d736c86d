//! Attacks on enrolment: swapped requests, borrowed keys, other agencies.

use amanat_keys::canonical;
use amanat_keys::device::DeviceKeys;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::{AgencyId, Digest, JournalId};
use amanat_keys::join::{JoinRequest, Succession};
use amanat_keys::next_keys::NextKeys;
use amanat_keys::roster::CutOff;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::tls_key::TlsKeys;
use amanat_keys::vault::Vault;
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

#[test]
fn a_request_for_next_keys_says_whose_and_where_the_older_ones_ended() {
    let old = DeviceKeys::generate().unwrap();
    let new = old.rotated().unwrap();
    let agency = AgencyId::from_bytes([7; 32]);
    let journal = |n| JournalId::from_bytes([n; 16]);
    let end = |n, seq| CutOff { journal: journal(n), seq, link: Digest::from_bytes([n; 32]) };
    let request = |ends: Vec<CutOff>, begins| {
        let succession = Succession { device: old.device_id(), journal: begins, ends };
        JoinRequest::for_next_keys(agency, "kit", new.verifying_key(), new.recipient().clone(), succession)
    };
    for ends in [vec![], vec![end(1, 5), end(2, 9)]] {
        let right = request(ends, journal(9));
        let mut signed = right.sign(&new.signer()).unwrap();
        assert!(!JoinRequest::is_signed_by(&signed.to_bytes(), &agency, &old.verifying_key()));
        JoinRequest::vouch(&mut signed, &agency, &old.signer());
        let bytes = signed.to_bytes();
        assert_eq!(JoinRequest::verify(&bytes).unwrap().value(), &right);
        assert!(JoinRequest::is_signed_by(&bytes, &agency, &old.verifying_key()), "by the older key as well");
        assert!(!JoinRequest::is_signed_by(&bytes, &AgencyId::from_bytes([8; 32]), &old.verifying_key()));
    }
    assert!(request(vec![], journal(9)).sign(&old.signer()).is_err(), "whoever asks has the key that they name");
    let broken = [
        request(vec![end(2, 9), end(1, 5)], journal(9)),
        request(vec![end(1, 5), end(1, 6)], journal(9)),
        request(vec![end(1, 0)], journal(9)),
        request(vec![end(9, 5)], journal(9)),
        request(vec![], JournalId::ZERO),
    ];
    for (n, broken) in broken.into_iter().enumerate() {
        let bytes = broken.sign(&new.signer()).unwrap().to_bytes();
        assert!(JoinRequest::verify(&bytes).is_err(), "{n}");
    }
    let mut vault = Vault::new(old.clone());
    vault.set_keys(new.clone());
    let kept = NextKeys { keys: new.clone(), journal: journal(9), request: vec![1, 2, 3] };
    let read = NextKeys::from_bytes(&kept.to_bytes()).unwrap();
    assert_eq!((read.keys.verifying_key(), read.journal), (new.verifying_key(), journal(9)));
    assert_eq!(read.keys.device_id(), old.device_id(), "the device is who it was");
    assert!(
        read.keys.identities().any(|identity| identity.recipient() == old.recipient()),
        "it reads what came before"
    );
    let mut as_read = Vault::new(old.clone());
    as_read.set_keys(read.keys);
    assert!(vault.is_same(&vault.clone()) && !vault.is_same(&as_read), "another vault has another vault key");
}
