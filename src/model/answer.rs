//! What can stand as the answer to a question: a value, or one of four different ways of having none.

use super::{
    date::{Moment, PartialDate},
    ids::{Code, EntryId, QuestionId},
};

/// The language an answer was given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Urdu.
    Ur,
}

impl Lang {
    /// The one that this is not.
    pub const fn other(self) -> Self {
        match self {
            Self::En => Self::Ur,
            Self::Ur => Self::En,
        }
    }
}

/// A value that was told or seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Free text in logical order, byte for byte as typed. Phone and CNIC numbers are text in their stored form.
    Text(Box<str>),
    /// A whole number: counts, ages in years, months, money in rupees.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A date as people can give it.
    Date(PartialDate),
    /// A time with its offset.
    Moment(Moment),
    /// One code of the question's list.
    Choice(Code),
    /// Several codes, in the order chosen, without repeats; may be empty where the form says so.
    Choices(Box<[Code]>),
    /// Another entry of the same case, for example the person who was interviewed.
    Entry(EntryId),
    /// Code to code, for example indicator to answer.
    Map(Box<[(Code, Code)]>),
}

/// An answer. The four without a value are four different facts (`DESIGN.md` section 9) and none of them is ever *no*.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It was told or seen.
    Value(Value),
    /// The question was not put.
    NotAsked,
    /// The person would not say.
    Refused,
    /// The person does not know.
    Unknown,
    /// An older or imported record has nothing here; never chosen by an officer.
    NotRecorded,
}

impl Answer {
    /// The value, if there is one.
    pub const fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::NotAsked | Self::Refused | Self::Unknown | Self::NotRecorded => None,
        }
    }

    /// The single code, if the answer is one.
    pub fn choice(&self) -> Option<&Code> {
        match self.value()? {
            Value::Choice(code) => Some(code),
            _ => None,
        }
    }
}

/// An answer with the language it was given in, where that matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Given {
    /// What was answered.
    pub answer: Answer,
    /// In which language; `None` where the answer has none (a code, a number).
    pub lang: Option<Lang>,
}

impl From<Answer> for Given {
    fn from(answer: Answer) -> Self {
        Self { answer, lang: None }
    }
}

/// Answers by question, each question at most once, kept sorted: small in memory, found by halving.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Answers(Vec<(QuestionId, Given)>);

impl Answers {
    /// Sets or replaces one answer.
    pub fn set(&mut self, question: QuestionId, given: impl Into<Given>) {
        match self.find(&question) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = given.into();
                }
            }
            Err(at) => self.0.insert(at, (question, given.into())),
        }
    }

    /// Takes an answer out.
    pub fn remove(&mut self, question: &QuestionId) -> Option<Given> {
        self.find(question).ok().map(|at| self.0.remove(at).1)
    }

    /// What was given, if the question has any answer.
    pub fn get(&self, question: &str) -> Option<&Given> {
        let at = self.0.binary_search_by(|(id, _)| id.as_str().cmp(question)).ok()?;
        self.0.get(at).map(|(_, given)| given)
    }

    /// The answer, if the question has any.
    pub fn answer(&self, question: &str) -> Option<&Answer> {
        self.get(question).map(|given| &given.answer)
    }

    /// The value, if the question was answered with one.
    pub fn value(&self, question: &str) -> Option<&Value> {
        self.answer(question)?.value()
    }

    /// The single code, if the question was answered with one.
    pub fn choice(&self, question: &str) -> Option<&Code> {
        self.answer(question)?.choice()
    }

    /// All, in the order of their question ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&QuestionId, &Given)> {
        self.0.iter().map(|(id, given)| (id, given))
    }

    /// How many questions have an answer.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, question: &QuestionId) -> Result<usize, usize> {
        self.0.binary_search_by(|(id, _)| id.cmp(question))
    }
}

impl FromIterator<(QuestionId, Given)> for Answers {
    /// A later answer to the same question replaces an earlier one.
    fn from_iter<T: IntoIterator<Item = (QuestionId, Given)>>(iter: T) -> Self {
        let mut all: Vec<(QuestionId, Given)> = iter.into_iter().collect();
        // As they were written they are in order. Nothing is held for answers that will not come: there are millions of these.
        if all.is_sorted_by(|(one, _), (other, _)| one < other) {
            all.shrink_to_fit();
            return Self(all);
        }
        let mut answers = Self(Vec::with_capacity(all.len()));
        all.into_iter().for_each(|(question, given)| answers.set(question, given));
        answers
    }
}
