//! A push that asks besides what is new: one request brings both, the page counts only where it is what the pull would have asked, and who may
//! have no page is told what became of the push all the same.

use amanat_keys::roster::{CutOff, DeviceState};
use amanat_keys::statement::Statement;
use amanat_sync::chain;
use amanat_sync::courier::{Courier, End, Outcome, pass};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::transport::Transport;
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{HeadLine, PullRequest, PushReply, RunAnswer};

use super::carrying::block;
use super::cut::Place;
use super::support::*;

fn travels(agency: &Agency, actor: usize, journal: &mut MemoryJournal, road: &mut dyn Transport) -> Outcome {
    let mut trust = agency.trust.clone();
    let outcome = pass(&mut Courier::default(), journal, road, agency.party(actor), &mut trust);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    outcome
}

fn question(agency: &Agency, heads: Vec<HeadLine>) -> PullRequest {
    PullRequest { agency: agency.id(), heads, again: Vec::new(), items: 1_000, bytes: 1 << 16 }
}

#[test]
fn one_request_brings_a_new_entry_and_fetches_what_is_new() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let (mut officer, mut reader) = (MemoryJournal::default(), MemoryJournal::default());
    let (mut officers, mut readers) = (Pen::new(&agency, 0, 1), Pen::new(&agency, 3, 2));
    let mut roads = [Road::new(&agency, &hub, 0), Road::new(&agency, &hub, 3)];
    for round in 0..4 {
        let (new, seen) = (officers.story(3), readers.story(2));
        keep(&mut officer, &officers, &new);
        keep(&mut reader, &readers, &seen);
        let calls = roads.each_ref().map(|road| road.calls);
        assert_eq!(travels(&agency, 0, &mut officer, &mut roads[0]).handed_over, 3);
        let read = travels(&agency, 3, &mut reader, &mut roads[1]);
        assert_eq!((read.handed_over, read.pulled), (2, 3), "round {round}");
        assert_eq!(roads.each_ref().map(|road| road.calls), [calls[0] + 1, calls[1] + 1], "round {round}");
        for (journal, count) in [(&officer, 3), (&reader, 2)] {
            assert_eq!(journal.status(&agency.hub.id).unwrap().own[0].received, (round + 1) * count);
        }
    }
    assert_eq!(reader.status(&agency.hub.id).unwrap().others, 12);
}

/// Counted on the way between a device and its hub: what it sends and what it asks leave together on the road that every device goes.
#[test]
fn one_new_entry_goes_over_a_devices_own_road_in_one_request() {
    let place = Place::new();
    let (mut officer, mut pen) = (MemoryJournal::default(), Pen::new(&place.agency, 0, 1));
    let mut road = place.road(0).inner;
    let requests = [(); 4].map(|()| {
        let new = pen.story(1);
        keep(&mut officer, &pen, &new);
        let before = place.link.asked();
        assert_eq!(travels(&place.agency, 0, &mut officer, &mut road).handed_over, 1);
        place.link.asked() - before
    });
    // The first of a program has no number to sign with, and is given one.
    assert_eq!(requests, [2, 1, 1, 1]);
    assert_eq!(officer.status(&place.agency.hub.id).unwrap().own[0].received, 4);
}

#[test]
fn the_page_of_a_push_is_the_answer_to_a_pull_that_comes_behind_it() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let story = Pen::new(&agency, 0, 1).story(5);
    let sent = codec::push_body(&agency.id(), &[run(&story)]);
    assert_eq!(block(Client::new(&agency, 0, "/v1/push").send(&hub, &sent)).status, 200);
    let own = Pen::new(&agency, 3, 2).story(2);
    let heads = vec![HeadLine { device: agency.actors[3].id, journal: own[0].header.journal, seq: 2 }];
    let body = codec::push_and_ask(&agency.id(), &[run(&own)], Some(question(&agency, heads.clone())));
    let both = block(Client::new(&agency, 3, "/v1/push").send(&hub, &body));
    assert_eq!(both.status, 200);
    let (reply, page) = codec::read_answer_and_page(&both.body).unwrap();
    let reply = PushReply::from_bytes(reply).unwrap();
    assert!(matches!(reply.answers[..], [RunAnswer::Accepted(2, _)]) && reply.statements.len() == 2, "{reply:?}");
    // What stands in the answer to the push counts as seen.
    let checkpoint = Statement::from_bytes(&reply.statements[1]).unwrap();
    let mut client = Client::new(&agency, 3, "/v1/pull");
    client.parts.checkpoint = checkpoint.payload_hash().to_string();
    let alone = block(client.send(&hub, &question(&agency, heads).to_bytes()));
    assert_eq!(page, alone.body);
    let (_, runs, whole) = codec::read_pull(page).unwrap();
    assert!(whole && runs == [run(&story)], "{runs:?}");
}

#[test]
fn a_revoked_device_hands_over_and_is_given_no_page() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let (mine, others) = (Pen::new(&agency, 3, 2).story(2), Pen::new(&agency, 0, 1).story(2));
    let sent = codec::push_body(&agency.id(), &[run(&others)]);
    assert_eq!(block(Client::new(&agency, 0, "/v1/push").send(&hub, &sent)).status, 200);
    let link = chain::link(&mine[1].header.prev, &mine[1].hash());
    let lost = agency.next(|roster| {
        let device = roster.devices.iter_mut().find(|device| device.id == agency.actors[3].id).unwrap();
        device.state = DeviceState::Lost;
        device.cut_offs = vec![CutOff { journal: mine[0].header.journal, seq: 2, link }];
    });
    block(hub.adopt(&lost)).unwrap();
    let body = codec::push_and_ask(&agency.id(), &[run(&mine)], Some(question(&agency, Vec::new())));
    let answer = block(Client::new(&agency, 3, "/v1/push").send(&hub, &body));
    assert_eq!(answer.status, 200);
    let (reply, page) = codec::read_answer_and_page(&answer.body).unwrap();
    assert_eq!(PushReply::from_bytes(reply).unwrap().answers, [RunAnswer::Accepted(2, link)]);
    assert!(page.is_empty(), "nothing of what others wrote");
}
