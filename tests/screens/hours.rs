//! What the law counts in hours is told by the hour: until when, how late, and first of its day.

use amanat::{
    model::{Answer, Moment, PartialDate, Value},
    ui::{Bidi, Settings},
};

use super::{
    begun::{CASE, plain},
    stage::{NOW, Stage, code, number, text, urdu},
};

const MINUTE: i64 = 60_000;

fn today() -> Answer {
    Answer::Value(Value::Date(NOW.date().unwrap()))
}

/// A case with something that is due today without an hour, a child put down an hour ago, and a person arrested today.
fn pressed(settings: Settings) -> Stage {
    let mut stage = Stage::open_with(settings);
    stage.size(120, 30);
    stage.case(1, &[("case_class", code("TIP")), ("risk_level", code("HIGH")), ("victims_seen", number(1))]);
    stage.sheet(2, CASE, "note", &[("note_text", text("Call.")), ("follow_up_on", today())]);
    let child = [("role", code("VIC")), ("gender", code("F")), ("age_years", number(9)), ("nationality", code("PAK"))];
    stage.sheet_by_clock(3, -1, CASE, "person", &child);
    let held = [("role", code("SUS")), ("suspect_status", code("ARREST")), ("arrest_date", today())];
    stage.sheet_by_clock(4, -2, CASE, "person", &held);
    stage
}

fn rows(stage: &mut Stage) -> Vec<String> {
    let screen = stage.screen(120, 30);
    screen.lines().skip(2).filter(|line| line.contains("PB-")).map(str::to_owned).collect()
}

#[test]
fn a_childs_two_hours_end_at_a_time_and_then_are_minutes_and_hours_late_in_both_languages() {
    for (settings, by, minutes, hours) in [
        (plain(), "by 10:47", "40 minutes late", "2 hours late"),
        (Settings { bidi: Bidi::Terminal, ..urdu() }, "10:47 تک", "40 منٹ تاخیر", "2 گھنٹے تاخیر"),
    ] {
        let mut stage = pressed(settings);
        stage.keys("F7");
        let told = rows(&mut stage);
        assert!(told[0].contains(by) && told[0].contains('!'), "first of its day: {told:#?}");
        for (wait, said) in [(100, minutes), (85, hours)] {
            stage.set_clock(wait * MINUTE);
            stage.keys("Esc F7");
            let told = rows(&mut stage);
            assert!(told[0].contains(said) && told[0].contains('✗'), "{told:#?}");
        }
    }
}

#[test]
fn an_arrest_that_was_put_down_on_its_day_ends_by_the_hour_of_the_next() {
    let mut stage = pressed(plain());
    stage.keys("F7");
    let remand = |stage: &mut Stage| rows(stage).into_iter().find(|row| row.contains("Magistrate")).unwrap();
    let told = remand(&mut stage);
    assert!(told.contains("2026-11-23") && told.contains("by 07:47"), "{told}");
    stage.set_clock(23 * 60 * MINUTE);
    stage.keys("Esc F7");
    assert!(remand(&mut stage).contains("1 hour late"), "{}", remand(&mut stage));
}

#[test]
fn an_arrest_of_an_earlier_day_has_no_hour_that_anybody_knows() {
    let mut stage = pressed(plain());
    let yesterday = Answer::Value(Value::Date(
        PartialDate::from_day_number(NOW.date().unwrap().day_number().unwrap() - 1).unwrap(),
    ));
    let held = [("role", code("SUS")), ("suspect_status", code("ARREST")), ("arrest_date", yesterday)];
    stage.sheet_by_clock(5, -3, CASE, "person", &held);
    stage.keys("F7");
    let told = rows(&mut stage);
    assert!(told.iter().any(|row| row.contains("Magistrate") && row.contains("today")), "{told:#?}");
}

/// The hours run from the arrest: written down a day later, most of them are gone, and once a Magistrate has seen the person, all are.
#[test]
fn the_hours_of_an_arrest_run_from_its_time_whenever_it_was_written_down() {
    let at = |hours: i64| Answer::Value(Value::Moment(Moment::pkt(NOW.unix_ms + hours * 60 * MINUTE)));
    let suspect = |more: &[(&'static str, Answer)]| {
        let held = [("role", code("SUS")), ("suspect_status", code("ARREST"))];
        held.iter().chain(more).cloned().collect::<Vec<_>>()
    };
    for (more, said) in [
        (vec![("arrested_at", at(-20))], Some("by 13:47")),
        (vec![("arrested_at", at(-27))], Some("3 hours late")),
        (vec![("arrested_at", at(-27)), ("produced_at", at(-5))], None),
    ] {
        let mut stage = Stage::open_with(plain());
        stage.size(120, 30);
        stage.case(1, &[("case_class", code("TIP")), ("risk_level", code("HIGH")), ("victims_seen", number(1))]);
        // Kept just now, long after the arrest.
        stage.sheet_by_clock(5, 0, CASE, "person", &suspect(&more));
        stage.keys("F7");
        let told = rows(&mut stage).into_iter().find(|row| row.contains("Magistrate"));
        assert_eq!(told.as_ref().map(|row| row.contains(said.unwrap_or_default())), said.map(|_| true), "{told:?}");
    }
}

/// Who writes that a victim is held liable sets a flag that the supervisor sees on the page of what is due, and nobody else does.
#[test]
fn a_victim_who_is_held_liable_stands_before_the_supervisor() {
    for (settings, said) in [(plain(), "PTPA s.6"), (Settings { bidi: Bidi::Terminal, ..urdu() }, "ذمہ دار ٹھہرایا")]
    {
        for (stage, seen) in [(Stage::supervising(settings), true), (Stage::open_with(settings), false)] {
            let mut stage = stage;
            stage.size(120, 30);
            stage.case(1, &[("case_class", code("TIP")), ("risk_level", code("LOW")), ("victims_seen", number(1))]);
            stage.sheet(3, CASE, "person", &[("role", code("VIC")), ("age_years", number(30))]);
            stage.keys("F7");
            assert!(!stage.screen(120, 30).contains(said), "{}", stage.screen(120, 30));
            stage.correction(7, CASE, "person", ("no_liability_check", code("N")));
            assert_eq!(stage.screen(120, 30).contains(said), seen, "{}", stage.screen(120, 30));
        }
    }
}
