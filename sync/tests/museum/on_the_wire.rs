//! Judges of what passes between a device and a hub: bodies of a push or of the answer to a pull, messages, signed requests.

use amanat_keys::verifying_key::VerifyingKey;
use amanat_sync::batch::Run;
use amanat_sync::signature;
use amanat_sync::unspent::Unspent;
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{DocumentsReply, DocumentsRequest, PullRequest, PushReply, RostersRequest};
use amanat_sync::wire::parts::{PartsReply, PartsRequest};
use amanat_sync::wire::team::{TeamReply, TeamRequest};
use serde_json::Value;

use crate::covered::covered;
use crate::specimens::{bytes, hex};
use crate::told;

fn key(v: &Value) -> VerifyingKey {
    VerifyingKey::from_bytes(&bytes(&v["key"])).unwrap()
}

/// The `body` of a `verb`: read to its end, and every entry that was rebuilt held against the `key` that signed it.
pub(crate) fn body(v: &Value) -> Result<(), String> {
    let body = hex(&v["body"]);
    let read: Result<(Vec<Run>, bool), _> = match v["verb"].as_str().unwrap() {
        "push" => codec::read_push(&body).map(|(_, runs, whole)| (runs, whole)),
        _ => codec::read_pull(&body).map(|(_, runs, whole)| (runs, whole)),
    };
    let (runs, whole) = read.map_err(|fault| told(&fault))?;
    let key = key(v);
    runs.iter().flat_map(Run::entries).try_for_each(|entry| entry.verify(&key)).map_err(|fault| told(&fault))?;
    if whole {
        Ok(())
    } else {
        Err(format!("Cut after {} items", runs.iter().map(|run| run.items.len()).sum::<usize>()))
    }
}

/// A `message` in `bytes`, as its receiver reads it: the version first. `zeros` lengthen what would be tedious to keep.
pub(crate) fn message(v: &Value) -> Result<(), String> {
    let mut bytes = hex(&v["bytes"]);
    let zeros = v.get("zeros").and_then(Value::as_str).unwrap_or_default();
    bytes.resize(bytes.len() + zeros.parse().unwrap_or(0), 0);
    let read = codec::check_version(&bytes).and_then(|()| match v["message"].as_str().unwrap() {
        "push-reply" => PushReply::from_bytes(&bytes).map(drop),
        "pull-request" => PullRequest::from_bytes(&bytes).map(drop),
        "documents-request" => DocumentsRequest::from_bytes(&bytes).map(drop),
        "documents-reply" => DocumentsReply::from_bytes(&bytes).map(drop),
        "rosters-request" => RostersRequest::from_bytes(&bytes).map(drop),
        "parts-request" => PartsRequest::from_bytes(&bytes).map(drop),
        "parts-reply" => PartsReply::from_bytes(&bytes).map(drop),
        "team-request" => TeamRequest::from_bytes(&bytes).map(drop),
        // The last kind of them: whatever is called otherwise does not read as one.
        _ => TeamReply::from_bytes(&bytes).map(drop),
    });
    read.map_err(|fault| told(&fault))
}

/// A request as it arrived (`values` of what is covered, two signature fields, the `body`), and the `key` of the device in whose name it
/// comes. Where nonces are in question: those that were `given` to the device, and the signature fields of what came `before`.
pub(crate) fn request(v: &Value) -> Result<(), String> {
    let (input, signature) = (v["signature_input"].as_str().unwrap(), v["signature"].as_str().unwrap());
    let claim = signature::parse(input, signature).map_err(|fault| format!("{fault:?}"))?;
    let parts = covered(v);
    let base = parts.base(&claim.device, &claim.nonce);
    key(v).verify_request(base.as_bytes(), &claim.signature).map_err(|fault| format!("{fault:?}"))?;
    if let Some(given) = v.get("given") {
        let mut unspent = Unspent::default();
        given.as_array().unwrap().iter().for_each(|nonce| unspent.give(bytes(nonce), usize::MAX));
        for before in v["before"].as_array().unwrap() {
            let (input, signature) =
                (before["signature_input"].as_str().unwrap(), before["signature"].as_str().unwrap());
            unspent.spend(&signature::parse(input, signature).unwrap().nonce).unwrap();
        }
        unspent.spend(&claim.nonce).map_err(|fault| format!("{fault:?}"))?;
    }
    let same = signature::content_digest(&hex(&v["body"])) == parts.content_digest;
    if same { Ok(()) } else { Err("OtherBody".to_owned()) }
}
