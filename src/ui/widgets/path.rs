//! A file's path, typed over a screen: what it is for, how far the work with it has come, and what went wrong.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::{
    bars,
    canvas::{Canvas, middle},
    choice::Did,
    text::{Edit, Lay},
};
use crate::ui::{keymap::Act, msg::Trouble, theme::Role};

/// Said when *Enter* is pressed before anything is typed.
const EMPTY: &str = "part.empty";

/// The question and its answer so far.
#[derive(Debug)]
pub(crate) struct Path {
    edit: Edit,
    /// Whether a path is wanted at all, or only a word to begin.
    asks: bool,
    /// How much of the work is done, while it goes on: parts of a hundred.
    busy: Option<u64>,
    trouble: Option<Trouble>,
}

/// What came of a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nothing yet.
    Still,
    /// This path.
    Path(String),
    /// The question is taken back.
    Left,
    /// The work is to stop.
    Stop,
}

impl Path {
    pub(crate) fn new() -> Self {
        Self::of("")
    }

    /// With a path that will do for most.
    pub(crate) fn of(path: &str) -> Self {
        Self { edit: Edit::line(path), asks: true, busy: None, trouble: None }
    }

    /// For work that needs no path: it begins when it is asked for.
    pub(crate) fn without() -> Self {
        Self { asks: false, ..Self::new() }
    }

    /// The work begins.
    pub(crate) fn begin(&mut self) {
        (self.busy, self.trouble) = (Some(0), None);
    }

    /// Whether a path is wanted.
    pub(crate) const fn asks(&self) -> bool {
        self.asks
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>) -> Asked {
        match (act, key.code) {
            (Some(Act::Back), _) if self.busy.is_some() => return Asked::Stop,
            (Some(Act::Back), _) => return Asked::Left,
            _ if self.busy.is_some() => {}
            (Some(Act::Choose), _) if !self.asks || !self.edit.text().trim().is_empty() => {
                self.begin();
                return Asked::Path(self.edit.text().trim().to_owned());
            }
            (Some(Act::Choose), _) => self.trouble = Some(Trouble::word(EMPTY)),
            (Some(_), _) => {}
            _ if !self.asks => {}
            (None, _) => {
                if self.edit.key(key, Lay::SHORT) == Did::Changed {
                    self.trouble.take_if(|trouble| trouble.word == EMPTY);
                }
            }
        }
        Asked::Still
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if self.busy.is_none() && self.asks {
            self.edit.paste(text.trim_end_matches(['\r', '\n']));
        }
    }

    /// The work has come so far.
    pub(crate) fn reached(&mut self, done: u64, total: u64) {
        if self.busy.is_some() {
            self.busy = Some(done.saturating_mul(100) / total.max(1));
        }
    }

    /// The work ended without a result: the path can be corrected.
    pub(crate) fn failed(&mut self, trouble: &Trouble) {
        self.busy = None;
        self.trouble = Some(trouble.clone());
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, heading: &str, hint: &str) {
        let inside = canvas.popup(middle(area, 70, 9), heading);
        if self.asks {
            self.edit.draw(canvas, Rect { y: inside.y + 1, height: 1, ..inside }, self.busy.is_none());
        }
        let (text, role) = match (&self.busy, &self.trouble) {
            (Some(percent), _) => (canvas.fill("part.working", &[("percent", &percent.to_string())]), Role::Accent),
            (None, Some(trouble)) => {
                (format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn)
            }
            (None, None) => (hint.to_owned(), Role::Faint),
        };
        let below = Rect { y: inside.y + 3, height: inside.height.saturating_sub(3), ..inside };
        canvas.paragraph(below, &text, role);
    }
}
