//! Text as it is typed: a cursor that moves by grapheme, soft wrap, what is selected, undo, and nothing left in memory when it is dropped. How it
//! lies on the screen is `text_seen`'s.
//!
//! Our own and not a library's, because the cursor has to find its cell in lines that were reordered for Urdu, has to
//! step over a letter together with its marks, and has to wipe what it held.

use std::ops::Range;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;
use zeroize::{Zeroize, Zeroizing};

use super::choice::Did;
use crate::{model::Lang, ui::bidi};

/// Most states that undo goes back to.
const UNDO: usize = 200;

/// How a text lies on the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lay {
    /// How wide its lines are, in columns.
    pub(crate) width: u16,
    /// The language of the screen: on an Urdu one a line with Urdu in it runs leftwards whatever it begins with.
    pub(crate) lang: Lang,
}

impl Lay {
    /// A line that what is in it decides the direction of: a path, letters for a list.
    pub(crate) const SHORT: Self = Self { width: 80, lang: Lang::En };
}

/// A text being typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(super) text: String,
    /// Byte offset of the cursor, always between graphemes.
    pub(super) at: usize,
    /// The other end of what is selected; the cursor is this one.
    anchor: Option<usize>,
    /// What was cut or copied here. It goes with the field: no program outside is given it, and no other field.
    clip: Zeroizing<String>,
    past: Vec<(String, usize)>,
    future: Vec<(String, usize)>,
    /// Many lines, or one.
    pub(super) many: bool,
    /// Shown as dots, never kept for undo, never printed.
    pub(super) secret: bool,
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
        if !(self.running && word) || self.selected().is_some() {
            self.remember();
        }
        self.running = word;
        self.insert(&letter.to_string());
    }

    /// Takes a pasted text: control characters and direction marks stay out, line breaks become spaces on one line.
    pub(crate) fn paste(&mut self, pasted: &str) {
        self.remember();
        self.running = false;
        let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String = pasted
            .chars()
            .map(|letter| if (letter == '\n' && !self.many) || letter == '\t' { ' ' } else { letter })
            .filter(|letter| *letter == '\n' || !(letter.is_control() || bidi::is_direction_mark(*letter)))
            .collect();
        self.insert(&clean);
    }

    /// A key: a letter is typed, another edits or moves or selects. With Shift the arrows select, Ctrl-A all of it; Ctrl-X and Ctrl-C take what is
    /// selected along, Ctrl-V puts it in again.
    pub(crate) fn key(&mut self, key: &KeyEvent, lay: Lay) -> Did {
        let (control, shift) =
            (key.modifiers.contains(KeyModifiers::CONTROL), key.modifiers.contains(KeyModifiers::SHIFT));
        match key.code {
            KeyCode::Char(letter) if !control => {
                self.letter(letter);
                Did::Changed
            }
            KeyCode::Char('a') if !self.is_empty() => {
                (self.anchor, self.at, self.running) = (Some(0), self.text.len(), false);
                Did::Moved
            }
            KeyCode::Char('c' | 'x') if self.secret => Did::Nothing,
            KeyCode::Char('c') => self.copy(),
            KeyCode::Char('x') if self.copy() == Did::Moved => self.changed(Self::cut_selected),
            KeyCode::Char('v') if !self.clip.is_empty() => {
                let clip = self.clip.clone();
                self.changed(|edit| {
                    edit.remember();
                    edit.insert(&clip);
                })
            }
            KeyCode::Enter if self.many => self.changed(|edit| {
                edit.remember();
                edit.insert("\n");
            }),
            KeyCode::Backspace | KeyCode::Delete if self.selected().is_some() => self.changed(Self::cut_selected),
            KeyCode::Backspace => {
                let from = if control { self.word_left() } else { self.left() };
                self.changed(|edit| edit.cut(from..edit.at))
            }
            KeyCode::Delete => {
                let to = if control { self.word_right() } else { self.right() };
                self.changed(|edit| edit.cut(edit.at..to))
            }
            KeyCode::Char('w') => self.changed(|edit| edit.cut(edit.word_left()..edit.at)),
            KeyCode::Char('u') => self.changed(|edit| edit.cut(0..edit.at)),
            code => self.goes(code, (control, shift), lay),
        }
    }

    /// A key that moves, and what it selects on its way.
    fn goes(&mut self, code: KeyCode, (control, shift): (bool, bool), lay: Lay) -> Did {
        // The arrows go where they point: in a line that runs leftwards, left is onwards.
        let code = match code {
            KeyCode::Left | KeyCode::Right if self.secret || !bidi::runs_left(self.paragraph_at(self.at), lay.lang) => {
                code
            }
            KeyCode::Left => KeyCode::Right,
            KeyCode::Right => KeyCode::Left,
            other => other,
        };
        let ends = self.selected().filter(|_| !shift && !control);
        let to = match code {
            KeyCode::Left => ends.map(|ends| ends.start).or(Some(if control { self.word_left() } else { self.left() })),
            KeyCode::Right => {
                ends.map(|ends| ends.end).or(Some(if control { self.word_right() } else { self.right() }))
            }
            KeyCode::Home if control => Some(0),
            KeyCode::End if control => Some(self.text.len()),
            KeyCode::Home => Some(self.line_range(lay.width).start),
            KeyCode::End => Some(self.line_end(lay.width)),
            KeyCode::Up => self.vertical(lay.width, false).or(shift.then_some(0)),
            KeyCode::Down => self.vertical(lay.width, true).or(shift.then_some(self.text.len())),
            _ => None,
        };
        let Some(to) = to else { return Did::Nothing };
        let sideways = matches!(code, KeyCode::Left | KeyCode::Right);
        let moved = to != self.at || sideways || shift || self.anchor.is_some();
        self.anchor = shift.then(|| self.anchor.unwrap_or(self.at));
        (self.at, self.running) = (to, false);
        if moved { Did::Moved } else { Did::Nothing }
    }

    /// The cursor is put before a letter, by a click.
    pub(super) fn put(&mut self, at: usize) {
        (self.at, self.anchor, self.running) = (at, None, false);
    }

    /// What is selected, in bytes; never empty.
    pub(super) fn selected(&self) -> Option<Range<usize>> {
        let anchor = self.anchor?;
        (anchor != self.at).then(|| anchor.min(self.at)..anchor.max(self.at))
    }

    fn copy(&mut self) -> Did {
        let Some(text) = self.selected().and_then(|range| self.text.get(range)) else { return Did::Nothing };
        self.clip = Zeroizing::new(text.to_owned());
        Did::Moved
    }

    fn cut_selected(&mut self) {
        if let Some(range) = self.selected() {
            self.cut(range);
        }
    }

    /// Whether a change was one.
    fn changed(&mut self, change: impl FnOnce(&mut Self)) -> Did {
        let before = Zeroizing::new(self.text.clone());
        change(self);
        (self.running, self.anchor) = (false, None);
        if *before == self.text { Did::Nothing } else { Did::Changed }
    }

    /// Goes back one step. Whether there was one.
    pub(crate) fn undo(&mut self) -> bool {
        let Some((text, at)) = self.past.pop() else { return false };
        self.future.push((std::mem::replace(&mut self.text, text), std::mem::replace(&mut self.at, at)));
        (self.running, self.anchor) = (false, None);
        true
    }

    /// Takes an undo back. Whether there was one.
    pub(crate) fn redo(&mut self) -> bool {
        let Some((text, at)) = self.future.pop() else { return false };
        self.past.push((std::mem::replace(&mut self.text, text), std::mem::replace(&mut self.at, at)));
        self.anchor = None;
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

    /// In the place of what is selected.
    fn insert(&mut self, text: &str) {
        if let Some(range) = self.selected() {
            self.take_out(range);
        }
        self.anchor = None;
        self.future.clear();
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
        self.take_out(range);
    }

    fn take_out(&mut self, range: Range<usize>) {
        self.at = range.start;
        if self.secret {
            let rest = Zeroizing::new(self.text.get(range.end..).unwrap_or_default().to_owned());
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Edit {
        let mut edit = Edit::line("");
        text.chars().for_each(|letter| edit.letter(letter));
        edit
    }

    fn press(edit: &mut Edit, code: KeyCode, width: u16) -> Did {
        edit.key(&code.into(), Lay { width, lang: Lang::En })
    }

    /// Keys that are held: `S` for Shift, `C` for Control.
    fn hold(edit: &mut Edit, held: &str, code: KeyCode) -> Did {
        let held = held.chars().map(|key| if key == 'S' { KeyModifiers::SHIFT } else { KeyModifiers::CONTROL });
        edit.key(&KeyEvent::new(code, held.fold(KeyModifiers::NONE, |all, key| all | key)), Lay::SHORT)
    }

    #[test]
    fn what_is_selected_is_replaced_taken_out_and_put_in_again() {
        let mut edit = typed("one two three");
        for _ in 0..5 {
            assert_eq!(hold(&mut edit, "S", KeyCode::Left), Did::Moved);
        }
        assert_eq!(edit.selected(), Some(8..13));
        edit.letter('3');
        assert_eq!((edit.text(), edit.selected()), ("one two 3", None));
        assert!(edit.undo());
        assert_eq!(
            (edit.text(), edit.selected()),
            ("one two three", None),
            "one step, and nothing is selected after it"
        );

        hold(&mut edit, "", KeyCode::Home);
        hold(&mut edit, "CS", KeyCode::Right);
        assert_eq!(edit.selected(), Some(0..3));
        assert_eq!(hold(&mut edit, "", KeyCode::Right), Did::Moved);
        assert_eq!((edit.at, edit.selected()), (3, None), "an arrow leaves it at its end");
        hold(&mut edit, "CS", KeyCode::Left);
        assert_eq!(hold(&mut edit, "C", KeyCode::Char('x')), Did::Changed);
        assert_eq!(edit.text(), " two three");
        hold(&mut edit, "C", KeyCode::End);
        assert_eq!(hold(&mut edit, "C", KeyCode::Char('v')), Did::Changed);
        assert_eq!(edit.text(), " two threeone");

        assert_eq!(hold(&mut edit, "C", KeyCode::Char('a')), Did::Moved);
        assert_eq!(hold(&mut edit, "C", KeyCode::Char('c')), Did::Moved);
        assert_eq!(hold(&mut edit, "", KeyCode::Backspace), Did::Changed);
        assert_eq!((edit.text(), edit.is_empty()), ("", true));
        edit.paste("x");
        hold(&mut edit, "C", KeyCode::Char('a'));
        edit.paste("y");
        assert_eq!(edit.text(), "y", "a paste takes its place as well");
        hold(&mut edit, "C", KeyCode::Char('v'));
        assert_eq!(edit.text(), "y two threeone");
    }

    #[test]
    fn with_shift_up_and_down_select_to_the_ends_where_there_is_no_further_line() {
        let mut edit = Edit::lines("one\ntwo");
        assert_eq!(hold(&mut edit, "S", KeyCode::Up), Did::Moved);
        assert_eq!(edit.selected(), Some(3..7));
        hold(&mut edit, "S", KeyCode::Up);
        assert_eq!(edit.selected(), Some(0..7));
        assert_eq!(hold(&mut edit, "", KeyCode::Enter), Did::Changed);
        assert_eq!(edit.text(), "\n");
    }

    #[test]
    fn in_a_line_that_runs_leftwards_the_arrows_select_where_they_point() {
        let mut edit = typed("میں گھر");
        hold(&mut edit, "S", KeyCode::Right);
        assert_eq!(edit.text().get(edit.selected().unwrap()), Some("ر"));
        // On an Urdu screen this line runs leftwards although it begins with a Latin letter.
        let mut edit = typed("FIR درج");
        let urdu = Lay { width: 80, lang: Lang::Ur };
        edit.key(&KeyEvent::new(KeyCode::Right, KeyModifiers::SHIFT), urdu);
        assert_eq!(edit.text().get(edit.selected().unwrap()), Some("ج"));
        let mut edit = typed("FIR درج");
        hold(&mut edit, "S", KeyCode::Left);
        assert_eq!(edit.text().get(edit.selected().unwrap()), Some("ج"), "and rightwards on an English one");
    }

    #[test]
    fn a_letter_and_its_mark_are_one_step() {
        let mut edit = typed("اِس");
        assert_ne!(press(&mut edit, KeyCode::Right, 80), Did::Nothing, "right is back in Urdu");
        assert_ne!(press(&mut edit, KeyCode::Backspace, 80), Did::Nothing);
        assert_eq!(edit.text(), "س");
        let mut edit = typed("e\u{301}");
        assert_ne!(press(&mut edit, KeyCode::Backspace, 80), Did::Nothing);
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
        assert_ne!(press(&mut edit, KeyCode::Up, 8), Did::Nothing);
        assert_eq!((edit.cursor_line(8), edit.at), (1, 9));
        assert_ne!(press(&mut edit, KeyCode::Up, 8), Did::Nothing);
        assert_eq!(edit.at, 1);
        assert_eq!(press(&mut edit, KeyCode::Up, 8), Did::Nothing);
        assert_ne!(press(&mut edit, KeyCode::End, 8), Did::Nothing);
        assert_eq!(edit.at, 7);
    }

    #[test]
    fn a_secret_keeps_no_past_and_is_not_printed() {
        let mut edit = Edit::secret();
        "hunter2".chars().for_each(|letter| edit.letter(letter));
        assert!(!edit.undo());
        assert_eq!(hold(&mut edit, "C", KeyCode::Char('a')), Did::Moved);
        for take in ['c', 'x'] {
            assert_eq!(hold(&mut edit, "C", KeyCode::Char(take)), Did::Nothing, "nothing of it is taken along");
        }
        assert_eq!((edit.text(), edit.clip.as_str()), ("hunter2", ""));
        hold(&mut edit, "", KeyCode::End);
        assert_eq!(format!("{edit:?}"), "Edit(…)");
        assert_ne!(press(&mut edit, KeyCode::Backspace, 80), Did::Nothing);
        assert_eq!(edit.text(), "hunter");
    }
}
