//! Attacks on the chain of rosters: rollback, gaps, thin quorums, other agencies, forks, time.

use amanat_keys::audience::Sharing;
use amanat_keys::canonical;
use amanat_keys::device::Signer;
use amanat_keys::error::{Forgery, KeysError, Misuse, Stale};
use amanat_keys::fingerprint::{AgencyId, Digest};
use amanat_keys::recipient::RecipientKind;
use amanat_keys::roster::Roster;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::{Age, FORMAT_VERSION, Step, Trust};
use amanat_keys::words::Words;

use crate::agency::{Agency, ISSUED, LIFE};

#[track_caller]
fn refused(trust: &mut Trust, statement: &[u8]) -> KeysError {
    let before = trust.roster_hash();
    let error = trust.adopt(statement).unwrap_err();
    assert_eq!(trust.roster_hash(), before, "a refused roster must change nothing");
    error
}

#[test]
fn an_honest_chain_is_adopted_step_by_step() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    let mut roster = agency.roster.clone();
    for _ in 0..5 {
        roster = agency.next(&roster);
        assert_eq!(trust.adopt(&agency.signed(&roster, &[0, 2])).unwrap(), Step::Adopted);
        assert_eq!(trust.adopt(&agency.signed(&roster, &[1, 2])).unwrap(), Step::AlreadyHeld);
    }
    assert_eq!(trust.roster_version(), 6);
    assert_eq!(Trust::from_bytes(&trust.to_bytes()).unwrap(), trust);
}

#[test]
fn rollback() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    let two = agency.next(&agency.roster);
    trust.adopt(&agency.signed(&two, &[0, 1])).unwrap();
    let error = refused(&mut trust, &agency.signed(&agency.roster, &[0, 1, 2]));
    assert!(matches!(error, KeysError::Expired(Stale::Rollback { offered: 1, adopted: 2 })), "{error:?}");
}

#[test]
fn skipping_a_version() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    let two = agency.next(&agency.roster);
    let three = agency.next(&two);
    let error = refused(&mut trust, &agency.signed(&three, &[0, 1, 2]));
    assert!(matches!(error, KeysError::Expired(Stale::Gap { offered: 3, adopted: 1 })), "{error:?}");
    trust.adopt(&agency.signed(&two, &[0, 1])).unwrap();
    trust.adopt(&agency.signed(&three, &[0, 1])).unwrap();
}

#[test]
fn too_few_signatures() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    let two = agency.next(&agency.roster);
    for admins in [&[][..], &[0], &[2]] {
        let error = refused(&mut trust, &agency.signed(&two, admins));
        let have = admins.len();
        assert!(
            matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: found, need: 2 }) if found == have),
            "{error:?}"
        );
    }
    trust.adopt(&agency.signed(&two, &[0, 2])).unwrap();
}

/// One admin with two keys in the next roster is still one member, and the old roster knows one key of theirs.
#[test]
fn one_member_signs_twice() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    let mut two = agency.next(&agency.roster);
    let second = Agency::new();
    two.admins[1].root_key = second.roots[0].verifying_key();
    let mut statement = agency.statement(&two, &[0]);
    second.roots[0].cosign(&mut statement).unwrap();
    let error = refused(&mut trust, &statement.to_bytes());
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 1, need: 2 })), "{error:?}");
}

/// The same signature, listed twice under one key id, is no statement at all.
#[test]
fn a_repeated_signature() {
    let agency = Agency::new();
    let two = agency.next(&agency.roster);
    let statement = agency.statement(&two, &[0]);
    let bytes = statement.to_bytes();
    let one: Vec<u8> = {
        let (id, signature) = statement.signatures()[0];
        [&[0x82, 0x58, 0x20][..], id.as_bytes(), &[0x58, 0x40], &signature].concat()
    };
    let mut twice = bytes[..bytes.len() - one.len() - 1].to_vec();
    twice.push(0x82);
    twice.extend_from_slice(&one);
    twice.extend_from_slice(&one);
    let mut trust = agency.pinned();
    assert!(matches!(refused(&mut trust, &twice), KeysError::Malformed(_)));
}

