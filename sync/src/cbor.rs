//! Reading deterministic CBOR as the formats allow it: definite arrays of a known length, byte strings of a known size,
//! lists with a maximum. Whether the bytes are the one right spelling is decided by encoding them again (FORMATS section 1).

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder, encode};

/// An array of exactly `n` elements.
pub(crate) fn array_of(d: &mut Decoder<'_>, n: u64) -> Result<(), Error> {
    match d.array()? {
        Some(found) if found == n => Ok(()),
        _ => Err(Error::message("array of another length")),
    }
}

/// The length of a definite array of at most `max` elements.
pub(crate) fn array_upto(d: &mut Decoder<'_>, max: usize) -> Result<usize, Error> {
    let found = d.array()?.ok_or_else(|| Error::message("indefinite array"))?;
    match usize::try_from(found) {
        Ok(n) if n <= max => Ok(n),
        _ => Err(Error::message("too many elements")),
    }
}

/// A list of at most `max` elements, each read by `one`. Room is not reserved on a stranger's word.
pub(crate) fn list<'b, T>(
    d: &mut Decoder<'b>,
    max: usize,
    mut one: impl FnMut(&mut Decoder<'b>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let n = array_upto(d, max)?;
    let mut out = Vec::with_capacity(n.min(64));
    for _ in 0..n {
        out.push(one(d)?);
    }
    Ok(out)
}

/// A byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], Error> {
    <[u8; N]>::try_from(d.bytes()?).map_err(|_short| Error::message("byte string of another length"))
}

/// A byte string of at most `max` bytes.
pub(crate) fn bytes_upto(d: &mut Decoder<'_>, max: usize) -> Result<Vec<u8>, Error> {
    let b = d.bytes()?;
    if b.len() > max { Err(Error::message("byte string too long")) } else { Ok(b.to_vec()) }
}

/// `None` where the next element is null.
pub(crate) fn is_null(d: &mut Decoder<'_>) -> Result<bool, Error> {
    if d.datatype()? == Type::Null {
        d.null()?;
        return Ok(true);
    }
    Ok(false)
}

/// The number of elements as CBOR writes it.
pub(crate) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Writes a list: its length, then each element by `one`.
pub(crate) fn put_list<W: encode::Write, T>(
    e: &mut Encoder<W>,
    items: &[T],
    mut one: impl FnMut(&mut Encoder<W>, &T) -> Result<(), encode::Error<W::Error>>,
) -> Result<(), encode::Error<W::Error>> {
    e.array(count(items.len()))?;
    items.iter().try_for_each(|item| one(e, item))
}
