//! The envelope of one entry: JSON bound to its place, compressed, padded and sealed as an age payload.
//!
//! # What the commitment covers
//! A header's `commitment` is the plain SHA-256 of the age payload's whole plaintext: the zstd frame *and* the padding
//! frame after it, as sealed (FORMATS sections 2 and 3). The padding's 16 random bytes are therefore part of it and keep
//! it from confirming a guess at the text. A reseal keeps these bytes and so keeps the commitment.
//!
//! # Order of checks
//! The signature over the header comes first and elsewhere. Then: digest of the envelope, opening, commitment, frames and
//! padding, decompression, slot. So bytes of a stranger reach the decompressor only if an enrolled device signed for them.
//!
//! # What stays in memory
//! Buffers of ours are wiped after each entry. zstd's own working memory, one for each thread, keeps pieces of the last text until the
//! next overwrites them or the thread ends: a lock that must leave nothing ends the thread that sealed.
//!
//! # Example
//! ```
//! use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
//! use amanat_keys::{CaseKey, NonceHedge, NonceKey, Place, envelope};
//!
//! let place = Place {
//!     agency: AgencyId::from_bytes([1; 32]),
//!     device: DeviceId::from_bytes([2; 32]),
//!     journal: JournalId::random(),
//!     seq: 2,
//!     case: CaseId::random(),
//!     key: 1, // the slip stands at number 1
//! };
//! let (key, nonce_key) = (CaseKey::generate(), NonceKey::from_bytes([3; 32]));
//! let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"the link at number 1") };
//!
//! let sealed = envelope::seal(br#"{"text":"asked for an interpreter"}"#, &place, &key, &hedge)?;
//! let json = envelope::open(&sealed.envelope, &place, &key, &sealed.commitment, &sealed.digest)?;
//! assert!(json.starts_with(br#"{"slot":""#) && json.ends_with(br#"","text":"asked for an interpreter"}"#));
//! # Ok::<(), envelope::EnvelopeFault>(())
//! ```

use std::cell::RefCell;

use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::case_key::{CaseKey, Place};
use crate::dictionary::{self, Effort, ZstdFault};
use crate::error::{Damage, Forgery, KeysError, Misuse};
use crate::fingerprint::Digest;
use crate::limits;
use crate::padding::{self, PlaintextFault};
use crate::payload::{self, NonceHedge, PayloadFault};

/// What the JSON begins with, before the slot's base64.
const SLOT_OPENS: &[u8] = b"{\"slot\":\"";
/// Characters of a slot: 16 bytes in base64 with its padding (RFC 4648 section 4).
const SLOT_TEXT: usize = 24;

