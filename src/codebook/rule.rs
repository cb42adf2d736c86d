//! The small language in which a form says when a question is put, when it must be answered, and what must hold.
//!
//! ```text
//! case_status in (CLO, CLR)                       the single code is one of these; `=` and `!=` for one code
//! any(exploitation_type, FORCEDLAB, BONDED)       one of several codes was chosen; `all(…)` wants every one
//! age_years < 18                                  numbers, dates, moments: = != < <= > >=
//! sum(victims_women, victims_men) = victims_seen  parts that nobody filled in are left out of a sum
//! fir_year <= year(opened_on)   count(act) > 1    the year of a date, the number of codes chosen
//! answered(phone)   given(phone)                  has a value; has any answer at all
//! unknown(dob)  refused(dob)  not_asked(dob)      which answer stands instead of a value
//! private_ok   private_ok = no                    a flag by itself, or compared with yes and no
//! person_ref.age_group = CHILD                    of the entry that `person_ref` names; `case.` for the case itself,
//!                                                 `before.` for what this entry said before the change that is made now
//! same(result_officer, result_suggested)          two questions have one code
//! whole_month(period)                             a month of a year: no day, and not about
//! cnic_male(cnic)  cnic_female(cnic)  cnic_of(cnic, home_province)
//! not …   … and …   … or …   ( … )
//! ```
//!
//! Codes start with a capital or stand in single quotes (`narrative_lang = 'urd'`); dates are written `2025-04-23`.
//!
//! A rule is [`Truth::Open`] where it turns on something that has no value: *unknown*, *refused* and *not asked* never
//! compare as true, and never as *no* either, not even through `not`. Evaluation is total, and bounded by the limits
//! that parsing sets on a rule's length and depth.

use crate::model::{Answer, Answers, Code, PartialDate, QuestionId, Value};

use super::{
    around::Surroundings,
    grammar::{self, RuleError},
    shape,
};

/// What a rule comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It turns on something without a value.
    Open,
}

impl Truth {
    const fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Open => Self::Open,
        }
    }

    /// Any `No` decides a conjunction, whatever is open beside it; a disjunction is its mirror image.
    fn all(parts: impl Iterator<Item = Self>) -> Self {
        let mut truth = Self::Yes;
        for part in parts {
            match part {
                Self::No => return Self::No,
                Self::Open => truth = Self::Open,
                Self::Yes => {}
            }
        }
        truth
    }
}

/// The answers a rule is judged over: the form's own, and those around it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    own: &'a Answers,
    around: Option<&'a Surroundings>,
}

impl<'a> Facts<'a> {
    /// Only the form's own answers: whatever a rule says of other entries stays open.
    pub const fn own(own: &'a Answers) -> Self {
        Self { own, around: None }
    }

    /// With the answers of the case and of the entries it has.
    pub const fn among(own: &'a Answers, around: &'a Surroundings) -> Self {
        Self { own, around: Some(around) }
    }

    fn answer(&self, path: &Path) -> Option<&'a Answer> {
        self.meant(path)?.answer(path.question.as_str())
    }

    /// The answers among which a path's question stands; `None` where it is not known whose they are.
    fn meant(&self, path: &Path) -> Option<&'a Answers> {
        let Some(of) = &path.of else { return Some(self.own) };
        let around = self.around?;
        match of.as_str() {
            CASE => Some(&around.case),
            BEFORE => Some(&around.before),
            names => match self.own.value(names)? {
                Value::Entry(id) => around.entries.get(id),
                _ => None,
            },
        }
    }

    fn value(&self, path: &Path) -> Option<&'a Value> {
        self.answer(path)?.value()
    }
}

/// The word that stands for the case itself in a path.
pub const CASE: &str = "case";

/// The word that stands for what an entry said before it is changed; of a new one nothing is known.
pub const BEFORE: &str = "before";

/// A question, of this form or of an entry that this form names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The question that names the other entry, or [`CASE`], or [`BEFORE`].
    pub of: Option<QuestionId>,
    /// The question asked about.
    pub question: QuestionId,
}

/// How two terms are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// Something with a size or a place in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// The value of a question.
    Path(Path),
    /// A number as written.
    Number(i64),
    /// A date as written.
    Date(PartialDate),
    /// The sum of the numbers that were given.
    Sum(Vec<Path>),
    /// How many codes were chosen.
    Count(Path),
    /// The year of a date or moment.
    Year(Path),
}

