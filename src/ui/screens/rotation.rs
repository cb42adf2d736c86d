//! A unit gets a new key, or a case is sealed again: what that means is said first, then how far it has come, then what came of it.

use ratatui::layout::Rect;

use super::keys::told;
use crate::ui::{
    effect::Effect,
    keymap::Act,
    msg::{Msg, Sentence, Trouble},
    rotation::{Renewed, RotationNews},
    theme::Role,
    turn::{Go, Turn},
    widgets::{bars, canvas::Canvas},
    world::World,
};

/// Rows at the foot of the page: whether there is more to read, how far it is, and what stops it.
const BELOW: u16 = 3;

/// The page.
#[derive(Debug)]
pub(crate) struct Rotation {
    of: Renewed,
    told: Vec<Sentence>,
    /// The first sentence that is shown.
    line: usize,
    /// Whether Enter begins, or goes on.
    ready: bool,
    /// How far it is, while it goes on: done, of how many, how many a second.
    at: Option<(u64, u64, u64)>,
    trouble: Option<Trouble>,
}

impl Rotation {
    pub(crate) const fn new(of: Renewed) -> Self {
        Self { of, told: Vec::new(), line: 0, ready: false, at: None, trouble: None }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        let Msg::Rotation(of, news) = msg else { return Turn::stay() };
        if *of != self.of {
            return Turn::stay();
        }
        match news {
            RotationNews::Ahead(told) => (self.told, self.ready) = (told.clone(), true),
            RotationNews::At { done, total, rate } => self.at = Some((*done, *total, *rate)),
            RotationNews::Ended { told, more } => {
                (self.told, self.line, self.ready, self.at) = (told.clone(), 0, *more, None);
            }
            RotationNews::Failed(trouble) => (self.trouble, self.at) = (Some(trouble.clone()), None),
        }
        Turn::stay()
    }

    pub(crate) fn key(&mut self, act: Option<Act>) -> Turn {
        match (act, self.at) {
            (Some(Act::Back), Some(_)) => Turn::ask(Effect::StopRotating),
            (Some(Act::Back), None) => Turn::go(Go::Back),
            (Some(Act::Up), _) => {
                self.line = self.line.saturating_sub(1);
                Turn::stay()
            }
            (Some(Act::Down), _) => {
                self.line = self.line.saturating_add(1).min(self.told.len().saturating_sub(1));
                Turn::stay()
            }
            (Some(Act::Keep), None) if self.ready => {
                (self.at, self.ready, self.trouble) = (Some((0, 0, 0)), false, None);
                Turn::ask(Effect::Rotate(self.of))
            }
            _ => Turn::stay(),
        }
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let (name, looking) = match self.of {
            Renewed::Unit(unit) => {
                (canvas.fill("rotation.of", &[("unit", &world.unit_name(&unit))]), "rotation.looking")
            }
            Renewed::Case(case) => (canvas.fill("reseal.of", &[("case", &case.short())]), "reseal.looking"),
        };
        canvas.put((area.x, area.y), area.width, &name, Role::Strong);
        let mut lines: Vec<(String, Role)> = Vec::new();
        if let Some(trouble) = &self.trouble {
            lines.push((format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn));
        } else if self.told.is_empty() {
            lines.push((canvas.say(looking).to_owned(), Role::Faint));
        }
        lines.extend(self.told.iter().skip(self.line).map(|sentence| told(sentence, canvas)));
        // However much there is to say, what the keys do now is always seen.
        let below = Rect { y: area.bottom().saturating_sub(BELOW), height: BELOW.min(area.height), ..area };
        let mut y = area.y.saturating_add(2);
        for (text, role) in lines {
            let height = below.y.saturating_sub(y);
            y = y.saturating_add(1 + canvas.paragraph(Rect { y, height, ..area }, &text, role));
        }
        let now = match self.at {
            Some((done, total, rate)) => vec![
                (progress(done, total, rate, canvas), Role::Accent),
                (canvas.say("rotation.stops").to_owned(), Role::Faint),
            ],
            None if self.ready => vec![(canvas.say("rotation.ready").to_owned(), Role::Accent)],
            None => Vec::new(),
        };
        // The row behind the last one is free, unless something was cut.
        if y > below.y.saturating_add(1) {
            canvas.put((area.x, below.y), area.width, "\u{2193}", Role::Accent);
        }
        for ((text, role), y) in now.iter().zip(below.y.saturating_add(1)..below.bottom()) {
            canvas.paragraph(Rect { y, height: 1, ..area }, text, *role);
        }
    }
}

/// A bar of twenty, then how many, how fast and for how long still.
fn progress(done: u64, total: u64, rate: u64, canvas: &Canvas<'_>) -> String {
    let filled = (done.saturating_mul(20) / total.max(1)).min(20);
    let bar: String = (0..20).map(|at| if at < filled { '▰' } else { '▱' }).collect();
    let (now, all) = (done.to_string(), total.to_string());
    let counted = canvas.fill("rotation.at", &[("done", &now), ("total", &all)]);
    let left = total.saturating_sub(done).checked_div(rate).map(|seconds| seconds.to_string());
    let speed = left.map(|left| canvas.fill("rotation.speed", &[("rate", &rate.to_string()), ("left", &left)]));
    format!("{bar}  {counted}{}", speed.unwrap_or_default())
}
