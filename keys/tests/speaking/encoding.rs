//! One value, one spelling: whatever else is tried with the bytes of a statement or roster is malformed or plainly another value.

use amanat_keys::canonical;
use amanat_keys::device::DeviceKeys;
use amanat_keys::fingerprint::{AgencyId, Digest, KeyId, UnitId};
use amanat_keys::freshness::Freshness;
use amanat_keys::join::JoinRequest;
use amanat_keys::roster::Roster;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;
use amanat_keys::unit_key::UnitKeys;
use amanat_keys::words::Words;
use proptest::prelude::*;

use crate::agency::Agency;

fn word() -> Freshness {
    Freshness { agency: AgencyId::from_bytes([1; 32]), version: 2, hash: Digest::of(b"x"), serial: 3, time: 4 }
}

#[test]
fn trailing_bytes() {
    let mut bytes = canonical::encode(&word());
    assert_eq!(canonical::decode::<Freshness>(&bytes).unwrap(), word());
    bytes.push(0);
    let error = canonical::decode::<Freshness>(&bytes).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("bytes after the end"), "{source}");
}

#[test]
fn a_longer_integer() {
    let bytes = canonical::encode(&word());
    assert_eq!(bytes[bytes.len() - 2..], [3, 4]);
    for long in [&[0x18, 4][..], &[0x19, 0, 4], &[0x1a, 0, 0, 0, 4], &[0x1b, 0, 0, 0, 0, 0, 0, 0, 4]] {
        let spelled = [&bytes[..bytes.len() - 1], long].concat();
        assert!(canonical::decode::<Freshness>(&spelled).is_err(), "{long:02x?}");
    }
}

#[test]
fn an_indefinite_array_or_one_too_long() {
    let bytes = canonical::encode(&word());
    let indefinite = [&[0x9f], &bytes[1..], &[0xff]].concat();
    assert!(canonical::decode::<Freshness>(&indefinite).is_err());
    let longer = [&[0x87], &bytes[1..], &[0]].concat();
    assert!(canonical::decode::<Freshness>(&longer).is_err());
    let shorter = [&[0x85], &bytes[1..bytes.len() - 1]].concat();
    assert!(canonical::decode::<Freshness>(&shorter).is_err());
}

#[test]
fn other_types_tags_floats_and_nulls() {
    let bytes = canonical::encode(&word());
    for last in [&[0xc1, 4][..], &[0xf6], &[0xf4], &[0xfb, 0x40, 0x10, 0, 0, 0, 0, 0, 0], &[0x24], &[0x61, b'4']] {
        let spelled = [&bytes[..bytes.len() - 1], last].concat();
        assert!(canonical::decode::<Freshness>(&spelled).is_err(), "{last:02x?}");
    }
}

#[test]
fn another_version() {
    let mut bytes = canonical::encode(&word());
    assert_eq!(bytes[1], 1);
    bytes[1] = 2;
    assert!(canonical::decode::<Freshness>(&bytes).is_err());
}

/// An array that claims four thousand million elements must not be believed before they are there.
#[test]
fn a_list_that_claims_too_much() {
    let claims = [0x84, 1, 2, 0x40, 0x9b, 0, 0, 0, 0xff, 0, 0, 0, 0];
    assert!(Statement::from_bytes(&claims).is_err());
    let claims = [0x84, 1, 2, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert!(Statement::from_bytes(&claims).is_err());
}

/// Each byte of a signed roster flipped in turn: never adopted, never a panic.
#[test]
fn no_flipped_byte_passes() {
    let agency = Agency::new();
    let good = agency.signed(&agency.roster, &[0, 1]);
    let hash = agency.roster.hash();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(Trust::pin_hash(&bad, &hash).is_err(), "byte {at}");
    }
    for end in 0..good.len() {
        assert!(Trust::pin_hash(&good[..end], &hash).is_err(), "cut at {end}");
    }
}

