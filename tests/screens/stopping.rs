//! One key stops a talk wherever it stands: put down, sealed at once, and closed in a few keys.

use amanat::{
    model::{Answer, Draft, Value},
    ui::{Effect, Keeping, Settings, ToKeep},
};

use super::{
    begun::{CASE, keeps, plain, with_victim},
    stage::{NOW, Stage, urdu},
};

/// The drafts that were sealed so far.
fn drafts(stage: &Stage) -> Vec<&Draft> {
    stage
        .effects
        .iter()
        .filter_map(|effect| if let Effect::KeepDraft(draft) = effect { Some(&**draft) } else { None })
        .collect()
}

/// An interview under way, the safety gates passed and consent just given: no field is left by the last letter.
fn talking(settings: Settings) -> Stage {
    let mut stage = with_victim(Stage::open_with(settings));
    stage.keys("Enter F4 \"2\"");
    stage.keys("\"1\" Down Enter \"p\" Enter Enter \"1\" \"1\" \"1\" \"1\" \"1\" \"1\" \"1\"");
    stage
}

#[test]
fn one_key_stops_an_interview_in_both_languages_and_a_few_more_keep_it() {
    for (settings, phrases) in [
        (plain(), ["Stopped and sealed here", "Closing steps done", "F11 stop"]),
        (
            Settings { bidi: amanat::ui::Bidi::Terminal, ..urdu() },
            ["روک دیا، یہیں مہر بند ہے", "اختتامی اقدامات", "F11 روکیں"],
        ),
    ] {
        let mut stage = talking(settings);
        stage.size(120, 40);
        let before = drafts(&stage).len();
        stage.keys("F11");
        let sealed = *drafts(&stage).get(before).expect("sealed at once, at this key");
        assert_eq!(sealed.answers.value("stopped_early"), Some(&Value::Flag(true)));
        assert_eq!(sealed.answers.answer("consent_share_named"), Some(&Answer::NotAsked), "what was not come to");
        assert!(sealed.answers.answer("closure_given").is_none(), "how it is closed is for the officer to say");
        let screen = stage.screen(120, 40);
        for phrase in phrases {
            assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
        }
        stage.keys("\"1\" F10 Enter");
        let [ToKeep { what: Keeping::Sheet(sheet), case, .. }] = *keeps(&stage) else {
            panic!("kept in three keys\n{}", stage.screen(120, 40))
        };
        assert_eq!((*case, sheet.answers().value("stopped_early")), (CASE, Some(&Value::Flag(true))));
    }
}

#[test]
fn what_was_said_before_the_stop_stays_and_one_key_takes_the_stop_back() {
    let mut stage = talking(plain());
    let said = |stage: &Stage| drafts(stage).last().unwrap().answers.clone();
    let before = said(&stage);
    stage.keys("F11");
    let after = said(&stage);
    for (question, given) in before.iter() {
        assert_eq!(after.get(question.as_str()), Some(given), "{question:?}");
    }
    stage.keys("C-z");
    stage.wait(2_000);
    let back = said(&stage);
    assert!(back.answer("stopped_early").is_none() && back.answer("consent_share_named").is_none(), "one step");
}

#[test]
fn words_half_typed_are_in_the_draft_that_the_stop_seals() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter F4 \"note\" Enter \"He came in\"");
    let before = drafts(&stage).len();
    stage.keys("C-t");
    let sealed = *drafts(&stage).get(before).expect("sealed at once, at this key");
    assert_eq!(sealed.answers.value("note_text"), Some(&Value::Text("He came in".into())));
}

#[test]
fn a_form_that_cannot_say_it_was_stopped_is_left_sealed_and_goes_on_where_it_was() {
    for (settings, form, phrases) in [
        (plain(), "4", ["Stopped. Sealed on this device", "F4 add"]),
        (plain(), "1", ["Stopped. Sealed on this device", "F4 add"]),
        (Settings { bidi: amanat::ui::Bidi::Terminal, ..urdu() }, "4", ["روک دیا۔ اسی آلے پر مہر بند ہے", "F4 شامل"]),
    ] {
        let mut stage = with_victim(Stage::open_with(settings));
        stage.keys(&format!("Enter F4 \"{form}\" \"1\""));
        stage.wait(2_000);
        let before = drafts(&stage).len();
        stage.keys("F11");
        let sealed = *drafts(&stage).get(before).expect("sealed even where nothing was typed since");
        assert_eq!(sealed.case, Some(CASE));
        let at = sealed.at.clone();
        let screen = stage.screen(80, 24);
        for phrase in phrases {
            assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
        }
        stage.keys("Esc F9 Enter \"1\"");
        assert!(at.is_some() && drafts(&stage).len() > before + 1, "{}", stage.screen(80, 24));
    }
}

#[test]
fn a_list_over_the_form_is_no_reason_to_look_for_another_key_and_a_correction_is_no_talk() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter F4 \"1\" \"1\" F4");
    assert!(stage.screen(80, 24).contains("Take over from whom?"));
    stage.keys("F11");
    assert!(stage.screen(80, 24).contains("Stopped. Sealed on this device"), "{}", stage.screen(80, 24));

    let mut stage = talking(plain());
    stage.keys("F11 \"1\" F10 Enter");
    stage.keys("End F6");
    stage.wait(1_000);
    stage.keys("F11");
    assert!(stage.screen(80, 24).contains("Stopped. Sealed on this device"), "{}", stage.screen(80, 24));
    let corrected = drafts(&stage).last().unwrap().target.is_some();
    assert!(corrected && drafts(&stage).last().unwrap().started.unix_ms >= NOW.unix_ms);
}

#[test]
fn help_lists_the_key_with_what_it_does() {
    let mut stage = talking(plain());
    stage.keys("F1");
    let screen = stage.screen(120, 60);
    assert!(screen.contains("F11  Ctrl-T") && screen.contains("stop the talk"), "{screen}");
}
