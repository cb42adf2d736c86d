//! The age specification's payload: 16 bytes of nonce, then ChaCha20-Poly1305 in chunks of 64 KiB.
//!
//! C2SP age.md, section *Payload*: the key is HKDF-SHA-256(file key, salt = nonce, info = "payload"); each chunk's nonce
//! is an 11-byte big-endian counter and one byte that is 1 for the last chunk alone. FORMATS section 3 departs from one
//! MUST of it on purpose: one file key serves many payloads, and a fresh nonce gives each its own key.

use age_core::primitives::hkdf;
use chacha20poly1305::{AeadInPlace, ChaCha20Poly1305, KeyInit};
use rand::{RngCore, rngs::OsRng};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::case_key::CaseKey;
use crate::fingerprint::Digest;
use crate::mac::hmac_sha256;

/// Bytes of plaintext in every chunk but the last.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes of Poly1305 tag that each chunk ends with.
pub(crate) const TAG: usize = 16;
/// Bytes of nonce that a payload begins with.
pub(crate) const NONCE: usize = 16;

/// What is wrong with a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayloadFault {
    /// It ends before its last chunk, or is too short to hold any.
    #[error("the payload is cut short")]
    Truncated,
    /// Something follows the chunk that is marked as the last.
    #[error("bytes after the payload's last chunk")]
    Trailing,
    /// The last chunk is empty although others come before it.
    #[error("the payload ends with an empty chunk")]
    EmptyLastChunk,
    /// A chunk (counted from 0) is not authentic: changed, moved, or sealed under another key.
    #[error("chunk {0} of the payload is not authentic")]
    Chunk(u64),
}

/// The vault's nonce key: 32 secret bytes that never leave the device (FORMATS sections 3 and 8).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NonceKey([u8; 32]);

impl NonceKey {
    /// Takes the 32 bytes that the vault keeps.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// What hedges a payload's nonce beside the system's randomness, so that a cloned machine, whose random numbers repeat,
/// still never uses one key for two texts (FORMATS section 3).
#[derive(Clone, Copy)]
pub struct NonceHedge<'a> {
    /// The vault's nonce key.
    pub key: &'a NonceKey,
    /// The link before the entry: link(seq − 1).
    pub link: Digest,
}

impl NonceHedge<'_> {
    /// A fresh nonce for a plaintext with this hash.
    pub(crate) fn nonce(&self, plaintext: &Digest) -> [u8; NONCE] {
        let mut random = [0; 32];
        OsRng.fill_bytes(&mut random);
        self.nonce_from(&random, plaintext)
    }

    /// HMAC-SHA-256(nonce key, 32 random bytes ‖ link ‖ plaintext hash), cut to 16 bytes. Apart for the vectors' sake.
    #[must_use]
    pub fn nonce_from(&self, random: &[u8; 32], plaintext: &Digest) -> [u8; 16] {
        let full = hmac_sha256(&self.key.0, &[random, self.link.as_bytes(), plaintext.as_bytes()]);
        let mut nonce = [0; NONCE];
        if let Some((cut, _)) = full.split_first_chunk() {
            nonce = *cut;
        }
        nonce
    }
}

/// Size in bytes of the payload of `plain` bytes.
#[must_use]
pub fn sealed_size(plain: usize) -> usize {
    NONCE + plain + TAG * plain.div_ceil(CHUNK).max(1)
}

/// Seals `plain` under the case key and a nonce that no other plaintext has under this key. The vectors call it with a
/// nonce of their own; everything else goes through [`crate::envelope`].
#[must_use]
pub fn seal(key: &CaseKey, nonce: &[u8; 16], plain: &[u8]) -> Vec<u8> {
    let aead = aead(key, nonce);
    let mut sealed = Vec::with_capacity(sealed_size(plain.len()));
    sealed.extend_from_slice(nonce);
    let mut rest = plain;
    let mut counter = 0;
    loop {
        let (chunk, after) = rest.split_at_checked(CHUNK).unwrap_or((rest, &[]));
        let start = sealed.len();
        sealed.extend_from_slice(chunk);
        let (_, place) = sealed.split_at_mut(start);
        // The only error is a chunk over 256 GiB, and a chunk has 64 KiB; its bytes would then not leave here as plain.
        match aead.encrypt_in_place_detached(&chunk_nonce(counter, after.is_empty()), b"", place) {
            Ok(tag) => sealed.extend_from_slice(&tag),
            Err(_) => place.zeroize(),
        }
        if after.is_empty() {
            return sealed;
        }
        rest = after;
        counter += 1;
    }
}