/// Which answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A value.
    Answered,
    /// Any answer at all.
    Given,
    /// *Unknown*.
    Unknown,
    /// *Refused*.
    Refused,
    /// *Not asked*.
    NotAsked,
    /// *Not recorded*.
    NotRecorded,
}

/// What the digits of a CNIC suggest (`DOMAIN.md` section 8): good for a warning, never for an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CnicSays {
    /// Last digit odd.
    Male,
    /// Last digit even.
    Female,
    /// First digit belongs to the province that this question names.
    Province(Path),
}

/// A parsed rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// All hold.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// One of these codes was chosen.
    Any(Path, Vec<Code>),
    /// Every one of these codes was chosen.
    All(Path, Vec<Code>),
    /// A flag has this value.
    Flag(Path, bool),
    /// A comparison.
    Compare(Term, Comparison, Term),
    /// Which answer stands.
    Stands(Path, Standing),
    /// What a CNIC suggests.
    Cnic(Path, CnicSays),
    /// Both have one code, and it is the same.
    Same(Path, Path),
    /// A date that says year and month and no more.
    WholeMonth(Path),
}

/// A rule: its text as written, and what was read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    text: Box<str>,
    expr: Expr,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// [`RuleError`] says where the text stops making sense and what was expected there.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Ok(Self { text: text.into(), expr: grammar::read(text)? })
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What was read.
    pub const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// What it comes to over these answers.
    pub fn judge(&self, facts: Facts<'_>) -> Truth {
        judge(&self.expr, facts)
    }

    /// Whether it holds for certain.
    pub fn holds(&self, facts: Facts<'_>) -> bool {
        self.judge(facts) == Truth::Yes
    }
}

fn judge(expr: &Expr, facts: Facts<'_>) -> Truth {
    match expr {
        Expr::And(parts) => Truth::all(parts.iter().map(|part| judge(part, facts))),
        Expr::Or(parts) => Truth::all(parts.iter().map(|part| judge(part, facts).not())).not(),
        Expr::Not(part) => judge(part, facts).not(),
        Expr::Any(path, codes) => {
            chosen(facts.value(path), |has| Truth::of(codes.iter().any(|code| has.contains(code))))
        }
        Expr::All(path, codes) => {
            chosen(facts.value(path), |has| Truth::of(codes.iter().all(|code| has.contains(code))))
        }
        Expr::Flag(path, wanted) => match facts.value(path) {
            Some(Value::Flag(flag)) => Truth::of(flag == wanted),
            _ => Truth::Open,
        },
        Expr::Compare(left, how, right) => match (size(left, facts), size(right, facts)) {
            (Some(left), Some(right)) => compare(left, *how, right),
            _ => Truth::Open,
        },
        Expr::Stands(path, standing) => Truth::of(stands(facts.answer(path), *standing)),
        Expr::Cnic(path, says) => cnic(facts, path, says),
        Expr::Same(one, other) => match (facts.value(one), facts.value(other)) {
            (Some(Value::Choice(one)), Some(Value::Choice(other))) => Truth::of(one == other),
            _ => Truth::Open,
        },
        Expr::WholeMonth(path) => match facts.value(path) {
            Some(Value::Date(date)) => Truth::of(date.month().is_some() && !date.is_whole() && !date.about()),
            _ => Truth::Open,
        },
    }
}

fn chosen(value: Option<&Value>, then: impl Fn(&[Code]) -> Truth) -> Truth {
    match value {
        Some(Value::Choice(code)) => then(std::slice::from_ref(code)),
        Some(Value::Choices(codes)) => then(codes),
        _ => Truth::Open,
    }
}

const fn stands(answer: Option<&Answer>, standing: Standing) -> bool {
    match standing {
        Standing::Answered => matches!(answer, Some(Answer::Value(_))),
        Standing::Given => answer.is_some(),
        Standing::Unknown => matches!(answer, Some(Answer::Unknown)),
        Standing::Refused => matches!(answer, Some(Answer::Refused)),
        Standing::NotAsked => matches!(answer, Some(Answer::NotAsked)),
        Standing::NotRecorded => matches!(answer, Some(Answer::NotRecorded)),
    }
}

