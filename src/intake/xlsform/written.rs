//! What is written: the TOML of forms and lists, as a person would write it for `form import`.

use serde::Serialize;

use super::labels::Words;

/// A form file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FormFile {
    pub form: String,
    pub version: u16,
    pub title: Words,
    pub section: Vec<SectionFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<RuleFile>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct SectionFile {
    pub title: Words,
    pub question: Vec<QuestionFile>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct QuestionFile {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Words>,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<RequiredFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_if: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
}

/// `required = true`, or a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum RequiredFile {
    Always(bool),
    When(String),
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct RuleFile {
    pub key: String,
    pub must: String,
    pub at: String,
    pub severity: &'static str,
    pub message: Words,
}

/// A list file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ListFile {
    pub list: String,
    pub items: Vec<ItemFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerFile>,
}

impl ListFile {
    pub(super) const fn new(list: String) -> Self {
        Self { list, items: Vec::new(), answers: Vec::new() }
    }

    /// Whether a code stands in it, as a value or beside one.
    pub(super) fn has(&self, code: &str) -> bool {
        self.items.iter().any(|item| item.code == code) || self.answers.iter().any(|answer| answer.code == code)
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct ItemFile {
    pub code: String,
    pub en: String,
    pub ur: String,
}

impl ItemFile {
    pub(super) fn new(code: &str, label: Words) -> Self {
        Self { code: code.to_owned(), en: label.en, ur: label.ur }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct AnswerFile {
    pub code: String,
    pub means: String,
    pub en: String,
    pub ur: String,
}

pub(super) fn answer_file(code: &str, means: &str, label: Words) -> AnswerFile {
    AnswerFile { code: code.to_owned(), means: means.to_owned(), en: label.en, ur: label.ur }
}

/// The text of a file. TOML has a way to write every text, so nothing fails here but a fault of ours, which reads as an empty file and
/// is refused as such.
pub(super) fn toml_of(file: &impl Serialize) -> String {
    toml::to_string(file).unwrap_or_default()
}
