//! Laws of the rule language, shown over made-up rules and answers: text and tree say the same, no answers make it fall over, order
//! is nothing, and what has no value is never *no*. The rules of the forms that ship are looked at in `rules_alive.rs`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    around::Surroundings,
    rule::{BEFORE, CASE, CnicSays, Comparison, Expr, Facts, Path, Rule, Standing, Term, Truth},
};
use crate::model::{Answer, Answers, Code, EntryId, Moment, PartialDate, Value};

// -- made-up rules

const QUESTIONS: [&str; 6] = ["a", "b", "c", "dob", "on_day", "who"];
const CODES: [&str; 4] = ["A", "B2", "C-D", "urd"];

fn path() -> impl Strategy<Value = Path> {
    let of = prop_oneof![4 => Just(None), 1 => Just(Some(CASE)), 1 => Just(Some(BEFORE)), 1 => Just(Some("who"))];
    (of, prop::sample::select(&QUESTIONS[..]))
        .prop_map(|(of, question)| Path { of: of.map(Into::into), question: question.into() })
}

fn codes() -> impl Strategy<Value = Vec<Code>> {
    prop::collection::vec(prop::sample::select(&CODES[..]).prop_map(Code::new), 1..4)
}

fn date() -> impl Strategy<Value = PartialDate> {
    (1900..2100_i16, 1..=12_u8, prop::option::of(1..=28_u8))
        .prop_map(|(year, month, day)| PartialDate::new(year, Some(month), day, false).unwrap())
}

fn term() -> impl Strategy<Value = Term> {
    prop_oneof![
        3 => path().prop_map(Term::Path),
        1 => prop_oneof![0..5_i64, Just(i64::MAX)].prop_map(Term::Number),
        1 => date().prop_map(Term::Date),
        1 => prop::collection::vec(path(), 1..4).prop_map(Term::Sum),
        1 => path().prop_map(Term::Count),
        1 => path().prop_map(Term::Year),
    ]
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{AtLeast, AtMost, Equal, Less, More, Unequal};
    prop::sample::select(vec![Equal, Unequal, Less, AtMost, More, AtLeast])
}

fn standing() -> impl Strategy<Value = Standing> {
    use Standing::{Answered, Given, NotAsked, NotRecorded, Refused, Unknown};
    prop::sample::select(vec![Answered, Given, Unknown, Refused, NotAsked, NotRecorded])
}

/// What turns on values alone.
fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        3 => (path(), codes()).prop_map(|(path, codes)| Expr::Any(path, codes)),
        1 => (path(), codes()).prop_map(|(path, codes)| Expr::All(path, codes)),
        2 => (path(), any::<bool>()).prop_map(|(path, wanted)| Expr::Flag(path, wanted)),
        4 => (term(), comparison(), term()).prop_map(|(left, how, right)| Expr::Compare(left, how, right)),
        1 => (path(), path()).prop_map(|(one, other)| Expr::Same(one, other)),
        1 => path().prop_map(Expr::WholeMonth),
        1 => (path(), prop::sample::select(vec![CnicSays::Male, CnicSays::Female])).prop_map(|(p, says)| Expr::Cnic(p, says)),
        1 => (path(), path()).prop_map(|(path, province)| Expr::Cnic(path, CnicSays::Province(province))),
    ]
}

fn grown(leaf: impl Strategy<Value = Expr> + 'static) -> impl Strategy<Value = Expr> {
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

fn rule_of_values() -> impl Strategy<Value = Expr> {
    grown(leaf())
}

fn any_rule() -> impl Strategy<Value = Expr> {
    grown(prop_oneof![3 => leaf(), 1 => (path(), standing()).prop_map(|(path, how)| Expr::Stands(path, how))])
}

/// The text of a tree, with every bracket that could matter.
fn spelt(expr: &Expr) -> String {
    let several = |parts: &[Expr], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| format!("({})", spelt(part))).collect();
        parts.join(word)
    };
    match expr {
        Expr::And(parts) => several(parts, " and "),
        Expr::Or(parts) => several(parts, " or "),
        Expr::Not(part) => format!("not ({})", spelt(part)),
        Expr::Any(path, codes) => format!("any({}, {})", named(path), listed(codes)),
        Expr::All(path, codes) => format!("all({}, {})", named(path), listed(codes)),
        Expr::Flag(path, true) => named(path),
        Expr::Flag(path, false) => format!("{} = no", named(path)),
        Expr::Compare(left, how, right) => format!("{} {} {}", sized(left), sign(*how), sized(right)),
        Expr::Stands(path, standing) => format!("{}({})", standing_word(*standing), named(path)),
        Expr::Cnic(path, CnicSays::Male) => format!("cnic_male({})", named(path)),
        Expr::Cnic(path, CnicSays::Female) => format!("cnic_female({})", named(path)),
        Expr::Cnic(path, CnicSays::Province(other)) => format!("cnic_of({}, {})", named(path), named(other)),
        Expr::Same(one, other) => format!("same({}, {})", named(one), named(other)),
        Expr::WholeMonth(path) => format!("whole_month({})", named(path)),
    }
}

