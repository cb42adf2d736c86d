//! `amanat review`: what waits for a supervisor, and their word on it.

use serde_json::json;

use super::{
    args_later::ReviewVerb,
    book::Book,
    context::Context,
    filled::{case_id, draft, entry_id, kept_report, unfinished},
    output::{Report, one_line, put},
    shown,
};
use crate::{
    codebook::{self, JoinWish, Origin, Surroundings},
    failure::Failure,
    model::{
        Answer, Answers, Content, EntryId, Lang, Problems, Value, assigned,
        review::{FORM, Why},
        same,
    },
    runtime::{
        entries::keep::{ToKeep, What},
        homes::home::Home,
        screen::officer::{self, Person},
    },
};

pub(super) fn run(context: &Context, verb: &ReviewVerb) -> Result<Report, Failure> {
    match verb {
        ReviewVerb::List => list(context),
        ReviewVerb::Approve { id } => say(context, id, &[("review_word", choice("APPROVE"))]),
        ReviewVerb::Return { id, note } => {
            say(context, id, &[("review_word", choice("RETURN")), ("review_note", text(note))])
        }
        ReviewVerb::Assign { id, to, note } => assign(context, id, to, note),
        ReviewVerb::Merge { id, into, note } => merge(context, id, into, note),
        ReviewVerb::Apart { id, other, note } => {
            let (mut home, book) = opened(context)?;
            let (gone, stands) = (entry_or_opening(&book, id)?, entry_or_opening(&book, other)?);
            join(&mut home, &book, JoinWish { same: false, gone, stands, note: note.as_str().into() })
        }
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
    for waiting in book.waiting(&home, me)? {
        let Some(entry) = book.casebook.entry(&waiting.entry) else { continue };
        let Content::Sheet(sheet) = &entry.content else { continue };
        let why = match waiting.why {
            Why::Collided => "collided",
            Why::Answered => "answered",
            Why::New => "new",
            Why::Returned => "returned",
            Why::Assigned => "assigned",
        };
        let (id, case, when) = (entry.id.to_string(), entry.case.to_string(), entry.times.device.to_string());
        let overdue = waiting.is_overdue();
        let late = if overdue { format!("  overdue: {} days", waiting.days) } else { String::new() };
        let given = book.casebook.case(&waiting.case).map(|file| shown::assigned(&book, file)).unwrap_or_default();
        let to: Vec<&str> = given.iter().filter_map(|given| given["to"].as_str()).collect();
        let to = if to.is_empty() { String::new() } else { format!("  given to {}", one_line(&to.join(", "))) };
        lines.push(format!("{why:<9} {id}  {}  {when}{to}{late}", sheet.form()));
        let form = sheet.form().to_string();
        rows.push(json!({
            "why": why, "entry": id, "case": case, "form": form, "time": when, "days": waiting.days, "overdue": overdue,
            "assigned": given,
        }));
    }
    let text = if lines.is_empty() { "Nothing waits for your review.".to_owned() } else { lines.join("\n") };
    Ok(Report::new(text, json!({ "waiting": rows })))
}

/// Gives the case of an entry to a member of the roster.
fn assign(context: &Context, id: &str, to: &str, note: &str) -> Result<Report, Failure> {
    let (mut home, book) = opened(context)?;
    let id = entry_or_opening(&book, id)?;
    say_in(&mut home, &book, id, |people| {
        let called = &named(people, to)?.called;
        Ok(vec![("review_word", choice("ASSIGN")), (assigned::ASSIGNED, text(called)), ("review_note", text(note))])
    })
}

/// The one whom this names: by all of what they are called, else by a part that is nobody else's.
fn named<'a>(people: &'a [Person], asked: &str) -> Result<&'a Person, Failure> {
    let (asked, folded) = (asked.trim(), asked.trim().to_lowercase());
    if let Some(person) = people.iter().find(|person| person.called == asked) {
        return Ok(person);
    }
    let mut found = people.iter().filter(|person| person.called.to_lowercase().contains(&folded));
    match (found.next(), found.next()) {
        (Some(person), None) if !folded.is_empty() => Ok(person),
        (first, _) => {
            let what =
                if first.is_some() { "several people are called so" } else { "nobody who reads the case is called so" };
            let names: Vec<String> = people.iter().map(|person| one_line(&person.called)).collect();
            Err(Failure::usage(
                format!("giving the case to somebody — {what}"),
                format!("Name one of these: {}.", names.join("; ")),
            ))
        }
    }
}

/// Within a case another entry stands for one; of two cases, or of two persons in two, one counts for both.
fn merge(context: &Context, id: &str, into: &str, note: &str) -> Result<Report, Failure> {
    let (mut home, book) = opened(context)?;
    let (gone, stands) = (entry_or_opening(&book, id)?, entry_or_opening(&book, into)?);
    let case = |id: &EntryId| book.casebook.entry(id).map(|entry| entry.case);
    if gone != stands && case(&gone) != case(&stands) {
        return join(&mut home, &book, JoinWish { same: true, gone, stands, note: note.into() });
    }
    if stands == gone {
        return Err(Failure::usage("merging — an entry is no duplicate of itself", "Name the one that stands."));
    }
    let stands = Answer::Value(Value::Entry(stands));
    let told = vec![("review_word", choice("MERGE")), ("review_stands", stands), ("review_note", text(note))];
    say_in(&mut home, &book, gone, |_| Ok(told))
}

