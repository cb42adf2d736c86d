//! `amanat form check`: the promises of the codebook, and whether other form files can be read.

use std::{fs, path::PathBuf};

use serde_json::{Value as Json, json};

use super::{args::FormVerb, book::codebook, later, output::Report};
use crate::{
    codebook::{Codebook, QuestionKind, Required, Sources},
    failure::Failure,
};

pub(super) fn run(verb: &FormVerb) -> Result<Report, Failure> {
    match verb {
        FormVerb::Check { files } if files.is_empty() => check(codebook()?),
        FormVerb::Check { files } => check(&with_files(files)?),
        FormVerb::Import { .. } => Err(later("form import")),
        FormVerb::Publish { .. } => Err(later("form publish")),
    }
}

/// The built-in lists with the forms of these files.
fn with_files(files: &[PathBuf]) -> Result<Codebook, Failure> {
    let mut texts = Vec::new();
    for file in files {
        let text = fs::read_to_string(file)
            .map_err(|error| Failure::disk(format!("reading the form {}", file.display()), &error))?;
        texts.push((file.display().to_string(), text));
    }
    let forms = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut read = Codebook::load(&Sources { forms, lists: Vec::new() })
        .map_err(|error| Failure::refused(format!("checking forms — {error}"), "Correct the line."))?;
    read.lists = codebook()?.lists.clone();
    Ok(read)
}

fn check(codebook: &Codebook) -> Result<Report, Failure> {
    let broken: Vec<String> = crate::codebook::check(codebook).iter().map(|finding| finding.to_string()).collect();
    if let Some(first) = broken.first() {
        let more = if broken.len() > 1 { format!(" (and {} more)", broken.len() - 1) } else { String::new() };
        return Err(Failure::refused(format!("checking forms — {first}{more}"), broken.join("\n  ")));
    }
    let forms: Vec<Json> = codebook
        .forms
        .values()
        .map(|form| {
            let questions: Vec<Json> = form.questions().map(|question| json!({
            "id": question.id.as_str(), "kind": kind(&question.kind), "list": list(&question.kind),
            "required": !matches!(question.required, Required::No), "sealed": question.sealed, "local": question.local,
            "derived": question.derived, "label": question.label.en,
        })).collect();
            json!({"form": form.form.to_string(), "title": form.title.en, "questions": questions})
        })
        .collect();
    let text = format!("{} forms and {} lists hold.", codebook.forms.len(), codebook.lists.len());
    Ok(Report::new(text, json!({"forms": forms, "lists": codebook.lists.keys().collect::<Vec<_>>()})))
}

fn kind(kind: &QuestionKind) -> &'static str {
    match kind {
        QuestionKind::Text => "text",
        QuestionKind::LongText => "long text",
        QuestionKind::Number { .. } => "number",
        QuestionKind::Money => "money",
        QuestionKind::Flag => "flag",
        QuestionKind::Date => "date",
        QuestionKind::PartialDate => "partial date",
        QuestionKind::Moment => "moment",
        QuestionKind::Choice { .. } => "choice",
        QuestionKind::Choices { .. } => "choices",
        QuestionKind::Cnic => "cnic",
        QuestionKind::Phone => "phone",
        QuestionKind::Entry { .. } => "entry",
        QuestionKind::Map { .. } => "map",
    }
}

fn list(kind: &QuestionKind) -> Option<&str> {
    match kind {
        QuestionKind::Choice { list } | QuestionKind::Choices { list } | QuestionKind::Map { keys: list, .. } => {
            Some(list)
        }
        _ => None,
    }
}
