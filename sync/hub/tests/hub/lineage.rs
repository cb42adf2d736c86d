//! The chain of rosters at the hub: whoever is behind catches up, and two rosters of one version are told to everybody.

use std::sync::Arc;

use amanat_hub::HubFault;
use amanat_hub::store::MemoryStore;
use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::Digest;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;
use amanat_sync::courier::{Courier, pass};
use amanat_sync::journal::MemoryJournal;
use amanat_sync::wire::messages::{DocumentsReply, DocumentsRequest, RostersRequest};

use super::carrying::block;
use super::support::*;

/// The agency moves on by so many rosters: their statements, oldest first.
pub(crate) fn moves_on(agency: &mut Agency, steps: usize) -> Vec<Vec<u8>> {
    let steps = (0..steps).map(|_| {
        let next = agency.next(|roster| roster.expires += 1);
        agency.trust.adopt(&next).unwrap();
        agency.roster = agency.trust.roster().clone();
        next
    });
    steps.collect()
}

fn documents(agency: &Agency, held: Vec<(u64, Digest, u64)>) -> Vec<u8> {
    DocumentsRequest { agency: agency.id(), held, offered: Vec::new() }.to_bytes()
}

fn reached(agency: &Agency, hub: &Arc<amanat_hub::Hub>, from: &Trust) -> u64 {
    let (mut trust, mut journal) = (from.clone(), MemoryJournal::default());
    let mut road = Road::new(agency, hub, 1);
    drop(pass(&mut Courier::default(), &mut journal, &mut road, agency.party(1), &mut trust));
    trust.roster_version()
}

#[test]
fn a_hub_that_was_given_the_newest_alone_is_whole_again_when_somebody_brings_the_chain() {
    let mut agency = Agency::new("http://127.0.0.1:7070");
    let behind = agency.trust.clone();
    let chain = moves_on(&mut agency, 6);
    let hub = block(agency.open(Arc::new(MemoryStore::default())));
    assert_eq!(reached(&agency, &hub, &behind), 1, "nothing leads from 1 to 7");

    // A step that nobody signed is named by the one above it and still goes nowhere.
    let mut bare = chain.clone();
    bare[2] =
        Statement::unsigned(Purpose::Roster, Statement::from_bytes(&chain[2]).unwrap().payload().to_vec()).to_bytes();
    bare.push(behind.statement_bytes());
    block(hub.complete(&bare)).unwrap();
    assert_eq!(reached(&agency, &hub, &behind), 3);
    block(hub.complete(&chain)).unwrap();
    assert_eq!(reached(&agency, &hub, &behind), 7);
}

#[tokio::test]
async fn two_valid_rosters_of_one_version_are_kept_and_told() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let store = Arc::new(MemoryStore::default());
    let hub = agency.open(store.clone()).await;
    let (one, other) = (agency.next(|r| r.name = "One".to_owned()), agency.next(|r| r.name = "Other".to_owned()));
    hub.adopt(&one).await.unwrap();
    let mut forged = other.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert!(hub.adopt(&forged).await.is_err());
    let mut officer = Client::new(&agency, 0, "/v1/documents");
    let about = Digest::from_bytes(*agency.id().as_bytes());
    let held = vec![(2, about, 2)];
    let answer = officer.send(&hub, &documents(&agency, held.clone())).await;
    let quiet = answer.mark;
    assert!(DocumentsReply::from_bytes(&answer.body).unwrap().statements.is_empty());

    let refused = hub.adopt(&other).await;
    assert!(matches!(refused, Err(HubFault::Trust(KeysError::Forged(Forgery::Fork)))), "{refused:?}");
    let answer = officer.send(&hub, &documents(&agency, held)).await;
    assert_eq!(DocumentsReply::from_bytes(&answer.body).unwrap().statements, vec![other.clone()]);
    assert_ne!(answer.mark, quiet, "a device that holds the first alone is told that there is news");
    let rival = Statement::from_bytes(&other).unwrap().payload_hash();
    let both = documents(&agency, vec![(2, about, 2), (2, rival, 2)]);
    let answer = officer.send(&hub, &both).await;
    assert!(DocumentsReply::from_bytes(&answer.body).unwrap().statements.is_empty());
}

/// An unsigned question for the rosters after one.
async fn rosters_after(hub: &Arc<amanat_hub::Hub>, question: Vec<u8>) -> Answer {
    let request = axum::http::Request::post("/v1/rosters").body(axum::body::Body::from(question)).unwrap();
    ask(hub, request).await
}

#[test]
fn whoever_holds_a_roster_is_given_the_next_ones_and_nobody_else() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let mut admin = agency.clone();
    for n in 2..=4 {
        let next = admin.next(|roster| roster.name = format!("Name {n}"));
        block(hub.adopt(&next)).unwrap();
        admin.trust.adopt(&next).unwrap();
        admin.roster = admin.trust.roster().clone();
    }
    let question = |version, hash| RostersRequest { agency: agency.id(), version, hash };
    let right = question(1, agency.trust.roster_hash());
    let answer = block(rosters_after(&hub, right.to_bytes()));
    assert_eq!((answer.status, answer.nonce, answer.mark), (200, None, None));
    let reply = DocumentsReply::from_bytes(&answer.body).unwrap();
    let mut behind = agency.trust.clone();
    reply.statements.iter().for_each(|roster| assert!(behind.adopt(roster).is_ok()));
    assert_eq!((behind.roster_version(), reply.more), (4, false));
    let newest = question(4, admin.trust.roster_hash());
    assert_eq!(
        DocumentsReply::from_bytes(&block(rosters_after(&hub, newest.to_bytes())).body).unwrap().statements.len(),
        0
    );

    let stranger = Digest::of(b"no roster of theirs");
    for wrong in [
        question(1, stranger),
        question(2, agency.trust.roster_hash()),
        question(0, Digest::ZERO),
        question(9, admin.trust.roster_hash()),
        RostersRequest { agency: amanat_keys::fingerprint::AgencyId::ZERO, ..right },
    ] {
        let answer = block(rosters_after(&hub, wrong.to_bytes()));
        assert_eq!((answer.status, answer.refusal.as_deref()), (421, Some("wrong-hub")), "{wrong:?}");
    }
    for (garbage, status) in [(b"".to_vec(), 400), (vec![0; 5_000], 413), (b"\x84\x01".to_vec(), 400)] {
        assert_eq!(block(rosters_after(&hub, garbage)).status, status);
    }
}
