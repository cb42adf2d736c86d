//! An unfinished form, and what still keeps it from being finished.

use super::{
    answer::{Answers, Lang},
    date::Moment,
    ids::{CaseId, DraftId, EntryId, FormRef, QuestionId},
};

/// Answers so far. A draft has no place in a journal and never leaves the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its own id on this device.
    pub id: DraftId,
    /// The form being filled.
    pub form: FormRef,
    /// The case it will belong to; `None` while it would open a new one.
    pub case: Option<CaseId>,
    /// For a correction: the entry that it corrects.
    pub target: Option<EntryId>,
    /// For a correction: the corrections of it that were there when this one was begun. What came since is nobody's to undo unseen.
    pub seen: Vec<EntryId>,
    /// What has been answered.
    pub answers: Answers,
    /// The question the officer was at, to reopen there.
    pub at: Option<QuestionId>,
    /// When it was begun.
    pub started: Moment,
    /// Language of the screen while it is filled.
    pub lang: Lang,
}

impl Draft {
    /// One that was just begun: nobody was at any question of it yet, and it belongs to no case and corrects nothing.
    pub const fn begun(id: DraftId, form: FormRef, answers: Answers, started: Moment, lang: Lang) -> Self {
        Self { id, form, case: None, target: None, seen: Vec::new(), answers, at: None, started, lang }
    }
}

/// How heavy a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The form cannot be finished while it stands.
    Error,
    /// Shown; the officer may go on.
    Warning,
}

/// What is wrong with one answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Required and without any answer.
    Missing,
    /// The answer is of another kind than the question asks for.
    WrongKind,
    /// A code that the list does not have.
    UnknownCode,
    /// Below or above what is possible.
    OutOfRange {
        /// Least allowed.
        min: Option<i64>,
        /// Most allowed.
        max: Option<i64>,
    },
    /// Not shaped as it must be (CNIC, phone).
    Shape,
    /// Longer than the form allows, in bytes.
    TooLong {
        /// Most allowed, bytes.
        max: usize,
    },
    /// A rule of the form does not hold; the key of its message in the form.
    Rule(Box<str>),
    /// An answer to a question that is not put under these answers.
    NotAskedHere,
    /// *Not recorded* outside imported data.
    NotRecordedHere,
}

/// One problem at one question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Where.
    pub question: QuestionId,
    /// How heavy.
    pub severity: Severity,
    /// What.
    pub kind: ProblemKind,
}

/// All problems of a draft, in the order of the form's questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Whether anything keeps the form from being finished.
    pub fn blocks(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// The problems at one question.
    pub fn at<'a>(&'a self, question: &'a QuestionId) -> impl Iterator<Item = &'a Problem> {
        self.0.iter().filter(move |problem| problem.question == *question)
    }
}
