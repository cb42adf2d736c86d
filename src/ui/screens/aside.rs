//! What was set aside: why, when it was found, whose device wrote it and at which number; one can be saved, still sealed.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    ui::{
        effect::Effect,
        keymap::{Act, Room},
        msg::{AsideRow, Msg},
        telling,
        theme::Role,
        turn::{Go, Turn},
        widgets::{
            canvas::{Canvas, Lean},
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
    /// Where one was saved.
    said: Option<String>,
}

/// Lines above the list.
const ABOVE: u16 = 3;
/// Lines of one row.
const EACH: u16 = 2;

impl Aside {
    pub(crate) const fn room(&self) -> Room {
        if self.save.is_some() { Room::Path } else { Room::Aside }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(path) = &mut self.save {
            path.paste(text);
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        match msg {
            Msg::AsideIs(rows) => self.rows = Some(rows.clone()),
            Msg::SaveFailed(trouble) => self.save.iter_mut().for_each(|path| path.failed(trouble)),
            Msg::PartSaved { path } if self.save.is_some() => {
                self.save = None;
                self.said = Some(path.clone());
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
        let count = self.rows.as_ref().map_or(0, Vec::len);
        match act {
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(Act::SavePart) if count > 0 => {
                self.said = None;
                self.save = Some(Path::new());
            }
            Some(act) => {
                let page = world.page().saturating_sub(usize::from(ABOVE)) / usize::from(EACH);
                self.list.go(act, count, page);
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
        if let Some(path) = &self.said {
            let text = canvas.fill("aside.saved", &[("path", path)]);
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
