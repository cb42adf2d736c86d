//! A whole age file, streamed in constant memory: what a bundle on a stick is.
//!
//! FORMATS section 7. Unlike a slip, a parcel is made by age alone, grease and all, and each has a file key of its own. Its
//! chunks are authentic one by one, so a reader may use the good beginning of a broken stick; only a read that ends
//! without error has seen the end.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use age::stream::StreamReader;
use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use thiserror::Error;

use crate::error::{Damage, KeysError, Malformed, NotForUs};
use crate::limits;
use crate::recipient::{AROUND_STANZAS, ReadIdentity, Recipient};
use crate::slip::SlipFault;

const VERSION_LINE: &[u8] = b"age-encryption.org/v1";

/// What is wrong with a parcel, or with the wish to make one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParcelFault {
    /// The header is longer than 64 KiB, or is not one of age version 1.
    #[error("not an age file, or its header is too long")]
    NotAParcel,
    /// More than 64 stanzas.
    #[error("the parcel has too many stanzas")]
    TooManyStanzas,
    /// A passphrase stanza: opening it would cost whatever its maker chose.
    #[error("the parcel is locked with a passphrase")]
    Passphrase,
    /// None of the identities opens it.
    #[error("the parcel is not for this reader")]
    NotForUs,
    /// The header's MAC is wrong, or a stanza is not as age has it.
    #[error("the parcel's header is damaged")]
    Damaged,
    /// A parcel for nobody, for more than 64, or for recipients of two kinds.
    #[error(transparent)]
    Recipients(#[from] SlipFault),
    /// Reading or writing failed.
    #[error("the parcel could not be read or written")]
    Io(#[from] io::Error),
}

impl From<ParcelFault> for KeysError {
    fn from(fault: ParcelFault) -> Self {
        match fault {
            ParcelFault::NotAParcel | ParcelFault::TooManyStanzas | ParcelFault::Passphrase => {
                Malformed::new("parcel").into()
            }
            ParcelFault::NotForUs => NotForUs::NoKey.into(),
            ParcelFault::Damaged => Damage::Seal.into(),
            ParcelFault::Recipients(fault) => fault.into(),
            ParcelFault::Io(error) => error.into(),
        }
    }
}

/// Writes a parcel for `recipients` to `output`: what `fill` writes, sealed. Returns `output` and what `fill` returned.
///
/// The end of the file is sealed here and cannot be forgotten. When `fill` fails it is not sealed, and what was written so far
/// is a parcel that says it is cut short.
///
/// # Errors
/// [`ParcelFault::Recipients`], or [`ParcelFault::Io`] from `output` or `fill`.
pub fn write<W: Write, T>(
    recipients: &[Recipient],
    output: W,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> Result<(W, T), ParcelFault> {
    if recipients.len() > limits::STANZAS {
        return Err(SlipFault::TooManyReaders.into());
    }
    // As many hybrid ones would make a header that nobody reads.
    let header: usize = recipients.iter().map(|recipient| recipient.kind().slip_bytes()).sum();
    if header + AROUND_STANZAS > limits::PARCEL_HEADER {
        return Err(SlipFault::TooManyReaders.into());
    }
    let encryptor = Encryptor::with_recipients(recipients.iter().map(|recipient| -> &dyn age::Recipient { recipient }))
        .map_err(|error| match error {
            EncryptError::IncompatibleRecipients { .. } => SlipFault::MixedKinds,
            _ => SlipFault::BadAudience,
        })?;
    let mut writer = encryptor.wrap_output(output)?;
    let made = fill(&mut writer)?;
    Ok((writer.finish()?, made))
}

/// The plaintext of a parcel, chunk by authentic chunk. A read error of kind `UnexpectedEof` is a cut (or damage in the last chunk,
/// which nobody can tell apart), of kind `InvalidData` damage before the end; what was read before either is authentic.
pub struct ParcelReader<R: Read> {
    plain: StreamReader<Whole<R>>,
    ended: Arc<AtomicBool>,
}

impl<R: Read> Read for ParcelReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.plain.read(buffer).map_err(|error| match error.kind() {
            // A chunk that is cut opens no more than one that was changed.
            io::ErrorKind::InvalidData if self.ended.load(Ordering::Relaxed) => {
                io::Error::new(io::ErrorKind::UnexpectedEof, error)
            }
            _ => error,
        })
    }
}

/// The header that was judged, and what follows it.
type Whole<R> = Chain<Cursor<Vec<u8>>, BufReader<Ending<R>>>;

/// Notes that the file has ended.
struct Ending<R> {
    inner: R,
    ended: Arc<AtomicBool>,
}

impl<R: Read> Read for Ending<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.ended.store(true, Ordering::Relaxed);
        }
        Ok(read)
    }
}

/// Opens a parcel with whichever identity fits. The header is read and judged before age sees it.
///
/// # Errors
/// A [`ParcelFault`].
pub fn open<'a, R: Read>(
    identities: impl IntoIterator<Item = &'a ReadIdentity>,
    input: R,
) -> Result<ParcelReader<R>, ParcelFault> {
    let ended = Arc::new(AtomicBool::new(false));
    let mut input = BufReader::new(Ending { inner: input, ended: Arc::clone(&ended) });
    let header = read_header(&mut input)?;
    let decryptor = Decryptor::new_buffered(Cursor::new(header).chain(input)).map_err(explain)?;
    let plain = decryptor
        .decrypt(identities.into_iter().map(|identity| -> &dyn age::Identity { identity }))
        .map_err(explain)?;
    Ok(ParcelReader { plain, ended })
}

/// Letters of a full line of a stanza's body.
const FULL: usize = 64;

/// Takes the header's lines from `input`, no more than the limit allows. A stanza's body ends with a line that is not full, be it empty: the
/// library would read on without one, as an early age wrote it.
fn read_header(input: &mut impl BufRead) -> Result<Vec<u8>, ParcelFault> {
    let mut header = Vec::new();
    let (mut stanzas, mut in_body) = (0, false);
    loop {
        let start = header.len();
        let room = u64::try_from(limits::PARCEL_HEADER - start).unwrap_or(0);
        input.by_ref().take(room).read_until(b'\n', &mut header)?;
        let (_, line) = header.split_at(start);
        let Some(line) = line.strip_suffix(b"\n") else { return Err(ParcelFault::NotAParcel) };
        let begins = line.starts_with(b"---") || line.starts_with(b"->");
        if start == 0 {
            if line != VERSION_LINE {
                return Err(ParcelFault::NotAParcel);
            }
        } else if begins == in_body || line.len() > FULL && in_body {
            return Err(ParcelFault::NotAParcel);
        } else if line.starts_with(b"---") {
            return Ok(header);
        } else if let Some(stanza) = line.strip_prefix(b"-> ") {
            stanzas += 1; // one more than recipients: age's grease
            if stanzas > limits::STANZAS + 1 {
                return Err(ParcelFault::TooManyStanzas);
            }
            if stanza.starts_with(b"scrypt") {
                return Err(ParcelFault::Passphrase);
            }
            in_body = true;
        } else {
            in_body = line.len() == FULL;
        }
    }
}

fn explain(error: DecryptError) -> ParcelFault {
    match error {
        DecryptError::NoMatchingKeys => ParcelFault::NotForUs,
        DecryptError::Io(error) => ParcelFault::Io(error),
        _ => ParcelFault::Damaged,
    }
}
