//! The router without a socket: who gets in, who does not, and what each is told.

use std::sync::Arc;

use amanat_hub::limits;
use amanat_keys::fingerprint::Digest;
use amanat_keys::roster::{CutOff, DeviceState};
use amanat_sync::batch::Why;
use amanat_sync::chain;
use amanat_sync::receipt::{Checkpoint, Receipt};
use amanat_sync::signature::{Parts, content_digest};
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{HeadLine, PullRequest, PushReply, RunAnswer};
use axum::body::Body;
use axum::http::Request;

use super::support::*;

fn pull_body(agency: &Agency, heads: Vec<HeadLine>) -> Vec<u8> {
    PullRequest { agency: agency.id(), heads, again: Vec::new(), items: 1_000, bytes: 1 << 20 }.to_bytes()
}

async fn push(
    agency: &Agency,
    hub: &Arc<amanat_hub::Hub>,
    actor: usize,
    runs: &[amanat_sync::batch::Run],
) -> PushReply {
    let answer = Client::new(agency, actor, "/v1/push").send(hub, &codec::push_body(&agency.id(), runs)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    PushReply::from_bytes(&answer.body).unwrap()
}

/// The receipts of an answer, each verified with the hub's key, and the checkpoint.
fn words(agency: &Agency, reply: &PushReply) -> (Vec<Receipt>, Checkpoint) {
    use amanat_keys::statement::{Purpose, Statement};
    let key = agency.hub.signer.verifying_key();
    let (last, receipts) = reply.statements.split_last().unwrap();
    let read = |bytes: &Vec<u8>| {
        let statement = Statement::from_bytes(bytes).unwrap();
        let receipt = statement.expect::<Receipt>(Purpose::Receipt).unwrap().verify_by(&agency.id(), &key).unwrap();
        receipt.into_value()
    };
    let checkpoint = Statement::from_bytes(last).unwrap().expect::<Checkpoint>(Purpose::Checkpoint).unwrap();
    (receipts.iter().map(read).collect(), checkpoint.verify_by(&agency.id(), &key).unwrap().into_value())
}

#[tokio::test]
async fn an_entry_is_taken_and_signed_for() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(5);
    let reply = push(&agency, &hub, 0, &[run(&story)]).await;
    assert_eq!(reply.answers, vec![RunAnswer::Accepted(5, pen.slot.prev)]);
    let (receipts, checkpoint) = words(&agency, &reply);
    assert_eq!((receipts[0].seq, receipts[0].link, receipts[0].complete), (5, pen.slot.prev, 5));
    assert_eq!((receipts[0].checkpoint, receipts[0].previous), (checkpoint.number, checkpoint.previous));

    // A lost reply: the same again is held already, and the receipt comes again; nothing new was checkpointed.
    let again = push(&agency, &hub, 0, &[run(&story)]).await;
    assert_eq!(again.answers, vec![RunAnswer::AlreadyHeld(5, pen.slot.prev)]);
    let (receipts_again, same) = words(&agency, &again);
    assert_eq!((receipts_again, same), (receipts, checkpoint));

    // Whoever carries it: the author is the signer.
    let more = pen.story(3);
    let carried = push(&agency, &hub, 2, &[run(&more)]).await;
    assert_eq!(carried.answers, vec![RunAnswer::Accepted(8, pen.slot.prev)]);
    let (_, next) = words(&agency, &carried);
    assert_eq!((next.number, next.previous), (checkpoint.number + 1, Digest::of(&checkpoint.encode())));
}

