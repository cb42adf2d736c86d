//! The figures of a monthly return, counted from entries: persons, FIRs, offences, accused and convicted are separate units, and
//! a person with three kinds of exploitation is one person.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Answer, Answers, Casebook, Code, Content, EntryId, PartialDate, Value, review};

use super::derive::codes;

/// Year and month.
type Month = (i16, u8);

/// The figures of every month that has any, by the question that shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Months {
    months: BTreeMap<Month, BTreeMap<&'static str, i64>>,
}

/// Victims by sex and age: each of them is in exactly one of these.
const VICTIMS: [&str; 6] =
    ["count_women", "count_men", "count_girls", "count_boys", "count_transgender", "count_sex_or_age_unknown"];
/// Cases by aspect: a case may be in several.
const ASPECTS: [(&str, &str); 6] = [
    ("BL", "count_bonded_labour"),
    ("SX", "count_sexual_exploitation"),
    ("OB", "count_beggary"),
    ("MS", "count_smuggling"),
    ("FL", "count_forced_labour"),
    ("OE", "count_other_exploitation"),
];
const OTHERS: [&str; 8] = [
    "count_cases",
    "count_victims",
    "count_migrants",
    "count_firs",
    "count_offences",
    "count_accused",
    "count_convicted",
    "count_referrals",
];

impl Months {
    /// Counts a whole casebook. A case and its persons belong to the month in which the case was recorded, FIRs and their offences
    /// to that of the FIR, convictions to that of the decision.
    pub fn of(book: &Casebook) -> Self {
        let (mut months, same) = (Self::default(), book.same());
        // A case that is a duplicate of another is no case of its own, and what is in it counts with the one that stands.
        for file in book.cases().filter(|file| same.stands_for(&file.id).is_none()) {
            let beneath = same.beneath(&file.id).filter_map(|case| book.case(&case));
            let entries = [file].into_iter().chain(beneath).flat_map(|file| file.entries.iter());
            let once = entries.filter(|id| same.counted_with(id).is_none() && !is_merged(book, id));
            let sheets: Vec<(&str, EntryId, Answers)> = once.filter_map(|id| sheet(book, id)).collect();
            let of_form =
                |form: &'static str| sheets.iter().filter(move |(of, ..)| *of == form).map(|(_, _, answers)| answers);
            let opening = book.opening(file).map(|opening| opening.id);
            let case = sheets.iter().find(|(_, id, _)| Some(*id) == opening).map(|(_, _, answers)| answers);
            let Some(case) = case else { continue };
            if let Some(month) = month(case, "opened_on") {
                months.case(month, case, of_form("person"));
                months.add(month, "count_referrals", of_form("referral").count());
            }
            // Of a case and its duplicates there is one FIR, wherever it was put down.
            if let Some(month) =
                month(case, "fir_date").or_else(|| of_form("case").find_map(|case| month(case, "fir_date")))
            {
                months.add(month, "count_firs", 1);
                months.add(month, "count_offences", of_form("offence").count());
            }
            // Somebody convicted of three offences in one month is one person convicted.
            let mut convicted: Vec<(Month, Option<EntryId>)> = Vec::new();
            for outcome in of_form("outcome").filter(|outcome| is(outcome, "verdict", "CONV")) {
                let Some(month) = month(outcome, "verdict_date") else { continue };
                let who = match outcome.value("suspect_ref") {
                    Some(Value::Entry(id)) => Some(same.counted_with(id).unwrap_or(*id)),
                    _ => None,
                };
                let who = (month, who);
                if !convicted.contains(&who) {
                    convicted.push(who);
                    months.add(month, "count_convicted", 1);
                }
            }
        }
        months
    }

