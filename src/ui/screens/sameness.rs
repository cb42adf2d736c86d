//! Two cases, or two persons of different cases, are said to be one, or not to be after all: which, why, and who will be able to read that,
//! before anything is kept. Neither of the two is changed by it.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::confirm::reader_line;
use crate::{
    codebook::{JoinWish, joined, links::Link},
    model::{CaseId, Content, EntryId, Sheet, same},
    ui::{
        effect::Effect,
        keymap::{Act, Room},
        msg::{Msg, ReaderLine, Trouble},
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
pub(super) struct Sameness {
    cases: [CaseId; 2],
    asking: Asking,
}

#[derive(Debug)]
enum Asking {
    What(Menu, Vec<Choice>),
    Note(Choice, Path),
    Look(Box<Look>),
    /// It is kept, until the next key.
    Said,
}

/// What can be said.
#[derive(Clone, Copy, Debug)]
struct Choice {
    word: &'static str,
    same: bool,
    gone: EntryId,
    stands: EntryId,
}

/// The last look: who will be able to read the word.
#[derive(Debug)]
struct Look {
    choice: Choice,
    sheet: Sheet,
    readers: Option<Vec<ReaderLine>>,
    keeping: bool,
    trouble: Option<Trouble>,
}

/// What can be said of two entries: that they are one, unless that stands already, and that they are not, where somebody said that they are.
/// Which of two cases stands is part of it.
fn choices(world: &World, (here, there): (EntryId, EntryId), words: [&'static str; 3]) -> Vec<Choice> {
    let Some(pair) = world.book.pair(&here, &there) else { return Vec::new() };
    let said = world.book.same_words_on(&pair);
    let differ = world.same.collided().any(|other| *other == pair);
    let settled = !differ && !said.is_empty() && said.iter().all(|word| word.same);
    let [this, that, apart] = words;
    let mut choices = vec![Choice { word: this, same: true, gone: there, stands: here }];
    if matches!(pair, same::Pair::Cases(..)) {
        choices.push(Choice { word: that, same: true, gone: here, stands: there });
    }
    choices.retain(|_| !settled);
    if said.iter().any(|word| word.same) {
        choices.push(Choice { word: apart, same: false, gone: there, stands: here });
    }
    choices
}

impl Sameness {
    /// What can be said of the two that a link ties. `None` where nothing can.
    pub(super) fn new(case: CaseId, link: &Link, world: &World) -> Option<Self> {
        let opening = |case: &CaseId| world.book.case(case).and_then(|file| world.book.opening(file)).map(|it| it.id);
        let openings = opening(&case).zip(opening(&link.case));
        let mut all = Vec::new();
        if openings != Some((link.here, link.there)) {
            let words = ["same.do.person", "same.do.person", "same.do.persons_apart"];
            all.extend(choices(world, (link.here, link.there), words));
        }
        let words = ["same.do.this_stands", "same.do.that_stands", "same.do.cases_apart"];
        all.extend(openings.into_iter().flat_map(|openings| choices(world, openings, words)));
        let tongue = tongue(world.settings.lang);
        let items = all.iter().map(|choice| words::say(tongue, choice.word).to_owned()).collect();
        let asking = Asking::What(Menu::new("same.title", items), all);
        (!asking.is_empty()).then_some(Self { cases: [case, link.case], asking })
    }

    pub(super) const fn room(&self) -> Room {
        match &self.asking {
            Asking::What(..) => Room::Menu,
            Asking::Note(..) | Asking::Said => Room::Path,
            Asking::Look(_) => Room::Confirm,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Asking::Note(_, note) = &mut self.asking {
            note.paste(text);
        }
    }

    pub(super) fn hear(&mut self, msg: &Msg) {
        let Asking::Look(look) = &mut self.asking else { return };
        match msg {
            Msg::Readers { case: Some(case), lines } if *case == self.cases[0] => look.readers = Some(lines.clone()),
            Msg::HandFailed(trouble) => (look.keeping, look.trouble) = (false, Some(trouble.clone())),
            Msg::Kept { entries, .. } if entries.iter().any(|entry| is_word(&entry.content)) => {
                self.asking = Asking::Said;
            }
            _ => {}
        }
    }

    /// A key; whether the question stays open.
    pub(super) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> (Turn, bool) {
        let leaves = act == Some(Act::Back);
        match &mut self.asking {
            Asking::Said => return (Turn::stay(), false),
            Asking::What(..) if leaves => return (Turn::stay(), false),
            Asking::What(menu, choices) => {
                if let Some(choice) = menu.key(key.code, act).and_then(|at| choices.get(at).copied()) {
                    self.asking = Asking::Note(choice, Path::new());
                }
            }
            Asking::Note(choice, note) => match note.key(key, act) {
                Asked::Path(note) => {
                    let choice = *choice;
                    return (self.look(choice, &note, world), true);
                }
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
            Asking::Look(look) if !look.keeping => match act {
                Some(Act::Back) => return (Turn::stay(), false),
                // Who will be able to read it is shown before it is kept (`DESIGN.md` section 4, invariant 8).
                Some(Act::Keep) if look.readers.is_some() => {
                    (look.keeping, look.trouble) = (true, None);
                    return (
                        Turn::ask(Effect::SaySame { cases: self.cases, sheet: Box::new(look.sheet.clone()) }),
                        true,
                    );
                }
                _ => {}
            },
            Asking::Look(_) => {}
        }
        (Turn::stay(), true)
    }

    fn look(&mut self, choice: Choice, note: &str, world: &World) -> Turn {
        let wish = JoinWish { same: choice.same, gone: choice.gone, stands: choice.stands, note: note.into() };
        let done = joined(&world.book, &world.codebook, &wish, (world.now, world.settings.lang));
        let Some(Ok(sheet)) = done else {
            if let Asking::Note(_, note) = &mut self.asking {
                note.failed(&Trouble::word("same.cannot"));
            }
            return Turn::stay();
        };
        self.asking = Asking::Look(Box::new(Look { choice, sheet, readers: None, keeping: false, trouble: None }));
        Turn::ask(Effect::SameReaders { cases: self.cases })
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        match &self.asking {
            Asking::What(menu, _) => menu.draw(canvas, area),
            Asking::Note(choice, note) => {
                let (heading, hint) = [choice.word, "same.note_hint"].map(|word| canvas.say(word).to_owned()).into();
                note.draw(canvas, area, &heading, &hint);
            }
            Asking::Look(look) => look.draw(canvas, area),
            Asking::Said => {
                let (heading, text) = ["hand.done", "same.said"].map(|word| canvas.say(word).to_owned()).into();
                let inside = canvas.popup(middle(area, 70, 9), &heading);
                canvas.paragraph(inside, &text, Role::Text);
            }
        }
    }
}

impl Asking {
    fn is_empty(&self) -> bool {
        matches!(self, Self::What(_, choices) if choices.is_empty())
    }
}

fn is_word(content: &Content) -> bool {
    matches!(content, Content::Sheet(sheet) if sheet.form().id.as_str() == same::FORM)
}

impl Look {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let heading = canvas.say(self.choice.word).to_owned();
        let inside = canvas.popup(middle(area, 72, 16), &heading);
        let title = canvas.say("confirm.readers").to_owned();
        canvas.lean((inside.x, inside.y), inside.width, &title, Role::Accent, Lean::Own);
        let mut y = inside.y + 1;
        for line in self.readers.iter().flatten().take(6) {
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
        let means = canvas.say("same.means").to_owned();
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
