//! One way to write CBOR, and a reader that takes nothing else (RFC 8949 section 4.2.1; FORMATS section 1).
//!
//! Types implement `minicbor`'s `Encode` and `Decode` by hand, as definite arrays. [`decode`] reads, writes again and compares, so
//! that one value has one spelling: longer integers, indefinite lengths, extra elements and trailing bytes are all *malformed*.

use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode};
use zeroize::Zeroizing;

use crate::error::Malformed;

/// The bytes of a value. Writing into memory cannot fail and no `Encode` of ours raises an error; should one ever do so, the
/// result is empty, which every reader refuses.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    written(value, 256)
}

/// The bytes of a value that holds secrets: wiped when dropped, and with room enough that no copy is left behind by growing.
pub(crate) fn encode_secret<T: Encode<()>>(value: &T) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(written(value, 256 << 10))
}

fn written<T: Encode<()>>(value: &T, room: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(room);
    match minicbor::encode(value, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// The value of exactly these bytes.
///
/// # Errors
/// [`Malformed`], naming the type, when the bytes are not the one canonical spelling of a `T`.
pub fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, Malformed> {
    let mut decoder = Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|source| Malformed::because(kind_of::<T>(), source))?;
    if decoder.position() != bytes.len() {
        return Err(Malformed::because(kind_of::<T>(), Error::message("bytes after the end")));
    }
    // Wiped, since what is decoded may be a vault.
    if *Zeroizing::new(written(&value, bytes.len())) != bytes {
        return Err(Malformed::because(kind_of::<T>(), Error::message("not the canonical spelling")));
    }
    Ok(value)
}

/// Reads the head of an array that must have exactly `count` elements.
///
/// # Errors
/// When it is no array, of indefinite length, or of another length.
pub fn array(d: &mut Decoder<'_>, count: u64) -> Result<(), Error> {
    match d.array()? {
        Some(n) if n == count => Ok(()),
        _ => Err(Error::message("wrong number of elements").at(d.position())),
    }
}

/// Reads the version number that begins every format: 1.
///
/// # Errors
/// When it is another.
pub fn version(d: &mut Decoder<'_>) -> Result<(), Error> {
    match d.u8()? {
        1 => Ok(()),
        _ => Err(Error::message("unknown version").at(d.position())),
    }
}

/// Reads an array of at most `most` elements, each with `item`.
///
/// # Errors
/// When the array is indefinite or longer than `most`, or an item fails.
pub fn list<'b, T>(
    d: &mut Decoder<'b>,
    most: u64,
    mut item: impl FnMut(&mut Decoder<'b>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    match d.array()? {
        Some(n) if n <= most => (0..n).map(|_| item(d)).collect(),
        _ => Err(Error::message("list too long or of unknown length").at(d.position())),
    }
}

/// Reads a byte string of exactly `N` bytes.
///
/// # Errors
/// When it is no byte string or of another length.
pub fn array_of<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], Error> {
    let at = d.position();
    d.bytes()?
        .try_into()
        .map_err(|_source: std::array::TryFromSliceError| Error::message("byte string of the wrong length").at(at))
}

/// Reads a byte string of at most `most` bytes.
///
/// # Errors
/// When it is no byte string or longer.
pub fn bytes<'b>(d: &mut Decoder<'b>, most: usize) -> Result<&'b [u8], Error> {
    let at = d.position();
    let bytes = d.bytes()?;
    if bytes.len() > most { Err(Error::message("byte string too long").at(at)) } else { Ok(bytes) }
}

/// Reads a text of at most `most` bytes of UTF-8.
///
/// # Errors
/// When it is no text or longer.
pub fn text(d: &mut Decoder<'_>, most: usize) -> Result<String, Error> {
    let at = d.position();
    let text = d.str()?;
    if text.len() > most { Err(Error::message("text too long").at(at)) } else { Ok(text.to_owned()) }
}

/// Whether every key is strictly greater than the one before: sorted, and none twice.
pub fn strictly_rising<K: Ord>(keys: impl IntoIterator<Item = K>) -> bool {
    let mut last = None;
    for key in keys {
        if last.as_ref().is_some_and(|last| *last >= key) {
            return false;
        }
        last = Some(key);
    }
    true
}

/// The last part of the type's path: enough to say what was malformed.
fn kind_of<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}
