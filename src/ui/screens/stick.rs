//! A stick: what will leave and to whom, what came back, how far it has come, in words.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::abroad_in::AbroadIn;
use crate::{
    ui::{
        effect::Effect,
        keymap::{Act, Room},
        msg::{BundleIn, BundleOut, Msg, StickPage, Trouble},
        pointing::{Rows, Spot},
        theme::Role,
        turn::{Go, Turn},
        widgets::{
            bars,
            canvas::{Canvas, Lean, tongue},
            list::List,
            text::{Edit, Lay},
        },
        world::World,
    },
    words,
};

/// Which way a bundle goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    #[default]
    Out,
    In,
}

/// What came of a stick.
#[derive(Debug)]
enum Said {
    Out(BundleOut),
    In(BundleIn),
    Wrong(Trouble),
}

/// The page of a stick.
#[derive(Debug)]
pub(crate) struct Stick {
    way: Way,
    /// What would leave, and where sticks are; asked of the desk.
    page: Option<StickPage>,
    /// Which of the addressees: 0 is headquarters' hub.
    whom: usize,
    path: Edit,
    places: List,
    /// How far the work has come, while there is any.
    busy: Option<(u64, u64)>,
    said: Option<Said>,
    /// What came from another agency, while it is asked about.
    came: Option<Box<AbroadIn>>,
}

/// Most places that are shown.
const PLACES: usize = 3;
/// Columns of the labels before the addressee and the path.
const LABEL: u16 = 8;

impl Stick {
    /// A page for this way, and what the desk is asked for it.
    pub(crate) fn new(way: Way) -> (Self, Effect) {
        let (path, places) = (Edit::line(""), List::default());
        let stick = Self { way, page: None, whom: 0, path, places, busy: None, said: None, came: None };
        (stick, Effect::LookAtStick)
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if let Some(came) = &mut self.came {
            let (turn, open) = came.key(key, act, world);
            if !open {
                self.came = None;
            }
            return turn;
        }
        match act {
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(Act::Stop) if self.busy.is_some() => return Turn::ask(Effect::StopBundle),
            // One stick at a time.
            Some(_) if self.busy.is_some() => {}
            Some(Act::WriteBundle) => self.turn_to(Way::Out),
            Some(Act::ReadBundle) => self.turn_to(Way::In),
            Some(Act::Whom) if self.way == Way::Out => {
                let all = self.page.as_ref().map_or(1, |page| page.whom.len().max(1));
                self.whom = (self.whom + 1) % all;
            }
            Some(act @ (Act::Up | Act::Down)) => self.choose(act),
            Some(Act::Choose) => return self.begin(),
            Some(_) => {}
            None => {
                self.path.key(key, Lay::SHORT);
            }
        }
        Turn::stay()
    }

    /// What can be done with a stick now: work that goes on can be stopped, and nothing else.
    pub(super) fn does(&self, act: Act) -> bool {
        match act {
            Act::Stop => self.busy.is_some(),
            Act::Whom | Act::ReadBundle => self.busy.is_none() && self.way == Way::Out,
            Act::WriteBundle => self.busy.is_none() && self.way == Way::In,
            _ => true,
        }
    }

