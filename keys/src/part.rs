//! Attachments: a scan, a photo, a recording, sealed and opened as a stream of the age payload's chunks, in the memory of two chunks
//! however large it is (FORMATS section 3: each its own envelope, neither compressed nor padded).
//!
//! # Sealing
//! A source that is too large is refused by its length, before a byte of it is read. Otherwise it is read twice. The first reading gives the commitment, without which the payload's nonce would not be hedged by what
//! is sealed; the second seals, and must read the same bytes, else nothing counts ([`PartFault::Changed`]).
//!
//! # Opening
//! Also twice. The first reading goes to the end and gives nothing out: digest, every chunk, commitment. Only then the second
//! writes, and is held against the commitment once more. Whoever gives a place for the plaintext throws it away after an error.

use std::io::{self, Read, Seek, SeekFrom, Write};

use rand::{RngCore as _, rngs::OsRng};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::case_key::CaseKey;
use crate::error::{Damage, Forgery, KeysError, Misuse};
use crate::fingerprint::Digest;
use crate::limits;
use crate::payload::{CHUNK, NONCE, NonceHedge, PayloadFault, Stream, TAG};

/// What is wrong with an attachment, or what came between.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PartFault {
    /// Larger than may be sealed or opened.
    #[error("larger than is allowed")]
    TooLarge,
    /// Not the bytes that the signed header names.
    #[error("not the attachment that was signed")]
    WrongDigest,
    /// A chunk does not open.
    #[error(transparent)]
    Payload(#[from] PayloadFault),
    /// It opens to something else than what was committed to.
    #[error("not the content that was signed")]
    WrongCommitment,
    /// The file changed while it was sealed.
    #[error("the file changed while it was read")]
    Changed,
    /// Whoever listened said stop.
    #[error("stopped")]
    Stopped,
    /// The source could not be read.
    #[error("it could not be read")]
    Read(#[source] io::Error),
    /// The place for the result could not be written.
    #[error("it could not be written")]
    Write(#[source] io::Error),
}

impl From<PartFault> for KeysError {
    fn from(fault: PartFault) -> Self {
        match fault {
            PartFault::TooLarge => Damage::TooLarge.into(),
            PartFault::WrongDigest => Damage::Digest.into(),
            PartFault::Payload(PayloadFault::Truncated) => Damage::Truncated.into(),
            PartFault::Payload(_) => Damage::Seal.into(),
            PartFault::WrongCommitment => Forgery::OtherContent.into(),
            PartFault::Changed | PartFault::Stopped => Misuse::Limit { what: "the attachment" }.into(),
            PartFault::Read(source) | PartFault::Write(source) => KeysError::Disk(source),
        }
    }
}

/// What a header and the entry's JSON say of a sealed attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedPart {
    /// SHA-256 of the plaintext.
    pub commitment: Digest,
    /// SHA-256 of the envelope.
    pub digest: Digest,
    /// Bytes of the envelope.
    pub size: u64,
    /// Bytes of the plaintext.
    pub plain: u64,
}

/// Bytes of the envelope of so many bytes.
#[must_use]
pub fn sealed_size(plain: u64) -> u64 {
    let (nonce, chunk, tag) = (wide(NONCE), wide(CHUNK), wide(TAG));
    plain.saturating_add(nonce).saturating_add(tag.saturating_mul(plain.div_ceil(chunk).max(1)))
}

/// Bytes inside an envelope of so many; 0 where there is none of this size.
#[must_use]
pub fn plain_size(sealed: u64) -> u64 {
    let body = sealed.saturating_sub(wide(NONCE));
    body.saturating_sub(wide(TAG).saturating_mul(body.div_ceil(wide(CHUNK + TAG))))
}

/// Seals what `source` holds into `sink`. `going` hears how many bytes of both readings are done and says whether to go on.
///
/// # Errors
/// A [`PartFault`]; what `sink` then holds is of no use.
pub fn seal<S: Read + Seek>(
    source: &mut S,
    sink: &mut impl Write,
    key: &CaseKey,
    hedge: &NonceHedge<'_>,
    going: &mut dyn FnMut(u64) -> bool,
) -> Result<SealedPart, PartFault> {
    let mut random = [0; 32];
    OsRng.fill_bytes(&mut random);
    seal_from(source, sink, key, hedge, &random, going)
}

/// As [`seal`], with random bytes that are given. Apart for the vectors' sake.
///
/// # Errors
/// As [`seal`].
pub fn seal_from<S: Read + Seek>(
    source: &mut S,
    sink: &mut impl Write,
    key: &CaseKey,
    hedge: &NonceHedge<'_>,
    random: &[u8; 32],
    going: &mut dyn FnMut(u64) -> bool,
) -> Result<SealedPart, PartFault> {
    // A film of some hours is refused here in no time; hashing 2 GiB only to say so takes a small laptop half a minute.
    if source.seek(SeekFrom::End(0)).map_err(PartFault::Read)? > limits::PART {
        return Err(PartFault::TooLarge);
    }
    source.seek(SeekFrom::Start(0)).map_err(PartFault::Read)?;
    let mut done = 0;
    let (commitment, plain) = measure(source, going, &mut done)?;
    source.seek(SeekFrom::Start(0)).map_err(PartFault::Read)?;
    let nonce = hedge.nonce_from(random, &commitment);
    let (mut stream, mut out) = (Stream::new(key, &nonce), Out::new(sink));
    out.put(&nonce)?;
    let mut again = Sha256::new();
    let mut chunks = Chunks::new(source, CHUNK)?;
    while let Some(last) = chunks.next()? {
        again.update(&chunks.now);
        done = step(going, done, chunks.now.len())?;
        stream.seal(&mut chunks.now, last);
        out.put(&chunks.now)?;
    }
    if done_hash(again) != commitment {
        return Err(PartFault::Changed);
    }
    let (digest, size) = out.end()?;
    Ok(SealedPart { commitment, digest, size, plain })
}

/// Reads an envelope to its end and gives nothing out: whether it is the one of this digest and opens to this commitment.
///
/// # Errors
/// A [`PartFault`].
pub fn check(
    sealed: &mut impl Read,
    key: &CaseKey,
    commitment: &Digest,
    digest: &Digest,
    going: &mut dyn FnMut(u64) -> bool,
) -> Result<(), PartFault> {
    let mut done = 0;
    walk(sealed, key, commitment, digest, going, &mut done, &mut |_text| Ok(()))
}

/// Opens an envelope into `sink`, after it was read to its end once. `digest` comes from the header's `parts`, `commitment` from the
/// entry's JSON.
///
/// # Errors
/// A [`PartFault`]; nothing has been written after one of the first reading, and what was written after a later one must be
/// thrown away.
pub fn open<S: Read + Seek>(
    sealed: &mut S,
    sink: &mut impl Write,
    key: &CaseKey,
    commitment: &Digest,
    digest: &Digest,
    going: &mut dyn FnMut(u64) -> bool,
) -> Result<(), PartFault> {
    let mut done = 0;
    walk(sealed, key, commitment, digest, going, &mut done, &mut |_text| Ok(()))?;
    sealed.seek(SeekFrom::Start(0)).map_err(PartFault::Read)?;
    let mut write = |text: &mut Vec<u8>| sink.write_all(text).map_err(PartFault::Write);
    walk(sealed, key, commitment, digest, going, &mut done, &mut write)?;
    sink.flush().map_err(PartFault::Write)
}

/// The same content in a new envelope under another key, chunk by chunk: the plaintext goes nowhere. `commitment` and `digest` are those of the
/// envelope that there is; `going` hears how many bytes are done and says whether to go on.
///
/// # Errors
/// A [`PartFault`]; what `sink` then holds is of no use.
pub fn reseal(
    sealed: &mut impl Read,
    sink: &mut impl Write,
    (old, new): (&CaseKey, &CaseKey),
    hedge: &NonceHedge<'_>,
    (commitment, digest): (&Digest, &Digest),
    going: &mut dyn FnMut(u64) -> bool,
) -> Result<SealedPart, PartFault> {
    let nonce = hedge.nonce(commitment);
    let (mut stream, mut out, mut plain) = (Stream::new(new, &nonce), Out::new(sink), 0_u64);
    out.put(&nonce)?;
    // A chunk is sealed when the next one shows that it is not the last.
    let mut held: Option<Zeroizing<Vec<u8>>> = None;
    walk(sealed, old, commitment, digest, going, &mut 0, &mut |text| {
        plain = plain.saturating_add(wide(text.len()));
        if let Some(mut before) = held.replace(Zeroizing::new(std::mem::take(text))) {
            stream.seal(&mut before, false);
            out.put(&before)?;
        }
        Ok(())
    })?;
    let mut last = held.unwrap_or_default();
    stream.seal(&mut last, true);
    out.put(&last)?;
    let (digest, size) = out.end()?;
    Ok(SealedPart { commitment: *commitment, digest, size, plain })
}

/// Hash and length of what is to be sealed.
fn measure(
    source: &mut impl Read,
    going: &mut dyn FnMut(u64) -> bool,
    done: &mut u64,
) -> Result<(Digest, u64), PartFault> {
    let (mut hash, mut buffer, mut size) = (Sha256::new(), Zeroizing::new(vec![0; CHUNK]), 0_u64);
    loop {
        let read = fill(source, &mut buffer)?;
        let Some(text) = buffer.get(..read).filter(|text| !text.is_empty()) else {
            return Ok((done_hash(hash), size));
        };
        hash.update(text);
        size = size.saturating_add(wide(read));
        // Its length was looked at before; this is for a file that grows while it is read.
        if size > limits::PART {
            return Err(PartFault::TooLarge);
        }
        *done = step(going, *done, read)?;
    }
}

/// Opens chunk after chunk and hands each out; the hashes are compared at the end.
fn walk(
    sealed: &mut impl Read,
    key: &CaseKey,
    commitment: &Digest,
    digest: &Digest,
    going: &mut dyn FnMut(u64) -> bool,
    done: &mut u64,
    take: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), PartFault>,
) -> Result<(), PartFault> {
    let (mut outer, mut inner, mut size) = (Sha256::new(), Sha256::new(), 0_u64);
    let mut nonce = [0; NONCE];
    let read = fill(sealed, &mut nonce)?;
    outer.update(nonce.get(..read).unwrap_or_default());
    if read < NONCE {
        return Err(if done_hash(outer) == *digest { PayloadFault::Truncated.into() } else { PartFault::WrongDigest });
    }
    let mut stream = Stream::new(key, &nonce);
    let mut chunks = Chunks::new(sealed, CHUNK + TAG)?;
    // The first fault of a chunk waits for the digest: bytes that nobody signed are called so.
    let mut fault: Option<PayloadFault> = None;
    while let Some(last) = chunks.next()? {
        outer.update(&chunks.now);
        size = size.saturating_add(wide(chunks.now.len()));
        if size > sealed_size(limits::PART) {
            return Err(PartFault::TooLarge);
        }
        *done = step(going, *done, chunks.now.len())?;
        if fault.is_none() {
            match stream.open(&mut chunks.now, last) {
                Err(broken) => fault = Some(broken),
                Ok(()) => {
                    inner.update(&chunks.now);
                    take(&mut chunks.now)?;
                }
            }
        }
    }
    if done_hash(outer) != *digest {
        return Err(PartFault::WrongDigest);
    }
    match fault {
        Some(fault) => Err(fault.into()),
        None if done_hash(inner) == *commitment => Ok(()),
        None => Err(PartFault::WrongCommitment),
    }
}

