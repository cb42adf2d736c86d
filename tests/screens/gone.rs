//! Cases whose content is gone: the screens say so, in both languages, and neither show nor find anything of it.

use amanat::model::{Absence, CaseId};

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
