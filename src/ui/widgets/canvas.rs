//! The one pen that everything is drawn with: it orders Urdu, makes control characters inert and never leaves its row.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    model::Lang,
    ui::{
        app::Settings,
        bidi::{self, Order},
        theme::{Bidi, Role, pointer},
    },
    words::{self, Tongue},
};

pub(crate) use crate::report::told::tongue;

/// To which side a text leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lean {
    /// Where a line of the screen's language begins: left in English.
    Start,
    /// Where it ends.
    End,
    /// Where its own script begins: Urdu right, English left.
    Own,
}

/// The buffer with the settings that decide how text is drawn.
///
/// Screens say where things are as for English. On an Urdu screen that the program orders, the pen mirrors all of it:
/// what is first stands right. A terminal that orders lines by itself gets them unmirrored.
pub(crate) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// Language, order of Urdu, colours.
    pub(crate) settings: Settings,
    /// Where the terminal's cursor belongs, if somebody types.
    pub(crate) cursor: Option<(u16, u16)>,
}

impl<'a> Canvas<'a> {
    pub(crate) const fn new(buffer: &'a mut Buffer, settings: Settings) -> Self {
        Self { buffer, settings, cursor: None }
    }

    /// The language of the screen, as the words call it.
    pub(crate) const fn tongue(&self) -> Tongue {
        tongue(self.settings.lang)
    }

