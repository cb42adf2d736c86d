//! Keys typed and what they lead to: data in, data out.

use amanat::{
    model::{Answer, Moment, Value},
    ui::{Effect, Keeping, Msg, Progress, Settings, Stage as Where, Strength, Theme, Trouble},
};

use super::stage::{NOW, PASSPHRASE, Stage, code, number, text};

/// What was asked to be kept, in order.
fn kept(stage: &Stage) -> Vec<&Keeping> {
    let keeps =
        stage.effects.iter().filter_map(|effect| if let Effect::Keep(keep) = effect { Some(&keep.what) } else { None });
    keeps.collect()
}

fn drafts(stage: &Stage) -> usize {
    stage.effects.iter().filter(|effect| matches!(effect, Effect::KeepDraft(_))).count()
}

/// A case that another device opened, chosen in the list.
fn with_case() -> Stage {
    let mut stage = Stage::open();
    stage.case(1, &[("case_class", code("TIP")), ("risk_level", code("HIGH")), ("victims_seen", number(1))]);
    stage
}

#[test]
fn a_wrong_passphrase_changes_nothing_and_the_right_one_opens() {
    let mut stage = Stage::locked(Settings::default());
    stage.keys("\"not it\" Enter");
    assert!(stage.app.is_locked() && stage.screen(80, 24).contains("does not open"));
    stage.keys(&format!("\"{PASSPHRASE}\" Enter"));
    assert!(!stage.app.is_locked());
    let printed = format!("{:?}", stage.effects);
    assert!(!printed.contains("quiet") && printed.contains("Secret(…)"), "{printed}");
}

#[test]
fn two_passphrases_that_differ_make_no_keys() {
    let mut stage = Stage::start(Settings::default(), Where::New);
    stage.keys("\"laptop\" Enter \"one two three four\" Enter \"one two three fore\" Enter");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::MakeDevice { .. })));
    stage.send(Msg::PassphraseJudged(Strength { score: 4, reason: None }));
    stage.keys("Backspace*18 \"one two three four\" Enter");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::MakeDevice { name, .. } if name == "laptop")));
}

#[test]
fn a_note_is_kept_whole_and_the_outbox_knows() {
    let mut stage = with_case();
    stage.keys("Enter F4 \"note\" Enter \"First line.\" Enter \"Second line.\" F10");
    assert!(kept(&stage).is_empty(), "nothing is kept before it is confirmed");
    stage.keys("Enter");
    let [Keeping::Sheet(sheet)] = *kept(&stage) else { panic!("one sheet") };
    assert_eq!(sheet.answers().value("note_text"), Some(&Value::Text("First line.\nSecond line.".into())));
    assert!(stage.screen(80, 24).contains("kept 2 "), "the note, and that another's case was opened");
    assert!(matches!(stage.effects.last(), Some(Effect::Sync)), "what was kept leaves as soon as it can");
}

#[test]
fn four_silences_are_four_answers_and_none_of_them_is_no() {
    let mut stage = with_case();
    stage.keys("Enter F4 Enter Down Enter F5 F6 F7");
    let Some(Effect::KeepDraft(draft)) =
        stage.effects.iter().rev().find(|effect| matches!(effect, Effect::KeepDraft(_)))
    else {
        panic!("a draft")
    };
    let silences: Vec<_> =
        draft.answers.iter().map(|(_, given)| &given.answer).filter(|answer| answer.value().is_none()).collect();
    for answer in [Answer::NotAsked, Answer::Refused, Answer::Unknown] {
        assert!(silences.contains(&&answer), "{answer:?} in {silences:?}");
    }
}

