//! Reads what `vectors/ceremony.py` wrote from the specification: a proposal, a release, and sheets of recovery keys; whole ones, and broken
//! ones that their right signers signed.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod adopted;

use adopted::{hex, trust};
use amanat_keys::canonical;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::proposal::Proposal;
use amanat_keys::recipient::{ReadIdentity, Recipient};
use amanat_keys::recovery::{Share, join, split};
use amanat_keys::release::{ProgramVersion, Release};
use serde_json::Value;

fn vectors(of: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("vectors/ceremony.json")).unwrap();
    all[of].clone()
}

/// The word of a refusal, as the vectors have it.
fn word(fault: &KeysError) -> &'static str {
    match fault {
        KeysError::Forged(Forgery::NoAuthority) => "NoAuthority",
        KeysError::Forged(Forgery::Signature) => "Signature",
        KeysError::Forged(Forgery::OtherPurpose) => "OtherPurpose",
        KeysError::Forged(Forgery::OtherAgency) => "OtherAgency",
        KeysError::Forged(Forgery::TooFewSignatures { .. }) => "TooFewSignatures",
        KeysError::Malformed(_) => "Malformed",
        _ => "another",
    }
}

fn each_refused(v: &Value, verify: impl Fn(&[u8]) -> KeysError) {
    for (expected, all) in v["refused"].as_object().unwrap() {
        for (n, bytes) in all.as_array().unwrap().iter().enumerate() {
            let fault = verify(&hex(bytes));
            assert_eq!(word(&fault), expected, "number {n}: {fault:?}");
        }
    }
}

#[test]
fn a_proposal_is_read_as_it_is_written_down_and_every_broken_one_is_refused_for_its_reason() {
    let (v, trust) = (vectors("proposal"), trust());
    let whole = hex(&v["whole"]);
    let verified = Proposal::verify(&whole, &trust).unwrap();
    assert_eq!(verified.statement().to_bytes(), whole);
    let proposal = verified.value();
    assert_eq!(canonical::encode(proposal), hex(&v["payload"]));
    assert_eq!((proposal.device.to_string(), proposal.serial), (v["device"].as_str().unwrap().to_owned(), 5));
    assert_eq!(proposal.roster.to_bytes(), hex(&v["roster"]), "the roster inside is as its admins signed it");
    each_refused(&v, |bytes| Proposal::verify(bytes, &trust).unwrap_err());
}

#[test]
fn a_release_is_read_as_it_is_written_down_and_every_broken_one_is_refused_for_its_reason() {
    let (v, trust) = (vectors("release"), trust());
    let verified = Release::verify(&hex(&v["whole"]), &trust).unwrap();
    let release = verified.value();
    assert_eq!(canonical::encode(release), hex(&v["payload"]));
    assert_eq!((release.name.as_str(), release.version), ("amanat", ProgramVersion(1, 20, 3)));
    let mut program = hex(&v["program"]);
    assert!(release.is_of(&program));
    program[7] ^= 1;
    assert!(!release.is_of(&program));
    each_refused(&v, |bytes| Release::verify(bytes, &trust).unwrap_err());
}

#[test]
fn sheets_that_another_program_wrote_give_the_key_and_broken_ones_are_noticed() {
    for v in vectors("shares").as_array().unwrap() {
        let sheets: Vec<&str> = v["sheets"].as_array().unwrap().iter().map(|sheet| sheet.as_str().unwrap()).collect();
        let recipient = Recipient::from_text(v["recipient"].as_str().unwrap()).unwrap();
        let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
        let threshold = usize::try_from(v["threshold"].as_u64().unwrap()).unwrap();
        let shares: Vec<Share> = sheets.iter().map(|sheet| Share::read(sheet).unwrap()).collect();
        for (share, sheet) in shares.iter().zip(&sheets) {
            assert_eq!(share.words().as_str(), *sheet, "a sheet is printed as it was read");
            assert_eq!((share.set(), share.is_of(&recipient)), (v["set"].as_str().unwrap().to_owned(), true));
        }
        // The last of them and the first: any will do.
        for some in [&shares[..threshold], &shares[shares.len() - threshold..]] {
            assert_eq!(join(some, &recipient).unwrap().key_id(), identity.key_id());
        }
        join(&shares[..threshold - 1], &recipient).unwrap_err();
        // Ours and theirs of one set do not mix into anything.
        let ours = split(&identity, u8::try_from(threshold).unwrap(), u8::try_from(shares.len()).unwrap()).unwrap();
        let mixed: Vec<Share> = ours.iter().take(1).chain(shares.iter().skip(1).take(threshold - 1)).cloned().collect();
        join(&mixed, &recipient).unwrap_err();
        for (name, sheet) in v["broken"].as_object().unwrap() {
            Share::read(sheet.as_str().unwrap()).expect_err(name);
        }
    }
}
