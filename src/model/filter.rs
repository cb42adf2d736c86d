//! Which cases are listed: what a person sets once, names, and finds again.
//!
//! A filter looks at what a case says today. It never looks at a name; its words are searched for beside it, by whoever lists.

use super::{
    answer::{Answers, Value},
    casebook::{CaseFile, Casebook},
    entry::Content,
    ids::{Code, MemberId, UnitId},
};

/// How a case stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseState {
    /// However it stands.
    #[default]
    All,
    /// Not closed.
    Open,
    /// At high risk.
    HighRisk,
    /// Something in it has not been received by headquarters.
    NotReceived,
}

/// What cases must be to be listed: all of it at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Words that are searched for, as they were typed.
    pub words: Box<str>,
    /// How it stands.
    pub state: CaseState,
    /// A follow-up is due, today or before.
    pub due: bool,
    /// It is given to whoever sits here.
    pub mine: bool,
    /// List `case_class`.
    pub class: Option<Code>,
    /// List `case_status`.
    pub status: Option<Code>,
    /// List `exploitation_type`: said of one of its persons.
    pub exploitation: Option<Code>,
    /// The station as it was written.
    pub station: Option<Box<str>>,
    /// The unit of the roster that has it, however its station is written.
    pub unit: Option<UnitId>,
    /// Opened within so many days until today.
    pub days: Option<u16>,
}

/// A filter with the name that somebody gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFilter {
    /// The name.
    pub name: Box<str>,
    /// What it lets through.
    pub filter: CaseFilter,
}

/// Questions that say when somebody has to look again, by form.
const FOLLOW_UPS: [(&str, &str); 3] =
    [("referral", "next_check"), ("note", "follow_up_on"), ("interview", "next_contact")];

impl CaseFilter {
    /// Whether it lets everything through, whatever is searched for.
    pub fn is_plain(&self) -> bool {
        *self == Self { words: self.words.clone(), ..Self::default() }
    }

    /// Whether a case is let through. `today` counts days since 1970, `me` is who sits here; whether all of it is received, and which unit
    /// has it, are asked only where they matter.
    pub fn takes(
        &self,
        book: &Casebook,
        file: &CaseFile,
        (today, me): (i64, Option<&MemberId>),
        received: impl FnOnce() -> bool,
        unit: impl FnOnce() -> Option<UnitId>,
    ) -> bool {
        let row = &file.summary;
        let is = |code: &Option<Code>, wanted: &Option<Code>| wanted.is_none() || code == wanted;
        let says = |code: &Option<Code>, of: &[&str]| code.as_ref().is_some_and(|code| of.contains(&code.as_str()));
        let within = |days: u16| {
            let opened = row.opened.and_then(|opened| opened.day_number());
            opened.is_some_and(|day| day <= today && today - day < i64::from(days))
        };
        is(&row.class, &self.class)
            && is(&row.status, &self.status)
            && (self.station.is_none() || row.station == self.station)
            && self.days.is_none_or(within)
            && match self.state {
                CaseState::All => true,
                CaseState::Open => !says(&row.status, &["CLO", "CLR"]),
                CaseState::HighRisk => says(&row.risk, &["HIGH"]),
                CaseState::NotReceived => !received(),
            }
            && (self.unit.is_none() || unit() == self.unit)
            && self.exploitation.as_ref().is_none_or(|code| exploits(book, file, code))
            && (!self.due || follow_up_due(book, file, today))
            && (!self.mine || book.assigned(file).iter().any(|given| given.to.is_some() && given.to.as_ref() == me))
    }
}

/// Whether this is said of a person of the case.
fn exploits(book: &Casebook, file: &CaseFile, code: &Code) -> bool {
    let says = |answers: &Answers| match answers.value("exploitation_type") {
        Some(Value::Choices(codes)) => codes.contains(code),
        _ => false,
    };
    sheets(book, file).any(|(form, answers)| form == "person" && says(&answers))
}

