//! Expressions and names of other people's forms, one by one.

use proptest::prelude::*;

use super::expression::{Around, Asked, Coded, Takes, translate};
use super::names::{Names, plain};

/// A question of a form that has one of each kind.
fn question(name: &str) -> Result<Asked, String> {
    let takes = match name {
        "age" | "years" => Takes::Number,
        "met" => Takes::Day,
        "sure" => Takes::Flag,
        "kind" | "sort" => Takes::One("kinds".to_owned()),
        "needs" => Takes::Several("kinds".to_owned()),
        "said" => Takes::Text,
        _ => return Err(format!("`{name}` is not asked before it")),
    };
    Ok(Asked { path: name.to_owned(), takes })
}

fn code(_list: &str, code: &str) -> Coded {
    match code {
        "a" | "b" | "1" => Coded::Value,
        "U" => Coded::Unknown,
        "X" => Coded::NotAsked,
        _ => Coded::Nothing,
    }
}

fn rule(text: &str, own: Option<&Asked>) -> Result<String, String> {
    translate(text, own, &Around { question: &question, code: &code })
}

#[test]
fn what_forms_say_becomes_rules() {
    for (text, wanted) in [
        ("${kind} = 'a'", "kind = 'a'"),
        ("${kind}=\"a\"", "kind = 'a'"),
        ("${kind} = ‘a’", "kind = 'a'"),
        ("${kind} = 1", "kind = '1'"),
        ("${kind} != 'a'", "not (kind = 'a')"),
        ("'a' = ${kind}", "kind = 'a'"),
        ("${kind} = 'U'", "unknown(kind)"),
        ("${kind} != 'X'", "not not_asked(kind)"),
        ("${kind} = ''", "not given(kind)"),
        ("${said} != ''", "answered(said)"),
        ("selected(${kind}, 'a')", "kind = 'a'"),
        ("selected(${needs}, 'b')", "any(needs, 'b')"),
        ("not(selected(${needs}, 'b'))", "not (any(needs, 'b'))"),
        ("${needs} = 'b'", "(any(needs, 'b') and count(needs) = 1)"),
        ("count-selected(${needs}) >= 2", "count(needs) >= 2"),
        ("${age} >= 18 and ${age} < 60", "(age >= 18 and age < 60)"),
        ("18 < ${age}", "age > 18"),
        ("${age} > ${years}", "age > years"),
        ("${met} >= date('2020-01-31')", "met >= 2020-01-31"),
        ("${met} < '2020-01-31T10:00'", "met < 2020-01-31"),
        ("${sure}", "sure"),
        ("${sure} = 'OK'", "sure = yes"),
        ("${sure} = 'no'", "sure = no"),
        ("${kind} = ${sort}", "same(kind, sort)"),
        ("(${kind}='a' or ${kind}='b') and ${age} > 3", "((kind = 'a' or kind = 'b') and age > 3)"),
    ] {
        assert_eq!(rule(text, None).as_deref(), Ok(wanted), "{text}");
        assert!(crate::codebook::Rule::parse(wanted).is_ok(), "{wanted}");
    }
    let own = question("age").unwrap();
    assert_eq!(rule(". >= 0 and . <= 120", Some(&own)).as_deref(), Ok("(age >= 0 and age <= 120)"));
    let own = question("needs").unwrap();
    assert_eq!(
        rule("not(selected(., 'a') and count-selected(.) > 1)", Some(&own)).as_deref(),
        Ok("not ((any(needs, 'a') and count(needs) > 1))")
    );
}

#[test]
fn what_has_no_counterpart_says_what_it_is() {
    for (text, why) in [
        ("${age} + 1 > 3", "a comparison was expected"),
        ("regex(${said}, '^a')", "`regex()`"),
        ("${met} <= today()", "`today()`"),
        ("${later} = 'a'", "not asked before"),
        ("${kind} = 'z'", "no choice of list kinds"),
        ("${kind} < 'a'", "have no order"),
        ("${said} = 'a'", "cannot be compared"),
        ("${age} > 1.5", "no whole number"),
        ("${age} > -1", "below zero"),
        ("${met} > 'soon'", "no date"),
        (". > 3", "means nothing there"),
        ("${age} >", "ends too early"),
        ("(${age} > 3", "`)` is missing"),
        ("${age} > 3)", "not expected there"),
        ("${age", "never closed"),
        ("'abc", "never closed"),
        ("${age} & 3", "`&` has no counterpart"),
        ("", "ends too early"),
        ("count-selected(${kind}) > 1", "one answer"),
    ] {
        let error = rule(text, None).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
    let deep = format!("{}${{sure}}{}", "(".repeat(40), ")".repeat(40));
    assert!(rule(&deep, None).unwrap_err().contains("deeper"));
    assert!(rule(&"${sure} or ".repeat(900), None).unwrap_err().contains("longer"));
}

#[test]
fn other_peoples_names_become_ids_each_once() {
    for (name, id) in
        [("prs_First_Name", "prs_first_name"), ("Q 1.a", "q_1_a"), ("_x", "x"), ("عمر", "q"), ("1st", "q1st")]
    {
        assert_eq!(plain(name), id, "{name}");
    }
    let mut names = Names::default();
    let given: Vec<String> = ["a", "a", "a_2", "a"].map(|name| names.give(name)).into();
    assert_eq!(given, ["a", "a_2", "a_2_2", "a_3"]);
}

proptest! {
    #[test]
    fn any_expression_is_a_rule_or_refused(text in "[${}a-z0-9 .,()'<>=!-]{0,60}|(\\$\\{(age|kind|needs)\\}| = | and | or |not\\(|\\)|'a'|3|selected\\(|, ){0,12}") {
        if let Ok(rule) = rule(&text, None) {
            prop_assert!(crate::codebook::Rule::parse(&rule).is_ok(), "{} became {}", text, rule);
        }
    }
}
