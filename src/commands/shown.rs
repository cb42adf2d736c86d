//! Entries, cases and problems as JSON. Sealed answers are never in it unless they were asked for by name.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{
    answers,
    book::{Book, codebook},
    output::put,
};
use crate::{
    codebook::Form,
    model::{
        self, Absence, Answers, CaseFile, CaseId, Content, Delivery, Entry, EntryId, Gone, Handover, Peer, Problem,
        ProblemKind, Severity, assigned::Assignment, review::Standing,
    },
};

/// One entry.
pub(super) fn entry(book: &Book, entry: &Entry) -> Json {
    let mut json = json!({
        "entry": entry.id.to_string(),
        "case": entry.case.to_string(),
        "device": entry.author.device.to_string(),
        "journal": entry.author.journal.to_string(),
        "number": entry.author.seq,
        "time": entry.times.device.to_string(),
        "delivery": delivery(book, entry),
        "kind": entry.content.kind(),
    });
    if book.late.is(&entry.author) {
        put(&mut json, "late", json!(true));
    }
    if let Some(source) = &entry.source {
        let cells = source.cells.iter().map(|(column, cell)| (column.to_string(), json!(cell)));
        put(
            &mut json,
            "source",
            json!({"name": source.name, "map": source.map, "cells": Json::Object(cells.collect())}),
        );
    }
    match &entry.content {
        Content::Sheet(sheet) => {
            put(&mut json, "form", json!(sheet.form().to_string()));
            put(&mut json, "answers", answers::show(sheet.answers()));
            let words = book.casebook.words_on(&entry.id);
            if !words.is_empty() {
                let said = words.iter().map(|word| {
                    json!({"entry": word.id.to_string(), "device": word.device.to_string(), "word": word.says(), "note": word.note()})
                });
                let standing = standing(book.casebook.reviewed(&entry.id));
                put(&mut json, "review", json!({"standing": standing, "words": said.collect::<Vec<_>>()}));
            }
        }
        Content::Names(names) => {
            put(&mut json, "of", json!(names.of.to_string()));
            put(&mut json, "questions", names.answers.iter().map(|(question, _)| json!(question.as_str())).collect());
        }
        Content::Amendment(amendment) => {
            put(&mut json, "target", json!(amendment.target.to_string()));
            put(&mut json, "seen", amendment.seen.iter().map(|id| json!(id.to_string())).collect());
            put(&mut json, "reason", json!(amendment.reason.as_str()));
            put(&mut json, "note", json!(amendment.note));
            let (open, sealed) = parted(&amendment.changes);
            put(&mut json, "changes", answers::show(&open));
            if !sealed.is_empty() {
                put(&mut json, "questions", sealed.iter().map(|(question, _)| json!(question.as_str())).collect());
            }
        }
        Content::Access(access) => {
            put(&mut json, "what", json!(access.what.as_str()));
            put(&mut json, "count", json!(access.count));
        }
        Content::Opened(opened) => {
            put(&mut json, "place", json!({"device": opened.place.device.to_string(), "number": opened.place.seq}));
            put(&mut json, "opens", json!(opened.opens));
        }
        Content::Handover(told) => handover(told, &mut json),
        Content::Attachments(of) => put(&mut json, "of", json!(of.to_string())),
        Content::Other(other) => put(&mut json, "other", json!(other.kind)),
    }
    json
}

/// A word between units.
fn handover(told: &Handover, json: &mut Json) {
    put(json, "step", json!(told.step.code()));
    put(json, "unit", json!(told.unit.to_string()));
    put(json, "from", json!(told.from.to_string()));
    put(json, "of", json!(told.of.map(|id| id.to_string())));
    put(json, "reason", json!(told.reason.as_ref().map(model::Code::as_str)));
    put(json, "note", json!(told.note));
    if let Some(peer) = &told.peer {
        put(json, "peer", told_of(peer));
    }
}

/// The other agency in a transfer between two.
fn told_of(peer: &Peer) -> Json {
    json!({
        "agency": peer.agency.to_string(), "name": &*peer.name, "unit": &*peer.unit, "offer": peer.offer.to_string(),
        "proof": peer.proof.as_deref(),
    })
}

/// To whom a case is given today.
pub(super) fn assigned(book: &Book, file: &CaseFile) -> Vec<Json> {
    let told = |given: Assignment| {
        json!({
            "entry": given.word.to_string(), "of": given.of.to_string(), "to": &*given.name, "note": given.note.as_deref(),
            "member": given.to.map(|member| member.to_string()), "by": given.by.to_string(),
        })
    };
    book.casebook.assigned(file).into_iter().map(told).collect()
}

/// How a case stands with other agencies.
pub(super) fn crossings(book: &Book, file: &CaseFile) -> Json {
    let entries = file.entries.iter().filter_map(|id| book.casebook.entry(id));
    let told = model::crossings(entries).into_iter().map(|crossing| {
        json!({
            "entry": crossing.entry.to_string(), "came": crossing.came, "stands": crossing.stands.code(),
            "taken_back": crossing.taken_back,
            "peer": told_of(crossing.peer),
        })
    });
    told.collect()
}

