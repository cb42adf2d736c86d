//! Reads what `vectors/make.py` wrote from the specification: places, key ids, nonces, paddings, payloads, envelopes, slips.
//!
//! Nothing here is computed by the code under test and then expected of it.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::{CaseKey, NonceHedge, NonceKey, Place, Slip, SlipFault, envelope, padding, part, payload};
use serde_json::Value;
use std::io::Cursor;

#[path = "vectors/digits.rs"]
mod digits;

use digits::{bytes, hex};

fn read(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn place(v: &Value) -> Place {
    Place {
        agency: AgencyId::from_bytes(bytes(&v["agency"])),
        device: DeviceId::from_bytes(bytes(&v["device"])),
        journal: JournalId::from_bytes(bytes(&v["journal"])),
        seq: v["seq"].as_u64().unwrap(),
        case: CaseId::from_bytes(bytes(&v["case"])),
        key: v["key"].as_u64().unwrap(),
    }
}

fn file_key(v: &Value) -> CaseKey {
    CaseKey::from_bytes(bytes(&v["file_key"]))
}

#[test]
fn slots_and_key_ids() {
    let vectors = read(include_str!("vectors/places.json"));
    assert_eq!(vectors.len(), 5);
    for v in &vectors {
        assert_eq!(place(v).slot(), bytes(&v["slot"]));
        assert_eq!(*file_key(v).id(&place(v)).as_bytes(), bytes(&v["key_id"]));
    }
}

#[test]
fn hedged_nonces() {
    for v in &read(include_str!("vectors/nonces.json")) {
        let key = NonceKey::from_bytes(bytes(&v["nonce_key"]));
        let hedge = NonceHedge { key: &key, link: Digest::from_bytes(bytes(&v["link"])) };
        let nonce = hedge.nonce_from(&bytes(&v["random"]), &Digest::of(&hex(&v["plaintext"])));
        assert_eq!(nonce, bytes(&v["nonce"]));
    }
}

#[test]
fn padme_sizes() {
    for v in &read(include_str!("vectors/padme.json")) {
        assert_eq!(padding::padme(v[0].as_u64().unwrap()), v[1].as_u64().unwrap(), "{v}");
    }
}

#[test]
fn payloads() {
    let vectors = read(include_str!("vectors/payloads.json"));
    assert_eq!(vectors.len(), 9);
    for v in &vectors {
        let plain: Vec<u8> = (0..v["size"].as_u64().unwrap()).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let sealed = payload::seal(&file_key(v), &bytes(&v["nonce"]), &plain);
        assert_eq!(sealed.len(), payload::sealed_size(plain.len()));
        assert_eq!(Digest::of(&sealed).as_bytes(), &bytes(&v["sealed_sha256"]), "{v}");
        assert_eq!(*payload::open(&file_key(v), &sealed).unwrap(), plain);
    }
}

#[test]
fn attachments() {
    let vectors = read(include_str!("vectors/parts.json"));
    assert_eq!(vectors.len(), 7);
    for v in &vectors {
        let plain: Vec<u8> = (0..v["size"].as_u64().unwrap()).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let nonce_key = NonceKey::from_bytes(bytes(&v["nonce_key"]));
        let hedge = NonceHedge { key: &nonce_key, link: Digest::from_bytes(bytes(&v["link"])) };
        let (mut sealed, random) = (Vec::new(), bytes(&v["random"]));
        let going = &mut |_| true;
        let made =
            part::seal_from(&mut Cursor::new(&plain), &mut sealed, &file_key(v), &hedge, &random, going).unwrap();
        assert_eq!(sealed[..16], hex(&v["nonce"]));
        assert_eq!(made.commitment.as_bytes(), &bytes(&v["commitment"]));
        assert_eq!(made.digest.as_bytes(), &bytes(&v["digest"]));
        assert_eq!(made.size, v["sealed_size"].as_u64().unwrap());
        assert_eq!(part::sealed_size(made.plain), made.size);
        assert_eq!(part::plain_size(made.size), made.plain);
        let mut opened = Vec::new();
        part::open(&mut Cursor::new(&sealed), &mut opened, &file_key(v), &made.commitment, &made.digest, going)
            .unwrap();
        assert_eq!(opened, plain);
    }
}

#[test]
fn envelopes() {
    let vectors = read(include_str!("vectors/envelopes.json"));
    assert_eq!(vectors.len(), 5);
    for v in &vectors {
        let commitment = Digest::from_bytes(bytes(&v["commitment"]));
        let digest = Digest::from_bytes(bytes(&v["digest"]));
        let sealed = hex(&v["envelope"]);
        assert_eq!(*payload::open(&file_key(v), &sealed).unwrap(), hex(&v["plaintext"]));
        let json = envelope::open(&sealed, &place(v), &file_key(v), &commitment, &digest).unwrap();
        assert_eq!(std::str::from_utf8(&json).unwrap(), v["json"].as_str().unwrap());
    }
}

#[test]
fn slips() {
    let vectors = read(include_str!("vectors/slips.json"));
    assert_eq!(vectors.len(), 5);
    for v in &vectors {
        let audience = usize::try_from(v["audience"].as_u64().unwrap()).unwrap();
        let key_id = KeyId::from_bytes(bytes(&v["key_id"]));
        let slip = Slip::parse(v["slip"].as_str().unwrap().as_bytes(), audience).unwrap();
        for reader in v["readers"].as_array().unwrap() {
            let identity = ReadIdentity::from_text(reader["identity"].as_str().unwrap()).unwrap();
            assert_eq!(identity.recipient().to_string(), reader["recipient"].as_str().unwrap());
            assert_eq!(*identity.key_id().as_bytes(), bytes(&reader["key_id"]));
            let key = slip.open(&[identity], &place(v), &key_id).unwrap();
            assert_eq!(key.expose(), file_key(v).expose());
        }
        let stranger = ReadIdentity::generate().unwrap();
        assert_eq!(slip.open(&[stranger], &place(v), &key_id).unwrap_err(), SlipFault::NotForUs);
    }
}