    /// A sentence in the language of the screen.
    pub(crate) fn say<'k>(&self, key: &'k str) -> &'k str {
        words::say(self.tongue(), key)
    }

    /// A sentence with its blanks filled.
    pub(crate) fn fill(&self, key: &str, blanks: &[(&str, &str)]) -> String {
        words::fill(self.tongue(), key, blanks)
    }

    /// The style of a role.
    pub(crate) fn style(&self, role: Role) -> Style {
        self.settings.theme.style(role)
    }

    /// Draws one line into `width` columns and says how many it took.
    pub(crate) fn put(&mut self, (x, y): (u16, u16), width: u16, text: &str, role: Role) -> u16 {
        self.lean((x, y), width, text, role, Lean::Start)
    }

    /// Draws one line leaning to a side of `width` columns.
    pub(crate) fn lean(&mut self, (x, y): (u16, u16), width: u16, text: &str, role: Role, lean: Lean) -> u16 {
        self.styled((x, y), width, text, self.style(role), lean)
    }

    /// As [`lean`](Self::lean), with a style of its own.
    pub(crate) fn styled(&mut self, (x, y): (u16, u16), width: u16, text: &str, style: Style, lean: Lean) -> u16 {
        let width = width.min(self.buffer.area.right().saturating_sub(x));
        let rtl = self.reads_rtl(text);
        let cells = bidi::cells(text, width, Order { bidi: self.settings.bidi, rtl, joined: true });
        let taken: u16 = cells.iter().map(|cell| cell.width).sum();
        let room = self.physical(Rect { x, y, width, height: 1 });
        let right = match lean {
            Lean::Start => self.mirrors(),
            Lean::End => !self.mirrors(),
            Lean::Own => rtl,
        };
        let mut column = if right { room.right().saturating_sub(taken) } else { room.x };
        for cell in &cells {
            self.cell(column, y, &cell.symbol, cell.width, style);
            column += cell.width;
        }
        taken
    }

    /// Whether a text is laid out from right to left on this screen: on an Urdu screen everything with Urdu in it is.
    pub(crate) fn reads_rtl(&self, text: &str) -> bool {
        bidi::runs_left(text, self.settings.lang)
    }

    /// A text behind the mark of what is chosen, or behind as much room.
    pub(crate) fn marked(&self, chosen: bool, text: &str) -> String {
        format!("{} {text}", if chosen { pointer(self.reads_rtl(text)) } else { " " })
    }

    /// The mark alone, where the text behind it is drawn by itself: the program puts that on the side to which the whole screen runs, and a
    /// terminal that orders lines does so by what is in them.
    pub(crate) fn mark_before(&self, text: &str) -> &'static str {
        pointer(match self.settings.bidi {
            Bidi::App => self.mirrors(),
            Bidi::Terminal => self.reads_rtl(text),
        })
    }

    /// Whether the screen runs from right to left.
    pub(crate) fn mirrors(&self) -> bool {
        self.settings.lang == Lang::Ur && self.settings.bidi == Bidi::App
    }

    /// Where an area is on the glass.
    pub(crate) fn physical(&self, area: Rect) -> Rect {
        if !self.mirrors() {
            return area;
        }
        let screen = self.buffer.area;
        Rect { x: (screen.x + screen.right()).saturating_sub(area.right()), ..area }
    }

    /// One grapheme in its cell of the glass; nothing outside the screen.
    pub(crate) fn cell(&mut self, x: u16, y: u16, symbol: &str, width: u16, style: Style) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
        if width > 1
            && let Some(cell) = self.buffer.cell_mut((x + 1, y))
        {
            cell.set_symbol(" ").set_style(style);
        }
    }

    /// Draws a paragraph, wrapped, in at most `area.height` lines, leaning to its own side; says how many lines it has.
    pub(crate) fn paragraph(&mut self, area: Rect, text: &str, role: Role) -> u16 {
        self.paragraph_from(area, 0, text, role)
    }

    /// As [`paragraph`](Self::paragraph), without its first `above` lines.
    pub(crate) fn paragraph_from(&mut self, area: Rect, above: u16, text: &str, role: Role) -> u16 {
        // On a mirrored screen a paragraph in English still begins left: its lines are read from there.
        let lean = if self.reads_rtl(text) || self.mirrors() { Lean::Own } else { Lean::Start };
        let mut row = 0_u16;
        for part in text.lines() {
            for range in bidi::wrap(part, area.width) {
                if let Some(down) = row.checked_sub(above).filter(|down| *down < area.height) {
                    let line = part.get(range).unwrap_or_default().trim_end();
                    self.lean((area.x, area.y + down), area.width, line, role, lean);
                }
                row = row.saturating_add(1);
            }
        }
        row
    }

    /// Where the second of two texts on one line begins: at `usual`, so that such lines stand in columns, unless one of the two has to be cut
    /// there while the other leaves room.
    pub(crate) fn beside(width: u16, usual: u16, (first, second): (&str, &str)) -> u16 {
        let (ends, begins) = (bidi::columns(first).saturating_add(2), width.saturating_sub(bidi::columns(second)));
        usual.clamp(ends.min(begins), ends.max(begins))
    }

    /// How many lines a paragraph takes at this width.
    pub(crate) fn lines(text: &str, width: u16) -> u16 {
        text.lines().map(|part| u16::try_from(bidi::wrap(part, width).len()).unwrap_or(u16::MAX)).sum()
    }

    /// A thin line across.
    pub(crate) fn rule(&mut self, x: u16, y: u16, width: u16) {
        let style = self.style(Role::Frame);
        let line = self.physical(Rect { x, y, width, height: 1 });
        for column in line.left()..line.right() {
            self.cell(column, y, "─", 1, style);
        }
    }

    /// Gives a whole run of cells a style, keeping what they show.
    pub(crate) fn wash(&mut self, area: Rect, role: Role) {
        let style = self.style(role);
        let area = self.physical(area).intersection(self.buffer.area);
        self.buffer.set_style(area, style);
    }

    /// Wipes an area.
    pub(crate) fn wipe(&mut self, area: Rect) {
        let area = self.physical(area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A box with a heading over what was there; gives the room inside.
    pub(crate) fn popup(&mut self, area: Rect, heading: &str) -> Rect {
        self.wipe(area);
        let style = self.style(Role::Frame);
        let (right, bottom) = (area.right().saturating_sub(1), area.bottom().saturating_sub(1));
        self.rule(area.x, area.y, area.width);
        self.rule(area.x, bottom, area.width);
        for y in area.top()..area.bottom() {
            self.cell(area.x, y, "│", 1, style);
            self.cell(right, y, "│", 1, style);
        }
        for (x, y, corner) in [(area.x, area.y, "╭"), (right, area.y, "╮"), (area.x, bottom, "╰"), (right, bottom, "╯")]
        {
            self.cell(x, y, corner, 1, style);
        }
        if !heading.is_empty() {
            let text = format!(" {heading} ");
            self.put((area.x + 2, area.y), area.width.saturating_sub(4), &text, Role::Strong);
        }
        Rect {
            x: area.x + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        }
    }
}

/// An area of at most this size in the middle of another.
pub(crate) fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}
