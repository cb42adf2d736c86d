//! Forms as data: what is asked, in which words, under which rules.

mod form;

pub use form::{
    CodeItem, CodeList, Codebook, Form, FormRule, Question, QuestionKind, Required, RuleText, Section, Text,
};
