//! `amanat review`: what waits for a supervisor, and their word on it.

use serde_json::json;

use super::{
    args_later::ReviewVerb,
    book::Book,
    context::Context,
    filled::{draft, entry_id, kept_report, unfinished},
    output::Report,
};
use crate::{
    codebook::{self, Origin, Surroundings},
    failure::Failure,
    model::{
        Answer, Answers, Content, EntryId, Value,
        review::{FORM, Why},
    },
    runtime::{
        entries::keep::{ToKeep, What},
        homes::home::Home,
    },
};

pub(super) fn run(context: &Context, verb: &ReviewVerb) -> Result<Report, Failure> {
    match verb {
        ReviewVerb::List => list(context),
        ReviewVerb::Approve { id } => say(context, id, &[("review_word", choice("APPROVE"))]),
        ReviewVerb::Return { id, note } => {
            say(context, id, &[("review_word", choice("RETURN")), ("review_note", text(note))])
        }
        ReviewVerb::Assign { id, to, note } => {
            let told = [("review_word", choice("ASSIGN")), ("review_assigned", text(to)), ("review_note", text(note))];
            say(context, id, &told)
        }
        ReviewVerb::Merge { id, into, note } => merge(context, id, into, note),
    }
}

fn choice(code: &str) -> Answer {
    Answer::Value(Value::Choice(code.into()))
}

fn text(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

/// The verb is for who supervises: a word of anybody else would be an opinion.
pub(super) fn supervises(home: &Home) -> Result<(), Failure> {
    let member = home.member()?;
    if member.roles.iter().any(|(role, _)| role.word() == "supervisor") {
        return Ok(());
    }
    Err(Failure::refused("reviewing — this device belongs to nobody who supervises", "Ask your supervisor."))
}

fn list(context: &Context) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    supervises(&home)?;
    let me = crate::model::DeviceId::from_bytes(*home.device().as_bytes());
    let book = Book::open(context, &mut home)?;
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for waiting in book.waiting(me) {
        let Some(entry) = book.casebook.entry(&waiting.entry) else { continue };
        let Content::Sheet(sheet) = &entry.content else { continue };
        let why = match waiting.why {
            Why::Collided => "collided",
            Why::Answered => "answered",
            Why::New => "new",
            Why::Returned => "returned",
        };
        let (id, case, when) = (entry.id.to_string(), entry.case.to_string(), entry.times.device.to_string());
        let overdue = waiting.is_overdue();
        let late = if overdue { format!("  overdue: {} days", waiting.days) } else { String::new() };
        lines.push(format!("{why:<9} {id}  {}  {when}{late}", sheet.form()));
        let form = sheet.form().to_string();
        rows.push(json!({
            "why": why, "entry": id, "case": case, "form": form, "time": when, "days": waiting.days, "overdue": overdue,
        }));
    }
    let text = if lines.is_empty() { "Nothing waits for your review.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(text, json!({ "waiting": rows })))
}

fn merge(context: &Context, id: &str, into: &str, note: &str) -> Result<Report, Failure> {
    say_of(context, id, |book, of| {
        let stands = entry_id(book, into)?;
        let same = |id: &EntryId| book.casebook.entry(id).map(|entry| entry.case);
        if stands == of || same(&stands) != same(&of) {
            return Err(Failure::usage(
                "merging — the two are not two entries of one case",
                "Cases themselves are linked by their short numbers.",
            ));
        }
        let stands = Answer::Value(Value::Entry(stands));
        Ok(vec![("review_word", choice("MERGE")), ("review_stands", stands), ("review_note", text(note))])
    })
}

fn say(context: &Context, id: &str, told: &[(&'static str, Answer)]) -> Result<Report, Failure> {
    say_of(context, id, |_, _| Ok(told.to_vec()))
}

/// Keeps a word on an entry, sealed to the readers of its case and to the device of whoever wrote it.
fn say_of(
    context: &Context,
    id: &str,
    told: impl FnOnce(&Book, EntryId) -> Result<Vec<(&'static str, Answer)>, Failure>,
) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    supervises(&home)?;
    let codebook = &home.codebook()?;
    let book = Book::open(context, &mut home)?;
    let id = entry_id(&book, id)?;
    let Some(entry) = book.casebook.entry(&id) else { return Err(super::filled::gone(&id)) };
    let reviewed = matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() != FORM);
    if !reviewed || entry.author.device.as_bytes() == home.device().as_bytes() {
        return Err(Failure::usage(
            "reviewing — this is no filled form of somebody else",
            "Name an entry from `amanat review list`.",
        ));
    }
    let form = codebook.newest(FORM).ok_or_else(|| Failure::failed("reviewing — no form for reviews", ""))?;
    let mut answers = Answers::default();
    answers.set("review_of".into(), Answer::Value(Value::Entry(id)));
    told(&book, id)?.into_iter().for_each(|(question, answer)| answers.set(question.into(), answer));
    let mut draft = draft(form.form.clone(), entry.case, answers);
    draft.seen = book.casebook.corrections_in(&entry.case);
    let around = Surroundings::of(&book.casebook, Some(&entry.case));
    let finished = codebook::finish_among(form, codebook, &draft, Origin::Officer, &around);
    let (sheet, warnings) = finished.map_err(|problems| unfinished(form, &problems))?;
    let (case, to) = (entry.case, entry.author.device);
    let keep = ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None };
    let kept = home.keep_to(codebook, keep, Some(to))?;
    Ok(kept_report(&kept, &warnings))
}