#[test]
fn a_draft_is_sealed_at_each_field_and_after_some_typing() {
    let mut stage = with_case();
    stage.keys("Enter F4 \"note\" Enter");
    let before = drafts(&stage);
    stage.keys("\"abc\"");
    assert_eq!(drafts(&stage), before, "not at each letter");
    assert_eq!(stage.app.tick_in(), 2_000);
    stage.wait(2_000);
    assert_eq!(drafts(&stage), before + 1);
    stage.wait(2_000);
    assert_eq!(drafts(&stage), before + 1, "nothing new, nothing written");
    stage.keys("\"d\" Esc Esc F9 Enter");
    assert_eq!(drafts(&stage), before + 2);
    assert!(stage.screen(80, 24).contains("abcd"), "{}", stage.screen(80, 24));
}

#[test]
fn someone_who_never_pauses_is_not_idle_and_loses_nothing() {
    let mut stage = with_case();
    stage.keys("Enter F4 \"note\" Enter");
    let before = drafts(&stage);
    for _ in 0..1_200 {
        stage.wait(1_000);
        stage.keys("\"a\"");
    }
    assert!(!stage.app.is_locked());
    assert!((500..=700).contains(&(drafts(&stage) - before)), "{}", drafts(&stage) - before);
}

#[test]
fn what_is_missing_stops_finishing_and_is_shown_where_it_is() {
    let mut stage = with_case();
    stage.keys("Enter F4 Enter F10");
    assert!(kept(&stage).is_empty());
    assert!(stage.screen(80, 24).contains("Only a value will do here"));
    stage.keys("Down Enter");
    assert!(stage.screen(80, 24).contains("✓ Role"));
}

#[test]
fn a_person_who_was_not_chosen_is_not_shown_as_chosen() {
    let mut stage = with_case();
    stage.keys("Enter F4 \"interview\" Enter Enter");
    let screen = stage.screen(80, 24);
    let row = screen.lines().find(|row| row.contains("* Person")).expect("the question is still open");
    assert_eq!(row.trim(), "* Person");
}

#[test]
fn undo_gives_back_an_answer_that_was_changed() {
    let mut stage = with_case();
    stage.keys("Enter F4 Enter Down Enter");
    assert!(stage.screen(80, 24).contains("✓ Role                             Victim"));
    stage.keys("S-Tab F8");
    assert!(!stage.screen(80, 24).contains("(•)"));
    stage.keys("C-z");
    stage.keys("Tab");
    assert!(stage.screen(80, 24).contains("✓ Role                             Victim"), "{}", stage.screen(80, 24));
}

#[test]
fn a_childs_two_hours_run_by_now_where_its_officers_clock_is_fast() {
    for hours in [-1, 24 * 60] {
        let mut stage = with_case();
        let case = amanat::model::CaseId::from_bytes([1; 16]);
        let child =
            [("role", code("VIC")), ("gender", code("F")), ("age_years", number(9)), ("nationality", code("PAK"))];
        stage.sheet_by_clock(2, hours, case, "person", &child);
        stage.keys("F7");
        let screen = stage.screen(80, 24);
        assert!(screen.contains("Child: protection"), "{hours} hours ahead\n{screen}");
    }
}

#[test]
fn a_clock_that_is_years_slow_dates_nothing_once_the_hub_has_spoken() {
    let mut stage = with_case();
    let boot_ms = 1_000;
    let old = Moment::pkt(NOW.unix_ms - 7 * 365 * 86_400_000);
    stage.send(Msg::Synced(Progress { last_contact: Some(NOW), ..Progress::default() }));
    stage.send(Msg::Tick { now: old, boot_ms });
    stage.keys("Enter F4 \"note\" Enter");
    assert!(stage.screen(80, 24).contains("2026-11-22"), "{}", stage.screen(80, 24));
}

#[test]
fn a_new_case_is_found_by_its_district_and_opened_by_this_device() {
    let mut stage = Stage::open();
    stage.keys("F4 Down Enter F10");
    assert!(stage.screen(80, 24).contains("New case"));
    stage.keys("Esc");
    assert!(stage.screen(80, 24).contains("1 unfinished form"));
}

