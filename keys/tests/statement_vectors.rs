//! Reads the statements that `vectors/make.py` wrote from the specification: rosters, join request, unit keys, receipt, checkpoint.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use amanat_keys::canonical;
use amanat_keys::device::Signer;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::{AgencyId, Digest};
use amanat_keys::join::JoinRequest;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::roster::Roster;
use amanat_keys::statement::{Purpose, Statement, Verified};
use serde_json::Value;

#[path = "vectors/digits.rs"]
#[expect(dead_code, reason = "not every vector holds something of a known length")]
mod digits;

use digits::hex;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/statements.json")).unwrap()
}

fn statement(name: &str) -> Statement {
    let bytes = hex(&vectors()[name]);
    let statement = Statement::from_bytes(&bytes).unwrap();
    assert_eq!(statement.to_bytes(), bytes, "{name} is written as it was read");
    statement
}

fn agency() -> AgencyId {
    vectors()["agency"].as_str().unwrap().parse().unwrap()
}

fn signer(name: &str) -> Signer {
    let seed: [u8; 32] = hex(&vectors()["signers"][name]).try_into().unwrap();
    Signer::from_seed(&seed).unwrap()
}

fn first_roster() -> Verified<Roster> {
    let first = statement("roster 1").expect::<Roster>(Purpose::Roster).unwrap();
    let claimed = first.peek().unwrap();
    first.verify_quorum(&AgencyId::ZERO, &claimed.voters(), claimed.needed()).unwrap()
}

#[test]
fn the_first_roster_names_the_agency() {
    let first = first_roster();
    assert_eq!(AgencyId::from(first.statement().payload_hash()), agency());
    assert_eq!(first.value().agency_id(), agency());
    let (roster, v) = (first.value(), vectors());
    assert_eq!((roster.version, roster.threshold, roster.admins.len(), roster.devices.len()), (1, 1, 2, 1));
    let unit = roster.units.first().unwrap().recipient.clone().unwrap();
    let identity = ReadIdentity::from_text(v["identities"]["unit HQ 1"].as_str().unwrap()).unwrap();
    assert_eq!(&unit, identity.recipient());
}

#[test]
fn the_second_roster_follows_the_first_and_needs_both_admins() {
    let (first, agency) = (first_roster().into_value(), agency());
    let second = statement("roster 2").expect::<Roster>(Purpose::Roster).unwrap();
    let second = second.verify_quorum(&agency, &first.voters(), first.needed()).unwrap();
    let roster = second.value();
    assert_eq!(roster.previous.as_bytes(), agency.as_bytes());
    assert_eq!(roster.hash().to_string(), vectors()["roster 2 hash"].as_str().unwrap());
    assert_eq!((roster.version, roster.needed(), roster.devices.len(), roster.hubs.len()), (2, 2, 2, 1));

    let lonely = statement("roster 2, one signer").expect::<Roster>(Purpose::Roster).unwrap();
    let refused = lonely.verify_quorum(&agency, &roster.voters(), roster.needed()).unwrap_err();
    assert!(matches!(refused, KeysError::Forged(Forgery::TooFewSignatures { have: 1, need: 2 })), "{refused:?}");
    let elsewhere = statement("roster 2").expect::<Roster>(Purpose::Roster).unwrap();
    assert!(elsewhere.verify_quorum(&AgencyId::ZERO, &roster.voters(), 1).is_err());
}

#[test]
fn each_statement_carries_the_signature_that_our_signer_makes() {
    for (name, purpose, by, ours) in [
        ("roster 2", Purpose::Roster, "root 1", true),
        ("join request", Purpose::JoinRequest, "device 2", true),
        ("hub's join request", Purpose::JoinRequest, "hub", true),
        ("unit keys", Purpose::UnitKeys, "device 1", true),
        ("receipt", Purpose::Receipt, "hub", true),
        ("checkpoint", Purpose::Checkpoint, "hub", true),
        ("checkpoint", Purpose::Receipt, "hub", false),
        ("receipt", Purpose::Receipt, "device 1", false),
    ] {
        let (statement, signer) = (statement(name), signer(by));
        let made = signer.sign(purpose, &agency(), statement.payload());
        assert_eq!(statement.signatures().contains(&(signer.key_id(), made)), ours, "{name} by {by}");
    }
}

#[test]
fn a_hubs_tls_keys_stand_in_its_request_and_in_the_roster() {
    let v = vectors();
    let listed: Vec<Vec<u8>> = v["TLS keys"].as_array().unwrap().iter().map(hex).collect();
    let bytes = hex(&v["hub's join request"]);
    let request = JoinRequest::verify(&bytes).unwrap().into_value();
    assert_eq!(request.tls_keys.iter().collect::<Vec<_>>(), listed);
    let roster = statement("roster 2").expect::<Roster>(Purpose::Roster).unwrap().peek().unwrap();
    assert_eq!((listed.len(), &roster.hubs[0].tls_keys), (2, &request.tls_keys));
    assert_eq!(canonical::encode(&request), Statement::from_bytes(&bytes).unwrap().payload());
}

#[test]
fn the_checkpoint_names_the_hash_of_the_heads() {
    let heads = Digest::of(&hex(&vectors()["heads"]));
    let payload = statement("checkpoint").payload().to_vec();
    assert!(payload.windows(32).any(|window| window == heads.as_bytes()));
}
