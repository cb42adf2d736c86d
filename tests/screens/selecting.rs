//! Text that is selected, and a click in it, in both languages: what is drawn as selected is what the next letter takes the place of, also where
//! English stands in Urdu; and the cursor goes before the letter that was clicked on.

use amanat::{
    model::Value,
    ui::{Bidi, Keeping, Msg, Scroll, Settings},
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind},
    style::Modifier,
};

use super::{
    begun::{keeps, plain, with_victim},
    stage::{Stage, urdu},
};

const SIZE: (u16, u16) = (80, 24);
/// Urdu with a word and a number of another direction in it.
const MIXED: &str = "ایف آئی آر FIR نمبر 12 درج";

fn noting(settings: Settings, typed: &str) -> Stage {
    let mut stage = with_victim(Stage::open_with(settings));
    stage.size(SIZE.0, SIZE.1);
    stage.keys(&format!("Enter F4 \"note\" Enter \"{typed}\""));
    stage
}

fn kept(stage: &mut Stage) -> String {
    stage.keys("F10 Enter");
    let keeps = keeps(stage);
    let Keeping::Sheet(sheet) = &keeps.last().unwrap().what else { panic!("a note") };
    let Some(Value::Text(text)) = sheet.answers().value("note_text") else { panic!("no text") };
    text.to_string()
}

/// The cells of the page in their order on the screen: column, row, what stands there, whether it is drawn as selected.
fn cells(stage: &Stage) -> Vec<(u16, u16, String, bool)> {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    terminal.draw(|frame| amanat::ui::view(&stage.app, &mut Scroll::default(), frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let all = (2..SIZE.1 - 2).flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
    let told = |(x, y)| {
        let cell = &buffer[(x, y)];
        (x, y, cell.symbol().to_owned(), cell.modifier.contains(Modifier::REVERSED))
    };
    all.map(told).collect()
}

/// Where a word of one direction stands: the column of its first letter, and its row.
fn stands(stage: &Stage, word: &str) -> (u16, u16) {
    let cells = cells(stage);
    let begins = |at: &usize| cells[*at..].iter().map(|cell| cell.2.as_str()).collect::<String>().starts_with(word);
    let at = (0..cells.len()).find(begins).unwrap_or_else(|| panic!("{word} stands nowhere"));
    (cells[at].0, cells[at].1)
}

fn selected(stage: &Stage) -> String {
    cells(stage).into_iter().filter(|(.., chosen)| *chosen).map(|(_, _, symbol, _)| symbol).collect()
}

#[test]
fn what_is_drawn_as_selected_is_what_a_letter_takes_the_place_of() {
    let mut stage = noting(plain(), "brick kiln near the canal");
    stage.keys("S-Left*5");
    assert_eq!(selected(&stage), "canal");
    stage.keys("\"rd\"");
    assert_eq!(selected(&stage), "");
    assert_eq!(kept(&mut stage), "brick kiln near the rd");

    let mut stage = noting(plain(), "one two");
    stage.keys("S-Left*3 C-x Home C-v C-z C-z");
    assert_eq!(kept(&mut stage), "one two", "each is a step that goes back");
}

/// The terminal puts what it is given in order itself: the cells stand as the text runs.
#[test]
fn in_a_mixed_line_what_was_selected_is_taken_and_nothing_beside_it() {
    for bidi in [Bidi::App, Bidi::Terminal] {
        let mut stage = noting(Settings { bidi, ..urdu() }, MIXED);
        // From the end, which is on the left: back over a word, and then a number is selected.
        stage.keys("Right*4 S-Right*2");
        assert_eq!(selected(&stage), "12", "a number is never turned around");
        stage.keys("\"34\"");
        assert_eq!(kept(&mut stage), MIXED.replace("12", "34"));

        let mut stage = noting(Settings { bidi, ..urdu() }, MIXED);
        stage.keys("Right*12 S-Right*3");
        assert_eq!(selected(&stage), "FIR");
        stage.keys("Backspace");
        assert_eq!(kept(&mut stage), MIXED.replace("FIR", ""));
    }
}

fn clicks(stage: &mut Stage, (column, row): (u16, u16)) {
    let kind = MouseEventKind::Down(MouseButton::Left);
    stage.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn a_click_puts_the_cursor_before_the_letter_under_it() {
    let mut stage = noting(plain(), "brick kiln");
    let (x, y) = stands(&stage, "kiln");
    clicks(&mut stage, (x, y));
    stage.keys("\"old \"");
    // Behind the last letter of the line, and before its first.
    clicks(&mut stage, (x + 30, y));
    stage.keys("\"!\"");
    assert_eq!(kept(&mut stage), "brick old kiln!");

    for bidi in [Bidi::App, Bidi::Terminal] {
        let mut stage = noting(Settings { bidi, ..urdu() }, MIXED);
        let (x, y) = stands(&stage, "FIR");
        clicks(&mut stage, (x + 1, y));
        stage.keys("\"_\"");
        assert_eq!(kept(&mut stage), MIXED.replace("FIR", "F_IR"));
    }
}
