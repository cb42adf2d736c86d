//! Text as it is typed: a cursor that moves by grapheme, soft wrap, undo, and nothing left in memory when it is dropped.
//!
//! Our own and not a library's, because the cursor has to find its cell in lines that were reordered for Urdu, has to
//! step over a letter together with its marks, and has to wipe what it held.

use std::ops::Range;

use ratatui::{crossterm::event::KeyCode, layout::Rect};
use unicode_segmentation::UnicodeSegmentation;
use zeroize::Zeroize;

use super::canvas::Canvas;
use crate::ui::{
    bidi::{self, Order},
    theme::Role,
};

/// Most states that undo goes back to.
const UNDO: usize = 200;

/// A text being typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    text: String,
    /// Byte offset of the cursor, always between graphemes.
    at: usize,
    past: Vec<(String, usize)>,
    future: Vec<(String, usize)>,
    /// Many lines, or one.
    many: bool,
    /// Shown as dots, never kept for undo, never printed.
    secret: bool,
    /// Whether the last change was a letter typed: a run of letters is undone as one word.
    running: bool,
}

impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.secret { f.write_str("Edit(…)") } else { write!(f, "Edit({:?} at {})", self.text, self.at) }
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        self.text.zeroize();
        for (text, _) in self.past.iter_mut().chain(&mut self.future) {
            text.zeroize();
        }
    }
}

impl Edit {
    /// One line, with the cursor at its end.
    pub(crate) fn line(text: &str) -> Self {
        let mut edit = Self::default();
        edit.text.push_str(text);
        edit.at = text.len();
        edit
    }

    /// Many lines.
    pub(crate) fn lines(text: &str) -> Self {
        let mut edit = Self::line(text);
        edit.many = true;
        edit
    }

    /// One line that nobody may read over a shoulder. Its memory is set aside at once, so that growing leaves no copy.
    pub(crate) fn secret() -> Self {
        let mut edit = Self::default();
        edit.secret = true;
        edit.text.reserve(1024);
        edit
    }

    /// What has been typed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing has.
    pub(crate) const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Empties it, without a way back.
    pub(crate) fn clear(&mut self) {
        *self = match (self.secret, self.many) {
            (true, _) => Self::secret(),
            (false, true) => Self::lines(""),
            (false, false) => Self::line(""),
        };
    }

    /// Types one letter.
    pub(crate) fn letter(&mut self, letter: char) {
        if letter.is_control() || bidi::is_direction_mark(letter) {
            return;
        }
        let word = letter.is_alphanumeric();
        if !(self.running && word) {
            self.remember();
        }
        self.running = word;
        self.future.clear();
        self.insert(&letter.to_string());
    }

    /// Takes a pasted text: control characters and direction marks stay out, line breaks become spaces on one line.
    pub(crate) fn paste(&mut self, pasted: &str) {
        self.remember();
        self.running = false;
        self.future.clear();
        let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String = pasted
            .chars()
            .map(|letter| if (letter == '\n' && !self.many) || letter == '\t' { ' ' } else { letter })
            .filter(|letter| *letter == '\n' || !(letter.is_control() || bidi::is_direction_mark(*letter)))
            .collect();
        self.insert(&clean);
    }

    /// A key that edits or moves; whether it did anything here. `width` is how wide the lines are, for up and down.
    pub(crate) fn key(&mut self, code: KeyCode, control: bool, width: u16) -> bool {
        let (before, at) = (self.text.len(), self.at);
        // The arrows go where they point: in a line that runs leftwards, left is onwards.
        let code = match code {
            KeyCode::Left | KeyCode::Right if self.secret || !bidi::reads_rtl(self.paragraph_at(self.at)) => code,
            KeyCode::Left => KeyCode::Right,
            KeyCode::Right => KeyCode::Left,
            other => other,
        };
        match code {
            KeyCode::Left if control => self.at = self.word_left(),
            KeyCode::Right if control => self.at = self.word_right(),
            KeyCode::Left => self.at = self.left(),
            KeyCode::Right => self.at = self.right(),
            KeyCode::Home => self.at = self.line_range(width).start,
            KeyCode::End => self.at = self.line_end(width),
            KeyCode::Up if self.many => return self.vertical(width, false),
            KeyCode::Down if self.many => return self.vertical(width, true),
            KeyCode::Enter if self.many => {
                self.remember();
                self.insert("\n");
            }
            KeyCode::Backspace => self.cut(if control { self.word_left() } else { self.left() }..self.at),
            KeyCode::Delete => self.cut(self.at..if control { self.word_right() } else { self.right() }),
            KeyCode::Char('w') if control => self.cut(self.word_left()..self.at),
            KeyCode::Char('u') if control => self.cut(0..self.at),
            _ => return false,
        }
        self.running = false;
        (self.text.len(), self.at) != (before, at) || matches!(code, KeyCode::Left | KeyCode::Right)
    }

