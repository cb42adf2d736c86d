//! The shape of a form and of a code list, as the screens and the checks see them.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use crate::model::{Answer, Code, FormId, FormRef, Lang, QuestionId, Severity, Value};

use super::rule::Rule;

/// A text in every language of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: Box<str>,
    /// Urdu, in logical order.
    pub ur: Box<str>,
}

impl Text {
    /// The text in one language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Ur => &self.ur,
        }
    }
}

/// In [`QuestionKind::Entry`]: entries of every form.
pub const ANY_FORM: &str = "any";

/// The question that says a talk was broken off; a form that has it can be closed in a few keys whenever the person wants to stop.
pub const STOPPED_EARLY: &str = "stopped_early";

/// The closed set of kinds of question; a new kind is code, a new question is data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionKind {
    /// One line of text.
    Text,
    /// Many lines of text.
    LongText,
    /// A whole number within limits.
    Number {
        /// Least allowed.
        min: Option<i64>,
        /// Most allowed.
        max: Option<i64>,
    },
    /// Rupees, zero or more.
    Money,
    /// Yes or no.
    Flag,
    /// A whole day.
    Date,
    /// A date as people can give it.
    PartialDate,
    /// A day and time with offset.
    Moment,
    /// One code of a list.
    Choice {
        /// Name of the list.
        list: Box<str>,
    },
    /// Several codes of a list.
    Choices {
        /// Name of the list.
        list: Box<str>,
    },
    /// A CNIC: thirteen digits, shown 35202-1234567-1.
    Cnic,
    /// A phone number, stored as E.164.
    Phone,
    /// Another entry of the same case filled with this form.
    Entry {
        /// The form of the entries that may be chosen.
        form: FormId,
    },
    /// Code to code of two lists, for example indicator to answer.
    Map {
        /// List of the keys.
        keys: Box<str>,
        /// List of the values.
        values: Box<str>,
    },
}

/// When a question must have an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// May stay empty.
    No,
    /// Always.
    Yes,
    /// When this rule holds.
    When(Rule),
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Stable id.
    pub id: QuestionId,
    /// The words.
    pub label: Text,
    /// A short explanation under it.
    pub hint: Option<Text>,
    /// What can be answered.
    pub kind: QuestionKind,
    /// Whether it must be.
    pub required: Required,
    /// Shown only while this rule holds.
    pub show_if: Option<Rule>,
    /// Only a value will do: something the officer always knows, where *unknown* or *refused* would make no sense.
    pub firm: bool,
    /// No code at all is a value too (nobody else was present).
    pub may_be_empty: bool,
    /// Sealed answers travel in an entry of their own under the case's second key.
    pub sealed: bool,
    /// Stays on the device in a local note, never sent (`self_review`).
    pub local: bool,
    /// Derived by the program; never put to the officer.
    pub derived: bool,
    /// Filled in beforehand: a code, `today`, `now`, or `officer.<field>`.
    pub preset: Option<Box<str>>,
    /// What is filled in when the answer is corrected on its day or later while it must still be given: at the first correction the
    /// first, then the next, the last from then on. Each is written as a preset of a day (`today+30`).
    pub again: Box<[Box<str>]>,
    /// Fields of HTCDS 2.0 it maps to.
    pub htcds: Vec<Box<str>>,
}

/// A rule of the whole form with its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormRule {
    /// Key, unique in the form; appears in `ProblemKind::Rule`.
    pub key: Box<str>,
    /// Must hold.
    pub must: Rule,
    /// The question it is shown at.
    pub at: QuestionId,
    /// Error or warning.
    pub severity: Severity,
    /// Why, with the section of the law where there is one.
    pub message: Text,
}

/// A run of questions under a heading: one page of the interview screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading.
    pub title: Text,
    /// Its questions.
    pub questions: Vec<Question>,
}

