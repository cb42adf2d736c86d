//! The mouse in every list: a click chooses, a second one opens what *Enter* opens, the wheel moves; in both languages, and never through
//! something that covers the list.

use amanat::{
    model::{Answer, Value},
    ui::{Effect, HomeLine, Msg, Settings},
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind},
    style::Modifier,
};

use super::{
    begun::{CASE, plain, with_victim},
    stage::{Stage, code, number, text, urdu},
    told::team,
};

const SIZE: (u16, u16) = (100, 30);

/// Somebody with a mouse.
struct Hand {
    stage: Stage,
}

impl Hand {
    fn at(mut stage: Stage, keys: &str) -> Self {
        stage.size(SIZE.0, SIZE.1);
        stage.keys(keys);
        Self { stage }
    }

    fn screen(&mut self) -> String {
        self.stage.screen(SIZE.0, SIZE.1)
    }

    /// The rows that are drawn as chosen.
    fn chosen(&mut self) -> Vec<String> {
        self.stage.size(SIZE.0, SIZE.1);
        let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
        terminal.draw(|frame| amanat::ui::view(&self.stage.app, &mut amanat::ui::Scroll::default(), frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let washed = |y: u16| {
            (0..SIZE.0).filter(|x| buffer[(*x, y)].modifier.contains(Modifier::REVERSED)).count()
                > usize::from(SIZE.0) / 4
        };
        let line = |y: u16| (0..SIZE.0).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (2..SIZE.1 - 2).filter(|y| washed(*y)).map(line).collect()
    }

    fn event(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        self.stage.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    /// Where a text stands, the `nth` time that it does.
    fn find(&mut self, wanted: &str, nth: usize) -> (u16, u16) {
        let screen = self.screen();
        let place =
            screen.lines().enumerate().skip(2).filter_map(|(y, line)| Some((line.split_once(wanted)?.0, y))).nth(nth);
        let (before, y) = place.unwrap_or_else(|| panic!("{wanted} is not on\n{screen}"));
        (u16::try_from(before.chars().count()).unwrap(), u16::try_from(y).unwrap())
    }

    fn clicks(&mut self, wanted: &str) {
        let (x, y) = self.find(wanted, 0);
        self.event(MouseEventKind::Down(MouseButton::Left), x, y);
    }

    fn wheel(&mut self, down: bool, wanted: &str) {
        let (x, y) = self.find(wanted, 0);
        self.event(if down { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp }, x, y);
    }

    /// A click on a row that is not chosen chooses it; another opens it.
    fn chooses_then_opens(&mut self, row: &str, opened: &str) {
        let before = self.chosen();
        assert!(!before.iter().any(|line| line.contains(row)), "{row} is chosen already: {before:#?}");
        self.clicks(row);
        let chosen = self.chosen();
        assert!(chosen.iter().any(|line| line.contains(row)), "{row}: {chosen:#?}\n{}", self.screen());
        self.clicks(row);
        assert!(self.screen().contains(opened), "{opened} is not on\n{}", self.screen());
    }
}

fn day(day: &str) -> Answer {
    Answer::Value(Value::Date(day.parse().unwrap()))
}

/// Notes in the first case, each to be followed up on a day of its own.
fn noted(mut stage: Stage, how_many: u8) -> Stage {
    stage = with_victim(stage);
    for at in 0..how_many {
        let told = format!("Remark {at:02}");
        let told = [("note_text", text(&told)), ("follow_up_on", day(&format!("2026-11-{:02}", 10 + at % 20)))];
        stage.sheet(20 + at, CASE, "note", &told);
    }
    stage
}

#[test]
fn the_queue_of_a_review() {
    let mut hand = Hand::at(noted(Stage::supervising(plain()), 12), "F10");
    let first = hand.chosen();
    hand.wheel(true, "Note");
    assert_ne!(hand.chosen(), first, "the wheel moves");
    hand.wheel(false, "Note");
    assert_eq!(hand.chosen(), first);
    let (x, y) = hand.find("Note", 4);
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
    assert!(hand.screen().contains("Remark"), "{}", hand.screen());
}

#[test]
fn what_is_due() {
    let mut hand = Hand::at(noted(Stage::open_with(plain()), 20), "F7");
    hand.chooses_then_opens("2026-11-14", "Remark");
}

#[test]
fn the_list_of_cases_and_the_timeline_of_one() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.case(7, &[("case_class", code("SOM")), ("victims_seen", number(1)), ("district", code("PK202"))]);
    let mut hand = Hand::at(stage, "Home");
    let other = if hand.chosen()[0].contains("Lahore") { "Barkhan" } else { "Lahore" };
    hand.chooses_then_opens(other, "Stands at");
    let mut hand = Hand::at(noted(Stage::open_with(plain()), 3), "Enter Home");
    hand.chooses_then_opens("Remark 01", "2026-11-11");
}

#[test]
fn the_outbox_chooses_and_has_nothing_to_open() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys("Enter F4 \"note\" Enter \"One.\" F10 Enter F4 \"note\" Enter \"Two.\" F10 Enter Esc F6");
    let mut hand = Hand::at(stage, "Home");
    let rows: Vec<String> = hand.screen().lines().filter(|line| line.contains("○ kept")).map(str::to_owned).collect();
    assert!(rows.len() > 2, "{}", hand.screen());
    let (x, y) = hand.find("○ kept", 2);
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
    let row = hand.screen().lines().nth(usize::from(y)).unwrap().trim().to_owned();
    let chosen = hand.chosen();
    assert!(chosen.len() == 1 && chosen[0].trim() == row, "{chosen:?}: {row}");
    let before = hand.screen();
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
    assert_eq!(hand.screen(), before);
    hand.wheel(false, "○ kept");
    assert_ne!(hand.chosen(), chosen, "the wheel moves");
}

#[test]
fn the_keys_and_what_they_open() {
    let mut hand = Hand::at(Stage::supervising(plain()), "F8 F6 Home");
    let bar = |hand: &mut Hand| hand.screen().lines().find(|line| line.contains('▸')).unwrap().to_owned();
    assert!(bar(&mut hand).contains("x25519"), "{}", hand.screen());
    hand.wheel(true, "x25519");
    assert!(bar(&mut hand).contains("Admin"), "{}", hand.screen());
    hand.clicks("Sana 5f0c1122");
    assert!(bar(&mut hand).contains("Sana 5f0c1122"), "{}", hand.screen());
    // The second line of a row belongs to it.
    hand.clicks("signs what it keeps; opens its own cases and those");
    assert!(
        hand.stage.effects.iter().any(|effect| matches!(effect, Effect::PreviewRevocation { .. })),
        "{}",
        hand.screen()
    );
}

#[test]
fn pages_of_lines_move_with_the_wheel() {
    for (keys, on) in [("F8", "Punjab"), ("F8 F4", "Team"), ("F1", "Esc"), ("Enter End Enter", "Case")] {
        let mut hand = Hand::at(noted(Stage::supervising(plain()), 3), "");
        // A low page, so that there is more than it shows.
        hand.stage.keys(keys);
        hand.stage.send(Msg::TeamIs(Box::new(team())));
        let before = hand.stage.screen(80, 12);
        assert!(before.contains(on), "{keys}\n{before}");
        hand.event(MouseEventKind::ScrollDown, 10, 5);
        let after = hand.stage.screen(80, 12);
        assert_ne!(after, before, "{keys}\n{after}");
        hand.event(MouseEventKind::ScrollUp, 10, 5);
        assert_eq!(hand.stage.screen(80, 12), before, "{keys}");
        hand.event(MouseEventKind::Down(MouseButton::Left), 10, 5);
        assert_eq!(hand.stage.screen(80, 12), before, "{keys}: a click on what is read does nothing");
    }
}

#[test]
fn the_links_of_a_case() {
    let mut stage = with_victim(Stage::open_with(plain()));
    let phone = [("role", code("VIC")), ("phone", text("+923001234567"))];
    stage.sheet(3, CASE, "person", &phone);
    for at in [8, 9] {
        let other =
            stage.case(at, &[("case_class", code("SOM")), ("victims_seen", number(1)), ("district", code("PK202"))]);
        stage.sheet(at + 10, other, "person", &phone);
    }
    let mut hand = Hand::at(stage, "\"lahore\" Enter F5");
    assert!(hand.screen().contains("Other cases that share"), "{}", hand.screen());
    let (x, y) = hand.find("phone", 1);
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
    assert!(hand.screen().contains("Other cases that share"), "the first click only chooses\n{}", hand.screen());
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
    assert!(hand.screen().contains("Barkhan"), "{}", hand.screen());
}

#[test]
fn what_was_set_aside() {
    let mut hand = Hand::at(Stage::supervising(plain()), "F6 F8");
    let first = hand.chosen();
    let (x, y) = {
        let screen = hand.screen();
        let chosen = screen.lines().position(|line| first.iter().any(|row| row.trim() == line.trim())).unwrap();
        (5, u16::try_from(chosen).unwrap() + 2)
    };
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
    let second = hand.chosen();
    assert_ne!(second, first, "{}", hand.screen());
    hand.event(MouseEventKind::ScrollUp, x, y);
    assert_eq!(hand.chosen(), first);
    // Below the row that is chosen stands why; that line belongs to it.
    hand.event(MouseEventKind::Down(MouseButton::Left), x, y + 1);
    assert_eq!(hand.chosen(), second);
}

#[test]
fn the_places_of_a_stick() {
    let mut hand = Hand::at(Stage::open_with(plain()), "F6 F4");
    hand.clicks("/run/media/sana/OLD");
    assert_eq!(hand.screen().matches("/run/media/sana/OLD").count(), 2, "in the path as well\n{}", hand.screen());
    hand.clicks("  /media/sana/BLUE");
    assert_eq!(hand.screen().matches("/media/sana/BLUE").count(), 2, "{}", hand.screen());
    let wrote = |hand: &Hand| hand.stage.effects.iter().any(|effect| matches!(effect, Effect::WriteBundle { .. }));
    assert!(!wrote(&hand));
    hand.clicks("▸ /media/sana/BLUE");
    assert!(wrote(&hand), "a second click begins, as Enter does");
}

/// Every short list over a page: what leads there, a row of it that is not the first, and what that row leads to.
const MENUS: &[(&str, &str, &str)] = &[
    ("Enter F4", "Interview", "Part 1 of"),
    ("F3", "High risk", "high risk · 1 case"),
    ("Enter F7", "another agency", "The file (pack)"),
    ("Enter Home F3", "Card to take along", "Where to?"),
    ("Enter F10", "Hand it in:", "Amanat · Case"),
];

#[test]
fn short_lists_over_a_page() {
    for (keys, row, opened) in MENUS {
        let mut hand = Hand::at(with_victim(Stage::supervising(plain())), keys);
        hand.clicks(row);
        let chosen = hand.screen();
        assert!(chosen.lines().any(|line| line.contains('▸') && line.contains(row)), "{keys}: {row}\n{chosen}");
        hand.wheel(false, row);
        assert!(!hand.screen().lines().any(|line| line.contains('▸') && line.contains(row)), "{keys}: the wheel moves");
        hand.clicks(row);
        hand.clicks(row);
        let after = hand.screen();
        assert!(after.contains(opened) && after != chosen, "{keys}: {opened}\n{after}");
    }
}

#[test]
fn whose_turn_it_is() {
    let mut hand = Hand::at(Stage::locked(plain()), "");
    let line = |name: &str, here| HomeLine { name: Some(name.into()), device: true, waiting: 0, here };
    hand.stage.send(Msg::HomesAre(vec![line("asma", true), line("bilal", false)]));
    hand.clicks("bilal");
    assert!(!hand.stage.effects.iter().any(|effect| matches!(effect, Effect::ChooseHome { .. })));
    hand.clicks("bilal");
    let chosen = hand
        .stage
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::ChooseHome { name: Some(name) } if name == "bilal"));
    assert!(chosen, "{}", hand.screen());
}

