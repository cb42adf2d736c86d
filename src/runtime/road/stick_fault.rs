//! What can be wrong with a stick, as a failure that a person can act on.

use amanat_keys::parcel::ParcelFault;
use amanat_sync::{bundle::BundleFault, stick_file::FileFault};

use super::stick::Unwritten;
use crate::{failure::Failure, runtime::fault};

/// Why nothing was written, for a command and for the screen.
pub fn writing(doing: &str, error: FileFault) -> Unwritten {
    let word = match &error {
        FileFault::NoFolder | FileFault::NotAFile => "stick.no_folder",
        FileFault::NoRoom { .. } | FileFault::Full => "stick.full",
        FileFault::ReadsOtherwise => "stick.broken",
        FileFault::Bundle(BundleFault::Stopped) => "stick.stopped",
        _ => "",
    };
    Unwritten { failure: unwritten(doing, error), word }
}

/// The key of the screen's words for what is wrong with a stick that was read; empty where the failure's own must do.
pub fn word(error: &BundleFault) -> &'static str {
    match error {
        BundleFault::Cut => "stick.cut",
        BundleFault::Stopped => "stick.stopped",
        BundleFault::Parcel(ParcelFault::NotForUs) => "stick.not_for_us",
        BundleFault::Damaged | BundleFault::Parcel(_) | BundleFault::Malformed(_) | BundleFault::TooBig(_) => {
            "stick.damaged"
        }
        _ => "",
    }
}

fn unwritten(doing: &str, error: FileFault) -> Failure {
    let message = format!("{doing} — {}", fault::told(&error));
    let nothing = "Nothing is left under that name but what was there before; what is kept here waits.";
    match error {
        FileFault::NoFolder => Failure::failed(message, "Check the path: is the stick in, and mounted?"),
        FileFault::NotAFile => Failure::usage(message, "Name a file."),
        FileFault::NoRoom { .. } | FileFault::Full => {
            Failure::failed(message, format!("Free some space on the stick, or take another. {nothing}"))
        }
        FileFault::ReadsOtherwise => Failure::failed(message, format!("The stick is broken: take another. {nothing}")),
        FileFault::Bundle(BundleFault::Storage(error)) => fault::sync(doing, &error),
        FileFault::Bundle(BundleFault::Stopped) => Failure::failed(message, nothing),
        FileFault::Bundle(_) | FileFault::Disk(_) => {
            Failure::failed(message, format!("Check the stick and try again. {nothing}"))
        }
        _ => Failure::failed(message, nothing),
    }
}

/// Why a bundle was not read, or not to its end.
pub fn reading(doing: &str, error: &BundleFault) -> Failure {
    let message = format!("{doing} — {}", fault::told(error));
    match error {
        BundleFault::Cut => Failure::failed(
            message,
            "What came before the cut was taken. Have it written again, or read the next one: nothing is doubled.",
        ),
        BundleFault::Stopped => {
            Failure::failed(message, "What was read by then was taken. Read it again: nothing is doubled.")
        }
        BundleFault::Parcel(ParcelFault::NotForUs) => Failure::refused(
            message,
            "It was written for another unit or for the hub. Have it written again with --to and your unit's name.",
        ),
        BundleFault::Damaged | BundleFault::Parcel(_) | BundleFault::Malformed(_) | BundleFault::TooBig(_) => {
            Failure::refused(
                message,
                "What came before was taken. Have it written again; if it lasts, take another stick.",
            )
        }
        BundleFault::Version { .. } => Failure::failed(message, "Update amanat."),
        BundleFault::OtherAgency => Failure::refused(message, "Nothing was taken."),
        BundleFault::Unsigned(_) => Failure::refused(
            message,
            "No entry was taken from it. Ask whoever gave it to you; sync once if they are new in the agency.",
        ),
        BundleFault::Storage(error) => fault::sync(doing, error),
        _ => Failure::failed(message, "Check the stick and try again."),
    }
}
