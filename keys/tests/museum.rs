//! The museum of broken inputs: each is refused with its own exact fault, and its repaired copy is accepted.
//!
//! The specimens are files beside this one, written by `museum/make.py` from the specification; a file's name is the attack's.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::{CaseKey, Place, Slip, SlipFault, envelope, payload};
use serde_json::Value;

use crate::specimens::{Judge, bytes, hex, misbehaving, repaired, specimen};

#[path = "museum/belief.rs"]
mod belief;
#[path = "museum/kept.rs"]
mod kept;
#[path = "museum/specimens.rs"]
mod specimens;
#[path = "museum/spoken.rs"]
mod spoken;

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

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/museum");

#[test]
fn every_specimen_is_refused_with_its_own_fault_and_its_repaired_copy_is_accepted() {
    let judges: [(&str, usize, Judge); 13] = [
        ("envelope", 40, open_envelope),
        ("payload", 9, open_payload),
        ("slip", 35, |v| open_slip(v).map(drop).map_err(|fault| format!("{fault:?}"))),
        ("roster", 140, belief::roster),
        ("pin", 8, belief::pin),
        ("roster age", 4, belief::age),
        ("statement", 40, spoken::statement),
        ("unit keys", 45, spoken::unit_keys),
        ("join request", 40, spoken::join_request),
        ("freshness", 30, spoken::freshness),
        ("rotation word", 40, spoken::rotation_word),
        ("vault", 60, kept::vault),
        ("local row", 25, kept::row),
    ];
    let wrong = misbehaving(FOLDER, &judges);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn open_envelope(v: &Value) -> Result<(), String> {
    let commitment = Digest::from_bytes(bytes(&v["commitment"]));
    let digest = Digest::from_bytes(bytes(&v["digest"]));
    let key = CaseKey::from_bytes(bytes(&v["file_key"]));
    let opened = envelope::open(&hex(&v["envelope"]), &place(&v["place"]), &key, &commitment, &digest);
    opened.map(drop).map_err(|fault| format!("{fault:?}"))
}

/// A payload too large to keep is cut together from one whose plaintext is byte i = i mod 251: ranges of it, or bytes as hex.
fn open_payload(v: &Value) -> Result<(), String> {
    let key = CaseKey::from_bytes(bytes(&v["file_key"]));
    let plain: Vec<u8> = (0..number(&v["size"])).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let good = payload::seal(&key, &bytes(&v["nonce"]), &plain);
    assert_eq!(Digest::of(&good).as_bytes(), &bytes(&v["sealed_sha256"]));
    let piece = |piece: &Value| match piece.as_array() {
        Some(range) => good[number(&range[0])..number(&range[1])].to_vec(),
        None => hex(piece),
    };
    let pieced: Vec<u8> = v["pieces"].as_array().unwrap().iter().flat_map(piece).collect();
    payload::open(&key, &pieced).map(drop).map_err(|fault| format!("{fault:?}"))
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn open_slip(v: &Value) -> Result<CaseKey, SlipFault> {
    // One character is one byte in these files; `repeat` lengthens what would be too large to keep.
    let mut text: Vec<u8> = v["slip"].as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    text.extend(vec![b'x'; v.get("repeat").map_or(0, number)]);
    let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
    let slip = Slip::parse(&text, number(&v["audience"]))?;
    slip.open(&[identity], &place(&v["place"]), &KeyId::from_bytes(bytes(&v["key_id"])))
}

/// Every byte of every good plaintext and slip changed in turn: refused (or, for a plaintext's free bytes, opened), never a panic.
#[test]
fn no_single_changed_byte_panics() {
    let v = &repaired(&specimen(FOLDER, "two-frames"));
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

    let slip = &repaired(&specimen(FOLDER, "slip-mac-cut"));
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
        let v = specimen(FOLDER, "two-frames");
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
