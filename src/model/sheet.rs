//! A filled form, finished: it can be kept, and never changed.
//!
//! *Sheet* and not *interview*, because opening a case, describing a person and writing a note are filled forms too.

use super::{
    answer::{Answers, Lang},
    ids::FormRef,
};

/// A finished form. Only `codebook::finish` (which checks it) and `record`'s decoding (which reads what was checked
/// when it was signed) make one; nothing changes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    form: FormRef,
    lang: Lang,
    answers: Answers,
}

impl Sheet {
    /// See the type: two callers only.
    pub(crate) const fn new(form: FormRef, lang: Lang, answers: Answers) -> Self {
        Self { form, lang, answers }
    }

    /// The form and version it was asked in.
    pub const fn form(&self) -> &FormRef {
        &self.form
    }

    /// Language of the screen while it was filled.
    pub const fn lang(&self) -> Lang {
        self.lang
    }

    /// What was answered.
    pub const fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Takes it apart, for sealing some answers under another key.
    pub fn into_parts(self) -> (FormRef, Lang, Answers) {
        (self.form, self.lang, self.answers)
    }
}
