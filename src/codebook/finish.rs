//! From a draft to a sheet: every answer is checked against its question, every question against the rules.
//!
//! This and `record`'s decoding are the only makers of a [`Sheet`]. Three decisions:
//!
//! - *Unknown*, *refused* and *not asked* satisfy a required question (a record is sealed with words, never with
//!   blanks, `DOMAIN.md` section 15), except where the form says that only a value will do.
//! - An officer's answer to a question that these answers do not put is left out, with a warning that says so; an
//!   imported one is kept, because a source does not follow our order of questions.
//! - A rule that turns on something without a value is not broken.

use crate::model::{
    Answer, Answers, Code, Draft, Given, Moment, PartialDate, Problem, ProblemKind, Problems, Severity,
};
use crate::model::{Sheet, Value};

use super::{
    around::Surroundings,
    derive,
    form::{CodeList, Codebook, Form, Question, QuestionKind, Required},
    rule::Facts,
    shape,
};

/// Longest line of text, bytes: a few hundred letters of Urdu.
pub const MAX_TEXT: usize = 1_000;
/// Longest account, bytes: some thirty pages, and still a small part of what one entry may hold.
pub const MAX_LONG_TEXT: usize = 200_000;
/// Most rupees in one answer: a trillion, beyond any sum on record.
pub const MAX_MONEY: i64 = 1_000_000_000_000;

/// Where a draft comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An officer filled it.
    Officer,
    /// An import or an older record: *not recorded* stands where an officer would have to answer.
    Imported,
}

/// Finishes a draft by its own answers alone; see [`finish_among`].
///
/// # Errors
/// All problems, if any of them keeps the form from being finished.
pub fn finish(form: &Form, codebook: &Codebook, draft: &Draft, origin: Origin) -> Result<(Sheet, Problems), Problems> {
    finish_among(form, codebook, draft, origin, &Surroundings::default())
}

/// Finishes a draft among the other entries of its case. What is left over beside the sheet are warnings.
///
/// # Errors
/// All problems, if any of them keeps the form from being finished.
pub fn finish_among(
    form: &Form,
    codebook: &Codebook,
    draft: &Draft,
    origin: Origin,
    around: &Surroundings,
) -> Result<(Sheet, Problems), Problems> {
    let (answers, problems) = walk(form, codebook, &draft.answers, origin, around, true);
    if problems.blocks() {
        return Err(problems);
    }
    Ok((Sheet::new(form.form.clone(), draft.lang, answers), problems))
}

/// The problems of a draft while it is typed: as [`finish_among`], but what is still missing is not held against it.
pub fn check_draft(
    form: &Form,
    codebook: &Codebook,
    answers: &Answers,
    origin: Origin,
    around: &Surroundings,
) -> Problems {
    walk(form, codebook, answers, origin, around, false).1
}

/// Whether a question is put under these answers.
pub fn visible(question: &Question, answers: &Answers) -> bool {
    shown(question, Facts::own(answers))
}

/// Whether a question is put under these answers, among the other entries of the case.
pub fn visible_among(question: &Question, answers: &Answers, around: &Surroundings) -> bool {
    shown(question, Facts::among(answers, around))
}

fn shown(question: &Question, facts: Facts<'_>) -> bool {
    !question.derived && question.show_if.as_ref().is_none_or(|rule| rule.holds(facts))
}

/// The answers a form begins with. `officer` holds what is known of who sits here (`agency`, `province`, `district`,
/// `police_station`, `name`, `officer_gender`…): a preset `officer.<field>` takes it from there, if it is there.
pub fn presets(form: &Form, now: Moment, officer: &Answers) -> Answers {
    let mut answers = Answers::default();
    for question in form.questions() {
        let Some(preset) = question.preset.as_deref() else { continue };
        let given = match preset.strip_prefix("officer.") {
            Some(field) => officer.get(field).cloned(),
            None => plain_preset(&question.kind, preset, now).map(|value| Given::from(Answer::Value(value))),
        };
        if let Some(given) = given {
            answers.set(question.id.clone(), given);
        }
    }
    answers
}

