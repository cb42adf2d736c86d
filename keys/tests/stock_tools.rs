//! The stock tools open what we wrote, and we open what they wrote: `cat slip entry | age -d -i key | zstd -d [-D dictionary] | jq`.
//!
//! Needs Debian's `age`, `zstd` and `jq`, which `tests/run` installs; without them these tests fail rather than pass over it.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use amanat_keys::dictionary::Effort;
use amanat_keys::envelope::Folded;
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::{CaseKey, NonceHedge, NonceKey, Place, Sealed, Slip, dictionary, envelope, parcel, part};
use secrecy::ExposeSecret;

const JSON: &str = r#"{"kind":"note","text":"پناہ گاہ میں ملاقات","numbers":[1,2,3]}"#;

fn place() -> Place {
    Place {
        agency: AgencyId::from_bytes([1; 32]),
        device: DeviceId::from_bytes([2; 32]),
        journal: JournalId::from_bytes([3; 16]),
        seq: 2,
        case: CaseId::from_bytes([4; 16]),
        key: 1,
    }
}

/// Runs a shell line in `folder` and returns what it printed.
fn shell(folder: &Path, line: &str) -> String {
    let mut command = Command::new("sh");
    let done = command.args(["-c", &format!("set -e; {line}")]).current_dir(folder).output().unwrap();
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "`{line}` failed (are age, zstd and jq installed?): {error}");
    String::from_utf8(done.stdout).unwrap()
}

/// A folder with a slip for `readers` and one entry under it, named as the README does; the keys are `key1`, `key2`…
fn case_folder(json: &str, readers: &[ReadIdentity]) -> (tempfile::TempDir, Sealed) {
    let folder = tempfile::tempdir().unwrap();
    let key = CaseKey::generate();
    let audience: Vec<_> = readers.iter().map(|reader| reader.recipient().clone()).collect();
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let sealed = envelope::seal(json.as_bytes(), &place(), &key, &hedge).unwrap();
    let thorough = Folded::new(json.as_bytes(), &place(), Effort::Thorough).unwrap().seal(&key, &hedge);
    std::fs::write(folder.path().join("slip"), Slip::make(&key, &audience).unwrap()).unwrap();
    std::fs::write(folder.path().join("entry"), &sealed.envelope).unwrap();
    std::fs::write(folder.path().join("thorough"), &thorough.envelope).unwrap();
    for (number, reader) in readers.iter().enumerate() {
        let name = format!("key{}", number + 1);
        std::fs::write(folder.path().join(name), reader.to_text().expose_secret()).unwrap();
    }
    for (id, _) in dictionary::published() {
        std::fs::write(folder.path().join("dict"), dictionary::bytes(id).unwrap()).unwrap();
    }
    (folder, sealed)
}

/// How zstd is told of the dictionary that new entries are sealed with, if there is one.
fn dictionary_option() -> &'static str {
    if dictionary::published().next().is_some() { "-D dict" } else { "" }
}

#[test]
fn every_reader_opens_an_entry_with_age_zstd_and_jq() {
    let readers: Vec<_> = (0..3).map(|_| ReadIdentity::generate().unwrap()).collect();
    let (folder, _) = case_folder(JSON, &readers);
    for (number, entry) in (1..=3).flat_map(|number| [(number, "entry"), (number, "thorough")]) {
        let line = format!("cat slip {entry} | age -d -i key{number} | zstd -dc {} | jq -c .", dictionary_option());
        let printed: serde_json::Value = serde_json::from_str(&shell(folder.path(), &line)).unwrap();
        let expected: serde_json::Value = serde_json::from_str(JSON).unwrap();
        assert_eq!(printed["text"], expected["text"]);
        assert_eq!(printed["numbers"], expected["numbers"]);
        assert!(printed["slot"].is_string());
    }
}