/// How an entry stands with its supervisors, in one word.
const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::New => "new",
        Standing::Answered => "answered",
        Standing::Returned => "returned",
        Standing::Assigned => "assigned",
        Standing::Merged => "merged",
        Standing::Approved => "approved",
    }
}

/// The sealed answers of a sheet, if this entry holds them.
pub(super) fn names_of(entry: &Entry, sheet: &EntryId) -> Option<Json> {
    match &entry.content {
        Content::Names(names) if names.of == *sheet => Some(answers::show(&names.answers)),
        Content::Amendment(amendment) if amendment.target == *sheet || entry.id == *sheet => {
            let (_, sealed) = parted(&amendment.changes);
            (!sealed.is_empty()).then(|| answers::show(&sealed))
        }
        _ => None,
    }
}

/// Answers that may be shown, and those that any form calls sealed: a corrected name is a name.
pub(super) fn parted(all: &Answers) -> (Answers, Answers) {
    let is_sealed = |question: &str| {
        let asks = |form: &Arc<Form>| form.question(question).is_some_and(|question| question.sealed);
        // Without the codebook nothing can be told apart, and nothing is shown.
        codebook().map_or(true, |codebook| codebook.forms.values().any(asks))
    };
    let mut parts = (Answers::default(), Answers::default());
    for (question, given) in all.iter() {
        let part = if is_sealed(question.as_str()) { &mut parts.1 } else { &mut parts.0 };
        part.set(question.clone(), given.clone());
    }
    parts
}

/// A case in a list: counts and codes, no answers.
pub(super) fn case_line(book: &Book, case: &CaseFile) -> Json {
    let all = book.with_duplicates(case);
    let entries: Vec<&Entry> = all.iter().flat_map(|case| book.entries_of(case)).collect();
    let beneath: Vec<String> = all.iter().skip(1).map(|case| case.id.to_string()).collect();
    let sheets = |form: &str| {
        let is = |entry: &&&Entry| matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == form);
        let counted_here = |id: &EntryId| entries.iter().any(|entry| entry.id == *id);
        let again = |entry: &&Entry| book.same.counted_with(&entry.id).is_some_and(|with| counted_here(&with));
        entries.iter().filter(is).filter(|entry| !again(entry)).count()
    };
    let received = entries.iter().filter(|entry| delivery(book, entry) == "received").count();
    let newest = entries.last().map(|entry| entry.times.device.to_string());
    json!({
        "case": case.id.to_string(), "entries": entries.len(), "persons": sheets("person"),
        "interviews": sheets("interview"), "received": received, "newest": newest,
        "beneath": beneath, "erased": book.casebook.erased(&case.id).0, "handed_in": book.casebook.handed_in(&case.id),
    })
}

/// What is gone of a case: places and reasons, no content.
pub(super) fn gone(book: &Book, case: &CaseId) -> Vec<Json> {
    let told = |gone: &Gone| {
        let (why, since) = match gone.why {
            Absence::Erased(since) => ("erased by order", since),
            Absence::AtHeadquarters => ("kept at headquarters", None),
            Absence::HandedIn => ("handed in", None),
        };
        json!({
            "entry": gone.id.to_string(), "device": gone.author.device.to_string(),
            "journal": gone.author.journal.to_string(), "number": gone.author.seq, "why": why,
            "since": since.map(|since| since.to_string()),
        })
    };
    book.casebook.gone(case).map(told).collect()
}

/// How far an entry has come, in the word of the design.
pub(super) fn delivery(book: &Book, entry: &Entry) -> &'static str {
    match book.casebook.delivery(entry) {
        Delivery::Kept => "kept",
        Delivery::HandedOver => "handed over",
        Delivery::Received => "received",
    }
}

/// One problem of a form.
pub(super) fn problem(problem: &Problem) -> Json {
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({"question": problem.question.as_str(), "severity": severity, "what": kind(&problem.kind)})
}

/// As [`kind`], with a rule's own sentence, which names the law.
pub(super) fn why(form: &Form, problem: &ProblemKind) -> String {
    let rule = match problem {
        ProblemKind::Rule(key) => form.rules.iter().find(|rule| rule.key == *key),
        _ => None,
    };
    rule.map_or_else(|| kind(problem), |rule| rule.message.en.to_string())
}

/// What is wrong, in a few words, without the answer.
pub(super) fn kind(kind: &ProblemKind) -> String {
    match kind {
        ProblemKind::Missing => "required".to_owned(),
        ProblemKind::WrongKind => "another kind of answer".to_owned(),
        ProblemKind::UnknownCode => "no such code in its list".to_owned(),
        ProblemKind::OutOfRange { .. } => "out of range".to_owned(),
        ProblemKind::Shape => "not shaped as it must be".to_owned(),
        ProblemKind::TooLong { max } => format!("longer than {max} bytes"),
        ProblemKind::Rule(key) => format!("rule {key}"),
        ProblemKind::NotAskedHere => "not asked under these answers".to_owned(),
        ProblemKind::NotRecordedHere => "not recorded is for imports".to_owned(),
    }
}
