//! A unit gets a new key: what that means is said first, then how far it has come, then what came of it.

use ratatui::layout::Rect;

use super::keys::told;
use crate::{
    model::UnitId,
    ui::{
        effect::Effect,
        keymap::Act,
        msg::{Msg, Sentence, Trouble},
        rotation::RotationNews,
        theme::Role,
        turn::{Go, Turn},
        widgets::{bars, canvas::Canvas},
        world::World,
    },
};

/// The page.
#[derive(Debug)]
pub(crate) struct Rotation {
    unit: UnitId,
    told: Vec<Sentence>,
    /// Whether Enter begins, or goes on.
    ready: bool,
    /// How far it is, while it goes on: done, of how many, how many a second.
    at: Option<(u64, u64, u64)>,
    trouble: Option<Trouble>,
}

impl Rotation {
    pub(crate) const fn new(unit: UnitId) -> Self {
        Self { unit, told: Vec::new(), ready: false, at: None, trouble: None }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        let Msg::Rotation(unit, news) = msg else { return Turn::stay() };
        if *unit != self.unit {
            return Turn::stay();
        }
        match news {
            RotationNews::Ahead(told) => (self.told, self.ready) = (told.clone(), true),
            RotationNews::At { done, total, rate } => self.at = Some((*done, *total, *rate)),
            RotationNews::Ended { told, more } => (self.told, self.ready, self.at) = (told.clone(), *more, None),
            RotationNews::Failed(trouble) => (self.trouble, self.at) = (Some(trouble.clone()), None),
        }
        Turn::stay()
    }

    pub(crate) fn key(&mut self, act: Option<Act>) -> Turn {
        match (act, self.at) {
            (Some(Act::Back), Some(_)) => Turn::ask(Effect::StopRotating),
            (Some(Act::Back), None) => Turn::go(Go::Back),
            (Some(Act::Keep), None) if self.ready => {
                (self.at, self.ready, self.trouble) = (Some((0, 0, 0)), false, None);
                Turn::ask(Effect::Rotate(self.unit))
            }
            _ => Turn::stay(),
        }
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let name = canvas.fill("rotation.of", &[("unit", &world.unit_name(&self.unit))]);
        canvas.put((area.x, area.y), area.width, &name, Role::Strong);
        let mut lines: Vec<(String, Role)> = Vec::new();
        if self.told.is_empty() && self.trouble.is_none() {
            lines.push((canvas.say("rotation.looking").to_owned(), Role::Faint));
        }
        lines.extend(self.told.iter().map(|sentence| told(sentence, canvas)));
        if let Some((done, total, rate)) = self.at {
            lines.push((progress(done, total, rate, canvas), Role::Accent));
            lines.push((canvas.say("rotation.stops").to_owned(), Role::Faint));
        } else if self.ready {
            lines.push((canvas.say("rotation.ready").to_owned(), Role::Accent));
        }
        if let Some(trouble) = &self.trouble {
            lines.push((format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn));
        }
        let mut y = area.y.saturating_add(2);
        for (text, role) in lines {
            let height = area.bottom().saturating_sub(y);
            if height > 0 {
                y = y.saturating_add(1 + canvas.paragraph(Rect { y, height, ..area }, &text, role));
            }
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
