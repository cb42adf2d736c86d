//! Who is it, and is it for us: the checks that every signed request passes before a byte of its body is kept.
//!
//! In this order, cheapest first: is the request for this hub, does the roster name the device, does the signature over the
//! headers hold, is the nonce unspent. Only then is the body read, within its limit and within what all bodies together may
//! take, and compared with the digest that was signed. Nothing is kept or spent for a request whose signature does not hold:
//! a stranger costs neither memory nor a device's nonces. An answer keeps its room until its connection has taken it.

use std::sync::Arc;

use amanat_keys::fingerprint::DeviceId;
use amanat_sync::signature::{self, Claim, NONCE_FIELD, Parts, SHORT_FIELD};
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::request::Parts as Head;
use axum::http::{Response, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::leaving::Leaving;
use super::reply::{Failure, RequestId, answer, put, refuse};
use super::{arriving, batches};
use crate::Hub;
use crate::limits::{
    BODIES, BODY_PAUSE, BODY_TIME, BODY_TURN, NONCES_FOR_A_PUSH, PUSH_BODY, PUSH_ROOM, REFUSED_TIME,
    REQUESTS_PER_DEVICE, REQUESTS_WHEN_REVOKED,
};
use crate::seats::Seat;
use crate::standing::{Caller, Standing};
use crate::turns::Turn;

/// A request that passed the door.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) standing: Standing,
    /// Hash in hex of the newest checkpoint that the caller says it has seen.
    pub(crate) checkpoint: String,
    /// The digest that the caller signed: of the whole body, or of the manifest that begins a streaming one.
    pub(crate) content_digest: String,
    /// The whole body; empty where it streams.
    pub(crate) body: Bytes,
    /// Its place among the requests of its device.
    pub(super) turn: Turn,
    /// Its room among all bodies, until it is answered or needs it no more.
    room: Option<OwnedSemaphorePermit>,
}

/// Lets a push in and hands its body on as it arrives; gives the answer with a new nonce, or says no.
pub(crate) async fn enter_push(hub: &Hub, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let id = head.extensions.get::<RequestId>().cloned().unwrap_or(RequestId(String::new()));
    let (mut device, mut body) = (None, Limited::new(body, PUSH_BODY));
    let admitted = match known(hub, &head, &mut device) {
        Ok(claimed) => claimed.with_room(hub, PUSH_ROOM).await,
        Err(failure) => Err(failure),
    };
    let earned = admitted.as_ref().ok().map(|admitted| admitted.caller.device);
    let outcome = match admitted {
        Ok(admitted) => arriving::push(hub, &admitted, &mut body).await.map(|taken| (admitted, taken)),
        Err(failure) => Err(failure),
    };
    // Also behind an item that could not be read: its sender must hear which one it was.
    if !matches!(outcome, Err(Failure::Overtaken)) {
        let _in_time = timeout(REFUSED_TIME, discard(body)).await;
    }
    let mut outcome = match outcome {
        Ok((mut admitted, taken)) => {
            // What came is with the store; a page is made in room of its own.
            drop(admitted.room.take());
            batches::answered(hub, &admitted, taken).await
        }
        Err(failure) => refuse(&id, device, &failure),
    };
    if let Some(device) = earned {
        let nonces = [(); NONCES_FOR_A_PUSH].map(|()| hub.nonces.earn(device));
        put(outcome.headers_mut(), NONCE_FIELD, &signature::encode_nonces(&nonces));
    }
    outcome
}

/// Lets a request in, calls `act`, and gives the answer with a new nonce; or says no.
pub(crate) async fn enter<F>(
    hub: &Hub,
    request: Request,
    limit: usize,
    act: impl FnOnce(Admitted) -> F,
) -> Response<Body>
where
    F: Future<Output = Result<Response<Body>, Failure>> + Send,
{
    let (head, body) = request.into_parts();
    let id = head.extensions.get::<RequestId>().cloned().unwrap_or(RequestId(String::new()));
    let (mut device, mut body) = (None, Limited::new(body, limit));
    match admit(hub, &head, &mut body, limit, &mut device).await {
        Ok(admitted) => {
            let device = admitted.caller.device;
            let answered = match act(admitted).await {
                Ok(answer) => keeping_room(hub, answer).await,
                Err(failure) => Err(failure),
            };
            let mut outcome = answered.unwrap_or_else(|failure| refuse(&id, Some(device), &failure));
            put(outcome.headers_mut(), NONCE_FIELD, &signature::encode_nonces(&[hub.nonces.earn(device)]));
            outcome
        }
        // Whoever was overtaken has gone on elsewhere.
        Err(failure @ Failure::Overtaken) => refuse(&id, device, &failure),
        Err(failure) => {
            let _in_time = timeout(REFUSED_TIME, discard(body)).await;
            refuse(&id, device, &failure)
        }
    }
}

