//! Walks one zstd frame by its block headers, before any of it is handed to the decompressor.
//!
//! RFC 8878 section 3.1.1. The walk says where the frame ends, which dictionary it names and how much it will unfold
//! to, so that every limit is judged on the outside and a bomb is refused before a byte is set aside for it.

use thiserror::Error;

use crate::{dictionary, limits};

/// Magic number of a zstd frame, as it stands in the file.
pub(crate) const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// What is wrong with a zstd frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameFault {
    /// It does not begin as a zstd frame.
    #[error("not a zstd frame")]
    NotAFrame,
    /// It ends before its last block and checksum.
    #[error("the zstd frame is cut short")]
    Cut,
    /// A reserved bit or block type is used.
    #[error("the zstd frame uses what is reserved")]
    Reserved,
    /// It carries no checksum of its content.
    #[error("the zstd frame has no checksum")]
    NoChecksum,
    /// It does not say how much it unfolds to.
    #[error("the zstd frame does not say its content's size")]
    NoContentSize,
    /// It says that it unfolds to more than [`limits::CONTENT`] bytes.
    #[error("the content is larger than is allowed")]
    ContentTooLarge,
    /// Its window is larger than [`limits::WINDOW`] bytes.
    #[error("the zstd window is larger than is allowed")]
    WindowTooLarge,
    /// It names a dictionary that is not in this version's fixed table.
    #[error("dictionary {0} is not known")]
    UnknownDictionary(u32),
}

/// A zstd frame whose outside is in order. Its content has not been looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// The whole frame, magic number to checksum.
    pub(crate) bytes: &'a [u8],
    /// Id of the dictionary, known to be in the table; 0 for none.
    pub(crate) dictionary: u32,
    /// Size of the content in bytes, at most [`limits::CONTENT`].
    pub(crate) content: usize,
}

/// Walks the frame that `input` begins with and returns it with what follows.
///
/// # Errors
/// The first fault met, from the front.
pub(crate) fn parse(input: &[u8]) -> Result<(Frame<'_>, &[u8]), FrameFault> {
    let mut reader = Reader(input.strip_prefix(&MAGIC).ok_or(FrameFault::NotAFrame)?);
    let descriptor = reader.byte()?;
    if descriptor & 0b0001_1000 != 0 {
        return Err(FrameFault::Reserved);
    }
    if descriptor & 0b0000_0100 == 0 {
        return Err(FrameFault::NoChecksum);
    }
    let single_segment = descriptor & 0b0010_0000 != 0;
    let window = if single_segment { None } else { Some(window_size(reader.byte()?)) };
    let dictionary = match descriptor & 0b11 {
        0 => 0,
        1 => reader.number(1)?,
        2 => reader.number(2)?,
        _ => reader.number(4)?,
    };
    let content = match descriptor >> 6 {
        0 if single_segment => reader.number(1)?,
        0 => return Err(FrameFault::NoContentSize),
        1 => reader.number(2)? + 256,
        2 => reader.number(4)?,
        _ => reader.number(8)?,
    };
    let content = usize::try_from(content).ok().filter(|size| *size <= limits::CONTENT);
    let content = content.ok_or(FrameFault::ContentTooLarge)?;
    // A single segment's window is its content, which is below the limit by now.
    if window.is_some_and(|window| window > limits::WINDOW) {
        return Err(FrameFault::WindowTooLarge);
    }
    let dictionary = u32::try_from(dictionary).unwrap_or(u32::MAX);
    if !dictionary::is_known(dictionary) {
        return Err(FrameFault::UnknownDictionary(dictionary));
    }
    reader.blocks()?;
    reader.skip(4)?; // the checksum
    let size = input.len() - reader.0.len();
    let (bytes, rest) = input.split_at_checked(size).ok_or(FrameFault::Cut)?;
    Ok((Frame { bytes, dictionary, content }, rest))
}

/// Window size in bytes from its descriptor (RFC 8878 section 3.1.1.1.2).
fn window_size(descriptor: u8) -> u64 {
    let base = 1_u64 << (10 + (descriptor >> 3));
    base + base / 8 * u64::from(descriptor & 0b111)
}

/// Takes bytes from the front and never past the end.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, FrameFault> {
        let (first, rest) = self.0.split_first().ok_or(FrameFault::Cut)?;
        self.0 = rest;
        Ok(*first)
    }

    /// A little-endian number of `size` ≤ 8 bytes.
    fn number(&mut self, size: usize) -> Result<u64, FrameFault> {
        let (bytes, rest) = self.0.split_at_checked(size).ok_or(FrameFault::Cut)?;
        self.0 = rest;
        Ok(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn skip(&mut self, size: usize) -> Result<(), FrameFault> {
        let (_, rest) = self.0.split_at_checked(size).ok_or(FrameFault::Cut)?;
        self.0 = rest;
        Ok(())
    }

    /// Steps over the blocks up to and with the last (RFC 8878 section 3.1.1.2).
    fn blocks(&mut self) -> Result<(), FrameFault> {
        loop {
            let header = self.number(3)?;
            let size = usize::try_from(header >> 3).unwrap_or(usize::MAX);
            match (header >> 1) & 0b11 {
                0 | 2 => self.skip(size)?, // raw, compressed
                1 => self.skip(1)?,        // one byte, repeated
                _ => return Err(FrameFault::Reserved),
            }
            if header & 1 == 1 {
                return Ok(());
            }
        }
    }
}