#[tokio::test]
async fn gaps_forks_and_tampering_are_told_and_the_rest_goes_on() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(6);
    let gap = push(&agency, &hub, 0, &[run(&story[3..])]).await;
    assert_eq!(gap.answers, vec![RunAnswer::Gap(0, story[0].header.prev)]);
    push(&agency, &hub, 0, &[run(&story)]).await;

    // A restored backup wrote other entries under used numbers.
    let mut restored = Pen::new(&agency, 0, 1);
    let other = [restored.slip(&[*HQ.as_bytes()]), restored.note(1, "another history")];
    let mut sound = Pen::new(&agency, 1, 2);
    let sound_story = sound.story(2);
    let reply = push(&agency, &hub, 0, &[run(&other), run(&sound_story)]).await;
    let link = chain::link(&chain::link(&story[0].header.prev, &story[0].hash()), &story[1].hash());
    assert_eq!(reply.answers, vec![RunAnswer::Fork(2, link), RunAnswer::Accepted(2, sound.slot.prev)]);

    // A changed envelope and a signature by a colleague: each cuts its own run only.
    let tampered = Pen::new(&agency, 0, 7).story(4);
    let mut forged = Pen::new(&agency, 0, 8);
    forged.signer = agency.actors[1].signer.clone();
    let forged = forged.story(2);
    let more = sound.story(3);
    let mut body = codec::push_body(&agency.id(), &[run(&tampered), run(&forged), run(&more)]);
    let text = b"note 2 of the story";
    let at = body.windows(text.len()).position(|window| window == text).unwrap();
    body[at] ^= 1;
    let answer = Client::new(&agency, 0, "/v1/push").send(&hub, &body).await;
    let reply = PushReply::from_bytes(&answer.body).unwrap();
    assert!(matches!(reply.answers[0], RunAnswer::Accepted(2, _)), "{:?}", reply.answers[0]);
    assert!(matches!(reply.answers[1], RunAnswer::Refused(..)), "{:?}", reply.answers[1]);
    assert_eq!(reply.answers[2], RunAnswer::Accepted(5, sound.slot.prev));
    let bad = Why::BadSignature.number();
    assert_eq!(reply.refused, [(0, 3, bad), (1, 1, bad)]);
}

/// A run under another journal's name cannot even be spelt: from there on the body cannot be read. What stood before it is kept
/// and signed for, the item is named, and what comes behind it is as it was.
#[tokio::test]
async fn an_item_that_cannot_be_read_takes_nothing_back_of_what_stood_before_it() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let (mut first, mut last) = (Pen::new(&agency, 0, 1), Pen::new(&agency, 1, 2));
    let (sound, behind) = (first.story(3), last.story(4));
    push(&agency, &hub, 1, &[run(&behind[..2])]).await;
    let mut moved = run(&Pen::new(&agency, 0, 9).story(2));
    moved.journal = amanat_keys::fingerprint::JournalId::from_bytes([44; 16]);
    let root = chain::link0(&agency.id(), &moved.device, &moved.journal);
    let reply = push(&agency, &hub, 0, &[run(&sound), moved, run(&behind[2..])]).await;
    let held = RunAnswer::AlreadyHeld(2, behind[2].header.prev);
    assert!(matches!(reply.answers[1], RunAnswer::Fork(0, link) if link == root), "{:?}", reply.answers[1]);
    assert_eq!((&reply.answers[0], &reply.answers[2]), (&RunAnswer::Accepted(3, first.slot.prev), &held));
    let (receipts, _) = words(&agency, &reply);
    let signed: std::collections::BTreeSet<u64> = receipts.iter().map(|receipt| receipt.seq).collect();
    assert_eq!(signed, [2, 3].into());

    // The same of an item in the middle of a run: it is named, and what the run brought before it stands.
    let more = first.story(5);
    let mut frames = codec::Frames::default();
    frames.feed(&codec::push_body(&agency.id(), &[run(&more), run(&behind[2..])])).unwrap();
    let mut contents: Vec<Vec<u8>> = std::iter::from_fn(|| frames.next(1 << 20).unwrap()).collect();
    contents[3][0] = 0xff;
    let body: Vec<u8> = contents.iter().flat_map(|content| codec::frame(content)).collect();
    let answer = Client::new(&agency, 0, "/v1/push").send(&hub, &body).await;
    let reply = PushReply::from_bytes(&answer.body).unwrap();
    assert_eq!(reply.answers, [RunAnswer::Accepted(5, more[2].header.prev), held]);
    assert_eq!(reply.refused, [(0, 6, Why::Malformed.number())]);

    let again = push(&agency, &hub, 0, &[run(&behind[2..])]).await;
    assert_eq!(again.answers, [RunAnswer::Accepted(4, last.slot.prev)]);
}

