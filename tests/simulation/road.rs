//! The road from a device to the hub: signed requests into the hub's router, and everything that a bad road does to them.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use amanat_keys::fingerprint::Digest;
use amanat_sync::signature::Nonce;
use amanat_sync::transport::{FIRST_ROOM, Refusal, RefusalReason, Transport, TransportError};
use axum::body::{Body, Bytes};
use axum::http::Request;
use hyper::body::Frame;

use super::chance::Dice;
use super::faults::Faults;
use super::fused::Dies;
use super::office::Office;
use super::support::{Agency, Answer, Client};

/// What a program remembers of the road while it runs.
#[derive(Debug, Default)]
pub(crate) struct Line {
    nonce: Nonce,
    mark: Option<Digest>,
    /// Requests that it made in its life.
    pub(crate) requests: u64,
}

impl Line {
    /// Another program begins; the requests are still those of one device.
    pub(crate) fn forgets(&mut self) {
        *self = Self { requests: self.requests, ..Self::default() };
    }
}

/// A request that is still on its way although its sender has given it up.
pub(crate) struct Late {
    actor: usize,
    number: u64,
    path: String,
    checkpoint: Digest,
    nonce: Nonce,
    body: Vec<u8>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    RequestLost,
    AnswerLost,
    RequestCut,
    AnswerCut,
    Doubled,
    Again,
    Late,
    HubDies(Dies),
    Garbled,
}

const FATES: [(u64, Fate); 13] = [
    (60, Fate::Arrives),
    (4, Fate::RequestLost),
    (5, Fate::AnswerLost),
    (6, Fate::RequestCut),
    (5, Fate::AnswerCut),
    (3, Fate::Doubled),
    (3, Fate::Again),
    (5, Fate::Late),
    (2, Fate::HubDies(Dies::BeforeKeeping)),
    (2, Fate::HubDies(Dies::AfterKeeping)),
    (2, Fate::HubDies(Dies::BeforeCheckpoint)),
    (2, Fate::HubDies(Dies::AfterCheckpoint)),
    (3, Fate::Garbled),
];

/// One device's way to the hub for one pass.
pub(crate) struct Road<'w> {
    pub(crate) agency: &'w Agency,
    pub(crate) office: &'w mut Office,
    pub(crate) dice: &'w mut Dice,
    pub(crate) faults: &'w mut Faults,
    pub(crate) late: &'w mut Vec<Late>,
    pub(crate) line: &'w mut Line,
    pub(crate) actor: usize,
    /// Nothing goes wrong.
    pub(crate) calm: bool,
    /// Bytes of one push: small, so that there are many.
    pub(crate) room: usize,
    /// Whether a push may leave before the last is answered.
    pub(crate) ahead: bool,
    /// What came of the requests that left and were not heard of yet, in their order.
    pub(crate) away: VecDeque<Result<Vec<u8>, TransportError>>,
}

fn lost<T>() -> Result<T, TransportError> {
    Err(TransportError::Unreachable("the simulated road".to_owned()))
}

impl Road<'_> {
    fn call(&mut self, path: &str, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.line.requests += 1;
        let fate = if self.calm { Fate::Arrives } else { self.dice.weighed(&FATES) };
        match fate {
            Fate::RequestLost => {
                self.faults.note("requests lost");
                lost()
            }
            Fate::Late => {
                let (nonce, number) = (std::mem::take(&mut self.line.nonce), self.line.requests);
                let (path, checkpoint, body) = (path.to_owned(), *checkpoint, body.to_vec());
                self.late.push(Late { actor: self.actor, number, path, checkpoint, nonce, body });
                lost()
            }
            Fate::RequestCut => {
                let upto = self.dice.index(body.len());
                self.exchange(path, checkpoint, body, Some(upto));
                self.faults.note("requests cut");
                lost()
            }
            Fate::HubDies(point) => {
                self.office.will_die(point);
                let answer = self.exchange(path, checkpoint, body, None);
                let died = self.office.is_dead();
                self.office.restart();
                if !died {
                    return self.heard(answer);
                }
                self.faults.note(point.word());
                lost()
            }
            _ => {
                let answer = self.exchange(path, checkpoint, body, None);
                // Of somewhere that not every request comes by.
                if let Some(point) = self.office.died_at() {
                    self.office.restart();
                    self.faults.note(point.word());
                    return lost();
                }
                self.on_the_way_back(fate, path, checkpoint, body, answer)
            }
        }
    }

    fn on_the_way_back(
        &mut self,
        fate: Fate,
        path: &str,
        checkpoint: &Digest,
        body: &[u8],
        answer: Answer,
    ) -> Result<Vec<u8>, TransportError> {
        match fate {
            Fate::AnswerLost => {
                self.faults.note("answers lost");
                lost()
            }
            Fate::AnswerCut if path == "/v1/pull" && self.dice.one_in(2) && answer.status == 200 => {
                self.faults.note("answers cut that were read as far as they came");
                let upto = self.dice.index(answer.body.len());
                Ok(answer.body[..upto].to_vec())
            }
            Fate::AnswerCut => {
                self.faults.note("answers cut");
                lost()
            }
            Fate::Again => {
                self.faults.note("requests sent again and answered again");
                let again = self.exchange(path, checkpoint, body, None);
                self.heard(again)
            }
            Fate::Garbled if path == "/v1/pull" && answer.status == 200 => {
                self.faults.note("answers with a bit turned over");
                let mut body = answer.body.to_vec();
                let at = self.dice.index(body.len());
                body[at] ^= 1 << self.dice.roll(8);
                self.heard(Answer { body: body.into(), ..answer })
            }
            _ => self.heard(answer),
        }
    }

    /// Sends a request, cut somewhere or whole; with a new nonce where the hub asks for one, as every client does.
    fn exchange(&mut self, path: &str, checkpoint: &Digest, body: &[u8], upto: Option<usize>) -> Answer {
        let doubled = !self.calm && upto.is_none() && self.dice.one_in(20);
        for _ in 0..2 {
            let nonce = std::mem::take(&mut self.line.nonce);
            let request = |dice: &mut Dice| signed(self.agency, self.actor, path, checkpoint, nonce, body, upto, dice);
            let (first, second) = (request(self.dice), request(self.dice));
            let answer = self.office.ask(first);
            if doubled && answer.status == 200 && !self.office.is_dead() {
                // Byte for byte the same: whoever recorded it gets nothing for it.
                let replayed = self.office.ask(second);
                assert_eq!(replayed.status, 401, "a request that was played again was answered");
                self.faults.note("requests doubled on the road, the second refused");
            }
            self.line.nonce = answer.nonce.unwrap_or_default();
            if answer.status != 401 || answer.refusal.is_some() {
                return answer;
            }
        }
        panic!("two nonces in a row were not taken");
    }

    fn heard(&mut self, answer: Answer) -> Result<Vec<u8>, TransportError> {
        self.line.mark = answer.mark.or(self.line.mark);
        match answer.status {
            200 => Ok(answer.body.to_vec()),
            // Whether that may be said is for others to judge.
            403 if answer.refusal.as_deref() == Some(RefusalReason::Revoked.spelling()) => {
                let (reason, sentence) = (RefusalReason::Revoked, String::from_utf8(answer.body.to_vec()).unwrap());
                Err(TransportError::Refused(Refusal { reason, sentence, request: answer.request }))
            }
            other => panic!("{other} {:?} to a request that nothing was wrong with", answer.refusal),
        }
    }
}