    fn case<'a>(&mut self, month: Month, case: &Answers, persons: impl Iterator<Item = &'a Answers>) {
        self.add(month, "count_cases", 1);
        let aspects = codes(case.value("aspect")).to_vec();
        let mut found: BTreeSet<Code> = aspects.into_iter().collect();
        for person in persons {
            match person.choice("role").map(Code::as_str) {
                Some("VIC") => {
                    self.add(month, "count_victims", 1);
                    self.add(month, sex_and_age(person), 1);
                }
                Some("SMG") => self.add(month, "count_migrants", 1),
                Some("SUS") => self.add(month, "count_accused", 1),
                _ => {}
            }
            // The aspect of a case was worked out before its persons were known.
            if let Answer::Value(value) = super::derive::aspect(case.choice("case_class"), [person]) {
                found.extend(codes(Some(&value)).iter().cloned());
            }
        }
        for (code, question) in ASPECTS {
            self.add(month, question, usize::from(found.iter().any(|found| found.as_str() == code)));
        }
    }

    fn add(&mut self, month: Month, question: &'static str, count: usize) {
        let figure = self.months.entry(month).or_default().entry(question).or_default();
        *figure = figure.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Works out a figure of a return; `None` for a question that is none.
    pub(super) fn work_out(&self, question: &str, period: Option<&Value>) -> Option<Option<Answer>> {
        let known = VICTIMS.iter().chain(&OTHERS).chain(ASPECTS.iter().map(|(_, question)| question));
        let question =
            known.copied().find(|known| *known == question).or((question == "checks_ok").then_some("checks_ok"))?;
        let month = match period {
            Some(Value::Date(date)) => date.month().map(|month| (date.year(), month)),
            _ => None,
        };
        let Some(month) = month else { return Some(None) };
        let figure =
            |question: &str| self.months.get(&month).and_then(|month| month.get(question)).copied().unwrap_or(0);
        Some(Some(Answer::Value(if question == "checks_ok" {
            Value::Flag(VICTIMS.iter().map(|part| figure(part)).sum::<i64>() == figure("count_victims"))
        } else {
            Value::Number(figure(question))
        })))
    }
}

/// Whether a supervisor said that another entry of its case stands for this one. Most cases hold no such word.
fn is_merged(book: &Casebook, id: &EntryId) -> bool {
    let file = book.entry(id).and_then(|entry| book.case(&entry.case));
    file.is_some_and(|file| book.sheets(file, review::FORM).next().is_some())
        && book.reviewed(id) == review::Standing::Merged
}

fn sheet<'a>(book: &'a Casebook, id: &EntryId) -> Option<(&'a str, EntryId, Answers)> {
    let entry = book.entry(id)?;
    let Content::Sheet(sheet) = &entry.content else { return None };
    Some((sheet.form().id.as_str(), *id, book.answers(id, false)))
}

fn month(answers: &Answers, question: &str) -> Option<Month> {
    match answers.value(question)? {
        Value::Date(date) => Some((date.year(), date.month()?)),
        _ => None,
    }
}

fn is(answers: &Answers, question: &str, code: &str) -> bool {
    answers.choice(question).is_some_and(|chosen| chosen.as_str() == code)
}

fn sex_and_age(person: &Answers) -> &'static str {
    let gender = person.choice("gender").map(Code::as_str);
    let group = person.choice("age_group").map(Code::as_str);
    match (gender, group) {
        (Some("TF" | "TM" | "NB"), _) => "count_transgender",
        (Some("F"), Some("ADULT")) => "count_women",
        (Some("M"), Some("ADULT")) => "count_men",
        (Some("F"), Some("CHILD")) => "count_girls",
        (Some("M"), Some("CHILD")) => "count_boys",
        _ => "count_sex_or_age_unknown",
    }
}

