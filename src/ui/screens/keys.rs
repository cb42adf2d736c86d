//! The admin's keys: what each opens, how old it is, when it is due, and what follows if a device is trusted no more: read first, and signed by an
//! admin who types what opens the root key.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    model::DeviceId,
    ui::{
        audit::Audited,
        effect::{Effect, Secret},
        keymap::{Act, scrolled},
        msg::{KeyRow, Msg, Sentence, Trouble},
        pointing::{Rows, Spot},
        rotation::Renewed,
        theme::Role,
        turn::{Go, Open, Turn},
        view::Scroll,
        widgets::{
            bars,
            canvas::{Canvas, Lean},
            list::List,
            text::{Edit, Lay},
        },
        world::World,
    },
    words,
};

/// The list, or what follows if the device of one row is trusted no more.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    list: List,
    step: Step,
    /// Handed back, and not lost.
    left: bool,
    line: u16,
    trouble: Option<Trouble>,
}

#[derive(Debug, Default)]
enum Step {
    #[default]
    List,
    /// What follows is read.
    Preview,
    /// What opens the root key is typed.
    Asking(Edit),
    /// It is being tried, and signed.
    Signing,
    /// What was signed.
    Signed(Vec<Sentence>),
}

/// The role that signs.
const ADMIN: &str = "admin";

/// Lines above the list, and lines of one row.
const ABOVE: u16 = 2;
const EACH: u16 = 3;