/// Says that two are one, or that they are not after all, for those who read both cases.
fn join(home: &mut Home, book: &Book, wish: JoinWish) -> Result<Report, Failure> {
    let codebook = &home.codebook()?;
    let case = |id: &EntryId| book.casebook.entry(id).map(|entry| entry.case);
    let cases = case(&wish.gone).zip(case(&wish.stands));
    let done = codebook::joined(&book.casebook, codebook, &wish, (home.now(), Lang::En)).zip(cases);
    let Some((done, (gone, stands))) = done else {
        return Err(Failure::usage(
            "merging — these are neither two cases nor two persons of different cases",
            "Name two cases, or two sheets of the form person.",
        ));
    };
    let form = codebook.newest(same::FORM).ok_or_else(|| Failure::failed("merging — no form for it", ""))?;
    let sheet = done.map_err(|problems| unfinished(form, &problems))?;
    let readers = officer::readers_of_both(home, [gone, stands])?;
    let kept = home.keep_joined(codebook, [gone, stands], sheet)?;
    let names: Vec<String> = readers.iter().map(|line| one_line(&line.unit)).collect();
    let mut report = kept_report(&kept, &Problems::default());
    put(&mut report.json, "readers", json!(names));
    report.text.push_str(&format!("\nRead by those who read both: {}.", names.join(", ")));
    Ok(report)
}

fn say(context: &Context, id: &str, told: &[(&'static str, Answer)]) -> Result<Report, Failure> {
    let (mut home, book) = opened(context)?;
    let id = entry_or_opening(&book, id)?;
    say_in(&mut home, &book, id, |_| Ok(told.to_vec()))
}

/// The home of whoever supervises, and everything that can be read.
fn opened(context: &Context) -> Result<(Home, Book), Failure> {
    let mut home = context.unlock()?;
    supervises(&home)?;
    let book = Book::open(context, &mut home)?;
    Ok((home, book))
}

/// Keeps a word on an entry, sealed to the readers of its case, to the device of whoever wrote it and to those of whom the case is given to.
fn say_in(
    home: &mut Home,
    book: &Book,
    id: EntryId,
    told: impl FnOnce(&[Person]) -> Result<Vec<(&'static str, Answer)>, Failure>,
) -> Result<Report, Failure> {
    let codebook = &home.codebook()?;
    let Some(entry) = book.casebook.entry(&id) else { return Err(super::filled::gone(&id)) };
    let people = officer::people(home, &book.casebook, &entry.case)?;
    let mut answers = Answers::default();
    answers.set("review_of".into(), Answer::Value(Value::Entry(id)));
    told(&people)?.into_iter().for_each(|(question, answer)| answers.set(question.into(), answer));
    let gives = answers.choice("review_word").is_some_and(|word| word.as_str() == "ASSIGN");
    let sheet = matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() != FORM);
    // What a supervisor wrote can be given to somebody; nobody judges what they wrote themselves.
    if !sheet || (!gives && entry.author.device.as_bytes() == home.device().as_bytes()) {
        return Err(Failure::usage(
            "reviewing — this is no filled form of somebody else",
            "Name an entry from `amanat review list`.",
        ));
    }
    let form = codebook.newest(FORM).ok_or_else(|| Failure::failed("reviewing — no form for reviews", ""))?;
    let mut draft = draft(form.form.clone(), entry.case, answers);
    draft.seen = book.casebook.corrections_in(&entry.case);
    let mut around = Surroundings::of(&book.casebook, Some(&entry.case));
    around.people = officer::by_name(&people);
    let finished = codebook::finish_among(form, codebook, &draft, Origin::Officer, &around);
    let (sheet, warnings) = finished.map_err(|problems| unfinished(form, &problems))?;
    let to = assigned::assignee(sheet.answers());
    let given = people.iter().find(|person| Some(person.member) == to);
    let devices = given.into_iter().flat_map(|person| person.devices.iter().copied());
    let (case, devices) = (entry.case, devices.chain([entry.author.device]).collect::<Vec<_>>());
    let keep = ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None };
    let kept = home.keep_to(codebook, keep, devices)?;
    let mut report = kept_report(&kept, &warnings);
    if let Some(person) = given {
        put(&mut report.json, "to", json!(person.called));
        let (_, left) = home.open_for_assignees(&case)?;
        let reads = person.reads || person.opens;
        put(&mut report.json, "reads", json!(reads));
        put(&mut report.json, "left", json!(left));
        report.text.push_str(&format!("\nGiven to {}; the next sync tells them.", one_line(&person.called)));
        report.text.push_str(match (person.reads, person.opens) {
            (true, _) => "",
            (false, true) => {
                "\nThey read all of this case from now on, names, phones and homes included. What they have read stays read."
            }
            (false, false) => {
                "\n! They cannot read this case: this word reaches them and nothing else of it. Share the case with their unit, have \
                 them made a reader, or name somebody who reads it."
            }
        });
        if left > 0 {
            report.text.push_str(&format!(
                "\n! {left} slips stay closed to them: their authors' supervisor, or a custodian at headquarters, opens them."
            ));
        }
    }
    Ok(report)
}

/// An entry by the beginning of its id, or the one that opens the case of this id.
fn entry_or_opening(book: &Book, asked: &str) -> Result<EntryId, Failure> {
    let entry = entry_id(book, asked);
    if entry.is_ok() {
        return entry;
    }
    let case = case_id(book, asked).ok().and_then(|case| book.casebook.case(&case));
    let opening = case.and_then(|file| book.casebook.opening(file)).map(|opening| opening.id);
    opening.map_or(entry, Ok)
}