/// The month before a day, as a return names it.
pub fn month_before(day: PartialDate) -> Option<PartialDate> {
    match day.month()? {
        1 => PartialDate::new(day.year() - 1, Some(12), None, false).ok(),
        month => PartialDate::new(day.year(), Some(month - 1), None, false).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entry, specimen};

    fn entry(id: u8, case: u8, form: &str, told: &[(&str, Value)]) -> Entry {
        let answers = told.iter().map(|(id, value)| ((*id).into(), Answer::Value(value.clone()).into())).collect();
        specimen::entry(id, case, specimen::sheet(form, answers))
    }

    fn code(code: &str) -> Value {
        Value::Choice(code.into())
    }

    fn date(text: &str) -> Value {
        Value::Date(text.parse().unwrap())
    }

    #[test]
    fn a_month_is_counted_from_its_entries_each_unit_by_itself() {
        let mut book = Casebook::default();
        let two = Value::Choices(Box::new(["BONDED".into(), "SEXPROST".into()]));
        let person = |id, role: &str, gender: &str, group: &str| {
            let told = [
                ("role", code(role)),
                ("gender", code(gender)),
                ("age_group", code(group)),
                ("exploitation_type", two.clone()),
            ];
            entry(id, 1, "person", &told)
        };
        let who = |id: u8| ("suspect_ref", Value::Entry(EntryId::from_bytes([id; 16])));
        let convicted = |id, by: u8| {
            entry(id, 1, "outcome", &[("verdict", code("CONV")), ("verdict_date", date("2026-11-20")), who(by)])
        };
        for entry in [
            entry(1, 1, "case", &[("opened_on", date("2026-10-03")), ("fir_date", date("2026-11-01"))]),
            person(2, "VIC", "F", "CHILD"),
            person(3, "VIC", "TF", "ADULT"),
            person(4, "VIC", "M", "ADULT"),
            person(5, "SUS", "M", "ADULT"),
            entry(6, 1, "offence", &[]),
            entry(7, 1, "offence", &[]),
            convicted(8, 5),
            convicted(9, 5),
            entry(10, 2, "note", &[]),
        ] {
            book.apply(entry);
        }
        let months = Months::of(&book);
        let figure = |question: &str, month: &str| match months.work_out(question, Some(&date(month))) {
            Some(Some(Answer::Value(Value::Number(number)))) => number,
            other => panic!("{question}: {other:?}"),
        };
        for (question, october, november) in [
            ("count_cases", 1, 0),
            ("count_victims", 3, 0),
            ("count_girls", 1, 0),
            ("count_transgender", 1, 0),
            ("count_men", 1, 0),
            ("count_accused", 1, 0),
            ("count_bonded_labour", 1, 0),
            ("count_sexual_exploitation", 1, 0),
            ("count_firs", 0, 1),
            ("count_offences", 0, 2),
            ("count_convicted", 0, 1),
        ] {
            assert_eq!((figure(question, "2026-10"), figure(question, "2026-11")), (october, november), "{question}");
        }
        assert_eq!(months.work_out("checks_ok", Some(&date("2026-10"))), Some(Some(Answer::Value(Value::Flag(true)))));
        assert_eq!(months.work_out("count_cases", None), Some(None), "no month, no figure");
        assert_eq!(months.work_out("age_group", None), None);
        let day = |text: &str| month_before(text.parse().unwrap()).unwrap().to_string();
        assert_eq!((day("2026-01-09"), day("2026-11-25")), ("2025-12".to_owned(), "2026-10".to_owned()));
    }

    #[test]
    fn what_is_one_counts_once_across_cases_and_within_one() {
        let named = |question: &'static str, id: u8| (question, Value::Entry(EntryId::from_bytes([id; 16])));
        let said = |id: u8, word: &str, gone: u8, stands: u8| {
            entry(id, id, "same", &[("same_word", code(word)), named("same_gone", gone), named("same_stands", stands)])
        };
        let opened = ("opened_on", date("2026-10-03"));
        let person = |id: u8, role: &str| entry(id, id / 10, "person", &[("role", code(role)), ("gender", code("F"))]);
        let convicted = |id: u8, by: u8| {
            let told = [("verdict", code("CONV")), ("verdict_date", date("2026-10-20")), named("suspect_ref", by)];
            entry(id, id / 10, "outcome", &told)
        };
        let story = [
            entry(10, 1, "case", std::slice::from_ref(&opened)),
            person(11, "VIC"),
            person(12, "SUS"),
            convicted(13, 12),
            entry(20, 2, "case", &[opened.clone(), ("fir_date", date("2026-10-05"))]),
            person(21, "VIC"),
            person(22, "SUS"),
            person(23, "VIC"),
            convicted(24, 22),
        ];
        let counted = |more: &[Entry]| {
            let mut book = Casebook::default();
            story.iter().chain(more).for_each(|entry| book.apply(entry.clone()));
            let months = Months::of(&book);
            ["count_cases", "count_victims", "count_accused", "count_convicted", "count_firs"].map(|question| {
                match months.work_out(question, Some(&date("2026-10"))) {
                    Some(Some(Answer::Value(Value::Number(number)))) => number,
                    other => panic!("{question}: {other:?}"),
                }
            })
        };
        assert_eq!(counted(&[]), [2, 3, 2, 2, 1]);
        let (cases, victims, accused) =
            (said(200, "SAME", 20, 10), said(210, "SAME", 21, 11), said(220, "SAME", 22, 12));
        assert_eq!(counted(std::slice::from_ref(&cases)), [1, 3, 2, 2, 1], "one case, and everybody in both");
        assert_eq!(counted(&[cases.clone(), victims.clone(), accused.clone()]), [1, 2, 1, 1, 1]);
        assert_eq!(counted(&[victims, accused]), [2, 2, 1, 2, 1], "persons are one where cases are not");
        let mut merged = entry(230, 2, "review", &[named("review_of", 23), ("review_word", code("MERGE"))]);
        merged.author = specimen::author(2, 1);
        assert_eq!(counted(&[cases, merged]), [1, 2, 2, 2, 1], "and a duplicate within a case is none of its own");
    }
}
