//! Practice has a hint on every page that can be reached in it: the page's own, whole, in both languages.

use std::collections::BTreeMap;

use amanat::{
    model::{Answer, Value},
    ui::{Bidi, Settings, Theme},
};

use super::stage::{PASSPHRASE, Stage, code, number, text, urdu};

/// What leads from the list of cases, with one case on it, to a page, and the hint that belongs there.
const PAGES: &[(&str, &str)] = &[
    ("", "open_case"),
    ("F3", "filter"),
    ("F3 \"8\"", "filter_name"),
    ("F4", "form"),
    ("F4 Down Enter Esc F9", "drafts"),
    ("F5", "open_case"),
    ("F6", "outbox"),
    ("F6 F4", "stick"),
    ("F6 F6", "stick"),
    ("F6 F8", "aside"),
    ("F6 F8 F9", "save_part"),
    ("F6 F8 F7", "aside_drop"),
    ("F7", "today"),
    ("F8", "roster"),
    ("F8 F4", "team"),
    ("F8 F6", "keys"),
    ("F8 F6 Down Down F5", "audit"),
    ("F8 F6 Down Down F8", "rotation"),
    ("F10", "review"),
    ("F10 F5", "form"),
    ("F1", "help"),
    ("Enter", "add_interview"),
    ("Enter F4", "menu"),
    ("Enter F4 Enter", "form"),
    ("Enter F4 Enter F4", "copy"),
    ("Enter F4 \"3\" \"Seen.\" F10", "confirm"),
    ("Enter F5", "links"),
    ("Enter F7", "hand"),
    ("Enter F7 \"1\"", "hand"),
    ("Enter F9", "attach"),
    ("Enter F10", "hand_in"),
    ("Enter Home F3", "papers"),
    ("Enter Home F3 Enter \"2\"", "paper_file"),
    ("Enter Home Enter", "entry"),
    ("Enter Home Enter F3", "papers"),
    ("Enter Home Enter F6", "form"),
];

fn practising(settings: Settings) -> Stage {
    let mut stage = Stage::supervising(settings);
    stage.app.train();
    let case = stage.case(1, &[("case_class", code("TIP")), ("risk_level", code("HIGH")), ("victims_seen", number(2))]);
    stage.sheet(2, case, "person", &[("role", code("VIC")), ("name_full", text("SAMPLE PERSON"))]);
    stage
}

/// The hints of a language, and how each of them is introduced.
fn hints(file: &str) -> (BTreeMap<String, String>, String) {
    let words: toml::Table = toml::from_str(file).unwrap();
    let all = words["training"].as_table().unwrap();
    let hints: BTreeMap<_, _> =
        all.iter().map(|(key, hint)| (key.clone(), hint.as_str().unwrap().to_owned())).collect();
    let says = hints["says"].split('{').next().unwrap().trim().to_owned();
    (hints, says)
}

/// What is on the screen as one line: a hint that takes two rows is read whole.
fn read(stage: &mut Stage) -> String {
    let screen = stage.screen(80, 24);
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_page_of_practice_has_a_hint_of_its_own_in_both_languages() {
    let english = include_str!("../../src/words/en.toml");
    let in_urdu = include_str!("../../src/words/ur.toml");
    // The terminal orders the Urdu here, so that it can be read off the cells as it is written.
    let order = Settings { bidi: Bidi::Terminal, ..urdu() };
    let mut missing = Vec::new();
    for (settings, file) in [(Settings { theme: Theme::Plain, ..Settings::default() }, english), (order, in_urdu)] {
        let (hints, says) = hints(file);
        for (keys, hint) in PAGES {
            let mut stage = practising(settings);
            stage.keys(keys);
            let screen = read(&mut stage);
            let wanted = hints[*hint].split_whitespace().collect::<Vec<_>>().join(" ");
            if !(screen.contains(&says) && screen.contains(&wanted)) {
                missing.push(format!("`{keys}` says no `{hint}`: {wanted}\n{}", stage.screen(80, 24)));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The other hints: of a locked device, of a list with nothing in it, and of the steps of a case.
#[test]
fn no_hint_is_left_that_no_page_gives() {
    let (hints, says) = hints(include_str!("../../src/words/en.toml"));
    let given: Vec<&str> = PAGES.iter().map(|(_, hint)| *hint).collect();
    let steps = ["add_person", "add_screening", "add_referral", "correct", "done"];
    let elsewhere = ["says", "unlock", "new_case", "stick_in", "welcome"];
    let idle: Vec<&String> = hints
        .keys()
        .filter(|key| !given.contains(&key.as_str()) && !steps.contains(&key.as_str()))
        .filter(|key| !elsewhere.contains(&key.as_str()))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
    let mut stage = Stage::locked(Settings { theme: Theme::Plain, ..Settings::default() });
    stage.app.train();
    assert!(read(&mut stage).contains(&says) && read(&mut stage).contains("four quiet river stones"));
    stage.keys(&format!("\"{PASSPHRASE}\" Enter"));
    assert!(read(&mut stage).contains(&hints["new_case"]), "{}", stage.screen(80, 24));
    // Each thing that the case gets leads to the next.
    let case = stage.case(1, &[("case_class", code("TIP")), ("victims_seen", number(1))]);
    stage.keys("Enter");
    for (at, form, next) in [
        (2, "person", "add_person"),
        (3, "interview", "add_interview"),
        (4, "screening", "add_screening"),
        (5, "referral", "add_referral"),
    ] {
        assert!(read(&mut stage).contains(&hints[next]), "{next}: {}", stage.screen(80, 24));
        let person = (form != "person").then(|| stage.entry_of("person"));
        let named = person.map(|id| ("person_ref", Answer::Value(Value::Entry(id))));
        let gates = ["private_ok", "needs_met", "explained", "no_promises"]
            .map(|gate| (gate, Answer::Value(Value::Flag(true))));
        let alone = ("present", Answer::Value(Value::Choices(Box::default())));
        let met = gates.into_iter().chain([alone]).filter(|_| form == "interview");
        stage.sheet(at, case, form, &named.into_iter().chain(met).collect::<Vec<_>>());
    }
    assert!(read(&mut stage).contains(&hints["correct"]), "{}", stage.screen(80, 24));
    stage.correction(7, case, "person", ("risk_note", text("x")));
    assert!(read(&mut stage).contains(&hints["done"]), "{}", stage.screen(80, 24));
}
