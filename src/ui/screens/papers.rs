//! Putting an entry on paper: which paper, then to the printer or to a file, with what that means said first.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    model::{CaseId, Code, Entry, EntryId},
    report::paper::{Paper, Request},
    ui::{
        effect::{Effect, Secret},
        keymap::{Act, Room},
        msg::{Msg, Trouble},
        theme::Role,
        turn::Turn,
        widgets::{
            canvas::{Canvas, middle},
            menu::Menu,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// A question on the way to a paper.
#[derive(Debug)]
pub(super) struct Papers {
    case: CaseId,
    entry: EntryId,
    papers: &'static [Paper],
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Which paper.
    Which(Menu),
    /// To the printer or to a file.
    Whereto(Menu, Paper),
    /// The file's path; what is on the screen stays while it is printed or saved.
    File(Path, Paper),
    /// The printer works.
    Printing(Paper),
    /// What came of it, until the next key.
    Said(String),
}

impl Papers {
    /// What an entry gives; `None` where it gives no paper.
    pub(super) fn new(entry: &Entry, world: &World) -> Option<Self> {
        let papers = Paper::of(&world.book, &entry.id);
        let lang = world.settings.lang;
        let items: Vec<String> =
            papers.iter().map(|paper| words::say(crate::report::told::tongue(lang), paper.word()).to_owned()).collect();
        let step = Step::Which(Menu::new("paper.which", items));
        (!papers.is_empty()).then_some(Self { case: entry.case, entry: entry.id, papers, step })
    }

    pub(super) const fn room(&self) -> Room {
        match self.step {
            Step::Which(_) | Step::Whereto(..) => Room::Menu,
            Step::File(..) | Step::Printing(_) | Step::Said(_) => Room::Path,
        }
    }

    /// The list that is asked from now.
    pub(super) const fn menu(&mut self) -> Option<&mut Menu> {
        match &mut self.step {
            Step::Which(menu) | Step::Whereto(menu, _) => Some(menu),
            Step::File(..) | Step::Printing(_) | Step::Said(_) => None,
        }
    }

    /// The key of the hint for this step.
    pub(super) const fn hint(&self) -> &'static str {
        match self.step {
            Step::Which(_) | Step::Whereto(..) => "training.papers",
            Step::File(..) | Step::Printing(_) | Step::Said(_) => "training.paper_file",
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Step::File(path, _) = &mut self.step {
            path.paste(text);
        }
    }

    pub(super) fn hear(&mut self, msg: &Msg) {
        match (msg, &mut self.step) {
            (Msg::SaveFailed(trouble), Step::File(path, _)) => path.failed(trouble),
            // The printer did not take it: a file is the other way, with the reason on the screen.
            (Msg::SaveFailed(trouble), Step::Printing(paper)) => {
                let mut path = Path::new();
                path.failed(trouble);
                self.step = Step::File(path, *paper);
            }
            (Msg::PartSaved { path }, Step::File(..)) => self.step = Step::Said(path.clone()),
            (Msg::Printed, Step::Printing(_)) => self.step = Step::Said(String::new()),
            _ => {}
        }
    }

    /// A key; whether the question stays open.
    pub(super) fn key(&mut self, key: &KeyEvent, act: Option<Act>, names: bool, world: &World) -> (Turn, bool) {
        match &mut self.step {
            Step::Said(_) => return (Turn::stay(), false),
            Step::Printing(_) => return (Turn::stay(), act != Some(Act::Back)),
            Step::Which(_) | Step::Whereto(..) if act == Some(Act::Back) => return (Turn::stay(), false),
            Step::Which(menu) => {
                if let Some(paper) = menu.key(key.code, act).and_then(|at| self.papers.get(at)) {
                    self.step = whereto(*paper, world);
                }
            }
            Step::Whereto(menu, paper) => {
                let paper = *paper;
                match menu.key(key.code, act) {
                    Some(0) => {
                        let turn = self.make(paper, names, None, world);
                        if turn.effects.is_empty() {
                            return (turn, true);
                        }
                        self.step = Step::Printing(paper);
                        return (turn, true);
                    }
                    Some(_) => self.step = Step::File(Path::new(), paper),
                    None => {}
                }
            }
            Step::File(path, paper) => {
                let paper = *paper;
                match path.key(key, act) {
                    Asked::Path(to) => return (self.make(paper, names, Some(to), world), true),
                    Asked::Left | Asked::Stop => return (Turn::stay(), false),
                    Asked::Still => {}
                }
            }
        }
        (Turn::stay(), true)
    }

    /// The page, on its way to the printer or to a file; or why there is none.
    fn make(&mut self, paper: Paper, names: bool, to: Option<String>, world: &World) -> Turn {
        let who = world.who.as_ref();
        let officer = who.map_or("", |who| who.member.as_str());
        let unit = who.map_or("", |who| who.unit.as_str());
        let (book, codebook) = (&world.book, &*world.codebook);
        let request = Request { book, codebook, entry: self.entry, names, unit, officer, now: world.now };
        match paper.page(&request) {
            Ok(page) => {
                let what = Code::new("print");
                Turn::ask(Effect::Print { case: self.case, what, page: Secret::new(page), to })
            }
            Err(refusal) => {
                let mut path = Path::new();
                path.failed(&Trouble::word(refusal.0));
                self.step = Step::File(path, paper);
                Turn::stay()
            }
        }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        match &self.step {
            Step::Which(menu) | Step::Whereto(menu, _) => menu.draw(canvas, area),
            Step::File(path, paper) => {
                let (heading, hint) = [paper.word(), "paper.file_hint"].map(|word| canvas.say(word).to_owned()).into();
                path.draw(canvas, area, &heading, &hint);
            }
            Step::Printing(paper) => {
                let (heading, text) = [paper.word(), "paper.printing"].map(|word| canvas.say(word).to_owned()).into();
                let inside = canvas.popup(middle(area, 70, 7), &heading);
                canvas.paragraph(inside, &text, Role::Accent);
            }
            Step::Said(path) => {
                let heading = canvas.say("paper.done").to_owned();
                let hint = if path.is_empty() {
                    canvas.say("paper.printed").to_owned()
                } else {
                    canvas.fill("paper.saved", &[("path", &crate::ui::bidi::inert(path))])
                };
                let inside = canvas.popup(middle(area, 70, 8), &heading);
                canvas.paragraph(inside, &hint, Role::Warn);
            }
        }
    }
}

/// Where there is no printer's command, only a file is left, and the screen says what that means.
fn whereto(paper: Paper, world: &World) -> Step {
    if !world.who.as_ref().is_some_and(|who| who.prints) {
        return Step::File(Path::new(), paper);
    }
    let say = |key: &str| words::say(crate::report::told::tongue(world.settings.lang), key).to_owned();
    Step::Whereto(Menu::new("paper.whereto", vec![say("paper.printer"), say("paper.file")]), paper)
}