#[test]
fn a_correction_keeps_only_what_changed_and_says_why() {
    let mut stage = with_case();
    stage.keys("Enter F4 \"note\" Enter \"Brick kiln at Raiwind.\" F10 Enter");
    stage.keys("End F6 F10 Enter");
    assert_eq!(kept(&stage).len(), 1, "nothing changed, nothing kept");
    stage.keys("Esc Tab \"!\" F10 F10");
    assert_eq!(kept(&stage).len(), 1, "a correction needs its reason");
    stage.keys("Down*2 Enter F10");
    let [_, Keeping::Amendment(amendment)] = *kept(&stage) else { panic!("one amendment\n{}", stage.screen(80, 24)) };
    assert_eq!(amendment.reason.as_str(), "NEWINFO");
    assert_eq!(amendment.changes.len(), 1);
    assert_eq!(amendment.changes.value("note_text"), Some(&Value::Text("Brick kiln at Raiwind.!".into())));
}

#[test]
fn what_a_colleague_corrects_meanwhile_is_not_put_back() {
    let mut stage = with_case();
    let case = amanat::model::CaseId::from_bytes([1; 16]);
    let day = |day: &str| Answer::Value(Value::Date(day.parse().unwrap()));
    stage.sheet(2, case, "note", &[("noted_on", day("2026-10-02")), ("note_text", text("Brick kiln at Raiwind."))]);
    stage.keys("Enter Home F6 F10 Esc Tab \"!\"");
    assert!(stage.screen(80, 24).contains("Raiwind.!"), "{}", stage.screen(80, 24));
    stage.correction(7, case, "note", ("noted_on", day("2026-10-03")));
    stage.keys("F10 Down*2 Enter F10");
    let [Keeping::Amendment(amendment)] = *kept(&stage) else { panic!("one amendment\n{}", stage.screen(80, 24)) };
    let changed: Vec<&str> = amendment.changes.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((changed, amendment.seen.len()), (vec!["note_text"], 0), "theirs was never seen, and stands");
}

#[test]
fn two_corrections_that_collide_are_both_shown() {
    let mut stage = with_case();
    let case = amanat::model::CaseId::from_bytes([1; 16]);
    stage.sheet(2, case, "person", &[("role", code("VIC")), ("occupation", text("weaver"))]);
    for (by, word) in [(7, "tailor"), (8, "mason")] {
        stage.correction(by, case, "person", ("occupation", text(word)));
    }
    assert!(stage.screen(80, 24).contains("✗ collision"));
    stage.keys("Enter");
    assert!(stage.screen(120, 40).contains("two corrections collide"), "{}", stage.screen(120, 40));
    stage.keys("Home Enter PgDn");
    let screen = stage.screen(120, 60);
    for phrase in ["tailor", "mason", "Two corrections did not know of each other"] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
}

#[test]
fn words_of_an_account_find_its_case_and_names_do_not() {
    let mut stage = with_case();
    let case = amanat::model::CaseId::from_bytes([1; 16]);
    stage.sheet(2, case, "note", &[("note_text", text("Seen at the bus stand."))]);
    stage.sheet(3, case, "person", &[("role", code("VIC")), ("name_full", text("Zarmina"))]);
    stage.keys("\"bus stand\"");
    assert!(stage.screen(80, 24).contains("1 case"));
    stage.keys("Esc \"zarmina\"");
    assert!(stage.screen(80, 24).contains("No case has that"));
}

#[test]
fn names_are_shown_only_when_asked_for_and_that_is_on_record() {
    let mut stage = with_case();
    let case = amanat::model::CaseId::from_bytes([1; 16]);
    stage.sheet(2, case, "person", &[("role", code("VIC")), ("name_full", text("Ayesha Bibi"))]);
    stage.keys("Enter");
    assert!(!stage.screen(120, 40).contains("Ayesha"));
    stage.keys("F8");
    assert!(stage.screen(120, 40).contains("Ayesha"));
    let noted = stage
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::NoteAccess { what, .. } if what.as_str() == "names"));
    assert_eq!(noted.count(), 1);
    stage.keys("F8");
    assert!(!stage.screen(120, 40).contains("Ayesha"));
}

