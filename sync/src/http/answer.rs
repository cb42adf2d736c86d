//! What a hub's answer, or its silence, means for a road: a status is turned into what to do about it.

use super::line::Answer;
use super::pin::Unproven;
use crate::transport::{Refusal, RefusalReason, TransportError};

/// Whether nothing is wrong with a request but the number that it was signed with.
pub(super) fn wants_a_nonce(answer: &Answer) -> bool {
    answer.head.status() == 401 && answer.field("amanat-refusal").is_none()
}

/// A status is turned into what to do about it; the body of a no is the sentence for a person.
pub(super) fn read(answer: &Answer) -> Result<Vec<u8>, TransportError> {
    let status = answer.head.status().as_u16();
    let reason = answer.field("amanat-refusal").and_then(RefusalReason::from_spelling);
    let request = answer.field("amanat-request").unwrap_or_default().to_owned();
    let wait = answer.field("retry-after").and_then(|v| v.parse().ok()).unwrap_or(5);
    match (status, reason) {
        (200, _) => Ok(answer.body.clone()),
        // Too much, not now, or its disk is full: what was sent stays here, and goes again.
        (429 | 503, _) => Err(TransportError::Busy(wait)),
        (507, _) => Err(TransportError::Full(wait)),
        (_, Some(reason)) => {
            let text = String::from_utf8_lossy(&answer.body);
            let sentence = text.chars().filter(|c| !c.is_control()).take(300).collect();
            Err(TransportError::Refused(Refusal { reason, sentence, request }))
        }
        (other, None) => Err(TransportError::Nonsense(format!("status {other} {request}"))),
    }
}

pub(super) fn unanswered(base: &str, source: &ureq::Error) -> TransportError {
    match source {
        ureq::Error::Other(inner) if inner.is::<Unproven>() => TransportError::Refused(Refusal {
            reason: RefusalReason::OtherKey,
            sentence: format!("what answers at {base} is not the hub: {Unproven}. No entry was sent"),
            request: String::new(),
        }),
        // A program that speaks something else, or one that wants TLS where the roster says none.
        ureq::Error::Protocol(_) => {
            TransportError::Unreachable(format!("what answers at {base} does not speak as a hub does"))
        }
        other => TransportError::Unreachable(other.to_string()),
    }
}
