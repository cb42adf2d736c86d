//! What the tests of statements under an adopted roster begin with.

use amanat_keys::fingerprint::Digest;
use amanat_keys::trust::Trust;
use serde_json::Value;

#[path = "../vectors/digits.rs"]
#[expect(dead_code, reason = "not every vector holds something of a known length")]
mod digits;

pub(crate) use digits::hex;

/// A device that adopted roster 2 of the vectors, which wants both admins.
pub(crate) fn trust() -> Trust {
    let rosters: Value = serde_json::from_str(include_str!("../vectors/statements.json")).unwrap();
    let hash: Digest = rosters["roster 2 hash"].as_str().unwrap().parse().unwrap();
    Trust::pin_hash(&hex(&rosters["roster 2"]), &hash).unwrap()
}
