//! What the wire needs for CBOR beside `keys::canonical`: lengths that are bounded by a `usize` of `wire/limits.rs`, an element
//! that may be null, and lists written element by element.

use amanat_keys::canonical;
use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder, encode};

pub(crate) use amanat_keys::canonical::{array as array_of, array_of as fixed};

/// The length of a definite array of at most `max` elements.
pub(crate) fn array_upto(d: &mut Decoder<'_>, max: usize) -> Result<usize, Error> {
    let found = d.array()?.ok_or_else(|| Error::message("indefinite array"))?;
    match usize::try_from(found) {
        Ok(n) if n <= max => Ok(n),
        _ => Err(Error::message("too many elements")),
    }
}

/// A list of at most `max` elements, each read by `one`.
pub(crate) fn list<'b, T>(
    d: &mut Decoder<'b>,
    max: usize,
    one: impl FnMut(&mut Decoder<'b>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    canonical::list(d, count(max), one)
}

/// A byte string of at most `max` bytes.
pub(crate) fn bytes_upto(d: &mut Decoder<'_>, max: usize) -> Result<Vec<u8>, Error> {
    canonical::bytes(d, max).map(<[u8]>::to_vec)
}

/// Whether the next element is null; if so, it is read.
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