impl Keys {
    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        match self.step {
            Step::List => {}
            Step::Preview | Step::Signed(_) => return Spot::Lines,
            Step::Asking(_) | Step::Signing => return Spot::Nothing,
        }
        let (len, first) = (world.keys.as_deref().map_or(0, <[KeyRow]>::len), world.body().y + ABOVE);
        Spot::Rows(Rows { list: &mut self.list, len, page: page(world), first, each: EACH })
    }

    /// Whether a key does something now.
    pub(crate) fn does(&self, act: Act, world: &World) -> bool {
        let signs = world.who.as_ref().is_some_and(|who| who.roles.iter().any(|role| **role == *ADMIN));
        match (act, &self.step) {
            (Act::Revoke, Step::Preview) => signs,
            (Act::Left, Step::Preview) | (Act::Open, Step::List | Step::Asking(_)) => true,
            (Act::Revoke | Act::Left | Act::Open, _) => false,
            (Act::Audit | Act::Rotate, step) => matches!(step, Step::List),
            _ => true,
        }
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        let signs = self.does(Act::Revoke, world);
        match (&mut self.step, act) {
            (Step::List, _) => self.list_key(act, world),
            (Step::Signing, _) => Turn::stay(),
            (Step::Asking(_), Some(Act::Back)) => self.to(Step::Preview),
            (Step::Asking(typed), Some(Act::Open)) if !typed.is_empty() => {
                let passphrase = Secret::new(typed.text().to_owned());
                let lost = !self.left;
                let device = self.device(world);
                self.to(Step::Signing);
                device.map_or_else(Turn::stay, |device| Turn::ask(Effect::Revoke { device, lost, passphrase }))
            }
            (Step::Asking(typed), None) => {
                typed.key(key, Lay::SHORT);
                Turn::stay()
            }
            (Step::Asking(_), _) => Turn::stay(),
            (Step::Preview, Some(Act::Revoke)) if signs => self.to(Step::Asking(Edit::secret())),
            (Step::Preview, Some(Act::Left)) => {
                self.left = !self.left;
                self.line = 0;
                self.look(world)
            }
            (Step::Preview | Step::Signed(_), Some(Act::Back | Act::Open)) => self.to(Step::List),
            (Step::Preview | Step::Signed(_), act) => {
                let most = u16::try_from(self.said(world).len().saturating_sub(1)).unwrap_or(u16::MAX);
                self.line = scrolled(act, self.line, world.body().height, most);
                Turn::stay()
            }
        }
    }

    fn to(&mut self, step: Step) -> Turn {
        (self.step, self.trouble) = (step, None);
        Turn::stay()
    }

    fn device(&self, world: &World) -> Option<DeviceId> {
        world.keys.as_deref().and_then(|rows| rows.get(self.list.at)).and_then(|row| row.device)
    }

    /// Asks what would follow.
    fn look(&self, world: &World) -> Turn {
        let asked = |device| Turn::ask(Effect::PreviewRevocation { device, lost: !self.left });
        self.device(world).map_or_else(Turn::stay, asked)
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Step::Asking(typed) = &mut self.step {
            typed.paste(text.trim_end_matches(['\r', '\n']));
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        match (msg, &self.step) {
            (Msg::Revoked { lines, .. }, Step::Signing) => {
                self.line = 0;
                self.to(Step::Signed(lines.clone()));
                // Whoever had it would go on for as long as nobody hears of it.
                return Turn::ask(Effect::Sync);
            }
            (Msg::RevokeFailed(trouble), Step::Signing) => {
                self.step = Step::Asking(Edit::secret());
                self.trouble = Some(trouble.clone());
            }
            _ => {}
        }
        Turn::stay()
    }

    fn list_key(&mut self, act: Option<Act>, world: &World) -> Turn {
        let rows = world.keys.as_deref().unwrap_or_default();
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
            Some(Act::Open) if rows.get(self.list.at).is_some_and(|row| !row.gone && row.device.is_some()) => {
                (self.left, self.line) = (false, 0);
                self.to(Step::Preview);
                return self.look(world);
            }
            Some(act) if !matches!(act, Act::Revoke | Act::Left) => {
                self.list.go(act, rows.len(), page(world));
            }
            _ => {}
        }
        Turn::stay()
    }

    pub(crate) fn draw(&self, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(keys) = &world.keys else {
            let text = canvas.say("roster.loading").to_owned();
            canvas.put((area.x + 4, area.y + 2), area.width, &text, Role::Faint);
            return;
        };
        if !matches!(self.step, Step::List) {
            self.preview(keys.get(self.list.at), world, scroll, canvas, area);
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

    /// What is said of the device: what would follow, or what was signed.
    fn said<'a>(&'a self, world: &'a World) -> &'a [Sentence] {
        if let Step::Signed(lines) = &self.step {
            return lines;
        }
        let asked = self.device(world);
        let found = world.preview.as_ref().filter(|(of, _)| Some(*of) == asked);
        found.map_or(&[], |(_, lines)| lines.as_slice())
    }

    fn preview(&self, row: Option<&KeyRow>, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let title = match (&self.step, self.left) {
            (Step::Signed(_), _) => "keys.signed_of",
            (_, true) => "keys.preview_left",
            (_, false) => "keys.preview",
        };
        let title = canvas.fill(title, &[("name", row.map_or("", |row| row.name.as_str()))]);
        canvas.put((area.x, area.y), area.width, &title, Role::Strong);
        let how = match &self.step {
            Step::Signed(_) => "keys.signed_how",
            _ if self.does(Act::Revoke, world) || !matches!(self.step, Step::Preview) => "keys.preview_signs",
            _ => "keys.preview_how",
        };
        let text = canvas.say(how).to_owned();
        canvas.put((area.x, area.y + 1), area.width, &text, Role::Faint);
        let asks = u16::from(matches!(self.step, Step::Asking(_) | Step::Signing)) * 4;
        scroll.line = self.line;
        let (mut y, bottom) = (area.y.saturating_add(3), area.bottom().saturating_sub(asks));
        for sentence in self.said(world).iter().skip(usize::from(self.line)) {
            let (text, role) = told(sentence, canvas);
            let height = bottom.saturating_sub(y);
            if height == 0 {
                break;
            }
            let width = area.width.saturating_sub(2);
            let taken = canvas.paragraph(Rect { x: area.x + 2, y, width, height }, &text, role);
            y = y.saturating_add(taken.max(1));
        }
        self.ask(canvas, Rect { y: bottom, height: asks, ..area });
    }

    /// The root key's passphrase, below what it signs.
    fn ask(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let (said, role) = match (&self.step, &self.trouble) {
            (Step::Signing, _) => (canvas.say("keys.signing").to_owned(), Role::Accent),
            (Step::Asking(_), Some(trouble)) => {
                (format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn)
            }
            (Step::Asking(_), None) => (canvas.say("keys.ask_how").to_owned(), Role::Faint),
            _ => return,
        };
        let label = canvas.say("keys.ask").to_owned();
        canvas.lean((area.x, area.y), area.width, &label, Role::Strong, Lean::Own);
        if let Step::Asking(typed) = &self.step {
            typed.draw(canvas, Rect { y: area.y + 1, height: 1, ..area }, true);
        }
        canvas.paragraph(Rect { y: area.y + 2, height: 2, ..area }, &said, role);
    }
}

/// Rows that are on the screen at once.
fn page(world: &World) -> usize {
    (world.page().saturating_sub(usize::from(ABOVE)) / usize::from(EACH)).max(1)
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