fn plain_preset(kind: &QuestionKind, preset: &str, now: Moment) -> Option<Value> {
    Some(match (kind, preset) {
        (QuestionKind::Date | QuestionKind::PartialDate, "today") => Value::Date(today(now)?),
        (QuestionKind::Moment, "now") => Value::Moment(now),
        (QuestionKind::Choice { .. }, code) => Value::Choice(code.into()),
        (QuestionKind::Choices { .. }, code) => Value::Choices(Box::new([code.into()])),
        (QuestionKind::Flag, "yes") => Value::Flag(true),
        (QuestionKind::Flag, "no") => Value::Flag(false),
        (QuestionKind::Number { .. } | QuestionKind::Money, number) => Value::Number(number.parse().ok()?),
        _ => return None,
    })
}

/// The day as noted, whole.
pub(super) fn today(now: Moment) -> Option<PartialDate> {
    let (year, month, day, ..) = now.civil();
    PartialDate::new(i16::try_from(year).ok()?, Some(month), Some(day), false).ok()
}

/// A finished sheet, cut where its parts travel differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealing {
    /// What everyone with the case key reads.
    pub sheet: Sheet,
    /// Answers that the form calls sealed: they go under the second key (`Content::Names`).
    pub sealed: Answers,
    /// Answers that stay in a note on this device and are never sent.
    pub local: Answers,
}

/// Cuts a finished sheet into what is read with the case, what is sealed apart, and what stays here.
pub fn split_sealed(form: &Form, sheet: Sheet) -> Sealing {
    let (form_ref, lang, answers) = sheet.into_parts();
    let (mut open, mut sealed, mut local) = (Answers::default(), Answers::default(), Answers::default());
    for (id, given) in answers.iter() {
        let part = match form.question(id.as_str()) {
            Some(question) if question.local => &mut local,
            Some(question) if question.sealed => &mut sealed,
            _ => &mut open,
        };
        part.set(id.clone(), given.clone());
    }
    Sealing { sheet: Sheet::new(form_ref, lang, open), sealed, local }
}

fn walk(
    form: &Form,
    codebook: &Codebook,
    draft: &Answers,
    origin: Origin,
    around: &Surroundings,
    whole: bool,
) -> (Answers, Problems) {
    let mut clean = Answers::default();
    let mut problems = Vec::new();
    // Rules look backward, so one pass in the order of the form sees every answer that a rule can turn on.
    for question in form.questions() {
        if question.derived {
            derive::into(&form.form.id, question, draft, &mut clean, around);
            continue;
        }
        let mut found = |severity, kind| problems.push(Problem { question: question.id.clone(), severity, kind });
        let given = draft.get(question.id.as_str()).filter(|given| !blank(question, &given.answer));
        if !shown(question, Facts::among(&clean, around)) {
            match (given, origin) {
                (Some(given), Origin::Imported) => clean.set(question.id.clone(), given.clone()),
                (Some(_), Origin::Officer) => found(Severity::Warning, ProblemKind::NotAskedHere),
                (None, _) => {}
            }
            continue;
        }
        let Some(given) = given else {
            if whole && required(question, Facts::among(&clean, around)) {
                found(Severity::Error, ProblemKind::Missing);
            }
            continue;
        };
        match checked(question, codebook, &given.answer, origin) {
            Ok(answer) => clean.set(question.id.clone(), Given { answer, lang: given.lang }),
            Err(kind) => found(Severity::Error, kind),
        }
    }
    for (id, given) in draft.iter().filter(|(id, _)| form.question(id.as_str()).is_none()) {
        let severity = if origin == Origin::Imported { Severity::Error } else { Severity::Warning };
        if given.answer != Answer::NotRecorded {
            problems.push(Problem { question: id.clone(), severity, kind: ProblemKind::NotAskedHere });
        }
    }
    for rule in &form.rules {
        if rule.must.judge(Facts::among(&clean, around)) == super::rule::Truth::No {
            let kind = ProblemKind::Rule(rule.key.clone());
            problems.push(Problem { question: rule.at.clone(), severity: rule.severity, kind });
        }
    }
    let place = |problem: &Problem| form.questions().position(|question| question.id == problem.question);
    problems.sort_by_cached_key(|problem| (place(problem).unwrap_or(usize::MAX), problem.severity));
    (clean, Problems(problems))
}

/// Nothing was really answered: spaces, or no code where one is wanted.
fn blank(question: &Question, answer: &Answer) -> bool {
    match answer {
        Answer::Value(Value::Text(text)) => text.trim().is_empty(),
        Answer::Value(Value::Choices(codes)) => codes.is_empty() && !question.may_be_empty,
        Answer::Value(Value::Map(pairs)) => pairs.is_empty(),
        _ => false,
    }
}

