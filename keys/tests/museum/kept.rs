//! Judges of what a device keeps for itself: `identity.age` under its passphrase, a local row at its place.

use amanat_keys::passphrase::Passphrase;
use amanat_keys::row_seal::RowSeal;
use amanat_keys::vault::Vault;
use serde_json::Value;

use crate::specimens::{bytes, hex, named};

/// `file`, `passphrase`; `practice` accepts the low work factor of practice homes, which spares these tests most of their work, and
/// `zeros` stand where a file would be too large to keep.
pub(crate) fn vault(v: &Value) -> Result<(), String> {
    let given = |name: &str| v.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut file = hex(&v["file"]);
    file.resize(file.len() + given("zeros").parse().unwrap_or(0), 0);
    let passphrase = Passphrase::to_open(given("passphrase").as_bytes()).unwrap();
    Vault::open(&file, &passphrase, !given("practice").is_empty()).map(drop).map_err(|fault| named(&fault))
}

/// `vault_key`, the parts that a row is bound to, and the row `sealed`.
pub(crate) fn row(v: &Value) -> Result<(), String> {
    let seal = RowSeal::new(&bytes(&v["vault_key"]));
    let (table, key) = (v["table"].as_str().unwrap(), hex(&v["row_key"]));
    let opened = seal.open(table, &key, &hex(&v["case"]), &hex(&v["key_id"]), &hex(&v["sealed"]));
    opened.map(drop).map_err(|fault| named(&fault))
}
