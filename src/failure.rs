//! What a command or a worker could not do: who is at fault, in a sentence, and what to do about it.
//!
//! Lower rooms have errors of their own; `runtime` and `commands` turn what is left of them into this (HOUSE section 8).

use std::{fmt, process::ExitCode};

/// Whose fault it is. Decides the exit code (`DESIGN.md` section 11) and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It did not work: disk, file, damaged data of our own making.
    Failed,
    /// It was asked wrongly.
    Usage,
    /// The home is locked, the passphrase is wrong, or another program holds it.
    Locked,
    /// The hub was not reached. Nothing is lost.
    Unreachable,
    /// A signature, a chain, a fingerprint or the roster says no.
    Refused,
}

impl Kind {
    /// The word of the `--json` form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Locked => "locked",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
        }
    }

    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Locked => 3,
            Self::Unreachable => 4,
            Self::Refused => 5,
        }
    }
}

/// A sentence for a person, shaped *what we were doing — what is wrong*, and beside it *what to do*. Holds ids, paths and
/// counts, never a name, an answer or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault.
    pub kind: Kind,
    /// What we were doing and what is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub hint: String,
}

impl Failure {
    /// A failure of any kind, with what to do.
    pub fn new(kind: Kind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: hint.into() }
    }

    /// [`Kind::Failed`].
    pub fn failed(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message, hint)
    }

    /// [`Kind::Usage`].
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message, hint)
    }

    /// [`Kind::Locked`].
    pub fn locked(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Locked, message, hint)
    }

    /// [`Kind::Unreachable`].
    pub fn unreachable(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, message, hint)
    }

    /// [`Kind::Refused`].
    pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message, hint)
    }

    /// A file operation that did not work: `doing` is the act with its path.
    pub fn disk(doing: impl fmt::Display, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                "Free some space and try again; nothing that was kept is lost."
            }
            std::io::ErrorKind::PermissionDenied => "Check who owns the folder; it must be yours alone.",
            std::io::ErrorKind::NotFound => "Check the path.",
            _ => "Check the disk and try again.",
        };
        Self::failed(format!("{doing} — {error}"), hint)
    }

    /// Puts what we were doing in front.
    #[must_use]
    pub fn while_doing(mut self, doing: &str) -> Self {
        self.message = format!("{doing} — {}", self.message);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        Self::from(kind.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_the_exit_code_of_the_design() {
        let codes = [Kind::Failed, Kind::Usage, Kind::Locked, Kind::Unreachable, Kind::Refused].map(Kind::code);
        assert_eq!(codes, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_full_disk_says_that_nothing_is_lost() {
        let failure = Failure::disk("keeping the entry", &std::io::ErrorKind::StorageFull.into());
        assert_eq!(failure.kind, Kind::Failed);
        assert!(failure.hint.contains("nothing that was kept is lost"));
    }
}
