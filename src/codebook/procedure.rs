//! What follows from the law of procedure (`DOMAIN.md` section 7.5) and takes more than one answer to see: an FIR that another case
//! has, a statement that was given before, a Magistrate whom nobody saw in time.
//!
//! Each comes to *yes*, or to nothing: what is not so needs no line on a page.

use std::collections::BTreeSet;

use crate::model::{Answer, Answers, CaseId, Casebook, Code, Content, PartialDate, Value};

use super::{
    derive::codes,
    find::fold,
    law::{INTERIM_DAYS, REPORT_DAYS, Scene},
};

/// Hours from an arrest to a Magistrate (CrPC ss.61, 167; Constitution art. 10).
pub const REMAND_HOURS: i64 = 24;
const HOUR_MS: i64 = 3_600_000;

/// What tells one FIR from every other: its number begins again each year at each station, and stations of one name stand in several
/// districts (Police Rules 24.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fir {
    number: i64,
    year: i64,
    station: String,
    district: Code,
}

impl Fir {
    /// The FIR of a case; `None` until all of it is known.
    pub fn of(case: &Answers) -> Option<Self> {
        let number = |question: &str| match case.value(question)? {
            Value::Number(number) => Some(*number),
            _ => None,
        };
        let station = match case.value("fir_station")? {
            Value::Text(text) => fold(text),
            _ => return None,
        };
        let (number, year) = (number("fir_no")?, number("fir_year")?);
        let district = case.choice("district")?.clone();
        (!station.is_empty()).then_some(Self { number, year, station, district })
    }

    /// The FIRs of all other cases that can be read here.
    pub fn of_others(book: &Casebook, own: Option<&CaseId>) -> BTreeSet<Self> {
        let others = book.cases().filter(|file| Some(&file.id) != own);
        let firs = others.filter_map(|file| {
            let opening = book.opening(file)?;
            let Content::Sheet(sheet) = &opening.content else { return None };
            // Most cases have none and were never corrected: they are passed over without a copy of what they say.
            if book.amendments(&opening.id).next().is_none() {
                return Self::of(sheet.answers());
            }
            Self::of(&book.answers(&opening.id, false))
        });
        firs.collect()
    }
}

/// Works out a question of procedure; `None` for a question that is none of these.
pub(super) fn work_out(question: &str, scene: &Scene<'_>) -> Option<Option<Answer>> {
    let so = |so: bool| so.then_some(Answer::Value(Value::Flag(true)));
    Some(match question {
        "fir_ahead" => so(fir_ahead(scene)),
        "fir_taken" => so(fir_taken(scene)),
        "remand_late" => so(remand_late(scene.own)),
        "arrest_days_differ" => so(arrest_days_differ(scene.own)),
        "sexual_offence" => so(sexual_offence(scene)),
        "statement_again" => so(statement_again(scene)),
        "s164_missing" => so(s164_missing(scene)),
        "interim_due" => interim_due(scene),
        _ => return None,
    })
}

fn moment(answers: &Answers, question: &str) -> Option<i64> {
    match answers.value(question)? {
        Value::Moment(moment) => Some(moment.unix_ms),
        _ => None,
    }
}

/// By the day on which it is written, not by the day on which the case began: an FIR often follows in the year after.
fn fir_ahead(scene: &Scene<'_>) -> bool {
    let Some(today) = scene.today else { return false };
    let year = matches!(scene.own.value("fir_year"), Some(Value::Number(year)) if *year > i64::from(today.year()));
    let day = match scene.own.value("fir_date") {
        Some(Value::Date(date)) => date.day_number() > today.day_number(),
        _ => false,
    };
    year || day
}

/// A case that had this FIR before it was corrected keeps it: two devices may have written it down apart, and whoever mends another
/// answer is not kept from that.
fn fir_taken(scene: &Scene<'_>) -> bool {
    let Some(fir) = Fir::of(scene.own) else { return false };
    let kept = Fir::of(&scene.around.before).is_some_and(|before| before == fir);
    !kept && scene.around.firs.as_ref().is_some_and(|firs| firs.contains(&fir))
}

fn remand_late(own: &Answers) -> bool {
    let times = moment(own, "arrested_at").zip(moment(own, "produced_at"));
    times.is_some_and(|(arrested, produced)| produced.saturating_sub(arrested) > REMAND_HOURS * HOUR_MS)
}

fn arrest_days_differ(own: &Answers) -> bool {
    let (Some(Value::Date(day)), Some(Value::Moment(time))) = (own.value("arrest_date"), own.value("arrested_at"))
    else {
        return false;
    };
    time.date() != Some(*day)
}

