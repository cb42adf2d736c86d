//! A map: which column answers which question, and which words of theirs are which codes of ours.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::MapError;
use crate::{
    codebook::{Codebook, Question, QuestionKind},
    model::{Answer, Value},
};

/// A map file (TOML). Its name and version are part of every row's identity: the same rows under another map are other
/// rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Stable name.
    pub name: String,
    /// Version of the map, from 1.
    pub version: u32,
    /// The data set it reads and its source, shown with everything that came from it.
    pub source: String,
    /// What joins several values in one cell.
    #[serde(default = "semicolon")]
    pub delimiter: String,
    /// Whether columns that the map does not name are refused (the default) or carried.
    #[serde(default)]
    pub carry_unknown: bool,
    /// Whether a table may lack columns that the map names.
    #[serde(default)]
    pub partial: bool,
    /// Answers that every case gets, by question.
    #[serde(default)]
    pub case: BTreeMap<String, String>,
    /// Answers that every person gets, by question.
    #[serde(default)]
    pub person: BTreeMap<String, String>,
    /// Columns by their name in the table.
    pub columns: BTreeMap<String, Column>,
}

/// What one column means.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// `case.<question>` or `person.<question>`. Several columns may answer one question: codes are added, texts joined.
    pub to: Option<String>,
    /// Their words for our codes; letters' case, spaces and signs are ignored.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// The code for words that neither `values` nor the list knows; without it the row is refused.
    pub otherwise: Option<String>,
    /// Where several values stand and the question takes one: take the first.
    #[serde(default)]
    pub first: bool,
    /// Keep the cell as it came as well (or only, where there is no `to`).
    #[serde(default)]
    pub carry: bool,
    /// Other names under which files have this column.
    #[serde(default)]
    pub also: Vec<String>,
    /// Place among the columns joined into one text.
    #[serde(default)]
    pub order: u8,
}

fn semicolon() -> String {
    ";".into()
}

impl Map {
    /// Reads a map and holds it against the forms and lists.
    ///
    /// # Errors
    /// [`MapError`] names what is unreadable or unknown.
    pub fn parse(text: &str, codebook: &Codebook) -> Result<Self, MapError> {
        let map: Self = toml::from_str(text).map_err(|error| MapError::Unreadable(error.to_string()))?;
        for (column, meaning) in &map.columns {
            let Some(target) = &meaning.to else { continue };
            let question = find(codebook, target)
                .ok_or_else(|| MapError::NoSuchQuestion { column: column.clone(), target: target.clone() })?;
            if question.sealed && meaning.carry {
                return Err(MapError::SealedCarried { column: column.clone(), target: target.clone() });
            }
            for code in meaning.values.values().chain(&meaning.otherwise) {
                known(codebook, question, column, target, code)?;
            }
        }
        for (entity, constants) in [("case", &map.case), ("person", &map.person)] {
            for (question, code) in constants {
                let target = format!("{entity}.{question}");
                let question = find(codebook, &target)
                    .ok_or_else(|| MapError::NoSuchQuestion { column: entity.into(), target: target.clone() })?;
                known(codebook, question, entity, &target, code)?;
            }
        }
        Ok(map)
    }

    /// `name@version`, part of every row's identity.
    pub fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// The question that `case.x` or `person.x` names.
pub(super) fn find<'a>(codebook: &'a Codebook, target: &str) -> Option<&'a Question> {
    let (form, question) = target.split_once('.')?;
    if !matches!(form, "case" | "person") {
        return None;
    }
    codebook.newest(form)?.question(question)
}

/// The list a question chooses from.
pub(super) fn list_of(kind: &QuestionKind) -> Option<&str> {
    match kind {
        QuestionKind::Choice { list } | QuestionKind::Choices { list } => Some(list),
        _ => None,
    }
}

/// What a word of the map stands for: one of the answers without a value, a code of the list, or (where the question
/// has no list) the text itself.
pub(super) fn answer_of(codebook: &Codebook, question: &Question, word: &str) -> Option<Answer> {
    match word {
        "not recorded" => Some(Answer::NotRecorded),
        "unknown" => Some(Answer::Unknown),
        "refused" => Some(Answer::Refused),
        "not asked" => Some(Answer::NotAsked),
        word => match list_of(&question.kind) {
            Some(list) => codebook.list(list)?.read(word),
            None => Some(Answer::Value(Value::Text(word.into()))),
        },
    }
}

fn known(codebook: &Codebook, question: &Question, column: &str, target: &str, code: &str) -> Result<(), MapError> {
    answer_of(codebook, question, code).map(drop).ok_or_else(|| MapError::NoSuchCode {
        column: column.into(),
        target: target.into(),
        code: code.into(),
    })
}
