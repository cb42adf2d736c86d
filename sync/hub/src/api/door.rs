//! Who is it, and is it for us: the checks that every signed request passes before its body is looked at.
//!
//! In this order, cheapest first: is the request for this hub, does the roster name the device, is the
//! body within its limit and the one that was signed, does the signature hold, is the nonce unspent. Nothing is spent on a
//! request whose signature does not hold, so a stranger cannot use up a device's nonces.

use amanat_keys::fingerprint::DeviceId;
use amanat_sync::signature::{self, Claim, NONCE_FIELD, Parts};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts as Head;
use axum::http::{Response, header};

use super::reply::{Failure, RequestId, put, refuse};
use crate::Hub;
use crate::limits::BODY_TIME;
use crate::standing::{Caller, Standing};

/// A request that passed the door.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) standing: Standing,
    /// Hash in hex of the newest checkpoint that the caller says it has seen.
    pub(crate) checkpoint: String,
    pub(crate) body: Bytes,
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
    let mut device = None;
    match admit(hub, &head, body, limit, &mut device).await {
        Ok(admitted) => {
            let device = admitted.caller.device;
            let mut outcome = act(admitted).await.unwrap_or_else(|failure| refuse(&id, Some(device), &failure));
            put(outcome.headers_mut(), NONCE_FIELD, &signature::encode_nonces(&[hub.nonces.earn(device)]));
            outcome
        }
        Err(failure) => refuse(&id, device, &failure),
    }
}

async fn admit(
    hub: &Hub,
    head: &Head,
    body: Body,
    limit: usize,
    device: &mut Option<DeviceId>,
) -> Result<Admitted, Failure> {
    hub.rates.at_the_door()?;
    let standing = hub.standing();
    let (parts, claim) = read(head)?;
    if parts.agency != standing.agency.to_string() || parts.hub != hub.signer.key_id().to_string() {
        return Err(Failure::WrongHub);
    }
    *device = Some(claim.device);
    let (keys, active) = standing.request_keys(&claim.device).ok_or(Failure::UnknownDevice)?;
    let body = receive(body, limit).await?;
    if signature::content_digest(&body) != parts.content_digest {
        return Err(Failure::BadSignature);
    }
    let base = parts.base(&claim.device, &claim.nonce);
    if !keys.iter().any(|key| key.verify_request(base.as_bytes(), &claim.signature).is_ok()) {
        return Err(Failure::BadSignature);
    }
    if !hub.nonces.spend(claim.device, &claim.nonce) {
        return Err(Failure::Nonce(hub.nonces.offer(claim.device).to_vec()));
    }
    hub.rates.of_device(claim.device)?;
    let caller = Caller { device: claim.device, active };
    Ok(Admitted { caller, standing, checkpoint: parts.checkpoint, body })
}

/// The signed parts of a request as it arrived, and what its signature claims.
fn read(head: &Head) -> Result<(Parts, Claim), Failure> {
    let field = |name: &str, missing: &'static str| {
        let mut values = head.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().map_err(|_bytes| Failure::Malformed(missing)),
            _ => Err(Failure::Malformed(missing)),
        }
    };
    let claim = signature::parse(field("signature-input", "signature-input")?, field("signature", "signature")?)
        .map_err(|_fault| Failure::BadSignature)?;
    let authority = field(header::HOST.as_str(), "host")?.to_ascii_lowercase();
    let parts = Parts {
        method: head.method.as_str().to_owned(),
        authority: authority.strip_suffix(":80").unwrap_or(&authority).to_owned(),
        path: head.uri.path().to_owned(),
        query: format!("?{}", head.uri.query().unwrap_or_default()),
        content_digest: field("content-digest", "content-digest")?.to_owned(),
        agency: field("amanat-agency", "amanat-agency")?.to_owned(),
        hub: field("amanat-hub", "amanat-hub")?.to_owned(),
        checkpoint: field("amanat-checkpoint", "amanat-checkpoint")?.to_owned(),
    };
    Ok((parts, claim))
}

async fn receive(body: Body, limit: usize) -> Result<Bytes, Failure> {
    use http_body_util::{BodyExt as _, LengthLimitError, Limited};
    let whole = tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect()).await;
    match whole {
        Err(_elapsed) => Err(Failure::Slow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(source)) if source.is::<LengthLimitError>() => Err(Failure::TooLarge),
        Ok(Err(_cut)) => Err(Failure::Malformed("the body ended early")),
    }
}
