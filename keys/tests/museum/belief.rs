//! Judges of rosters: what a device that holds some versions does with the one that is offered.

use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::Digest;
use amanat_keys::trust::{Age, Step, Trust};
use serde_json::Value;

use crate::specimens::{bytes, hex, named, trust};

/// `held`, `offered`: whatever is refused changes nothing of what is believed.
pub(crate) fn roster(v: &Value) -> Result<(), String> {
    let mut trust = trust(&v["held"]);
    let (version, hash) = (trust.roster_version(), trust.roster_hash());
    match trust.adopt(&hex(&v["offered"])) {
        Ok(Step::Adopted) => {
            assert_eq!(trust.roster_version(), version + 1);
            Ok(())
        }
        Ok(Step::AlreadyHeld) => Err("AlreadyHeld".to_owned()),
        Err(fault) => {
            assert_eq!((trust.roster_version(), trust.roster_hash()), (version, hash), "{fault:?}");
            let rival = matches!(fault, KeysError::Forged(Forgery::Fork));
            assert_eq!(trust.forks().len(), usize::from(rival), "a valid rival is kept, and nothing else");
            Err(named(&fault))
        }
    }
}

/// `offered`, `hash` or `words`: the first roster that a device ever sees.
pub(crate) fn pin(v: &Value) -> Result<(), String> {
    let offered = hex(&v["offered"]);
    let pinned = match v.get("words").and_then(Value::as_str).filter(|words| !words.is_empty()) {
        Some(words) => Trust::pin(&offered, &words.parse().unwrap()),
        None => Trust::pin_hash(&offered, &Digest::from_bytes(bytes(&v["hash"]))),
    };
    pinned.map(drop).map_err(|fault| named(&fault))
}

/// `held`, `now`: how the newest roster stands; and that it is no less believed, since the next one is still adopted.
pub(crate) fn age(v: &Value) -> Result<(), String> {
    let mut trust = trust(&v["held"]);
    let age = trust.age(v["now"].as_str().unwrap().parse().unwrap());
    assert_eq!(trust.adopt(&hex(&v["offered"])).unwrap(), Step::Adopted);
    if age == Age::Current { Ok(()) } else { Err(format!("{age:?}")) }
}