#[test]
fn a_list_behind_another_is_not_reached() {
    let mut hand = Hand::at(noted(Stage::open_with(plain()), 12), "Enter Home F4");
    let covered = (hand.screen(), hand.chosen());
    // On the timeline, beside the box.
    hand.event(MouseEventKind::Down(MouseButton::Left), 1, 9);
    hand.event(MouseEventKind::Down(MouseButton::Left), 1, 9);
    assert_eq!((hand.screen(), hand.chosen()), covered);
    hand.stage.keys("Esc F9");
    let asked = (hand.screen(), hand.chosen());
    hand.event(MouseEventKind::Down(MouseButton::Left), 5, 10);
    hand.event(MouseEventKind::ScrollDown, 5, 10);
    assert_eq!((hand.screen(), hand.chosen()), asked, "nor where a path is typed");
}

#[test]
fn the_choices_of_a_form_and_its_questions() {
    let settings = [plain(), urdu()];
    for settings in settings {
        let en = settings.lang == amanat::model::Lang::En;
        let mut hand = Hand::at(with_victim(Stage::open_with(settings)), "Enter F4 \"1\"");
        let answered = |hand: &Hand, question: &str| {
            let drafts = hand.stage.effects.iter().rev();
            let mut drafts =
                drafts.filter_map(|effect| if let Effect::KeepDraft(draft) = effect { Some(draft) } else { None });
            drafts.find_map(|draft| draft.answers.value(question).cloned())
        };
        // A single one: the first click points, the second takes it and goes on.
        let y = hand.find(if en { "( ) Witness" } else { "( )" }, if en { 0 } else { 2 }).1;
        let x = 50;
        hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
        assert_eq!(answered(&hand, "role"), None);
        assert_eq!(hand.chosen().len(), 1, "{}", hand.screen());
        hand.event(MouseEventKind::Down(MouseButton::Left), x, y);
        assert_eq!(answered(&hand, "role"), Some(Value::Choice("WIT".into())), "{}", hand.screen());
    }
}

