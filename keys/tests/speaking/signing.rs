//! Attacks on signatures: other purposes, other agencies, weak and twofold keys, requests taken for statements.

use amanat_keys::device::Signer;
use amanat_keys::error::Forgery;
use amanat_keys::fingerprint::{AgencyId, MemberId};
use amanat_keys::quorum::{self, Voter};
use amanat_keys::recipient::{ReadIdentity, Recipient, RecipientKind};
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::verifying_key::VerifyingKey;
use secrecy::ExposeSecret;

const AGENCY: AgencyId = AgencyId::from_bytes([3; 32]);

#[test]
fn a_signature_holds_for_one_purpose_one_agency_one_text() {
    let signer = Signer::generate().unwrap();
    let key = signer.verifying_key();
    let signature = signer.sign(Purpose::Entry, &AGENCY, b"text");
    assert_eq!(key.verify(Purpose::Entry, &AGENCY, b"text", &signature), Ok(()));
    for purpose in Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::Entry) {
        assert_eq!(key.verify(purpose, &AGENCY, b"text", &signature), Err(Forgery::Signature));
    }
    assert_eq!(key.verify(Purpose::Entry, &AgencyId::ZERO, b"text", &signature), Err(Forgery::Signature));
    assert_eq!(key.verify(Purpose::Entry, &AGENCY, b"texT", &signature), Err(Forgery::Signature));
    let other = Signer::generate().unwrap().verifying_key();
    assert_eq!(other.verify(Purpose::Entry, &AGENCY, b"text", &signature), Err(Forgery::Signature));
}

/// A server that asks for a signature over its own bytes must not come away with a statement.
#[test]
fn a_request_is_never_a_statement() {
    let signer = Signer::generate().unwrap();
    let statement = amanat_keys::statement::signing_string(Purpose::Roster, &AGENCY, b"payload");
    assert_eq!(signer.sign_request(&statement), Err(Forgery::OtherPurpose));
    let signature = signer.sign_request(b"\"@method\": POST").unwrap();
    assert_eq!(signer.verifying_key().verify_request(b"\"@method\": POST", &signature), Ok(()));
    assert_eq!(signer.verifying_key().verify_request(b"\"@method\": PUT", &signature), Err(Forgery::Signature));
    assert!(Purpose::ALL.iter().all(|purpose| !purpose.name().starts_with('"')));
}

/// With s + L in place of s a lax verifier accepts a second spelling of a signature.
#[test]
fn a_malleable_signature() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let signer = Signer::generate().unwrap();
    let mut signature = signer.sign(Purpose::Entry, &AGENCY, b"text");
    let mut carry = 0_u16;
    for (byte, add) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(signer.verifying_key().verify(Purpose::Entry, &AGENCY, b"text", &signature), Err(Forgery::Signature));
}

/// Points of small order (one signature fits every text) and second spellings of a point.
#[test]
fn weak_and_twofold_signing_keys() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut identity_again = [0xff; 32];
    identity_again[0] = 0xee;
    identity_again[31] = 0x7f;
    let mut order_two = [0xff; 32];
    order_two[0] = 0xec;
    order_two[31] = 0x7f;
    // y = p + 3 is a second spelling of y = 3, a point of full order.
    let mut twofold = [0xff; 32];
    twofold[0] = 0xf0;
    twofold[31] = 0x7f;
    let mut canonical = [0; 32];
    canonical[0] = 3;
    assert!(VerifyingKey::from_bytes(&canonical).is_ok(), "the same point in its one spelling is a key");
    for bytes in [identity, identity_again, order_two, twofold, [0; 32]] {
        assert_eq!(VerifyingKey::from_bytes(&bytes), Err(Forgery::WeakKey), "{bytes:02x?}");
    }
}

/// X25519 points to which anybody could open: of small order, or in a second spelling.
#[test]
fn weak_recipients() {
    let mut raw = [0_u8; 32];
    let refused = |raw: &[u8]| Recipient::from_raw(RecipientKind::X25519, raw).is_err();
    assert!(refused(&raw));
    raw[0] = 1;
    assert!(refused(&raw));
    raw[0] = 9;
    assert!(!refused(&raw), "the base point is a fine recipient");
    raw[31] = 0x80;
    assert!(refused(&raw), "the top bit makes a second spelling");
    let mut over = [0xff; 32];
    (over[0], over[31]) = (0xf6, 0x7f);
    assert!(refused(&over), "p + 9 is a second spelling of 9");
    (over[0], over[31]) = (0xec, 0x7f);
    assert!(refused(&over), "p - 1 has order two");
    assert!(refused(&raw[..31]));
}

