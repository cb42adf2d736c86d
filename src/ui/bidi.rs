//! Right-to-left text in cells: letters in their joined shapes, runs in visual order, and control characters made inert.
//!
//! Exactly one side does this (`LIBRARIES.md` section 5): with [`Bidi::App`] it happens here, line by line, after
//! wrapping in logical order; with [`Bidi::Terminal`] text goes out as it is. Shaping keeps the marks over and under
//! letters; order is UAX #9; graphemes are turned, never characters, so that a mark stays with its letter.

use std::ops::Range;

use ar_reshaper::{ArabicReshaper, ReshaperConfig};
use unicode_bidi::{Level, ParagraphBidiInfo};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::theme::Bidi;
use crate::model::Lang;

/// One grapheme where it stands on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// What is drawn.
    pub(crate) symbol: String,
    /// Columns it takes (1 or 2).
    pub(crate) width: u16,
    /// Which grapheme of the logical line it is, counted from 0.
    pub(crate) from: usize,
    /// Whether it belongs to a right-to-left run.
    pub(crate) rtl: bool,
}

/// Columns of one grapheme as the drawing counts them: never 0, so that a lone mark is seen.
pub(crate) fn columns_of(grapheme: &str) -> u16 {
    u16::try_from(grapheme.width().clamp(1, 2)).unwrap_or(1)
}

/// Columns of a line, summed over graphemes (a joined lam-alef would be counted short otherwise).
pub(crate) fn columns(text: &str) -> u16 {
    text.graphemes(true).map(columns_of).fold(0, u16::saturating_add)
}

/// Whether any character is written from right to left.
pub(crate) fn has_rtl(text: &str) -> bool {
    text.chars().any(is_rtl)
}