fn cnic(facts: Facts<'_>, path: &Path, says: &CnicSays) -> Truth {
    let Some(Value::Text(text)) = facts.value(path) else { return Truth::Open };
    let Ok(cnic) = shape::cnic(text) else { return Truth::Open };
    match says {
        CnicSays::Male => Truth::of(shape::cnic_is_male(&cnic)),
        CnicSays::Female => Truth::of(!shape::cnic_is_male(&cnic)),
        CnicSays::Province(other) => match (facts.value(other), shape::cnic_province(&cnic)) {
            (Some(Value::Choice(code)), Some(province)) => Truth::of(code.as_str() == province),
            _ => Truth::Open,
        },
    }
}

/// A size, or a stretch of days within which a date lies.
#[derive(Clone, Copy)]
enum Size {
    Number(i64),
    /// First and last day it can be, as `year * 10_000 + month * 100 + day`: only ever compared.
    Days(i64, i64),
    /// Milliseconds since 1970, and the day as noted.
    Instant(i64, i64),
}

fn size(term: &Term, facts: Facts<'_>) -> Option<Size> {
    match term {
        Term::Number(number) => Some(Size::Number(*number)),
        Term::Date(date) => Some(days(*date)),
        Term::Path(path) => match facts.value(path)? {
            Value::Number(number) => Some(Size::Number(*number)),
            Value::Date(date) => Some(days(*date)),
            Value::Moment(moment) => {
                let (year, month, day, ..) = moment.civil();
                Some(Size::Instant(moment.unix_ms, ordinal(year, month, day)))
            }
            _ => None,
        },
        Term::Sum(paths) => sum(paths, facts),
        Term::Count(path) => match facts.value(path)? {
            Value::Choices(codes) => i64::try_from(codes.len()).ok().map(Size::Number),
            Value::Choice(_) => Some(Size::Number(1)),
            _ => None,
        },
        Term::Year(path) => match facts.value(path)? {
            Value::Date(date) if !date.about() => Some(Size::Number(i64::from(date.year()))),
            Value::Moment(moment) => Some(Size::Number(moment.civil().0)),
            _ => None,
        },
    }
}

/// A part that was put and got no value makes the whole sum open, and so does one of an entry that nobody named; a part nobody filled
/// in is left out.
fn sum(paths: &[Path], facts: Facts<'_>) -> Option<Size> {
    let mut total: Option<i64> = None;
    for path in paths {
        match facts.meant(path)?.answer(path.question.as_str()) {
            None => {}
            Some(Answer::Value(Value::Number(number))) => total = Some(total.unwrap_or(0).checked_add(*number)?),
            Some(_) => return None,
        }
    }
    total.map(Size::Number)
}

fn ordinal(year: i64, month: u8, day: u8) -> i64 {
    year * 10_000 + i64::from(month) * 100 + i64::from(day)
}

/// *About* widens a date by a year on each side: wide enough never to contradict an officer over a guess.
fn days(date: PartialDate) -> Size {
    let year = i64::from(date.year());
    let slack = i64::from(date.about());
    let (first, last) = match (date.month(), date.day()) {
        (Some(month), Some(day)) => ((month, day), (month, day)),
        (Some(month), None) => ((month, 1), (month, 31)),
        (None, _) => ((1, 1), (12, 31)),
    };
    Size::Days(ordinal(year - slack, first.0, first.1), ordinal(year + slack, last.0, last.1))
}