/// A push that announces a run and brings nothing of it asks where the hub is.
#[tokio::test]
async fn a_run_without_items_is_answered_with_the_head_and_a_receipt() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(5);
    push(&agency, &hub, 0, &[run(&story)]).await;
    let bare = |from: usize| amanat_sync::batch::Run { items: Vec::new(), ..run(&story[from..]) };
    for from in 0..5 {
        let reply = push(&agency, &hub, 0, &[bare(from)]).await;
        assert_eq!(reply.answers, [RunAnswer::AlreadyHeld(5, pen.slot.prev)]);
        assert_eq!(words(&agency, &reply).0[0].seq, 5);
    }
    let next = pen.story(2);
    let beyond = amanat_sync::batch::Run { items: Vec::new(), ..run(&next[1..]) };
    let reply = push(&agency, &hub, 0, &[beyond]).await;
    assert_eq!(reply.answers, [RunAnswer::Gap(5, next[0].header.prev)]);
}

/// The body in pieces of any size, cut anywhere: what was whole stands at the hub, and nothing of it is sent twice.
#[tokio::test]
async fn what_arrived_of_a_cut_push_is_kept() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let story = Pen::new(&agency, 0, 1).story(12);
    let body = codec::push_body(&agency.id(), &[run(&story)]);
    let mut counts = std::collections::BTreeSet::new();
    for cut in (0..=body.len()).step_by(97) {
        let hub = agency.in_memory().await;
        let mut client = Client::new(&agency, 0, "/v1/push");
        client.nonce = ask(&hub, client.request(&body)).await.nonce.unwrap();
        let (head, _) = client.request(&body).into_parts();
        let request = Request::from_parts(head, Body::new(Broken(body[..cut].to_vec().into())));
        let answer = ask(&hub, request).await;
        assert_eq!(answer.status, 400, "nobody is told that a cut push was well");
        let reply = push(&agency, &hub, 0, &[amanat_sync::batch::Run { items: Vec::new(), ..run(&story) }]).await;
        let held = match reply.answers[0] {
            RunAnswer::AlreadyHeld(seq, _) => seq,
            ref other => unreachable!("{other:?}"),
        };
        let sent = codec::push_body(&agency.id(), &[run(&story[..usize::try_from(held).unwrap().max(1)])]);
        assert!(held == 0 || sent.len() <= cut + 2, "{held} entries from {cut} bytes");
        counts.insert(held);
    }
    assert!(counts.len() > 10, "each number of entries was left behind by some cut: {counts:?}");
}

#[tokio::test]
async fn a_nonce_is_spent_once_and_at_one_hub() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let mut client = Client::new(&agency, 0, "/v1/pull");
    let body = pull_body(&agency, Vec::new());
    let first = ask(&hub, client.request(&body)).await;
    assert_eq!((first.status, first.refusal), (401, None));
    client.nonce = first.nonce.unwrap();
    let relayed = client.request(&body);
    let answer = ask(&hub, client.request(&body)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.nonce.is_some(), "the next nonce rides on the answer");
    let replayed = ask(&hub, client.request(&body)).await;
    assert_eq!((replayed.status, replayed.refusal), (401, None), "the recorded request is worth nothing");

    // The same agency's second hub has another key, so the same bytes are not for it.
    let mut second = Agency::new("http://127.0.0.1:7071");
    second.trust = agency.trust.clone();
    second.hub.signer = amanat_keys::device::Signer::from_seed(&[201; 32]).unwrap();
    let elsewhere = ask(&second.in_memory().await, relayed).await;
    assert_eq!((elsewhere.status, elsewhere.refusal.as_deref()), (421, Some("wrong-hub")));
}

