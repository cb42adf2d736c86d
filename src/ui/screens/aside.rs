//! What was set aside: why, when it was found, whose device wrote it and at which number. One can be saved, still sealed, or dropped, and
//! all of it can be held against the roster of today.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    ui::{
        effect::Effect,
        keymap::{Act, Room},
        msg::{AsideNews, AsideRow, Msg, Trouble},
        pointing::{Rows, Spot},
        telling,
        theme::Role,
        turn::{Go, Turn},
        widgets::{
            bars,
            canvas::{Canvas, Lean, middle},
            list::List,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// The page.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// What the desk found; nothing before it has answered.
    rows: Option<Vec<AsideRow>>,
    list: List,
    /// Where the chosen one is to be saved.
    save: Option<Path>,
    /// The one that may be dropped.
    drop: Option<Dropping>,
    /// What came of the last wish: a word, and what fills its blanks.
    said: Option<(&'static str, Vec<(&'static str, String)>)>,
}

/// The last look before one is dropped.
#[derive(Debug)]
struct Dropping {
    row: AsideRow,
    /// Whether the desk is at it.
    busy: bool,
    trouble: Option<Trouble>,
}

/// Lines above the list.
const ABOVE: u16 = 3;
/// Lines of one row.
const EACH: u16 = 2;

impl Aside {
    pub(crate) const fn room(&self) -> Room {
        match (&self.save, &self.drop) {
            (Some(_), _) => Room::Path,
            (None, Some(_)) => Room::Dropping,
            (None, None) => Room::Aside,
        }
    }

    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        if self.save.is_some() || self.drop.is_some() {
            return Spot::Nothing;
        }
        let (len, first) = (self.rows.as_deref().map_or(0, <[AsideRow]>::len), world.body().y + ABOVE);
        Spot::Rows(Rows { list: &mut self.list, len, page: page(world), first, each: EACH })
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(path) = &mut self.save {
            path.paste(text);
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg, world: &World) -> Turn {
        match msg {
            Msg::Aside(AsideNews::Are(rows)) => {
                self.list.put(self.list.at, rows.len(), page(world));
                self.rows = Some(rows.clone());
            }
            Msg::SaveFailed(trouble) => self.save.iter_mut().for_each(|path| path.failed(trouble)),
            Msg::PartSaved { path } if self.save.is_some() => {
                self.save = None;
                self.said = Some(("aside.saved", vec![("path", path.clone())]));
            }
            Msg::Aside(AsideNews::Tried { stand, wait, left }) => {
                let blanks = [("stand", stand), ("wait", wait), ("left", left)];
                self.said = Some(("aside.tried", blanks.map(|(blank, n)| (blank, n.to_string())).to_vec()));
            }
            Msg::Aside(AsideNews::Dropped) if self.drop.is_some() => {
                self.drop = None;
                self.said = Some(("aside.dropped", Vec::new()));
            }
            Msg::Aside(AsideNews::Stays(trouble)) => {
                self.drop.iter_mut().for_each(|drop| (drop.busy, drop.trouble) = (false, Some(trouble.clone())));
            }
            _ => {}
        }
        Turn::stay()
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if let Some(path) = &mut self.save {
            let asked = path.key(key, act);
            let chosen = self.rows.as_deref().unwrap_or_default().get(self.list.at);
            match (asked, chosen) {
                (Asked::Still, _) => {}
                (Asked::Path(path), Some(row)) => return Turn::ask(Effect::SaveAside { id: row.id.clone(), path }),
                (Asked::Path(_) | Asked::Left | Asked::Stop, _) => self.save = None,
            }
            return Turn::stay();
        }
        if let Some(drop) = &mut self.drop {
            return match act {
                _ if drop.busy => Turn::stay(),
                Some(Act::Drop) => {
                    (drop.busy, drop.trouble) = (true, None);
                    Turn::ask(Effect::DropAside { id: drop.row.id.clone() })
                }
                Some(Act::Back) => {
                    self.drop = None;
                    Turn::stay()
                }
                _ => Turn::stay(),
            };
        }
        let rows = self.rows.as_deref().unwrap_or_default();
        match act {
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(Act::SavePart) if !rows.is_empty() => {
                self.said = None;
                self.save = Some(Path::new());
            }
            Some(Act::TryAgain) if !rows.is_empty() => {
                self.said = None;
                return Turn::ask(Effect::TryAside);
            }
            Some(Act::Drop) => {
                let chosen = rows.get(self.list.at).cloned();
                self.drop = chosen.map(|row| Dropping { row, busy: false, trouble: None });
                self.said = None;
            }
            Some(act) => {
                let count = rows.len();
                self.list.go(act, count, page(world));
            }
            None => {}
        }
        Turn::stay()
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let rows = self.rows.as_deref().unwrap_or_default();
        let open = u64::try_from(rows.iter().filter(|row| !row.whole).count()).unwrap_or(u64::MAX);
        let (text, role) = match (&self.rows, open) {
            (None, _) => (canvas.say("aside.looking").to_owned(), Role::Faint),
            (Some(_), 0) => (canvas.say("aside.nothing").to_owned(), Role::Good),
            (Some(_), _) => (format!("! {}", words::count(canvas.tongue(), "outbox.quarantined", open)), Role::Warn),
        };
        canvas.paragraph(Rect { height: ABOVE - 1, ..area }, &text, role);
        if let Some((word, blanks)) = &self.said {
            let blanks: Vec<_> = blanks.iter().map(|(blank, text)| (*blank, text.as_str())).collect();
            let text = canvas.fill(word, &blanks);
            canvas.put((area.x, area.y + ABOVE - 1), area.width, &text, Role::Good);
        }
        let below = Rect { y: area.y + ABOVE, height: area.height.saturating_sub(ABOVE), ..area };
        let shown = self.list.shown(rows.len(), usize::from(below.height / EACH));
        for (at, y) in shown.zip((below.y..below.bottom()).step_by(usize::from(EACH))) {
            if let Some(row) = rows.get(at) {
                draw_row(row, at == self.list.at, canvas, Rect { y, height: EACH, ..below });
            }
        }
        if let Some(path) = &self.save {
            let (heading, hint) = (canvas.say("aside.save").to_owned(), canvas.say("aside.save_hint").to_owned());
            path.draw(canvas, area, &heading, &hint);
        }
        if let Some(drop) = &self.drop {
            drop.draw(canvas, area);
        }
    }
}

