//! What a screen answers to a key: where to go, and what to ask for.

use super::{audit::Audited, effect::Effect, keymap::Room, rotation::Renewed, screens::Way};
use crate::model::{CaseId, Code, Draft, DraftId, EntryId, FormId, Problems, Sheet};

/// The answer of a screen.
#[derive(Debug, PartialEq)]
pub(crate) struct Turn {
    pub(crate) go: Go,
    pub(crate) effects: Vec<Effect>,
    /// Key of a sentence for the last row, until the next key.
    pub(crate) says: Option<&'static str>,
}

/// Where to.
#[derive(Debug, PartialEq)]
pub(crate) enum Go {
    Stay,
    /// To the screen below.
    Back,
    /// To the list of cases, and from there to this case.
    Case(CaseId),
    /// To the queue of reviews where one came from it, to go on with what waits next; else as to the case.
    Queue(CaseId),
    Push(Open),
}

/// A screen to open, as data: no screen knows another.
#[derive(Debug, PartialEq)]
pub(crate) enum Open {
    Case(CaseId),
    Entry { case: CaseId, entry: EntryId, names: bool },
    Fill(Fill),
    Confirm(Box<Finished>),
    Outbox,
    Stick(Way),
    Today,
    Review,
    Roster,
    Team,
    Keys,
    Audit(Audited),
    Rotation(Renewed),
    Aside,
    Help(Room),
}

/// A form to fill.
#[derive(Debug, PartialEq)]
pub(crate) enum Fill {
    /// A new one; for a new case where `case` is `None`.
    New { form: FormId, case: Option<CaseId> },
    /// One begun earlier.
    Draft(DraftId),
    /// A correction of an entry.
    Correct(EntryId),
    /// A supervisor's word on an entry; which word, if a key said it.
    Review { entry: EntryId, word: Option<Code> },
}

/// A form that has no errors left.
#[derive(Debug, PartialEq)]
pub(crate) struct Finished {
    pub(crate) sheet: Sheet,
    pub(crate) draft: Draft,
    /// The case, whether it is there already or not.
    pub(crate) case: CaseId,
    /// What is worth a look; none of it blocks.
    pub(crate) warnings: Problems,
}

impl Turn {
    pub(crate) const fn stay() -> Self {
        Self::go(Go::Stay)
    }

    pub(crate) const fn go(go: Go) -> Self {
        Self { go, effects: Vec::new(), says: None }
    }

    pub(crate) const fn open(open: Open) -> Self {
        Self::go(Go::Push(open))
    }

    pub(crate) fn ask(effect: Effect) -> Self {
        Self::stay().and(Some(effect))
    }

    /// The same, with a sentence on what was done.
    pub(crate) const fn saying(mut self, word: &'static str) -> Self {
        self.says = Some(word);
        self
    }

    /// The same, with one more wish.
    pub(crate) fn and(mut self, effect: Option<Effect>) -> Self {
        self.effects.extend(effect);
        self
    }
}
