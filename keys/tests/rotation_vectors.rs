//! Reads the words on a rotation that `vectors/rotation.py` wrote from the specification: one of each kind, and broken ones that a custodian
//! signed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod adopted;

use adopted::{hex, trust};
use amanat_keys::canonical;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::{CaseId, DeviceId, Digest};
use amanat_keys::rotation::{LeftOut, RotationWord, Said, resealed_case};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/rotation.json")).unwrap()
}

fn digest(value: &Value) -> Digest {
    Digest::from_bytes(hex(value).try_into().unwrap())
}

#[test]
fn each_kind_of_word_is_read_and_written_as_it_was_read() {
    let (v, trust) = (vectors(), trust());
    let words = v["words"].as_object().unwrap();
    assert_eq!(words.len(), 6);
    for (name, word) in words {
        let bytes = hex(&word["statement"]);
        let verified = RotationWord::verify(&bytes, &trust).unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        assert_eq!(verified.statement().to_bytes(), bytes, "{name}");
        assert_eq!(canonical::encode(verified.value()), hex(&word["payload"]), "{name}");
        assert_eq!(verified.value().about(), digest(&word["about"]), "{name}");
        assert_eq!(verified.value().opens(3), name == "opened", "{name}: only one of them lets anything go");
        let shows = [3, 9, 51].map(|seq| verified.value().shows(seq));
        let expected = match name.as_str() {
            "opened" => [true, true, false],
            "let go" => [true, false, false],
            _ => [false; 3],
        };
        assert_eq!(shows, expected, "{name}");
    }
}

#[test]
fn a_certificate_of_a_case_sealed_again_says_how_many_and_what_is_left() {
    let (v, trust) = (vectors(), trust());
    let word = RotationWord::verify(&hex(&v["words"]["resealed"]["statement"]), &trust).unwrap().into_value();
    let Said::Resealed { case, from, entries, left, stragglers } = word.said else { panic!("{:?}", word.said) };
    let id = CaseId::from_bytes(hex(&v["case id"]).try_into().unwrap());
    assert_eq!((case, case), (digest(&v["case"]), resealed_case(&trust.agency(), &id)));
    assert_eq!((from, entries), (40, 11));
    let why = [LeftOut::Shut, LeftOut::Others, LeftOut::Attached];
    let expected: Vec<_> = v["left"].as_array().unwrap().iter().map(|row| digest(&row[0])).zip(why).collect();
    assert_eq!(left, expected);
    assert_eq!(stragglers, [DeviceId::from_bytes(*digest(&v["straggler"]).as_bytes())]);
}

#[test]
fn nobody_certifies_but_a_custodian_and_for_their_own_journal() {
    let (v, trust) = (vectors(), trust());
    for (name, forgery) in [
        ("resealed by an officer", Forgery::NoAuthority),
        ("resealed in another's journal", Forgery::NoAuthority),
        ("resealed by a stranger", Forgery::NoAuthority),
        ("resealed in another's name", Forgery::NoAuthority),
        ("resealed in another agency", Forgery::OtherAgency),
        ("resealed, a freshness", Forgery::OtherPurpose),
    ] {
        let refused = RotationWord::verify(&hex(&v[name]), &trust).unwrap_err();
        assert!(matches!(&refused, KeysError::Forged(found) if *found == forgery), "{name}: {refused:?}");
    }
}

#[test]
fn a_broken_word_is_malformed_whoever_signed_it() {
    let (v, trust) = (vectors(), trust());
    let broken = v["broken"].as_object().unwrap();
    assert!(broken.len() > 12);
    for (name, bytes) in broken {
        let refused = RotationWord::verify(&hex(bytes), &trust).unwrap_err();
        assert!(matches!(refused, KeysError::Malformed(_)), "{name}: {refused:?}");
    }
}
