//! A case is given another sharing level by keys: what that means for what was kept before is said before it is kept, in both languages, and what
//! was merely passed on the way is no change.

use amanat::ui::{Bidi, Keeping, Settings};

use super::{
    begun::{keeps, plain, with_victim},
    stage::{Stage, urdu},
};

/// Every question of the case was passed with Tab until its level, and that was made the unit's alone.
fn narrowed(settings: Settings, level: &str) -> Stage {
    let mut stage = with_victim(Stage::open_with(settings));
    stage.keys("Enter End Enter F6");
    for _ in 0..60 {
        if stage.screen(100, 30).contains(level) {
            break;
        }
        stage.keys("Tab");
    }
    stage.keys("\"1\" F10");
    stage
}

#[test]
fn another_level_says_what_it_does_not_shut_and_nothing_else_has_changed() {
    let said = |stage: &mut Stage| stage.screen(80, 30).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut stage = narrowed(plain(), "▸ Sharing level");
    let told = said(&mut stage);
    assert!(told.contains("counts from now on: what was kept before stays open to whoever could read it"), "{told}");
    stage.keys("\"2\" F10");
    let keeps = keeps(&stage);
    let Keeping::Amendment(amendment) = &keeps.last().unwrap().what else { panic!("a correction") };
    let changed: Vec<_> = amendment.changes.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(changed, ["handling_code"]);

    let told = said(&mut narrowed(Settings { bidi: Bidi::Terminal, ..urdu() }, "◂ شیئرنگ کی سطح"));
    assert!(told.contains("شیئرنگ کی نئی سطح اب سے لاگو ہے"), "{told}");
}
