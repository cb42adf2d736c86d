//! Reads the words on restored hubs that `vectors/epoch.py` wrote from the specification: whole ones, and broken ones that every admin
//! signed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod adopted;

use adopted::{hex, trust};
use amanat_keys::canonical;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::Digest;
use amanat_keys::hub_epoch::HubEpoch;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/epoch.json")).unwrap()
}

#[test]
fn one_admin_speaks_for_a_restored_hub_and_is_written_as_he_was_read() {
    let (v, trust) = (vectors(), trust());
    for name in ["one admin", "both admins"] {
        let bytes = hex(&v[name]);
        let verified = HubEpoch::verify(&bytes, &trust).unwrap();
        assert_eq!(verified.statement().to_bytes(), bytes);
        let word = verified.value();
        assert_eq!(canonical::encode(word), hex(&v["payload"]));
        assert_eq!((word.old, word.number, word.new), (1, 41, 2));
        assert_eq!(
            (word.hub.to_string(), word.reason.as_str()),
            (v["hub"].as_str().unwrap().to_owned(), "Disk lost; backup of 24 Nov.")
        );
    }
    let bare = HubEpoch::verify(&hex(&v["of a hub without a checkpoint"]), &trust).unwrap().into_value();
    assert_eq!((bare.number, bare.hash), (0, Digest::ZERO));
}

#[test]
fn nobody_else_does() {
    let (v, trust) = (vectors(), trust());
    for name in ["a device", "nobody", "signed as a codebook"] {
        let refused = HubEpoch::verify(&hex(&v[name]), &trust).unwrap_err();
        assert!(
            matches!(refused, KeysError::Forged(Forgery::TooFewSignatures { have: 0, need: 1 })),
            "{name}: {refused:?}"
        );
    }
    let expected = [
        ("a codebook", Forgery::OtherPurpose),
        ("another agency's", Forgery::OtherAgency),
        ("another hub's", Forgery::NoAuthority),
    ];
    for (name, forgery) in expected {
        let refused = HubEpoch::verify(&hex(&v[name]), &trust).unwrap_err();
        assert!(matches!(refused, KeysError::Forged(found) if found == forgery), "{name}: {refused:?}");
    }
}

#[test]
fn a_broken_word_is_malformed_whoever_signed_it() {
    let (v, trust) = (vectors(), trust());
    for (name, bytes) in v["broken"].as_object().unwrap() {
        let refused = HubEpoch::verify(&hex(bytes), &trust).unwrap_err();
        assert!(matches!(refused, KeysError::Malformed(_)), "{name}: {refused:?}");
    }
}

#[test]
fn what_is_proposed_is_checked_and_proves_nothing() {
    let (v, trust) = (vectors(), trust());
    let word = HubEpoch::verify(&hex(&v["one admin"]), &trust).unwrap().into_value();
    let proposal = word.propose().unwrap();
    assert_eq!(HubEpoch::proposed(&proposal).unwrap(), word);
    assert!(HubEpoch::verify(&proposal.to_bytes(), &trust).is_err());
    assert!(HubEpoch { new: word.old, ..word.clone() }.propose().is_err());
    assert!(HubEpoch { reason: String::new(), ..word }.propose().is_err());
}
