//! The road between a courier and a hub, whatever it is made of: three calls that carry bytes out and bytes back.
//!
//! A transport decides nothing about what it carries. What can go wrong on a road is sorted here by what the courier has
//! to do about it: try again, wait, or stop and tell a person.

use amanat_keys::fingerprint::Digest;

use crate::wire::team::SelfReport;

/// What one request should weigh while nothing is known of the link, in bytes: eight seconds at 64 kbit/s.
pub const FIRST_ROOM: usize = 64 * 1024;

/// Header field in which the hub says which documents it holds, as [`crate::proof::shelf_mark`] over their newest versions.
pub const MARK_FIELD: &str = "amanat-documents";

/// A road to one hub. Each call is one request and its answer; `checkpoint` is the hash of the newest checkpoint that
/// the caller holds (zeros for none), which every request states (FORMATS section 6).
pub trait Transport: Send {
    /// Offers entries; the answer is a verdict for each run, with receipts.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Whether a push may ask besides what is new, and is answered with a page: [`crate::wire::codec::push_and_ask`].
    fn asks_along(&self) -> bool {
        false
    }

    /// Whether a push, or the question for the next page, can leave before the last one is answered or worked through.
    fn goes_ahead(&self) -> bool {
        false
    }

    /// Sets a push on its way. A road that goes ahead gives `None`, and the answer by [`Transport::receive`], in the order in which they
    /// left; any other waits and gives it here. Whoever calls anything else meanwhile gives those answers up.
    ///
    /// # Errors
    /// As [`TransportError`] says; the answers to all that are on their way are given up with it.
    fn send(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        self.push(checkpoint, body).map(Some)
    }

    /// Waits for the answer to the oldest request that [`Transport::send`] or [`Transport::send_pull`] has set on its way.
    ///
    /// # Errors
    /// As [`TransportError`] says; the answers to all that are on their way are given up with it.
    fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::Unreachable("nothing is on its way".to_owned()))
    }

    /// Asks for what lies above the caller's heads; the answer is one page.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Sets a pull on its way, as [`Transport::send`] does with a push, so that the next page travels while the last one is verified and
    /// filed. One at a time: what waits on the road is bounded by a page.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    fn send_pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        self.pull(checkpoint, body).map(Some)
    }

    /// Exchanges signed documents: rosters, unit keys, codebooks, freshness.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// Asks about attachments, brings a piece of one, or fetches one. A road that carries none says so.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    fn parts(&mut self, _checkpoint: &Digest, _body: &[u8]) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::Nonsense("this road carries no attachments".to_owned()))
    }

    /// Asks whoever answers at the hub's address for newer rosters, though they did not prove a listed key
    /// ([`RefusalReason::OtherKey`]): the one thing that a device does over such a connection. Nothing is signed.
    ///
    /// # Errors
    /// As [`TransportError`] says; a road without such keys has nobody to ask.
    fn rosters(&mut self, _question: &[u8]) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::Unreachable("this road asks nobody without a listed key".to_owned()))
    }

    /// What the device says of itself with the requests that follow. For a supervisor, and believed for no more than that.
    fn reports(&mut self, _report: SelfReport) {}

    /// How many entries the next push carries; 0 when it only asks. For whoever shows how far it has come.
    fn carries(&mut self, _entries: u64) {}

    /// What the last answer said of the documents at the hub, if it said anything; see [`crate::proof::shelf_mark`].
    fn mark(&self) -> Option<Digest> {
        None
    }

    /// How many bytes one answer should carry on this road as it is now, so that a cut costs seconds and not minutes.
    fn room(&self) -> usize {
        FIRST_ROOM
    }

    /// How many bytes one push should carry. What arrives of it is kept as it arrives, so a cut costs what was in flight, however
    /// large it is; but a link on which none goes ahead rests for a round trip between two of them.
    fn push_room(&self) -> usize {
        self.room().saturating_mul(8)
    }
}

/// Why a request brought no answer, grouped by what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No answer arrived: the hub was not reached or the link broke. Nothing is lost; try again later.
    #[error("the hub was not reached: {0}")]
    Unreachable(String),
    /// The hub is there and asks for patience. Try again, not before so many seconds.
    #[error("the hub is busy; it asks to wait {0} s")]
    Busy(u64),
    /// The hub's disk is full: it takes nothing new and gives what it has. Try again, not before so many seconds; whatever asks only is
    /// answered meanwhile.
    #[error("the hub's disk is full; it asks to wait {0} s")]
    Full(u64),
    /// The hub, or this program, says no. Trying again changes nothing until a person does something.
    #[error("{0}")]
    Refused(Refusal),
    /// The answer cannot be used. Try again later; if it lasts, the hub or something before it is at fault.
    #[error("the answer of the hub cannot be used: {0}")]
    Nonsense(String),
}

/// A no, with the sentence a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of no.
    pub reason: RefusalReason,
    /// One sentence for a person.
    pub sentence: String,
    /// The hub's name for this request in its log; empty when the refusal is our own.
    pub request: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)?;
        if self.request.is_empty() { Ok(()) } else { write!(f, " (request {})", self.request) }
    }
}

/// The kinds of no. Their spelling in the `amanat-refusal` header field is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalReason {
    /// The hub's roster does not name this device.
    UnknownDevice,
    /// The roster names this device as revoked; it may hand over and fetch rosters, nothing else.
    Revoked,
    /// The request is for another agency or another hub.
    WrongHub,
    /// The signature does not verify, covers too little, or its nonce was used before.
    BadSignature,
    /// The request cannot be read.
    Malformed,
    /// The request is larger than the hub takes.
    TooLarge,
    /// The caller's role does not allow this.
    NotAllowed,
    /// One side speaks a version that the other does not.
    Version,
    /// This program will not use such an address (plain HTTP away from this machine).
    Address,
    /// What answered at the hub's address did not prove a TLS key that the roster lists for it. Nothing was sent but the question for
    /// newer rosters. It has no spelling:
    /// this program alone finds it, and no answer can claim it.
    OtherKey,
}

impl RefusalReason {
    /// The reasons that a hub gives, with their spelling on the wire.
    pub const SPELLINGS: [(RefusalReason, &'static str); 9] = [
        (Self::UnknownDevice, "unknown-device"),
        (Self::Revoked, "revoked"),
        (Self::WrongHub, "wrong-hub"),
        (Self::BadSignature, "bad-signature"),
        (Self::Malformed, "malformed"),
        (Self::TooLarge, "too-large"),
        (Self::NotAllowed, "not-allowed"),
        (Self::Version, "version"),
        (Self::Address, "address"),
    ];

    /// The spelling in the `amanat-refusal` field.
    #[must_use]
    pub fn spelling(self) -> &'static str {
        Self::SPELLINGS.iter().find(|(reason, _)| *reason == self).map_or("malformed", |(_, text)| text)
    }

    /// The reason so spelt.
    #[must_use]
    pub fn from_spelling(text: &str) -> Option<Self> {
        Self::SPELLINGS.iter().find(|(_, spelling)| *spelling == text).map(|(reason, _)| *reason)
    }
}