    fn turn_to(&mut self, way: Way) {
        self.way = way;
        self.said = None;
    }

    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        let first = self.places_row(world);
        match (&mut self.came, &self.page) {
            (Some(came), _) => came.menu().map_or(Spot::Nothing, Spot::Menu),
            (None, Some(page)) if self.busy.is_none() => {
                let len = page.places.len();
                Spot::Rows(Rows { list: &mut self.places, len, page: PLACES, first, each: 1 })
            }
            _ => Spot::Nothing,
        }
    }

    /// The screen's row of the first place: below the sentences, the addressee and the path.
    fn places_row(&self, world: &World) -> u16 {
        let body = world.body();
        let sentences = self.what(tongue(world.settings.lang));
        let sentences: u16 = sentences.iter().map(|(text, _)| Canvas::lines(text, body.width)).sum();
        let whom = u16::from(self.way == Way::Out);
        body.y + 1 + sentences + 1 + whom + 1 + 1
    }

    /// The pointer has chosen a place: it stands in the path from now on.
    pub(crate) fn take_place(&mut self) {
        let chosen = self.page.as_ref().and_then(|page| page.places.get(self.places.at));
        if let Some(place) = chosen.filter(|_| self.busy.is_none() && self.came.is_none()) {
            self.path = Edit::line(place);
        }
    }

    /// Takes one of the sticks that are in.
    fn choose(&mut self, act: Act) {
        let Some(page) = &self.page else { return };
        let fresh = self.path.text().is_empty();
        if !fresh {
            self.places.go(act, page.places.len(), page.places.len());
        }
        if let Some(place) = page.places.get(self.places.at) {
            self.path = Edit::line(place);
        }
    }

    fn begin(&mut self) -> Turn {
        let path = self.path.text().trim().to_owned();
        if path.is_empty() {
            return Turn::stay();
        }
        self.busy = Some((0, 0));
        self.said = None;
        Turn::ask(match self.way {
            Way::In => Effect::ReadBundle { path },
            Way::Out => {
                let named = self.page.as_ref().filter(|_| self.whom > 0).and_then(|page| page.whom.get(self.whom));
                Effect::WriteBundle { path, to: named.cloned() }
            }
        })
    }

    pub(crate) fn paste(&mut self, text: &str) {
        match &mut self.came {
            Some(came) => came.paste(text),
            None => self.path.paste(text.trim_end_matches(['\r', '\n'])),
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg, world: &World) -> Turn {
        let tongue = tongue(world.settings.lang);
        match (msg, &mut self.came) {
            (_, Some(came)) => came.hear(msg, tongue),
            (Msg::AbroadCame { path, came }, None) => {
                self.busy = None;
                self.came = Some(Box::new(AbroadIn::new(path, came, tongue)));
            }
            _ => {}
        }
        self.said = Some(match msg {
            Msg::StickIs(page) => {
                self.page = Some((**page).clone());
                return Turn::stay();
            }
            Msg::BundleAt { done, total } => {
                self.busy = self.busy.map(|_| (*done, *total));
                return Turn::stay();
            }
            Msg::BundleWritten(out) => Said::Out((**out).clone()),
            Msg::BundleRead(back) => Said::In((**back).clone()),
            Msg::AbroadFailed(trouble) if self.came.is_none() => Said::Wrong(trouble.clone()),
            Msg::BundleFailed(trouble) => Said::Wrong(trouble.clone()),
            _ => return Turn::stay(),
        });
        self.busy = None;
        // What would leave now is another thing than before.
        Turn::ask(Effect::LookAtStick)
    }

    pub(crate) const fn room(&self) -> Room {
        match &self.came {
            Some(came) => came.room(),
            None => Room::Stick,
        }
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let mut y = area.y;
        let title = if self.way == Way::Out { "stick.out" } else { "stick.in" };
        let heading = canvas.say(title).to_owned();
        canvas.lean((area.x, y), area.width, &heading, Role::Strong, Lean::Own);
        y += 1;
        for (text, role) in self.what(canvas.tongue()) {
            y += canvas.paragraph(below(area, y), &text, role);
        }
        y += 1;
        if self.way == Way::Out {
            let name = self.page.as_ref().and_then(|page| page.whom.get(self.whom)).cloned().unwrap_or_default();
            self.field(canvas, area, y, "stick.to");
            canvas.put((area.x + LABEL, y), area.width.saturating_sub(LABEL), &name, Role::Text);
            y += 1;
        }
        self.field(canvas, area, y, "stick.file");
        let line = Rect { x: area.x + LABEL, y, width: area.width.saturating_sub(LABEL), height: 1 };
        self.path.draw(canvas, line, self.busy.is_none());
        y += 1;
        y = self.draw_places(canvas, area, y) + 1;
        if let Some((done, total)) = self.busy {
            y += self.draw_progress(canvas, area, y, done, total);
        }
        if let Some(said) = &self.said {
            for (text, role) in came(said, canvas) {
                y += canvas.paragraph(below(area, y), &text, role);
            }
        }
        if let Some(came) = &self.came {
            came.draw(world, canvas, area);
        }
    }

    fn field(&self, canvas: &mut Canvas<'_>, area: Rect, y: u16, word: &str) {
        let label = canvas.say(word).to_owned();
        canvas.put((area.x, y), LABEL.saturating_sub(1), &label, Role::Faint);
    }

    /// What will leave, or what is looked for, in sentences.
    fn what(&self, tongue: words::Tongue) -> Vec<(String, Role)> {
        let say = |word: &str| words::say(tongue, word).to_owned();
        let mut lines = Vec::new();
        match (self.way, &self.page) {
            (Way::In, _) => lines.push((say("stick.in_what"), Role::Text)),
            (Way::Out, None) => lines.push((say("stick.looking"), Role::Faint)),
            (Way::Out, Some(page)) => {
                let own = words::count(tongue, "stick.own", page.own);
                let attached = counted(tongue, "stick.attached", page.attached);
                lines.push((own + &attached, Role::Text));
                if page.carried > 0 {
                    lines.push((words::count(tongue, "stick.carried", page.carried), Role::Text));
                }
                if page.receipts > 0 {
                    lines.push((words::count(tongue, "stick.receipts", page.receipts), Role::Text));
                }
                lines.push((say("stick.papers"), Role::Text));
                lines.push((say("stick.sealed"), Role::Faint));
            }
        }
        lines
    }

    fn draw_places(&self, canvas: &mut Canvas<'_>, area: Rect, y: u16) -> u16 {
        let places = self.page.as_ref().map(|page| page.places.as_slice()).unwrap_or_default();
        let word = if places.is_empty() { "stick.no_place" } else { "stick.places" };
        let text = canvas.say(word).to_owned();
        canvas.put((area.x + LABEL, y), area.width.saturating_sub(LABEL), &text, Role::Faint);
        let mut y = y + 1;
        for (at, place) in places.iter().enumerate().take(PLACES) {
            let chosen = at == self.places.at && self.path.text() == place;
            let role = if chosen { Role::Accent } else { Role::Text };
            canvas.put((area.x + LABEL, y), area.width.saturating_sub(LABEL), &canvas.marked(chosen, place), role);
            y += 1;
        }
        y
    }

    fn draw_progress(&self, canvas: &mut Canvas<'_>, area: Rect, y: u16, done: u64, total: u64) -> u16 {
        let filled = (done * 20 / total.max(1)).min(20);
        let bar: String = (0..20).map(|at| if at < filled { '▰' } else { '▱' }).collect();
        let numbers = [done.to_string(), total.to_string()];
        let [done, total] = numbers.each_ref().map(String::as_str);
        let text = canvas.fill("stick.busy", &[("done", done), ("total", total)]);
        canvas.paragraph(below(area, y), &format!("{bar}  {text}"), Role::Accent)
    }
}

