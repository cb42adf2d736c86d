//! A long text is pasted into a real terminal: it comes in whole, once, and commands nothing.

use std::fs;

use crate::support::{TestAgency, Typist, open_case, opening};

/// The words that end it.
const END: &str = "END-OF-THE-TEXT";
/// Frames that a paste of this size may cost: the text, the draft that is kept of it, and a tick of the clock; not one for each letter.
const FRAMES: usize = 12;

/// A hundred thousand bytes of Urdu and English, with what would clear a screen, ring, move a cursor or turn a line round.
pub(crate) fn long_text() -> String {
    let lines = [
        "The clerk kept the identity cards for four years.",
        "منشی نے چار سال تک شناختی کارڈ اپنے پاس رکھے۔",
        "Peshgi: 250,000 روپے، received 3 bags of آٹا\tin 2024.",
        "\u{1b}[2J\u{1b}]0;title\u{7}after an escape",
        "bell\u{7}null\u{0}back\u{8}\u{9b}31mred",
        "\u{202e}turned\u{202c} می\u{200c}روم",
    ];
    let mut text = String::new();
    for number in 0.. {
        if text.len() > 100_000 {
            break;
        }
        text.push_str(&format!("{number} {}\r\n", lines[number % lines.len()]));
    }
    text.push_str(END);
    text
}

/// What is left of a text: breaks of one kind, a space for a tab, no control character and no mark that turns a line.
pub(crate) fn cleaned(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\t', " ");
    let turns =
        |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    text.chars().filter(|letter| *letter == '\n' || !(letter.is_control() || turns(*letter))).collect()
}

#[test]
fn a_long_text_comes_in_whole_through_a_terminal_and_costs_a_few_frames() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let case = open_case(officer, &opening(1, "lemtavrosk"));
    let mut typist = Typist::sits_down(&officer.home, &[]);
    typist.sees("This device is locked");
    typist.types(&format!("\"{}\" Enter", fs::read_to_string(&officer.passphrase).unwrap().trim_end()));
    typist.sees("1 case");
    typist.does("Enter", "Amanat · Case PB");
    typist.does("F4", "Add to this case");
    typist.does("\"note\" Enter", "Part 1 of 1");
    let (before, text) = (typist.everything().len(), long_text());
    typist.pastes(&text);
    typist.sees(END);
    let drawn = typist.everything().split_off(before);
    // Each frame ends by showing the cursor where it belongs.
    let frames = drawn.windows(6).filter(|bytes| bytes == b"\x1b[?25h").count();
    assert!((1..=FRAMES).contains(&frames), "{frames} frames for one paste");
    for command in [&b"\x1b[2J"[..], b"\x1b]0;", b"\x07", b"\xc2\x9b"] {
        let sent = drawn.windows(command.len()).filter(|bytes| *bytes == command).count();
        assert_eq!(sent, 0, "{command:?} reached the terminal");
    }
    typist.does("F10", "Who will be able to read this");
    typist.keeps();
    typist.types("C-q");
    assert!(typist.ends().success());
    let shown = officer.run(&["case", "show", &case]);
    let entries = shown["entries"].as_array().unwrap();
    let note = entries.iter().find(|entry| entry["form"] == "note@1").unwrap_or_else(|| panic!("{shown}"));
    let told = officer.run(&["entry", "show", note["entry"].as_str().unwrap()]);
    let kept = told["answers"]["note_text"]["value"].as_str().or_else(|| told["answers"]["note_text"].as_str());
    let kept = kept.unwrap_or_else(|| panic!("no text in {}", told["answers"]));
    assert!(kept == cleaned(&text), "{} bytes of {} were kept", kept.len(), cleaned(&text).len());
}