#[tokio::test]
async fn every_signed_part_is_checked() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let body = pull_body(&agency, Vec::new());
    let mut client = Client::new(&agency, 0, "/v1/pull");
    assert_eq!(client.send(&hub, &body).await.status, 200);
    let changed: [(&str, &str); 5] = [
        ("content-digest", &content_digest(b"other")),
        ("amanat-checkpoint", &"11".repeat(32)),
        ("host", "evil.example"),
        ("amanat-agency", &"22".repeat(32)),
        ("amanat-hub", &"33".repeat(32)),
    ];
    for (name, value) in changed {
        let mut request = client.request(&body);
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = ask(&hub, request).await;
        assert!([401, 421].contains(&answer.status) && answer.refusal.is_some(), "{name}: {answer:?}");
    }
    for name in ["content-digest", "amanat-checkpoint", "amanat-agency", "amanat-hub", "signature", "signature-input"] {
        let mut request = client.request(&body);
        request.headers_mut().remove(name);
        assert_eq!(ask(&hub, request).await.status, 400, "{name} is missing");
        let mut request = client.request(&body);
        let twice = request.headers().get(name).unwrap().clone();
        request.headers_mut().append(name, twice);
        assert_eq!(ask(&hub, request).await.status, 400, "{name} stands twice");
    }
    let mut elsewhere = client.request(&body);
    *elsewhere.uri_mut() = "/v1/push".parse().unwrap();
    assert_eq!(ask(&hub, elsewhere).await.refusal.as_deref(), Some("bad-signature"));
    let mut queried = client.request(&body);
    *queried.uri_mut() = "/v1/pull?x=1".parse().unwrap();
    assert_eq!(ask(&hub, queried).await.refusal.as_deref(), Some("bad-signature"));
    // All these cost the device nothing: its nonce is still good.
    assert_eq!(ask(&hub, client.request(&body)).await.status, 200);
}

#[tokio::test]
async fn a_short_request_signs_the_same_and_every_part_of_it_is_checked() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let body = pull_body(&agency, Vec::new());
    let mut client = Client::new(&agency, 0, "/v1/pull");
    client.short = true;
    assert_eq!(client.send(&hub, &body).await.status, 200, "also without a nonce, which it is then given");
    let refused = |answer: &Answer| (answer.status, answer.refusal.clone().unwrap_or_default());
    let bad = (401, "bad-signature".to_owned());
    let changed: [(&str, &str); 3] = [
        ("content-digest", &content_digest(b"other")),
        ("amanat-checkpoint", &"11".repeat(32)),
        ("host", "evil.example"),
    ];
    for (name, value) in changed {
        let mut request = client.request(&body);
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(refused(&ask(&hub, request).await), bad, "{name}");
    }
    // What is left out is signed as well: meant for another hub or agency it is worth nothing here.
    let whole = client.parts.clone();
    for parts in [
        Parts { agency: "22".repeat(32), ..whole.clone() },
        Parts { hub: "33".repeat(32), ..whole.clone() },
        Parts { path: "/v1/push".to_owned(), ..whole.clone() },
        Parts { query: "?x=1".to_owned(), ..whole.clone() },
    ] {
        client.parts = parts;
        let mut request = client.request(&body);
        *request.uri_mut() = "/v1/pull".parse().unwrap();
        assert_eq!(refused(&ask(&hub, request).await), bad, "{:?}", client.parts);
    }
    client.parts = whole;
    for name in ["content-digest", "amanat-checkpoint", "amanat-signed"] {
        let mut request = client.request(&body);
        let value = request.headers_mut().remove(name).unwrap();
        assert_eq!(ask(&hub, request).await.status, 400, "{name} is missing");
        let mut request = client.request(&body);
        request.headers_mut().append(name, value);
        assert_eq!(ask(&hub, request).await.status, 400, "{name} stands twice");
    }
    // Two spellings side by side could be read as two callers.
    client.short = false;
    let spelt_out = client.request(&body);
    client.short = true;
    for name in ["amanat-agency", "amanat-hub", "signature-input", "signature"] {
        let mut request = client.request(&body);
        request.headers_mut().insert(name, spelt_out.headers().get(name).unwrap().clone());
        assert_eq!(refused(&ask(&hub, request).await), (400, "malformed".to_owned()), "{name} stands beside it");
    }
    // All these cost the device nothing: its nonce is still good, and good once.
    assert_eq!(ask(&hub, client.request(&body)).await.status, 200);
    let again = ask(&hub, client.request(&body)).await;
    assert!(again.status == 401 && again.refusal.is_none(), "{again:?}");
}

