//! A referral that waits is looked at again after a week, then after thirty days, then every ninety: whoever corrects it when the day has
//! come finds the next one filled in, and sees it among what changes.

use amanat::model::{Answer, Value};

use super::{
    begun::{CASE, plain, with_victim},
    stage::{Stage, code},
};

fn date(text: &str) -> Answer {
    Answer::Value(Value::Date(text.parse().unwrap()))
}

/// A case with a referral that is to be looked at on this day, and what was corrected of it since.
fn stage(next_check: &str, corrected: &[(&str, Answer)]) -> Stage {
    let mut stage = with_victim(Stage::open_with(plain()));
    let person = stage.entry_of("person");
    let referral = [
        ("person_ref", Answer::Value(Value::Entry(person))),
        ("service", code("SHELTER")),
        ("urgency", code("D1")),
        ("consent_refer", code("Y")),
        ("next_check", date(next_check)),
    ];
    stage.sheet(40, CASE, "referral", &referral);
    for (question, answer) in corrected {
        stage.correction(7, CASE, "referral", (question, answer.clone()));
    }
    stage
}

/// What a correction that changes nothing by hand says before it is kept.
fn begun(mut stage: Stage) -> String {
    stage.keys("Enter Home F6");
    for _ in 0..6 {
        if stage.screen(120, 40).contains("Correcting: Referral") {
            break;
        }
        stage.keys("Esc Down F6");
    }
    let screen = stage.screen(120, 40);
    assert!(screen.contains("Correcting: Referral"), "{screen}");
    stage.keys("F10");
    stage.screen(120, 40)
}

#[test]
fn a_referral_whose_day_has_come_is_looked_at_again_in_thirty_days_and_then_in_ninety() {
    for day in ["2026-11-20", "2026-11-22"] {
        let screen = begun(stage(day, &[]));
        assert!(screen.contains(&format!("Next check: {day} → 2026-12-22")), "{screen}");
    }
    let screen = begun(stage("2026-11-15", &[("next_check", date("2026-11-21"))]));
    assert!(screen.contains("Next check: 2026-11-21 → 2027-02-20"), "{screen}");
}

#[test]
fn a_day_to_come_and_a_referral_that_has_ended_stay_as_they_are() {
    for stage in [stage("2026-11-23", &[]), stage("2026-11-20", &[("status", code("DECL"))])] {
        let screen = begun(stage);
        assert!(!screen.contains("Next check:"), "{screen}");
    }
}
