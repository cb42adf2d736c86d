//! From a draft to a sheet: every answer is checked against its question, every question against the rules.
//!
//! This and `record`'s decoding are the only makers of a [`Sheet`]. Three decisions:
//!
//! - *Unknown*, *refused* and *not asked* satisfy a required question (a record is sealed with words, never with
//!   blanks, `DOMAIN.md` section 15), except where the form says that only a value will do.
//! - An officer's answer to a question that these answers do not put is left out, with a warning that says so; an
//!   imported one is kept, because a source does not follow our order of questions.
//! - An answer to a question that the form does not have is an error: it would be lost from sight.
//! - A rule that turns on something without a value is not broken.

use crate::model::{
    Answer, Answers, Code, Draft, Given, Moment, PartialDate, Problem, ProblemKind, Problems, QuestionId, Severity,
};
use crate::model::{Sheet, Value};

use super::{
    around::Surroundings,
    counted::month_before,
    derive,
    form::{CodeList, Codebook, Form, Question, QuestionKind, Required},
    rule::{Facts, Truth},
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
    let walked = walk(form, codebook, draft, origin, around, true);
    if walked.problems.blocks() {
        return Err(walked.problems);
    }
    Ok((Sheet::new(form.form.clone(), draft.lang, walked.clean), walked.problems))
}

/// The problems of a draft while it is typed: as [`finish_among`], but what is still missing is not held against it.
pub fn check_draft(form: &Form, codebook: &Codebook, draft: &Draft, origin: Origin, around: &Surroundings) -> Problems {
    walk(form, codebook, draft, origin, around, false).problems
}

/// What a screen shows of a draft.
#[derive(Clone, Debug, Default)]
pub struct Layout<'a> {
    /// The questions that are put, in order, each with whether it must be answered.
    pub put: Vec<(&'a Question, bool)>,
    /// What the program worked out, ready to show beside them.
    pub derived: Answers,
}

/// Which questions a draft puts as it stands. The one walk that finishing takes too, so that the screen and the
/// finished sheet never differ.
pub fn layout<'a>(
    form: &'a Form,
    codebook: &Codebook,
    draft: &Draft,
    origin: Origin,
    around: &Surroundings,
) -> Layout<'a> {
    let walked = walk(form, codebook, draft, origin, around, false);
    let derived = form.questions().filter(|question| question.derived);
    let derived =
        derived.filter_map(|question| Some((question.id.clone(), walked.clean.get(question.id.as_str())?.clone())));
    Layout { derived: derived.collect(), put: walked.put }
}

/// Whether a question is put under these answers (derived ones included, see [`layout`]).
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

/// Puts the next day to look again in place of one that has come, for whoever begins a correction: an entry whose follow-up is over
/// and that still waits for something would wait for nobody. `corrected` says how often a question was corrected before.
pub fn renewed(form: &Form, answers: &mut Answers, now: Moment, corrected: impl Fn(&QuestionId) -> usize) {
    let day = today(now).and_then(|today| today.day_number());
    for question in form.questions() {
        let come = match answers.value(question.id.as_str()) {
            Some(Value::Date(date)) => date.day_number().is_some_and(|due| day.is_some_and(|day| due <= day)),
            _ => false,
        };
        if !come || question.again.is_empty() || !required(question, Facts::own(answers)) {
            continue;
        }
        let next = question.again.get(corrected(&question.id)).or(question.again.last());
        if let Some(value) = next.and_then(|next| day_preset(&question.kind, next, now)) {
            answers.set(question.id.clone(), Given::from(Answer::Value(value)));
        }
    }
}

/// A day counted from today, as a form writes it; `None` for anything else.
pub(super) fn day_preset(kind: &QuestionKind, preset: &str, now: Moment) -> Option<Value> {
    matches!(kind, QuestionKind::Date | QuestionKind::PartialDate).then_some(())?;
    let ahead = preset.strip_prefix("today")?;
    let ahead: i64 = if ahead.is_empty() { 0 } else { ahead.parse().ok()? };
    PartialDate::from_day_number(today(now)?.day_number()?.checked_add(ahead)?).map(Value::Date)
}

fn plain_preset(kind: &QuestionKind, preset: &str, now: Moment) -> Option<Value> {
    Some(match (kind, preset) {
        (QuestionKind::PartialDate, "last_month") => Value::Date(month_before(today(now)?)?),
        (QuestionKind::Date | QuestionKind::PartialDate, day) => day_preset(kind, day, now)?,
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
            // That a source has nothing here is no secret: an import would pay a second slip a row to seal it.
            Some(question) if question.sealed && given.answer != Answer::NotRecorded => &mut sealed,
            _ => &mut open,
        };
        part.set(id.clone(), given.clone());
    }
    Sealing { sheet: Sheet::new(form_ref, lang, open), sealed, local }
}

