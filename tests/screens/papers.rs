//! An entry on paper, by keys: which paper, to the printer or to a file, and what is said before.

use amanat::{
    model::{Answer, Value},
    ui::{Effect, Settings, Theme},
};

use super::{
    begun::CASE,
    stage::{Stage, code, number},
};

fn stage() -> Stage {
    let mut stage = Stage::open_with(Settings { theme: Theme::Plain, ..Settings::default() });
    stage.case(1, &[("case_class", code("UND")), ("victims_seen", number(1))]);
    stage.sheet(2, CASE, "person", &[("role", code("VIC")), ("gender", code("F"))]);
    stage
}

fn printed(stage: &Stage) -> Vec<(String, Option<String>)> {
    let page = |effect: &Effect| match effect {
        Effect::Print { page, to, .. } => Some((page.reveal().to_owned(), to.clone())),
        _ => None,
    };
    stage.effects.iter().filter_map(page).collect()
}

#[test]
fn a_consent_form_goes_to_the_printer_and_is_never_printed_in_a_log() {
    let mut stage = stage();
    stage.keys("Enter Home F3");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Which paper?") && screen.contains("Consent to an interview"), "{screen}");
    stage.keys("Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("nothing is left on this machine") && screen.contains("nothing protects"), "{screen}");
    stage.keys("Enter");
    let [(page, None)] = &printed(&stage)[..] else { panic!("{}", stage.screen(80, 24)) };
    assert!(page.contains("dir=\"rtl\"") && page.contains("Consent to an interview"));
    assert!(!format!("{:?}", stage.effects).contains("<article"), "an effect can be printed, a page cannot");
    assert!(stage.screen(80, 24).contains("until the paper is in your hand"), "{}", stage.screen(80, 24));
    stage.keys("Esc");
    assert!(!stage.screen(80, 24).contains("On paper"));
}

#[test]
fn a_file_is_chosen_with_its_consequence_said_and_a_wrong_place_can_be_put_right() {
    let mut stage = stage();
    stage.keys("Enter Home F3 \"card\" Enter Down Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Whoever has the file reads it"), "{screen}");
    stage.keys("\"/nowhere\" Enter");
    assert!(stage.screen(80, 24).contains("no such file"), "{}", stage.screen(80, 24));
    stage.keys("Backspace*8 \"/media/stick/card.html\" Enter");
    assert_eq!(printed(&stage).last().unwrap().1.as_deref(), Some("/media/stick/card.html"));
    assert!(stage.screen(80, 24).contains("Saved in /media/stick/card.html"), "{}", stage.screen(80, 24));
}

#[test]
fn nobody_gets_a_letter_against_their_word() {
    let mut stage = stage();
    let person = stage.entry_of("person");
    let told = [("person_ref", Answer::Value(Value::Entry(person))), ("consent_refer", code("N"))];
    stage.sheet(3, CASE, "referral", &told);
    stage.keys("Enter Home F3");
    for _ in 0..3 {
        if stage.screen(80, 24).contains("Which paper?") && stage.screen(80, 24).contains("Referral") {
            break;
        }
        stage.keys("Esc Enter Down F3");
    }
    stage.keys("Enter Enter");
    assert!(stage.screen(80, 24).contains("nobody is referred against"), "{}", stage.screen(80, 24));
    assert!(printed(&stage).is_empty());
}
