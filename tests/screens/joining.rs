//! Two cases, or persons of two, are said to be one: one row, one story, one count, and a later word takes them apart again.

use amanat::{
    model::{Answer, CaseId},
    ui::{Bidi, Effect, Settings},
};

use super::{
    begun::plain,
    stage::{Stage, code, number, text, urdu},
};

const ONE: CaseId = CaseId::from_bytes([1; 16]);
const TWO: CaseId = CaseId::from_bytes([2; 16]);

/// Two cases in which somebody has the same card; the second one names a place that the first does not.
fn stage(settings: Settings, supervises: bool) -> Stage {
    let mut stage = if supervises { Stage::supervising(settings) } else { Stage::open_with(settings) };
    let opening =
        |station: &str| [("case_class", code("TIP")), ("victims_seen", number(1)), ("police_station", text(station))];
    stage.case(1, &opening("Raiwind"));
    stage.case(2, &opening("Cantt"));
    let card = |name: &str| -> Vec<(&'static str, Answer)> {
        vec![
            ("role", code("VIC")),
            ("gender", code("F")),
            ("age_years", number(30)),
            ("cnic", text("3520212345672")),
            ("name_full", text(name)),
        ]
    };
    stage.sheet(3, ONE, "person", &card("Gul Sanobar"));
    stage.sheet(4, TWO, "person", &card("Gul Sanobar"));
    stage.sheet(5, TWO, "note", &[("note_text", text("Seen at the hujra of Zarobi."))]);
    stage
}

/// Rows of the list of cases.
fn rows(stage: &mut Stage) -> usize {
    let screen = stage.screen(120, 30);
    screen.lines().skip(3).filter(|line| line.contains("PB-")).count()
}

/// Opens the first case, and there says of the tie on top what stands in this row of the menu.
fn say(stage: &mut Stage, row: usize) {
    stage.keys(&format!("\"raiwind\" Enter F5 F7 \"{row}\" \"One FIR.\" Enter"));
}

#[test]
fn a_duplicate_is_one_row_and_one_story_with_the_case_that_stands_and_both_are_found() {
    for (settings, says) in
        [(plain(), "counted once"), (Settings { bidi: Bidi::Terminal, ..urdu() }, "ایک بار گنا جائے گا")]
    {
        let mut stage = stage(settings, true);
        assert_eq!(rows(&mut stage), 2);
        say(&mut stage, 2);
        let screen = stage.screen(120, 30);
        assert!(screen.contains(says) && screen.contains("Punjab Police Headquarters"), "who reads the word\n{screen}");
        stage.keys("Enter");
        let said = stage.effects.iter().find_map(|effect| match effect {
            Effect::SaySame { cases, sheet } => Some((*cases, sheet.answers().choice("same_word").cloned())),
            _ => None,
        });
        assert_eq!(said, Some(([ONE, TWO], Some("SAME".into()))));
        stage.keys("Esc Esc");
        let screen = stage.screen(120, 30);
        assert!(screen.contains("⧉") && screen.contains("Zarobi") && screen.contains("Raiwind"), "one story\n{screen}");
        stage.keys("Esc Esc");
        assert_eq!(rows(&mut stage), 1, "{}", stage.screen(120, 30));
        assert!(stage.screen(120, 30).contains("⧉1 Raiwind"), "{}", stage.screen(120, 30));
        for word in ["zarobi", "cantt", "raiwind"] {
            stage.keys(&format!("\"{word}\""));
            assert_eq!(rows(&mut stage), 1, "{word}\n{}", stage.screen(120, 30));
            stage.keys("Esc");
        }
    }
}

#[test]
fn a_later_word_takes_two_cases_apart_again() {
    let mut stage = stage(plain(), true);
    say(&mut stage, 2);
    stage.keys("Enter Esc Esc Esc Esc");
    assert_eq!(rows(&mut stage), 1, "{}", stage.screen(120, 30));
    stage.keys("Enter F5");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("one and the same"), "{screen}");
    stage.keys("F7 \"1\" \"Two kilns.\" Enter Enter Esc Esc Esc");
    assert_eq!(rows(&mut stage), 2, "{}", stage.screen(120, 30));
    assert!(!stage.screen(120, 30).contains('⧉'));
}

#[test]
fn one_person_of_two_cases_is_said_from_the_tie_and_opening_what_is_folded_is_on_record() {
    let mut stage = stage(plain(), true);
    say(&mut stage, 1);
    stage.keys("Enter Esc");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("one and the same") && !screen.contains("Sanobar"), "{screen}");
    stage.keys("Esc Esc Esc");
    assert_eq!(rows(&mut stage), 2, "two cases still");
    say(&mut stage, 2);
    stage.keys("Enter Esc Esc Esc Esc");
    let before = stage.effects.len();
    stage.keys("Enter");
    let looked: Vec<CaseId> = stage.effects[before..]
        .iter()
        .filter_map(|effect| match effect {
            Effect::NoteAccess { case, .. } => Some(*case),
            _ => None,
        })
        .collect();
    // The one that stands had been opened before.
    assert_eq!(looked, [TWO], "{}", stage.screen(120, 30));
}

#[test]
fn an_officer_says_nothing_of_the_kind() {
    let mut stage = stage(plain(), false);
    stage.keys("\"raiwind\" Enter F5 F7");
    assert!(!stage.screen(120, 30).contains("duplicate"), "{}", stage.screen(120, 30));
}
