//! Who may ask what time it is: three files; everyone else is told.

use super::paths::names;
use super::source::{Source, Violation};

/// The third measures nothing that is decided on: a socket that is to give up after so long needs the system's own clock for it.
const CLOCKS: [&str; 3] = ["src/runtime/clock.rs", "sync/hub/src/clock.rs", "sync/src/http/line.rs"];

/// Types whose `now` asks the machine.
const TELLERS: [&str; 7] = ["SystemTime", "Instant", "Timestamp", "Zoned", "OffsetDateTime", "Utc", "Local"];

/// Calls that ask a clock, outside the clock files. Tests and the demo may measure.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.test || source.path.starts_with("tests/") || CLOCKS.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let asks = |segments: &[String]| {
        let now = segments.windows(2).any(|pair| pair[1] == "now" && TELLERS.contains(&pair[0].as_str()));
        now || segments.iter().any(|segment| segment == "clock_gettime" || segment == "UNIX_EPOCH")
    };
    names(source)
        .into_iter()
        .filter(|name| !name.test && asks(&name.segments))
        .map(|name| {
            Violation::at(source, name.line, format!("{} asks the clock; take `now` as an argument", name.text()))
        })
        .collect()
}

#[test]
fn a_planted_clock_is_found() {
    let planted = [
        "fn f() { let t = std::time::SystemTime::now(); }",
        "use std::time::Instant as Start; fn f() { let t = Start::now(); }",
        "use jiff::Zoned; fn f() -> Zoned { Zoned::now() }",
        "fn f() { let now = jiff::Timestamp::now; }",
        "fn f() { rustix::time::clock_gettime(id); }",
        "fn f() { tracing::info!(at = %tokio::time::Instant::now()); }",
    ];
    for code in planted {
        for path in ["src/runtime/desk.rs", "sync/hub/src/accept.rs", "keys/src/trust.rs"] {
            assert_eq!(check(&Source::planted(path, code)).len(), 1, "{path}: {code}");
        }
        assert_eq!(check(&Source::planted("src/runtime/clock.rs", code)), []);
    }
    assert_eq!(check(&Source::planted("src/runtime/desk.rs", "fn f(now: u64) -> u64 { now }")), []);
}