#[test]
fn an_attachment_opens_with_the_slip_and_age_alone() {
    let reader = ReadIdentity::generate().unwrap();
    let (folder, key) = (tempfile::tempdir().unwrap(), CaseKey::generate());
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let photo: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let mut part = std::fs::File::create(folder.path().join("part")).unwrap();
    let sealed = part::seal(&mut std::io::Cursor::new(&photo), &mut part, &key, &hedge, &mut |_| true).unwrap();
    std::fs::write(folder.path().join("slip"), Slip::make(&key, &[reader.recipient().clone()]).unwrap()).unwrap();
    std::fs::write(folder.path().join("key1"), reader.to_text().expose_secret()).unwrap();
    shell(folder.path(), "cat slip part | age -d -i key1 > photo");
    let opened = std::fs::read(folder.path().join("photo")).unwrap();
    assert_eq!(opened, photo);
    assert_eq!(Digest::of(&opened), sealed.commitment);
}

#[test]
fn a_long_entry_of_many_chunks_opens_with_the_stock_tools() {
    let reader = ReadIdentity::generate().unwrap();
    // Numbers in disorder do not compress to less than a chunk.
    let numbers: Vec<String> = (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    let (folder, sealed) =
        case_folder(&format!("{{\"numbers\":[{}]}}", numbers.join(",")), std::slice::from_ref(&reader));
    assert!(sealed.envelope.len() > 3 * 65_536, "{}", sealed.envelope.len());
    let line = format!("cat slip entry | age -d -i key1 | zstd -dc {} | jq '.numbers | length'", dictionary_option());
    assert_eq!(shell(folder.path(), &line).trim(), "200000");
}

#[test]
fn a_stranger_s_key_opens_nothing_with_the_stock_tool() {
    let readers = [ReadIdentity::generate().unwrap()];
    let (folder, _) = case_folder(JSON, &readers);
    let stranger = ReadIdentity::generate().unwrap();
    std::fs::write(folder.path().join("key2"), stranger.to_text().expose_secret()).unwrap();
    let printed = shell(folder.path(), "cat slip entry | age -d -i key2 2>/dev/null | wc -c");
    assert_eq!(printed.trim(), "0");
}

#[test]
fn zstd_itself_finds_one_frame_with_checksum_and_one_that_it_skips() {
    let readers = [ReadIdentity::generate().unwrap()];
    let (folder, _) = case_folder(JSON, &readers);
    shell(folder.path(), "cat slip entry | age -d -i key1 > plain.zst");
    let listed = shell(folder.path(), "zstd -lv plain.zst");
    assert!(listed.contains("# Zstandard Frames: 1"), "{listed}");
    assert!(listed.contains("# Skippable Frames: 1"), "{listed}");
    assert!(listed.contains("XXH64"), "{listed}");
}

#[test]
fn age_opens_our_parcel_and_we_open_its() {
    let reader = ReadIdentity::generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("key"), reader.to_text().expose_secret()).unwrap();
    let text: Vec<u8> = (0..150_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    std::fs::write(at("text"), &text).unwrap();

    let (parcel, ()) = parcel::write(&[reader.recipient().clone()], Vec::new(), |out| out.write_all(&text)).unwrap();
    std::fs::write(at("parcel"), parcel).unwrap();
    shell(folder.path(), "age -d -i key parcel | cmp - text");

    shell(folder.path(), &format!("age -r {} text > theirs", reader.recipient()));
    let mut opened = Vec::new();
    let theirs = std::fs::File::open(at("theirs")).unwrap();
    parcel::open(&[reader], theirs).unwrap().read_to_end(&mut opened).unwrap();
    assert_eq!(opened, text);
}

#[test]
fn the_header_of_a_stock_age_file_is_a_slip_but_for_its_key_id() {
    // Stock age writes no grease: its header alone, cut before the payload, is a slip in all but the key id.
    let reader = ReadIdentity::generate().unwrap();
    let mut age = Command::new("age");
    let age = age.args(["-r", &reader.recipient().to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut age = age.spawn().unwrap();
    age.stdin.take().unwrap().write_all(b"text").unwrap();
    let file = age.wait_with_output().unwrap().stdout;
    let footer = file.windows(5).position(|window| window == b"\n--- ").unwrap();
    let header = &file[..footer + 5 + 43 + 1];
    let slip = Slip::parse(header, 1).unwrap();
    let any_key_id = CaseKey::generate().id(&place());
    // Its MAC holds (else WrongMac); its key is simply not one that this place commits to.
    let refused = slip.open(&[reader], &place(), &any_key_id).unwrap_err();
    assert_eq!(refused, amanat_keys::SlipFault::KeyIdMismatch);
}