/// A signature of admin 0 put under the key id of admin 1 counts for nobody.
#[test]
fn a_signature_under_another_key_id() {
    let agency = Agency::new();
    let two = agency.next(&agency.roster);
    let by_zero = agency.statement(&two, &[0]);
    let by_one = agency.statement(&two, &[1]);
    let mut bytes = agency.statement(&two, &[0, 1]).to_bytes();
    let genuine = by_one.signatures()[0].1;
    let at = bytes.windows(64).position(|window| window == genuine).unwrap();
    bytes[at..at + 64].copy_from_slice(&by_zero.signatures()[0].1);
    let mut trust = agency.pinned();
    let error = refused(&mut trust, &bytes);
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 1, need: 2 })), "{error:?}");
}

/// New admins who sign their own roster, without the old ones.
#[test]
fn a_takeover_by_the_new_admins() {
    let agency = Agency::new();
    let thieves = Agency::new();
    let mut two = agency.next(&agency.roster);
    for (admin, thief) in two.admins.iter_mut().zip(&thieves.roots) {
        admin.root_key = thief.verifying_key();
    }
    let mut trust = agency.pinned();
    let error = refused(&mut trust, &thieves.signed(&two, &[0, 1, 2]));
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 0, need: 2 })), "{error:?}");
}

/// The old admins alone cannot appoint others in their absence either.
#[test]
fn the_new_quorum_is_missing() {
    let agency = Agency::new();
    let others = Agency::new();
    let mut two = agency.next(&agency.roster);
    for (admin, other) in two.admins.iter_mut().zip(&others.roots) {
        admin.root_key = other.verifying_key();
    }
    let mut trust = agency.pinned();
    let mut statement = agency.statement(&two, &[0, 1]);
    let error = refused(&mut trust, &statement.to_bytes());
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 0, need: 2 })), "{error:?}");
    others.roots[0].cosign(&mut statement).unwrap();
    others.roots[2].cosign(&mut statement).unwrap();
    trust.adopt(&statement.to_bytes()).unwrap();
}

#[test]
fn another_lineage() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    let mut two = agency.next(&agency.roster);
    two.previous = Digest::of(b"another roster 1");
    let error = refused(&mut trust, &agency.signed(&two, &[0, 1]));
    assert!(matches!(error, KeysError::Forged(Forgery::OtherLineage)), "{error:?}");
}

/// The same admins run two agencies: a roster of the one is none of the other.
#[test]
fn a_foreign_agency() {
    let agency = Agency::new();
    let mut sister = Agency::new();
    sister.roots = agency.roots.clone();
    sister.roster.admins = agency.roster.admins.clone();
    sister.roster.members = agency.roster.members.clone();
    sister.roster.devices.clear();
    sister.roster.units = agency.roster.units.clone();
    let mut foreign = sister.next(&sister.roster);
    foreign.previous = agency.roster.hash();
    let mut trust = agency.pinned();
    let error = refused(&mut trust, &sister.signed(&foreign, &[0, 1]));
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 0, .. })), "{error:?}");
}

/// Signed in our agency's name, while the payload names another: as if a signing tool had been tricked.
#[test]
fn signed_for_us_but_naming_another() {
    let mut agency = Agency::new();
    let signers: [Signer; 3] = std::array::from_fn(|_| Signer::generate().unwrap());
    for (admin, signer) in agency.roster.admins.iter_mut().zip(&signers) {
        admin.root_key = signer.verifying_key();
    }
    let signed = |roster: &Roster, over: AgencyId| {
        let mut statement = Statement::unsigned(Purpose::Roster, canonical::encode(roster));
        signers.iter().for_each(|signer| statement.sign(&over, signer));
        statement.to_bytes()
    };
    let mut trust = Trust::pin_hash(&signed(&agency.roster, AgencyId::ZERO), &agency.roster.hash()).unwrap();
    let honest = agency.next(&agency.roster);
    let mut foreign = honest.clone();
    foreign.agency = Digest::of(b"another agency").into();
    let ours = trust.agency();
    let error = refused(&mut trust, &signed(&foreign, ours));
    assert!(matches!(error, KeysError::Forged(Forgery::OtherAgency)), "{error:?}");
    let error = refused(&mut trust, &signed(&honest, AgencyId::ZERO));
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 0, .. })), "{error:?}");
    trust.adopt(&signed(&honest, ours)).unwrap();
}