/// One that was late arrives now; nobody hears the answer. Whether it was taken, and whether it came behind a younger one.
pub(crate) fn arrives(late: &Late, agency: &Agency, office: &Office, newest: u64, dice: &mut Dice) -> (bool, bool) {
    let request = signed(agency, late.actor, &late.path, &late.checkpoint, late.nonce, &late.body, None, dice);
    let taken = office.ask(request).status == 200;
    (taken, newest > late.number)
}

/// Who sent it.
impl Late {
    pub(crate) fn actor(&self) -> usize {
        self.actor
    }
}

#[expect(clippy::too_many_arguments, reason = "what a request is made of")]
fn signed(
    agency: &Agency,
    actor: usize,
    path: &str,
    checkpoint: &Digest,
    nonce: Nonce,
    body: &[u8],
    upto: Option<usize>,
    dice: &mut Dice,
) -> Request<Body> {
    let mut client = Client::new(agency, actor, path);
    client.parts.checkpoint = checkpoint.to_string();
    client.nonce = nonce;
    client.short = nonce != Nonce::default();
    let (head, _whole) = client.request(body).into_parts();
    Request::from_parts(head, Body::new(Pieces::of(&body[..upto.unwrap_or(body.len())], upto.is_some(), dice)))
}

/// A body that comes in pieces of any size, with a wait before each, and breaks off or ends.
struct Pieces {
    left: VecDeque<Bytes>,
    cut: bool,
    waits: bool,
}

impl Pieces {
    fn of(mut body: &[u8], cut: bool, dice: &mut Dice) -> Self {
        let mut left = VecDeque::new();
        while !body.is_empty() {
            let (piece, rest) = body.split_at(body.len().min(1 + dice.index(700)));
            left.push_back(Bytes::copy_from_slice(piece));
            body = rest;
        }
        Self { left, cut, waits: true }
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if std::mem::replace(&mut self.waits, false) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.waits = true;
        match self.left.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if std::mem::replace(&mut self.cut, false) => {
                Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
            }
            None => Poll::Ready(None),
        }
    }
}

impl Transport for Road<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/push", checkpoint, body)
    }
    fn goes_ahead(&self) -> bool {
        self.ahead
    }
    fn send(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        if !self.ahead {
            return self.push(checkpoint, body).map(Some);
        }
        if !self.away.is_empty() {
            self.faults.note("pushes that left before the last was answered");
        }
        // What is behind a break never arrives.
        let came = if self.away.iter().any(Result::is_err) {
            self.faults.note("roads that broke with two pushes on their way");
            lost()
        } else {
            self.push(checkpoint, body)
        };
        self.away.push_back(came);
        Ok(None)
    }
    fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        let came = self.away.pop_front().unwrap_or_else(lost);
        if came.is_err() {
            self.away.clear();
        }
        came
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        // A page that was asked for ahead and is not wanted any more is given up.
        self.away.clear();
        self.call("/v1/pull", checkpoint, body)
    }
    fn send_pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        self.faults.note("pages asked for before the last was filed");
        let came = self.call("/v1/pull", checkpoint, body);
        self.away.push_back(came);
        Ok(None)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/documents", checkpoint, body)
    }
    fn parts(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/parts", checkpoint, body)
    }
    fn asks_along(&self) -> bool {
        true
    }
    fn mark(&self) -> Option<Digest> {
        self.line.mark
    }
    fn room(&self) -> usize {
        FIRST_ROOM.min(self.room)
    }
    fn push_room(&self) -> usize {
        self.room
    }
}