#[test]
fn another_question_a_long_list_several_answers_and_the_sections() {
    let mut hand = Hand::at(with_victim(Stage::open_with(plain())), "Enter F4 \"1\" \"1\"");
    hand.clicks("Nationality");
    assert!(hand.screen().contains("▸ Nationality"), "{}", hand.screen());
    hand.clicks("( ) Afghanistan");
    let before = hand.chosen();
    assert!(before.iter().any(|line| line.contains("Afghanistan")), "{before:?}");
    for _ in 0..9 {
        hand.wheel(true, "( )");
    }
    assert!(!hand.screen().contains("Afghanistan"), "the list moved under the pointer\n{}", hand.screen());
    assert!(hand.screen().contains("▸ Nationality"), "and the question stayed\n{}", hand.screen());
    hand.wheel(true, "Second language");
    assert!(!hand.screen().contains("▸ Nationality"), "elsewhere the wheel goes on\n{}", hand.screen());
    // Several: each second click puts a cross or takes it away.
    hand.stage.keys("PgDn");
    hand.clicks("[ ] ");
    assert!(!hand.screen().contains("[x]"), "{}", hand.screen());
    hand.clicks("[ ] ");
    assert!(hand.screen().contains("[x]"), "{}", hand.screen());
    hand.clicks("[x]");
    assert!(!hand.screen().contains("[x]"), "{}", hand.screen());
    // Where the sections stand in a column of their own, a click goes there.
    let wide = hand.stage.screen(120, 30);
    let y = wide.lines().position(|line| line.contains("Suspect ") || line.contains("Name and papers")).unwrap();
    hand.event(MouseEventKind::Down(MouseButton::Left), 4, u16::try_from(y).unwrap());
    let there = hand.stage.screen(120, 30);
    assert!(there.lines().nth(y).unwrap().contains('▸'), "{there}");
}