/// Where the sheets of a form stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stands {
    /// In a case that is there.
    #[default]
    InCase,
    /// It opens one: a case, or the shelf of a unit's returns.
    Opens,
    /// Nowhere by itself: it is part of something else (why an entry changes, who the officer is).
    Apart,
}

/// A form version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Id and version.
    pub form: FormRef,
    /// Where its sheets stand.
    pub stands: Stands,
    /// Its name.
    pub title: Text,
    /// Its sections.
    pub sections: Vec<Section>,
    /// Its rules.
    pub rules: Vec<FormRule>,
}

impl Form {
    /// All questions in order.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.sections.iter().flat_map(|section| section.questions.iter())
    }

    /// One question.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions().find(|question| question.id.as_str() == id)
    }
}

/// One code of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeItem {
    /// The code.
    pub code: Code,
    /// Its words.
    pub label: Text,
    /// Other spellings that find it (Leiah for Layyah); folded when compared.
    pub aliases: Vec<Box<str>>,
    /// The list item it belongs under, for example a district's province.
    pub parent: Option<Code>,
    /// Value of HTCDS 2.0.
    pub htcds: Option<Box<str>>,
    /// What else is known of it, by name: the limits of a section's sentence, the weight of an indicator. A fact that is named
    /// like a list is a code of that list.
    pub facts: BTreeMap<Box<str>, Box<str>>,
}

impl CodeItem {
    /// What it is called on the screen and on paper: a section of a law always by its number too. The lists have it in the English words and not
    /// in the Urdu ones.
    pub fn called(&self, lang: Lang) -> Cow<'_, str> {
        let label = self.label.get(lang);
        match (self.fact("statute"), self.fact("section")) {
            (Some(statute), Some(section)) if !label.contains(section) => {
                Cow::Owned(format!("{statute} {section} {label}"))
            }
            _ => Cow::Borrowed(label),
        }
    }

    /// One fact.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(AsRef::as_ref)
    }

    /// One fact that is a whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.fact(name)?.parse().ok()
    }
}

/// A code of the source lists that is no value but one of the answers beside it: `U`, `X`, `UNK` (`DESIGN.md` section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerItem {
    /// The code, as imports and exports have it.
    pub code: Code,
    /// The answer it stands for; never a value.
    pub means: Answer,
    /// The list's own words for it.
    pub label: Text,
    /// Value of HTCDS 2.0.
    pub htcds: Option<Box<str>>,
}

/// A code list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeList {
    /// Its name.
    pub name: Box<str>,
    /// Its items in the order shown.
    pub items: Vec<CodeItem>,
    /// Its codes that stand for an answer without a value.
    pub answers: Vec<AnswerItem>,
}

impl CodeList {
    /// One item.
    pub fn item(&self, code: &str) -> Option<&CodeItem> {
        self.items.iter().find(|item| item.code.as_str() == code)
    }

    /// What a code of this list says as an answer, values and the answers beside them alike; `None` for an unknown code.
    pub fn read(&self, code: &str) -> Option<Answer> {
        if let Some(item) = self.item(code) {
            return Some(Answer::Value(Value::Choice(item.code.clone())));
        }
        self.answers.iter().find(|item| item.code.as_str() == code).map(|item| item.means.clone())
    }
}

/// Everything that can be asked: every version of every form ever used, and the lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Codebook {
    /// Forms by id and version.
    pub forms: BTreeMap<FormRef, Arc<Form>>,
    /// Lists by name.
    pub lists: BTreeMap<Box<str>, Arc<CodeList>>,
}

impl Codebook {
    /// The form version an entry was asked in.
    pub fn form(&self, form: &FormRef) -> Option<&Arc<Form>> {
        self.forms.get(form)
    }

    /// The newest version of a form.
    pub fn newest(&self, id: &str) -> Option<&Arc<Form>> {
        self.forms.values().rev().find(|form| form.form.id.as_str() == id)
    }

    /// A list.
    pub fn list(&self, name: &str) -> Option<&Arc<CodeList>> {
        self.lists.get(name)
    }
}