    /// Goes back one step. Whether there was one.
    pub(crate) fn undo(&mut self) -> bool {
        let Some((text, at)) = self.past.pop() else { return false };
        self.future.push((std::mem::replace(&mut self.text, text), std::mem::replace(&mut self.at, at)));
        self.running = false;
        true
    }

    /// Takes an undo back. Whether there was one.
    pub(crate) fn redo(&mut self) -> bool {
        let Some((text, at)) = self.future.pop() else { return false };
        self.past.push((std::mem::replace(&mut self.text, text), std::mem::replace(&mut self.at, at)));
        true
    }

    fn remember(&mut self) {
        if self.secret || self.past.last().is_some_and(|(text, _)| *text == self.text) {
            return;
        }
        if self.past.len() == UNDO {
            self.past.remove(0).0.zeroize();
        }
        self.past.push((self.text.clone(), self.at));
    }

    fn insert(&mut self, text: &str) {
        self.text.insert_str(self.at, text);
        self.at += text.len();
        // A mark typed after its letter joins that letter's grapheme: the cursor belongs behind both.
        if !self.text.is_char_boundary(self.at) {
            self.at = self.text.len();
        }
    }

    fn cut(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.remember();
        self.future.clear();
        self.at = range.start;
        if self.secret {
            let rest = zeroize::Zeroizing::new(self.text.get(range.end..).unwrap_or_default().to_owned());
            self.text.truncate(range.start);
            self.text.push_str(&rest);
        } else {
            self.text.replace_range(range, "");
        }
    }

    fn left(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        let after = self.text.get(self.at..).unwrap_or_default();
        self.at + after.graphemes(true).next().map_or(0, str::len)
    }

    fn word_left(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.unicode_word_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let after = self.text.get(self.at..).unwrap_or_default();
        after.unicode_word_indices().next().map_or(self.text.len(), |(at, word)| self.at + at + word.len())
    }

