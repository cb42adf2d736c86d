//! What has a day is due by that day: late, today or to come, by the clock of the place, in both languages; and whose case it is stands
//! beside it whole.

use amanat::{
    model::{Answer, Value},
    ui::{Bidi, Settings},
};

use super::{
    begun::{CASE, plain},
    stage::{Stage, code, number, text, urdu},
};

fn date(text: &str) -> Answer {
    Answer::Value(Value::Date(text.parse().unwrap()))
}

/// A case whose FIR was lodged three weeks ago, and what has to be looked at again: notes, a talk, referrals. One note lies a day beyond
/// the fourteen that the page looks ahead, and one referral has ended.
fn begun(settings: Settings) -> Stage {
    let mut stage = Stage::open_with(settings);
    stage.case_with_fir(1, "2026-11-01");
    stage.sheet(9, CASE, "person", &[("role", code("WIT")), ("age_years", number(40))]);
    stage.sheet(2, CASE, "note", &[("note_text", text("Call.")), ("follow_up_on", date("2026-11-20"))]);
    stage.sheet(3, CASE, "note", &[("note_text", text("Far.")), ("follow_up_on", date("2026-12-07"))]);
    let (person, yes) = (Answer::Value(Value::Entry(stage.entry_of("person"))), Answer::Value(Value::Flag(true)));
    let talk = [
        ("person_ref", person.clone()),
        ("present", Answer::Value(Value::Choices(["FOFF".into()].into()))),
        ("private_ok", yes.clone()),
        ("needs_met", yes.clone()),
        ("explained", yes.clone()),
        ("no_promises", yes.clone()),
        ("closure_given", yes),
        ("next_contact", date("2026-11-22")),
    ];
    stage.sheet(4, CASE, "interview", &talk);
    for (number, status, day) in [(5, "SENT", "2026-11-23"), (6, "DONE", "2026-11-21"), (7, "START", "2026-12-06")] {
        let referral = [
            ("person_ref", person.clone()),
            ("service", code("SHELTER")),
            ("urgency", code("D1")),
            ("consent_refer", code("Y")),
            ("status", code(status)),
            ("next_check", date(day)),
        ];
        stage.sheet(number, CASE, "referral", &referral);
    }
    stage.keys("F7");
    stage
}

/// The rows that have a day, from the top, their words apart by one space.
fn rows(stage: &mut Stage, columns: u16) -> Vec<String> {
    let screen = stage.screen(columns, 24);
    let rows = screen.lines().filter(|line| line.contains("2026-1"));
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_days_of_an_fir_and_of_what_is_followed_up_are_counted_from_today() {
    let wanted = [
        "✗ 2026-11-15 7 days late s.173 report: 14 days from FIR",
        "✗ 2026-11-18 4 days late s.173 interim report: 3 days more",
        "✗ 2026-11-20 2 days late Follow-up",
        "! 2026-11-22 today Follow-up",
        "! 2026-11-23 in 1 day Referral: look again",
        "2026-12-06 in 14 days Referral: look again",
    ];
    let told = rows(&mut begun(plain()), 120);
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (row, wanted) in told.iter().zip(wanted) {
        assert!(row.starts_with(wanted), "{wanted} is not {row}");
    }
}

#[test]
fn they_are_told_in_urdu_in_the_same_order() {
    let told = rows(&mut begun(Settings { bidi: Bidi::Terminal, ..urdu() }), 120);
    let wanted = [
        ["✗", "7 دن تاخیر", "دفعہ 173 رپورٹ: ایف آئی آر سے 14 دن"],
        ["✗", "4 دن تاخیر", "دفعہ 173 عبوری رپورٹ: مزید 3 دن"],
        ["✗", "2 دن تاخیر", "پیروی"],
        ["!", "آج", "پیروی"],
        ["!", "1 دن میں", "حوالگی: دوبارہ دیکھیں"],
        ["", "14 دن میں", "حوالگی: دوبارہ دیکھیں"],
    ];
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (row, parts) in told.iter().zip(wanted) {
        assert!(parts.iter().all(|part| row.contains(part)), "{parts:?} is not in {row}");
    }
}

/// An interim report stands in the place of both days; a report that has gone ends them; what is put off is due on its new day.
#[test]
fn what_was_done_or_put_off_is_late_no_more() {
    let mut stage = begun(plain());
    stage.correction(7, CASE, "case", ("investigation_status", code("INTCH")));
    let told = rows(&mut stage, 120);
    assert!(told.len() == 4 && !told.iter().any(|row| row.contains("s.173")), "{told:#?}");
    let mut stage = begun(plain());
    stage.correction(7, CASE, "case", ("challan_date", date("2026-11-14")));
    let told = rows(&mut stage, 120);
    assert!(told.len() == 4 && !told.iter().any(|row| row.contains("s.173")), "{told:#?}");
    // The newest note is the one that lies beyond the days that are shown.
    stage.correction(7, CASE, "note", ("follow_up_on", date("2026-11-21")));
    stage.correction(7, CASE, "interview", ("next_contact", date("2026-12-31")));
    let told = rows(&mut stage, 120);
    assert!(
        told[0].starts_with("✗ 2026-11-20 2 days late") && told[1].starts_with("✗ 2026-11-21 1 day late"),
        "{told:#?}"
    );
    assert!(told.len() == 4 && !told.iter().any(|row| row.contains("today")), "{told:#?}");
}

#[test]
fn nothing_of_a_closed_case_is_due() {
    let mut stage = begun(plain());
    stage.correction(7, CASE, "case", ("case_status", code("CLO")));
    assert_eq!(rows(&mut stage, 120), [""; 0]);
}

/// Eighty columns hold the number of a case to its check digit, and the shorter of the two reports beside it.
#[test]
fn the_number_of_a_case_stands_whole_in_eighty_columns() {
    for settings in [plain(), urdu(), Settings { bidi: Bidi::Terminal, ..urdu() }] {
        let told = rows(&mut begun(settings), 80);
        assert_eq!(told.len(), 6, "{told:#?}");
        for row in &told {
            assert!(row.split(' ').any(|word| word == "PB-617-26-843009-8"), "{row}");
        }
        if settings == plain() {
            assert!(told[0].contains("late s.173 report: 14 days from FIR PB-"), "{}", told[0]);
        }
    }
}