#[test]
fn the_rows_of_a_screening() {
    let mut hand = Hand::at(with_victim(Stage::open_with(plain())), "Enter F4 \"4\" \"1222\"");
    hand.stage.keys("F3");
    let screen = hand.screen();
    assert!(screen.contains("·"), "{screen}");
    let rows: Vec<usize> =
        screen.lines().enumerate().filter(|(_, line)| line.trim_end().ends_with('·')).map(|(y, _)| y).collect();
    let third = u16::try_from(rows[2]).unwrap();
    hand.event(MouseEventKind::Down(MouseButton::Left), 20, third);
    assert_eq!(hand.chosen().len(), 1, "{}", hand.screen());
    hand.event(MouseEventKind::Down(MouseButton::Left), 20, third);
    let line = hand.screen().lines().nth(usize::from(third)).unwrap().to_owned();
    assert!(!line.trim_end().ends_with('·'), "a second click gives it the first value: {line}");
}

#[test]
fn why_a_correction_is_made() {
    let mut hand = Hand::at(noted(Stage::open_with(plain()), 1), "Enter Home Enter F6");
    hand.stage.keys("Tab \" more\" F10");
    assert!(hand.screen().contains("Typing mistake"), "{}", hand.screen());
    hand.clicks("( ) New information");
    assert!(hand.screen().contains("( ) New information"), "{}", hand.screen());
    hand.clicks("( ) New information");
    assert!(hand.screen().contains("(•) New information"), "{}", hand.screen());
}

#[test]
fn behind_the_innocent_screen_nothing_is_clicked() {
    let mut hand = Hand::at(noted(Stage::open_with(Settings::default()), 3), "F7");
    let due = (hand.screen(), hand.chosen());
    hand.stage.keys("F12");
    let hidden = hand.screen();
    for y in 0..SIZE.1 {
        hand.event(MouseEventKind::Down(MouseButton::Left), 10, y);
        hand.event(MouseEventKind::Down(MouseButton::Left), 10, y);
    }
    assert_eq!(hand.screen(), hidden);
    hand.stage.keys("F12");
    assert_eq!((hand.screen(), hand.chosen()), due);
}
