//! The wire document and the wire code agree: one carries the digest of the other.

use sha2::{Digest, Sha256};

use super::source::{Source, Violation};

/// The line of the document that names the digest begins so.
const MARK: &str = "v1.rs: ";

/// Judges the document against the code; a missing document beside existing code is a finding.
pub(crate) fn check(code: Option<&Source>, document: Option<&Source>) -> Option<Violation> {
    let code = code?;
    let digest: String = Sha256::digest(code.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = format!("{MARK}{digest}");
    let said =
        document.is_some_and(|document| document.text.lines().any(|line| line.trim().trim_matches('`') == expected));
    let what = format!("sync/WIRE.md does not say `{expected}`: read it against the code, then write the line");
    (!said).then(|| Violation::at(code, 0, what))
}

#[test]
fn a_planted_drift_is_found() {
    let code = Source::planted("sync/src/wire/v1.rs", "abc");
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let document = |line: &str| Source::planted("sync/WIRE.md", &format!("# Wire\n\n{line}\n"));
    assert_eq!(check(Some(&code), Some(&document(&format!("v1.rs: {digest}")))), None);
    assert!(check(Some(&code), Some(&document(&format!("v1.rs: {}", digest.replace('b', "c"))))).is_some());
    assert!(check(Some(&code), None).is_some());
    assert_eq!(check(None, None), None);
}