fn required(question: &Question, facts: Facts<'_>) -> bool {
    match &question.required {
        Required::No => false,
        Required::Yes => true,
        Required::When(rule) => rule.holds(facts),
    }
}

fn checked(question: &Question, codebook: &Codebook, answer: &Answer, origin: Origin) -> Result<Answer, ProblemKind> {
    match answer {
        Answer::NotRecorded if origin == Origin::Officer => Err(ProblemKind::NotRecordedHere),
        Answer::NotAsked | Answer::Refused | Answer::Unknown if question.firm && origin == Origin::Officer => {
            Err(ProblemKind::Missing)
        }
        Answer::NotAsked | Answer::Refused | Answer::Unknown | Answer::NotRecorded => Ok(answer.clone()),
        Answer::Value(value) => checked_value(&question.kind, codebook, value).map(Answer::Value),
    }
}

/// The value as it is stored, if it is one that this kind of question can have.
pub(super) fn checked_value(kind: &QuestionKind, codebook: &Codebook, value: &Value) -> Result<Value, ProblemKind> {
    match (kind, value) {
        (QuestionKind::Text, Value::Text(text)) => lines(text, MAX_TEXT, char::is_control)?,
        (QuestionKind::LongText, Value::Text(text)) => {
            lines(text, MAX_LONG_TEXT, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))?;
        }
        (QuestionKind::Number { min, max }, Value::Number(number)) => within(*number, *min, *max)?,
        (QuestionKind::Money, Value::Number(number)) => within(*number, Some(0), Some(MAX_MONEY))?,
        (QuestionKind::Date, Value::Date(date)) if !date.is_whole() || date.about() => return Err(ProblemKind::Shape),
        (QuestionKind::Choice { list }, Value::Choice(code)) => known(codebook, list, [code])?,
        (QuestionKind::Choices { list }, Value::Choices(codes)) => {
            known(codebook, list, codes.iter())?;
            distinct(codes.iter())?;
        }
        (QuestionKind::Map { keys, values }, Value::Map(pairs)) => {
            known(codebook, keys, pairs.iter().map(|(key, _)| key))?;
            known(codebook, values, pairs.iter().map(|(_, value)| value))?;
            distinct(pairs.iter().map(|(key, _)| key))?;
        }
        (QuestionKind::Cnic, Value::Text(text)) => {
            return shape::cnic(text).map(Value::Text).map_err(|_wrong| ProblemKind::Shape);
        }
        (QuestionKind::Phone, Value::Text(text)) => {
            return shape::phone(text).map(Value::Text).map_err(|_wrong| ProblemKind::Shape);
        }
        (QuestionKind::Date | QuestionKind::PartialDate, Value::Date(_))
        | (QuestionKind::Flag, Value::Flag(_))
        | (QuestionKind::Moment, Value::Moment(_))
        | (QuestionKind::Entry { .. }, Value::Entry(_)) => {}
        _ => return Err(ProblemKind::WrongKind),
    }
    Ok(value.clone())
}

/// Control characters are refused: shown on a terminal they would act, not read.
fn lines(text: &str, max: usize, forbidden: impl Fn(char) -> bool) -> Result<(), ProblemKind> {
    if text.len() > max {
        return Err(ProblemKind::TooLong { max });
    }
    if text.chars().any(forbidden) {
        return Err(ProblemKind::Shape);
    }
    Ok(())
}

fn within(number: i64, min: Option<i64>, max: Option<i64>) -> Result<(), ProblemKind> {
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        return Err(ProblemKind::OutOfRange { min, max });
    }
    Ok(())
}

fn known<'a>(codebook: &Codebook, list: &str, codes: impl IntoIterator<Item = &'a Code>) -> Result<(), ProblemKind> {
    let list: Option<&CodeList> = codebook.list(list).map(AsRef::as_ref);
    for code in codes {
        if list.and_then(|list| list.item(code.as_str())).is_none() {
            return Err(ProblemKind::UnknownCode);
        }
    }
    Ok(())
}

fn distinct<'a>(codes: impl Iterator<Item = &'a Code>) -> Result<(), ProblemKind> {
    let mut seen: Vec<&Code> = Vec::new();
    for code in codes {
        if seen.contains(&code) {
            return Err(ProblemKind::Shape);
        }
        seen.push(code);
    }
    Ok(())
}