fn named(path: &Path) -> String {
    let of = path.of.as_ref().map(|of| format!("{}.", of.as_str())).unwrap_or_default();
    format!("{of}{}", path.question.as_str())
}

fn listed(codes: &[Code]) -> String {
    let quoted = |code: &Code| match code.as_str() {
        text if text.starts_with(|c: char| c.is_ascii_uppercase()) => text.to_owned(),
        text => format!("'{text}'"),
    };
    codes.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

fn sized(term: &Term) -> String {
    match term {
        Term::Path(path) => named(path),
        Term::Number(number) => number.to_string(),
        Term::Date(date) => date.to_string(),
        Term::Sum(paths) => format!("sum({})", paths.iter().map(named).collect::<Vec<_>>().join(", ")),
        Term::Count(path) => format!("count({})", named(path)),
        Term::Year(path) => format!("year({})", named(path)),
    }
}

const fn sign(how: Comparison) -> &'static str {
    match how {
        Comparison::Equal => "=",
        Comparison::Unequal => "!=",
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::More => ">",
        Comparison::AtLeast => ">=",
    }
}

const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Answered => "answered",
        Standing::Given => "given",
        Standing::Unknown => "unknown",
        Standing::Refused => "refused",
        Standing::NotAsked => "not_asked",
        Standing::NotRecorded => "not_recorded",
    }
}

// -- made-up answers

fn value() -> impl Strategy<Value = Value> {
    let code = || prop::sample::select(&CODES[..]).prop_map(Code::new);
    prop_oneof![
        code().prop_map(Value::Choice),
        prop::collection::vec(code(), 0..4).prop_map(|codes| Value::Choices(codes.into())),
        prop_oneof![-2..5_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)].prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
        (date(), any::<bool>()).prop_map(|(date, about)| {
            Value::Date(PartialDate::new(date.year(), date.month(), date.day(), about).unwrap())
        }),
        (1900..2100_i16).prop_map(|year| Value::Date(PartialDate::new(year, None, None, false).unwrap())),
        prop_oneof![Just(1_795_322_868_000_i64), any::<i64>()].prop_map(|ms| Value::Moment(Moment::pkt(ms))),
        prop_oneof![Just("3520212345671"), Just("35202-1234567-2"), Just("not a number"), Just("")]
            .prop_map(|text| Value::Text(text.into())),
        Just(Value::Entry(ENTRY)),
        Just(Value::Entry(EntryId::from_bytes([8; 16]))),
        (code(), code()).prop_map(|pair| Value::Map(Box::new([pair]))),
    ]
}

/// The entry that can be named.
const ENTRY: EntryId = EntryId::from_bytes([7; 16]);

/// The four ways of having no value.
const WORDLESS: [Answer; 4] = [Answer::NotAsked, Answer::Refused, Answer::Unknown, Answer::NotRecorded];

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![4 => value().prop_map(Answer::Value), 1 => prop::sample::select(WORDLESS.to_vec())]
}

