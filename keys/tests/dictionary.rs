//! The dictionary that is compiled in is what its checked-in sources give: trained again by `keys/dictionaries/make.py`, byte for byte.
//! Python's `zstandard` 0.25.0 (zstd 1.5.7) must be there, which `tests/run` sees to; without it this fails rather than pass over it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the dictionary was trained with.
const HAS_ZSTANDARD: &str = "import sys, zstandard; sys.exit(zstandard.ZSTD_VERSION != (1, 5, 7))";

/// A Python that can train.
fn python() -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/zstandard/bin/python");
    let can = |python: &PathBuf| {
        let mut asks = Command::new(python);
        asks.args(["-c", HAS_ZSTANDARD]).stdin(Stdio::null()).stderr(Stdio::null());
        asks.status().is_ok_and(|status| status.success())
    };
    let line = "python3 -m venv target/zstandard && target/zstandard/bin/pip install --quiet zstandard==0.25.0";
    [PathBuf::from("python3"), ours].into_iter().find(can).unwrap_or_else(|| {
        panic!("training the dictionary again — no Python here has zstandard 0.25.0; this line brings it: {line}")
    })
}

#[test]
fn the_dictionary_trained_again_from_its_sources_is_the_one_that_is_shipped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries");
    let scratch = tempfile::tempdir().unwrap();
    let again = scratch.path().join("a301.zdict");
    let mut trains = Command::new(python());
    trains.arg("-B").arg(folder.join("make.py")).arg(&again).stdin(Stdio::null());
    let said = trains.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let trained = std::fs::read(&again).unwrap();
    assert_eq!(trained.len(), 32 * 1024);
    assert!(trained == amanat_keys::dictionary::bytes(0xA301).unwrap(), "it is another dictionary");
}
