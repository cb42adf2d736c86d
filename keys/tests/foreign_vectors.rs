//! What others wrote down of the primitives that everything here stands on: a selection that is checked in, made by `vectors/curves.py` and
//! `vectors/age_files.py` from the specifications, and the whole of it from folders that hold C2SP's Wycheproof and CCTV, where they are
//! named: `AMANAT_WYCHEPROOF` (its `testvectors_v1`) and `AMANAT_CCTV` (its `age/testdata`).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop, and says what it passed over"
)]

use std::io::Read as _;
use std::path::PathBuf;

use amanat_keys::fingerprint::Digest;
use amanat_keys::parcel::{self, ParcelFault};
use amanat_keys::recipient::{ReadIdentity, Recipient, RecipientKind};
use amanat_keys::verifying_key::VerifyingKey;
use serde_json::Value;

#[path = "vectors/digits.rs"]
#[expect(dead_code, reason = "not every vector holds something of a known length")]
mod digits;

use digits::hex;

/// Whether a key is taken at all, and the signature then holds: over a base of a request, or, where the vectors sign other text, by the very
/// call that checks all of them.
fn holds(key: &[u8], signature: &[u8], message: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (key.try_into(), signature.try_into()) else { return false };
    let Ok(ours) = VerifyingKey::from_bytes(key) else { return false };
    if message.starts_with(b"\"") {
        return ours.verify_request(message, signature).is_ok();
    }
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).unwrap();
    key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
}

fn accepted(public: &[u8]) -> bool {
    Recipient::from_raw(RecipientKind::X25519, public).is_ok()
}

/// A whole age file, opened and read to its end.
fn read(identities: &[ReadIdentity], file: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut plain = Vec::new();
    let mut reader = parcel::open(identities, file).map_err(|fault| match fault {
        ParcelFault::NotForUs => "no match",
        // The nonce is read together with the header: a file that ends there is cut in either.
        ParcelFault::Io(_) => "cut",
        _ => "header",
    })?;
    reader.read_to_end(&mut plain).map_err(|_cut| "payload")?;
    Ok(plain)
}

#[test]
fn a_signature_holds_once_and_under_no_weak_key() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("vectors/ed25519.json")).unwrap();
    let mut refused = 0;
    for v in &vectors {
        let found = holds(&hex(&v["key"]), &hex(&v["signature"]), &hex(&v["message"]));
        assert_eq!(found, v["holds"].as_bool().unwrap(), "{}", v["name"]);
        refused += usize::from(!found);
    }
    assert!(vectors.len() > 60 && refused > 50, "{refused} of {}", vectors.len());
    let right = &vectors[0];
    for length in [0, 1, 31, 32, 63, 65, 128] {
        let mut cut = hex(&right["signature"]);
        cut.resize(length, 0);
        assert!(!holds(&hex(&right["key"]), &cut, &hex(&right["message"])), "a signature of {length} bytes");
    }
}

#[test]
fn nothing_is_sealed_to_a_key_of_small_order_or_in_another_spelling() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/x25519.json")).unwrap();
    let keys = vectors["keys"].as_array().unwrap();
    assert!(keys.len() > 25, "{}", keys.len());
    for v in keys {
        assert_eq!(accepted(&hex(&v["public"])), v["accepted"].as_bool().unwrap(), "{}", v["name"]);
    }
    for v in vectors["identities"].as_array().unwrap() {
        let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
        assert_eq!(identity.recipient().as_bytes(), hex(&v["public"]));
    }
}

#[test]
fn an_age_file_opens_whole_or_says_where_it_is_broken() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/age_files.json")).unwrap();
    let files = vectors["files"].as_array().unwrap();
    assert!(files.len() > 75, "{}", files.len());
    for v in files {
        let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
        let (name, expect) = (v["name"].as_str().unwrap(), v["expect"].as_str().unwrap());
        match (read(&[identity], &hex(&v["file"])), expect) {
            (Ok(plain), "success") => assert_eq!(*Digest::of(&plain).as_bytes(), *hex(&v["payload"]), "{name}"),
            // What a broken header comes to is the library's to say, and a payload that is cut may be missed with the header.
            (Err(_), "refused" | "header" | "payload") => {}
            (Err(found), expect) => assert_eq!(found, expect, "{name}"),
            (Ok(_), expect) => assert_eq!("success", expect, "{name}"),
        }
    }
}

/// What stands in an armour: read by the library, as any age tool would.
fn bared(armour: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut file = Vec::new();
    age::armor::ArmoredReader::new(armour).read_to_end(&mut file).map_err(|_fault| "armour")?;
    Ok(file)
}

#[test]
fn an_armoured_age_file_is_bared_whole_or_refused() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/age_files.json")).unwrap();
    let files = vectors["armoured"].as_array().unwrap();
    assert!(files.len() > 22, "{}", files.len());
    for v in files {
        let identity = ReadIdentity::from_text(v["identity"].as_str().unwrap()).unwrap();
        let name = v["name"].as_str().unwrap();
        let found = bared(&hex(&v["file"])).and_then(|file| read(&[identity], &file));
        match v["expect"].as_str().unwrap() {
            "success" => assert_eq!(*Digest::of(&found.unwrap()).as_bytes(), *hex(&v["payload"]), "{name}"),
            expect => assert!(found.is_err(), "{name}: {expect}, and it opens"),
        }
    }
}

/// The folder that a variable names; where it names none, so it is said, and the selection above is all that was run.
#[expect(clippy::disallowed_methods, reason = "a test is told where the vectors of others lie")]
fn folder(variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    if named.is_none() {
        println!("{variable} names no folder: the checked-in selection stands for it");
    }
    named
}

fn groups(folder: &std::path::Path, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all["testGroups"].as_array().unwrap().clone()
}