    /// The screen lines at this width, as byte ranges; the line break itself belongs to no line.
    pub(crate) fn screen_lines(&self, width: u16) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        let mut start = 0;
        for part in self.text.split('\n') {
            lines.extend(bidi::wrap(part, width).into_iter().map(|line| start + line.start..start + line.end));
            start += part.len() + 1;
        }
        lines
    }

    /// Which screen line the cursor is in.
    pub(crate) fn cursor_line(&self, width: u16) -> usize {
        let lines = self.screen_lines(width);
        lines.iter().rposition(|line| line.start <= self.at).unwrap_or(0)
    }

    fn line_range(&self, width: u16) -> Range<usize> {
        self.screen_lines(width).get(self.cursor_line(width)).cloned().unwrap_or(0..0)
    }

    /// The last place in the cursor's line that still belongs to it.
    fn line_end(&self, width: u16) -> usize {
        let line = self.line_range(width);
        let wrapped = self.screen_lines(width).iter().any(|other| other.start == line.end && line.end > line.start);
        let inside = self.text.get(line.clone()).unwrap_or_default().grapheme_indices(true).next_back();
        match inside {
            Some((last, _)) if wrapped => line.start + last,
            _ => line.end,
        }
    }

    fn vertical(&mut self, width: u16, down: bool) -> bool {
        let lines = self.screen_lines(width);
        let row = self.cursor_line(width);
        let target = if down { row + 1 } else { row.wrapping_sub(1) };
        let (Some(from), Some(to)) = (lines.get(row), lines.get(target)) else { return false };
        let wanted = self.text.get(from.start..self.at).map_or(0, |before| before.graphemes(true).count());
        let line = self.text.get(to.clone()).unwrap_or_default();
        let places: Vec<usize> = line.grapheme_indices(true).map(|(at, _)| at).collect();
        let last = if lines.get(target + 1).is_some_and(|next| next.start == to.end) {
            places.last().copied().unwrap_or(0)
        } else {
            line.len()
        };
        self.at = to.start + places.get(wanted).copied().unwrap_or(last).min(last);
        self.running = false;
        true
    }

    /// Draws it into an area, scrolled so that the cursor is in it, and says where the cursor is. A line of text that is
    /// longer than its one row scrolls sideways.
    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
        canvas.wash(area, Role::Field);
        let area = canvas.physical(area);
        if area.width < 2 || area.height == 0 {
            return;
        }
        // The last column is for a cursor behind the last letter.
        let width = area.width - 1;
        let lines = if self.many { self.screen_lines(width) } else { vec![self.window(width)] };
        let row = if self.many { self.cursor_line(width) } else { 0 };
        let height = usize::from(area.height);
        let top = (row + 1).saturating_sub(height);
        for (line, y) in lines.iter().skip(top).zip(area.y..area.bottom()) {
            let paragraph = self.paragraph_at(line.start);
            let rtl = !self.secret && canvas.reads_rtl(paragraph);
            let here = focused && lines.get(row) == Some(line);
            self.draw_line(canvas, Rect { y, height: 1, ..area }, line.clone(), rtl, here);
        }
    }

    fn draw_line(&self, canvas: &mut Canvas<'_>, area: Rect, line: Range<usize>, rtl: bool, here: bool) {
        let text = self.text.get(line.clone()).unwrap_or_default();
        let dots;
        let text = if self.secret {
            dots = "•".repeat(text.graphemes(true).count());
            &dots
        } else {
            text
        };
        let order = Order { bidi: canvas.settings.bidi, rtl, joined: false };
        let cells = bidi::cells(text, area.width, order);
        let taken: u16 = cells.iter().map(|cell| cell.width).sum();
        let mut x = if rtl { area.right().saturating_sub(taken) } else { area.x };
        let typed = self.text.get(line.start..self.at.max(line.start)).unwrap_or_default().graphemes(true).count();
        let (mut before, mut after) = (None, None);
        let style = canvas.style(Role::Field);
        for cell in &cells {
            canvas.cell(x, area.y, &cell.symbol, cell.width, style);
            if cell.from == typed {
                after = Some(if cell.rtl { x + cell.width - 1 } else { x });
            }
            if cell.from + 1 == typed {
                before = Some(if cell.rtl { x.saturating_sub(1).max(area.x) } else { x + cell.width });
            }
            x += cell.width;
        }
        if here {
            let start = if rtl { area.right().saturating_sub(1) } else { area.x };
            let at = after.or(before).unwrap_or(start).min(area.right().saturating_sub(1));
            canvas.cursor = Some((at, area.y));
        }
    }

    /// The paragraph that a place stands in; its first letter decides the direction of all its lines.
    fn paragraph_at(&self, at: usize) -> &str {
        let start = self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line| line + 1);
        self.text.get(start..).unwrap_or_default().split('\n').next().unwrap_or_default()
    }

    /// The part of a single line that is shown: as much as fits before the cursor, then as much as fits behind it.
    fn window(&self, width: u16) -> Range<usize> {
        let mut room = width;
        let mut start = self.at;
        for (at, grapheme) in self.text.get(..self.at).unwrap_or_default().grapheme_indices(true).rev() {
            let wide = bidi::columns_of(grapheme);
            if wide > room {
                break;
            }
            room -= wide;
            start = at;
        }
        let mut end = self.at;
        for grapheme in self.text.get(self.at..).unwrap_or_default().graphemes(true) {
            let wide = bidi::columns_of(grapheme);
            if wide > room {
                break;
            }
            room -= wide;
            end += grapheme.len();
        }
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Edit {
        let mut edit = Edit::line("");
        text.chars().for_each(|letter| edit.letter(letter));
        edit
    }

    #[test]
    fn a_letter_and_its_mark_are_one_step() {
        let mut edit = typed("اِس");
        assert!(edit.key(KeyCode::Right, false, 80), "right is back in Urdu");
        assert!(edit.key(KeyCode::Backspace, false, 80));
        assert_eq!(edit.text(), "س");
        let mut edit = typed("e\u{301}");
        assert!(edit.key(KeyCode::Backspace, false, 80));
        assert_eq!(edit.text(), "");
    }

    #[test]
    fn undo_goes_back_by_words_and_redo_comes_again() {
        let mut edit = typed("one two");
        for left in ["one ", "one", ""] {
            assert!(edit.undo());
            assert_eq!(edit.text(), left);
        }
        assert!(!edit.undo());
        while edit.redo() {}
        assert_eq!(edit.text(), "one two");
    }

    #[test]
    fn a_paste_brings_no_controls_and_one_line_stays_one_line() {
        let mut edit = Edit::line("");
        edit.paste("a\r\nb\u{1b}[2J\u{202e}c");
        assert_eq!(edit.text(), "a b[2Jc");
        let mut edit = Edit::lines("");
        edit.paste("a\r\nb\tc");
        assert_eq!(edit.text(), "a\nb c");
    }

    #[test]
    fn up_and_down_follow_the_lines_on_the_screen() {
        let mut edit = Edit::lines("one two three\nx");
        assert_eq!(edit.cursor_line(8), 2);
        assert!(edit.key(KeyCode::Up, false, 8));
        assert_eq!((edit.cursor_line(8), edit.at), (1, 9));
        assert!(edit.key(KeyCode::Up, false, 8));
        assert_eq!(edit.at, 1);
        assert!(!edit.key(KeyCode::Up, false, 8));
        assert!(edit.key(KeyCode::End, false, 8));
        assert_eq!(edit.at, 7);
    }

    #[test]
    fn a_secret_keeps_no_past_and_is_not_printed() {
        let mut edit = Edit::secret();
        "hunter2".chars().for_each(|letter| edit.letter(letter));
        assert!(!edit.undo());
        assert_eq!(format!("{edit:?}"), "Edit(…)");
        assert!(edit.key(KeyCode::Backspace, false, 80));
        assert_eq!(edit.text(), "hunter");
    }
}
