//! What a command leaves behind: text for a person or one JSON document for a program, printed here and nowhere else.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

use serde_json::{Value, json};

use crate::failure::{Failure, Kind};

/// A command's result in both forms.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// For a person; lines without the last newline.
    pub(super) text: String,
    /// For a program: an object.
    pub(super) json: Value,
    /// How the command ends although it has something to say: `verify` that found something wrong.
    pub(super) ends: Option<Kind>,
}

impl Report {
    /// Both forms.
    pub(super) fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, ends: None }
    }

    /// The same, ending otherwise than well.
    pub(super) fn ending(mut self, kind: Kind) -> Self {
        self.ends = Some(kind);
        self
    }
}

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    /// One JSON document on stdout, nothing else.
    pub(super) json: bool,
    /// Results and errors only.
    pub(super) quiet: bool,
}

impl Output {
    /// Prints a result.
    pub(super) fn report(self, report: &Report) {
        if self.json {
            line(&report.json.to_string());
        } else if !report.text.is_empty() {
            line(&report.text);
        }
    }

    /// Prints what went wrong: with `--json` on stdout as `{"error": …}`, else on stderr in two lines.
    pub(super) fn failure(self, failure: &Failure) {
        if self.json {
            let document = json!({"error": {
                "kind": failure.kind.word(), "code": failure.kind.code(),
                "message": failure.message, "hint": failure.hint,
            }});
            line(&document.to_string());
        } else {
            aside(&format!("amanat: {}", failure.message));
            if !failure.hint.is_empty() {
                aside(&format!("  {}", failure.hint));
            }
        }
    }

    /// One line about work under way, on stderr; nothing when quiet or with `--json`.
    pub(super) fn note(self, line: &str) {
        if !self.json && !self.quiet {
            aside(line);
        }
    }

    /// A line that is replaced by the next, where stderr is a terminal.
    pub(super) fn progress(self, line: &str) {
        if !self.json && !self.quiet && stderr().is_terminal() {
            write!(stderr(), "\r\x1b[2K{line}").unwrap_or_default();
            stderr().flush().unwrap_or_default();
        }
    }

    /// Ends a run of [`Self::progress`] lines.
    pub(super) fn progress_done(self) {
        self.progress("");
    }

    /// A text that is its own output (help, completions): never wrapped in JSON.
    pub(super) fn raw(self, text: &str) {
        write!(stdout(), "{text}").unwrap_or_default();
    }
}

/// A reader that has gone away (`| head`) is no error of ours.
fn line(text: &str) {
    writeln!(stdout(), "{text}").unwrap_or_default();
}

fn aside(text: &str) {
    writeln!(stderr(), "{text}").unwrap_or_default();
}

/// Adds a member to a JSON object.
pub(super) fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}
