//! All readable entries folded into cases, in memory only.
//!
//! The fold is a set of entries: applying them in any order, or twice, gives the same casebook. What a case shows is
//! computed from its entries when asked for; only what lists and filters need is kept beside them.

use std::collections::HashMap;

use super::{
    answer::Given,
    entry::{Author, Content, Entry},
    ids::{CaseId, DeviceId, EntryId, JournalId, QuestionId},
};

/// How far an entry has come: three words only (`DESIGN.md` section 4, invariant 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Delivery {
    /// On this device.
    Kept,
    /// On a stick, or in flight.
    HandedOver,
    /// Headquarters signed for it.
    Received,
}

/// One case and the entries that belong to it.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// The case.
    pub id: CaseId,
    /// Its entries, ordered by (time of the device, author): only for showing, never for deciding.
    pub entries: Vec<EntryId>,
}

/// Two amendments that did not know of each other and touch the same question: both are shown until a supervisor chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The entry both amend.
    pub target: EntryId,
    /// The question.
    pub question: QuestionId,
    /// The amendments.
    pub amendments: Vec<EntryId>,
}

/// What one question of an entry says today, and which amendment said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The question.
    pub question: QuestionId,
    /// The standing answer.
    pub given: Given,
    /// The amendment it comes from; `None` for the sheet itself.
    pub from: Option<EntryId>,
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Casebook {
    entries: HashMap<EntryId, Entry>,
    cases: HashMap<CaseId, CaseFile>,
    received: HashMap<(DeviceId, JournalId), u64>,
}

impl Casebook {
    /// Takes one entry in. Applying one twice changes nothing.
    pub fn apply(&mut self, entry: Entry) {
        if self.entries.contains_key(&entry.id) {
            return;
        }
        let case = self.cases.entry(entry.case).or_insert_with(|| CaseFile { id: entry.case, entries: Vec::new() });
        case.entries.push(entry.id);
        self.entries.insert(entry.id, entry);
    }

    /// Notes a verified receipt: everything of that journal up to `seq` is received.
    pub fn receive(&mut self, device: DeviceId, journal: JournalId, seq: u64) {
        let mark = self.received.entry((device, journal)).or_default();
        *mark = (*mark).max(seq);
    }

    /// How far an entry has come.
    pub fn delivery(&self, author: &Author) -> Delivery {
        match self.received.get(&(author.device, author.journal)) {
            Some(mark) if author.seq <= *mark => Delivery::Received,
            _ => Delivery::Kept,
        }
    }

    /// One entry.
    pub fn entry(&self, id: &EntryId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// One case.
    pub fn case(&self, id: &CaseId) -> Option<&CaseFile> {
        self.cases.get(id)
    }

    /// All cases, in no order.
    pub fn cases(&self) -> impl ExactSizeIterator<Item = &CaseFile> {
        self.cases.values()
    }

    /// The sheets of a case filled with one form.
    pub fn sheets<'a>(&'a self, case: &'a CaseFile, form: &'a str) -> impl Iterator<Item = &'a Entry> {
        case.entries
            .iter()
            .filter_map(|id| self.entries.get(id))
            .filter(move |entry| matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == form))
    }
}
