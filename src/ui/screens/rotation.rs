//! A unit gets a new key, or a case is sealed again: what that means is said first, then how far it has come, then what came of it.

use ratatui::layout::Rect;

use super::keys::told;
use crate::ui::{
    effect::Effect,
    keymap::Act,
    msg::{Msg, Sentence, Trouble},
    rotation::{KeepTheirKey, Renewed, RotationNews},
    theme::Role,
    turn::{Go, Turn},
    widgets::{bars, canvas::Canvas},
    world::World,
};

/// Rows at the foot of the page: whether there is more to read, how far it is, and what stops it.
const BELOW: u16 = 3;
/// Rows for slips that keep their key, however much else there is to say.
const LEAST: u16 = 4;

/// How far it is: done, of how many, how many a second, and how many bytes of how many of attachments.
#[derive(Clone, Copy, Debug, Default)]
struct At {
    done: u64,
    total: u64,
    rate: u64,
    bytes: (u64, u64),
}

/// The page.
#[derive(Debug)]
pub(crate) struct Rotation {
    of: Renewed,
    told: Vec<Sentence>,
    /// Slips that keep their key: the last that is shown.
    keep: KeepTheirKey,
    /// The first sentence that is shown.
    line: usize,
    /// Whether Enter begins, or goes on.
    ready: bool,
    /// How far it is, while it goes on.
    at: Option<At>,
    trouble: Option<Trouble>,
}

impl Rotation {
    pub(crate) const fn new(of: Renewed) -> Self {
        Self {
            of,
            told: Vec::new(),
            keep: KeepTheirKey { named: Vec::new(), n: 0, after: 0 },
            line: 0,
            ready: false,
            at: None,
            trouble: None,
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        let Msg::Rotation(of, news) = msg else { return Turn::stay() };
        if *of != self.of {
            return Turn::stay();
        }
        match news {
            RotationNews::Ahead(told, keep) => (self.told, self.keep, self.ready) = (told.clone(), keep.clone(), true),
            RotationNews::At { done, total, rate, bytes, all_bytes } => {
                self.at = Some(At { done: *done, total: *total, rate: *rate, bytes: (*bytes, *all_bytes) });
            }
            RotationNews::Ended { told, keep, more } => {
                (self.told, self.keep, self.line) = (told.clone(), keep.clone(), 0);
                (self.ready, self.at) = (*more, None);
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
                let all = self.told.len() + self.keep.named.len();
                self.line = self.line.saturating_add(1).min(all.saturating_sub(1));
                Turn::stay()
            }
            (Some(Act::Keep), None) if self.ready => {
                (self.at, self.ready, self.trouble) = (Some(At::default()), false, None);
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
        let (before, behind) = self.told.split_at(self.keep.after.min(self.told.len()));
        let listed = before.len() + self.keep.named.len();
        let said = |part: &[Sentence], from: usize| {
            part.iter().skip(from).map(|sentence| told(sentence, canvas)).collect::<Vec<_>>()
        };
        lines.extend(said(before, self.line));
        let behind = said(behind, self.line.saturating_sub(listed));
        let rows =
            |lines: &[(String, Role)]| lines.iter().map(|(text, _)| 1 + Canvas::lines(text, area.width)).sum::<u16>();
        let others = rows(&lines).saturating_add(rows(&behind));
        // However much there is to say, what the keys do now is always seen.
        let below = Rect { y: area.bottom().saturating_sub(BELOW), height: BELOW.min(area.height), ..area };
        let top = area.y.saturating_add(2);
        let room = below.y.saturating_sub(top).saturating_sub(others).max(LEAST);
        let mut y = put(canvas, area, (top, below.y), &lines);
        let height = room.min(below.y.saturating_sub(y));
        y = y.saturating_add(self.draw_kept(canvas, Rect { y, height, ..area }));
        y = put(canvas, area, (y, below.y), &behind);
        let now = match self.at {
            Some(at) => {
                vec![(progress(&at, canvas), Role::Accent), (canvas.say("rotation.stops").to_owned(), Role::Faint)]
            }
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

impl Rotation {
    /// Slips that keep their key, as many as there is room for; the rest as a number. How many rows that took, with the free one behind.
    fn draw_kept(&self, canvas: &mut Canvas<'_>, room: Rect) -> u16 {
        let (passed, mut used) = (self.line.saturating_sub(self.keep.after), 0_u16);
        let mut rest = self.keep.n;
        for (sentence, at) in self.keep.named.iter().zip(0_u64..).skip(passed) {
            let (text, role) = told(sentence, canvas);
            rest = self.keep.n.saturating_sub(at);
            let (lines, free) = (Canvas::lines(&text, room.width), room.height.saturating_sub(used));
            // The last row is for how many there are still, unless this is the last of them.
            if lines.saturating_add(u16::from(rest > 1)) > free {
                break;
            }
            canvas.paragraph(Rect { y: room.y.saturating_add(used), height: free, ..room }, &text, role);
            (used, rest) = (used.saturating_add(lines), rest.saturating_sub(1));
        }
        if rest > 0 && used < room.height && passed <= self.keep.named.len() {
            let text = canvas.fill("rotation.shut_more", &[("n", &rest.to_string())]);
            used += canvas.paragraph(Rect { y: room.y.saturating_add(used), height: 1, ..room }, &text, Role::Warn);
        }
        if used > 0 { used.saturating_add(1) } else { 0 }
    }
}

/// Paragraphs between two rows, a free row behind each; gives the row after.
fn put(canvas: &mut Canvas<'_>, area: Rect, (mut y, end): (u16, u16), lines: &[(String, Role)]) -> u16 {
    for (text, role) in lines {
        let height = end.saturating_sub(y);
        y = y.saturating_add(1 + canvas.paragraph(Rect { y, height, ..area }, text, *role));
    }
    y
}

/// A bar of twenty, then how many, how fast and for how long still; where there are attachments, the bar is of their bytes, which take the time.
fn progress(at: &At, canvas: &Canvas<'_>) -> String {
    let At { done, total, rate, bytes: (bytes, all_bytes) } = *at;
    let (part, whole) = if all_bytes > 0 { (bytes, all_bytes) } else { (done, total) };
    let filled = (part.saturating_mul(20) / whole.max(1)).min(20);
    let bar: String = (0..20).map(|at| if at < filled { '▰' } else { '▱' }).collect();
    let (now, all) = (done.to_string(), total.to_string());
    let counted = canvas.fill("rotation.at", &[("done", &now), ("total", &all)]);
    if all_bytes > 0 {
        let mib = [("mib", (bytes >> 20).to_string()), ("of", all_bytes.div_ceil(1 << 20).to_string())];
        let mib = mib.each_ref().map(|(blank, n)| (*blank, n.as_str()));
        return format!("{bar}  {counted}{}", canvas.fill("reseal.bytes", &mib));
    }
    let left = total.saturating_sub(done).checked_div(rate).map(|seconds| seconds.to_string());
    let speed = left.map(|left| canvas.fill("rotation.speed", &[("rate", &rate.to_string()), ("left", &left)]));
    format!("{bar}  {counted}{}", speed.unwrap_or_default())
}