/// For each question perhaps an answer, of any kind.
type Sheet = Vec<(&'static str, Answer)>;

fn sheet() -> impl Strategy<Value = Sheet> {
    let each = |id: &'static str| prop::option::weighted(0.8, answer()).prop_map(move |answer| answer.map(|a| (id, a)));
    QUESTIONS.map(each).prop_map(|found| found.into_iter().flatten().collect())
}

fn filled<'a>(sheet: impl IntoIterator<Item = &'a (&'static str, Answer)>) -> Answers {
    let mut answers = Answers::default();
    sheet.into_iter().for_each(|(id, answer)| answers.set((*id).into(), answer.clone()));
    answers
}

fn around(of: &[Sheet; 3]) -> Surroundings {
    let [case, before, entry] = of.each_ref().map(filled);
    Surroundings { case, before, entries: BTreeMap::from([(ENTRY, entry)]), ..Surroundings::default() }
}

fn judged(expr: &Expr, own: &Answers, around: &Surroundings) -> Truth {
    Rule::parse(&spelt(expr)).unwrap().judge(Facts::among(own, around))
}

/// The same with one question, or all of them, left without a value.
fn without(sheet: &Sheet, question: Option<&str>, word: &Answer) -> Sheet {
    let change = |(id, answer): &(&'static str, Answer)| match question {
        Some(one) if one != *id => (*id, answer.clone()),
        _ => (*id, word.clone()),
    };
    sheet.iter().map(change).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// What is read from the text of a rule is the rule: neither precedence nor a bracket is lost.
    #[test]
    fn a_rule_reads_as_it_is_spelt(expr in any_rule()) {
        let text = spelt(&expr);
        let rule = Rule::parse(&text).unwrap();
        // Two spellings mean one tree: a code with `=` and in a list, a flag and `= yes`.
        prop_assert_eq!(rule.expr(), &expr, "{}", text);
        prop_assert_eq!(rule.as_str(), text);
    }

    /// Whatever the answers, of whatever kind and size: a truth, the same each time; and its opposite under `not`.
    #[test]
    fn any_answers_are_judged(expr in any_rule(), own in sheet(), others in [sheet(), sheet(), sheet()]) {
        let (own, around) = (filled(&own), around(&others));
        let truth = judged(&expr, &own, &around);
        prop_assert_eq!(judged(&expr, &own, &around), truth);
        let opposite = match truth { Truth::Yes => Truth::No, Truth::No => Truth::Yes, Truth::Open => Truth::Open };
        prop_assert_eq!(judged(&Expr::Not(Box::new(expr)), &own, &around), opposite);
    }

    /// The order in which questions were answered, codes chosen, and parts of a rule written, is nothing.
    #[test]
    fn order_is_nothing(expr in any_rule(), own in sheet(), others in [sheet(), sheet(), sheet()]) {
        let around = around(&others);
        let truth = judged(&expr, &filled(&own), &around);
        let backward: Sheet = own.iter().rev().map(|(id, answer)| (*id, match answer {
            Answer::Value(Value::Choices(codes)) => Answer::Value(Value::Choices(codes.iter().rev().cloned().collect())),
            other => other.clone(),
        })).collect();
        prop_assert_eq!(judged(&expr, &filled(&backward), &around), truth);
        prop_assert_eq!(judged(&turned(&expr), &filled(&own), &around), truth);
    }

    /// Taking a value away leaves a rule as it was, or open: *not asked*, *refused*, *unknown* and *not recorded* never count as *no*.
    #[test]
    fn what_has_no_value_is_never_no(expr in rule_of_values(), own in sheet(), others in [sheet(), sheet(), sheet()],
                                     question in prop::sample::select(&QUESTIONS[..]), word in prop::sample::select(WORDLESS.to_vec())) {
        let around = around(&others);
        let before = judged(&expr, &filled(&own), &around);
        let after = judged(&expr, &filled(&without(&own, Some(question), &word)), &around);
        prop_assert!(after == before || after == Truth::Open,
                     "{} was {:?} and is {:?} with {} {:?}", spelt(&expr), before, after, question, word);
    }

    /// A rule none of whose questions has a value is open: it fires for nobody.
    #[test]
    fn a_rule_without_any_value_never_fires(expr in rule_of_values(), own in sheet(), others in [sheet(), sheet(), sheet()],
                                            word in prop::option::of(prop::sample::select(WORDLESS.to_vec()))) {
        let bare = |sheet: &Sheet| word.as_ref().map_or_else(Vec::new, |word| without(sheet, None, word));
        let around = around(&others.each_ref().map(bare));
        let constant = matches!(judged(&expr, &Answers::default(), &Surroundings::default()), Truth::Yes | Truth::No);
        prop_assert!(constant || judged(&expr, &filled(&bare(&own)), &around) == Truth::Open, "{}", spelt(&expr));
        prop_assert!(!constant || decided_by_numbers(&expr), "{} is decided by nothing", spelt(&expr));
    }
}

/// Every `and` and `or` the other way round.
fn turned(expr: &Expr) -> Expr {
    let all = |parts: &[Expr]| parts.iter().rev().map(turned).collect();
    match expr {
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::Not(part) => Expr::Not(Box::new(turned(part))),
        other => other.clone(),
    }
}

/// Whether two numbers or two dates are compared somewhere: the only thing that is true or false of itself.
fn decided_by_numbers(expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(decided_by_numbers),
        Expr::Not(part) => decided_by_numbers(part),
        Expr::Compare(left, _, right) => {
            [left, right].into_iter().all(|term| matches!(term, Term::Number(_) | Term::Date(_)))
        }
        _ => false,
    }
}
