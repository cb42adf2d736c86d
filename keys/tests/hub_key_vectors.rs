//! Reads what `vectors/hub_key.py` wrote from the specification: a hub's request for its next receipt key, and rosters whose hub row has a
//! ninth element; whole ones, and broken ones that everybody who could signed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod adopted;

use adopted::{hex, trust};
use amanat_keys::canonical;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::join::{JoinKind, JoinRequest};
use amanat_keys::roster::Roster;
use amanat_keys::statement::Statement;
use amanat_keys::verifying_key::VerifyingKey;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/hub_key.json")).unwrap()
}

fn key(v: &Value, name: &str) -> VerifyingKey {
    VerifyingKey::from_bytes(&hex(&v["keys"][name]).try_into().unwrap()).unwrap()
}

#[test]
fn a_hubs_request_for_its_next_key_is_read_and_spelt_as_the_document_says() {
    let (v, trust) = (vectors(), trust());
    let bytes = hex(&v["request"]);
    let request = JoinRequest::verify(&bytes).unwrap().into_value();
    assert_eq!(canonical::encode(&request), hex(&v["payload"]));
    assert_eq!((request.kind, request.signing_key), (JoinKind::NextHubKey, key(&v, "newer")));
    let end = request.hub_succession.unwrap();
    assert_eq!((end.hub.to_string(), end.epoch, end.last), (v["hub"].as_str().unwrap().to_owned(), 1, 7));
    assert_eq!(request.words().to_string(), v["words"].as_str().unwrap());
    assert!(JoinRequest::is_signed_by(&bytes, &trust.agency(), &key(&v, "older")), "the key in use has signed as well");
    assert!(!JoinRequest::is_signed_by(&bytes, &trust.agency(), &key(&v, "third")));
    let first = JoinRequest::verify(&hex(&v["request of a hub that has signed nothing"])).unwrap().into_value();
    assert_eq!(first.hub_succession.unwrap().last, 0);
}

#[test]
fn who_did_not_sign_a_request_has_not_asked() {
    let (v, agency) = (vectors(), trust().agency());
    for name in ["not by the listed key", "by somebody beside it"] {
        let bytes = hex(&v[name]);
        JoinRequest::verify(&bytes).unwrap();
        assert!(!JoinRequest::is_signed_by(&bytes, &agency, &key(&v, "older")), "{name}");
    }
    let refused = JoinRequest::verify(&hex(&v["not by the key inside"])).unwrap_err();
    assert!(matches!(refused, KeysError::Forged(Forgery::Signature)), "{refused:?}");
}

#[test]
fn a_broken_request_is_malformed_whoever_signed_it() {
    let v = vectors();
    for (name, bytes) in v["broken requests"].as_object().unwrap() {
        let refused = JoinRequest::verify(&hex(bytes)).unwrap_err();
        assert!(matches!(refused, KeysError::Malformed(_)), "{name}: {refused:?}");
    }
}

#[test]
fn a_hub_row_of_nine_elements_is_adopted_and_says_which_key_counts_where() {
    let (v, mut trust) = (vectors(), trust());
    let third = hex(&v["roster 3"]);
    trust.adopt(&third).unwrap();
    let (older, newer) = (key(&v, "older"), key(&v, "newer"));
    let roster: Roster = canonical::decode(Statement::from_bytes(&third).unwrap().payload()).unwrap();
    assert_eq!(canonical::encode(&roster), Statement::from_bytes(&third).unwrap().payload());
    let hub = trust.hubs()[0].clone();
    assert_eq!((hub.id.to_string(), hub.receipt_key), (v["hub"].as_str().unwrap().to_owned(), newer), "its id stays");
    assert_eq!((hub.key_at(1, 7), hub.key_at(1, 8), hub.key_at(2, 1)), (older, newer, newer));
    // Two that were retired at one place: the second signed nothing alone.
    trust.adopt(&hex(&v["roster 4"])).unwrap();
    let hub = trust.hubs()[0].clone();
    assert_eq!((hub.key_at(1, 7), hub.key_at(1, 8)), (older, key(&v, "third")));
    assert_eq!(hub.keys().collect::<Vec<_>>(), [older, newer, key(&v, "third")]);
}

#[test]
fn a_broken_hub_row_is_malformed_whoever_signed_the_roster() {
    let v = vectors();
    for (name, bytes) in v["broken rosters"].as_object().unwrap() {
        let mut trust = trust();
        let refused = trust.adopt(&hex(bytes)).unwrap_err();
        assert!(matches!(refused, KeysError::Malformed(_)), "{name}: {refused:?}");
        assert_eq!(trust.roster_version(), 2, "{name}");
    }
}
