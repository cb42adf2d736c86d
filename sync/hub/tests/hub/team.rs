//! The team page at the hub: what devices say of themselves, told to the supervisors of their units and to nobody else.

use std::sync::Arc;

use amanat_hub::Hub;
use amanat_keys::roster::DeviceState;
use amanat_sync::wire::codec;
use amanat_sync::wire::team::{SelfReport, TeamLine, TeamReply, TeamRequest};

use super::carrying::block;
use super::support::*;

const NOW: u64 = 1_750_000_000_000;

fn asks(agency: &Agency, hub: &Arc<Hub>, actor: usize) -> Answer {
    block(Client::new(agency, actor, "/v1/team").send(hub, &TeamRequest { agency: agency.id() }.to_bytes()))
}

fn line(answer: &Answer, agency: &Agency, actor: usize) -> Option<TeamLine> {
    let reply = TeamReply::from_bytes(&answer.body).unwrap();
    reply.lines.into_iter().find(|line| line.device == agency.actors[actor].id)
}

/// Pushes, and says this of itself.
fn pushes(agency: &Agency, hub: &Arc<Hub>, actor: usize, query: &str, body: &[u8]) -> u16 {
    let mut client = Client::new(agency, actor, "/v1/push");
    client.parts.query = format!("?{query}");
    block(client.send(hub, body)).status
}

#[test]
fn a_supervisor_sees_who_spoke_and_what_still_waits_at_least() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let silent = asks(&agency, &hub, 2);
    assert_eq!(silent.status, 200);
    let reply = TeamReply::from_bytes(&silent.body).unwrap();
    assert_eq!((reply.since, reply.now, reply.lines.len()), (NOW, NOW, 3), "the station, and not headquarters");
    let nothing = TeamLine { device: agency.actors[0].id, contact: 0, said: None };
    assert_eq!(line(&silent, &agency, 0), Some(nothing), "no contact is not a contact long ago");

    // Ten wait, six are sent and the last of them does not arrive whole.
    let report = SelfReport { roster: 1, waiting: 10, aside: 2, clock: NOW + 7_200_000 };
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(10);
    let body = codec::push_body(&agency.id(), &[run(&story[..6])]);
    assert_eq!(pushes(&agency, &hub, 0, &report.spelt(), &body[..body.len() - 20]), 400);
    let told = line(&asks(&agency, &hub, 2), &agency, 0).unwrap();
    assert_eq!(
        (told.contact, told.said),
        (NOW, Some(SelfReport { waiting: 5, ..report })),
        "what arrived waits no more"
    );
    // The supervisor carries two more; the same again counts for nothing.
    for _ in 0..2 {
        let carried = codec::push_body(&agency.id(), &[run(&story[5..7])]);
        assert_eq!(pushes(&agency, &hub, 2, "", &carried), 200);
    }
    assert_eq!(line(&asks(&agency, &hub, 2), &agency, 0).unwrap().said, Some(SelfReport { waiting: 3, ..report }));
    // A request that says nothing is a contact and takes nothing back.
    let rest = codec::push_body(&agency.id(), &[run(&story[7..])]);
    assert_eq!(pushes(&agency, &hub, 0, "", &rest), 200);
    assert_eq!(line(&asks(&agency, &hub, 2), &agency, 0).unwrap().said, Some(SelfReport { waiting: 0, ..report }));
}

#[test]
fn what_a_device_says_is_signed_and_has_one_spelling() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let ask_only = codec::push_body(&agency.id(), &[]);
    for odd in ["waiting=3", "roster=1&waiting=03&aside=0&clock=0", "roster=1&waiting=3&aside=0&clock=0&x=1"] {
        assert_eq!(pushes(&agency, &hub, 0, odd, &ask_only), 200, "{odd}");
        assert_eq!(line(&asks(&agency, &hub, 2), &agency, 0).unwrap().said, None, "{odd}");
    }
    // On the road somebody puts other numbers in: the signature covers them.
    let mut client = Client::new(&agency, 0, "/v1/push");
    client.parts.query = "?roster=1&waiting=3&aside=0&clock=0".to_owned();
    client.nonce = block(client.send(&hub, &ask_only)).nonce.unwrap();
    let (mut head, body) = client.request(&ask_only).into_parts();
    head.uri = "/v1/push?roster=1&waiting=0&aside=0&clock=0".parse().unwrap();
    let forged = block(ask(&hub, axum::http::Request::from_parts(head, body)));
    assert_eq!((forged.status, forged.refusal.as_deref()), (401, Some("bad-signature")));
    assert_eq!(line(&asks(&agency, &hub, 2), &agency, 0).unwrap().said.unwrap().waiting, 3);
}

#[test]
fn nobody_but_a_supervisor_is_told_and_nothing_of_other_units() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    for actor in [0, 1, 3] {
        let answer = asks(&agency, &hub, actor);
        assert_eq!((answer.status, answer.refusal.as_deref()), (403, Some("not-allowed")), "actor {actor}");
    }
    let foreign = TeamRequest { agency: amanat_keys::fingerprint::AgencyId::ZERO }.to_bytes();
    assert_eq!(block(Client::new(&agency, 2, "/v1/team").send(&hub, &foreign)).status, 421);
    assert!(line(&asks(&agency, &hub, 2), &agency, 3).is_none(), "a reader at headquarters is not of the station");
    // Whoever was revoked is told nothing more.
    let gone = agency.actors[2].id;
    let next = agency.next(|roster| {
        let device = roster.devices.iter_mut().find(|device| device.id == gone).unwrap();
        device.state = DeviceState::Left;
    });
    block(hub.adopt(&next)).unwrap();
    assert_eq!(asks(&agency, &hub, 2).refusal.as_deref(), Some("revoked"));
}
