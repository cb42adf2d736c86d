//! Judges of statements that are no rosters: any statement by a known key, unit keys, join requests, freshness, words on a rotation.

use amanat_keys::device::{DeviceKeys, Signer};
use amanat_keys::error::KeysError;
use amanat_keys::fingerprint::{AgencyId, DeviceId};
use amanat_keys::freshness::{Confirmed, Freshness};
use amanat_keys::join::JoinRequest;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::rotation::RotationWord;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::unit_key::UnitKeys;
use amanat_keys::verifying_key::VerifyingKey;
use serde_json::Value;

use crate::specimens::{bytes, hex, named, trust};

fn agency(v: &Value) -> AgencyId {
    AgencyId::from_bytes(bytes(&v["agency"]))
}

fn told<T>(judged: Result<T, KeysError>) -> Result<T, String> {
    judged.map_err(|fault| named(&fault))
}

/// `offered` by `key`; `zeros` and `tail` lengthen what would be too large to keep.
pub(crate) fn statement(v: &Value) -> Result<(), String> {
    let mut offered = hex(&v["offered"]);
    if let Some(zeros) = v.get("zeros").and_then(Value::as_u64).filter(|zeros| *zeros > 0) {
        offered.resize(offered.len() + usize::try_from(zeros).unwrap(), 0);
        offered.extend(hex(&v["tail"]));
    }
    let key = VerifyingKey::from_bytes(&bytes(&v["key"]));
    told(Statement::from_bytes(&offered).map_err(KeysError::from).and_then(|statement| {
        assert_eq!(statement.to_bytes(), offered, "one spelling");
        statement.expect::<Freshness>(Purpose::Freshness)?.verify_by(&agency(v), &key?)
    }))
    .map(drop)
}

/// `held`, `offered`, and the device that opens it: `device`, `seed`, `identity`.
pub(crate) fn unit_keys(v: &Value) -> Result<(), String> {
    let trust = trust(&v["held"]);
    let signer = Signer::from_seed(&bytes(&v["seed"])).unwrap();
    let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
    let keys = DeviceKeys::from_parts(DeviceId::from_bytes(bytes(&v["device"])), signer, identity, Vec::new());
    told(UnitKeys::verify(&hex(&v["offered"]), &trust).and_then(|proven| proven.value().open(&keys, &trust))).map(drop)
}

/// `offered` and the `words` that were read aloud beside the new device.
pub(crate) fn join_request(v: &Value) -> Result<(), String> {
    let words = v["words"].as_str().unwrap().parse().unwrap();
    told(JoinRequest::approve(&hex(&v["offered"]), &words, &agency(v))).map(drop)
}

/// `held`, `offered`.
pub(crate) fn freshness(v: &Value) -> Result<(), String> {
    let trust = trust(&v["held"]);
    let word = told(Freshness::verify(&hex(&v["offered"]), &trust))?;
    assert_eq!(word.value().judge(&trust), Confirmed::Newest);
    Ok(())
}

/// `held`, `offered`.
pub(crate) fn rotation_word(v: &Value) -> Result<(), String> {
    let trust = trust(&v["held"]);
    told(RotationWord::verify(&hex(&v["offered"]), &trust)).map(drop)
}
