//! A hub between two signing keys: which words stand under which roster, to whom it answers, and what the older key is worth afterwards.

use std::sync::Arc;

use amanat_hub::store::{HubStore as _, MemoryStore};
use amanat_hub::{Hub, HubIdentity};
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::KeyId;
use amanat_keys::roster::{RetiredKey, Roster};
use amanat_keys::statement::Statement;
use amanat_keys::trust::Trust;
use amanat_sync::courier::{Courier, End, Outcome, pass};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::receipt::{Checkpoint, Receipt};
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{PullRequest, PushReply};

use super::support::*;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn next_key() -> Signer {
    Signer::from_seed(&[201; 32]).unwrap()
}

/// Gives the hub its next key; the older one ended at a checkpoint of the first epoch.
fn rotated(last: u64) -> impl FnOnce(&mut Roster) {
    move |roster| {
        let hub = &mut roster.hubs[0];
        hub.retired = vec![RetiredKey { key: hub.receipt_key, epoch: 1, last }];
        hub.receipt_key = next_key().verifying_key();
    }
}

/// The agency with the roster that names the next key.
fn after(agency: &Agency, last: u64) -> (Agency, Vec<u8>) {
    let (mut newer, statement) = (agency.clone(), agency.next(rotated(last)));
    newer.trust.adopt(&statement).unwrap();
    newer.roster = newer.trust.roster().clone();
    (newer, statement)
}

fn open(agency: &Agency, identity: HubIdentity, store: &Arc<MemoryStore>) -> Arc<Hub> {
    let keep = Box::new(|_: &Trust| Ok(()));
    let store = Arc::clone(store) as Arc<dyn amanat_hub::store::HubStore>;
    Arc::new(block(Hub::open_at(identity, store, agency.trust.clone(), keep, || 1_750_000_000_000)).unwrap())
}

/// A client of actor 0 that names a key of the hub.
fn client(agency: &Agency, path: &str, key: KeyId) -> Client {
    let mut client = Client::new(agency, 0, path);
    client.parts.hub = key.to_string();
    client
}

/// What the hub signs for one push of these entries, addressed to a key.
fn words(agency: &Agency, hub: &Arc<Hub>, entries: &[amanat_sync::entry::SealedEntry], key: KeyId) -> Vec<Vec<u8>> {
    let body = codec::push_body(&agency.id(), &[run(entries)]);
    let answer = block(client(agency, "/v1/push", key).send(hub, &body));
    assert_eq!(answer.status, 200, "{answer:?}");
    PushReply::from_bytes(&answer.body).unwrap().statements
}

/// The receipt and the checkpoint of an answer, if they stand.
fn stand(words: &[Vec<u8>], agency: &Agency) -> Option<(Receipt, Checkpoint)> {
    let read = |bytes: &Vec<u8>| Statement::from_bytes(bytes).unwrap();
    let receipt = Receipt::prove(read(words.first()?), &agency.trust, &agency.hub.id).ok()?;
    let checkpoint = Checkpoint::prove(read(words.last()?), &agency.trust, &agency.hub.id).ok()?;
    Some((receipt, checkpoint))
}

fn newest(store: &Arc<MemoryStore>) -> u64 {
    block(store.ledger()).unwrap().newest.map_or(0, |kept| kept.number)
}

