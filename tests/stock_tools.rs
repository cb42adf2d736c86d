//! Debian's `age`, `zstd` and `jq` open what we seal, by the very lines of the README: no program of ours is needed.

use std::process::Command;

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use amanat_keys::recipient::Recipient;
use amanat_keys::{CaseKey, NonceHedge, NonceKey, Place, Slip, envelope};
use tempfile::TempDir;

/// The command that the README gives a person who holds a key.
const COMMAND: &str = "cat slip entry | age -d -i key | zstd -dc -D a301.zdict | jq";

/// What a shell in `folder` says to `line`; that it succeeds is part of the claim.
fn shell(folder: &std::path::Path, line: &str) -> String {
    let run = Command::new("bash").args(["-o", "pipefail", "-c", line]).current_dir(folder).output();
    let run = run.expect("bash runs; tests/run installs what this test needs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "`{line}` failed: {said}");
    String::from_utf8(run.stdout).expect("the tools write text")
}

const TEXT: &str = r#"{"form":"initial","name":"مریم","age":17,"note":"brought to the shelter at night"}"#;

fn place() -> Place {
    Place {
        agency: AgencyId::from_bytes([1; 32]),
        device: DeviceId::from_bytes([2; 32]),
        journal: JournalId::from_bytes([3; 16]),
        seq: 8,
        case: CaseId::from_bytes([4; 16]),
        key: 7,
    }
}

/// A folder with `key` and `stranger` made by the stock tool, and `slip` and `entry` made by us for a third reader and `key`.
fn sealed() -> TempDir {
    let folder = tempfile::tempdir().expect("a throwaway folder");
    shell(folder.path(), "for name in key third stranger; do age-keygen -o $name 2>/dev/null; done");
    let recipient = |name: &str| {
        let text = shell(folder.path(), &format!("age-keygen -y {name}"));
        Recipient::from_text(text.trim()).expect("a key of the stock tool is a recipient")
    };
    let key = CaseKey::generate();
    let slip = Slip::make(&key, &[recipient("third"), recipient("key")]).expect("a slip for two readers");
    let hedge = NonceHedge { key: &NonceKey::from_bytes([5; 32]), link: Digest::of(b"before") };
    let sealed = envelope::seal(TEXT.as_bytes(), &place(), &key, &hedge).expect("an entry is sealed");
    std::fs::write(folder.path().join("slip"), slip).expect("the slip is written");
    std::fs::write(folder.path().join("entry"), sealed.envelope).expect("the entry is written");
    let dictionary = include_bytes!("../keys/dictionaries/a301.zdict");
    std::fs::write(folder.path().join("a301.zdict"), dictionary).expect("the dictionary is written");
    folder
}

#[test]
fn a_reader_with_a_key_needs_no_program_of_ours() {
    assert!(include_str!("../README.md").contains(COMMAND), "the README no longer gives the line that is tested here");
    let folder = sealed();
    let opened = shell(folder.path(), &format!("{COMMAND} -c 'del(.slot)'"));
    assert_eq!(opened.trim(), TEXT);
    let slot = shell(folder.path(), &format!("{COMMAND} -r .slot | base64 -d | od -An -v -tx1 | tr -d ' \\n'"));
    let expected: String = place().slot().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(slot, expected, "the place inside is the place it was sealed for");
}

#[test]
fn the_stock_tool_refuses_a_stranger_and_a_changed_byte() {
    let folder = sealed();
    let open = "cat slip entry | age -d -i key >/dev/null 2>&1";
    shell(folder.path(), open);
    shell(folder.path(), &format!("! {{ {}; }}", open.replace("key", "stranger")));
    for name in ["slip", "entry"] {
        let path = folder.path().join(name);
        let whole = std::fs::read(&path).expect("the file is there");
        let mut changed = whole.clone();
        *changed.last_mut().expect("the file is not empty") ^= 1;
        std::fs::write(&path, changed).expect("the file is written");
        shell(folder.path(), &format!("! {{ {open}; }}"));
        std::fs::write(&path, whole).expect("the file is written");
    }
    shell(folder.path(), open);
}
