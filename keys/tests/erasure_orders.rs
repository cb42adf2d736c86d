//! Reads the orders that `vectors/erasure.py` wrote from the specification: whole ones, and broken ones that every admin signed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod adopted;

use adopted::{hex, trust};
use amanat_keys::canonical;
use amanat_keys::erasure::{Doomed, Erasure};
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::AgencyId;
use amanat_keys::statement::{Purpose, Statement};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/erasure.json")).unwrap()
}

#[test]
fn an_order_of_both_admins_names_what_it_should_and_is_written_as_it_was_read() {
    let (v, trust) = (vectors(), trust());
    let bytes = hex(&v["both admins"]);
    let verified = Erasure::verify(&bytes, &trust).unwrap();
    assert_eq!(verified.statement().to_bytes(), bytes);
    assert_eq!(verified.statement().payload_hash().to_string(), v["payload hash"].as_str().unwrap());
    let order = verified.value();
    assert_eq!(canonical::encode(order), hex(&v["payload"]));
    assert_eq!((order.case.to_string(), order.reason.to_string()), (text(&v["case"]), text(&v["reason"])));
    let told: Vec<Value> = order
        .targets
        .iter()
        .map(|t| serde_json::json!([t.device.to_string(), t.journal.to_string(), t.seq, t.hash.to_string()]))
        .collect();
    assert_eq!(Value::Array(told), v["targets"]);
    assert!(order.targets.iter().all(|target| order.names(target)));
    assert!(!order.names(&Doomed { hash: order.reason, ..order.targets[0] }), "another header at the same place");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn fewer_admins_or_another_agency_are_refused() {
    let (v, trust) = (vectors(), trust());
    for (name, have) in [("one admin", 1), ("one admin and a device", 1), ("signed for another agency", 0)] {
        let refused = Erasure::verify(&hex(&v[name]), &trust).unwrap_err();
        let KeysError::Forged(Forgery::TooFewSignatures { have: counted, need: 2 }) = refused else {
            unreachable!("{name}: {refused:?}")
        };
        assert_eq!(counted, have, "{name}");
    }
    let refused = Erasure::verify(&hex(&v["another agency's"]), &trust).unwrap_err();
    assert!(matches!(refused, KeysError::Forged(Forgery::OtherAgency)), "{refused:?}");
    let codebook = Statement::unsigned(Purpose::Codebook, hex(&v["payload"]));
    let refused = Erasure::verify(&codebook.to_bytes(), &trust).unwrap_err();
    assert!(matches!(refused, KeysError::Forged(Forgery::OtherPurpose)), "{refused:?}");
}

#[test]
fn a_broken_order_is_malformed_whoever_signed_it() {
    let (v, trust) = (vectors(), trust());
    for (name, bytes) in v["broken"].as_object().unwrap() {
        let refused = Erasure::verify(&hex(bytes), &trust).unwrap_err();
        assert!(matches!(refused, KeysError::Malformed(_)), "{name}: {refused:?}");
    }
}

#[test]
fn what_is_proposed_is_checked_and_proves_nothing() {
    let (v, trust) = (vectors(), trust());
    let order = Erasure::verify(&hex(&v["both admins"]), &trust).unwrap().into_value();
    let proposal = order.propose().unwrap();
    assert_eq!(Erasure::proposed(&proposal).unwrap(), order);
    assert!(Erasure::verify(&proposal.to_bytes(), &trust).is_err());
    for broken in [
        Erasure { targets: Vec::new(), ..order.clone() },
        Erasure { reason: order.targets[1].hash, ..order.clone() },
        Erasure { targets: order.targets.iter().rev().copied().collect(), ..order.clone() },
    ] {
        assert!(matches!(broken.propose(), Err(KeysError::Malformed(_))));
    }
    let other = Erasure { agency: AgencyId::ZERO, ..order };
    assert!(other.propose().is_ok(), "whose it is, the roster says");
}