fn compare(left: Size, how: Comparison, right: Size) -> Truth {
    let ((a, b), (c, d)) = match (left, right) {
        (Size::Number(left), Size::Number(right)) => ((left, left), (right, right)),
        (Size::Instant(left, _), Size::Instant(right, _)) => ((left, left), (right, right)),
        (Size::Days(a, b), Size::Days(c, d)) => ((a, b), (c, d)),
        (Size::Days(a, b), Size::Instant(_, day)) => ((a, b), (day, day)),
        (Size::Instant(_, day), Size::Days(c, d)) => ((day, day), (c, d)),
        (Size::Number(_), Size::Days(..) | Size::Instant(..))
        | (Size::Days(..) | Size::Instant(..), Size::Number(_)) => {
            return Truth::Open;
        }
    };
    match how {
        Comparison::Equal if a == b && c == d => Truth::of(a == c),
        Comparison::Equal if b < c || d < a => Truth::No,
        Comparison::Equal => Truth::Open,
        Comparison::Unequal => compare(left, Comparison::Equal, right).not(),
        Comparison::Less if b < c => Truth::Yes,
        Comparison::Less if a >= d => Truth::No,
        Comparison::AtMost if b <= c => Truth::Yes,
        Comparison::AtMost if a > d => Truth::No,
        Comparison::Less | Comparison::AtMost => Truth::Open,
        Comparison::More => compare(left, Comparison::AtMost, right).not(),
        Comparison::AtLeast => compare(left, Comparison::Less, right).not(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EntryId, Moment};

    fn answers() -> Answers {
        let mut answers = Answers::default();
        let mut set = |id: &str, answer: Answer| answers.set(id.into(), answer);
        set("case_status", Answer::Value(Value::Choice("CLO".into())));
        set("exploitation_type", Answer::Value(Value::Choices(Box::new(["BONDED".into(), "BEGGING".into()]))));
        set("age_years", Answer::Value(Value::Number(17)));
        set("women", Answer::Value(Value::Number(2)));
        set("men", Answer::Value(Value::Number(3)));
        set("seen", Answer::Value(Value::Number(5)));
        set("boys", Answer::Unknown);
        set("private_ok", Answer::Value(Value::Flag(false)));
        set("phone", Answer::Refused);
        set("dob", Answer::Value(Value::Date("2004".parse().unwrap())));
        set("on", Answer::Value(Value::Date("2026-11-22".parse().unwrap())));
        set("from", Answer::Value(Value::Date("~2004-05".parse().unwrap())));
        set("at", Answer::Value(Value::Moment(Moment::pkt(1_795_322_868_000))));
        set("cnic", Answer::Value(Value::Text("3520212345671".into())));
        set("home", Answer::Value(Value::Choice("PK-PB".into())));
        set("person_ref", Answer::Value(Value::Entry(EntryId::from_bytes([7; 16]))));
        answers
    }

    fn judged(text: &str) -> Truth {
        let mut around = Surroundings::default();
        let mut person = Answers::default();
        person.set("age_group".into(), Answer::Value(Value::Choice("CHILD".into())));
        around.entries.insert(EntryId::from_bytes([7; 16]), person);
        around.case.set("case_class".into(), Answer::Value(Value::Choice("TIP".into())));
        Rule::parse(text).unwrap().judge(Facts::among(&answers(), &around))
    }

    #[test]
    fn what_has_a_value_is_decided() {
        for text in [
            "case_status in (CLO, CLR)",
            "case_status = CLO",
            "case_status != CLR",
            "case_status not in (ACT, FU)",
            "any(exploitation_type, FORCEDLAB, BONDED)",
            "all(exploitation_type, BONDED, BEGGING)",
            "count(exploitation_type) = 2",
            "age_years < 18 and age_years >= 17",
            "sum(women, men, girls) = seen",
            "private_ok = no",
            "not private_ok",
            "not answered(phone) and given(phone) and refused(phone)",
            "unknown(boys) and not not_asked(boys) and not not_recorded(boys)",
            "dob < on and dob >= 2004-01-01 and dob <= 2004-12-31",
            "year(on) = 2026 and year(dob) = 2004 and year(at) = 2026",
            "at = 2026-11-22 and at <= on and at >= at",
            "cnic_male(cnic) and not cnic_female(cnic) and cnic_of(cnic, home)",
            "person_ref.age_group = CHILD and case.case_class in (TIP, BOTH)",
            "no_such = X or (age_years > 3)",
        ] {
            assert_eq!(judged(text), Truth::Yes, "{text}");
            assert_eq!(judged(&format!("not ({text})")), Truth::No, "{text}");
        }
    }

    #[test]
    fn what_has_no_value_is_never_true_and_never_no() {
        for text in [
            "boys < 3",
            "boys != 3",
            "phone = 'x'",
            "any(phone, Y)",
            "no_such = Y",
            "no_such",
            "sum(women, boys) = seen",
            "sum(girls) = 0",
            "sum(women, no_such.girls) = women",
            "dob = 2004-05-06",
            "dob < 2004-05-06",
            "from > 2005-01-01",
            "from < 2003-06-01",
            "age_years < on",
            "no_such.age_group = CHILD",
            "case.risk_level = HIGH",
            "women = 9 or boys = 1",
            "women = 2 and boys = 1",
        ] {
            assert_eq!(judged(text), Truth::Open, "{text}");
            assert_eq!(judged(&format!("not ({text})")), Truth::Open, "{text}");
        }
        assert_eq!(judged("women = 9 and boys = 1"), Truth::No, "one no decides");
    }

    #[test]
    fn without_surroundings_other_entries_stay_open() {
        let rule = Rule::parse("person_ref.age_group = CHILD").unwrap();
        assert_eq!(rule.judge(Facts::own(&answers())), Truth::Open);
    }
}
