//! What a command leaves behind: text for a person or one JSON document for a program, printed here and nowhere else.

use std::io::{BufWriter, ErrorKind, IsTerminal as _, Write, stderr, stdout};

use serde_json::{Value, json};

use crate::failure::{Failure, Kind};

/// A command's result in both forms.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// For a person; lines without the last newline.
    pub(super) text: String,
    /// For a program: an object, or null where all is printed already.
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
        if self.json && !report.json.is_null() {
            line(&escaped(&report.json.to_string()));
        } else if !report.text.is_empty() {
            line(&harmless(&report.text));
        }
    }

    /// Prints a long list an item at a time: `{"NAME": [item, …], …rest}`, or without `--json` each item in lines of its own.
    /// What is left to report is nothing.
    ///
    /// # Errors
    /// Failed when the output takes no more; a reader that has gone away is no error.
    pub(super) fn list(self, name: &str, items: impl Iterator<Item = Value>, rest: &Value) -> Result<Report, Failure> {
        match self.write_list(&mut BufWriter::new(stdout().lock()), name, items, rest) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::disk(format!("printing {name}"), &error))
            }
            Ok(()) | Err(_) => Ok(Report::new("", Value::Null)),
        }
    }

    fn write_list(
        self,
        out: &mut impl Write,
        name: &str,
        items: impl Iterator<Item = Value>,
        rest: &Value,
    ) -> std::io::Result<()> {
        if !self.json {
            for item in items {
                writeln!(out, "{}", harmless(&serde_json::to_string_pretty(&item)?))?;
            }
            return out.flush();
        }
        write!(out, "{{{}:[", Value::from(name))?;
        for (at, item) in items.enumerate() {
            let between = if at == 0 { "" } else { "," };
            write!(out, "{between}\n{}", escaped(&item.to_string()))?;
        }
        write!(out, "]")?;
        for (name, value) in rest.as_object().into_iter().flatten() {
            write!(out, ",{}:{}", Value::from(name.as_str()), escaped(&value.to_string()))?;
        }
        writeln!(out, "}}")?;
        out.flush()
    }

    /// Prints what went wrong: with `--json` on stdout as `{"error": …}`, else on stderr in two lines.
    pub(super) fn failure(self, failure: &Failure) {
        if self.json {
            let document = json!({"error": {
                "kind": failure.kind.word(), "code": failure.kind.code(),
                "message": failure.message, "hint": failure.hint,
            }});
            line(&escaped(&document.to_string()));
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
            write!(stderr(), "\r\x1b[2K{}", harmless(line)).unwrap_or_default();
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
    writeln!(stderr(), "{}", harmless(text)).unwrap_or_default();
}

/// Text as a terminal may have it. Names, answers and sentences come from outside, and a terminal obeys what stands in them: control
/// characters (other than the end of a line and a tab) and marks that turn the direction of writing are left out. The joiners
/// that Urdu is written with stay.
pub(super) fn harmless(text: &str) -> String {
    text.chars().filter(|&letter| matches!(letter, '\n' | '\t') || !commands_a_terminal(letter)).collect()
}

/// As [`harmless`], for what has one line: a name cannot make itself look like two rows.
pub(super) fn one_line(text: &str) -> String {
    text.chars().filter(|&letter| !commands_a_terminal(letter)).collect()
}

/// A JSON document in which such characters are escaped: to a program they are the same, to a terminal nothing.
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        // They stand only inside strings there, and none lies beyond the first plane.
        if commands_a_terminal(letter) {
            safe.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// Controls (C0, DEL, C1), line and paragraph separators, and what sets the direction of writing (UAX 9).
fn commands_a_terminal(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Adds a member to a JSON object.
pub(super) fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_printed_item_by_item_is_one_document() {
        let print = |json: bool, items: &[Value]| {
            let mut out = Vec::new();
            let output = Output { json, quiet: false };
            let rest = json!({"total": items.len(), "closed": 0});
            output.write_list(&mut out, "cases", items.iter().cloned(), &rest).unwrap();
            String::from_utf8(out).unwrap()
        };
        for items in [&[][..], &[json!({"name": HOSTILE})], &[json!({"a": [1]}), json!({"b": "عائشہ"})]] {
            let printed = print(true, items);
            let document: Value = serde_json::from_str(&printed).unwrap();
            assert_eq!(document, json!({"cases": items, "total": items.len(), "closed": 0}));
            assert!(printed.chars().all(|letter| letter == '\n' || !commands_a_terminal(letter)), "{printed}");
            let lines = print(false, items);
            assert_eq!(serde_json::Deserializer::from_str(&lines).into_iter::<Value>().flatten().count(), items.len());
        }
    }

    const HOSTILE: &str = "\u{1b}]0;pwned\u{7}Evil\u{202e}lana\u{9b}2J\u{2066}x\u{7f}\r";

    #[test]
    fn a_hostile_name_reaches_the_terminal_as_letters() {
        assert_eq!(harmless(&format!("a\n\t{HOSTILE}")), "a\n\t]0;pwnedEvillana2Jx");
        assert_eq!(one_line("PS\nDevices  99"), "PSDevices  99");
        assert_eq!(harmless("می\u{200c}خواہم"), "می\u{200c}خواہم", "Urdu keeps its joiners");
    }

    #[test]
    fn json_says_the_same_to_a_program_and_nothing_to_a_terminal() {
        let document = json!({"name": HOSTILE, "urdu": "عائشہ"});
        let printed = escaped(&document.to_string());
        assert!(printed.chars().all(|letter| !commands_a_terminal(letter)), "{printed}");
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), document);
    }
}
