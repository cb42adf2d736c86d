//! A system that refuses some of its calls, as a sandbox does.

use std::{path::PathBuf, process::Command};

/// The words of a command line under which the system refuses these calls (`forbidding.py`); the program and what it is told follow.
pub(crate) fn forbidding(calls: &str) -> Vec<String> {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(asked.stdout).unwrap().trim_end().to_owned();
    let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "support", "forbidding.py"].iter().collect();
    vec![python, script.to_string_lossy().into_owned(), calls.to_owned()]
}
