//! What a post-incident review decided is due by its day, in both languages, until it is done: a lesson that nobody carries out was not learned.

use amanat::{
    model::{Answer, Value},
    ui::{Bidi, Settings},
};

use super::{
    begun::{CASE, plain},
    stage::{Stage, code, text, urdu},
};

fn day(text: &str) -> Answer {
    Answer::Value(Value::Date(text.parse().unwrap()))
}

/// A case with the review of a release, and what it decided: by a day that has passed.
fn reviewed(settings: Settings, status: &str) -> Stage {
    let mut stage = Stage::open_with(settings);
    stage.case(1, &[]);
    let review = [
        ("trigger", code("ACQ")),
        ("review_date", day("2026-11-02")),
        ("expected", text("A conviction.")),
        ("happened", text("The witness had left.")),
        ("why", text("Nobody had called her.")),
        ("theme", Answer::Value(Value::Choices(["EVID".into()].into()))),
        ("lesson", text("Call every month.")),
        ("action", text("A list of whom to call.")),
        ("action_owner", text("The reader of the station")),
        ("action_due", day("2026-11-19")),
        ("action_status", code(status)),
    ];
    stage.sheet(2, CASE, "lessons", &review);
    stage.keys("F7");
    stage
}

#[test]
fn a_lesson_is_due_by_its_day_until_it_is_done() {
    for open in ["OPEN", "DOING"] {
        let screen = reviewed(plain(), open).screen(120, 24);
        let row = screen.lines().find(|line| line.contains("2026-11-19")).unwrap_or_else(|| panic!("{screen}"));
        assert!(row.contains('✗') && row.contains("3 days late") && row.contains("What a review asked for"), "{row}");
        let screen = reviewed(Settings { bidi: Bidi::Terminal, ..urdu() }, open).screen(120, 24);
        let row = screen.lines().find(|line| line.contains("2026-11-19")).unwrap_or_else(|| panic!("{screen}"));
        assert!(row.contains("3 دن تاخیر") && row.contains("جائزے میں کہا گیا کام"), "{row}");
    }
    for ended in ["DONE", "DROP"] {
        let screen = reviewed(plain(), ended).screen(120, 24);
        assert!(!screen.contains("2026-11-19"), "{screen}");
    }
}
