//! The frames of the wire over a stream that never fits in memory: one read, or one written, at a time; and the padding behind
//! the last.

use std::io::{self, Read, Write};

use amanat_keys::padding::padme;

use super::fault::BundleFault;
use crate::cbor::count;
use crate::wire::codec::frame_length;

/// Longest head of a frame.
const HEAD: usize = 5;
/// The padding is written and read in blocks of this size.
const BLOCK: usize = 16 * 1024;

/// Counts what goes through it.
pub(super) struct Counted<T> {
    pub(super) inner: T,
    pub(super) bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.bytes = self.bytes.saturating_add(count(taken));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Counted<W> {
    /// Fills up with zeros to the Padmé size of what was written.
    pub(super) fn pad(&mut self) -> io::Result<()> {
        let mut left = padme(self.bytes).saturating_sub(self.bytes);
        let zeros = [0; BLOCK];
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            self.write_all(zeros.get(..now).unwrap_or_default())?;
            left = left.saturating_sub(count(now));
        }
        Ok(())
    }
}

impl<R: Read> Counted<R> {
    /// The content of the next frame.
    pub(super) fn frame(&mut self, max: usize) -> Result<Vec<u8>, BundleFault> {
        let mut head = Vec::with_capacity(HEAD);
        let size = loop {
            let mut byte = [0];
            self.fill(&mut byte)?;
            head.extend_from_slice(&byte);
            if let Some((size, _)) = frame_length(&head).map_err(BundleFault::inside)? {
                break size;
            }
        };
        if size > max {
            return Err(BundleFault::TooBig("frame"));
        }
        let mut content = vec![0; size];
        self.fill(&mut content)?;
        Ok(content)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BundleFault> {
        self.inner.read_exact(bytes)?;
        self.bytes = self.bytes.saturating_add(count(bytes.len()));
        Ok(())
    }

    /// Reads to the end: zeros, exactly as many as the padding has.
    pub(super) fn end(&mut self) -> Result<(), BundleFault> {
        let (whole, mut seen, mut block) = (padme(self.bytes), self.bytes, [0; BLOCK]);
        loop {
            let read = match self.inner.read(&mut block) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if read == 0 {
                break;
            }
            seen = seen.saturating_add(count(read));
            if block.iter().take(read).any(|byte| *byte != 0) {
                return Err(BundleFault::Malformed("bytes after the last item"));
            }
        }
        if seen == whole { Ok(()) } else { Err(BundleFault::Malformed("not padded to its size")) }
    }
}
