//! Pushes of one device that are there at once: one behind another over one connection, out of turn over two, and one that is under way
//! while the hub is told to stop or has no place left.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use amanat_hub::limits;
use amanat_keys::fingerprint::Digest;
use amanat_keys::statement::Statement;
use amanat_sync::batch::Run;
use amanat_sync::courier::{Courier, End, next_try, pass};
use amanat_sync::http::HttpTransport;
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::receipt::Receipt;
use amanat_sync::signature::{self, Nonce};
use amanat_sync::transport::{Transport as _, TransportError};
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{PushReply, RunAnswer};
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;

use super::crowd::descriptors;
use super::keeping::{Writer, read_all};
use super::running::*;
use super::support::*;

/// A connection on which bytes are said and answers heard, and nothing is done by itself.
struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
    /// What may sign the next requests.
    nonces: Vec<Nonce>,
}

/// An answer as it came.
struct Heard {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Heard {
    fn reply(&self) -> PushReply {
        assert_eq!(self.status, 200, "{}", self.head);
        PushReply::from_bytes(&self.body).unwrap()
    }

    /// The number up to which it signs.
    fn signs(&self) -> u64 {
        let statements = self.reply().statements;
        let receipts = statements.iter().filter_map(|bytes| {
            Receipt::decode(Statement::from_bytes(bytes).unwrap().payload()).ok().map(|receipt| receipt.seq)
        });
        receipts.max().unwrap_or(0)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Wire {
    /// A new connection, and the two nonces that a stranger is offered.
    fn to(agency: &Agency, actor: usize, url: &str) -> Self {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let mut wire = Self { stream, heard: Vec::new(), nonces: Vec::new() };
        let ask = codec::push_body(&agency.id(), &[]);
        wire.says(&spelt(client(agency, actor).request(&ask)));
        assert_eq!(wire.hears().status, 401);
        wire
    }

    fn says(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// A push with a nonce that was given here, as it stands on the wire.
    fn push(&mut self, agency: &Agency, actor: usize, runs: &[Run]) -> Vec<u8> {
        let mut client = client(agency, actor);
        client.nonce = self.nonces.remove(0);
        spelt(client.request(&codec::push_body(&agency.id(), runs)))
    }

    fn hears(&mut self) -> Heard {
        loop {
            if let Some(at) = self.heard.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(self.heard[..at].to_vec()).unwrap();
                let (status, body) = (head[9..12].parse().unwrap(), Vec::new());
                let mut answer = Heard { status, head, body };
                let length: usize = answer.field("content-length").unwrap().parse().unwrap();
                if self.heard.len() >= at + 4 + length {
                    answer.body = self.heard[at + 4..at + 4 + length].to_vec();
                    self.heard.drain(..at + 4 + length);
                    self.nonces
                        .extend(answer.field(signature::NONCE_FIELD).into_iter().flat_map(signature::decode_nonces));
                    return answer;
                }
            }
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece).unwrap();
            assert!(read > 0, "the hub hung up: {}", String::from_utf8_lossy(&self.heard));
            self.heard.extend_from_slice(&piece[..read]);
        }
    }
}

/// Who pushes to the hub that the roster lists: a process with a key of its own.
fn client(agency: &Agency, actor: usize) -> Client {
    let mut client = Client::new(agency, actor, "/v1/push");
    client.parts.hub = agency.roster.hubs[0].receipt_key.key_id().to_string();
    client
}

/// A request as its bytes stand on the wire.
fn spelt(request: Request<Body>) -> Vec<u8> {
    let (head, body) = request.into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let body = runtime.block_on(body.collect()).unwrap().to_bytes();
    let mut bytes = format!("{} {} HTTP/1.1\r\n", head.method, head.uri).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend(format!("{name}: {}\r\n", value.to_str().unwrap()).into_bytes());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// One journal of 90 entries in three runs, each following the one before.
fn three_runs(agency: &Agency) -> [Run; 3] {
    let mut pen = Pen::new(agency, 0, 1);
    let story = pen.story(90);
    [0, 30, 60].map(|from| run(&story[from..from + 30]))
}

fn accepted(heard: &Heard, upto: u64) {
    assert!(matches!(heard.reply().answers[..], [RunAnswer::Accepted(seq, _)] if seq == upto), "{:?}", heard.reply());
    assert_eq!(heard.signs(), upto, "and signed for");
}

#[test]
fn pushes_one_behind_another_are_taken_in_their_order_before_any_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let mut wire = Wire::to(&agency, 0, &running.url);
    let [first, second, third] = three_runs(&agency);
    // Both are there before the hub has read the first, each in the other's bytes' neighbourhood.
    let both = [wire.push(&agency, 0, &[first]), wire.push(&agency, 0, &[second])].concat();
    wire.says(&both);
    accepted(&wire.hears(), 30);
    assert_eq!(wire.nonces.len(), 2, "an answer brings as many as two pushes need");
    accepted(&wire.hears(), 60);
    // And the third while nothing is answered of an empty question before it.
    let ask = wire.push(&agency, 0, &[Run { items: Vec::new(), ..third.clone() }]);
    let more = wire.push(&agency, 0, &[third]);
    wire.says(&[ask, more].concat());
    assert_eq!(wire.hears().signs(), 60);
    accepted(&wire.hears(), 90);
    assert_eq!(read_all(&agency, &running.url), 90);
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn a_push_that_overtakes_the_one_it_follows_is_told_where_the_hub_is_and_taken_when_it_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let (mut slow, mut fast) = (Wire::to(&agency, 0, &running.url), Wire::to(&agency, 0, &running.url));
    let [first, second, _] = three_runs(&agency);
    // Before anything of the first has come.
    let early = fast.push(&agency, 0, std::slice::from_ref(&second));
    fast.says(&early);
    let told = fast.hears();
    assert!(matches!(told.reply().answers[..], [RunAnswer::Gap(0, _)]) && told.reply().refused.is_empty());
    // While the first is under way: what has come of it is kept, and what the second says is no fork of it.
    let whole = slow.push(&agency, 0, std::slice::from_ref(&first));
    let (half, rest) = whole.split_at(whole.len() / 2);
    slow.says(half);
    let early = fast.push(&agency, 0, std::slice::from_ref(&second));
    fast.says(&early);
    let told = fast.hears();
    let [RunAnswer::Gap(has, _)] = told.reply().answers[..] else { panic!("{:?}", told.reply()) };
    assert!(has < 30 && told.signs() == has && told.reply().refused.is_empty());
    slow.says(rest);
    accepted(&slow.hears(), 30);
    let again = fast.push(&agency, 0, &[second]);
    fast.says(&again);
    accepted(&fast.hears(), 60);
    let home = folder.path().join("hub");
    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &home).stdout).unwrap();
    assert_eq!((&status["entries"], &status["evidence"]), (&60.into(), &0.into()), "{status}");
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn a_hub_that_is_told_to_stop_takes_the_push_under_way_to_its_end_and_loses_nothing_that_it_signed_for() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let (mut wire, mut beside) = (Wire::to(&agency, 0, &running.url), Wire::to(&agency, 1, &running.url));
    let [first, second, third] = three_runs(&agency);
    let one = wire.push(&agency, 0, &[first]);
    wire.says(&one);
    accepted(&wire.hears(), 30);
    let whole = wire.push(&agency, 0, &[second]);
    let (half, rest) = whole.split_at(whole.len() / 2);
    wire.says(half);
    // One more behind it, of which the hub will not hear.
    let behind = wire.push(&agency, 0, &[third]);
    // Until the half has been taken in: another asks where the hub is with the same journal, and is told.
    let mut has = 30;
    while has == 30 {
        let runs = three_runs(&agency);
        let ask = beside.push(&agency, 1, &[Run { items: Vec::new(), ..runs[2].clone() }]);
        beside.says(&ask);
        let [RunAnswer::Gap(seq, _)] = beside.hears().reply().answers[..] else { panic!("it has not all of it") };
        has = seq;
    }
    assert!(has < 60);
    running.tell(rustix::process::Signal::TERM);
    // Nobody new is let in from then on.
    let address = running.url.strip_prefix("http://").unwrap();
    while TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    wire.says(rest);
    wire.says(&behind);
    let last = wire.hears();
    accepted(&last, 60);
    assert_eq!(last.field("connection"), Some("close"), "and says that this was the last: {}", last.head);
    assert_eq!(running.ends(), Some(0));
    let running = Running::start(&folder.path().join("hub"));
    assert_eq!(read_all(&agency, &running.url), 60, "all that was signed for, and nothing of what was not heard");
    let mut again = Wire::to(&agency, 0, &running.url);
    let [_, _, third] = three_runs(&agency);
    let whole = again.push(&agency, 0, &[third]);
    again.says(&whole);
    accepted(&again.hears(), 90);
    assert_eq!(running.terminate(), Some(0));
}

