//! A long text is pasted: nothing of it is lost, and what would command a terminal is not in it any more.

use amanat::{
    model::Value,
    ui::{Effect, Keeping, Msg},
};

use super::{
    begun::{keeps, plain, with_victim},
    stage::Stage,
};
use crate::pasted::{cleaned, long_text};

fn note(stage: &Stage) -> String {
    let keeps = keeps(stage);
    let Keeping::Sheet(sheet) = &keeps.last().unwrap().what else { panic!("a note") };
    let Some(Value::Text(text)) = sheet.answers().value("note_text") else { panic!("no text") };
    text.to_string()
}

#[test]
fn a_long_text_is_taken_whole_and_without_its_control_characters() {
    let text = long_text();
    assert!(text.len() > 100_000 && text.contains('\u{1b}'));
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter F4 \"note\" Enter");
    let before = stage.effects.len();
    stage.send(Msg::Paste(text.clone()));
    let drafts = stage.effects[before..].iter().filter(|effect| matches!(effect, Effect::KeepDraft(_))).count();
    assert!(drafts <= 1, "one paste is one draft, not one for each letter: {drafts}");
    let screen = stage.screen(100, 30);
    assert!(!screen.chars().any(|letter| letter.is_control() && letter != '\n'), "{screen:?}");
    stage.keys("F10 Enter");
    let kept = note(&stage);
    assert!(kept == cleaned(&text), "{} bytes of {} came in", kept.len(), cleaned(&text).len());

    // One step takes it back, and brings it again.
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter F4 \"note\" Enter \"Before.\"");
    stage.send(Msg::Paste(text.clone()));
    stage.keys("C-z F10 Enter");
    assert_eq!(note(&stage), "Before.");
}

#[test]
fn on_one_line_breaks_become_spaces_and_a_list_takes_letters_only() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.send(Msg::Paste("two\r\nlines\u{7}\u{1b}[2J\u{202e} here".into()));
    let screen = stage.screen(100, 30);
    assert!(screen.contains("two lines[2J here"), "{screen}");
    stage.keys("Esc Enter F4 \"1\" \"1\" Tab Tab Tab");
    stage.send(Msg::Paste("afgh\u{1b}\n".into()));
    let screen = stage.screen(100, 30);
    assert!(screen.contains("Afghanistan"), "{screen}");
}