/// A caller whose signature holds and whose nonce is spent; nothing of the body has been read.
struct Known {
    caller: Caller,
    standing: Standing,
    parts: Parts,
    turn: Turn,
}

impl Known {
    async fn with_room(self, hub: &Hub, size: u32) -> Result<Admitted, Failure> {
        let Self { caller, standing, parts: Parts { checkpoint, content_digest, .. }, turn } = self;
        let room = tokio::select! {
            () = turn.is_over() => return Err(Failure::Overtaken),
            room = room(hub, size) => room?,
        };
        Ok(Admitted { caller, standing, checkpoint, content_digest, body: Bytes::new(), turn, room: Some(room) })
    }
}

fn known(hub: &Hub, head: &Head, device: &mut Option<DeviceId>) -> Result<Known, Failure> {
    let standing = hub.standing();
    let (mut parts, claim, spelling) = read(head)?;
    // Whoever holds a nonce that only this device can have been given does not stand in the queue of strangers.
    let seat = head.extensions.get::<Arc<Seat>>();
    if !hub.nonces.earned(claim.device, &claim.nonce) {
        hub.rates.at_the_door(seat.and_then(|seat| seat.origin))?;
    }
    let addresses = hub.signing.keys().addresses();
    // Whoever leaves out which hub is meant means this one; the signature says whether that is so.
    let addressed = if spelling == Spelling::Short {
        parts.agency = standing.agency.to_string();
        addresses
    } else {
        addresses.into_iter().filter(|key| *key == parts.hub).collect()
    };
    if parts.agency != standing.agency.to_string() {
        return Err(Failure::WrongHub);
    }
    if addressed.is_empty() {
        let listed = standing.roster().hub(&hub.id);
        let mut retired = listed.into_iter().flat_map(|listed| &listed.retired);
        let given_up = retired.any(|old| old.key.key_id().to_string() == parts.hub);
        return Err(if given_up { Failure::OlderKey } else { Failure::WrongHub });
    }
    *device = Some(claim.device);
    let (keys, active) = standing.request_keys(&claim.device).ok_or(Failure::UnknownDevice)?;
    let holds = addressed.into_iter().any(|hub| {
        parts.hub = hub;
        let base = parts.base(&claim.device, &claim.nonce);
        keys.iter().any(|key| key.verify_request(base.as_bytes(), &claim.signature).is_ok())
    });
    if !holds {
        return Err(Failure::BadSignature);
    }
    if !hub.nonces.spend(claim.device, &claim.nonce) {
        return Err(Failure::Nonce(hub.nonces.offer(claim.device).to_vec()));
    }
    if let Some(seat) = seat {
        seat.prove();
    }
    hub.contacts.heard(claim.device, hub.now_ms(), head.uri.query());
    hub.rates.of_device(claim.device)?;
    let turn = hub.turns.take(claim.device, if active { REQUESTS_PER_DEVICE } else { REQUESTS_WHEN_REVOKED });
    Ok(Known { caller: Caller { device: claim.device, active }, standing, parts, turn })
}

async fn admit(
    hub: &Hub,
    head: &Head,
    body: &mut Limited<Body>,
    limit: usize,
    device: &mut Option<DeviceId>,
) -> Result<Admitted, Failure> {
    let known = known(hub, head, device)?;
    let mut admitted = known.with_room(hub, size(body, limit)?).await?;
    admitted.body = tokio::select! {
        () = admitted.turn.is_over() => return Err(Failure::Overtaken),
        received = timeout(BODY_TIME, receive(body)) => received.map_err(|_elapsed| Failure::Slow)??,
    };
    if signature::content_digest(&admitted.body) != admitted.content_digest {
        return Err(Failure::BadSignature);
    }
    Ok(admitted)
}

/// The size of a body, in bytes: what it says, or its limit if it does not say.
fn size(body: &Limited<Body>, limit: usize) -> Result<u32, Failure> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let size = body.size_hint().exact().unwrap_or(most);
    u32::try_from(size).ok().filter(|_| size <= most).ok_or(Failure::TooLarge)
}

