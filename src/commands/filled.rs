//! What verbs that keep a filled form have in common: the answers read, what lacks, what was kept, and entries named by their ids.

use std::{
    fs::File,
    io::{Read as _, stdin},
    path::Path,
};

use serde_json::{Value as Json, json};

use super::{book::Book, output::Report, shown, typed};
use crate::{
    codebook::Form,
    failure::Failure,
    model::{Answers, CaseId, Draft, DraftId, Entry, EntryId, FormRef, Lang, ProblemKind, Problems, Severity},
    runtime::{
        clock,
        homes::{config::Config, home::Home},
        screen::officer,
    },
};

/// Largest file of answers, bytes: more than an entry may hold.
const MAX_ANSWERS: u64 = 4 << 20;

/// Answers as the codebook takes them; it never reaches the shelf of drafts.
pub(super) fn draft(form: FormRef, case: CaseId, answers: Answers) -> Draft {
    let id = DraftId::from_bytes(*amanat_keys::fingerprint::JournalId::random().as_bytes());
    Draft { case: Some(case), ..Draft::begun(id, form, answers, clock::now(), Lang::En) }
}

/// What is known of who sits here, for presets.
pub(super) fn who_sits_here(home: &Home) -> Result<Answers, Failure> {
    let config = Config::read(&home.paths().settings())?;
    Ok(officer::known(home.unit()?, home.member()?, &config))
}

pub(super) fn kept_report(kept: &[Entry], warnings: &Problems) -> Report {
    let first = kept.first();
    let id = first.map(|entry| entry.id.to_string()).unwrap_or_default();
    let case = first.map(|entry| entry.case.to_string()).unwrap_or_default();
    let seq = first.map_or(0, |entry| entry.author.seq);
    let warnings: Vec<Json> = warnings.0.iter().map(shown::problem).collect();
    let text = format!("Kept.\n  entry  {id}\n  case   {case}\n  number {seq}");
    Report::new(text, json!({"entry": id, "case": case, "number": seq, "entries": kept.len(), "warnings": warnings}))
}

pub(super) fn unfinished(form: &Form, problems: &Problems) -> Failure {
    to_put_right(&form.form, problems, |kind| shown::why(form, kind))
}

/// What has to be put right; `why` knows the sentences of rules.
pub(super) fn to_put_right(form: &FormRef, problems: &Problems, why: impl Fn(&ProblemKind) -> String) -> Failure {
    let errors = problems.0.iter().filter(|problem| problem.severity == Severity::Error);
    let told: Vec<String> = errors.map(|problem| format!("{} ({})", problem.question, why(&problem.kind))).collect();
    Failure::usage(
        format!("finishing form {form} — {} to put right: {}", told.len(), told.join(", ")),
        "Correct the file. Nothing was kept.",
    )
}

pub(super) fn gone(id: &EntryId) -> Failure {
    Failure::failed(format!("looking for the entry {} — it is not in the casebook", id.short()), "")
}

/// A case by the beginning of its id.
pub(super) fn case_id(book: &Book, asked: &str) -> Result<CaseId, Failure> {
    typed::one_id("case", asked, book.casebook.cases().map(|case| case.id))
}

pub(super) fn entry_id(book: &Book, asked: &str) -> Result<EntryId, Failure> {
    typed::one_id("entry", asked, book.entries().map(|entry| entry.id))
}

pub(super) fn read_json(from: &Path) -> Result<Json, Failure> {
    let doing = || format!("reading the answers from {}", from.display());
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = if from == Path::new("-") {
        stdin().take(MAX_ANSWERS).read_to_string(&mut text)
    } else {
        File::open(from).and_then(|file| file.take(MAX_ANSWERS).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::disk(doing(), &error))?;
    serde_json::from_str(&text).map_err(|error| {
        // The parser's own words quote the text, which may hold a name; the place is enough.
        Failure::usage(
            format!("{} — no JSON at line {}, column {}", doing(), error.line(), error.column()),
            "Correct it.",
        )
    })
}
