//! The only table from what went wrong to what is said about it: status and one sentence outward, the cause to the log, and
//! one request id in both.

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::SyncError;
use amanat_sync::signature::{self, NONCE_FIELD, Nonce};
use amanat_sync::transport::{MARK_FIELD, RefusalReason};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::limits::FULL_DISK;
use crate::store::StoreFault;

/// Why a request gets no answer of its own.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No nonce, or one that is spent: here are new ones. Said once, and nothing is wrong.
    Nonce(Vec<Nonce>),
    /// The roster held here does not name this device.
    UnknownDevice,
    /// The device is revoked and asks for more than it may.
    Revoked,
    /// The caller's role does not allow this.
    NotAllowed,
    /// The request is for another agency or another hub.
    WrongHub,
    /// The request names a key that this hub has given up.
    OlderKey,
    /// The signature does not hold.
    BadSignature,
    /// The request cannot be read; the word says what of it.
    Malformed(&'static str),
    /// The body is larger than this door takes.
    TooLarge,
    /// The request speaks another version of the wire.
    Version,
    /// Too many requests; wait so many seconds.
    Busy(u64),
    /// A newer request of the same device took this one's place.
    Overtaken,
    /// The body did not arrive in time.
    Slow,
    /// No such page.
    NoSuchPage,
    /// The store failed.
    Store(StoreFault),
    /// A worker died.
    Broken(&'static str),
}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

/// Status, reason on the wire, sentence for a person.
type Line = (StatusCode, Option<RefusalReason>, &'static str);

impl Failure {
    #[rustfmt::skip]
    fn line(&self) -> Line {
        use RefusalReason as R;
        match self {
            Self::Nonce(_) => (StatusCode::UNAUTHORIZED, None, "Sign again with one of these nonces."),
            Self::UnknownDevice => (StatusCode::FORBIDDEN, Some(R::UnknownDevice), "The roster at this hub does not name this device. Ask an admin to approve it and to publish the roster."),
            Self::Revoked => (StatusCode::FORBIDDEN, Some(R::Revoked), "This device is revoked. It may hand over what it wrote; it is given rosters only."),
            Self::NotAllowed => (StatusCode::FORBIDDEN, Some(R::NotAllowed), "This is for the supervisors of a unit. Ask yours."),
            Self::WrongHub => (StatusCode::MISDIRECTED_REQUEST, Some(R::WrongHub), "This request is for another hub or another agency. Compare the hub's words with the roster."),
            Self::OlderKey => (StatusCode::MISDIRECTED_REQUEST, Some(R::WrongHub), "This hub signs with a newer key than this request names. Fetch the newest rosters here, and ask again."),
            Self::BadSignature => (StatusCode::UNAUTHORIZED, Some(R::BadSignature), "The signature on this request does not hold."),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, Some(R::Malformed), "This request cannot be read. Update the program on the device; if that does not help, tell the hub's keeper."),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Some(R::TooLarge), "This request is larger than the hub takes."),
            Self::Version => (StatusCode::UPGRADE_REQUIRED, Some(R::Version), "This hub speaks another version. Update the program on the device, or the hub."),
            Self::Busy(_) => (StatusCode::TOO_MANY_REQUESTS, None, "Too many requests. Wait and try again."),
            Self::Overtaken => (StatusCode::TOO_MANY_REQUESTS, None, "A newer request of this device took the place of this one. What had arrived is kept."),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, None, "The request did not arrive in time. Try again."),
            Self::NoSuchPage => (StatusCode::NOT_FOUND, Some(R::Malformed), "There is nothing at this address."),
            Self::Store(StoreFault::Full) => (StatusCode::INSUFFICIENT_STORAGE, None, "The hub's disk is full: it takes nothing new and serves what it has. Nothing is lost; its keeper must make room."),
            Self::Store(_) | Self::Broken(_) => (StatusCode::SERVICE_UNAVAILABLE, None, "The hub cannot keep anything just now. Nothing is lost; try again."),
        }
    }

    /// What the log may know: the cause, never anything from a body.
    pub(super) fn cause(&self) -> String {
        match self {
            Self::Malformed(what) | Self::Broken(what) => (*what).to_owned(),
            Self::Store(fault) => {
                let source = std::error::Error::source(fault).map(|s| format!(": {s}")).unwrap_or_default();
                format!("{fault}{source}")
            }
            other => other.line().1.map_or("", RefusalReason::spelling).to_owned(),
        }
    }
}

/// One request's name here and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(pub(crate) String);

/// The answer to a request that went well.
pub(crate) fn answer(body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/cbor"));
    response
}

/// Says beside an answer which documents are held here, so that a device that holds the same need not ask.
pub(crate) fn marked(mut response: Response<Body>, mark: &Digest) -> Response<Body> {
    put(response.headers_mut(), MARK_FIELD, &mark.to_string());
    response
}

/// What is wrong with bytes from outside, sorted by whose turn it is.
pub(crate) fn unreadable(fault: SyncError) -> Failure {
    match fault {
        SyncError::Version { .. } => Failure::Version,
        SyncError::TooBig(_) => Failure::TooLarge,
        SyncError::Malformed(what) => Failure::Malformed(what),
        _ => Failure::Malformed("message"),
    }
}

/// The answer to one that did not; the cause goes to the log under the same id.
pub(crate) fn refuse(request: &RequestId, device: Option<DeviceId>, failure: &Failure) -> Response<Body> {
    let (status, reason, sentence) = failure.line();
    let mut response = Response::new(Body::from(sentence));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert("content-type", HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Some(reason) = reason {
        fields.insert("amanat-refusal", HeaderValue::from_static(reason.spelling()));
    }
    match failure {
        Failure::Nonce(nonces) => put(fields, NONCE_FIELD, &signature::encode_nonces(nonces)),
        Failure::Busy(seconds) => put(fields, "retry-after", &seconds.to_string()),
        Failure::Overtaken => put(fields, "retry-after", "1"),
        Failure::Store(StoreFault::Full) => put(fields, "retry-after", &FULL_DISK.to_string()),
        _ if status == StatusCode::SERVICE_UNAVAILABLE => put(fields, "retry-after", "5"),
        _ => {}
    }
    let device = device.map(|id| id.to_string());
    let (status, cause) = (status.as_u16(), failure.cause());
    match failure {
        Failure::Store(StoreFault::Moving) => tracing::info!(request = request.0, device, status, cause, "comes again"),
        Failure::Store(_) | Failure::Broken(_) => tracing::error!(request = request.0, device, status, cause, "failed"),
        _ => tracing::info!(request = request.0, device, status, cause, "refused"),
    }
    response
}

/// Every field value of ours is hex, base64 or a number; one that is not is left out.
pub(crate) fn put(fields: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        fields.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_come_again_is_told_when() {
        let told = [
            (Failure::Busy(7), 429, "7"),
            (Failure::Overtaken, 429, "1"),
            (Failure::Store(StoreFault::Full), 507, "300"),
            (Failure::Store(StoreFault::Stopped), 503, "5"),
            (Failure::Store(StoreFault::Moving), 503, "5"),
        ];
        for (failure, status, wait) in told {
            let answer = refuse(&RequestId(String::new()), None, &failure);
            let field = answer.headers().get("retry-after").unwrap();
            assert_eq!((answer.status().as_u16(), field.to_str().unwrap()), (status, wait), "{failure:?}");
        }
    }
}
