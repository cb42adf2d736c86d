//! The admin's keys: what each opens, how old it is, when it is due, and what would follow if a device were revoked now. It signs nothing.

use ratatui::layout::Rect;

use crate::{
    ui::{
        audit::Audited,
        effect::Effect,
        keymap::Act,
        msg::{KeyRow, Sentence},
        pointing::{Rows, Spot},
        rotation::Renewed,
        theme::Role,
        turn::{Go, Open, Turn},
        view::Scroll,
        widgets::{
            canvas::{Canvas, Lean},
            list::List,
        },
        world::World,
    },
    words,
};

/// The list, or the preview of one row.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    list: List,
    preview: bool,
    line: u16,
}

/// Lines above the list, and lines of one row.
const ABOVE: u16 = 2;
const EACH: u16 = 3;

impl Keys {
    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        if self.preview {
            return Spot::Lines;
        }
        let (len, first) = (world.keys.as_deref().map_or(0, <[KeyRow]>::len), world.body().y + ABOVE);
        Spot::Rows(Rows { list: &mut self.list, len, page: page(world), first, each: EACH })
    }

    pub(crate) fn key(&mut self, act: Option<Act>, world: &World) -> Turn {
        let rows = world.keys.as_deref().unwrap_or_default();
        if self.preview {
            match act {
                Some(Act::Back | Act::Open) => self.preview = false,
                Some(Act::Down) => self.line = self.line.saturating_add(1).min(most(world)),
                Some(Act::Up) => self.line = self.line.saturating_sub(1),
                _ => {}
            }
            return Turn::stay();
        }
        match act {
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(Act::Audit) => {
                let whose = rows
                    .get(self.list.at)
                    .and_then(|row| row.device.map(Audited::Device).or_else(|| row.unit.map(Audited::Unit)));
                return whose.map_or_else(Turn::stay, |whose| Turn::open(Open::Audit(whose)));
            }
            Some(Act::Rotate) => {
                let unit = rows.get(self.list.at).and_then(|row| row.unit);
                return unit.map_or_else(Turn::stay, |unit| Turn::open(Open::Rotation(Renewed::Unit(unit))));
            }
            Some(Act::Open) => {
                let device = rows.get(self.list.at).filter(|row| !row.gone).and_then(|row| row.device);
                if let Some(device) = device {
                    (self.preview, self.line) = (true, 0);
                    return Turn::ask(Effect::PreviewRevocation(device));
                }
            }
            Some(act) => {
                self.list.go(act, rows.len(), page(world));
            }
            None => {}
        }
        Turn::stay()
    }

    pub(crate) fn draw(&self, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(keys) = &world.keys else {
            let text = canvas.say("roster.loading").to_owned();
            canvas.put((area.x + 4, area.y + 2), area.width, &text, Role::Faint);
            return;
        };
        if self.preview {
            let row = keys.get(self.list.at);
            self.preview(row, world, scroll, canvas, area);
            return;
        }
        let text = canvas.say("keys.about").to_owned();
        canvas.put((area.x, area.y), area.width, &text, Role::Faint);
        let shown = self.list.shown(keys.len(), usize::from(area.height.saturating_sub(ABOVE) / EACH).max(1));
        let rows = keys.iter().enumerate().skip(shown.start).take(shown.len());
        let lines = (area.y.saturating_add(ABOVE)..area.bottom()).step_by(usize::from(EACH));
        for ((at, row), y) in rows.zip(lines) {
            draw_row(row, at == self.list.at, canvas, Rect { y, ..area });
        }
    }

    /// What follows if the device of this row is lost today.
    fn preview(&self, row: Option<&KeyRow>, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let title = canvas.fill("keys.preview", &[("name", row.map_or("", |row| row.name.as_str()))]);
        canvas.put((area.x, area.y), area.width, &title, Role::Strong);
        let text = canvas.say("keys.preview_how").to_owned();
        canvas.put((area.x, area.y + 1), area.width, &text, Role::Faint);
        let lines = row.and_then(|row| row.device).and_then(|device| {
            world.preview.as_ref().filter(|(of, _)| *of == device).map(|(_, lines)| lines.as_slice())
        });
        scroll.line = self.line;
        let mut y = area.y.saturating_add(3);
        for sentence in lines.unwrap_or_default().iter().skip(usize::from(self.line)) {
            let (text, role) = told(sentence, canvas);
            let height = area.bottom().saturating_sub(y).min(2);
            if height == 0 {
                return;
            }
            let width = area.width.saturating_sub(2);
            let taken = canvas.paragraph(Rect { x: area.x + 2, y, width, height }, &text, role);
            y = y.saturating_add(taken.max(1));
        }
    }
}

/// Rows that are on the screen at once.
fn page(world: &World) -> usize {
    (world.page().saturating_sub(usize::from(ABOVE)) / usize::from(EACH)).max(1)
}

fn most(world: &World) -> u16 {
    let lines = world.preview.as_ref().map_or(0, |(_, lines)| lines.len());
    u16::try_from(lines.saturating_sub(1)).unwrap_or(u16::MAX)
}

/// Three lines: what it is and how old, what it opens, and a blank.
fn draw_row(row: &KeyRow, chosen: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let name = format!("{}  ({})", row.name, canvas.say(&format!("keys.kind.{}", row.kind)));
    let name = canvas.marked(chosen, &name);
    let role = match (chosen, row.gone) {
        (true, _) => Role::Accent,
        (false, true) => Role::Faint,
        (false, false) => Role::Text,
    };
    let taken = canvas.put((area.x, area.y), area.width, &name, role);
    let (when, late) = age(row, canvas);
    let left = area.width.saturating_sub(taken + 2);
    let role = if late { Role::Warn } else { Role::Faint };
    canvas.lean((area.right().saturating_sub(left), area.y), left, &when, role, Lean::End);
    let (opens, role) = told(&row.opens, canvas);
    canvas.put((area.x + 4, area.y + 1), area.width.saturating_sub(4), &opens, role);
}

/// How old it is and when it is due; whether that is past.
fn age(row: &KeyRow, canvas: &Canvas<'_>) -> (String, bool) {
    if row.gone {
        return (canvas.say("keys.gone").to_owned(), false);
    }
    let age = canvas.fill("keys.age", &[("n", &row.days.to_string())]);
    match row.due {
        None => (age, false),
        Some(due) if due < 0 => {
            (format!("! {age}{}", canvas.fill("keys.overdue", &[("n", &(-due).to_string())])), true)
        }
        Some(due) => (format!("{age}{}", canvas.fill("keys.due", &[("n", &due.to_string())])), false),
    }
}

/// A sentence of the desk, in the screen's language.
pub(super) fn told(sentence: &Sentence, canvas: &Canvas<'_>) -> (String, Role) {
    let blanks: Vec<(&str, &str)> = sentence
        .blanks
        .iter()
        .map(|(blank, text, word)| {
            let spoken = || words::spoken(canvas.tongue(), text);
            (blank.as_str(), if *word { canvas.say(text) } else { spoken() })
        })
        .collect();
    let text = canvas.fill(&sentence.key, &blanks);
    if sentence.alarm { (format!("! {text}"), Role::Warn) } else { (text, Role::Text) }
}
