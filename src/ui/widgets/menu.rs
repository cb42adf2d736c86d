//! A short list over a screen, narrowed by typing.

use ratatui::{crossterm::event::KeyCode, layout::Rect};

use super::{
    canvas::{Canvas, Lean, middle},
    list::List,
    text::{Edit, Lay},
};
use crate::{
    codebook::fold,
    model::western_digit,
    ui::{bidi, keymap::Act, pointing::lies_in, theme::Role},
};

/// A question with a few answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Menu {
    /// Key of the heading in the words.
    heading: &'static str,
    items: Vec<String>,
    /// What each is found by, folded.
    names: Vec<String>,
    typed: Edit,
    list: List,
}

/// Most rows a menu shows.
const ROWS: usize = 12;

impl Menu {
    pub(crate) fn new(heading: &'static str, items: Vec<String>) -> Self {
        let names = items.iter().map(|item| fold(item)).collect();
        Self { heading, items, names, typed: Edit::line(""), list: List::default() }
    }

    /// Of items that have other names as well: whichever language the screen is in, they are found in both.
    pub(crate) fn of_named(heading: &'static str, named: impl IntoIterator<Item = (String, String)>) -> Self {
        let (items, others): (Vec<String>, Vec<String>) = named.into_iter().unzip();
        let mut menu = Self::new(heading, items);
        for (name, other) in menu.names.iter_mut().zip(&others) {
            name.push('\n');
            name.push_str(&fold(other));
        }
        menu
    }

    /// The items that have the typed letters, by their place.
    fn found(&self) -> Vec<usize> {
        let wanted = fold(self.typed.text());
        self.names.iter().enumerate().filter(|(_, name)| name.contains(&wanted)).map(|(at, _)| at).collect()
    }

    /// A key; the chosen item's place when one was chosen.
    pub(crate) fn key(&mut self, code: KeyCode, act: Option<Act>) -> Option<usize> {
        let found = self.found();
        match (act, code) {
            (Some(Act::Choose), _) => return found.get(self.list.at).copied(),
            (Some(act), _) => {
                self.list.go(act, found.len(), ROWS);
            }
            // A number takes the row of that place.
            (None, KeyCode::Char(digit)) if self.numbered(digit).is_some() => return self.numbered(digit),
            (None, code) => {
                self.typed.key(&code.into(), Lay::SHORT);
                self.list = List::default();
            }
        }
        None
    }

    fn numbered(&self, digit: char) -> Option<usize> {
        let number = usize::try_from(western_digit(digit).to_digit(10)?).ok()?;
        let at = number.checked_sub(1)?;
        (self.typed.is_empty() && self.items.len() <= 9 && at < self.items.len()).then_some(at)
    }

    /// A click: chooses the row under it. Whether that row had been chosen before.
    pub(crate) fn click(&mut self, column: u16, row: u16, area: Rect) -> bool {
        let place = self.place(area);
        // Within the frame, below the line that is typed.
        let rows = Rect { y: place.y + 2, height: place.height.saturating_sub(3), ..place };
        let found = self.found().len();
        let at = lies_in(rows, column, row).then(|| self.list.hit(usize::from(row - rows.y), found)).flatten();
        let again = at == Some(self.list.at);
        if let Some(at) = at {
            self.list.put(at, found, ROWS);
        }
        again
    }

    /// The box that it is drawn in.
    fn place(&self, area: Rect) -> Rect {
        let rows = self.items.len().min(ROWS);
        // Wide enough for its longest line behind the mark, within its frame.
        let longest = self.items.iter().map(|item| bidi::columns(item)).max().unwrap_or_default();
        middle(area, longest.saturating_add(6).max(56), u16::try_from(rows + 4).unwrap_or(u16::MAX))
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let found = self.found();
        let heading = canvas.say(self.heading).to_owned();
        let inside = canvas.popup(self.place(area), &heading);
        self.typed.draw(canvas, Rect { height: 1, ..inside }, true);
        if self.items.len() > ROWS && !found.is_empty() {
            // There are more than stand here: how many, and where among them the bar is.
            let text = format!("{}/{}", self.list.at + 1, found.len());
            canvas.lean((inside.right().saturating_sub(9), inside.y), 9, &text, Role::Faint, Lean::End);
        }
        for (at, y) in self.list.shown(found.len(), ROWS).zip(inside.y + 1..inside.bottom()) {
            let item = found.get(at).and_then(|at| self.items.get(*at)).map_or("", String::as_str);
            let chosen = at == self.list.at;
            let role = if chosen { Role::Selected } else { Role::Text };
            if chosen {
                canvas.wash(Rect { y, height: 1, ..inside }, role);
            }
            let text = canvas.marked(chosen, item);
            canvas.put((inside.x, y), inside.width, &text, role);
        }
        if found.is_empty() {
            let none = canvas.say("list.none").to_owned();
            canvas.put((inside.x + 2, inside.y + 1), inside.width, &none, Role::Faint);
        }
    }
}
