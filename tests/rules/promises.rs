//! What the roots of the trusted packages promise: documented, and no silent casts.

use super::source::{Source, Violation};

const ROOTS: [&str; 3] = ["keys/src/lib.rs", "sync/src/lib.rs", "sync/hub/src/lib.rs"];
const PROMISES: [&str; 2] = ["missing_docs", "clippy::as_conversions"];

/// Promises that a root does not make. Unsafe code is forbidden for everyone by the
/// workspace. A root with nothing in it yet owes nothing.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let Some(file) = source.parse().filter(|_| ROOTS.contains(&source.path.as_str())) else { return Vec::new() };
    if file.items.is_empty() {
        return Vec::new();
    }
    let made: Vec<String> = file
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("deny") || attr.path().is_ident("forbid"))
        .filter_map(|attr| Some(attr.meta.require_list().ok()?.tokens.to_string().replace(' ', "")))
        .collect();
    let owed = PROMISES.iter().filter(|promise| !made.iter().any(|lints| lints.contains(**promise)));
    owed.map(|promise| Violation::at(source, 0, format!("does not `#![deny({promise})]`"))).collect()
}

#[test]
fn a_planted_broken_promise_is_found() {
    let head = "//! x\n#![forbid(unsafe_code)]\n#![deny(missing_docs)]\n";
    let found = |text: &str| check(&Source::planted("keys/src/lib.rs", text)).len();
    assert_eq!(found(&format!("{head}mod vault;")), 1);
    assert_eq!(found(&format!("{head}#![deny(clippy::as_conversions)]\nmod vault;")), 0);
    assert_eq!(found(&format!("{head}#![warn(clippy::as_conversions)]\nmod vault;")), 1);
    assert_eq!(found("//! Nothing here yet."), 0);
}