#[test]
fn wycheproofs_ed25519_is_judged_as_it_says() {
    let Some(folder) = folder("AMANAT_WYCHEPROOF") else { return };
    let mut run = 0;
    for group in groups(&folder, "ed25519_test.json") {
        let key = hex(&group["publicKey"]["pk"]);
        for test in group["tests"].as_array().unwrap() {
            let found = holds(&key, &hex(&test["sig"]), &hex(&test["msg"]));
            assert_eq!(found, test["result"] == "valid", "{test}");
            run += 1;
        }
    }
    println!("{run} of Wycheproof's Ed25519");
    assert!(run > 100, "{run}");
}

#[test]
fn wycheproofs_x25519_keys_are_taken_where_they_are_sound_and_spelt_as_they_must_be() {
    let Some(folder) = folder("AMANAT_WYCHEPROOF") else { return };
    let (mut run, mut refused) = (0, 0);
    for group in groups(&folder, "x25519_test.json") {
        for test in group["tests"].as_array().unwrap() {
            let flags = test["flags"].to_string();
            let unsound = ["LowOrderPublic", "NonCanonicalPublic", "ZeroSharedSecret", "SmallPublicKey"];
            let sound = !unsound.iter().any(|flag| flags.contains(flag));
            let public = hex(&test["public"]);
            // A small number that is a key of the full order is a key like any other.
            let small =
                flags.contains("SmallPublicKey") && !test["shared"].as_str().unwrap().bytes().all(|b| b == b'0');
            if !small || flags.contains("NonCanonicalPublic") {
                assert_eq!(accepted(&public), sound, "{test}");
            }
            (run, refused) = (run + 1, refused + usize::from(!sound));
        }
    }
    println!("{run} of Wycheproof's X25519, {refused} of them with keys that are refused");
    assert!(run > 400 && refused > 40, "{refused} of {run}");
}

/// One of CCTV's files: what is said of it, and the age file.
fn described(bytes: &[u8]) -> (std::collections::BTreeMap<String, Vec<String>>, &[u8]) {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
    let mut said: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for line in std::str::from_utf8(&bytes[..end]).unwrap().lines() {
        let (key, value) = line.split_once(": ").unwrap();
        said.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    (said, &bytes[end + 2..])
}

#[test]
fn cctvs_age_files_are_judged_as_they_say() {
    let Some(folder) = folder("AMANAT_CCTV") else { return };
    let (mut run, mut hybrid, mut locked, mut armoured, mut unpacked) = (0, 0, 0, 0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let (said, file) = described(&bytes);
        let mut file = file.to_vec();
        if said.contains_key("compressed") {
            let packed = std::mem::take(&mut file);
            flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut file).unwrap();
            unpacked += 1;
        }
        if said.contains_key("armored") {
            armoured += 1;
            match (bared(&file), said["expect"][0].as_str()) {
                (Ok(bare), _) => file = bare,
                (Err(_), "armor failure") => continue,
                (Err(found), expect) => panic!("{name}: {expect}, and {found}"),
            }
        }
        let file = file.as_slice();
        if let Some(passphrases) = said.get("passphrase") {
            locked_is_judged(&name, &passphrases[0], file, &said);
            locked += 1;
            continue;
        }
        let identities = said.get("identity").into_iter().flatten();
        let identities: Vec<_> = identities.map(|text| ReadIdentity::from_text(text).unwrap()).collect();
        hybrid += usize::from(name.starts_with("hybrid"));
        let expect = said["expect"][0].as_str();
        match (read(&identities, file), expect) {
            (Ok(plain), "success") => assert_eq!(Digest::of(&plain).to_string(), said["payload"][0], "{name}"),
            // What is bared of a text that is no armour is no age file.
            (Err("header" | "no match"), "no match" | "header failure" | "HMAC failure" | "armor failure") => {}
            (Err("payload" | "cut"), "payload failure") | (Err("cut"), "header failure") => {}
            // It is allowed to pass over white space before an armour, and the library does not.
            (Err(_), "success") if name == "armor_whitespace_outside" => {}
            (found, expect) => {
                assert!(expect == "payload failure" && found.is_err(), "{name}: {expect}, and {found:?}")
            }
        }
        run += 1;
    }
    println!(
        "{run} of CCTV's age files, {hybrid} of them hybrid, and {locked} under a passphrase; {armoured} armoured, {unpacked} packed"
    );
    assert!(run > 85 && hybrid > 14 && locked > 12 && armoured > 30 && unpacked > 8, "{run}, {hybrid}, {locked}");
}

/// One under a passphrase, as `identity.age` is: by the crate that opens that.
fn locked_is_judged(name: &str, passphrase: &str, file: &[u8], said: &std::collections::BTreeMap<String, Vec<String>>) {
    let mut identity = age::scrypt::Identity::new(passphrase.to_owned().into());
    identity.set_max_work_factor(MOST_WORK);
    let opened =
        age::Decryptor::new(file).and_then(|file| file.decrypt(std::iter::once(&identity as &dyn age::Identity)));
    let mut plain = Vec::new();
    let found = match opened {
        Err(_) => "header",
        Ok(mut reader) => match std::io::Read::read_to_end(&mut reader, &mut plain) {
            Ok(_) => "success",
            Err(_) => "payload",
        },
    };
    match said["expect"][0].as_str() {
        "success" => {
            assert_eq!((found, Digest::of(&plain).to_string()), ("success", said["payload"][0].clone()), "{name}")
        }
        "payload failure" => assert_eq!(found, "payload", "{name}"),
        refused => assert_eq!(found, "header", "{name}: {refused}"),
    }
}

/// Of scrypt, as its power of two: more than an honest file of the set asks for, and less than a hostile one does.
const MOST_WORK: u8 = 16;
