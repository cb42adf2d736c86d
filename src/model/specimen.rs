//! Entries that tests are made of. What a test says nothing about is the same everywhere: one device, one journal, and times that rise
//! with the entry's number.

use super::{
    answer::{Answers, Lang},
    date::Moment,
    entry::{Author, Content, Entry, Other, Times},
    ids::{CaseId, DeviceId, EntryId, FormRef, JournalId},
    sheet::Sheet,
};

/// An entry of this number in a case.
pub(crate) fn entry(id: u8, case: u8, content: Content) -> Entry {
    Entry {
        id: EntryId::from_bytes([id; 16]),
        case: CaseId::from_bytes([case; 16]),
        author: author(1, u64::from(id)),
        times: at(i64::from(id)),
        source: None,
        ties: None,
        parts: Box::default(),
        content,
    }
}

/// The place of a device's entry, in a journal named like the device.
pub(crate) fn author(device: u8, seq: u64) -> Author {
    Author { device: DeviceId::from_bytes([device; 32]), journal: JournalId::from_bytes([device; 16]), seq }
}

/// A time by the device's clock alone.
pub(crate) fn at(unix_ms: i64) -> Times {
    Times { device: Moment::pkt(unix_ms), boot_ms: 0, hub_ms: None }
}

/// A sheet of the first version of a form.
pub(crate) fn sheet(form: &str, answers: Answers) -> Content {
    Content::Sheet(Sheet::new(FormRef { id: form.into(), version: 1 }, Lang::En, answers))
}

/// What a later version may add.
pub(crate) fn later() -> Content {
    Content::Other(Other { kind: "later".into(), json: "{}".into() })
}
