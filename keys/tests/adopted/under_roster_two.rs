//! What the tests of statements under an adopted roster begin with.

use amanat_keys::fingerprint::Digest;
use amanat_keys::trust::Trust;
use serde_json::Value;

/// The bytes that hexadecimal digits in JSON spell.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().as_bytes();
    text.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A device that adopted roster 2 of the vectors, which wants both admins.
pub(crate) fn trust() -> Trust {
    let rosters: Value = serde_json::from_str(include_str!("../vectors/statements.json")).unwrap();
    let hash: Digest = rosters["roster 2 hash"].as_str().unwrap().parse().unwrap();
    Trust::pin_hash(&hex(&rosters["roster 2"]), &hash).unwrap()
}
