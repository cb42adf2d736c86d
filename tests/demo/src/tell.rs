//! What the demo says: steps with what was proven, and why it stopped.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the demo speaks to the person who runs it")]

use std::fmt;

/// Why the demo cannot go on, in one sentence.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    /// What was being done, and what is wrong.
    pub(crate) fn new(doing: &str, wrong: impl fmt::Display) -> Self {
        Self(format!("{doing}: {wrong}"))
    }
}

impl From<String> for Fault {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

/// A plain line.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// A step that held.
pub(crate) fn proven(number: usize, step: &str, proof: &str) {
    println!("{number:>3}  {step}\n       ✓ {proof}");
}

/// Why it stopped.
pub(crate) fn fault(text: &str) {
    eprintln!("amanat-demo: {text}");
}

/// A condition that must hold for the step to count.
///
/// # Errors
/// The sentence, when it does not hold.
pub(crate) fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault(otherwise())) }
}
