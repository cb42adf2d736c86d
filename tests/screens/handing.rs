//! A case is shared or handed over by keys: who will read it and what that means stand on the screen before anything is kept.

use amanat::{
    model::{Content, Step},
    ui::{Bidi, Effect, Settings},
};

use super::{
    abroad::flat,
    begun::{CASE, plain, with_victim},
    stage::{Stage, handed, urdu},
    told::unit_id,
};

const OTHER: &str = "Saddar Police Station";

fn wishes(stage: &Stage) -> Vec<(Step, Option<String>)> {
    let wish = |effect: &Effect| match effect {
        Effect::HandOver { wish, .. } => {
            Some((wish.step, wish.reason.as_ref().map(|code| code.as_str().to_owned()).or_else(|| wish.note.clone())))
        }
        _ => None,
    };
    stage.effects.iter().filter_map(wish).collect()
}

#[test]
fn a_supervisor_shares_a_case_and_reads_first_who_will_be_able_to_read_it() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("Enter");
    assert!(stage.screen(80, 24).contains("F7 share"), "the foot of a case names it\n{}", stage.screen(80, 24));
    stage.keys("F7");
    let screen = stage.screen(80, 24);
    assert!(
        screen.contains("Share it with another unit") && screen.contains("Transfer it to another unit"),
        "{screen}"
    );
    stage.keys("\"1\"");
    let screen = stage.screen(80, 24);
    assert!(screen.contains(OTHER) && !screen.contains("Headquarters"), "only those that read by name\n{screen}");
    stage.keys("Enter");
    let screen = stage.screen(80, 24);
    for phrase in [OTHER, "2 people", "Statistics", "from the first entry on", "stays read", "Enter keeps it"] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    assert!(wishes(&stage).is_empty(), "nothing is kept before it was read");
    stage.keys("Enter");
    assert_eq!(wishes(&stage), [(Step::Share, None)]);
    assert!(stage.screen(80, 24).contains("2 keys of the case open"), "{}", stage.screen(80, 24));
    stage.keys("Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("⇄ Shared with Saddar"), "it stands in the case\n{screen}");
    stage.keys("F7 \"1\"");
    assert!(!stage.screen(80, 24).contains("Saddar Police Station  "), "and is not asked for twice");
    assert!(stage.screen(80, 24).contains("nothing fits"), "{}", stage.screen(80, 24));
}

#[test]
fn a_transfer_asks_why_and_a_key_before_the_answer_leaves_everything_as_it_was() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("Enter F7 \"2\" Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Offence in another district"), "{screen}");
    stage.keys("\"another district\" Enter");
    assert!(stage.screen(80, 24).contains("have the case when they accept"), "{}", stage.screen(80, 24));
    stage.keys("Esc");
    assert!(wishes(&stage).is_empty());
    stage.keys("F7 \"2\" Enter \"another district\" Enter Enter");
    assert_eq!(wishes(&stage), [(Step::Sent, Some("OTHERDIST".into()))]);
    stage.keys("Enter");
    assert!(stage.screen(80, 24).contains("⇄ Transfer to Saddar"), "{}", stage.screen(80, 24));
    // It waits: it can be taken back, and no second one begins.
    stage.keys("F7");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Take the transfer back") && !screen.contains("Transfer it to another unit"), "{screen}");
    stage.keys("\"2\" Enter");
    assert_eq!(wishes(&stage).last(), Some(&(Step::TakenBack, None)));
}

#[test]
fn the_unit_that_is_asked_finds_it_under_what_is_due_and_says_yes_or_why_not() {
    let mut stage = with_victim(Stage::supervising(plain()));
    let sent = handed(Step::Sent, unit_id(OTHER), unit_id("Model Town Police Station"));
    stage.arrives(9, CASE, Content::Handover(Box::new(sent)));
    stage.keys("F7");
    assert!(stage.screen(100, 30).contains("Another unit transfers this case to yours"), "{}", stage.screen(100, 30));
    stage.keys("Home Enter F7");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Take the case over") && screen.contains("Do not take it over"), "{screen}");
    stage.keys("\"2\" \"refused\" Enter");
    assert!(stage.screen(80, 24).contains("stays where it is"), "{}", stage.screen(80, 24));
    stage.keys("Enter");
    assert!(stage.screen(80, 24).contains("✗ "), "what was refused says so there\n{}", stage.screen(80, 24));
    stage.keys("Esc F7 \"1\" Enter");
    assert_eq!(wishes(&stage).last(), Some(&(Step::Accepted, None)));
}