struct Walked<'a> {
    clean: Answers,
    put: Vec<(&'a Question, bool)>,
    problems: Problems,
}

fn walk<'a>(
    form: &'a Form,
    codebook: &Codebook,
    draft: &Draft,
    origin: Origin,
    around: &Surroundings,
    whole: bool,
) -> Walked<'a> {
    let (mut clean, mut put) = (Answers::default(), Vec::new());
    let mut problems = Vec::new();
    // Rules look backward, so one pass in the order of the form sees every answer that a rule can turn on.
    for question in form.questions() {
        if question.derived {
            if let Some(given) = derive::into(question, codebook, (draft, &clean), origin, around) {
                clean.set(question.id.clone(), given);
            }
            continue;
        }
        let mut found = |severity, kind| problems.push(Problem { question: question.id.clone(), severity, kind });
        let given = draft.answers.get(question.id.as_str()).filter(|given| !blank(question, &given.answer));
        let facts = Facts::among(&clean, around);
        if !shown(question, facts) {
            match (given, origin) {
                (Some(given), Origin::Imported) => clean.set(question.id.clone(), given.clone()),
                (Some(_), Origin::Officer) => found(Severity::Warning, ProblemKind::NotAskedHere),
                (None, _) => {}
            }
            continue;
        }
        let must = required(question, facts);
        put.push((question, must));
        let judged = |answer: &Answer| match checked(question, codebook, answer, origin) {
            Err(ProblemKind::Missing) if around.excuses(question, answer) => Ok(answer.clone()),
            judged => judged,
        };
        match given.map(|given| (judged(&given.answer), given.lang)) {
            Some((Ok(answer), lang)) => clean.set(question.id.clone(), Given { answer, lang }),
            Some((Err(kind), _)) => found(Severity::Error, kind),
            None if whole && must => found(Severity::Error, ProblemKind::Missing),
            None => {}
        }
    }
    let strangers = draft.answers.iter().filter(|(id, _)| form.question(id.as_str()).is_none());
    problems.extend(strangers.map(|(id, _)| Problem {
        question: id.clone(),
        severity: Severity::Error,
        kind: ProblemKind::NotAskedHere,
    }));
    for rule in form.rules.iter().filter(|rule| rule.must.judge(Facts::among(&clean, around)) == Truth::No) {
        let kind = ProblemKind::Rule(rule.key.clone());
        problems.push(Problem { question: rule.at.clone(), severity: rule.severity, kind });
    }
    let place = |problem: &Problem| form.questions().position(|question| question.id == problem.question);
    problems.sort_by_cached_key(|problem| (place(problem).unwrap_or(usize::MAX), problem.severity));
    Walked { clean, put, problems: Problems(problems) }
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
            // A map has no other place for *not known* and *not asked*: there their codes stand as they are.
            let list = codebook.list(values).ok_or(ProblemKind::UnknownCode)?;
            if pairs.iter().any(|(_, value)| list.read(value.as_str()).is_none()) {
                return Err(ProblemKind::UnknownCode);
            }
            distinct(pairs.iter().map(|(key, _)| key))?;
            return Ok(Value::Map(filled(codebook.list(keys).map(AsRef::as_ref), list, pairs)));
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

