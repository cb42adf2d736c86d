//! Every screen in Urdu: whatever stands on it comes from the Urdu sentences, the forms' Urdu labels or what was recorded, and no English
//! sentence is left. In English the same keys lead to the same screens, without an Urdu sentence but the key that changes the language.

use std::collections::BTreeSet;

use amanat::ui::{Effect, Settings, Theme};

use super::stage::{Stage, code, number, text, urdu};

/// What leads from the list of cases, with one case on it, to a screen and what it is called here.
const SCREENS: &[(&str, &str)] = &[
    ("the list of cases", ""),
    ("its filters", "F3"),
    ("a new case's form", "F4"),
    ("a form that lacks answers", "F4 F10"),
    ("the next form", "Enter F4 Down Enter"),
    ("a talk that was stopped", "Enter F4 Down Enter F11"),
    ("today", "F7"),
    ("the outbox", "F6"),
    ("the outbox, a stick to write", "F6 F4"),
    ("the outbox, a stick to read", "F6 F6"),
    ("what was set aside", "F6 F8"),
    ("people and roles", "F8"),
    ("the team", "F8 F4"),
    ("the keys", "F8 F6"),
    ("a key's audit", "F8 F6 Down Down F5"),
    ("a unit's new key", "F8 F6 Down Down F8"),
    ("drafts", "F4 Down Enter Esc F9"),
    ("the review queue", "F10"),
    ("help", "F1"),
    ("a case", "Enter"),
    ("what may be added to a case", "Enter F4"),
    ("a person's form", "Enter F4 Enter"),
    ("its links", "Enter F5"),
    ("papers of a person", "Enter Home F3"),
    ("a paper before it is printed", "Enter Home F3 Enter"),
    ("sharing it", "Enter F7"),
    ("handing it in", "Enter F10"),
    ("a case sealed again", "Enter F11"),
    ("attaching a file", "Enter F9"),
    ("one entry", "Enter End Enter"),
    ("correcting it", "Enter End Enter F6"),
    ("a correction beside what it corrects", "Enter End Enter F10"),
    ("papers from an entry", "Enter Home Enter F3"),
    ("help in a case", "Enter F1"),
    ("an innocent screen", "F12"),
    ("locked", "C-l"),
];

/// The pieces of all sentences of one language, blanks cut out, that are long enough to be told apart.
fn pieces(file: &str) -> BTreeSet<String> {
    fn walk(value: &toml::Value, found: &mut BTreeSet<String>) {
        match value {
            toml::Value::String(text) => {
                let outside = text.split('{').map(|part| part.split_once('}').map_or(part, |(_blank, rest)| rest));
                let words =
                    outside.map(str::trim).filter(|piece| piece.chars().filter(|c| c.is_alphabetic()).count() >= 9);
                found.extend(words.map(str::to_owned));
            }
            toml::Value::Table(table) => table.values().for_each(|value| walk(value, found)),
            toml::Value::Array(all) => all.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(&toml::from_str(file).unwrap(), &mut found);
    found
}

fn with_a_case(settings: Settings) -> Stage {
    let mut stage = Stage::supervising(settings);
    let case = stage.case(1, &[("case_class", code("TIP")), ("risk_level", code("HIGH")), ("victims_seen", number(2))]);
    stage.sheet(2, case, "person", &[("role", code("VIC")), ("name_full", text("SAMPLE PERSON"))]);
    stage
}

#[test]
fn every_screen_speaks_the_language_that_was_chosen() {
    let english = pieces(include_str!("../../src/words/en.toml"));
    let both: BTreeSet<String> =
        pieces(include_str!("../../src/words/ur.toml")).intersection(&english).cloned().collect();
    let english: BTreeSet<&String> = english.difference(&both).collect();
    assert!(english.len() > 700, "{} pieces of English", english.len());
    let (mut left, mut seen) = (Vec::new(), BTreeSet::new());
    for (name, keys) in SCREENS {
        let mut stage = with_a_case(urdu());
        stage.keys(keys);
        let screen = stage.screen(120, 40);
        if !seen.insert(screen.clone()) {
            left.push(format!("{name} is no screen of its own:\n{screen}"));
        }
        left.extend(english.iter().filter(|piece| screen.contains(**piece)).map(|piece| format!("{name}: {piece}")));
        let mut stage = with_a_case(Settings { theme: Theme::Plain, ..Settings::default() });
        stage.keys(keys);
        let screen = stage.screen(120, 40);
        let found = english.iter().filter(|piece| screen.contains(**piece)).count();
        assert!(found > 0 || *name == "an innocent screen", "{name} says something in English\n{screen}");
        assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Quit)), "{name}");
    }
    assert!(left.is_empty(), "English is left on Urdu screens:\n{}", left.join("\n"));
}
