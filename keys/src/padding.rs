//! Hides the exact size of what was said: a skippable frame that fills the plaintext up to its Padmé size.
//!
//! The plaintext of an envelope (FORMATS section 3) is exactly one zstd frame of JSON, then exactly one skippable frame:
//! magic `184D2A50`, a length L, 16 random bytes, L − 16 zeros. The random bytes make the commitment to the plaintext
//! say nothing about it, and the zeros bring the whole to the Padmé size of the smallest length that is possible, so
//! that there is one right padding for a frame and no room for a second message.

use rand::{RngCore, rngs::OsRng};
use thiserror::Error;

use crate::frame::{self, Frame, FrameFault};

/// Magic number of the skippable frame (RFC 8878 section 3.1.2), as it stands in the file.
const SKIPPABLE_MAGIC: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();
/// Magic number and length of a skippable frame, in bytes.
const SKIPPABLE_HEADER: usize = 8;
/// Random bytes that begin the padding and hide the plaintext from whoever guesses at its commitment.
const RANDOM: usize = 16;

/// What is wrong with a plaintext's frames or padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlaintextFault {
    /// The zstd frame itself is not as the format has it.
    #[error(transparent)]
    Frame(#[from] FrameFault),
    /// A second zstd frame stands where the padding must begin.
    #[error("a second zstd frame")]
    SecondFrame,
    /// Nothing, or something that is not the skippable frame `184D2A50`, follows the zstd frame.
    #[error("no padding frame")]
    PaddingMissing,
    /// The padding frame's length runs past the end.
    #[error("the padding frame is cut short")]
    PaddingCut,
    /// The padding frame holds fewer than its 16 random bytes.
    #[error("the padding frame is too short")]
    PaddingTooShort,
    /// Something follows the padding frame.
    #[error("bytes after the padding frame")]
    ExtraFrame,
    /// The whole is not of exactly its Padmé size.
    #[error("not padded to its Padmé size")]
    WrongSize,
    /// A byte of the padding after the random ones is not zero.
    #[error("the padding is not zero")]
    NotZero,
}

/// The Padmé size for `len` bytes: the smallest size ≥ `len` whose last bits are zero, as many of them as leave
/// a floating-point number with a mantissa no longer than its exponent. Costs at most 12 %, and leaks O(log log len) bits.
/// (Nikitin et al., *Reducing Metadata Leakage from Encrypted Files and Communication with PURBs*, 2019, section 4.)
/// Lengths within a factor two of `u64::MAX` are returned as they are.
#[must_use]
pub fn padme(len: u64) -> u64 {
    let Some(exponent) = len.checked_ilog2() else { return len };
    let Some(exponent_bits) = exponent.checked_ilog2() else { return len };
    let free_bits = exponent - (exponent_bits + 1);
    let mask = (1_u64 << free_bits) - 1;
    len.checked_add(mask).map_or(len, |sum| sum & !mask)
}

/// [`padme`] for a length in memory.
fn padme_in_memory(len: usize) -> usize {
    u64::try_from(len).ok().and_then(|len| usize::try_from(padme(len)).ok()).unwrap_or(len)
}

/// Bytes that a plaintext has in all when its zstd frame has `frame` bytes.
pub(crate) fn padded_size(frame: usize) -> usize {
    padme_in_memory(frame + SKIPPABLE_HEADER + RANDOM)
}

/// Appends the padding frame to `plaintext`, which holds exactly one zstd frame.
pub(crate) fn pad(plaintext: &mut Vec<u8>) {
    let start = plaintext.len();
    let total = padded_size(start);
    let body = total - start - SKIPPABLE_HEADER;
    plaintext.reserve_exact(total - start);
    plaintext.extend_from_slice(&SKIPPABLE_MAGIC);
    // A plaintext is limited to a few MiB (`limits`), far below 4 GiB.
    plaintext.extend_from_slice(&u32::try_from(body).unwrap_or(u32::MAX).to_le_bytes());
    let mut random = [0; RANDOM];
    OsRng.fill_bytes(&mut random);
    plaintext.extend_from_slice(&random);
    plaintext.resize(total, 0);
}

/// Reads a plaintext strictly: exactly one zstd frame within limits, exactly one padding frame, exactly the Padmé size.
///
/// # Errors
/// The first fault met, from the front.
pub(crate) fn parse(plaintext: &[u8]) -> Result<Frame<'_>, PlaintextFault> {
    let (frame, rest) = frame::parse(plaintext)?;
    if rest.starts_with(&frame::MAGIC) {
        return Err(PlaintextFault::SecondFrame);
    }
    let rest = rest.strip_prefix(&SKIPPABLE_MAGIC).ok_or(PlaintextFault::PaddingMissing)?;
    let (len, rest) = rest.split_first_chunk::<4>().ok_or(PlaintextFault::PaddingCut)?;
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    let (body, after) = rest.split_at_checked(len).ok_or(PlaintextFault::PaddingCut)?;
    if !after.is_empty() {
        return Err(PlaintextFault::ExtraFrame);
    }
    let (_, zeros) = body.split_at_checked(RANDOM).ok_or(PlaintextFault::PaddingTooShort)?;
    if plaintext.len() != padded_size(frame.bytes.len()) {
        return Err(PlaintextFault::WrongSize);
    }
    if zeros.iter().fold(0, |seen, byte| seen | byte) != 0 {
        return Err(PlaintextFault::NotZero);
    }
    Ok(frame)
}