#[test]
fn a_hybrid_recipient_is_taken_in_its_one_spelling_and_above_a_strong_point() {
    let hybrid = ReadIdentity::of_kind(RecipientKind::MlKem768X25519).unwrap();
    let raw = hybrid.recipient().as_bytes().to_vec();
    let read = |raw: &[u8]| Recipient::from_raw(RecipientKind::MlKem768X25519, raw);
    assert_eq!(read(&raw).unwrap(), *hybrid.recipient());
    let text = hybrid.recipient().to_string();
    assert!(text.starts_with("age1pq1") && text.len() == 1959, "{} letters: {text}", text.len());
    assert_eq!(Recipient::from_text(&text).unwrap(), *hybrid.recipient());
    assert!(Recipient::from_text(&text.replace("age1pq1", "age1")).is_err());

    // 3 329 is 0 once more: first in an even place, then in an odd one.
    let (mut even, mut odd, mut weak) = (raw.clone(), raw.clone(), raw.clone());
    (even[0], even[1]) = (0x01, (even[1] & 0xf0) | 0x0d);
    (odd[1], odd[2]) = ((odd[1] & 0x0f) | 0x10, 0xd0);
    weak[1184..].fill(0);
    assert!(read(&even).is_err() && read(&odd).is_err(), "a number that is not below the modulus");
    assert!(read(&weak).is_err(), "a point of small order lets in who breaks the other half");
    assert!(read(&raw[1..]).is_err() && read(&raw[..32]).is_err());
}

#[test]
fn a_hybrid_identity_is_its_text_and_prints_nothing() {
    let identity = ReadIdentity::of_kind(RecipientKind::MlKem768X25519).unwrap();
    let text = identity.to_text();
    let text = text.expose_secret();
    assert!(text.starts_with("AGE-SECRET-KEY-PQ-1") && text.len() == 77, "{} letters", text.len());
    let read = ReadIdentity::from_text(text).unwrap();
    assert_eq!((read.recipient(), read.kind()), (identity.recipient(), RecipientKind::MlKem768X25519));
    let printed = format!("{identity:?}");
    assert!(!printed.contains("SECRET") && !printed.contains(&text[20..40]), "{printed}");
    for other in [text.to_lowercase(), text[..76].to_owned(), text.replace("-PQ-", "-"), format!("{text}Q")] {
        assert!(ReadIdentity::from_text(&other).is_err(), "{} letters", other.len());
    }
}

#[test]
fn a_quorum_counts_members_and_keys_once() {
    let signers: [Signer; 2] = std::array::from_fn(|_| Signer::generate().unwrap());
    let mut statement = Statement::unsigned(Purpose::Erasure, b"order".to_vec());
    signers.iter().for_each(|signer| statement.sign(&AGENCY, signer));
    let voter =
        |member: u8, signer: &Signer| Voter { member: MemberId::from_bytes([member; 16]), key: signer.verifying_key() };
    let count = |voters: &[Voter]| quorum::count(&statement, &AGENCY, voters);
    assert_eq!(count(&[voter(1, &signers[0]), voter(2, &signers[1])]), 2);
    assert_eq!(count(&[voter(1, &signers[0]), voter(1, &signers[1])]), 1, "one member with two keys");
    assert_eq!(count(&[voter(1, &signers[0]), voter(2, &signers[0])]), 1, "two members with one key");
    let spare = [voter(1, &signers[0]), voter(1, &signers[1]), voter(2, &signers[1])];
    assert_eq!(count(&spare), 2, "a second key of a member who has voted takes nobody's vote");
    assert_eq!(count(&[voter(1, &Signer::generate().unwrap())]), 0);
    assert!(quorum::check(&statement, &AGENCY, &[voter(1, &signers[0])], 0).is_err(), "a threshold of nought");
}
