//! Judges of what the hub says and hands out: receipts against what was written, checkpoints against the one before, documents
//! against what is on the shelf.

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};
use amanat_keys::statement::Statement;
use amanat_keys::trust::Trust;
use amanat_sync::SyncError;
use amanat_sync::chain::Head;
use amanat_sync::documents::{self, Adoption, Document, HeldDocument};
use amanat_sync::proof;
use amanat_sync::receipt::{Checkpoint, Expected, Receipt, Step, read_heads_list};
use serde_json::Value;

use crate::specimens::{bytes, hex, trust};
use crate::told;

fn hub(v: &Value) -> DeviceId {
    DeviceId::from_bytes(bytes(&v["hub"]))
}

fn statement(v: &Value) -> Statement {
    Statement::from_bytes(&hex(v)).unwrap()
}

/// `held`, `hub`, `offered`, and our own journal: its `device`, `journal`, `head` with its `link`, and its `links` by number.
pub(crate) fn receipt(v: &Value) -> Result<(), String> {
    let trust = trust(&v["held"]);
    let receipt = Receipt::prove(statement(&v["offered"]), &trust, &hub(v)).map_err(|fault| told(&fault))?;
    let link = |link: &Value| Digest::from_bytes(bytes(link));
    let expected = Expected {
        agency: trust.agency(),
        hub: hub(v),
        device: DeviceId::from_bytes(bytes(&v["device"])),
        journal: JournalId::from_bytes(bytes(&v["journal"])),
        head: Head { seq: v["head"].as_u64().unwrap(), link: link(&v["link"]) },
        link_there: v["links"].get(receipt.seq.to_string()).map(link),
    };
    receipt.check(&expected).map_err(|fault| told(&fault))
}

/// `held`, `hub`, the checkpoint that was `seen`, the one `offered` and the list of `heads` that came with it.
pub(crate) fn checkpoint(v: &Value) -> Result<(), String> {
    let trust = trust(&v["held"]);
    let offered = Checkpoint::prove(statement(&v["offered"]), &trust, &hub(v)).map_err(|fault| told(&fault))?;
    let seen = statement(&v["seen"]);
    let held = Checkpoint::decode(seen.payload()).unwrap();
    match offered.step_from(&held, &seen.payload_hash()) {
        Step::Same | Step::Forward => {}
        other => return Err(format!("{other:?}")),
    }
    read_heads_list(&hex(&v["heads"]), &offered).map(drop).map_err(|fault| told(&fault))
}

/// `held`, what stands on the `shelf`, and the document `offered`.
pub(crate) fn document(v: &Value) -> Result<(), String> {
    let trust = trust(&v["held"]);
    let prove = |bytes: &Value, trust: &Trust| -> Result<Document, String> {
        proof::prove(&hex(bytes), trust).map_err(|fault| told(&SyncError::Trust(fault)))
    };
    let shelf: Vec<Document> = v["shelf"].as_array().unwrap().iter().map(|d| prove(d, &trust).unwrap()).collect();
    let offered = prove(&v["offered"], &trust)?;
    let same = shelf.iter().find(|held| (held.kind, held.about) == (offered.kind, offered.about));
    assert_eq!(same.is_some(), !shelf.is_empty(), "what stands on the shelf is of the same kind");
    let held = same.map(|held| HeldDocument { version: held.version, digest: Digest::of(&held.bytes) });
    match documents::judge(held, &offered) {
        Adoption::Adopted => Ok(()),
        Adoption::Conflict { .. } => Err("Conflict".to_owned()),
        other => Err(format!("{other:?}")),
    }
}