const fn is_rtl(letter: char) -> bool {
    matches!(letter, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

/// Whether a paragraph reads from right to left: by its first strong letter.
pub(crate) fn reads_rtl(text: &str) -> bool {
    text.chars().find(|letter| letter.is_alphabetic()).is_some_and(is_rtl)
}

/// Whether a text is laid out from right to left on a screen of this language: on an Urdu one everything with Urdu in it is.
pub(crate) fn runs_left(text: &str, lang: Lang) -> bool {
    match lang {
        Lang::Ur => has_rtl(text),
        Lang::En => reads_rtl(text),
    }
}

/// Control characters made visible and harmless, direction marks taken out. Text without any is given back as it is.
pub(crate) fn inert(text: &str) -> String {
    text.chars()
        .filter(|letter| !is_direction_mark(*letter))
        .map(|letter| match u32::from(letter) {
            low @ 0..=0x1F => char::from_u32(0x2400 + low).unwrap_or('\u{FFFD}'),
            0x7F => '\u{2421}',
            0x80..=0x9F | 0x2028 | 0x2029 => '\u{FFFD}',
            _ => letter,
        })
        .collect()
}

/// Marks that change the order of what is read (UAX #9): as input they only deceive.
pub(crate) const fn is_direction_mark(letter: char) -> bool {
    matches!(
        letter,
        '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    )
}

/// How a line is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Who orders.
    pub(crate) bidi: Bidi,
    /// Whether the line belongs to a paragraph that reads from right to left.
    pub(crate) rtl: bool,
    /// Whether two letters may become one sign (lam-alef). Not while editing: the cursor counts graphemes.
    pub(crate) joined: bool,
}

/// The cells of one line from left to right, at most `width` columns; a line that is longer ends in `…`.
pub(crate) fn cells(line: &str, width: u16, order: Order) -> Vec<Cell> {
    let line = inert(line);
    let ours = order.bidi == Bidi::App && (order.rtl || has_rtl(&line));
    let shaped = if ours && has_rtl(&line) { shape(&line, order.joined) } else { line };
    let fitted = fit(&shaped, width);
    let logical: Vec<(usize, &str)> = fitted.grapheme_indices(true).collect();
    let cell = |from: usize, symbol: String, rtl: bool| Cell { width: columns_of(&symbol), symbol, from, rtl };
    // An empty line has no runs to order (and the ordering is not made for it).
    if !ours || fitted.is_empty() {
        return logical.iter().enumerate().map(|(from, (_, part))| cell(from, (*part).to_owned(), false)).collect();
    }
    let mut out = Vec::with_capacity(logical.len());
    for (run, rtl) in runs(&fitted, order.rtl) {
        let inside = logical.iter().enumerate().filter(|(_, (at, _))| run.contains(at));
        let mut part: Vec<Cell> = inside
            .map(|(from, (_, text))| cell(from, if rtl { mirror(text) } else { (*text).to_owned() }, rtl))
            .collect();
        if rtl {
            part.reverse();
        }
        out.extend(part);
    }
    out
}

/// The runs of a line from left to right, as byte ranges, and which of them are read from right to left (UAX #9, rules X1 to L2).
fn runs(line: &str, rtl: bool) -> Vec<(Range<usize>, bool)> {
    let base = if rtl { Level::rtl() } else { Level::ltr() };
    let mut info = ParagraphBidiInfo::new(line, Some(base));
    hold_numbers(line, &mut info.levels);
    let (levels, runs) = info.visual_runs(0..line.len());
    runs.into_iter().map(|run| (run.clone(), levels.get(run.start).is_some_and(Level::is_rtl))).collect()
}

/// Keeps what is written with digits in one piece: a date, a time, an identity card or a telephone number. After Urdu letters UAX #9
/// would set the parts of `2026-10-02` from right to left, which reads as another day; section 4.3 (HL4) leaves such pieces to us.
fn hold_numbers(line: &str, levels: &mut [Level]) {
    let within = |letter: char| is_digit(letter) || matches!(letter, '-' | '/' | ':' | '.' | ',' | '+');
    let mut rest = line;
    while let Some(start) = rest.find(within) {
        let at = line.len() - rest.len() + start;
        let piece = rest.get(start..).unwrap_or_default();
        let piece = piece.split_once(|letter| !within(letter)).map_or(piece, |(piece, _)| piece);
        // What stands around the digits and joins nothing is not part of the number: a full stop, a dash; a plus before it is.
        let end = piece.trim_end_matches(|letter| !is_digit(letter)).len();
        let begin = piece.len() - piece.trim_start_matches(|letter| !is_digit(letter) && letter != '+').len();
        let first = piece.find(is_digit).and_then(|digit| levels.get(at + digit)).copied();
        let end = end.max(begin);
        let end = end + first.map_or(0, |_| section(line.get(at + end..).unwrap_or_default()));
        if let (Some(level), Some(held)) = (first, levels.get_mut(at + begin..at + end)) {
            held.fill(level);
        }
        rest = line.get(at + end.max(piece.len())..).unwrap_or_default();
    }
}

/// How many bytes behind a number belong to it as the number of a section has them: `(1)` of `3(1)`, `-A` of `371-A`. UAX #9 would set these
/// on its other side.
fn section(behind: &str) -> usize {
    let word = |text: &str| {
        text.chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || is_digit(*letter))
            .map(char::len_utf8)
            .sum::<usize>()
    };
    let part = match behind.chars().next() {
        Some('(') => {
            let inside = word(behind.get(1..).unwrap_or_default());
            let closed = inside > 0 && behind.get(1 + inside..).is_some_and(|rest| rest.starts_with(')'));
            if closed { inside + 2 } else { 0 }
        }
        Some('-') => {
            let letters = word(behind.get(1..).unwrap_or_default());
            let capital = behind.chars().nth(1).is_some_and(|letter| letter.is_ascii_uppercase());
            if capital && letters < 3 { letters + 1 } else { 0 }
        }
        _ => 0,
    };
    if part == 0 { 0 } else { part + section(behind.get(part..).unwrap_or_default()) }
}

/// A digit as it is written in Latin, Arabic or Urdu text.
const fn is_digit(letter: char) -> bool {
    matches!(letter, '0'..='9' | '\u{0660}'..='\u{0669}' | '\u{06F0}'..='\u{06F9}')
}

fn mirror(grapheme: &str) -> String {
    grapheme.chars().map(|letter| unicode_bidi_mirroring::get_mirrored(letter).unwrap_or(letter)).collect()
}

fn shape(line: &str, joined: bool) -> String {
    let config = ReshaperConfig { delete_harakat: false, support_ligatures: joined, ..ReshaperConfig::default() };
    ArabicReshaper::new(config).reshape(line)
}

/// The line cut to its width, with `…` where something was cut; never inside a grapheme.
fn fit(line: &str, width: u16) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let mut out = String::new();
    for grapheme in line.graphemes(true) {
        let wide = columns_of(grapheme);
        if wide > room {
            break;
        }
        room -= wide;
        out.push_str(grapheme);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// A paragraph (without line breaks) in lines of at most `width` columns, as byte ranges in logical order. Breaks after
/// spaces where it can; a word longer than the line is cut between graphemes. There is always at least one line.
pub(crate) fn wrap(paragraph: &str, width: u16) -> Vec<Range<usize>> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let (mut start, mut used, mut gap) = (0, 0_u16, None::<(usize, u16)>);
    for (at, grapheme) in paragraph.grapheme_indices(true) {
        let wide = columns_of(grapheme);
        let space = grapheme.chars().all(char::is_whitespace);
        // A space may hang over the edge: it is not seen there.
        if used + wide > width && !space {
            let (cut, before) = gap.take().unwrap_or((at, used));
            lines.push(start..cut);
            start = cut;
            used = used.saturating_sub(before);
        }
        used = used.saturating_add(wide);
        if space {
            gap = Some((at + grapheme.len(), used));
        }
    }
    lines.push(start..paragraph.len());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &str, rtl: bool) -> String {
        let order = Order { bidi: Bidi::App, rtl, joined: true };
        cells(line, 80, order).into_iter().map(|cell| cell.symbol).collect()
    }

    #[test]
    fn urdu_is_shaped_and_turned_and_numbers_are_not() {
        // سلام: seen from the left: meem (isolated after alef), the joined lam-alef, seen (initial).
        assert_eq!(drawn("سلام", true), "\u{FEE1}\u{FEFC}\u{FEB3}");
        assert!(drawn("عمر 25 سال", true).contains("25"));
    }

    /// Debian's package `unicode-data`.
    const UCD: &str = "/usr/share/unicode/BidiCharacterTest.txt";

    fn numbers(text: &str, radix: u32) -> Vec<u32> {
        text.split_whitespace().map(|number| u32::from_str_radix(number, radix).unwrap()).collect()
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "a run says how many it held against the database")]
    fn every_line_of_the_unicode_databases_bidi_character_test_stands_in_its_order() {
        let (mut told, mut run, mut held) = (String::new(), 0, 0);
        let file = std::fs::read_to_string(UCD).expect("the package unicode-data is here, as tests/run says");
        for line in file.lines().filter(|line| line.contains(';') && !line.starts_with('#')) {
            let [points, direction, level, levels, order] = line.split(';').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let letters: Vec<char> =
                numbers(points, 16).into_iter().map(|point| char::from_u32(point).unwrap()).collect();
            let text: String = letters.iter().collect();
            let rtl = level == "1";
            // A line of the screen is one paragraph, and what only steers the order is taken out of it before.
            if letters.contains(&'\u{2029}') {
                continue;
            }
            if direction == "2" {
                assert_eq!(reads_rtl(&text), rtl, "{line}");
            }
            let mut raw = ParagraphBidiInfo::new(&text, Some(Level::new(u8::from(rtl)).unwrap())).levels;
            let before = raw.clone();
            hold_numbers(&text, &mut raw);
            if raw != before {
                held += 1;
                continue;
            }
            let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let kept: Vec<bool> = levels.split_whitespace().map(|level| level != "x").collect();
            let mut seen = Vec::new();
            for (run, rtl) in runs(&text, rtl) {
                let inside = (0..letters.len()).filter(|at| kept[*at] && run.contains(&starts[*at]));
                let mut inside: Vec<u32> = inside.map(|at| u32::try_from(at).unwrap()).collect();
                if rtl {
                    inside.reverse();
                }
                seen.extend(inside);
            }
            if seen != numbers(order, 10) {
                told.push_str(&format!("{line}\n    is {seen:?}\n"));
            }
            run += 1;
        }
        println!("{run} lines of {UCD} stand in their order; in {held} a number of several parts is held in one piece");
        assert!(told.is_empty() && run > 85_000, "{run}:\n{told}");
    }

    #[test]
    fn dates_and_numbers_of_several_parts_stay_in_one_piece() {
        for whole in ["2026-10-02", "14:05", "35202-1234567-1", "+92-300-1234567", "۲۰۲۶-۱۰-۰۲", "12,500.50", "3/4"]
        {
            let line = drawn(&format!("درج {whole}"), true);
            assert!(line.starts_with(whole), "{whole} in {line:?}");
        }
        for whole in ["3(1)", "371-A", "8(1)", "24.5", "۳(۱)", "371-A(2)"] {
            let line = drawn(&format!("دفعہ {whole}"), true);
            assert!(line.starts_with(whole), "{whole} in {line:?}");
        }
        let line = drawn("(دفعہ 8(1))", true);
        assert!(line.contains("8(1)") && line.starts_with('('), "{line:?}");
        // What only stands beside a number is no part of it, and two numbers are two.
        let line = drawn("درج 2026-10-02. عمر 25 - 30", true);
        assert!(line.contains(".2026-10-02") && line.contains("30 - 25"), "{line:?}");
        assert_eq!(drawn("from 2026-10-02 to 14:05", false), "from 2026-10-02 to 14:05");
        assert_eq!(drawn("--- درج", true), drawn("درج", true) + " ---");
    }

    #[test]
    fn brackets_are_mirrored_in_right_to_left_runs() {
        let line = drawn("(عمر)", true);
        assert!(line.starts_with('(') && line.ends_with(')'), "{line}");
    }

    #[test]
    fn a_mark_stays_with_its_letter() {
        let cells = cells("اِس", 80, Order { bidi: Bidi::App, rtl: true, joined: true });
        assert_eq!(cells.len(), 2);
        assert!(cells.iter().any(|cell| cell.symbol.ends_with('\u{0650}') && cell.symbol.chars().count() == 2));
    }

    #[test]
    fn the_terminal_gets_logical_text() {
        let order = Order { bidi: Bidi::Terminal, rtl: true, joined: true };
        let text: String = cells("سلام (x)", 80, order).into_iter().map(|cell| cell.symbol).collect();
        assert_eq!(text, "سلام (x)");
    }

    #[test]
    fn an_empty_line_has_no_cells_in_either_direction() {
        for rtl in [false, true] {
            assert!(cells("", 80, Order { bidi: Bidi::App, rtl, joined: true }).is_empty());
            assert!(cells("سلام", 0, Order { bidi: Bidi::App, rtl, joined: true }).is_empty());
        }
    }

    #[test]
    fn control_characters_are_seen_and_do_nothing() {
        assert_eq!(inert("a\u{1b}[31mb\u{7f}\u{9b}c"), "a␛[31mb␡\u{FFFD}c");
        assert_eq!(inert("abc\u{202e}def\u{2066}"), "abcdef");
    }

    #[test]
    fn a_long_line_ends_in_an_ellipsis_and_no_grapheme_is_cut() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("ab", 2), "ab");
        assert_eq!(fit("ab", 0), "");
    }

    #[test]
    fn wrapping_breaks_after_spaces() {
        let lines = |text: &str, width| -> Vec<String> {
            wrap(text, width).into_iter().map(|range| text[range].to_owned()).collect()
        };
        assert_eq!(lines("one two three", 8), ["one two ", "three"]);
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("", 4), [""]);
        assert_eq!(lines("ab cdefghijk", 4), ["ab ", "cdef", "ghij", "k"]);
    }
}
