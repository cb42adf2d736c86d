//! A text that is typed as it lies on the screen: its lines, where the cursor and what is selected stand in them once Urdu was put in order, and
//! which letter lies under the pointer.

use std::ops::Range;

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use super::{canvas::Canvas, text::Edit};
use crate::ui::{
    bidi::{self, Cell, Order},
    theme::Role,
};

/// A line of it on the screen.
struct Row {
    cells: Vec<Cell>,
    /// The column of the first.
    x: u16,
    rtl: bool,
}

impl Edit {
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

    pub(super) fn line_range(&self, width: u16) -> Range<usize> {
        self.screen_lines(width).get(self.cursor_line(width)).cloned().unwrap_or(0..0)
    }

    /// The last place in the cursor's line that still belongs to it.
    pub(super) fn line_end(&self, width: u16) -> usize {
        let line = self.line_range(width);
        let wrapped = self.screen_lines(width).iter().any(|other| other.start == line.end && line.end > line.start);
        let inside = self.text.get(line.clone()).unwrap_or_default().grapheme_indices(true).next_back();
        match inside {
            Some((last, _)) if wrapped => line.start + last,
            _ => line.end,
        }
    }

    /// The place above or below the cursor; none where there is no such line.
    pub(super) fn vertical(&self, width: u16, down: bool) -> Option<usize> {
        let lines = self.screen_lines(width);
        let row = self.cursor_line(width);
        let target = if down { row + 1 } else { row.wrapping_sub(1) };
        let (from, to) = (lines.get(row)?, lines.get(target).filter(|_| self.many)?);
        let wanted = self.text.get(from.start..self.at).map_or(0, |before| before.graphemes(true).count());
        let line = self.text.get(to.clone()).unwrap_or_default();
        let places: Vec<usize> = line.grapheme_indices(true).map(|(at, _)| at).collect();
        let last = if lines.get(target + 1).is_some_and(|next| next.start == to.end) {
            places.last().copied().unwrap_or(0)
        } else {
            line.len()
        };
        Some(to.start + places.get(wanted).copied().unwrap_or(last).min(last))
    }

    /// The lines that stand in an area from its top, scrolled so that the cursor is in it, and which of all lines the cursor is in. A line of text
    /// that is longer than its one row scrolls sideways. The last column is for a cursor behind the last letter.
    fn shown(&self, area: Rect) -> (Vec<Range<usize>>, Range<usize>) {
        let width = area.width.saturating_sub(1);
        let mut lines = if self.many { self.screen_lines(width) } else { vec![self.window(width)] };
        let row = if self.many { self.cursor_line(width) } else { 0 };
        let here = lines.get(row).cloned().unwrap_or_default();
        lines.drain(..(row + 1).saturating_sub(usize::from(area.height)));
        (lines, here)
    }

    /// Draws it into an area, and says where the cursor is.
    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, focused: bool) {
        canvas.wash(area, Role::Field);
        let area = canvas.physical(area);
        if area.width < 2 || area.height == 0 {
            return;
        }
        let (lines, here) = self.shown(area);
        for (line, y) in lines.into_iter().zip(area.y..area.bottom()) {
            let here = focused && line == here;
            self.draw_line(canvas, Rect { y, height: 1, ..area }, &line, here);
        }
    }

    /// A line's letters in their order on the screen.
    fn row(&self, canvas: &Canvas<'_>, area: Rect, line: &Range<usize>) -> Row {
        let rtl = !self.secret && canvas.reads_rtl(self.paragraph_at(line.start));
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
        Row { cells, x: if rtl { area.right().saturating_sub(taken) } else { area.x }, rtl }
    }

    fn draw_line(&self, canvas: &mut Canvas<'_>, area: Rect, line: &Range<usize>, here: bool) {
        let Row { cells, mut x, rtl } = self.row(canvas, area, line);
        let letters = |to: usize| self.text.get(line.start..to.clamp(line.start, line.end)).unwrap_or_default();
        let count = |to: usize| letters(to).graphemes(true).count();
        let typed = count(self.at);
        let selected = self.selected().map_or(0..0, |range| count(range.start)..count(range.end));
        let (mut before, mut after) = (None, None);
        for cell in &cells {
            let role = if selected.contains(&cell.from) { Role::Selected } else { Role::Field };
            canvas.cell(x, area.y, &cell.symbol, cell.width, canvas.style(role));
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

    /// A click on a cell of the screen: the cursor goes before the letter there, and behind the last one of the line where there is none.
    pub(crate) fn click(&mut self, canvas: &Canvas<'_>, area: Rect, (column, y): (u16, u16)) {
        let area = canvas.physical(area);
        let (lines, _) = self.shown(area);
        let line = y.checked_sub(area.y).map_or(0, usize::from).min(lines.len().saturating_sub(1));
        let Some(line) = lines.get(line) else { return };
        let Row { cells, mut x, rtl } = self.row(canvas, area, line);
        let starts = x;
        let mut under = None;
        for cell in &cells {
            if (x..x + cell.width).contains(&column) {
                under = Some(cell.from);
            }
            x += cell.width;
        }
        let text = self.text.get(line.clone()).unwrap_or_default();
        let place = |nth: usize| text.grapheme_indices(true).nth(nth).map_or(text.len(), |(at, _)| at);
        // Beside the letters: on the side where the line begins, its beginning.
        let begins = if rtl { column >= x } else { column < starts };
        self.put(line.start + under.map_or(if begins { 0 } else { text.len() }, place));
    }

    /// The paragraph that a place stands in; its first letter decides the direction of all its lines.
    pub(super) fn paragraph_at(&self, at: usize) -> &str {
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