#[test]
fn the_pages_of_sharing_speak_urdu_and_fit() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("F2 Enter F7");
    for script in ["\"1\"", "Enter"] {
        let screen = stage.screen(80, 24);
        for word in ["Share", "unit", "read", "undone"] {
            assert!(!screen.contains(word), "{word} is English in\n{screen}");
        }
        stage.keys(script);
    }
    let screen = stage.screen(80, 24);
    assert!(!screen.contains("first entry") && screen.contains(OTHER), "{screen}");
}

/// Every page of a transfer, from the question with whom to what stands in the case, on the side that sends and on the side that is asked.
#[test]
fn the_pages_of_a_transfer_speak_urdu_sentence_for_sentence() {
    let settings = Settings { bidi: Bidi::Terminal, ..urdu() };
    let sees = |stage: &mut Stage, keys: &str, phrases: &[&str]| {
        stage.keys(keys);
        let screen = flat(stage);
        for phrase in phrases {
            assert!(screen.contains(phrase), "{phrase} is not on, after {keys},\n{screen}");
        }
    };
    let mut stage = with_victim(Stage::supervising(settings));
    sees(&mut stage, "Enter F7", &["اشتراک یا منتقلی", "دوسرے یونٹ کو پڑھنے دیں", "دوسرے یونٹ کے حوالے کریں"]);
    sees(&mut stage, "\"2\"", &["کس تھانے یا سرکل کے ساتھ؟", OTHER]);
    sees(&mut stage, "Enter", &["منتقلی کی وجہ کیا ہے؟", "دوسرے ضلع میں جرم"]);
    let means = [
        "وہ فوراً سب کچھ پڑھیں گے، نام، فون اور گھر سمیت، اور قبول کرنے پر کیس ان کا ہو گا۔",
        "Enter محفوظ کرتا ہے، Esc واپس۔ اگلے رابطے پر روانہ ہو گا۔",
    ];
    sees(&mut stage, "\"دوسرے ضلع\" Enter", &means);
    sees(&mut stage, "Enter", &["محفوظ ہو گیا", "کیس کی 2 چابیاں اب ان کے لیے کھلتی ہیں۔"]);
    assert_eq!(wishes(&stage), [(Step::Sent, Some("OTHERDIST".into()))]);
    sees(&mut stage, "Enter", &["⇄ حوالے کیا گیا: Saddar Police"]);
    sees(&mut stage, "F7", &["منتقلی واپس لیں"]);
    sees(&mut stage, "\"2\"", &["کیس وہیں رہتا ہے جہاں ہے۔ جسے پڑھنے دیا گیا وہ اب بھی پڑھتا ہے۔"]);
    sees(&mut stage, "Enter Enter", &["⇄ منتقلی واپس لی گئی: Model Town"]);

    let mut stage = with_victim(Stage::supervising(settings));
    let sent = handed(Step::Sent, unit_id(OTHER), unit_id("Model Town Police Station"));
    stage.arrives(9, CASE, Content::Handover(Box::new(sent)));
    stage.keys("F7");
    // The column is wider than what 80 have for it.
    let due = stage.screen(110, 30);
    assert!(due.contains("دوسرا یونٹ یہ کیس حوالے کرتا ہے: قبول یا مسترد (F7)"), "{due}");
    sees(&mut stage, "Home Enter F7", &["کیس اپنے ذمے لیں", "کیس ذمے نہ لیں"]);
    sees(&mut stage, "\"2\"", &["کیس کیوں نہیں لیا جا رہا؟", "بھیجنے والا یونٹ یہ پڑھتا ہے؛ متاثرین کے نام نہیں۔"]);
    sees(&mut stage, "Esc F7 \"1\"", &["کیس اب سے آپ کے یونٹ کا ہے۔ جو پہلے پڑھتا تھا وہ اب بھی پڑھتا ہے۔"]);
    sees(&mut stage, "Enter Enter", &["⇄ ذمے لیا گیا: Model Town"]);
    assert_eq!(wishes(&stage), [(Step::Accepted, None)]);
}
