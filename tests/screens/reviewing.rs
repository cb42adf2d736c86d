//! What a supervisor and an officer see of corrections, and what is taken over from an earlier person.

use amanat::{
    model::{Answer, Value},
    ui::{Bidi, Keeping, Settings, ToKeep},
};

use super::{
    begun::{CASE, keeps, plain, with_victim},
    stage::{Stage, code, number, text, urdu},
};

#[test]
fn a_correction_that_arrives_while_the_word_is_written_is_not_covered_by_it() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.correction(7, CASE, "person", ("gender", code("M")));
    stage.keys("F10 Home F4");
    // While the word is on the screen, and before it is kept, the officer corrects it once more.
    stage.correction(8, CASE, "person", ("age_years", number(17)));
    stage.keys("F10 Enter");
    let [ToKeep { what: Keeping::Sheet(sheet), .. }] = *keeps(&stage) else { panic!("{}", stage.screen(120, 30)) };
    assert_eq!(sheet.answers().value("review_seen"), Some(&amanat::model::Value::Number(1)), "only what was there");
    let person = stage.entry_of("person");
    let amanat::model::Value::Entry(of) = sheet.answers().value("review_of").unwrap() else { panic!() };
    assert_eq!(*of, person);
    stage.keys("Esc Esc F10");
    assert!(stage.screen(120, 30).contains("corrected since"), "{}", stage.screen(120, 30));
}

#[test]
fn on_an_entrys_own_page_the_keys_of_a_review_are_a_supervisors_and_no_other_key_has_taken_them() {
    for (key, word) in [("F4", "APPROVE"), ("F5", "RETURN"), ("F7", "MERGE")] {
        let mut stage = with_victim(Stage::supervising(plain()));
        stage.keys(&format!("Enter Home Enter {key} F10"));
        let asked = stage.screen(120, 30);
        stage.keys("Enter");
        let kept = keeps(&stage);
        let told = kept.iter().find_map(|keep| match &keep.what {
            Keeping::Sheet(sheet) => sheet.answers().choice("review_word").map(|code| code.as_str().to_owned()),
            Keeping::Amendment(_) => None,
        });
        // A return wants its note and a merge the other entry: the form is open, and says what is missing.
        let open = asked.contains("Review") || asked.contains("review");
        assert!(told.as_deref() == Some(word) || (told.is_none() && open && key != "F4"), "{key}: {told:?}\n{asked}");
    }
}

#[test]
fn what_waits_more_than_a_week_is_overdue_in_words_and_first_in_both_languages() {
    for (settings, said) in [(plain(), "overdue, 8 days"), (Settings { bidi: Bidi::Terminal, ..urdu() }, "تاخیر، 8 دن")]
    {
        let mut stage = with_victim(Stage::supervising(settings));
        stage.size(120, 30);
        // Kept a week ago and a day; what the others kept was kept today.
        stage.sheet_by_clock(9, -8 * 24, CASE, "note", &[("note_text", text("Seen at the stand."))]);
        stage.keys("F10");
        let screen = stage.screen(120, 30);
        let rows: Vec<&str> = screen.lines().skip(2).filter(|line| line.contains("PB-")).collect();
        assert!(rows.len() > 2 && rows.iter().filter(|row| row.contains(said)).count() == 1, "{screen}");
        assert!(rows.first().is_some_and(|row| row.contains(said) && row.contains('!')), "{screen}");
    }
}

