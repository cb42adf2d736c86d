//! From the errors of `keys` and `sync` to a failure that a person can act on: the one table of both.

use std::error::Error;

use amanat_keys::error::{Forgery, KeysError, Lock, Misuse, Weakness};
use amanat_sync::error::SyncError;

use crate::failure::Failure;

/// An error with the sources behind it, each said once.
pub fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// What `keys` refused.
pub fn keys(doing: &str, error: &KeysError) -> Failure {
    let message = format!("{doing} — {}", told(error));
    match error {
        KeysError::Locked(Lock::WrongPassphrase) => {
            Failure::locked(format!("{doing} — the passphrase is wrong"), "Try again. Capitals and spaces count.")
        }
        KeysError::Locked(Lock::WorkFactor { .. }) => Failure::locked(
            message,
            "This is no vault of an ordinary home. A practice home needs its file `practice` beside it.",
        ),
        KeysError::Locked(Lock::Weak(weakness)) => Failure::usage(message, advice(*weakness)),
        KeysError::Locked(_) => Failure::locked(message, ""),
        KeysError::Forged(Forgery::OtherWords) => Failure::refused(
            format!("{doing} — the words differ from those of the file"),
            "Have the words read aloud again. If they still differ, somebody has changed the file: do not go on.",
        ),
        KeysError::Forged(_) => Failure::refused(message, "Do not go on; ask the admin. Nothing was changed."),
        KeysError::Expired(_) => Failure::refused(message, "Ask for the newest file, or sync first."),
        KeysError::NotForUs(_) => Failure::refused(message, "This device holds no key that opens it."),
        KeysError::Damaged(_) | KeysError::Malformed(_) => {
            Failure::refused(message, "The file is damaged, or another program's. Use a good copy.")
        }
        KeysError::Misuse(Misuse::MixedKinds) => Failure::refused(
            message,
            "Every recipient of an agency is of the kind that its roster names: amanat roster show. Make the key again with --recipients.",
        ),
        KeysError::Misuse(_) => Failure::usage(message, ""),
        KeysError::Disk(error) => Failure::disk(doing, error),
        _ => Failure::failed(message, ""),
    }
}

/// What to do about a passphrase that was refused.
fn advice(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::Short { .. } | Weakness::Repeats | Weakness::Sequence | Weakness::Common => {
            "Take five or more words that nobody would guess together."
        }
        Weakness::Long { .. } => "Take a shorter one.",
        Weakness::Control | Weakness::NotText => "Type letters, digits and spaces only.",
        Weakness::ExposedFile => "Run: chmod 600 on the passphrase file.",
        _ => "",
    }
}

/// What `sync` refused, `path` being the journal's.
pub fn sync(doing: &str, error: &SyncError) -> Failure {
    let message = format!("{doing} — {}", told(error));
    match error {
        SyncError::Trust(source) => keys(doing, source),
        SyncError::Malformed(_) | SyncError::TooBig(_) | SyncError::Peer(_) => {
            Failure::refused(message, "Nothing was changed. Tell the admin; `amanat verify` names what is wrong here.")
        }
        SyncError::Version { .. } | SyncError::SchemaTooNew { .. } => Failure::failed(message, "Update amanat."),
        SyncError::NotAJournal
        | SyncError::StorageDamaged(_)
        | SyncError::SchemaModified { .. }
        | SyncError::SchemaHalfApplied { .. } => Failure::refused(
            message,
            "Keep the file as it is and make a copy of the whole home folder. What was received is safe at headquarters; \
             to begin a new journal, move journal.sqlite away and join again with the admin's pack (amanat device join).",
        ),
        SyncError::WrongVault => Failure::refused(
            message,
            "journal.sqlite and identity.age do not belong together. Put back the pair from one backup.",
        ),
        SyncError::StorageBusy => Failure::locked(message, "Close the other program and try again."),
        SyncError::StorageFull => {
            Failure::failed(message, "Free some space and try again; nothing that was kept is lost.")
        }
        _ => Failure::failed(message, "Try again; if it stays, run `amanat verify`."),
    }
}
