//! A case is offered to another agency, or the offer is taken back: whose roster, the words of it, which unit, why, where the file goes, and
//! what all of that means, said before anything is kept.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::handing::reasons;
use crate::{
    model::{CaseId, Code, Entry, OfferId, UnitId},
    ui::{
        abroad::{AbroadOffer, AbroadOut},
        effect::Effect,
        keymap::{Act, Room},
        msg::{Msg, Trouble},
        theme::Role,
        turn::Turn,
        widgets::{
            bars,
            canvas::{Canvas, middle},
            menu::Menu,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// What is wished of the other agency.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// That it takes the case over.
    Offer,
    /// That it does not any more.
    Back(OfferId),
}

/// The questions on the way.
#[derive(Debug)]
pub(super) struct Abroad {
    case: CaseId,
    aim: Aim,
    /// Its pack and its words, as they were typed.
    typed: (String, String),
    /// What it is called, once the words were found right.
    agency: String,
    /// The unit that is meant, and why.
    unit: Option<(UnitId, String)>,
    reason: Option<Code>,
    /// Where sticks are.
    places: Vec<String>,
    asking: Asking,
}

#[derive(Debug)]
enum Asking {
    Pack(Path),
    Words(Path),
    Unit(Menu, Vec<(UnitId, String)>),
    Reason(Menu, Vec<Code>),
    File(Path),
    Look(Look),
    /// What came of it, until the next key.
    Said(AbroadOut),
}

/// The last look, before anything is kept.
#[derive(Debug)]
struct Look {
    path: String,
    goes: Option<AbroadOut>,
    keeping: bool,
    trouble: Option<Trouble>,
}

impl Abroad {
    pub(super) fn new(case: CaseId, aim: Aim) -> (Self, Turn) {
        let abroad = Self {
            case,
            aim,
            typed: Default::default(),
            agency: String::new(),
            unit: None,
            reason: None,
            places: Vec::new(),
            asking: Asking::Pack(Path::new()),
        };
        (abroad, Turn::ask(Effect::LookAtStick))
    }

    pub(super) const fn room(&self) -> Room {
        match self.asking {
            Asking::Unit(..) | Asking::Reason(..) => Room::Menu,
            Asking::Look(_) => Room::Confirm,
            Asking::Pack(_) | Asking::Words(_) | Asking::File(_) | Asking::Said(_) => Room::Path,
        }
    }

    /// The list that is asked from now.
    pub(super) const fn menu(&mut self) -> Option<&mut Menu> {
        match &mut self.asking {
            Asking::Unit(menu, _) | Asking::Reason(menu, _) => Some(menu),
            Asking::Pack(_) | Asking::Words(_) | Asking::File(_) | Asking::Look(_) | Asking::Said(_) => None,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Asking::Pack(path) | Asking::Words(path) | Asking::File(path) = &mut self.asking {
            path.paste(text);
        }
    }

    pub(super) fn hear(&mut self, msg: &Msg) {
        match (msg, &mut self.asking) {
            (Msg::StickIs(page), _) => self.places.clone_from(&page.places),
            (Msg::AgencyIs { agency, units }, Asking::Words(_)) => {
                self.agency.clone_from(agency);
                self.asking = if self.aim == Aim::Offer {
                    let names = units.iter().map(|(_, name)| name.clone()).collect();
                    Asking::Unit(Menu::new("abroad.unit", names), units.clone())
                } else {
                    Asking::File(Path::of(&self.place("back")))
                };
            }
            (Msg::AbroadFailed(trouble), Asking::Words(path)) => path.failed(trouble),
            (Msg::AbroadFailed(trouble), Asking::Look(look)) => {
                (look.keeping, look.trouble) = (false, Some(trouble.clone()))
            }
            (Msg::AbroadOffers(out), Asking::Look(look)) if out.path.is_none() => look.goes = Some((**out).clone()),
            (Msg::AbroadOffers(out), Asking::Look(_)) => self.asking = Asking::Said((**out).clone()),
            _ => {}
        }
    }

    /// Where the file may go: on a stick that is in.
    fn place(&self, what: &str) -> String {
        let number: String = self.case.to_string().chars().take(8).collect();
        self.places.first().map(|place| format!("{place}/{what}-{number}.age")).unwrap_or_default()
    }

    /// A key; whether the question stays open.
    pub(super) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> (Turn, bool) {
        let leaves = act == Some(Act::Back);
        match &mut self.asking {
            Asking::Said(_) => return (Turn::stay(), false),
            Asking::Unit(..) | Asking::Reason(..) if leaves => return (Turn::stay(), false),
            Asking::Pack(path) => match path.key(key, act) {
                Asked::Path(pack) => {
                    self.typed.0 = pack;
                    self.asking = Asking::Words(Path::new());
                }
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
            Asking::Words(path) => match path.key(key, act) {
                Asked::Path(words) => {
                    self.typed.1 = words.to_lowercase();
                    let (path, words) = self.typed.clone();
                    return (Turn::ask(Effect::OpenAgency { path, words }), true);
                }
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
            Asking::Unit(menu, units) => {
                if let Some(unit) = menu.key(key.code, act).and_then(|at| units.get(at).cloned()) {
                    self.unit = Some(unit);
                    let (menu, codes) = reasons(world);
                    self.asking = Asking::Reason(menu, codes);
                }
            }
            Asking::Reason(menu, codes) => {
                if let Some(reason) = menu.key(key.code, act).and_then(|at| codes.get(at).cloned()) {
                    self.reason = Some(reason);
                    self.asking = Asking::File(Path::of(&self.place("case")));
                }
            }
            Asking::File(path) => match path.key(key, act) {
                Asked::Path(path) => {
                    self.asking = Asking::Look(Look { path, goes: None, keeping: false, trouble: None });
                    let look = (self.aim == Aim::Offer).then(|| self.wish(None, world));
                    return (look.map_or_else(Turn::stay, Turn::ask), true);
                }
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
            Asking::Look(look) if !look.keeping => match act {
                Some(Act::Back) => return (Turn::stay(), false),
                // What goes is shown before it goes.
                Some(Act::Keep) if look.goes.is_some() || self.aim != Aim::Offer => {
                    (look.keeping, look.trouble) = (true, None);
                    let path = look.path.clone();
                    return (Turn::ask(self.wish(Some(path), world)), true);
                }
                _ => {}
            },
            Asking::Look(_) => {}
        }
        (Turn::stay(), true)
    }

    /// What the desk is asked for: without a file only to look.
    fn wish(&self, out: Option<String>, world: &World) -> Effect {
        let (roster, words) = self.typed.clone();
        if let Aim::Back(offer) = self.aim {
            let out = out.unwrap_or_default();
            return Effect::TakeBackAbroad { case: self.case, roster, words, offer, out };
        }
        let entries: Vec<Entry> = world
            .book
            .case(&self.case)
            .into_iter()
            .flat_map(|file| file.entries.iter())
            .filter_map(|id| world.book.entry(id).cloned())
            .collect();
        let unit = self.unit.as_ref().map_or(UnitId::from_bytes([0; 32]), |(id, _)| *id);
        let reason = self.reason.clone().unwrap_or_else(|| Code::new("OTHER"));
        let offer = AbroadOffer { case: self.case, roster, words, unit, reason, entries };
        Effect::OfferAbroad { offer: Box::new(offer), out }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let path = |path: &Path, word: &str, canvas: &mut Canvas<'_>| {
            let heading = canvas.say(&format!("abroad.{word}")).to_owned();
            let hint = canvas.say(&format!("abroad.{word}_hint")).to_owned();
            path.draw(canvas, area, &heading, &hint);
        };
        match &self.asking {
            Asking::Pack(asked) => path(asked, "pack", canvas),
            Asking::Words(asked) => path(asked, "words", canvas),
            Asking::File(asked) => path(asked, "file", canvas),
            Asking::Unit(menu, _) | Asking::Reason(menu, _) => menu.draw(canvas, area),
            Asking::Look(look) => self.draw_look(look, canvas, area),
            Asking::Said(out) => said(out, canvas, area),
        }
    }

    fn draw_look(&self, look: &Look, canvas: &mut Canvas<'_>, area: Rect) {
        let word = if self.aim == Aim::Offer { "abroad.do" } else { "abroad.do_back" };
        let heading = canvas.say(word).to_owned();
        let inside = canvas.popup(middle(area, 74, 18), &heading);
        let mut y = inside.y;
        let unit = self.unit.as_ref().map(|(_, name)| format!("{name}, ")).unwrap_or_default();
        let mut lines = vec![
            (format!("{unit}{}", self.agency), Role::Accent),
            // A path stands on a line of its own, in its own direction.
            (canvas.say("abroad.where").to_owned(), Role::Text),
            (look.path.clone(), Role::Accent),
        ];
        match (&look.goes, &self.aim) {
            (Some(goes), _) => lines.extend(numbers(goes, canvas)),
            (None, Aim::Offer) if look.trouble.is_none() => {
                lines.push((canvas.say("abroad.looking").to_owned(), Role::Faint));
            }
            _ => {}
        }
        let means = if self.aim == Aim::Offer { "abroad.means" } else { "abroad.means_back" };
        lines.push((canvas.say(means).to_owned(), Role::Strong));
        lines.push(match (&look.trouble, look.keeping) {
            (_, true) => (canvas.say("confirm.keeping").to_owned(), Role::Accent),
            (Some(trouble), false) => {
                (format!("✗ {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Bad)
            }
            (None, false) => (canvas.say("abroad.ready").to_owned(), Role::Accent),
        });
        for (text, role) in lines {
            y += canvas.paragraph(Rect { y, height: inside.bottom().saturating_sub(y), ..inside }, &text, role);
        }
    }
}

/// How much goes, and what does not.
fn numbers(goes: &AbroadOut, canvas: &Canvas<'_>) -> Vec<(String, Role)> {
    let tongue = canvas.tongue();
    let mut lines = vec![(words::count(tongue, "abroad.entries", goes.entries), Role::Text)];
    let stays = [("abroad.left", goes.left_behind), ("abroad.lacking", goes.lacking)];
    lines.extend(stays.into_iter().filter_map(|(word, number)| counted(word, number, canvas)));
    if goes.again {
        lines.push((canvas.say("abroad.again").to_owned(), Role::Text));
    }
    lines
}

/// So many of what does not go, where there are any.
fn counted(word: &str, number: u64, canvas: &Canvas<'_>) -> Option<(String, Role)> {
    (number > 0).then(|| (format!("! {}", words::count(canvas.tongue(), word, number)), Role::Warn))
}

/// What was written, and the words that the other side is to hear.
fn said(out: &AbroadOut, canvas: &mut Canvas<'_>, area: Rect) {
    let heading = canvas.say("abroad.done").to_owned();
    let inside = canvas.popup(middle(area, 74, 14), &heading);
    let path = out.path.clone().unwrap_or_default();
    let lines = [
        (format!("✓ {}", canvas.say("abroad.written")), Role::Good),
        (path, Role::Strong),
        (canvas.say("abroad.aloud").to_owned(), Role::Text),
        (out.words.clone(), Role::Strong),
    ];
    let mut y = inside.y;
    for (text, role) in lines.into_iter().chain(counted("abroad.left", out.left_behind, canvas)) {
        y += canvas.paragraph(Rect { y, height: inside.bottom().saturating_sub(y), ..inside }, &text, role) + 1;
    }
}
