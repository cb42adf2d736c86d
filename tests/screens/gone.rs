//! Cases whose content is gone: the screens say so, in both languages, and neither show nor find anything of it.

use amanat::{
    model::{Absence, Answer, CaseId},
    ui::{Effect, Keeping, ToKeep},
};

use super::begun::{keeps, plain};
use super::stage::{NOW, Stage, code, text, urdu};

/// Two cases from other devices; the first is chosen in the list.
fn two(mut stage: Stage) -> (Stage, CaseId) {
    let answers =
        |place: &str| [("case_class", code("TIP")), ("risk_level", code("HIGH")), ("police_station", text(place))];
    stage.case(2, &answers("Palmisht"));
    let case = stage.case(1, &answers("Zukhwend"));
    (stage, case)
}

#[test]
fn an_erased_case_is_said_to_be_erased_and_nothing_else() {
    let (mut stage, case) = two(Stage::open());
    assert!(stage.screen(80, 24).contains("Zukhwend"));
    stage.lose(case, Absence::Erased(Some(NOW)));
    let list = stage.screen(80, 24);
    assert!(list.contains("∅ erased") && list.contains("Palmisht") && !list.contains("Zukhwen"), "{list}");
    stage.keys("\"zukhwend\"");
    let found = stage.screen(80, 24);
    assert!(!found.contains("∅ erased"), "a search finds nothing of it: {found}");
    stage.keys("Esc");
    for _ in 0.."zukhwend".len() {
        stage.keys("Backspace");
    }
    // Without an entry it stands last.
    stage.keys("Down Enter");
    let page = stage.screen(80, 24);
    for phrase in ["1 entry erased by order, 2026-11-22", "What stood in this case was erased"] {
        assert!(page.contains(phrase), "{phrase:?} is not on\n{page}");
    }
    assert!(!page.contains("TIP") && !page.contains("Zukhwen"), "{page}");
}

#[test]
fn an_erased_case_says_so_in_urdu() {
    let (mut stage, case) = two(Stage::open_with(urdu()));
    stage.lose(case, Absence::Erased(None));
    stage.keys("Down Enter");
    let page = stage.screen(80, 24);
    assert!(page.contains('∅') && !page.contains("Zukhwen"), "{page}");
}

#[test]
fn a_case_that_is_kept_at_headquarters_says_where_it_is() {
    let (mut stage, case) = two(Stage::open());
    stage.lose(case, Absence::AtHeadquarters);
    assert!(stage.screen(80, 24).contains("● at HQ"), "{}", stage.screen(80, 24));
    stage.keys("Down Enter");
    let page = stage.screen(80, 24);
    for phrase in ["1 entry kept at headquarters", "What stands in this case is kept at headquarters"] {
        assert!(page.contains(phrase), "{phrase:?} is not on\n{page}");
    }
}

#[test]
fn a_case_is_handed_in_by_a_key_and_a_yes_and_says_what_stands_there_instead() {
    let (mut stage, case) = two(Stage::open());
    stage.keys("Up Enter F10");
    let asked = stage.screen(80, 24);
    assert!(asked.contains("Never to be read here again"), "{asked}");
    let wished = |stage: &Stage| stage.effects.iter().filter(|effect| matches!(effect, Effect::HandIn { .. })).count();
    stage.keys("Enter");
    assert_eq!(wished(&stage), 0, "the bar stands on what changes nothing");
    stage.keys("F10 Esc F10 Down Enter");
    assert_eq!(wished(&stage), 1);
    stage.lose(case, Absence::HandedIn);
    let page = stage.screen(80, 24);
    for phrase in ["◌ 1 entry handed in", "This case was handed in", "It can be added to"] {
        assert!(page.contains(phrase), "{phrase:?} is not on\n{page}");
    }
    assert!(!page.contains("TIP") && !page.contains("Zukhwen"), "{page}");
    stage.keys("Esc");
    assert!(stage.screen(80, 24).contains("◌ handed in"), "{}", stage.screen(80, 24));
}

#[test]
fn a_case_that_was_handed_in_says_so_in_urdu() {
    let (mut stage, case) = two(Stage::open_with(urdu()));
    stage.lose(case, Absence::HandedIn);
    assert!(stage.screen(80, 24).contains('◌'), "{}", stage.screen(80, 24));
    stage.keys("Down Enter");
    let page = stage.screen(80, 24);
    assert!(page.contains('◌') && !page.contains("Zukhwen"), "{page}");
}

/// To the referral of a case that was handed in, with nobody in the list of persons.
fn refers(settings: amanat::ui::Settings) -> Stage {
    let (mut stage, case) = two(Stage::open_with(settings));
    stage.keys("Up Enter");
    stage.lose(case, Absence::HandedIn);
    stage.keys("F4 \"6\"");
    stage
}

/// What is kept names nobody and says so, with the words beside it.
fn names_nobody(stage: &mut Stage) {
    stage.keys("F7 \"V-7QK2, brown coat\" Enter \"shelter\" Enter \"3\" Enter F10 \"1\" F10 Enter");
    let [.., ToKeep { what: Keeping::Sheet(sheet), .. }] = &*keeps(stage) else { panic!("{}", stage.screen(80, 24)) };
    assert_eq!(sheet.answers().answer("person_ref"), Some(&Answer::Unknown));
}

#[test]
fn whoever_was_handed_in_with_the_case_is_named_in_words() {
    let mut stage = refers(plain());
    let page = stage.screen(80, 24);
    for phrase in ["▸ Person *", "handed in, nobody can look them up here", "F7, then say"] {
        assert!(page.contains(phrase), "{phrase:?} is not on\n{page}");
    }
    stage.keys("F5");
    assert!(stage.screen(80, 24).contains("▸ Person *"), "a person there is\n{}", stage.screen(80, 24));
    stage.keys("F7");
    let page = stage.screen(80, 24);
    assert!(page.contains("▸ Who it is, in words *") && page.contains("V-7QK2"), "{page}");
    stage.keys("Up");
    names_nobody(&mut stage);

    // Where everybody can be looked up, somebody is.
    let (mut stage, _) = two(Stage::open_with(plain()));
    stage.keys("Up Enter F4 \"referral\" Enter F7");
    let page = stage.screen(80, 24);
    assert!(page.contains("▸ Person *") && !page.contains("handed in") && !page.contains("in words"), "{page}");
}

#[test]
fn whoever_was_handed_in_is_named_in_words_in_urdu() {
    let mut stage = refers(urdu());
    let page = stage.screen(80, 24);
    assert!(page.contains("F7 :ﻮﮨ") && page.contains("◂"), "{page}");
    names_nobody(&mut stage);
}