#[test]
fn another_purpose() {
    let agency = Agency::new();
    let two = agency.next(&agency.roster);
    let payload = canonical::encode(&two);
    let mut codebook = Statement::unsigned(Purpose::Codebook, payload);
    for root in &agency.roots {
        root.sign_order(&mut codebook, &agency.roster.agency_id()).unwrap();
    }
    let mut trust = agency.pinned();
    assert!(matches!(refused(&mut trust, &codebook.to_bytes()), KeysError::Forged(Forgery::OtherPurpose)));
    // The purpose number rewritten: the signatures were made over the other word.
    let mut bytes = codebook.to_bytes();
    assert_eq!(bytes[..3], [0x84, 1, 6]);
    bytes[2] = 2;
    let error = refused(&mut trust, &bytes);
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 0, .. })), "{error:?}");
}

#[test]
fn words_that_differ_by_one() {
    let agency = Agency::new();
    let statement = agency.signed(&agency.roster, &[0, 1]);
    let words = agency.pinned().fingerprint_words();
    assert!(Trust::pin(&statement, &words).is_ok());
    let mut other: Vec<&str> = words.words();
    other[7] = if other[7] == "zebra" { "yellow" } else { "zebra" };
    let other: Words = other.join(" ").parse().unwrap();
    assert!(matches!(Trust::pin(&statement, &other), Err(KeysError::Forged(Forgery::OtherWords))));
}

#[test]
fn pinning_needs_the_rosters_own_quorum() {
    let agency = Agency::new();
    let thin = agency.signed(&agency.roster, &[1]);
    let error = Trust::pin_hash(&thin, &agency.roster.hash()).unwrap_err();
    assert!(matches!(error, KeysError::Forged(Forgery::TooFewSignatures { have: 1, need: 2 })), "{error:?}");
}

/// While a fork stands, a unit that only one side lists gets no new case; headquarters always does.
#[test]
fn under_a_fork_only_undisputed_readers_get_new_cases() {
    let agency = Agency::new();
    let two = agency.next(&agency.roster);
    let mut rival = two.clone();
    let other = amanat_keys::recipient::ReadIdentity::generate().unwrap();
    let hq_other = amanat_keys::recipient::ReadIdentity::generate().unwrap();
    for unit in &mut rival.units {
        let key = if unit.id == agency.station { &other } else { &hq_other };
        unit.recipient = Some(key.recipient().clone());
    }
    let mut trust = agency.pinned();
    trust.adopt(&agency.signed(&two, &[0, 1])).unwrap();
    let count = |trust: &Trust, level| trust.audience(&agency.station, level).map(|audience| audience.readers.len());
    assert_eq!(count(&trust, Sharing::H2).unwrap(), 2);
    assert!(trust.adopt(&agency.signed(&rival, &[1, 2])).is_err());
    assert_eq!(count(&trust, Sharing::H2).unwrap(), 1);
    let left = trust.audience(&agency.station, Sharing::H2).unwrap();
    assert_eq!(left.readers[0].id, *agency.hq.as_bytes());
    assert!(matches!(count(&trust, Sharing::H1), Err(KeysError::Misuse(Misuse::NoReaders))));
}

#[test]
fn two_valid_rosters_of_one_version_are_a_fork() {
    let agency = Agency::new();
    let two = agency.next(&agency.roster);
    let mut rival = two.clone();
    rival.devices.retain(|device| device.id != agency.supervisor.device_id());
    let mut trust = agency.pinned();
    trust.adopt(&agency.signed(&two, &[0, 1])).unwrap();
    // One signature short it is only an old number, and no proof of anything.
    assert!(matches!(refused(&mut trust, &agency.signed(&rival, &[0])), KeysError::Expired(Stale::Rollback { .. })));
    assert!(trust.forks().is_empty());
    let error = refused(&mut trust, &agency.signed(&rival, &[1, 2]));
    assert!(matches!(error, KeysError::Forged(Forgery::Fork)), "{error:?}");
    assert_eq!(trust.forks().len(), 1);
    assert!(trust.undisputed(agency.officer.recipient()));
    assert!(!trust.undisputed(agency.supervisor.recipient()), "a reader that only one of the two lists is disputed");
    assert_eq!(Trust::from_bytes(&trust.to_bytes()).unwrap().forks().len(), 1, "the proof outlives a restart");
}

