//! One case: its entries in the order in which they were kept, and what can be added to it.

use ratatui::crossterm::event::KeyEvent;

use super::{handing::Handing, linked::Linked, papers::Papers};
use crate::{
    codebook::Stands,
    model::{CaseId, Code, Content, DraftId, Entry, EntryId, FormId, put_in_order, review},
    ui::{
        effect::Effect,
        keymap::{Act, Room},
        msg::Msg,
        pointing::{Rows, Spot},
        rotation::Renewed,
        turn::{Fill, Go, Open, Turn},
        widgets::{
            canvas::{Canvas, tongue},
            list::List,
            menu::Menu,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// One line of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Draft(DraftId),
    Entry(EntryId),
}

/// A case that is open.
#[derive(Debug)]
pub(crate) struct Case {
    pub(super) id: CaseId,
    pub(super) lines: Vec<Line>,
    pub(super) list: List,
    pub(super) add: Option<(Menu, Vec<FormId>)>,
    pub(super) names: bool,
    pub(super) attach: Option<Path>,
    pub(super) papers: Option<Papers>,
    /// Sharing it, or handing it over.
    pub(super) handing: Option<Box<Handing>>,
    /// Other cases that share something with this one.
    pub(super) links: Option<Linked>,
    /// Whether to hand it in is being asked.
    pub(super) hand_in: Option<Box<Menu>>,
}

/// Rows above the timeline.
pub(super) const ABOVE: u16 = 5;

impl Case {
    /// Opens a case. One that this device wrote nothing in is somebody else's: opening it is put on record, and so is opening what is folded
    /// beneath it.
    pub(crate) fn open(id: CaseId, world: &World) -> (Self, Vec<Effect>) {
        let mut case = Self {
            id,
            lines: Vec::new(),
            list: List::default(),
            add: None,
            names: false,
            attach: None,
            papers: None,
            handing: None,
            links: None,
            hand_in: None,
        };
        case.refresh(world);
        case.list.put(case.lines.len(), case.lines.len(), case.page(world));
        let me = world.device();
        let note = |id: CaseId| {
            let entries = world.book.case(&id).map(|file| file.entries.clone()).unwrap_or_default();
            let mine =
                entries.iter().filter_map(|id| world.book.entry(id)).any(|entry| Some(entry.author.device) == me);
            (!mine && !entries.is_empty()).then(|| Effect::NoteAccess { case: id, what: Code::new("case"), entries })
        };
        let notes = world.with_duplicates(&id).into_iter().filter_map(note).collect();
        (case, notes)
    }

    pub(crate) const fn room(&self) -> Room {
        if let Some(handing) = &self.handing {
            return handing.room();
        }
        if let Some(linked) = &self.links {
            return linked.room();
        }
        match (&self.add, &self.attach, &self.papers) {
            _ if self.hand_in.is_some() => Room::Menu,
            (Some(_), ..) => Room::Menu,
            (None, Some(_), _) => Room::Path,
            (None, None, Some(papers)) => papers.room(),
            (None, None, None) => Room::Case,
        }
    }

    /// The key of the hint for what is asked over the page, while anything is.
    pub(crate) fn asks(&self) -> Option<&'static str> {
        if let Some(papers) = &self.papers {
            return Some(papers.hint());
        }
        [
            (self.add.is_some(), "training.menu"),
            (self.attach.is_some(), "training.attach"),
            (self.links.is_some(), "training.links"),
            (self.hand_in.is_some(), "training.hand_in"),
            (self.handing.is_some(), "training.hand"),
        ]
        .into_iter()
        .find_map(|(open, hint)| open.then_some(hint))
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(path) = &mut self.attach {
            path.paste(text);
        }
        if let Some(papers) = &mut self.papers {
            papers.paste(text);
        }
        if let Some(handing) = &mut self.handing {
            handing.paste(text);
        }
        if let Some(linked) = &mut self.links {
            linked.paste(text);
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg, world: &World) -> Turn {
        if let Some(linked) = &mut self.links {
            linked.hear(msg, world);
        }
        if let Some(papers) = &mut self.papers {
            papers.hear(msg);
        }
        if let Some(handing) = &mut self.handing {
            handing.hear(msg);
        }
        match (msg, &mut self.attach) {
            (Msg::Sealing { done, total }, Some(path)) => path.reached(*done, *total),
            (Msg::AttachFailed(trouble), Some(path)) => path.failed(trouble),
            (Msg::Kept { entries, .. }, Some(_)) if entries.iter().any(|entry| !entry.parts.is_empty()) => {
                self.attach = None;
            }
            _ => {}
        }
        Turn::stay()
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if let Some((menu, forms)) = &mut self.add {
            if act == Some(Act::Back) {
                self.add = None;
            } else if let Some(form) = menu.key(key.code, act).and_then(|at| forms.get(at).cloned()) {
                self.add = None;
                return Turn::open(Open::Fill(Fill::New { form, case: Some(self.id) }));
            }
            return Turn::stay();
        }
        if let Some(path) = &mut self.attach {
            return match path.key(key, act) {
                Asked::Still => Turn::stay(),
                Asked::Path(path) => Turn::ask(Effect::Attach { case: self.id, path }),
                Asked::Stop => Turn::ask(Effect::StopSealing),
                Asked::Left => {
                    self.attach = None;
                    Turn::stay()
                }
            };
        }
        if let Some(linked) = &mut self.links {
            let (turn, open) = linked.key(key, act, world);
            if !open {
                self.links = None;
            }
            return turn;
        }
        if self.hand_in.is_some() {
            return self.answer_hand_in(key, act);
        }
        if let Some(papers) = &mut self.papers {
            let (turn, open) = papers.key(key, act, self.names, world);
            if !open {
                self.papers = None;
            }
            return turn;
        }
        if let Some(handing) = &mut self.handing {
            let (turn, open) = handing.key(key, act, world);
            if !open {
                self.handing = None;
            }
            return turn;
        }
        self.own_key(act, world)
    }

    /// What can be done with the chosen line.
    pub(super) fn does(&self, act: Act, world: &World) -> bool {
        if let Some(linked) = &self.links {
            return linked.does(act, world);
        }
        let entry = self.chosen(world);
        match act {
            Act::Assign => world.supervises(),
            Act::Correct => entry.is_some_and(|entry| matches!(entry.content, Content::Sheet(_))),
            Act::Paper => entry.is_some_and(|entry| Papers::new(entry, world).is_some()),
            _ => true,
        }
    }

    /// A key where nothing else is asked.
    fn own_key(&mut self, act: Option<Act>, world: &World) -> Turn {
        match act {
            Some(Act::HandOver) => {
                self.handing = Some(Box::new(Handing::new(self.id, world)));
                Turn::stay()
            }
            Some(Act::Attach) => {
                self.attach = Some(Path::new());
                Turn::stay()
            }
            Some(Act::Assign) if world.supervises() => {
                let opening = world.book.case(&self.id).and_then(|file| world.book.opening(file));
                let word = Some(Code::new("ASSIGN"));
                opening
                    .map_or_else(Turn::stay, |opening| Turn::open(Open::Fill(Fill::Review { entry: opening.id, word })))
            }
            Some(Act::HandIn) => self.ask_hand_in(world),
            Some(Act::Rotate) => Turn::open(Open::Rotation(Renewed::Case(self.id))),
            Some(Act::Links) => {
                self.links = Some(Linked::new(self.id, world));
                Turn::stay()
            }
            Some(Act::Paper) => {
                self.papers = self.chosen(world).and_then(|entry| Papers::new(entry, world));
                Turn::stay()
            }
            Some(Act::Open) => self.open_line(world),
            Some(Act::Add) => {
                self.add = Some(self.forms(world));
                Turn::stay()
            }
            Some(Act::Correct) => match self.chosen(world) {
                Some(entry) if matches!(entry.content, Content::Sheet(_)) => {
                    Turn::open(Open::Fill(Fill::Correct(entry.id)))
                }
                _ => Turn::stay(),
            },
            Some(Act::Names) => self.toggle_names(world),
            Some(Act::Back) => Turn::go(Go::Back),
            Some(act) => {
                self.list.go(act, self.lines.len(), self.page(world));
                Turn::stay()
            }
            None => Turn::stay(),
        }
    }

    /// The bar stands on what changes nothing.
    fn ask_hand_in(&mut self, world: &World) -> Turn {
        let say = |key: &str| words::say(tongue(world.settings.lang), key).to_owned();
        let items = ["case.hand_in_no", "case.hand_in_yes"].map(say).to_vec();
        self.hand_in = Some(Box::new(Menu::new("case.hand_in", items)));
        Turn::stay()
    }

    fn answer_hand_in(&mut self, key: &KeyEvent, act: Option<Act>) -> Turn {
        let Some(menu) = &mut self.hand_in else { return Turn::stay() };
        let chosen = if act == Some(Act::Back) { Some(0) } else { menu.key(key.code, act) };
        if chosen.is_some() {
            self.hand_in = None;
        }
        if chosen == Some(1) { Turn::ask(Effect::HandIn { case: self.id }) } else { Turn::stay() }
    }

    /// Names come when they are asked for, and asking is an entry of its own.
    fn toggle_names(&mut self, world: &World) -> Turn {
        self.names = !self.names;
        let mut turn = Turn::stay();
        for case in world.with_duplicates(&self.id) {
            let entries = world.book.case(&case).map(|file| file.entries.clone()).unwrap_or_default();
            let shown: Vec<EntryId> = entries
                .into_iter()
                .filter(|id| matches!(world.book.entry(id), Some(Entry { content: Content::Names(_), .. })))
                .collect();
            let asked = self.names && !shown.is_empty();
            turn = turn.and(asked.then(|| Effect::NoteAccess { case, what: Code::new("names"), entries: shown }));
        }
        turn
    }

    fn open_line(&self, world: &World) -> Turn {
        match self.lines.get(self.list.at) {
            Some(Line::Draft(id)) => Turn::open(Open::Fill(Fill::Draft(*id))),
            Some(Line::Entry(id)) => {
                let entry = world.book.entry(id).map(|entry| match &entry.content {
                    Content::Names(names) => (entry.case, names.of),
                    Content::Amendment(amendment) => (entry.case, amendment.target),
                    _ => (entry.case, entry.id),
                });
                entry
                    .map_or_else(Turn::stay, |(case, entry)| Turn::open(Open::Entry { case, entry, names: self.names }))
            }
            None => Turn::stay(),
        }
    }

    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        let first = world.body().y + ABOVE;
        let page = self.page(world);
        if let Some((menu, _)) = &mut self.add {
            return Spot::Menu(menu);
        }
        if let Some(linked) = &mut self.links {
            return linked.spot(world);
        }
        if let Some(menu) = &mut self.hand_in {
            return Spot::Menu(menu);
        }
        if let Some(papers) = &mut self.papers {
            return papers.menu().map_or(Spot::Nothing, Spot::Menu);
        }
        if let Some(handing) = &mut self.handing {
            return handing.menu().map_or(Spot::Nothing, Spot::Menu);
        }
        if self.attach.is_some() {
            return Spot::Nothing;
        }
        Spot::Rows(Rows { list: &mut self.list, len: self.lines.len(), page, first, each: 1 })
    }

    fn chosen<'a>(&self, world: &'a World) -> Option<&'a Entry> {
        match self.lines.get(self.list.at)? {
            Line::Entry(id) => world.book.entry(id),
            Line::Draft(_) => None,
        }
    }

    /// What can be added: the newest version of every form whose sheets stand in a case; a review only by who reviews.
    fn forms(&self, world: &World) -> (Menu, Vec<FormId>) {
        let lang = world.settings.lang;
        let mut ids: Vec<FormId> = Vec::new();
        // The usual ones first, whatever their names.
        for known in ["person", "interview", "note", "screening", "offence", "referral", "outcome", "lessons"] {
            ids.extend(world.codebook.newest(known).map(|form| form.form.id.clone()));
        }
        for form in world.codebook.forms.values() {
            let id = &form.form.id;
            let here = form.stands == Stands::InCase && (id.as_str() != review::FORM || world.supervises());
            if here && !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        let titles = ids.iter().filter_map(|id| world.codebook.newest(id.as_str()));
        let named = titles.map(|form| [lang, lang.other()].map(|lang| form.title.get(lang).to_owned()).into());
        (Menu::of_named("case.add", named), ids)
    }

    fn page(&self, world: &World) -> usize {
        world.page().saturating_sub(usize::from(ABOVE))
    }

    pub(crate) fn refresh(&mut self, world: &World) {
        // What is folded beneath it stands in its story, each entry where it was kept.
        let mut entries: Vec<&Entry> = world
            .with_duplicates(&self.id)
            .iter()
            .filter_map(|id| world.book.case(id))
            .flat_map(|file| file.entries.iter())
            .filter_map(|id| world.book.entry(id))
            // Names are part of their sheet on the screen; an access is not part of the case's story, nor is what was sealed again.
            .filter(|entry| {
                !matches!(
                    entry.content,
                    Content::Names(_) | Content::Access(_) | Content::Opened(_) | Content::Attachments(_)
                )
            })
            .collect();
        put_in_order(&mut entries);
        let drafts = world.drafts.iter().filter(|draft| draft.case == Some(self.id));
        self.lines = entries.iter().map(|entry| Line::Entry(entry.id)).collect();
        self.lines.extend(drafts.map(|draft| Line::Draft(draft.id)));
        self.list.put(self.list.at, self.lines.len(), self.page(world));
    }

    pub(crate) fn title(&self, world: &World, canvas: &Canvas<'_>) -> String {
        canvas.fill("case.title", &[("number", &world.short(&self.id))])
    }
}
