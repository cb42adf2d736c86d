//! A case is shared or handed over: what, with whom, why, and who will be able to read it, said before anything is kept.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::{
    abroad::{Abroad, Aim},
    confirm::reader_line,
};
use crate::{
    model::{self, CaseId, Code, HandWish, OfferId, Step, UnitId},
    ui::{
        bidi,
        effect::Effect,
        keymap::{Act, Room},
        msg::{Msg, ReaderLine, Trouble},
        telling,
        theme::Role,
        turn::Turn,
        widgets::{
            bars,
            canvas::{Canvas, Lean, middle, tongue},
            menu::Menu,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// The questions on the way.
#[derive(Debug)]
pub(super) struct Handing {
    case: CaseId,
    asking: Asking,
}

#[derive(Debug)]
enum Asking {
    What(Menu, Vec<Choice>),
    Unit(Step, Menu, Vec<UnitId>),
    Reason(UnitId, Menu, Vec<Code>),
    /// A rejection says why.
    Note(Path),
    Look(Look),
    /// It goes to another agency, or an offer to one is taken back.
    Abroad(Box<Abroad>),
    /// What came of it, until the next key.
    Said(u64, u64),
}

/// What can be done with a case.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Step(Step),
    Abroad,
    Back(OfferId),
}

/// The last look: who will be able to read the case.
#[derive(Debug)]
struct Look {
    wish: HandWish,
    readers: Option<Vec<ReaderLine>>,
    keeping: bool,
    trouble: Option<Trouble>,
}

impl Handing {
    /// What can be said of a case now: a transfer that waits is answered by the unit that was asked, or taken back by the other.
    pub(super) fn new(case: CaseId, world: &World) -> Self {
        let waiting = world.handed(&case).waiting;
        let steps: &[Step] = match waiting {
            Some(waiting) if Some(waiting.unit) == world.unit() => &[Step::Accepted, Step::Rejected],
            Some(_) => &[Step::Share, Step::TakenBack],
            None => &[Step::Share, Step::Sent],
        };
        let tongue = tongue(world.settings.lang);
        let mut choices: Vec<(Choice, String)> = steps
            .iter()
            .map(|step| (Choice::Step(*step), words::say(tongue, word("hand.do", *step)).to_owned()))
            .collect();
        if !steps.contains(&Step::Accepted) {
            choices.push((Choice::Abroad, words::say(tongue, "abroad.do").to_owned()));
            let entries = world.book.case(&case).into_iter().flat_map(|file| file.entries.iter());
            let crossings = model::crossings(entries.filter_map(|id| world.book.entry(id)));
            let waiting = crossings.iter().filter(|crossing| !crossing.came && crossing.stands == Step::Sent);
            choices.extend(waiting.map(|crossing| {
                let unit = format!("{}, {}", bidi::inert(&crossing.peer.unit), bidi::inert(&crossing.peer.name));
                (Choice::Back(crossing.peer.offer), words::fill(tongue, "abroad.take_back", &[("unit", &unit)]))
            }));
        }
        let (choices, names): (Vec<Choice>, Vec<String>) = choices.into_iter().unzip();
        Self { case, asking: Asking::What(Menu::new("hand.title", names), choices) }
    }

    pub(super) const fn room(&self) -> Room {
        match &self.asking {
            Asking::Abroad(abroad) => abroad.room(),
            Asking::What(..) | Asking::Unit(..) | Asking::Reason(..) => Room::Menu,
            Asking::Look(_) => Room::Confirm,
            Asking::Note(_) | Asking::Said(..) => Room::Path,
        }
    }

    /// The list that is asked from now.
    pub(super) fn menu(&mut self) -> Option<&mut Menu> {
        match &mut self.asking {
            Asking::What(menu, _) | Asking::Unit(_, menu, _) | Asking::Reason(_, menu, _) => Some(menu),
            Asking::Abroad(abroad) => abroad.menu(),
            Asking::Note(_) | Asking::Look(_) | Asking::Said(..) => None,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.asking {
            Asking::Note(note) => note.paste(text),
            Asking::Abroad(abroad) => abroad.paste(text),
            _ => {}
        }
    }

    pub(super) fn hear(&mut self, msg: &Msg) {
        if let Asking::Abroad(abroad) = &mut self.asking {
            return abroad.hear(msg);
        }
        let Asking::Look(look) = &mut self.asking else { return };
        match msg {
            Msg::Readers { case: Some(case), lines } if *case == self.case => look.readers = Some(lines.clone()),
            Msg::HandFailed(trouble) => (look.keeping, look.trouble) = (false, Some(trouble.clone())),
            Msg::Handed { opened, left } => self.asking = Asking::Said(*opened, *left),
            _ => {}
        }
    }

    /// A key; whether the question stays open.
    pub(super) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> (Turn, bool) {
        let leaves = act == Some(Act::Back);
        match &mut self.asking {
            Asking::Said(..) => return (Turn::stay(), false),
            Asking::Abroad(abroad) => return abroad.key(key, act, world),
            Asking::What(..) | Asking::Unit(..) | Asking::Reason(..) if leaves => return (Turn::stay(), false),
            Asking::What(menu, choices) => {
                if let Some(choice) = menu.key(key.code, act).and_then(|at| choices.get(at).copied()) {
                    return (self.chosen(choice, world), true);
                }
            }
            Asking::Unit(step, menu, units) => {
                if let Some(unit) = menu.key(key.code, act).and_then(|at| units.get(at).copied()) {
                    if *step == Step::Sent {
                        let (menu, codes) = reasons(world);
                        self.asking = Asking::Reason(unit, menu, codes);
                        return (Turn::stay(), true);
                    }
                    let wish = HandWish { step: *step, unit: Some(unit), reason: None, note: None };
                    return (self.look(wish), true);
                }
            }
            Asking::Reason(unit, menu, codes) => {
                if let Some(reason) = menu.key(key.code, act).and_then(|at| codes.get(at).cloned()) {
                    let wish = HandWish { step: Step::Sent, unit: Some(*unit), reason: Some(reason), note: None };
                    return (self.look(wish), true);
                }
            }
            Asking::Note(note) => match note.key(key, act) {
                Asked::Path(note) => {
                    let wish = HandWish { step: Step::Rejected, unit: None, reason: None, note: Some(note) };
                    return (self.look(wish), true);
                }
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
            Asking::Look(look) if !look.keeping => match act {
                Some(Act::Back) => return (Turn::stay(), false),
                // Who will be able to read it is shown before it is kept (`DESIGN.md` section 4, invariant 8).
                Some(Act::Keep) if look.readers.is_some() => {
                    (look.keeping, look.trouble) = (true, None);
                    return (Turn::ask(Effect::HandOver { case: self.case, wish: Box::new(look.wish.clone()) }), true);
                }
                _ => {}
            },
            Asking::Look(_) => {}
        }
        (Turn::stay(), true)
    }

    fn chosen(&mut self, choice: Choice, world: &World) -> Turn {
        let aim = match choice {
            Choice::Step(step) => return self.after(step, world),
            Choice::Abroad => Aim::Offer,
            Choice::Back(offer) => Aim::Back(offer),
        };
        let (abroad, turn) = Abroad::new(self.case, aim);
        self.asking = Asking::Abroad(Box::new(abroad));
        turn
    }

    /// The question after what was chosen first.
    fn after(&mut self, step: Step, world: &World) -> Turn {
        match step {
            Step::Share | Step::Sent => {
                let handed = world.handed(&self.case);
                let known = |id: &UnitId| {
                    handed.owner == Some(*id)
                        || (handed.owner.is_none() && world.unit() == Some(*id))
                        || (step == Step::Share && handed.units.contains(id))
                };
                let units = world.roster.iter().flat_map(|page| page.units.iter());
                let units: Vec<_> = units.filter(|unit| unit.kind == "station" && !known(&unit.id)).collect();
                let names = units.iter().map(|unit| unit.name.clone()).collect();
                let ids = units.iter().map(|unit| unit.id).collect();
                self.asking = Asking::Unit(step, Menu::new("hand.unit", names), ids);
                Turn::stay()
            }
            Step::Rejected => {
                self.asking = Asking::Note(Path::new());
                Turn::stay()
            }
            Step::Accepted | Step::TakenBack => self.look(HandWish { step, unit: None, reason: None, note: None }),
        }
    }

    fn look(&mut self, wish: HandWish) -> Turn {
        let asked = Effect::HandReaders { case: self.case, wish: Box::new(wish.clone()) };
        self.asking = Asking::Look(Look { wish, readers: None, keeping: false, trouble: None });
        Turn::ask(asked)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        match &self.asking {
            Asking::What(menu, _) | Asking::Unit(_, menu, _) | Asking::Reason(_, menu, _) => menu.draw(canvas, area),
            Asking::Note(note) => {
                let (heading, hint) = ["hand.note", "hand.note_hint"].map(|word| canvas.say(word).to_owned()).into();
                note.draw(canvas, area, &heading, &hint);
            }
            Asking::Look(look) => look.draw(canvas, area),
            Asking::Abroad(abroad) => abroad.draw(canvas, area),
            Asking::Said(opened, left) => {
                let heading = canvas.say("hand.done").to_owned();
                // Who takes a case over, or takes a transfer back, lets nobody in.
                let mut text = match opened {
                    0 => canvas.say("abroad.kept_word").to_owned(),
                    opened => words::count(canvas.tongue(), "hand.opened", *opened),
                };
                if *left > 0 {
                    text.push(' ');
                    text.push_str(&words::count(canvas.tongue(), "hand.left", *left));
                }
                let inside = canvas.popup(middle(area, 70, 9), &heading);
                canvas.paragraph(inside, &text, if *left > 0 { Role::Warn } else { Role::Text });
            }
        }
    }
}

impl Look {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let heading = canvas.say(word("hand.do", self.wish.step)).to_owned();
        let inside = canvas.popup(middle(area, 72, 18), &heading);
        let title = canvas.say("confirm.readers").to_owned();
        canvas.lean((inside.x, inside.y), inside.width, &title, Role::Accent, Lean::Own);
        let mut y = inside.y + 1;
        let lines = self.readers.as_deref().unwrap_or_default();
        for line in lines.iter().take(6) {
            let (text, role) = reader_line(line, canvas);
            canvas.lean((inside.x + 2, y), inside.width.saturating_sub(2), &text, role, Lean::Own);
            y += 1;
        }
        if self.readers.is_none() && self.trouble.is_none() {
            let text = canvas.say("confirm.asking").to_owned();
            canvas.lean((inside.x + 2, y), inside.width.saturating_sub(2), &text, Role::Faint, Lean::Own);
            y += 1;
        }
        let rest = |y: u16| Rect { y, height: inside.bottom().saturating_sub(y), ..inside };
        let means = canvas.say(word("hand.means", self.wish.step)).to_owned();
        y += 1 + canvas.paragraph(rest(y + 1), &means, Role::Strong);
        let (text, role) = match (&self.trouble, self.keeping) {
            (_, true) => (canvas.say("confirm.keeping").to_owned(), Role::Accent),
            (Some(trouble), false) => {
                (format!("✗ {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Bad)
            }
            (None, false) => (canvas.say("hand.ready").to_owned(), Role::Accent),
        };
        canvas.paragraph(rest(y + 1), &text, role);
    }
}

/// Why a case is transferred: the list, and its codes.
pub(super) fn reasons(world: &World) -> (Menu, Vec<Code>) {
    let items = world.codebook.list("transfer_reason").map(|list| list.items.as_slice()).unwrap_or_default();
    let codes: Vec<Code> = items.iter().map(|item| item.code.clone()).collect();
    let label = |code: &Code, lang| telling::label(&world.codebook, "transfer_reason", code, lang);
    let lang = world.settings.lang;
    let named: Vec<_> = codes.iter().map(|code| (label(code, lang), label(code, lang.other()))).collect();
    (Menu::of_named("hand.reason", named), codes)
}

/// The sentence for a step under one of the two headings of words.
const fn word(under: &str, step: Step) -> &'static str {
    match (under.as_bytes(), step) {
        (b"hand.do", Step::Share) => "hand.do.share",
        (b"hand.do", Step::Sent) => "hand.do.send",
        (b"hand.do", Step::Accepted) => "hand.do.accept",
        (b"hand.do", Step::Rejected) => "hand.do.reject",
        (b"hand.do", Step::TakenBack) => "hand.do.take_back",
        (_, Step::Share) => "hand.means.share",
        (_, Step::Sent) => "hand.means.send",
        (_, Step::Accepted) => "hand.means.accept",
        (_, Step::Rejected | Step::TakenBack) => "hand.means.stays",
    }
}