fn below(area: Rect, y: u16) -> Rect {
    Rect { y: y.min(area.bottom()), height: area.bottom().saturating_sub(y), ..area }
}

/// A sentence with a number, behind another; nothing where there is nothing to count.
fn counted(tongue: words::Tongue, word: &str, number: u64) -> String {
    if number == 0 { String::new() } else { format!(" {}", words::count(tongue, word, number)) }
}

/// What came of it, in sentences.
fn came(said: &Said, canvas: &Canvas<'_>) -> Vec<(String, Role)> {
    let tongue = canvas.tongue();
    match said {
        Said::Wrong(trouble) => {
            vec![(format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn)]
        }
        Said::Out(out) => {
            let entries = words::count(tongue, "stick.written", out.entries);
            let parts = counted(tongue, "stick.written_parts", out.parts);
            let blanks = [("path", out.path.as_str()), ("to", out.to.as_str())];
            let mut lines =
                vec![(format!("✓ {entries}{parts} {}", canvas.fill("stick.written_where", &blanks)), Role::Good)];
            if out.parts_left > 0 {
                lines.push((format!("! {}", words::count(tongue, "stick.written_left", out.parts_left)), Role::Warn));
            }
            lines.push((canvas.say("stick.written_means").to_owned(), Role::Text));
            lines
        }
        Said::In(back) => {
            let sign = if back.whole { "✓ " } else { "" };
            let mut lines = vec![
                (format!("{sign}{}", words::count(tongue, "stick.read", back.entries)), Role::Good),
                (words::count(tongue, "stick.read_received", back.received), Role::Text),
            ];
            for (word, number) in [
                ("stick.read_carried", back.carried),
                ("stick.read_documents", back.documents),
                ("stick.read_parts", back.parts),
            ] {
                if number > 0 {
                    lines.push((words::count(tongue, word, number), Role::Text));
                }
            }
            for (word, number) in
                [("stick.read_missing", back.missing), ("stick.read_parts_missing", back.parts_missing)]
            {
                if number > 0 {
                    lines.push((format!("! {}", words::count(tongue, word, number)), Role::Warn));
                }
            }
            let trouble = back.trouble.iter().map(|trouble| bars::sentence(canvas, &trouble.word, &trouble.detail));
            lines.extend(trouble.map(|text| (format!("! {text}"), Role::Warn)));
            lines
        }
    }
}
