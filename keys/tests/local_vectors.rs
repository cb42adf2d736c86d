//! What a device keeps for itself, against vectors that `vectors/local.py` wrote from `STATEMENTS.md`: `identity.age` and what it is
//! around, local rows at their places, the files that are rows by themselves.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use amanat_keys::canonical;
use amanat_keys::fingerprint::{DeviceId, Digest, JournalId, UnitId};
use amanat_keys::passphrase::Passphrase;
use amanat_keys::row_seal::{OVERHEAD, RowSeal};
use amanat_keys::vault::{JournalHead, Vault, WorkFactor};
use amanat_keys::{NonceHedge, NonceKey};
use serde_json::Value;

#[path = "vectors/digits.rs"]
mod digits;

use digits::{bytes, hex};

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/local.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn passphrase(text: &Value) -> Passphrase {
    Passphrase::to_open(text.as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn an_identity_file_opens_to_what_stands_in_it() {
    let all = vectors();
    assert_eq!(list(&all["vaults"]).len(), 3);
    for v in list(&all["vaults"]) {
        let vault = Vault::open(&hex(&v["file"]), &passphrase(&v["passphrase"]), true).unwrap();
        let elements = list(&v["elements"]);
        assert_eq!(vault.keys().device_id(), DeviceId::from_bytes(bytes(&elements[1])));
        assert_eq!(vault.keys().verifying_key().as_bytes()[..], hex(&v["public"]));
        assert_eq!(vault.keys().recipient().to_string(), v["recipient"].as_str().unwrap());
        let units: Vec<_> = vault.units().iter().map(|held| (held.unit, held.epoch)).collect();
        let listed = list(&elements[7]).iter();
        let listed: Vec<_> = listed.map(|u| (UnitId::from_bytes(bytes(&u[0])), u[1].as_u64().unwrap())).collect();
        assert_eq!(units, listed);
        let heads: Vec<_> = list(&elements[8])
            .iter()
            .map(|head| JournalHead {
                journal: JournalId::from_bytes(bytes(&head[0])),
                seq: head[1].as_u64().unwrap(),
                link: Digest::from_bytes(bytes(&head[2])),
            })
            .collect();
        assert_eq!(vault.heads(), heads);
        assert_eq!(vault.keys().retired().len(), list(&elements[4]).len());
        assert_eq!(vault.identities().len(), units.len() + 1 + vault.keys().retired().len());
    }
}

#[test]
fn what_a_vault_is_written_as_is_what_the_document_says() {
    for v in list(&vectors()["vaults"]) {
        let plain = hex(&v["plaintext"]);
        let vault: Vault = canonical::decode(&plain).unwrap();
        assert_eq!(canonical::encode(&vault), plain);
        let opened = Vault::open(&hex(&v["file"]), &passphrase(&v["passphrase"]), true).unwrap();
        assert!(vault.is_same(&opened));
        // Under a passphrase again, it opens by every spelling of it and by no other.
        let locked = vault.lock(&passphrase(&v["spelt"]), WorkFactor::new(10, true).unwrap()).unwrap();
        assert!(Vault::open(&locked, &passphrase(&v["passphrase"]), true).unwrap().is_same(&vault));
        assert!(Vault::open(&locked, &Passphrase::to_open(b"another one").unwrap(), true).is_err());
    }
}

#[test]
fn the_keys_of_a_vault_seal_and_hedge_as_the_document_says() {
    let all = vectors();
    let vault: Vault = canonical::decode(&hex(&all["vaults"][0]["plaintext"])).unwrap();
    let row = &all["rows"][0];
    let opened = vault.row_seal().open("vault", b"", b"", b"", &hex(&row["sealed"])).unwrap();
    assert_eq!(*opened, hex(&row["plaintext"]));
    let link = Digest::of(b"link");
    let nonce = |key: &NonceKey| NonceHedge { key, link }.nonce_from(&[7; 32], &link);
    assert_eq!(nonce(&vault.nonce_key()), nonce(&NonceKey::from_bytes(bytes(&all["nonce_key"]))));
}

#[test]
fn a_local_row_opens_at_its_place_and_is_sealed_for_it() {
    let all = vectors();
    let seal = RowSeal::new(&bytes(&all["vault_key"]));
    assert!(list(&all["rows"]).len() >= 10);
    for v in list(&all["rows"]) {
        let table = v["table"].as_str().unwrap();
        let (key, case, id) = (hex(&v["row_key"]), hex(&v["case"]), hex(&v["key_id"]));
        let (plain, sealed) = (hex(&v["plaintext"]), hex(&v["sealed"]));
        assert_eq!(*seal.open(table, &key, &case, &id, &sealed).unwrap(), plain, "{table}");
        assert_eq!(sealed.len(), plain.len() + OVERHEAD);
        // What is sealed here opens with the same parts and with none other: the nonce alone is free.
        let ours = seal.seal(table, &key, &case, &id, &plain).unwrap();
        assert_eq!(*seal.open(table, &key, &case, &id, &ours).unwrap(), plain);
        assert_ne!(ours, sealed, "a nonce is never used twice");
        for (table, key, case, id) in [
            ("other", &key[..], &case[..], &id[..]),
            (table, &[&key[..], b"x"].concat(), &case, &id),
            (table, &key, &[&case[..], b"x"].concat(), &id),
            (table, &key, &case, &[&id[..], b"x"].concat()),
        ] {
            assert!(seal.open(table, key, case, id, &sealed).is_err());
        }
    }
}
