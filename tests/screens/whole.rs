//! Everything that was said can be read on 80 × 24, to its last word; and what is typed for a list is never lost without a word.

use amanat::ui::{Keeping, Settings};

use super::{
    begun::{CASE, keeps, plain, with_statement, with_victim},
    stage::{Stage, code, text, urdu},
};

/// A screen as one line, each run of spaces as one.
pub(super) fn flat(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn with_note(note: &str) -> Stage {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.sheet(3, CASE, "note", &[("note_text", text(note))]);
    stage.keys("Enter Home Enter");
    stage
}

#[test]
fn a_statement_longer_than_the_page_is_read_from_its_first_word_to_its_last() {
    let words: Vec<String> = (0..600).map(|number| format!("word{number:03}")).collect();
    let mut stage = with_note(&words.join(" "));
    let mut seen = stage.screen(80, 24);
    for _ in 0..12 {
        stage.keys("PgDn");
        seen.push_str(&stage.screen(80, 24));
    }
    let lost: Vec<&String> = words.iter().filter(|word| !seen.contains(word.as_str())).collect();
    assert!(lost.is_empty(), "{} words cannot be reached: {:?} …\n{}", lost.len(), lost.first(), stage.screen(80, 24));
    stage.keys("Home End");
    assert!(stage.screen(80, 24).contains("word599"), "{}", stage.screen(80, 24));
    // A key that goes up is felt at once: the page was not scrolled past its end.
    let end = stage.screen(80, 24);
    stage.keys("Up");
    assert_ne!(stage.screen(80, 24), end);
}

#[test]
fn the_labels_of_an_entry_stand_whole_and_a_person_is_called_what_the_case_calls_them() {
    let mut stage = with_statement(Stage::open_with(plain()));
    let person = stage.entry_of("person");
    stage.keys("Enter Home Enter");
    let mut seen = String::new();
    for _ in 0..4 {
        seen.push_str(&stage.screen(80, 24));
        stage.keys("PgDn");
    }
    assert!(seen.contains("employer, agent or relative") && seen.contains("can hear"), "{seen}");
    assert!(!seen.contains('…'), "{seen}");
    assert!(seen.contains("Person 1") && !seen.contains(&person.short()), "{seen}");
}

#[test]
fn in_a_form_label_and_answer_share_their_line_and_neither_is_cut_while_the_other_leaves_room() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter F4 \"interview\" Enter \"1\" \"to police\" Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Kind of statement") && screen.contains("s.161 (NOT signed)"), "{screen}");
    stage.keys("PgDn \"1\" \"1\"");
    let screen = stage.screen(80, 24);
    assert!(flat(&screen).contains("agent or relative can hear yes"), "{screen}");
    stage.keys("PgDn");
    assert!(stage.screen(80, 24).contains("* Agrees name goes to national repository"), "{}", stage.screen(80, 24));
    let cut = stage.screen(80, 24).contains('…');
    assert!(!cut, "{}", stage.screen(80, 24));
}

#[test]
fn who_types_the_section_of_a_statement_gets_that_section() {
    let kinds = |settings: Settings, typed: &str| {
        let mut stage = with_victim(Stage::open_with(settings));
        stage.keys(&format!("Enter F4 Down Enter \"1\" \"{typed}\" Enter Esc"));
        let draft = stage.effects.iter().rev().find_map(|effect| {
            if let amanat::ui::Effect::KeepDraft(draft) = effect { Some(draft.answers.clone()) } else { None }
        });
        draft.unwrap().answer("statement_type").cloned()
    };
    assert_eq!(kinds(plain(), "161"), Some(code("S161")));
    assert_eq!(kinds(plain(), "164"), Some(code("S164")));
    assert_eq!(kinds(urdu(), "161"), Some(code("S161")));
    assert_eq!(kinds(urdu(), "۱۶۱"), Some(code("S161")));
    // A number that no label begins with still takes the row of its place.
    assert_eq!(kinds(plain(), "2"), Some(code("S154")));
}

#[test]
fn letters_that_nothing_in_a_list_has_are_not_passed_over() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter F4 \"person\" Enter \"zzqx\" Enter Tab PgDn F10");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("▸ Role") && screen.contains("zzqx"), "{screen}");
    assert!(screen.contains("nothing fits: Backspace takes letters back, F8 all of them"), "{screen}");
    stage.keys("F8 \"vict\" Enter");
    let screen = stage.screen(80, 24);
    assert!(flat(&screen).contains("✓ Role Victim"), "{screen}");
    assert!(keeps(&stage).iter().all(|keep| !matches!(keep.what, Keeping::Sheet(_))));
}

/// `Tab`, `PgDn` and `F10` on a list where letters stand that something has: an optional question would be left without its answer, unsaid.
#[test]
fn letters_for_which_nothing_was_taken_yet_hold_the_field_until_enter_or_f8() {
    for (settings, says) in [(plain(), "Enter takes, F8 drops it"), (urdu(), "F8")] {
        let mut stage = with_victim(Stage::open_with(settings));
        stage.keys("Enter F4 \"person\" Enter \"vict\" Tab PgDn F10 F3");
        let screen = stage.screen(80, 24);
        assert!(screen.contains("vict") && screen.contains(says), "{screen}");
        stage.keys("Enter S-Tab");
        let taken = stage.screen(80, 24);
        assert!(taken.contains("(•)") && !taken.contains("vict "), "{taken}");
    }
}

#[test]
fn what_the_help_says_of_a_key_is_said_whole() {
    for settings in [plain(), urdu()] {
        let mut stage = Stage::open_with(settings);
        stage.keys("F1");
        for _ in 0..20 {
            let screen = stage.screen(80, 24);
            // One sentence ends so by itself: what can be added to a case.
            let cut = screen.lines().filter(|line| line.contains('…') && !line.contains("F4")).count();
            assert_eq!(cut, 0, "{screen}");
            stage.keys("PgDn");
        }
    }
}
