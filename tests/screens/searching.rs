//! What is typed with a slip of the finger is found all the same, after what is found as it was typed.

use amanat::{
    model::CaseId,
    ui::{Bidi, Msg, Replay, Settings},
};

use super::{
    begun::plain,
    stage::{Stage, code, number, text, urdu},
};

/// Where each case was opened: what its row is told by.
const STATIONS: [&str; 3] = ["Wagah", "Gulberg", "Mozang"];

/// Three cases, each with a note; the newest is the first.
fn noted(settings: Settings) -> Stage {
    let mut stage = Stage::open_with(settings);
    three(&mut stage);
    stage
}

fn three(stage: &mut Stage) {
    for (at, note) in [(3, "Taken to the tailer in Sialkot."), (2, "Works for a tailor."), (1, "بھٹہ مزدوری، قرض")]
    {
        let station = text(STATIONS[usize::from(at) - 1]);
        let case =
            stage.case(at, &[("case_class", code("TIP")), ("victims_seen", number(1)), ("police_station", station)]);
        stage.sheet(at + 10, case, "note", &[("note_text", text(note))]);
    }
}

/// The same while everything is being read: an unlocked screen is told of them before the last word.
fn reading() -> Stage {
    let mut stage = Stage::open_with(plain());
    stage.send(Msg::Replaying(Replay { done: 0, total: 9 }));
    three(&mut stage);
    stage
}

/// The rows of the list, as the numbers of the cases.
fn listed(stage: &mut Stage) -> Vec<usize> {
    let screen = stage.screen(120, 30);
    let place = |line: &str| STATIONS.iter().position(|station| line.contains(station));
    screen.lines().filter_map(place).map(|at| at + 1).collect()
}

#[test]
fn a_slip_in_english_or_urdu_finds_the_case_and_the_screen_says_that_it_is_near() {
    for (settings, slip, rows, said) in [
        (plain(), "sialkto", vec![3], "1 case, 1 spelt nearly so"),
        (plain(), "مزدوزی", vec![1], "1 case, 1 spelt nearly so"),
        (Settings { bidi: Bidi::Terminal, ..urdu() }, "مزدوزی", vec![1], "1 ملتے جلتے"),
    ] {
        let mut stage = noted(settings);
        stage.keys(&format!("\"{slip}\""));
        assert_eq!(listed(&mut stage), rows, "{slip}");
        assert!(stage.screen(120, 30).contains(said), "{}", stage.screen(120, 30));
    }
}

#[test]
fn what_is_written_as_typed_comes_first_whatever_is_newer() {
    let mut stage = noted(plain());
    let newest_first = listed(&mut stage);
    stage.keys("\"tailor\"");
    let tailor = listed(&mut stage);
    stage.keys("Esc \"tailer\"");
    let tailer = listed(&mut stage);
    assert_eq!((tailor, tailer), (vec![2, 3], vec![3, 2]), "in a list of {newest_first:?}");
}

#[test]
fn short_words_and_numbers_stay_exact_and_a_name_is_not_found_by_a_slip_either() {
    let mut stage = noted(plain());
    let case = CaseId::from_bytes([1; 16]);
    stage.sheet(20, case, "person", &[("role", code("VIC")), ("name_full", text("Zarmina"))]);
    let screen = stage.screen(120, 30);
    let number = screen.split_whitespace().find(|word| word.starts_with("PB-")).unwrap();
    let other = format!("{}x", number.strip_suffix(|last: char| last.is_ascii_digit()).unwrap());
    for typed in ["fxr", "zarmnia", &other] {
        stage.keys(&format!("\"{typed}\""));
        assert!(stage.screen(80, 24).contains("No case has that"), "{typed}\n{}", stage.screen(80, 24));
        stage.keys("Esc");
    }
    stage.keys(&format!("\"{number}\""));
    assert_eq!(listed(&mut stage).len(), 1, "the next number is another case's");
}

/// The list is whole first. What is searched for is found all the same, once nothing else is to be done.
#[test]
fn words_that_came_while_everything_was_read_are_found_as_soon_as_the_list_is_whole_or_somebody_searches() {
    let mut stage = reading();
    assert!(!stage.app.owes_words(), "while it is read, the list comes first");
    stage.send(Msg::Replaying(Replay { done: 9, total: 9 }));
    assert_eq!(listed(&mut stage).len(), STATIONS.len());
    assert_eq!((stage.app.owes_words(), stage.app.tick_in()), (true, 0), "and then the words, at once");
    stage.wait(0);
    assert!(!stage.app.owes_words() && stage.app.tick_in() > 0);
    stage.keys("\"tailer\"");
    assert_eq!(listed(&mut stage), [3, 2]);

    let mut stage = reading();
    stage.keys("\"tailer\"");
    assert_eq!(stage.app.tick_in(), 0, "somebody searches before all is read");
    stage.wait(0);
    assert_eq!(listed(&mut stage), [3, 2], "and is shown what has been read without another key");
    let case = CaseId::from_bytes([1; 16]);
    stage.sheet(20, case, "note", &[("note_text", text("Sold to a tailer."))]);
    assert_eq!((listed(&mut stage), stage.app.tick_in() > 0), (vec![1, 3, 2], true), "and what comes after");

    let mut stage = reading();
    stage.send(Msg::Locked { waiting: 0 });
    assert!(!stage.app.owes_words(), "a locked screen owes nothing");
}