#[test]
fn idle_locks_and_forgets_and_hiding_hides() {
    let mut stage = with_case();
    stage.keys("Enter F4 \"note\" Enter \"secret words\" F12");
    let hidden = stage.screen(80, 24);
    assert!(!hidden.contains("secret") && !hidden.contains("Amanat"));
    stage.keys("\"x\" F1 Enter F12");
    assert!(stage.screen(80, 24).contains("secret words"), "keys behind the hidden screen go nowhere");
    stage.wait(11 * 60_000);
    assert!(stage.app.is_locked() && stage.effects.contains(&Effect::Lock));
    let at = |wanted: fn(&Effect) -> bool| stage.effects.iter().rposition(wanted);
    assert!(at(|effect| matches!(effect, Effect::KeepDraft(_))) < at(|effect| *effect == Effect::Lock));
    let printed = format!("{:?}", stage.app);
    assert!(!printed.contains("secret words"), "nothing that was open is left in the screens");
}

#[test]
fn a_clock_set_back_by_a_year_keeps_nothing_open_and_no_draft_unsealed() {
    let mut stage = with_case();
    stage.keys("Enter F4 \"note\" Enter");
    let before = drafts(&stage);
    stage.set_clock(-365 * 86_400_000);
    stage.keys("\"abc\"");
    stage.wait(2_000);
    assert_eq!(drafts(&stage), before + 1);
    stage.set_clock(-365 * 86_400_000);
    stage.wait(9 * 60_000);
    assert!(!stage.app.is_locked());
    assert!(stage.app.tick_in() <= 60_000);
    stage.wait(60_000);
    assert!(stage.app.is_locked());
}

#[test]
fn what_comes_home_after_locking_is_dropped() {
    let mut stage = with_case();
    stage.keys("C-l");
    stage.send(Msg::Notice(Trouble::word("sync.storage")));
    stage.send(Msg::Drafts(Vec::new()));
    assert!(stage.app.is_locked());
    assert!(!stage.screen(80, 24).contains("disk"));
}

#[test]
fn the_language_changes_at_once_and_is_remembered() {
    let mut stage = with_case();
    stage.keys("F2");
    assert!(stage.screen(80, 24).contains("UR"));
    assert!(matches!(stage.effects.last(), Some(Effect::Remember(Settings { theme: Theme::Plain, .. }))));
    stage.keys("F2");
    assert!(stage.screen(80, 24).contains("Cases"));
}

#[test]
fn control_characters_in_what_others_wrote_do_nothing() {
    let mut stage = with_case();
    let case = amanat::model::CaseId::from_bytes([1; 16]);
    stage.stranger(case, "red\u{1b}[31m \u{202e}bad");
    stage.keys("Enter");
    let screen = stage.screen(120, 40);
    assert!(screen.contains("red␛[31m bad") && !screen.contains('\u{1b}') && !screen.contains('\u{202e}'), "{screen}");
}

#[test]
fn twenty_one_thousand_cases_move_without_a_pause() {
    let mut stage = with_case();
    stage.many(21_195);
    stage.keys("End PgUp Home Down*3");
    stage.keys("\"lahore\"");
    assert!(stage.screen(80, 24).contains("21196 cases"));
}

#[test]
fn a_screen_too_small_says_so_and_nothing_breaks_at_any_size() {
    let mut stage = with_case();
    for keys in ["", "Enter", "F4", "Enter", "Down Enter", "F10", "F1", "Esc Esc Esc F6", "Esc F8", "Esc F7", "Esc F2"]
    {
        stage.keys(keys);
        for (columns, rows) in [(1, 1), (10, 3), (40, 8), (41, 9), (79, 23), (200, 60)] {
            stage.screen(columns, rows);
        }
    }
}
