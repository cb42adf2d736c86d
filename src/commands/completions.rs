//! `amanat completions SHELL`.

use clap::CommandFactory as _;
use serde_json::json;

use super::{args::Cli, output::Report};

/// The completion script of a shell.
pub(super) fn run(shell: clap_complete::Shell) -> Report {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "amanat", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Report::new(script.trim_end(), json!({"shell": shell.to_string(), "script": script}))
}
