//! npm's `age-encryption`, run by Node: another implementation of age, which knows hybrid recipients.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What each line of `said` does, in the words of that package.
const PROGRAM: &str = r#"
import { readFileSync, writeFileSync } from "node:fs";
import * as age from "age-encryption";
const [what, ...rest] = process.argv.slice(1);
if (what === "open") {
    const [identity, file, out] = rest;
    const opens = new age.Decrypter();
    opens.addIdentity(readFileSync(identity, "utf8").trim());
    writeFileSync(out, await opens.decrypt(readFileSync(file)));
} else if (what === "seal") {
    const [recipients, file, out] = rest;
    const seals = new age.Encrypter();
    for (const to of readFileSync(recipients, "utf8").trim().split("\n")) seals.addRecipient(to);
    writeFileSync(out, await seals.encrypt(readFileSync(file)));
} else if (what === "make") {
    const [identity, recipient] = rest;
    const made = await age.generateHybridIdentity();
    writeFileSync(identity, made);
    writeFileSync(recipient, await age.identityToRecipient(made));
} else if (what === "public") {
    const [identity, recipient] = rest;
    writeFileSync(recipient, await age.identityToRecipient(readFileSync(identity, "utf8").trim()));
}
"#;

/// Where everything that is built lies, whichever package asks.
fn target() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut roots = above.filter(|folder| folder.join("Cargo.lock").is_file());
    roots.next().unwrap().join("target")
}

/// Where the package lies: a program that is no file finds packages from the folder that it runs in.
fn package() -> PathBuf {
    let folder = target().join("typage");
    let there = folder.join("node_modules/age-encryption/package.json").is_file();
    let line = "mkdir -p target/typage && npm install --prefix target/typage --ignore-scripts age-encryption@0.3.1";
    assert!(
        there,
        "checking against another implementation — age-encryption is not there; this line brings it: {line}"
    );
    folder
}

fn node() -> PathBuf {
    let ours = target().join("node/bin/node");
    let runs = |node: &PathBuf| {
        let mut asks = Command::new(node);
        asks.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        asks.status().is_ok_and(|status| status.success())
    };
    let found = [PathBuf::from("node"), ours].into_iter().find(runs);
    found.unwrap_or_else(|| panic!("checking against another implementation — no Node here; `tests/run` brings one"))
}

/// Runs a line of the program over these files; whether it did what it was told.
pub(crate) fn typage(what: &str, files: &[&Path]) -> bool {
    let mut runs = Command::new(node());
    runs.current_dir(package()).args(["--input-type=module", "-e", PROGRAM, "--", what]).args(files);
    let done = runs.stdin(Stdio::null()).output().unwrap();
    if !done.status.success() {
        // Node's own faults are told; that a file does not open is an answer.
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(said.contains("no identity matched") || said.contains("invalid"), "{said}");
    }
    done.status.success()
}
