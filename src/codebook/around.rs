//! What a form can see beside its own answers: the case it belongs to, and the entries it can name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::model::{Answer, Answers, CaseId, Casebook, Content, EntryId, MemberId};

use super::{
    counted::Months,
    form::{Question, QuestionKind},
    procedure::Fir,
};

/// The answers around a form, as they stand today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The case: rules reach it as `case.<question>`.
    pub case: Answers,
    /// Other entries of the case, with their sealed answers where these can be read: rules reach the one that a
    /// question names as `<question>.<question>`.
    pub entries: BTreeMap<EntryId, Answers>,
    /// Whether entries of the case stand here sealed: handed in, or kept at headquarters only. Who they are about cannot be named here.
    pub away: bool,
    /// For a correction: what the entry says until now, reached as `before.<question>`.
    pub before: Answers,
    /// For a return: the figures of each month. `None` where nobody asked for them to be counted.
    pub months: Option<Arc<Months>>,
    /// For a case: the FIRs of all others. `None` where nobody looked.
    pub firs: Option<Arc<BTreeSet<Fir>>>,
    /// For a review: the corrections of each entry that can be named.
    pub corrected: BTreeMap<EntryId, Vec<EntryId>>,
    /// For a review: the words by which the case is given to somebody today.
    pub assigned: Vec<EntryId>,
    /// For a review: members of the roster to whom the case can be given, by what they are called.
    pub people: BTreeMap<Box<str>, MemberId>,
}

impl Surroundings {
    /// What a form of this case can see; of a case that is not there yet, nothing.
    pub fn of(book: &Casebook, case: Option<&CaseId>) -> Self {
        let away = case.is_some_and(|id| book.handed_in(id) + book.at_headquarters(id) > 0);
        let mut around = Self { away, ..Self::default() };
        let Some(file) = case.and_then(|id| book.case(id)) else { return around };
        let opening = book.opening(file).map(|opening| opening.id);
        around.assigned = book.assigned(file).into_iter().map(|given| given.word).collect();
        for entry in file.entries.iter().filter_map(|id| book.entry(id)) {
            let Content::Sheet(_) = &entry.content else { continue };
            let answers = book.answers(&entry.id, true);
            if Some(entry.id) == opening {
                around.case.clone_from(&answers);
            }
            around.entries.insert(entry.id, answers);
            around.corrected.insert(entry.id, book.amendments(&entry.id).map(|amendment| amendment.id).collect());
        }
        around
    }

    /// As [`Surroundings::of`], for a form of this id that may be a correction: with what that entry says until now, and with what
    /// only some forms look at.
    pub fn for_form(book: &Casebook, case: Option<&CaseId>, form: &str, target: Option<&EntryId>) -> Self {
        let mut around = Self::of(book, case);
        if let Some(target) = target {
            around.before = book.answers(target, true);
        }
        if form == "return" {
            around.months = Some(Arc::new(Months::of(book)));
        }
        if form == "case" {
            around.firs = Some(Arc::new(Fir::of_others(book, case)));
        }
        around
    }

    /// Whether *not known* will do where else only a value does: the question names an entry, and entries of the case are not here to
    /// be named. The form then asks in words who it is, and whoever reads the case names them by a correction.
    pub const fn excuses(&self, question: &Question, answer: &Answer) -> bool {
        self.away && matches!(question.kind, QuestionKind::Entry { .. }) && matches!(answer, Answer::Unknown)
    }
}