#[test]
fn an_entry_and_its_corrections_stand_side_by_side() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.correction(7, CASE, "person", ("age_years", number(17)));
    stage.keys("F10 Home Enter");
    assert!(!stage.screen(100, 30).contains("As first kept"));
    stage.keys("F10");
    let screen = stage.screen(100, 30);
    for phrase in ["As first kept", "As it stands", "Age in years"] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    let row = screen.lines().skip_while(|line| !line.contains("Age in years")).nth(1).unwrap();
    let (first, now) = (row.find("30").unwrap(), row.find("17").unwrap());
    assert!(first < now, "{row}");
    assert!(!screen.contains("Nationality"), "what nobody corrected is not in the way\n{screen}");
    // A second one that did not know of the first: both stand, with who said what.
    stage.correction(8, CASE, "person", ("age_years", number(19)));
    let screen = stage.screen(100, 30);
    assert!(screen.contains("✗ 17") && screen.contains("✗ 19") && screen.matches('↳').count() == 2, "{screen}");
    stage.keys("F2");
    stage.screen(80, 24);
    stage.keys("F2 F10");
    assert!(!stage.screen(100, 30).contains("As first kept"));
}

#[test]
fn what_people_share_is_taken_over_marked_and_gone_through_and_one_key_takes_it_back() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.sheet(
        3,
        CASE,
        "person",
        &[
            ("role", code("VIC")),
            ("gender", code("F")),
            ("age_years", number(31)),
            ("nationality", code("AFG")),
            ("language", code("pus")),
            ("name_full", text("Palwasha")),
        ],
    );
    stage.keys("Enter F4 \"person\" Enter \"1\" F4");
    let screen = stage.screen(120, 40);
    assert!(screen.contains("Take over from whom?") && !screen.contains("Palwasha"), "{screen}");
    stage.keys("Enter");
    let screen = stage.screen(120, 40);
    assert!(screen.contains("Taken over from an earlier person") && screen.contains('≈'), "{screen}");
    assert!(
        !screen.contains("Palwasha") && !screen.contains("31"),
        "what is a person's own is not taken over\n{screen}"
    );
    stage.keys("C-z");
    let screen = stage.screen(120, 40);
    assert!(!screen.contains('≈'), "one step back\n{screen}");
    // Again; nothing that was only taken over is kept unseen.
    stage.keys("F4 Enter F10");
    assert!(stage.screen(120, 40).contains("Taken over from"), "{}", stage.screen(120, 40));
    assert!(keeps(&stage).is_empty());
}

/// What arrives while a supervisor looks at the list moves rows, and never the bar to another entry.
#[test]
fn the_bar_stays_on_its_entry_when_others_arrive() {
    let mut stage = with_victim(Stage::supervising(plain()));
    let case = stage.entry_of("case");
    stage.keys("F10 End");
    // Overdue: it goes before all that is there.
    stage.sheet_by_clock(9, -8 * 24, CASE, "note", &[("note_text", text("Seen at the stand."))]);
    assert!(stage.screen(120, 30).contains("overdue"));
    stage.keys("F4 F10 Enter");
    let [ToKeep { what: Keeping::Sheet(sheet), .. }] = *keeps(&stage) else { panic!("{}", stage.screen(120, 30)) };
    assert_eq!(sheet.answers().value("review_of"), Some(&Value::Entry(case)));

    let mut stage = with_victim(Stage::open_with(plain()));
    let day = |day: &str| Answer::Value(Value::Date(day.parse().unwrap()));
    stage.sheet(3, CASE, "note", &[("note_text", text("Call.")), ("follow_up_on", day("2026-11-24"))]);
    let other = stage.case(4, &[("case_class", code("TIP")), ("victims_seen", number(1))]);
    stage.sheet(5, other, "note", &[("note_text", text("Before.")), ("follow_up_on", day("2026-11-23"))]);
    stage.keys("F7 Down");
    stage.sheet(6, other, "note", &[("note_text", text("And before that.")), ("follow_up_on", day("2026-11-22"))]);
    stage.keys("Enter");
    assert!(stage.screen(120, 30).contains("Call."), "{}", stage.screen(120, 30));
    // Whoever has not moved stands on what is most urgent.
    stage.keys("Esc Home");
    stage.sheet(7, other, "note", &[("note_text", text("Late.")), ("follow_up_on", day("2026-11-01"))]);
    stage.keys("Enter");
    assert!(stage.screen(120, 30).contains("Late."), "{}", stage.screen(120, 30));
}
