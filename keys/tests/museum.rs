//! The museum of broken inputs: each is refused with its own exact fault, and its repaired copy is accepted.
//!
//! The specimens are files beside this one, written by `museum/make.py` from the specification; a file's name is the attack's.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::{CaseKey, Place, Slip, SlipFault, envelope, payload};
use serde_json::Value;

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().as_bytes();
    text.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
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

fn specimens(kind: &str) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/museum");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let v: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(
                path.file_stem().unwrap().to_str(),
                v["attack"].as_str(),
                "a specimen is named after its attack"
            );
            found.extend((v["kind"] == kind).then_some(v));
        }
    }
    found
}

/// Names of all specimens of a kind that do not behave, so that one run shows all.
fn misbehaving(kind: &str, at_least: usize, judge: impl Fn(&Value) -> (String, Option<String>)) -> Vec<String> {
    let specimens = specimens(kind);
    assert!(specimens.len() >= at_least, "only {} specimens of {kind}", specimens.len());
    let mut wrong = Vec::new();
    for v in &specimens {
        let (refused, repaired) = judge(v);
        let (name, expected) = (v["attack"].as_str().unwrap(), v["refused"].as_str().unwrap());
        if refused != expected {
            wrong.push(format!("{name}: {refused} instead of {expected}"));
        }
        if let Some(fault) = repaired {
            wrong.push(format!("{name}: repaired copy refused with {fault}"));
        }
    }
    wrong
}

const NONE: &[String] = &[];

#[test]
fn envelopes() {
    let open = |v: &Value| {
        let commitment = Digest::from_bytes(bytes(&v["commitment"]));
        let digest = Digest::from_bytes(bytes(&v["digest"]));
        let key = CaseKey::from_bytes(bytes(&v["file_key"]));
        envelope::open(&hex(&v["envelope"]), &place(&v["place"]), &key, &commitment, &digest)
    };
    let wrong = misbehaving("envelope", 40, |v| {
        let refused = open(v).map_or_else(|fault| format!("{fault:?}"), |_| "accepted".to_owned());
        (refused, open(&v["repaired"]).err().map(|fault| format!("{fault:?}")))
    });
    assert_eq!(wrong, NONE);
}

#[test]
fn payloads() {
    let wrong = misbehaving("payload", 9, |v| {
        let key = CaseKey::from_bytes(bytes(&v["file_key"]));
        let plain: Vec<u8> = (0..number(&v["size"])).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let good = payload::seal(&key, &bytes(&v["nonce"]), &plain);
        assert_eq!(Digest::of(&good).as_bytes(), &bytes(&v["sealed_sha256"]));
        let pieced = |pieces: &Value| -> Vec<u8> {
            let pieces = pieces.as_array().unwrap().iter();
            pieces
                .flat_map(|piece| match piece.as_array() {
                    Some(range) => good[number(&range[0])..number(&range[1])].to_vec(),
                    None => hex(piece),
                })
                .collect()
        };
        let open = |pieces: &Value| payload::open(&key, &pieced(pieces)).map(drop);
        let refused = open(&v["pieces"]).map_or_else(|fault| format!("{fault:?}"), |()| "accepted".to_owned());
        (refused, open(&v["repaired"]).err().map(|fault| format!("{fault:?}")))
    });
    assert_eq!(wrong, NONE);
}

fn open_slip(v: &Value) -> Result<CaseKey, SlipFault> {
    // One character is one byte in these files; `repeat` lengthens what would be too large to keep.
    let mut text: Vec<u8> = v["slip"].as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    text.extend(vec![b'x'; v.get("repeat").map_or(0, number)]);
    let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
    let slip = Slip::parse(&text, number(&v["audience"]))?;
    slip.open(&[identity], &place(&v["place"]), &KeyId::from_bytes(bytes(&v["key_id"])))
}

#[test]
fn slips() {
    let wrong = misbehaving("slip", 35, |v| {
        let refused = open_slip(v).map_or_else(|fault| format!("{fault:?}"), |_| "accepted".to_owned());
        (refused, open_slip(&v["repaired"]).err().map(|fault| format!("{fault:?}")))
    });
    assert_eq!(wrong, NONE);
}

/// Every byte of every good plaintext and slip changed in turn: refused (or, for a plaintext's free bytes, opened), never a panic.
#[test]
fn no_single_changed_byte_panics() {
    let v = &specimens("envelope")[0]["repaired"];
    let (key, place) = (CaseKey::from_bytes(bytes(&v["file_key"])), place(&v["place"]));
    let plain = payload::open(&key, &hex(&v["envelope"])).unwrap();
    let (mut refused, mut opened) = (0_usize, 0_usize);
    for at in 0..plain.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = plain.to_vec();
            changed[at] ^= change;
            let sealed = payload::seal(&key, &[0; 16], &changed);
            match envelope::open(&sealed, &place, &key, &Digest::of(&changed), &Digest::of(&sealed)) {
                Ok(_) => opened += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 100, "{refused} refused");
    // Only the padding's 16 random bytes and a window descriptor that stays within its limit are free.
    assert!(opened <= 17 * 3, "{opened} opened although changed");

    let slip = &specimens("slip")[0]["repaired"];
    let text = slip["slip"].as_str().unwrap().as_bytes().to_vec();
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed[at] ^= 1;
        let text: String = changed.iter().map(|byte| char::from(*byte)).collect();
        let mut v = slip.clone();
        v["slip"] = Value::from(text);
        assert!(open_slip(&v).is_err(), "byte {at}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Any bytes at all where a plaintext, an envelope or a slip is expected: an answer, never a panic.
    #[test]
    fn no_bytes_panic(noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600), keep in 0_usize..400) {
        let v: Value = serde_json::from_str(include_str!("museum/two-frames.json")).unwrap();
        let (key, place) = (CaseKey::from_bytes(bytes(&v["file_key"])), place(&v["place"]));
        let mut plain = payload::open(&key, &hex(&v["repaired"]["envelope"])).unwrap().to_vec();
        plain.truncate(keep);
        plain.extend_from_slice(&noise);
        let sealed = payload::seal(&key, &[0; 16], &plain);
        let opened = envelope::open(&sealed, &place, &key, &Digest::of(&plain), &Digest::of(&sealed));
        // Only the whole plaintext, with nothing after it, is one.
        proptest::prop_assert!(opened.is_err() || noise.is_empty());
        proptest::prop_assert!(payload::open(&key, &noise).is_err());
        proptest::prop_assert!(Slip::parse(&noise, 1).is_err());
    }
}
