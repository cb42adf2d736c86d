//! `amanat entry amend`: a correction names what it corrects and what its author had seen; the older entry stays as it is.

use std::path::Path;

use super::{
    answers,
    book::Book,
    context::Context,
    filled::{draft, entry_id, gone, kept_report, read_json, unfinished},
    output::Report,
};
use crate::{
    codebook::{Surroundings, correct},
    failure::Failure,
    model::{Amendment, Answer, Answers, Code, Content, Entry, MemberId, Value, assigned, review::FORM},
    runtime::{
        entries::keep::{ToKeep, What},
        screen::officer,
    },
};

pub(super) fn run(
    context: &Context,
    id: &str,
    from: &Path,
    reason: &str,
    note: Option<&str>,
) -> Result<Report, Failure> {
    let changes = read_json(from)?;
    let mut home = context.unlock()?;
    let codebook = &home.codebook()?;
    let reason = Code::new(reason);
    if codebook.list("amend_reason").is_some_and(|list| list.item(reason.as_str()).is_none()) {
        return Err(Failure::usage(
            "amending — the list amend_reason does not have this reason",
            "Reasons: see `amanat form check --json`.",
        ));
    }
    let book = Book::open(context, &mut home)?;
    let id = entry_id(&book, id)?;
    let Some(entry) = book.casebook.entry(&id) else { return Err(gone(&id)) };
    let Content::Sheet(sheet) = &entry.content else {
        return Err(Failure::usage(
            "amending — this entry is no filled form",
            "Name the sheet that is to be corrected.",
        ));
    };
    if sheet.form().id.as_str() == FORM && entry.author.device.as_bytes() != home.device().as_bytes() {
        return Err(Failure::refused(
            "amending — a supervisor's word is corrected by whoever gave it",
            "Give a word of your own: amanat review.",
        ));
    }
    let form = codebook.form(sheet.form()).or_else(|| codebook.newest(sheet.form().id.as_str()));
    let form =
        form.ok_or_else(|| Failure::failed(format!("amending — form {} is not known here", sheet.form()), ""))?;
    let mut changes = answers::read(form, &changes)?;
    let draft = draft(form.form.clone(), entry.case, book.casebook.answers(&id, true));
    let mut around = Surroundings::for_form(&book.casebook, Some(&entry.case), form.form.id.as_str(), Some(&id));
    let people =
        if form.form.id.as_str() == FORM { officer::people(&home, &book.casebook, &entry.case)? } else { Vec::new() };
    around.people = officer::by_name(&people);
    means(&mut changes, &around);
    let broken = correct::broken_by(form, codebook, &draft, &changes, &around);
    if broken.blocks() {
        return Err(unfinished(form, &broken));
    }
    let seen = |other: &Entry| matches!(&other.content, Content::Amendment(amendment) if amendment.target == id);
    let seen = book.entries().filter(|other| seen(other)).map(|other| other.id).collect();
    let (before, now) = (assigned::assignee(&book.casebook.answers(&id, false)), assigned::assignee(&changes));
    let amendment = Amendment { target: id, seen, reason, note: note.map(Into::into), changes };
    let what = What::Amendment(amendment, Some(form.form.clone()));
    let keep = ToKeep { case: entry.case, what, source: None, draft: None, sharing: None };
    // The correction of a supervisor's word goes where the word went, and to whoever has the case by it now.
    let members: Vec<MemberId> = before.into_iter().chain(now).collect();
    let devices = people.into_iter().filter(|person| members.contains(&person.member));
    let devices = devices.flat_map(|person| person.devices);
    let author = match sheet.answers().value("review_of").filter(|_| sheet.form().id.as_str() == FORM) {
        Some(Value::Entry(of)) => book.casebook.entry(of).map(|entry| entry.author.device),
        _ => None,
    };
    let kept = home.keep_to(codebook, keep, author.into_iter().chain(devices))?;
    Ok(kept_report(&kept, &broken))
}

/// Whom a changed name means is worked out, as it was when the word was given.
fn means(changes: &mut Answers, around: &Surroundings) {
    let Some(Value::Text(called)) = changes.value(assigned::ASSIGNED) else { return };
    if let Some(member) = around.people.get(called).copied() {
        changes.set(assigned::ASSIGNEE.into(), Answer::Value(Value::Text(member.to_string().into())));
    }
}