/// The person was exploited sexually, or the case has a charge for which the law asks that a woman is not alone (CrPC ss.154, 161).
fn sexual_offence(scene: &Scene<'_>) -> bool {
    let person = scene.named("person_ref").and_then(|person| person.value("exploitation_type"));
    let exploited = codes(person).iter().any(|code| matches!(code.as_str(), "SEXPROST" | "SEXIMG" | "SEXOTH"));
    let listed = |code: &Code| {
        let item = scene.codebook.list("offence_section").and_then(|list| list.item(code.as_str()));
        item.is_some_and(|item| item.fact("sexual") == Some("Y"))
    };
    let charged = |answers: &Answers| {
        let other = match answers.value("section_other") {
            Some(Value::Text(text)) => names_such_section(text),
            _ => false,
        };
        other || answers.choice("offence_section").is_some_and(listed)
    };
    exploited || scene.around.entries.values().any(charged)
}

/// Sections 336-B, 354, 354-A, 376 and 509 as people write them, where the list has none of them.
fn names_such_section(text: &str) -> bool {
    let folded = fold(text);
    let words = folded.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
    words.map(|word| word.replace('-', "")).any(|word| matches!(word.as_str(), "336b" | "354" | "354a" | "376" | "509"))
}

/// An earlier statement of this kind by this person; what is being corrected is no earlier one.
fn statement_again(scene: &Scene<'_>) -> bool {
    let told = |answers: &Answers| {
        let kind = answers.choice("statement_type").filter(|kind| matches!(kind.as_str(), "S161" | "S164"))?;
        Some((kind.clone(), answers.value("person_ref")?.clone()))
    };
    let Some(own) = told(scene.own) else { return false };
    let there = scene.around.entries.values().filter(|answers| told(answers).as_ref() == Some(&own)).count();
    there > usize::from(told(&scene.around.before).as_ref() == Some(&own))
}

/// The report goes, or has gone, to court in a case of trafficking in which no statement before a Magistrate is kept.
fn s164_missing(scene: &Scene<'_>) -> bool {
    let is = |answers: &Answers, question: &str, any: &[&str]| {
        answers.choice(question).is_some_and(|code| any.contains(&code.as_str()))
    };
    let trafficking = is(&scene.around.case, "case_class", &["TIP", "BOTH"]);
    let gone = is(scene.own, "investigation_status", &["CHAL", "TRIAL", "DONE"]);
    trafficking && gone && !scene.around.entries.values().any(|entry| is(entry, "statement_type", &["S164"]))
}

fn interim_due(scene: &Scene<'_>) -> Option<Answer> {
    let Some(Value::Date(fir)) = scene.around.case.value("fir_date") else { return None };
    let due = fir.day_number()? + REPORT_DAYS + INTERIM_DAYS;
    PartialDate::from_day_number(due).map(|date| Answer::Value(Value::Date(date)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{specimen, specimen::sheet};

    fn told(texts: &[(&str, &str)]) -> Answers {
        let value = |question: &str, text: &str| match question {
            "fir_no" | "fir_year" => Value::Number(text.parse().unwrap()),
            "district" => Value::Choice(text.into()),
            _ => Value::Text(text.into()),
        };
        texts.iter().map(|(id, text)| ((*id).into(), Answer::Value(value(id, text)).into())).collect()
    }

    #[test]
    fn an_fir_is_its_number_year_station_and_district() {
        let fir = |number, year, station, district| {
            Fir::of(&told(&[("fir_no", number), ("fir_year", year), ("fir_station", station), ("district", district)]))
        };
        let one = fir("12", "2026", "PS Saddar", "PK609");
        assert!(one.is_some() && one == fir("12", "2026", " ps  saddar", "PK609"));
        for other in [
            fir("13", "2026", "PS Saddar", "PK609"),
            fir("12", "2025", "PS Saddar", "PK609"),
            fir("12", "2026", "PS City", "PK609"),
            fir("12", "2026", "PS Saddar", "PK617"),
        ] {
            assert!(other.is_some() && other != one);
        }
        assert_eq!(fir("12", "2026", " ", "PK609"), None);
        let mut book = Casebook::default();
        let case = [("fir_no", "12"), ("fir_year", "2026"), ("fir_station", "PS Saddar"), ("district", "PK609")];
        book.apply(specimen::entry(10, 1, sheet("case", told(&case))));
        assert_eq!(Fir::of_others(&book, None), one.into_iter().collect());
        let own = book.cases().next().map(|file| file.id);
        assert_eq!(Fir::of_others(&book, own.as_ref()), BTreeSet::new(), "a case does not stand in its own way");
    }

    #[test]
    fn sections_that_no_list_has_are_read_as_people_write_them() {
        for text in ["PPC 336-B", "336B", "509 PPC", "s.354-A", "354", "376(1)"] {
            assert!(names_such_section(text), "{text}");
        }
        for text in ["336", "PPC 420", "3354", "376-A", ""] {
            assert!(!names_such_section(text), "{text}");
        }
    }
}