#[tokio::test]
async fn strangers_and_the_revoked_are_told_in_one_sentence() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(4);
    let mut stranger = Client::new(&agency, 0, "/v1/pull");
    stranger.actor.signer = amanat_keys::device::Signer::from_seed(&[99; 32]).unwrap();
    stranger.actor.id = stranger.actor.signer.verifying_key().device_id();
    let answer = stranger.send(&hub, &pull_body(&agency, Vec::new())).await;
    assert_eq!((answer.status, answer.refusal.as_deref()), (403, Some("unknown-device")));
    assert!(answer.nonce.is_none(), "strangers cost no memory");
    assert!(!answer.request.is_empty());

    push(&agency, &hub, 0, &[run(&story[..1])]).await;
    let lost = agency.actors[0].id;
    let link = chain::link(&story[1].header.prev, &story[1].hash());
    let next = agency.next(|roster| {
        let device = roster.devices.iter_mut().find(|device| device.id == lost).unwrap();
        device.state = DeviceState::Lost;
        device.cut_offs = vec![CutOff { journal: story[0].header.journal, seq: 2, link }];
    });
    hub.adopt(&next).await.unwrap();
    // It may hand over what is still trusted, and nothing beyond; another journal of it is refused.
    let reply = push(&agency, &hub, 0, &[run(&story), run(&Pen::new(&agency, 0, 2).story(2))]).await;
    let revoked = Why::Revoked.number();
    assert_eq!(reply.answers[0], RunAnswer::Accepted(2, link));
    assert_eq!(reply.refused, vec![(0, 3, revoked), (1, 1, revoked)]);
    let answer = Client::new(&agency, 0, "/v1/pull").send(&hub, &pull_body(&agency, Vec::new())).await;
    assert_eq!((answer.status, answer.refusal.as_deref()), (403, Some("revoked")));
    // A colleague carries for it under the same rule.
    let carried = push(&agency, &hub, 2, &[run(&story)]).await;
    assert_eq!(carried.refused, vec![(0, 3, revoked)]);
}

