//! `amanat keys raise FILE…`: the roster that moves the whole agency to hybrid recipients.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{args::Consent, context::Context, output::Report, roster_next};
use crate::{
    failure::Failure,
    runtime::{homes::pack, roster::raise},
};

pub(super) fn run(
    context: &Context,
    requests: &[PathBuf],
    recovery_later: bool,
    consent: &Consent,
) -> Result<Report, Failure> {
    let read = |path: &PathBuf| pack::read_statement(path.as_ref() as &Path, "request").map(|read| read.to_bytes());
    let requests = requests.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    let report = roster_next::plainly(context, consent, |admin| admin.raised(&requests, recovery_later))?;
    Ok(roster_next::with(report, &[("recipients", json!(raise::TO.word()))]))
}