/// Expiry is shown and never refuses: neither keeping, nor adopting the roster that ends it.
#[test]
fn an_expired_roster_still_serves() {
    let agency = Agency::new();
    let mut trust = agency.pinned();
    assert_eq!(trust.age(ISSUED), Age::Current);
    assert_eq!(trust.age(ISSUED + LIFE - 1), Age::Current);
    assert_eq!(trust.age(ISSUED + LIFE), Age::Expired);
    assert_eq!(trust.age(ISSUED + LIFE + 31 * 86_400), Age::LongExpired);
    assert_eq!(trust.age(u64::MAX), Age::LongExpired);
    let journal = amanat_keys::fingerprint::JournalId::random();
    assert!(trust.verifying_key(&agency.officer.device_id(), &journal, 1).is_ok());
    assert!(trust.roster().audience(&agency.station, Sharing::H2).is_ok());
    // A device five rosters behind, all but the newest expired long ago.
    let mut roster = agency.roster.clone();
    for _ in 0..5 {
        roster = agency.next(&roster);
        roster.expires = roster.issued + 1;
        trust.adopt(&agency.signed(&roster, &[0, 1])).unwrap();
    }
    assert_eq!(trust.roster_version(), 6);
}

#[test]
fn a_newer_minimum_version_is_refused_by_name() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    two.minimum_version = FORMAT_VERSION + 1;
    let error = refused(&mut agency.pinned(), &agency.signed(&two, &[0, 1]));
    assert!(matches!(error, KeysError::Expired(Stale::TooOld { least }) if least == FORMAT_VERSION + 1), "{error:?}");
}

#[test]
fn the_minimum_version_never_falls() {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    two.minimum_version = 0;
    let error = refused(&mut agency.pinned(), &agency.signed(&two, &[0, 1]));
    assert!(matches!(error, KeysError::Misuse(Misuse::Limit { .. })), "{error:?}");
}

#[track_caller]
fn breaks_a_rule(change: impl Fn(&mut Roster)) {
    let agency = Agency::new();
    let mut two = agency.next(&agency.roster);
    assert!(agency.roots[0].sign_roster(&two).is_ok(), "the copy without the fault must pass");
    change(&mut two);
    let error = agency.roots[0].sign_roster(&two).unwrap_err();
    assert!(matches!(error, KeysError::Malformed(_)), "{error:?}");
}

#[test]
fn a_roster_that_breaks_a_rule_is_no_roster() {
    breaks_a_rule(|roster| roster.threshold = 0);
    breaks_a_rule(|roster| roster.threshold = 4);
    breaks_a_rule(|roster| roster.version = 0);
    breaks_a_rule(|roster| roster.expires = roster.issued);
    breaks_a_rule(|roster| roster.devices.reverse());
    breaks_a_rule(|roster| roster.members.swap(0, 1));
    breaks_a_rule(|roster| roster.units.push(roster.units[1].clone()));
    breaks_a_rule(|roster| roster.admins[1] = roster.admins[0].clone());
    breaks_a_rule(|roster| roster.admins[1].root_key = roster.admins[0].root_key);
    breaks_a_rule(|roster| roster.admins[0].root_key = roster.devices[0].spans[0].key);
    breaks_a_rule(|roster| roster.hubs[0].receipt_key = roster.devices[0].spans[0].key);
    breaks_a_rule(|roster| roster.devices[1].recipient = roster.devices[0].recipient.clone());
    breaks_a_rule(|roster| roster.recovery = roster.units[0].recipient.clone());
    breaks_a_rule(|roster| roster.devices[0].id = amanat_keys::fingerprint::DeviceId::ZERO);
    breaks_a_rule(|roster| roster.devices[0].spans[0].from = 0);
    breaks_a_rule(|roster| roster.units[0].epoch = 0);
    breaks_a_rule(|roster| roster.kind = RecipientKind::MlKem768X25519);
    breaks_a_rule(|roster| roster.agency = amanat_keys::fingerprint::AgencyId::ZERO);
    breaks_a_rule(|roster| roster.policies = vec![("b".into(), "1".into()), ("a".into(), "1".into())]);
    breaks_a_rule(|roster| {
        let mut again = roster.devices[0].spans[0].clone();
        again.from = 5;
        roster.devices[0].spans.push(again);
    });
}
