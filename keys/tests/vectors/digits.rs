//! Vectors and specimens are JSON: what stands in them as bytes, in hexadecimal digits.

use serde_json::Value;

/// Bytes.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().as_bytes();
    text.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// So many bytes.
pub(crate) fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}