/// Opens a whole payload, which is never handed out in part.
///
/// # Errors
/// A [`PayloadFault`]; a wrong key is [`PayloadFault::Chunk`]`(0)`.
pub fn open(key: &CaseKey, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, PayloadFault> {
    let mut plain = Zeroizing::new(Vec::new());
    open_into(key, sealed, &mut plain)?;
    Ok(plain)
}

/// As [`open`], into a buffer of the caller's (emptied first) that can be used again. After an error it may hold opened chunks: the
/// caller wipes it, as always.
pub(crate) fn open_into(key: &CaseKey, sealed: &[u8], plain: &mut Vec<u8>) -> Result<(), PayloadFault> {
    plain.clear();
    if plain.capacity() < sealed.len() {
        // It is about to move, and what it held would stay where it was.
        plain.zeroize();
    }
    plain.reserve_exact(sealed.len());
    let (nonce, mut rest) = sealed.split_first_chunk::<NONCE>().ok_or(PayloadFault::Truncated)?;
    let aead = aead(key, nonce);
    let mut counter = 0;
    loop {
        let (chunk, after) = rest.split_at_checked(CHUNK + TAG).unwrap_or((rest, &[]));
        let last = after.is_empty();
        let (text, tag) = chunk.split_last_chunk::<TAG>().ok_or(PayloadFault::Truncated)?;
        if text.is_empty() && counter > 0 {
            return Err(PayloadFault::EmptyLastChunk);
        }
        let start = plain.len();
        plain.extend_from_slice(text);
        let (_, place) = plain.split_at_mut(start);
        if aead.decrypt_in_place_detached(&chunk_nonce(counter, last), b"", place, tag.into()).is_err() {
            return Err(explain(&aead, counter, last, text, *tag));
        }
        if last {
            return Ok(());
        }
        rest = after;
        counter += 1;
    }
}

/// One payload, chunk after chunk, for what is too large to be held whole.
pub(crate) struct Stream {
    aead: ChaCha20Poly1305,
    counter: u64,
}

impl Stream {
    pub(crate) fn new(key: &CaseKey, nonce: &[u8; NONCE]) -> Self {
        Self { aead: aead(key, nonce), counter: 0 }
    }

    /// Seals the next chunk where it lies and appends its tag.
    pub(crate) fn seal(&mut self, chunk: &mut Vec<u8>, last: bool) {
        // As in `seal`: the only error is a size that no chunk has, and then nothing leaves here as plain.
        match self.aead.encrypt_in_place_detached(&chunk_nonce(self.counter, last), b"", chunk) {
            Ok(tag) => chunk.extend_from_slice(&tag),
            Err(_) => chunk.zeroize(),
        }
        self.counter = self.counter.saturating_add(1);
    }

    /// Opens the next chunk where it lies and drops its tag.
    pub(crate) fn open(&mut self, chunk: &mut Vec<u8>, last: bool) -> Result<(), PayloadFault> {
        let (text, tag) = chunk.split_last_chunk::<TAG>().ok_or(PayloadFault::Truncated)?;
        let (length, tag) = (text.len(), *tag);
        if length == 0 && self.counter > 0 {
            return Err(PayloadFault::EmptyLastChunk);
        }
        chunk.truncate(length);
        if self.aead.decrypt_in_place_detached(&chunk_nonce(self.counter, last), b"", chunk, &tag.into()).is_err() {
            return Err(explain(&self.aead, self.counter, last, chunk, tag));
        }
        self.counter = self.counter.saturating_add(1);
        Ok(())
    }
}

/// Names the fault of a chunk that did not open: it may be authentic with the other mark.
fn explain(aead: &ChaCha20Poly1305, counter: u64, last: bool, text: &[u8], tag: [u8; TAG]) -> PayloadFault {
    let mut copy = Zeroizing::new(text.to_vec());
    match aead.decrypt_in_place_detached(&chunk_nonce(counter, !last), b"", &mut copy, &tag.into()) {
        Ok(()) if last => PayloadFault::Truncated,
        Ok(()) => PayloadFault::Trailing,
        Err(_) => PayloadFault::Chunk(counter),
    }
}

fn aead(key: &CaseKey, nonce: &[u8; NONCE]) -> ChaCha20Poly1305 {
    let payload_key = Zeroizing::new(hkdf(nonce, b"payload", key.expose()));
    ChaCha20Poly1305::new((&*payload_key).into())
}

/// Nonce of a chunk: an 11-byte big-endian counter, then 1 for the last chunk and 0 for any other.
fn chunk_nonce(counter: u64, last: bool) -> chacha20poly1305::Nonce {
    let mut nonce = [0; 12];
    if let Some((_, tail)) = nonce.split_last_chunk_mut::<9>() {
        let mut counter_and_mark = [0; 9];
        let (high, mark) = counter_and_mark.split_at_mut(8);
        high.copy_from_slice(&counter.to_be_bytes());
        mark.fill(u8::from(last));
        *tail = counter_and_mark;
    }
    nonce.into()
}
