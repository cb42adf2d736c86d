//! The museum of what is broken: headers, runs, receipts, checkpoints, documents, rows, bodies and messages of the wire, signed
//! requests, cases for another agency and the replies. Each is refused with its own exact fault, and its repaired copy is accepted.
//!
//! The specimens are files beside this one, written by `keys/tests/museum/make.py` from the specification.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use amanat_sync::SyncError;
use amanat_sync::entry::Header;

use crate::specimens::{Judge, hex, misbehaving, named, repaired, specimen};

#[path = "museum/covered.rs"]
mod covered;
#[path = "museum/crossings.rs"]
mod crossings;
#[path = "museum/entries.rs"]
mod entries;
#[path = "museum/hub_words.rs"]
mod hub_words;
#[path = "museum/on_the_wire.rs"]
mod on_the_wire;
#[path = "museum/rows.rs"]
mod rows;
#[path = "../../keys/tests/museum/specimens.rs"]
mod specimens;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/museum");

#[test]
fn every_specimen_is_refused_with_its_own_fault_and_its_repaired_copy_is_accepted() {
    let judges: [(&str, usize, Judge); 12] = [
        ("header", 90, entries::header),
        ("journal", 30, entries::journal),
        ("receipt", 35, hub_words::receipt),
        ("checkpoint", 40, hub_words::checkpoint),
        ("document", 45, hub_words::document),
        ("row", 15, rows::row),
        ("body", 40, on_the_wire::body),
        ("message", 30, on_the_wire::message),
        ("request", 35, on_the_wire::request),
        ("transfer", 70, crossings::transfer),
        ("reply", 15, crossings::reply),
        ("withdrawal", 10, crossings::withdrawal),
    ];
    let wrong = misbehaving(FOLDER, &judges);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The name of a fault, as `keys` names its own.
fn told(fault: &SyncError) -> String {
    match fault {
        SyncError::Trust(source) => format!("Trust({})", named(source)),
        other => format!("{other:?}"),
    }
}

/// Every bit of an honest header flipped in turn, and the header cut at every length: an answer, never a panic.
#[test]
fn no_changed_or_cut_header_panics() {
    let honest = hex(&repaired(&specimen(FOLDER, "header-rewrap-without-readers"))["bytes"]);
    assert!(Header::decode(&honest).is_ok());
    for at in 0..honest.len() {
        assert!(Header::decode(&honest[..at]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut changed = honest.clone();
            changed[at] ^= 1 << bit;
            // A changed number or hash is another header, and then it is spelt as it should be.
            if let Ok(header) = Header::decode(&changed)
                && header.understood()
            {
                assert_eq!(header.encode().unwrap(), changed, "byte {at}, bit {bit}");
            }
        }
    }
}