/// A source in chunks of one size, of which the last may be shorter, or empty where it is the only one.
struct Chunks<'a, R> {
    source: &'a mut R,
    now: Vec<u8>,
    after: Vec<u8>,
    size: usize,
    over: bool,
}

impl<'a, R: Read> Chunks<'a, R> {
    fn new(source: &'a mut R, size: usize) -> Result<Self, PartFault> {
        let mut chunks = Self { source, now: Vec::new(), after: Vec::with_capacity(size + TAG), size, over: false };
        chunks.read_ahead()?;
        Ok(chunks)
    }

    /// Puts the next chunk into `now` and says whether it is the last.
    fn next(&mut self) -> Result<Option<bool>, PartFault> {
        if self.over {
            return Ok(None);
        }
        std::mem::swap(&mut self.now, &mut self.after);
        self.over = self.now.len() < self.size;
        if !self.over {
            self.read_ahead()?;
            self.over = self.after.is_empty();
        }
        Ok(Some(self.over))
    }

    fn read_ahead(&mut self) -> Result<(), PartFault> {
        self.after.zeroize();
        self.after.resize(self.size, 0);
        let read = fill(self.source, &mut self.after)?;
        self.after.truncate(read);
        Ok(())
    }
}

impl<R> Drop for Chunks<'_, R> {
    fn drop(&mut self) {
        self.now.zeroize();
        self.after.zeroize();
    }
}

/// What is written, with its hash and size.
struct Out<'a, W> {
    sink: &'a mut W,
    hash: Sha256,
    size: u64,
}

impl<'a, W: Write> Out<'a, W> {
    fn new(sink: &'a mut W) -> Self {
        Self { sink, hash: Sha256::new(), size: 0 }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), PartFault> {
        self.hash.update(bytes);
        self.size = self.size.saturating_add(wide(bytes.len()));
        self.sink.write_all(bytes).map_err(PartFault::Write)
    }

    fn end(self) -> Result<(Digest, u64), PartFault> {
        self.sink.flush().map_err(PartFault::Write)?;
        Ok((done_hash(self.hash), self.size))
    }
}

/// Reads until the buffer is full or the source ends.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> Result<usize, PartFault> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(PartFault::Read(error)),
        }
    }
    Ok(filled)
}

fn step(going: &mut dyn FnMut(u64) -> bool, done: u64, more: usize) -> Result<u64, PartFault> {
    let done = done.saturating_add(wide(more));
    if going(done) { Ok(done) } else { Err(PartFault::Stopped) }
}

fn done_hash(hash: Sha256) -> Digest {
    Digest::from_bytes(hash.finalize().into())
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
