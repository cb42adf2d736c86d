//! A file hashed on its way: what is too large to be held is compared by its SHA-256, as written and as read back.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::fingerprint::Digest;

/// Passes bytes on, either way, and hashes and counts them.
#[derive(Debug)]
pub struct Digesting<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Digesting<T> {
    /// Around a reader or writer of which nothing has passed yet.
    pub fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// What was wrapped, how many bytes have passed, and their hash.
    pub fn finish(self) -> (T, u64, Digest) {
        (self.inner, self.bytes, Digest::from_bytes(self.hash.finalize().into()))
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.passed(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.passed(bytes.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_and_what_is_read_back_have_one_hash() {
        let text = vec![7_u8; 100_000];
        let mut out = Digesting::new(Vec::new());
        out.write_all(&text).unwrap();
        let (written, bytes, hash) = out.finish();
        assert_eq!((bytes, hash), (100_000, Digest::of(&text)));
        let mut back = Digesting::new(written.as_slice());
        io::copy(&mut back, &mut io::sink()).unwrap();
        assert_eq!(back.finish().2, hash);
    }
}