#[test]
fn between_two_keys_every_word_stands_under_both_rosters_and_the_chain_goes_on() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (store, older) = (Arc::new(MemoryStore::default()), agency.hub.signer.key_id());
    let mut pen = Pen::new(&agency, 0, 1);
    let hub = open(&agency, agency.hub.clone(), &store);
    let before = words(&agency, &hub, &pen.story(3), older);
    drop(hub);
    let last = newest(&store);
    let (newer, roster) = after(&agency, last);
    let (_, held) = stand(&before, &agency).unwrap();
    assert!(stand(&before, &newer).is_some(), "what the older key signed alone stays proven");

    // The next key is made: both sign, from a checkpoint of their own on, and the hub answers to both.
    let both = HubIdentity { next: Some(next_key()), ..agency.hub.clone() };
    let hub = open(&agency, both, &store);
    assert_eq!((newest(&store), hub.key_id()), (last + 1, older));
    for key in [older, next_key().key_id()] {
        let told = words(&agency, &hub, &pen.story(2), key);
        let (receipt, _) = stand(&told, &agency).expect("under the older roster");
        assert_eq!(stand(&told, &newer).expect("under the newer roster").0, receipt);
    }
    let wrong = block(client(&agency, "/v1/pull", KeyId::from_bytes([9; 32])).send(&hub, b""));
    assert_eq!((wrong.status, wrong.refusal.as_deref()), (421, Some("wrong-hub")));

    // The roster comes: from here on the new key alone, in the same chain and epoch.
    block(hub.adopt(&roster)).unwrap();
    assert_eq!(hub.key_id(), next_key().key_id());
    let told = words(&newer, &hub, &pen.story(2), next_key().key_id());
    let (receipt, checkpoint) = stand(&told, &newer).unwrap();
    assert!(stand(&told, &agency).is_none(), "who holds the older roster asks for the newer one first");
    assert_eq!((receipt.hub_key, checkpoint.epoch), (next_key().key_id(), 1));
    assert!(checkpoint.number > held.number);
    let one = Statement::from_bytes(told.last().unwrap()).unwrap();
    assert_eq!(one.signatures().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [next_key().key_id()]);

    // Whoever still names the older key is told where to ask.
    let body = PullRequest { agency: agency.id(), heads: Vec::new(), again: Vec::new(), items: 1, bytes: 1 }.to_bytes();
    let answer = block(client(&agency, "/v1/pull", older).send(&hub, &body));
    assert_eq!((answer.status, answer.refusal.as_deref()), (421, Some("wrong-hub")));
    assert!(String::from_utf8_lossy(&answer.body).contains("newer key"), "{answer:?}");
}

fn travels(agency: &Agency, hub: &Arc<Hub>, journal: &mut MemoryJournal) -> Outcome {
    let mut road = Road::new(agency, hub, 0);
    road.room = 1 << 20;
    pass(&mut Courier::default(), journal, &mut road, agency.party(0), &mut agency.trust.clone())
}

/// Another officer's push, which is a checkpoint more.
fn pushes(agency: &Agency, hub: &Arc<Hub>, pen: &mut Pen) {
    let body = codec::push_body(&agency.id(), &[run(&pen.story(1))]);
    assert_eq!(block(Client::new(agency, 1, "/v1/push").send(hub, &body)).status, 200);
}

/// Somebody has the older key, and the books of the hub as they were: they answer in its place.
#[test]
fn the_older_key_is_believed_by_nobody_who_holds_the_newer_roster() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (newer, _) = after(&agency, 2);
    let story = Pen::new(&agency, 0, 1).story(4);
    let mut officer = MemoryJournal::default();
    keep(&mut officer, &Pen::new(&agency, 0, 1), &story);
    // Requests name the newer key: an honest hub with the older one alone refuses them. This one does not.
    let named = Agency { hub: HubIdentity { next: None, ..agency.hub.clone() }, ..newer.clone() };
    for (what, checkpoints, says) in
        [("at a checkpoint of its time", 0, "retired"), ("after its last checkpoint", 3, "does not prove itself")]
    {
        let store = Arc::new(MemoryStore::default());
        let thief = open(&agency, agency.hub.clone(), &store);
        let mut other = Pen::new(&agency, 1, 7);
        (0..checkpoints).for_each(|_| pushes(&agency, &thief, &mut other));
        let outcome = travels(&named, &thief, &mut officer);
        let End::Nonsense(told) = &outcome.end else { panic!("{what}: {outcome:?}") };
        assert!(told.contains(says), "{what}: {told}");
        assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 0, "{what}");
    }
    // The hub over its own books, with the newer key: all of it is received.
    let store = Arc::default();
    pushes(&agency, &open(&agency, agency.hub.clone(), &store), &mut Pen::new(&agency, 1, 7));
    let right = Agency { hub: HubIdentity { signer: next_key(), ..agency.hub.clone() }, ..newer };
    let outcome = travels(&right, &open(&right, right.hub.clone(), &store), &mut officer);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 4);
}
