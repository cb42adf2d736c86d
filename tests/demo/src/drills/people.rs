//! What drills about people and their machines have in common.

use std::path::Path;

use serde_json::Value;

use crate::{
    actor::Actor,
    tell::{Fault, must},
};

/// The station of the drills.
pub(super) const STATION: &str = "PS Sample, Gujrat";

/// Hands the roster out and lets these take it.
pub(super) fn publish(admin: &Actor, to: &[&Actor]) -> Result<(), Fault> {
    admin.run(&["roster", "publish"])?;
    to.iter().try_for_each(|actor| actor.run(&["sync"]).map(drop))
}

/// `verify` finds nothing wrong.
pub(super) fn whole(actor: &Actor) -> Result<(), Fault> {
    let answer = actor.run(&["verify"])?;
    must(answer.get("holds") == Some(&Value::Bool(true)), || format!("verify at {}: {answer}", actor.name))
}

/// Whether the preview of a change says this.
pub(super) fn says(answer: &Value, text: &str) -> bool {
    answer.get("changes").is_some_and(|changes| changes.to_string().contains(text))
}

/// A number of `status`.
pub(super) fn count(status: &Value, name: &str) -> Result<u64, Fault> {
    let found = status.get(name).and_then(Value::as_u64);
    found.ok_or_else(|| Fault::new("reading status", format!("no “{name}” in {status}")))
}

/// Enough of an id to name it.
pub(super) fn begin(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// A path as an argument.
pub(super) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