/// An answer that keeps its room among all bodies until the last of it has been taken.
async fn keeping_room(hub: &Hub, answer: Response<Body>) -> Result<Response<Body>, Failure> {
    let (head, body) = answer.into_parts();
    let size = body.size_hint().exact().and_then(|size| u32::try_from(size).ok()).unwrap_or(BODIES).min(BODIES);
    let room = room(hub, size).await?;
    let whole = body.collect().await.map_err(|_never| Failure::Broken("an answer"))?.to_bytes();
    Ok(Response::from_parts(head, Body::new(Leaving { rest: whole, _room: room })))
}

/// An answer in the room that it has already.
pub(super) fn leaving(body: Vec<u8>, room: OwnedSemaphorePermit) -> Response<Body> {
    let (head, _empty) = answer(Vec::new()).into_parts();
    Response::from_parts(head, Body::new(Leaving { rest: body.into(), _room: room }))
}

/// Room for so many bytes among all bodies.
pub(super) async fn room(hub: &Hub, size: u32) -> Result<OwnedSemaphorePermit, Failure> {
    match timeout(BODY_TURN, Arc::clone(&hub.bodies).acquire_many_owned(size)).await {
        Ok(room) => room.map_err(|_closed| Failure::Broken("the room for bodies")),
        Err(_elapsed) => Err(Failure::Busy(BODY_TURN.as_secs())),
    }
}

/// How a request says who sends it and to whom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Whole,
    /// Without agency and hub, which this hub knows; they are empty in its parts.
    Short,
}

/// What a request says in one field where it is short, and in these where it is not.
const WHOLE: [&str; 4] = ["amanat-agency", "amanat-hub", "signature-input", "signature"];

/// The signed parts of a request as it arrived, and what its signature claims.
fn read(head: &Head) -> Result<(Parts, Claim, Spelling), Failure> {
    let field = |name: &str, missing: &'static str| {
        let mut values = head.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().map_err(|_bytes| Failure::Malformed(missing)),
            _ => Err(Failure::Malformed(missing)),
        }
    };
    let spelling = if head.headers.contains_key(SHORT_FIELD) { Spelling::Short } else { Spelling::Whole };
    let (claim, agency, to) = match spelling {
        Spelling::Short if WHOLE.iter().any(|name| head.headers.contains_key(*name)) => {
            return Err(Failure::Malformed("two spellings of one signature"));
        }
        Spelling::Short => (signature::parse_short(field(SHORT_FIELD, SHORT_FIELD)?), "", ""),
        Spelling::Whole => (
            signature::parse(field("signature-input", "signature-input")?, field("signature", "signature")?),
            field("amanat-agency", "amanat-agency")?,
            field("amanat-hub", "amanat-hub")?,
        ),
    };
    let claim = claim.map_err(|_fault| Failure::BadSignature)?;
    let authority = field(header::HOST.as_str(), "host")?.to_ascii_lowercase();
    let parts = Parts {
        method: head.method.as_str().to_owned(),
        authority: authority.strip_suffix(":80").unwrap_or(&authority).to_owned(),
        path: head.uri.path().to_owned(),
        query: format!("?{}", head.uri.query().unwrap_or_default()),
        content_digest: field("content-digest", "content-digest")?.to_owned(),
        agency: agency.to_owned(),
        hub: to.to_owned(),
        checkpoint: field("amanat-checkpoint", "amanat-checkpoint")?.to_owned(),
    };
    Ok((parts, claim, spelling))
}

async fn receive(body: &mut Limited<Body>) -> Result<Bytes, Failure> {
    let mut whole = Vec::new();
    while let Some(frame) = timeout(BODY_PAUSE, body.frame()).await.map_err(|_elapsed| Failure::Slow)? {
        match frame {
            Ok(frame) => whole.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            Err(source) if source.is::<LengthLimitError>() => return Err(Failure::TooLarge),
            Err(_cut) => return Err(Failure::Malformed("the body ended early")),
        }
    }
    Ok(Bytes::from(whole))
}

/// Reads what still comes, up to the limit, and keeps none of it.
async fn discard(mut body: Limited<Body>) {
    while let Ok(Some(Ok(_frame))) = timeout(BODY_PAUSE, body.frame()).await {}
}