/// What is wrong with an envelope, or with the wish to seal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvelopeFault {
    /// Larger than may be sealed or opened.
    #[error("larger than is allowed")]
    TooLarge,
    /// What should be sealed is not the text of a JSON object, or brings a slot of its own.
    #[error("not the text of a JSON object without a slot")]
    NotAnObject,
    /// Not the bytes that the signed header names.
    #[error("not the envelope that was signed")]
    WrongDigest,
    /// The age payload does not open.
    #[error(transparent)]
    Payload(#[from] PayloadFault),
    /// It opens to something else than what was committed to.
    #[error("not the content that was signed")]
    WrongCommitment,
    /// The frames or the padding are not as the format has them.
    #[error(transparent)]
    Plaintext(#[from] PlaintextFault),
    /// The frame does not unfold.
    #[error(transparent)]
    Zstd(#[from] ZstdFault),
    /// The content names another place than the header, or none.
    #[error("the content belongs to another place")]
    WrongSlot,
}

impl From<EnvelopeFault> for KeysError {
    fn from(fault: EnvelopeFault) -> Self {
        match fault {
            EnvelopeFault::TooLarge => Damage::TooLarge.into(),
            EnvelopeFault::NotAnObject => Misuse::Limit { what: "the content" }.into(),
            EnvelopeFault::WrongDigest => Damage::Digest.into(),
            EnvelopeFault::Payload(PayloadFault::Truncated) => Damage::Truncated.into(),
            EnvelopeFault::Payload(_) => Damage::Seal.into(),
            EnvelopeFault::WrongCommitment => Forgery::OtherContent.into(),
            EnvelopeFault::Plaintext(_) | EnvelopeFault::Zstd(_) => Damage::Frame.into(),
            EnvelopeFault::WrongSlot => Forgery::OtherSlot.into(),
        }
    }
}

/// An envelope with what its header says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The age payload.
    pub envelope: Vec<u8>,
    /// SHA-256 of the plaintext: zstd frame and padding frame.
    pub commitment: Digest,
    /// SHA-256 of `envelope`.
    pub digest: Digest,
}

/// Largest buffer that is kept for the next entry: wiping costs time for each byte of it, each time.
const KEPT_BUFFER: usize = 128 * 1024;

/// Buffers that a thread uses again for each entry, wiped after each.
#[derive(Default)]
struct Scratch {
    json: Vec<u8>,
    plaintext: Vec<u8>,
}

impl Scratch {
    fn wipe(&mut self) {
        for buffer in [&mut self.json, &mut self.plaintext] {
            buffer.zeroize();
            if buffer.capacity() > KEPT_BUFFER {
                *buffer = Vec::new();
            }
        }
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Seals `plain_json`, the text of a JSON object that begins with `{` and has no `slot`, for `place`.
/// The slot is put in front as the object's first member. At most [`limits::CONTENT`] bytes.
///
/// # Errors
/// [`EnvelopeFault::NotAnObject`], [`EnvelopeFault::TooLarge`], [`EnvelopeFault::Zstd`].
pub fn seal(plain_json: &[u8], place: &Place, key: &CaseKey, hedge: &NonceHedge<'_>) -> Result<Sealed, EnvelopeFault> {
    SCRATCH.with_borrow_mut(|scratch| {
        let sealed = seal_with(scratch, plain_json, place, key, hedge);
        scratch.wipe();
        sealed
    })
}

fn seal_with(
    scratch: &mut Scratch,
    plain_json: &[u8],
    place: &Place,
    key: &CaseKey,
    hedge: &NonceHedge<'_>,
) -> Result<Sealed, EnvelopeFault> {
    fold_into(scratch, plain_json, place, Effort::Quick)?;
    Ok(seal_plaintext(&scratch.plaintext, key, hedge))
}

fn fold_into(
    Scratch { json, plaintext }: &mut Scratch,
    plain_json: &[u8],
    place: &Place,
    effort: Effort,
) -> Result<(), EnvelopeFault> {
    splice_slot(plain_json, place, json)?;
    if json.len() > limits::CONTENT {
        return Err(EnvelopeFault::TooLarge);
    }
    dictionary::compress(json, effort, plaintext)?;
    padding::pad(plaintext);
    Ok(())
}

/// Content that is ready to be sealed at its place: compressed, padded, its slot in it. It waits for the link before it, which
/// hedges its nonce, and several can be made at once.
pub struct Folded {
    plaintext: Zeroizing<Vec<u8>>,
    commitment: Digest,
}

impl Folded {
    /// Makes `plain_json` ready for `place`, as [`seal`] does, which is in a hurry.
    ///
    /// # Errors
    /// As [`seal`].
    pub fn new(plain_json: &[u8], place: &Place, effort: Effort) -> Result<Self, EnvelopeFault> {
        SCRATCH.with_borrow_mut(|scratch| {
            let folded = fold_into(scratch, plain_json, place, effort).map(|()| {
                let commitment = Digest::of(&scratch.plaintext);
                Self { plaintext: scratch.plaintext.clone().into(), commitment }
            });
            scratch.wipe();
            folded
        })
    }

    /// The committed bytes of an envelope, to be sealed under another key: a reseal (FORMATS section 4). The content is not looked at, and
    /// its commitment stays.
    ///
    /// # Errors
    /// Those of [`open`] up to [`EnvelopeFault::WrongCommitment`].
    pub fn again(
        envelope: &[u8],
        commitment: &Digest,
        digest: &Digest,
        old_key: &CaseKey,
    ) -> Result<Self, EnvelopeFault> {
        let plaintext = committed(envelope, old_key, commitment, digest)?;
        Ok(Self { plaintext, commitment: *commitment })
    }

    /// Seals it: the same bytes as [`seal`] of what it was made from in a hurry.
    #[must_use]
    pub fn seal(&self, key: &CaseKey, hedge: &NonceHedge<'_>) -> Sealed {
        seal_committed(&self.plaintext, self.commitment, key, hedge)
    }
}

fn seal_plaintext(plaintext: &[u8], key: &CaseKey, hedge: &NonceHedge<'_>) -> Sealed {
    seal_committed(plaintext, Digest::of(plaintext), key, hedge)
}

fn seal_committed(plaintext: &[u8], commitment: Digest, key: &CaseKey, hedge: &NonceHedge<'_>) -> Sealed {
    let envelope = payload::seal(key, &hedge.nonce(&commitment), plaintext);
    let digest = Digest::of(&envelope);
    Sealed { envelope, commitment, digest }
}

/// Opens an envelope and returns the JSON whole, its slot included and found right.
///
/// `place` is the place the content was sealed for: for a resealed entry, that of the stand-in's target, while `digest` is
/// the stand-in's and `key` the new case key.
///
/// # Errors
/// An [`EnvelopeFault`], in the order of checks above.
pub fn open(
    envelope: &[u8],
    place: &Place,
    key: &CaseKey,
    commitment: &Digest,
    digest: &Digest,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeFault> {
    SCRATCH.with_borrow_mut(|scratch| {
        let opened = open_committed(envelope, key, commitment, digest, &mut scratch.plaintext)
            .and_then(|()| unfold(&scratch.plaintext, place));
        scratch.wipe();
        opened
    })
}

/// Opens one envelope after another in the same two buffers, for whoever opens thousands and keeps what they say. Both are wiped when it
/// goes; until then they hold what was opened last.
#[derive(Default)]
pub struct Reader {
    plaintext: Zeroizing<Vec<u8>>,
    json: Zeroizing<Vec<u8>>,
}

impl Reader {
    /// As [`open`], of an envelope whose digest was compared when it was kept or came. The commitment, which is signed too, holds its content
    /// all the same.
    ///
    /// # Errors
    /// As [`open`], [`EnvelopeFault::WrongDigest`] apart.
    pub fn open(
        &mut self,
        envelope: &[u8],
        place: &Place,
        key: &CaseKey,
        commitment: &Digest,
    ) -> Result<&[u8], EnvelopeFault> {
        for buffer in [&mut self.plaintext, &mut self.json] {
            if buffer.capacity() > KEPT_BUFFER {
                *buffer = Zeroizing::default();
            }
        }
        open_to_commitment(envelope, key, commitment, &mut self.plaintext)?;
        unfold_into(&self.plaintext, place, &mut self.json)?;
        Ok(&self.json)
    }
}

/// The committed bytes of an envelope, frames and padding as they were sealed: with the signed header they prove the content to whoever has no
/// key of the case.
///
/// # Errors
/// Those of [`open`] up to [`EnvelopeFault::WrongCommitment`].
pub fn committed(
    envelope: &[u8],
    key: &CaseKey,
    commitment: &Digest,
    digest: &Digest,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeFault> {
    let mut plaintext = Zeroizing::new(Vec::new());
    open_committed(envelope, key, commitment, digest, &mut plaintext)?;
    Ok(plaintext)
}

/// The JSON of committed bytes that came by themselves, checked as [`open`] checks it.
///
/// # Errors
/// As [`open`], from the commitment on.
pub fn read_committed(
    plaintext: &[u8],
    place: &Place,
    commitment: &Digest,
) -> Result<Zeroizing<Vec<u8>>, EnvelopeFault> {
    if plaintext.len() > limits::ENVELOPE {
        return Err(EnvelopeFault::TooLarge);
    }
    if Digest::of(plaintext) != *commitment {
        return Err(EnvelopeFault::WrongCommitment);
    }
    unfold(plaintext, place)
}

/// Digest, opening, commitment: leaves the committed bytes in `plaintext`.
fn open_committed(
    envelope: &[u8],
    key: &CaseKey,
    commitment: &Digest,
    digest: &Digest,
    plaintext: &mut Vec<u8>,
) -> Result<(), EnvelopeFault> {
    if envelope.len() <= limits::ENVELOPE && Digest::of(envelope) != *digest {
        return Err(EnvelopeFault::WrongDigest);
    }
    open_to_commitment(envelope, key, commitment, plaintext)
}

/// Opening, commitment.
fn open_to_commitment(
    envelope: &[u8],
    key: &CaseKey,
    commitment: &Digest,
    plaintext: &mut Vec<u8>,
) -> Result<(), EnvelopeFault> {
    if envelope.len() > limits::ENVELOPE {
        return Err(EnvelopeFault::TooLarge);
    }
    payload::open_into(key, envelope, plaintext)?;
    if Digest::of(plaintext) != *commitment {
        return Err(EnvelopeFault::WrongCommitment);
    }
    Ok(())
}

/// Frames and padding, decompression, slot.
fn unfold(plaintext: &[u8], place: &Place) -> Result<Zeroizing<Vec<u8>>, EnvelopeFault> {
    let mut json = Zeroizing::new(Vec::new());
    unfold_into(plaintext, place, &mut json)?;
    Ok(json)
}

fn unfold_into(plaintext: &[u8], place: &Place, json: &mut Vec<u8>) -> Result<(), EnvelopeFault> {
    let frame = padding::parse(plaintext)?;
    if json.capacity() < frame.content {
        // It is about to move, and what it held would stay where it was.
        json.zeroize();
    }
    dictionary::decompress(&frame, json)?;
    check_slot(json, place)
}

/// The slot as the JSON has it.
fn slot_text(place: &Place) -> [u8; SLOT_TEXT] {
    let mut text = [b'='; SLOT_TEXT];
    // 16 bytes take exactly 24 characters, so the buffer always fits.
    STANDARD.encode_slice(place.slot(), &mut text).map_or([0; SLOT_TEXT], |_written| text)
}

/// `{` + members → `{"slot":"…",` + members.
fn splice_slot(plain_json: &[u8], place: &Place, json: &mut Vec<u8>) -> Result<(), EnvelopeFault> {
    let members = plain_json.strip_prefix(b"{").filter(|members| members.ends_with(b"}"));
    let members = members.map(<[u8]>::trim_ascii_start).ok_or(EnvelopeFault::NotAnObject)?;
    if members.starts_with(b"\"slot\"") {
        return Err(EnvelopeFault::NotAnObject);
    }
    json.clear();
    json.reserve(SLOT_OPENS.len() + SLOT_TEXT + 2 + members.len());
    json.extend_from_slice(SLOT_OPENS);
    json.extend_from_slice(&slot_text(place));
    json.push(b'"');
    if members != b"}" {
        json.push(b',');
    }
    json.extend_from_slice(members);
    Ok(())
}

/// The object must begin with exactly the slot of `place`.
fn check_slot(json: &[u8], place: &Place) -> Result<(), EnvelopeFault> {
    let rest = json.strip_prefix(SLOT_OPENS).and_then(|rest| rest.strip_prefix(slot_text(place).as_slice()));
    match rest.and_then(|rest| rest.strip_prefix(b"\"")).and_then(<[u8]>::first) {
        Some(b',' | b'}') => Ok(()),
        _ => Err(EnvelopeFault::WrongSlot),
    }
}
