//! `amanat entry add|show`, and where the other verbs of an entry are.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{
    answers,
    args::EntryVerb,
    book::Book,
    context::Context,
    entry_attach, entry_files,
    filled::{case_id, draft, entry_id, gone, kept_report, read_json, unfinished, who_sits_here},
    output::{Report, put},
    review::supervises,
    shown,
};
use crate::{
    codebook::{self, Origin, Stands, Surroundings},
    failure::Failure,
    model::{Answers, CaseId, Code, assigned, review::FORM},
    runtime::{
        entries::keep::{ToKeep, What},
        screen::officer,
    },
};

pub(super) fn run(context: &Context, verb: &EntryVerb) -> Result<Report, Failure> {
    match verb {
        EntryVerb::Add { form, from, case } => add(context, form, from, case.as_deref()),
        EntryVerb::Show { id, names, files } => show(context, id, *names, files.as_deref()),
        EntryVerb::Attach { case, files, note, media } => {
            entry_attach::attach(context, case, files, note.as_deref(), media.as_deref())
        }
        EntryVerb::SavePart { id, n, out, force } => entry_attach::save(context, id, *n, out, *force),
        EntryVerb::Paper { id, paper, names, out, print: _ } => {
            super::entry_paper::run(context, id, *paper, *names, out.as_deref())
        }
        EntryVerb::Quarantined { verb } => super::entry_aside::run(context, verb.as_ref()),
        EntryVerb::Amend { id, from, reason, note } => {
            super::entry_amend::run(context, id, from, reason, note.as_deref())
        }
    }
}

fn add(context: &Context, form: &str, from: &Path, case: Option<&str>) -> Result<Report, Failure> {
    let json = read_json(from)?;
    let mut home = context.unlock()?;
    let codebook = &home.codebook()?;
    let form = codebook.newest(form).ok_or_else(|| {
        let mut known: Vec<&str> = codebook.forms.keys().map(|form| form.id.as_str()).collect();
        known.dedup();
        Failure::usage(format!("adding an entry — there is no form {form}"), format!("Forms: {}.", known.join(", ")))
    })?;
    let given = answers::read(form, &json)?;
    let book = Book::open(context, &mut home)?;
    let existing = case.map(|case| case_id(&book, case)).transpose()?;
    if form.stands == Stands::Apart {
        return Err(Failure::usage(
            format!("adding an entry — {} is no entry by itself", form.form.id),
            "Corrections: `amanat entry amend`. The officer stands in the settings.",
        ));
    }
    if form.form.id.as_str() == FORM {
        supervises(&home)?;
    }
    let opens = form.stands == Stands::Opens;
    if opens && existing.is_some() {
        return Err(Failure::usage(
            "adding an entry — this case is open already, and a case is opened once",
            "Correct what its first entry says: `amanat entry amend`.",
        ));
    }
    let case = match existing {
        Some(case) => case,
        None if opens => CaseId::from(amanat_keys::fingerprint::CaseId::random()),
        None => {
            return Err(Failure::usage(
                format!("adding an entry — a {} belongs to a case", form.form.id),
                "Open one with --form case, or name one with --case ID.",
            ));
        }
    };
    let mut filled = codebook::presets(form, home.now(), &who_sits_here(&home)?);
    given.iter().for_each(|(question, given)| filled.set(question.clone(), given.clone()));
    let mut draft = draft(form.form.clone(), case, filled);
    (draft.seen, draft.started) = (book.casebook.corrections_in(&case), home.now());
    let mut around = Surroundings::for_form(&book.casebook, existing.as_ref(), form.form.id.as_str(), None);
    let people =
        if form.form.id.as_str() == FORM { officer::people(&home, &book.casebook, &case)? } else { Vec::new() };
    around.people = officer::by_name(&people);
    let finished = codebook::finish_among(form, codebook, &draft, Origin::Officer, &around);
    let (sheet, warnings) = finished.map_err(|problems| unfinished(form, &problems))?;
    let alike = alike(&book, form.form.id.as_str(), sheet.answers());
    let to = assigned::assignee(sheet.answers());
    let keep = ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None };
    let given = people.into_iter().find(|person| Some(person.member) == to);
    let kept = home.keep_to(codebook, keep, given.into_iter().flat_map(|person| person.devices))?;
    let mut report = kept_report(&kept, &warnings);
    put(&mut report.json, "alike", Json::Array(alike));
    Ok(report)
}

/// Entries that may be about the same person or FIR, by their ids and why.
fn alike(book: &Book, form: &str, told: &Answers) -> Vec<Json> {
    let found = codebook::alike::alike(&book.casebook, form, told, None).into_iter();
    let why = |why| match why {
        codebook::alike::Why::Cnic => "cnic",
        codebook::alike::Why::Phone => "phone",
        codebook::alike::Why::Fir => "fir",
        codebook::alike::Why::Name => "name",
    };
    let line = |alike: codebook::alike::Alike| json!({"why": why(alike.why), "entry": alike.entry.to_string(), "case": alike.case.to_string()});
    found.map(line).collect()
}

fn show(context: &Context, id: &str, names: bool, files: Option<&Path>) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let id = entry_id(&book, id)?;
    let Some(entry) = book.casebook.entry(&id) else { return Err(gone(&id)) };
    let (mut json, case) = (shown::entry(&book, entry), entry.case);
    // Asking for names or for files is on record before it is done.
    for what in [names.then_some("names"), files.map(|_| "export")].into_iter().flatten() {
        home.keep(&home.codebook()?, ToKeep::access(case, Code::new(what), 1))?;
    }
    if let Some(dir) = files {
        entry_files::write(&home, &entry.author, dir)?;
        put(&mut json, "files", json!(dir));
    }
    if !entry.parts.is_empty() {
        put(&mut json, "parts", Json::Array(entry_attach::listed(&home, entry)));
    }
    if names {
        let sealed: Vec<Json> = book.entries().filter_map(|other| shown::names_of(other, &id)).collect();
        put(&mut json, "names", Json::Array(sealed));
    }
    let text = serde_json::to_string_pretty(&json).unwrap_or_default();
    Ok(Report::new(text, json))
}