#[test]
fn where_every_place_is_held_by_a_device_the_next_is_told_when_to_come_again_and_obeys() {
    descriptors();
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let mut held: Vec<HttpTransport> = Vec::new();
    let known = |actor: usize| {
        let mut road = road(&agency, actor, &running.url);
        // The signature holds, the body does not: enough to be known.
        match road.documents(&Digest::ZERO, b"a body") {
            Err(TransportError::Refused(_)) => Some(road),
            Err(TransportError::Busy(_)) => None,
            other => panic!("{other:?}"),
        }
    };
    while held.len() < limits::CONNECTIONS {
        held.extend(known(held.len() % 4));
    }
    let mut writer = Writer::new(&agency, 0);
    writer.writes(20);
    let outcome = writer.syncs(&agency, &running.url);
    let End::Busy(seconds) = outcome.end else { panic!("{outcome:?}") };
    assert_eq!(seconds, limits::FULL_HOUSE, "as the hub said");
    assert!(next_try(&outcome.end, 1, 7).unwrap() >= limits::FULL_HOUSE * 1_000);
    assert_eq!(writer.received(&agency), 0);
    // One leaves, and there is a place; which is free when the hub has seen it go.
    drop(held.pop());
    let mut ended = writer.syncs(&agency, &running.url);
    while matches!(ended.end, End::Busy(_)) {
        ended = writer.syncs(&agency, &running.url);
    }
    assert!(matches!(ended.end, End::Done), "{ended:?}");
    assert_eq!(writer.received(&agency), 20);
    let (mut reader, mut trust) = (MemoryJournal::default(), agency.trust.clone());
    // The places of those who stay are still theirs.
    let outcome = pass(&mut Courier::default(), &mut reader, &mut held[3], agency.party(3), &mut trust);
    assert_eq!(outcome.pulled, 20, "{outcome:?}");
    assert_eq!(reader.status(&agency.hub.id).unwrap().others, 20);
    drop(held);
    assert_eq!(running.terminate(), Some(0));
}