#[test]
fn errors_name_the_thing_and_never_its_bytes() {
    let error = canonical::decode::<Freshness>(b"secret").unwrap_err();
    assert_eq!(error.to_string(), "not a well-formed Freshness");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(!source.contains("secret"), "{source}");
}

#[test]
fn every_statement_comes_back_as_it_went() {
    let agency = Agency::new();
    let roster = agency.next(&agency.roster);
    assert_eq!(canonical::decode::<Roster>(&canonical::encode(&roster)).unwrap(), roster);
    let keys = DeviceKeys::generate().unwrap();
    let join = JoinRequest::for_device(
        AgencyId::ZERO,
        "نام",
        keys.verifying_key(),
        keys.recipient().clone(),
        Some(agency.hq_key.recipient().clone()),
    );
    assert_eq!(canonical::decode::<JoinRequest>(&canonical::encode(&join)).unwrap(), join);
    let to = [(keys.device_id(), keys.recipient().clone())];
    let wraps = UnitKeys::wrap(AgencyId::ZERO, UnitId::random(), 3, &agency.hq_key, &to).unwrap();
    assert_eq!(canonical::decode::<UnitKeys>(&canonical::encode(&wraps)).unwrap(), wraps);
}

#[test]
fn the_word_list_is_what_it_says() {
    let list: Vec<&str> = include_str!("../../src/words.txt").lines().collect();
    assert_eq!(list.len(), 2048);
    assert!(list.iter().all(|word| (4..=9).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase())));
    assert!(list.windows(2).all(|pair| pair[0][..4] < pair[1][..4]), "sorted, and unique by four letters");
}

#[test]
fn words_read_back_whole_or_shortened_and_refuse_slips_of_the_tongue() {
    let words = Words::of(&Digest::of(b"fingerprint"));
    let listed = words.words();
    assert_eq!(listed.len(), 8);
    assert_eq!(listed.join("-").parse::<Words>().unwrap(), words);
    let short: Vec<&str> = listed.iter().map(|word| &word[..4]).collect();
    assert_eq!(short.join(" ").to_uppercase().parse::<Words>().unwrap(), words);
    assert!(listed[..7].join(" ").parse::<Words>().is_err());
    assert!(format!("{words} zebra").parse::<Words>().is_err());
    assert!(format!("{} xyzzy", listed[..7].join(" ")).parse::<Words>().is_err());
    assert!("".parse::<Words>().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever decodes is the canonical spelling, and nothing panics.
    #[test]
    fn strangers_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(statement) = Statement::from_bytes(&bytes) {
            prop_assert_eq!(statement.to_bytes(), bytes.clone());
        }
        prop_assert!(canonical::decode::<Roster>(&bytes).is_err());
        drop(canonical::decode::<JoinRequest>(&bytes));
        drop(canonical::decode::<UnitKeys>(&bytes));
    }

    #[test]
    fn statements_round_trip(
        purpose in 1_u8..=13,
        payload in prop::collection::vec(any::<u8>(), 0..200),
        extra in any::<u8>(),
    ) {
        let purpose = Purpose::from_number(purpose).unwrap();
        let statement = Statement::unsigned(purpose, payload);
        let mut bytes = statement.to_bytes();
        prop_assert_eq!(Statement::from_bytes(&bytes).unwrap(), statement);
        bytes.push(extra);
        prop_assert!(Statement::from_bytes(&bytes).is_err());
    }

    #[test]
    fn words_round_trip(bytes in any::<[u8; 32]>()) {
        let words = Words::of(&Digest::from_bytes(bytes));
        prop_assert_eq!(words.to_string().parse::<Words>().unwrap(), words);
    }

    #[test]
    fn ids_round_trip_as_hex(bytes in any::<[u8; 32]>()) {
        let id = KeyId::from_bytes(bytes);
        prop_assert_eq!(id.to_string().parse::<KeyId>().unwrap(), id);
        prop_assert!(id.to_string()[1..].parse::<KeyId>().is_err());
    }
}