/// Whether somebody has to look again, today or before. A case that is closed and a referral that has ended wait for nobody.
fn follow_up_due(book: &Casebook, file: &CaseFile, today: i64) -> bool {
    if file.summary.status.as_ref().is_some_and(|code| matches!(code.as_str(), "CLO" | "CLR")) {
        return false;
    }
    sheets(book, file).any(|(form, answers)| {
        let ended = form == "referral"
            && !answers
                .choice("status")
                .is_some_and(|code| matches!(code.as_str(), "OFFER" | "SENT" | "ACC" | "START"));
        let day = |question: &str| match answers.value(question) {
            Some(Value::Date(date)) => date.day_number(),
            _ => None,
        };
        let asks = FOLLOW_UPS.iter().filter(|(of, _)| *of == form);
        !ended && asks.filter_map(|(_, question)| day(question)).any(|day| day <= today)
    })
}

/// The forms of a case and what they say today; most were never corrected and are taken as they are.
fn sheets<'a>(
    book: &'a Casebook,
    file: &'a CaseFile,
) -> impl Iterator<Item = (&'a str, std::borrow::Cow<'a, Answers>)> {
    file.entries.iter().filter_map(|id| book.entry(id)).filter_map(|entry| {
        let Content::Sheet(sheet) = &entry.content else { return None };
        let corrected = book.amendments(&entry.id).next().is_some();
        let answers = if corrected {
            std::borrow::Cow::Owned(book.answers(&entry.id, false))
        } else {
            std::borrow::Cow::Borrowed(sheet.answers())
        };
        Some((sheet.form().id.as_str(), answers))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{
        answer::Answer,
        entry::Amendment,
        ids::EntryId,
        specimen::{self, entry},
    };
    use super::*;

    fn told(told: &[(&str, Value)]) -> Answers {
        told.iter().map(|(id, value)| ((*id).into(), Answer::Value(value.clone()).into())).collect()
    }

    fn sheet(form: &str, said: &[(&str, Value)]) -> Content {
        specimen::sheet(form, told(said))
    }

    fn code(code: &str) -> Value {
        Value::Choice(code.into())
    }

    fn date(text: &str) -> Value {
        Value::Date(text.parse().unwrap())
    }

    /// One open case of bonded labour with a referral to look at, and one that is closed with the same.
    fn book() -> Casebook {
        let mut book = Casebook::default();
        for (case, status) in [(1, "INV"), (2, "CLO")] {
            let opening = [
                ("case_class", code("TIP")),
                ("case_status", code(status)),
                ("police_station", Value::Text("Saddar".into())),
                ("opened_on", date("2026-11-20")),
            ];
            let referral = [("status", code("SENT")), ("next_check", date("2026-11-21"))];
            book.apply(entry(case * 10, case, sheet("case", &opening)));
            book.apply(entry(
                case * 10 + 1,
                case,
                sheet("person", &[("exploitation_type", Value::Choices(["BONDED".into()].into()))]),
            ));
            book.apply(entry(case * 10 + 2, case, sheet("referral", &referral)));
        }
        book
    }

    /// Each case is of a unit of its own.
    fn unit(case: u8) -> UnitId {
        UnitId::from_bytes([case; 32])
    }

    fn taken(book: &Casebook, filter: &CaseFilter, today: &str) -> Vec<u8> {
        let today = today.parse::<super::super::date::PartialDate>().unwrap().day_number().unwrap();
        let mut found: Vec<u8> = book
            .cases()
            .filter(|file| filter.takes(book, file, (today, None), || false, || Some(unit(file.id.as_bytes()[0]))))
            .map(|file| file.id.as_bytes()[0])
            .collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn each_part_of_a_filter_narrows_and_all_hold_at_once() {
        let mut book = book();
        let all = CaseFilter::default();
        assert!(all.is_plain() && CaseFilter { words: "kiln".into(), ..all.clone() }.is_plain());
        let is = |filter: &CaseFilter| taken(&book, filter, "2026-11-22");
        assert_eq!(is(&all), [1, 2]);
        assert_eq!(is(&CaseFilter { state: CaseState::Open, ..all.clone() }), [1]);
        assert_eq!(is(&CaseFilter { state: CaseState::HighRisk, ..all.clone() }), [0_u8; 0]);
        assert_eq!(is(&CaseFilter { state: CaseState::NotReceived, ..all.clone() }), [1, 2]);
        assert_eq!(is(&CaseFilter { class: Some("TIP".into()), status: Some("CLO".into()), ..all.clone() }), [2]);
        assert_eq!(is(&CaseFilter { class: Some("SOM".into()), ..all.clone() }), [0_u8; 0]);
        assert_eq!(is(&CaseFilter { exploitation: Some("BONDED".into()), ..all.clone() }), [1, 2]);
        assert_eq!(is(&CaseFilter { exploitation: Some("BEGGING".into()), ..all.clone() }), [0_u8; 0]);
        assert_eq!(is(&CaseFilter { station: Some("Saddar".into()), ..all.clone() }), [1, 2]);
        assert_eq!(is(&CaseFilter { station: Some("Cantt".into()), ..all.clone() }), [0_u8; 0]);
        assert_eq!(is(&CaseFilter { unit: Some(unit(2)), ..all.clone() }), [2]);
        assert_eq!(is(&CaseFilter { unit: Some(unit(2)), state: CaseState::Open, ..all.clone() }), [0_u8; 0]);
        assert_eq!(is(&CaseFilter { days: Some(3), ..all.clone() }), [1, 2]);
        assert_eq!(is(&CaseFilter { days: Some(2), ..all.clone() }), [0_u8; 0], "the twentieth is two days ago");
        let due = CaseFilter { due: true, ..all };
        assert_eq!(is(&due), [1], "a closed case waits for nobody");
        assert_eq!(taken(&book, &due, "2026-11-20"), [0_u8; 0]);
        let changes = told(&[("status", code("DONE"))]);
        let reason = Code::new("NEWINFO");
        let done = Amendment { target: EntryId::from_bytes([12; 16]), seen: Vec::new(), reason, note: None, changes };
        book.apply(entry(13, 1, Content::Amendment(done)));
        assert_eq!(taken(&book, &due, "2026-11-22"), [0_u8; 0], "it has ended");
    }

    #[test]
    fn a_case_at_high_risk_is_found_and_one_that_headquarters_has_waits_for_nothing() {
        let mut book = Casebook::default();
        book.apply(entry(10, 1, sheet("case", &[("risk_level", code("HIGH")), ("case_status", code("CLR"))])));
        book.apply(entry(20, 2, sheet("case", &[("risk_level", code("MED"))])));
        book.apply(entry(
            21,
            2,
            sheet("interview", &[("exploitation_type", Value::Choices(["BONDED".into()].into()))]),
        ));
        let is = |state| taken(&book, &CaseFilter { state, ..CaseFilter::default() }, "2026-11-22");
        assert_eq!(is(CaseState::HighRisk), [1]);
        assert_eq!(is(CaseState::Open), [2], "what is cleared is not open either");
        let waiting = CaseFilter { state: CaseState::NotReceived, ..CaseFilter::default() };
        let file = book.cases().next().unwrap();
        assert!(
            waiting.takes(&book, file, (0, None), || false, || None)
                && !waiting.takes(&book, file, (0, None), || true, || None)
        );
        let bonded = CaseFilter { exploitation: Some("BONDED".into()), ..CaseFilter::default() };
        assert_eq!(taken(&book, &bonded, "2026-11-22"), [0_u8; 0], "it is said of a person, and of nothing else");
    }

    #[test]
    fn a_note_a_referral_and_an_interview_each_say_when_to_look_again() {
        for (form, question) in FOLLOW_UPS {
            let mut book = Casebook::default();
            book.apply(entry(10, 1, sheet("case", &[("case_status", code("INV"))])));
            book.apply(entry(11, 1, sheet(form, &[("status", code("SENT")), (question, date("2026-11-21"))])));
            let due = CaseFilter { due: true, ..CaseFilter::default() };
            assert_eq!(taken(&book, &due, "2026-11-20"), [0_u8; 0], "{form}: the day before");
            assert_eq!(taken(&book, &due, "2026-11-21"), [1], "{form}: on the day");
        }
    }
}