/// Rows that are on the screen at once.
fn page(world: &World) -> usize {
    world.page().saturating_sub(usize::from(ABOVE)) / usize::from(EACH)
}

impl Dropping {
    /// Which one, what dropping it means, and the key that does it.
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let heading = canvas.say("aside.drop").to_owned();
        let inside = canvas.popup(middle(area, 74, 16), &heading);
        draw_row(&self.row, false, canvas, Rect { height: EACH, ..inside });
        let rest = |y: u16| Rect { y, height: inside.bottom().saturating_sub(y), ..inside };
        let mut y = inside.y + EACH + 1;
        let means = canvas.say("aside.drop_means").to_owned();
        y += 1 + canvas.paragraph(rest(y), &means, Role::Strong);
        let (text, role) = match (&self.trouble, self.busy) {
            (_, true) => (canvas.say("aside.dropping").to_owned(), Role::Accent),
            (Some(trouble), false) => {
                (format!("✗ {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Bad)
            }
            (None, false) => (canvas.say("aside.drop_ready").to_owned(), Role::Accent),
        };
        canvas.paragraph(rest(y), &text, role);
    }
}

fn draw_row(row: &AsideRow, chosen: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let role = if chosen { Role::Selected } else { Role::Text };
    canvas.wash(Rect { height: 1, ..area }, role);
    let day = row.day.map(telling::clock).unwrap_or_else(|| canvas.say("aside.no_day").to_owned());
    canvas.put((area.x, area.y), 18, &day, role);
    let who =
        if row.member.is_empty() { row.device.short() } else { format!("{} · {}", row.member, row.device.short()) };
    let number = canvas.fill("aside.number", &[("n", &row.number.to_string())]);
    let wide = area.width.saturating_sub(34);
    canvas.put((area.x + 19, area.y), wide, &who, role);
    canvas.lean((area.x + 20 + wide, area.y), 14, &number, role, Lean::End);
    let (key, faint) =
        if row.whole { ("aside.whole".to_owned(), Role::Faint) } else { (format!("why.{}", row.why), Role::Warn) };
    let why = canvas.say(&key).to_owned();
    canvas.put((area.x + 2, area.y + 1), area.width.saturating_sub(2), &why, faint);
}