#[tokio::test]
async fn serves_each_what_is_theirs() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let mut pen = Pen::new(&agency, 0, 1);
    let mut entries = pen.story(3);
    entries.push(pen.slip(&[*HQ.as_bytes()]));
    entries.push(pen.note(4, "for headquarters only"));
    entries.push(pen.slip(&[*agency.actors[1].id.as_bytes()]));
    entries.push(pen.note(6, "for a colleague's device"));
    push(&agency, &hub, 0, &[run(&entries)]).await;
    let expected: [(usize, &[u64]); 4] =
        [(0, &[1, 2, 3, 4, 5, 6, 7]), (1, &[6, 7]), (2, &[1, 2, 3]), (3, &[1, 2, 3, 4, 5])];
    for (actor, numbers) in expected {
        let answer = Client::new(&agency, actor, "/v1/pull").send(&hub, &pull_body(&agency, Vec::new())).await;
        let (manifest, runs, whole) = codec::read_pull(&answer.body).unwrap();
        assert!(whole && !manifest.more);
        let got: Vec<u64> = runs[0].entries().map(|entry| entry.header.seq).collect();
        assert_eq!(got, numbers, "actor {actor}");
        assert_eq!(runs[0].last(), *numbers.last().unwrap(), "what lies behind is not told");
        let listed = [2, 3].contains(&actor);
        assert_eq!(!manifest.heads.is_empty(), listed, "readers and supervisors get the list of heads");
    }
    let other = agency.actors[0].id;
    let heads = vec![HeadLine { device: other, journal: entries[0].header.journal, seq: 5 }];
    let answer = Client::new(&agency, 3, "/v1/pull").send(&hub, &pull_body(&agency, heads)).await;
    assert!(codec::read_pull(&answer.body).unwrap().1.is_empty(), "nothing above what is held");
}

#[tokio::test]
async fn garbage_oversize_and_unknown_pages_are_refused_clearly() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    for path in ["/v1/push", "/v1/pull", "/v1/documents"] {
        let mut client = Client::new(&agency, 0, path);
        for garbage in [&b""[..], b"\x00", b"\xff\xff\xff\xff", b"GET / HTTP/1.1", &[0x9f; 4096]] {
            let answer = client.send(&hub, garbage).await;
            assert_eq!((answer.status, answer.refusal.as_deref()), (400, Some("malformed")), "{path}");
            assert!(answer.nonce.is_some(), "the connection goes on");
        }
    }
    let mut client = Client::new(&agency, 0, "/v1/pull");
    let answer = client.send(&hub, &vec![0; limits::PULL_BODY + 1]).await;
    assert_eq!((answer.status, answer.refusal.as_deref()), (413, Some("too-large")));
    for (method, path) in [("GET", "/v1/push"), ("POST", "/v1/health"), ("GET", "/"), ("POST", "/v2/push")] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        assert_eq!(ask(&hub, request).await.status, 404, "{method} {path}");
    }
    let mut version = pull_body(&agency, Vec::new());
    version[1] = 9;
    let answer = client.send(&hub, &version).await;
    assert_eq!((answer.status, answer.refusal.as_deref()), (426, Some("version")));
    let health = ask(&hub, Request::builder().uri("/v1/health").body(Body::empty()).unwrap()).await;
    let health: serde_json::Value = serde_json::from_slice(&health.body).unwrap();
    assert_eq!((&health["alive"], &health["ready"]), (&true.into(), &true.into()));
}

#[tokio::test]
async fn too_many_requests_of_one_device_wait_and_others_do_not() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let body = pull_body(&agency, Vec::new());
    let (mut hasty, mut calm) = (Client::new(&agency, 0, "/v1/pull"), Client::new(&agency, 1, "/v1/pull"));
    let mut answers = Vec::new();
    // What it may send grows back while it sends: on a busy machine it takes longer to come to the end of it.
    while !answers.contains(&429) {
        answers.push(hasty.send(&hub, &body).await.status);
        assert!(answers.len() < 20 * usize::try_from(limits::DEVICE_BURST.get()).unwrap(), "nothing ends its haste");
    }
    assert!(answers.len() >= usize::try_from(limits::DEVICE_BURST.get()).unwrap(), "a burst passes");
    assert_eq!(calm.send(&hub, &body).await.status, 200);
}

/// A body that comes in small pieces and breaks off.
struct Broken(std::collections::VecDeque<u8>);

impl axum::body::HttpBody for Broken {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        let piece: Vec<u8> = (0..41).map_while(|_| self.0.pop_front()).collect();
        std::task::Poll::Ready(Some(match piece.is_empty() {
            true => Err(std::io::ErrorKind::ConnectionReset.into()),
            false => Ok(hyper::body::Frame::data(piece.into())),
        }))
    }
}