/// One value for every key, in the order of the list: what was left out is *not asked*, where the list has a code for that.
fn filled(keys: Option<&CodeList>, values: &CodeList, pairs: &[(Code, Code)]) -> Box<[(Code, Code)]> {
    let not_asked = values.answers.iter().find(|item| item.means == Answer::NotAsked).map(|item| &item.code);
    let keys = keys.into_iter().flat_map(|list| list.items.iter().map(|item| &item.code));
    let told = |key: &Code| pairs.iter().find(|(told, _)| told == key).map(|(_, value)| value).or(not_asked);
    keys.filter_map(|key| Some((key.clone(), told(key)?.clone()))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DraftId, EntryId, FormRef, Lang};

    fn draft(form: &str, answers: Answers) -> Draft {
        Draft::begun(
            DraftId::from_bytes([9; 16]),
            FormRef { id: form.into(), version: 1 },
            answers,
            Moment::pkt(1_795_322_868_000),
            Lang::Ur,
        )
    }

    fn code(code: &str) -> Answer {
        Answer::Value(Value::Choice(code.into()))
    }

    fn codes(codes: &[&str]) -> Answer {
        Answer::Value(Value::Choices(codes.iter().map(Code::new).collect()))
    }

    fn text(text: &str) -> Answer {
        Answer::Value(Value::Text(text.into()))
    }

    fn number(number: i64) -> Answer {
        Answer::Value(Value::Number(number))
    }

    fn set(answers: &Answers, changes: &[(&str, Answer)]) -> Answers {
        let mut answers = answers.clone();
        for (id, answer) in changes {
            answers.set((*id).into(), answer.clone());
        }
        answers
    }

    /// The smallest case that an officer can keep.
    fn case() -> Answers {
        let mut officer = Answers::default();
        officer.set("agency".into(), code("PB-POL"));
        officer.set("province".into(), code("PK-PB"));
        officer.set("district".into(), code("PK617"));
        officer.set("police_station".into(), text("تھانہ صدر"));
        officer.set("name".into(), text("SI Ayesha"));
        let form = Codebook::builtin().unwrap().newest("case").unwrap();
        let preset = presets(form, Moment::pkt(1_795_322_868_000), &officer);
        let told = [
            ("detection_source", code("RAID")),
            ("risk_level", code("MED")),
            ("movement", code("INT")),
            ("victims_seen", number(3)),
        ];
        set(&preset, &told)
    }

    fn problems(form: &str, answers: Answers, around: &Surroundings) -> Vec<(String, ProblemKind)> {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest(form).unwrap();
        let draft = draft(form.form.id.as_str(), answers);
        let problems = match finish_among(form, codebook, &draft, Origin::Officer, around) {
            Ok((_, warnings)) => warnings,
            Err(problems) => problems,
        };
        problems.0.into_iter().map(|problem| (problem.question.as_str().to_owned(), problem.kind)).collect()
    }

    fn rule(key: &str) -> ProblemKind {
        ProblemKind::Rule(key.into())
    }

    #[test]
    fn a_case_is_kept_with_four_answers_beside_the_presets() {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest("case").unwrap();
        let (sheet, warnings) = finish(form, codebook, &draft("case", case()), Origin::Officer).unwrap();
        assert_eq!(warnings, Problems::default());
        assert_eq!(sheet.answers().choice("agency_route").map(Code::as_str), Some("DECIDE"), "derived");
        assert_eq!(sheet.answers().choice("handling_code").map(Code::as_str), Some("H2"), "preset");
        assert_eq!(sheet.lang(), Lang::Ur);
    }

    #[test]
    fn each_condition_of_a_case_holds() {
        let none = Surroundings::default();
        let is = |changes: &[(&str, Answer)]| problems("case", set(&case(), changes), &none);
        let missing = |id: &str| (id.to_owned(), ProblemKind::Missing);
        assert_eq!(is(&[("case_status", code("CLO"))]), [missing("closure_reason")]);
        assert_eq!(is(&[("case_class", code("TIP"))]), [missing("place_exploit")]);
        assert_eq!(is(&[("movement", code("OUT"))]), [missing("country_to")]);
        assert_eq!(is(&[("movement", Answer::Unknown)]), [], "unknown is an answer, and decides nothing");
        assert_eq!(is(&[("case_class", Answer::Unknown)]), [missing("case_class")], "only a value will do");
        assert_eq!(is(&[("risk_level", Answer::NotRecorded)]), [("risk_level".into(), ProblemKind::NotRecordedHere)]);
        assert_eq!(is(&[("victims_women", number(2))]), [("victims_seen".into(), rule("parts_equal_total"))]);
        assert_eq!(is(&[("victims_women", number(2)), ("victims_boys", number(1))]), []);
        let fir = is(&[("investigation_status", code("FIR")), ("fir_station", text(" "))]);
        assert_eq!(fir, ["fir_no", "fir_year", "fir_station", "fir_date"].map(missing));
        assert_eq!(is(&[("district", code("PK999"))]), [("district".into(), ProblemKind::UnknownCode)]);
        assert_eq!(is(&[("district", text("Lahore"))]), [("district".into(), ProblemKind::WrongKind)]);
        assert_eq!(is(&[("fir_no", number(3))]), [("fir_no".into(), ProblemKind::NotAskedHere)]);
        assert_eq!(is(&[("shoe_size", number(42))]), [("shoe_size".into(), ProblemKind::NotAskedHere)]);
        assert_eq!(is(&[("police_station", text("\u{1b}[2J"))]), [("police_station".into(), ProblemKind::Shape)]);
        assert_eq!(is(&[("summary", text("one\ntwo"))]), []);
    }

    fn person() -> Answers {
        let told = [
            ("role", code("VIC")),
            ("gender", code("F")),
            ("age_years", number(15)),
            ("age_basis", code("SELF")),
            ("nationality", code("AFG")),
            ("language", code("pus")),
            ("name_full", text("زرمینہ")),
            ("cnic", text("۳۵۲۰۲-۱۲۳۴۵۶۷-۲")),
            ("phone", text("0300 1234567")),
            ("safe_contact", code("NEVER")),
            ("victim_status", code("POSS")),
            ("status_decider", code("POLICE")),
            ("status_date", Answer::Value(Value::Date("2026-11-22".parse().unwrap()))),
            ("exploitation_type", codes(&["BONDED"])),
            ("sector", code("KILN")),
            ("act", codes(&["RECR"])),
            ("no_liability_check", code("Y")),
            ("guardian_name", Answer::Unknown),
            ("guardian_relation", Answer::Unknown),
            ("guardian_suspect", code("Y")),
            ("cpo_informed_at", Answer::NotAsked),
            ("best_interest_note", Answer::NotAsked),
        ];
        set(&Answers::default(), &told)
    }

    #[test]
    fn a_childs_means_are_not_asked_for_and_its_protection_is() {
        let none = Surroundings::default();
        assert_eq!(problems("person", person(), &none), []);
        let mut without = person();
        without.remove(&"best_interest_note".into());
        assert_eq!(problems("person", without, &none), [("best_interest_note".into(), ProblemKind::Missing)]);
        let grown = set(&person(), &[("age_years", number(30))]);
        let found = problems("person", grown, &none);
        assert!(found.contains(&("means".into(), ProblemKind::Missing)), "{found:?}");
        assert!(
            found.contains(&("guardian_suspect".into(), ProblemKind::NotAskedHere)),
            "left out, and said so: {found:?}"
        );
        let found = problems("person", set(&person(), &[("gender", code("M"))]), &none);
        assert_eq!(found, [("cnic".into(), rule("cnic_sex"))]);
        let found = problems("person", set(&person(), &[("cnic", text("12345"))]), &none);
        assert_eq!(found, [("cnic".into(), ProblemKind::Shape)]);
    }

    #[test]
    fn sealed_answers_leave_the_sheet_and_are_stored_in_one_shape() {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest("person").unwrap();
        let (sheet, _) = finish(form, codebook, &draft("person", person()), Origin::Officer).unwrap();
        let parts = split_sealed(form, sheet);
        assert_eq!(parts.sealed.value("cnic"), Some(&Value::Text("3520212345672".into())));
        assert_eq!(parts.sealed.value("phone"), Some(&Value::Text("+923001234567".into())));
        let mut names: Vec<&str> = parts.sealed.iter().map(|(id, _)| id.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["cnic", "guardian_name", "name_full", "phone"]);
        assert!(parts.sheet.answers().get("name_full").is_none() && parts.sheet.answers().get("alias_code").is_some());
        assert_eq!(parts.sheet.answers().choice("age_group").map(Code::as_str), Some("CHILD"));
        assert_eq!(parts.sheet.answers().value("purpose_ptpa"), codes(&["CL"]).value());
    }

    fn interview(around: &mut Surroundings) -> Answers {
        let person_id = EntryId::from_bytes([1; 16]);
        around
            .entries
            .insert(person_id, set(&Answers::default(), &[("gender", code("M")), ("age_group", code("ADULT"))]));
        let moment = Answer::Value(Value::Moment(Moment::pkt(1_795_322_868_000)));
        let flag = |flag| Answer::Value(Value::Flag(flag));
        let told = [
            ("person_ref", Answer::Value(Value::Entry(person_id))),
            ("statement_type", code("SCREEN")),
            ("started_at", moment),
            ("setting", code("PSROOM")),
            ("officer_ref", text("SI Ayesha")),
            ("present", codes(&[])),
            ("private_ok", flag(true)),
            ("needs_met", flag(true)),
            ("explained", flag(true)),
            ("no_promises", flag(true)),
            ("consent_interview", code("Y")),
            ("consent_giver", code("SELF")),
            ("consent_method", code("VERBAL")),
            ("consent_share_named", code("N")),
            ("consent_share_services", Answer::NotAsked),
            ("narrative", text("میں نے")),
            ("narrative_lang", code("pan")),
            ("closure_given", flag(true)),
            ("self_review", text("slower")),
        ];
        set(&Answers::default(), &told)
    }

    #[test]
    fn consent_and_signing_follow_the_law() {
        let mut around = Surroundings::default();
        let told = interview(&mut around);
        let flag = |flag| Answer::Value(Value::Flag(flag));
        let is = |changes: &[(&str, Answer)], around: &Surroundings| problems("interview", set(&told, changes), around);
        assert_eq!(is(&[], &around), []);
        let signed = is(&[("statement_type", code("S161")), ("signed", flag(true))], &around);
        assert_eq!(signed, [("signed".into(), rule("s161_never_signed"))]);
        let refused = is(&[("consent_interview", code("N"))], &around);
        let put_away = |id: &str| (id.to_owned(), ProblemKind::NotAskedHere);
        assert_eq!(
            refused,
            [put_away("narrative"), put_away("narrative_lang")],
            "the record is kept, the account closed"
        );
        let duty = is(&[("consent_interview", code("NA"))], &around);
        assert_eq!(duty, [("legal_basis".into(), ProblemKind::Missing)]);
        let overheard = is(&[("private_ok", flag(false))], &around);
        assert!(overheard.contains(&("gate_override_reason".into(), ProblemKind::Missing)), "{overheard:?}");
        around.case.set("handling_code".into(), code("H3"));
        assert_eq!(is(&[], &around), [("consent_share_named".into(), rule("named_without_consent"))]);
        for person in around.entries.values_mut() {
            *person = set(person, &[("age_group", code("CHILD")), ("guardian_suspect", code("Y"))]);
        }
        let child = is(&[("consent_giver", code("CHILD_G"))], &around);
        assert!(child.contains(&("consent_giver".into(), rule("guardian_suspect"))), "{child:?}");
        assert!(child.contains(&("child_support_person".into(), ProblemKind::Missing)), "{child:?}");
    }

    #[test]
    fn the_review_of_oneself_stays_here() {
        let mut around = Surroundings::default();
        let told = interview(&mut around);
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest("interview").unwrap();
        let (sheet, _) = finish_among(form, codebook, &draft("interview", told), Origin::Officer, &around).unwrap();
        let parts = split_sealed(form, sheet);
        assert_eq!(parts.local.value("self_review"), Some(&Value::Text("slower".into())));
        assert!(parts.sheet.answers().get("self_review").is_none() && parts.sheet.answers().get("narrative").is_none());
        assert!(parts.sealed.get("narrative").is_some() && parts.sealed.get("self_review").is_none());
    }

    #[test]
    fn imported_gaps_are_not_recorded_and_nothing_given_is_dropped() {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest("person").unwrap();
        let mut answers = Answers::default();
        for question in form.questions().filter(|question| !question.derived) {
            answers.set(question.id.clone(), Answer::NotRecorded);
        }
        let told =
            set(&answers, &[("role", code("VIC")), ("age_band", code("A39_47")), ("perp_role", codes(&["SELLER"]))]);
        let (sheet, warnings) = finish(form, codebook, &draft("person", told.clone()), Origin::Imported).unwrap();
        assert_eq!(warnings, Problems::default());
        assert_eq!(sheet.answers().choice("age_band").map(Code::as_str), Some("A39_47"));
        assert_eq!(sheet.answers().choice("age_group").map(Code::as_str), Some("ADULT"), "the band tells");
        assert_eq!(sheet.answers().value("perp_role"), codes(&["SELLER"]).value(), "a source has its own order");
        assert!(finish(form, codebook, &draft("person", told), Origin::Officer).unwrap_err().blocks());
    }

    #[test]
    fn while_typing_nothing_is_missing_yet_and_the_layout_is_the_finished_one() {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest("person").unwrap();
        let none = Surroundings::default();
        let typed = draft("person", set(&Answers::default(), &[("age_years", number(200)), ("role", code("SUS"))]));
        let found = check_draft(form, codebook, &typed, Origin::Officer, &none);
        assert_eq!(found.0.len(), 1);
        let typed = draft("person", person());
        let layout = layout(form, codebook, &typed, Origin::Officer, &none);
        let must = |id: &str| layout.put.iter().find(|(question, _)| question.id.as_str() == id).map(|(_, must)| *must);
        assert_eq!(
            (must("means"), must("sector"), must("perp_role"), must("guardian_name")),
            (Some(false), Some(true), None, Some(true))
        );
        assert_eq!(layout.derived.choice("age_band").map(Code::as_str), Some("A09_17"));
    }
}
