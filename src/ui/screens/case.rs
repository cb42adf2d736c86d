//! One case: its entries in the order in which they were kept, and what can be added to it.

use ratatui::{
    crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind},
    layout::Rect,
};

use super::caseload::mark;
use crate::{
    codebook::Stands,
    model::{CaseId, Code, Content, DraftId, Entry, EntryId, FormId, Moment, put_in_order, review},
    ui::{
        bidi,
        effect::Effect,
        keymap::{Act, Room},
        msg::Msg,
        reading, telling,
        theme::Role,
        turn::{Fill, Go, Open, Turn},
        widgets::{
            canvas::{Canvas, Lean},
            list::List,
            menu::Menu,
            path::{Asked, Path},
        },
        world::World,
    },
};

/// One line of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Draft(DraftId),
    Entry(EntryId),
}

/// A case that is open.
#[derive(Debug)]
pub(crate) struct Case {
    id: CaseId,
    lines: Vec<Line>,
    list: List,
    add: Option<(Menu, Vec<FormId>)>,
    names: bool,
    attach: Option<Path>,
}

/// Rows above the timeline.
const ABOVE: u16 = 5;

impl Case {
    /// Opens a case. One that this device wrote nothing in is somebody else's: opening it is put on record.
    pub(crate) fn open(id: CaseId, world: &World) -> (Self, Option<Effect>) {
        let mut case = Self { id, lines: Vec::new(), list: List::default(), add: None, names: false, attach: None };
        case.refresh(world);
        case.list.put(case.lines.len(), case.lines.len(), case.page(world));
        let file = world.book.case(&id);
        let entries: Vec<EntryId> = file.map(|file| file.entries.clone()).unwrap_or_default();
        let me = world.device();
        let mine = entries.iter().filter_map(|id| world.book.entry(id)).any(|entry| Some(entry.author.device) == me);
        let note =
            (!mine && !entries.is_empty()).then(|| Effect::NoteAccess { case: id, what: Code::new("case"), entries });
        (case, note)
    }

    pub(crate) const fn room(&self) -> Room {
        match (&self.add, &self.attach) {
            (Some(_), _) => Room::Menu,
            (None, Some(_)) => Room::Path,
            (None, None) => Room::Case,
        }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Some(path) = &mut self.attach {
            path.paste(text);
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
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
        match act {
            Some(Act::Attach) => {
                self.attach = Some(Path::new());
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

    /// Names come when they are asked for, and asking is an entry of its own.
    fn toggle_names(&mut self, world: &World) -> Turn {
        self.names = !self.names;
        let file = world.book.case(&self.id);
        let entries = file.map(|file| file.entries.clone()).unwrap_or_default();
        let shown: Vec<EntryId> = entries
            .into_iter()
            .filter(|id| matches!(world.book.entry(id), Some(Entry { content: Content::Names(_), .. })))
            .collect();
        if !self.names || shown.is_empty() {
            return Turn::stay();
        }
        Turn::ask(Effect::NoteAccess { case: self.id, what: Code::new("names"), entries: shown })
    }

    fn open_line(&self, world: &World) -> Turn {
        match self.lines.get(self.list.at) {
            Some(Line::Draft(id)) => Turn::open(Open::Fill(Fill::Draft(*id))),
            Some(Line::Entry(id)) => {
                let entry = world.book.entry(id).map(|entry| match &entry.content {
                    Content::Names(names) => names.of,
                    Content::Amendment(amendment) => amendment.target,
                    _ => entry.id,
                });
                entry.map_or_else(Turn::stay, |entry| {
                    Turn::open(Open::Entry { case: self.id, entry, names: self.names })
                })
            }
            None => Turn::stay(),
        }
    }

    pub(crate) fn mouse(&mut self, mouse: &MouseEvent, world: &World) -> Turn {
        let page = self.page(world);
        match mouse.kind {
            MouseEventKind::ScrollDown => self.list.put(self.list.at + 1, self.lines.len(), page),
            MouseEventKind::ScrollUp => self.list.put(self.list.at.saturating_sub(1), self.lines.len(), page),
            MouseEventKind::Down(MouseButton::Left) if self.add.is_none() => {
                let row = mouse.row.checked_sub(2 + ABOVE).map(usize::from);
                let Some(at) = row.and_then(|row| self.list.hit(row, self.lines.len())) else { return Turn::stay() };
                if at == self.list.at {
                    return self.open_line(world);
                }
                self.list.put(at, self.lines.len(), page);
            }
            _ => {}
        }
        Turn::stay()
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
        let items = titles.map(|form| form.title.get(lang).to_owned()).collect();
        (Menu::new("case.add", items), ids)
    }

    fn page(&self, world: &World) -> usize {
        world.page().saturating_sub(usize::from(ABOVE))
    }

    pub(crate) fn refresh(&mut self, world: &World) {
        let mut entries: Vec<&Entry> = world
            .book
            .case(&self.id)
            .into_iter()
            .flat_map(|file| file.entries.iter())
            .filter_map(|id| world.book.entry(id))
            // Names are part of their sheet on the screen; an access is not part of the case's story.
            .filter(|entry| !matches!(entry.content, Content::Names(_) | Content::Access(_) | Content::Opened(_)))
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

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        self.draw_summary(world, canvas, area);
        let head = Rect { y: area.y + ABOVE - 1, height: 1, ..area };
        let names =
            ["what", "when", "author", "delivery"].map(|name| canvas.say(&format!("case.column.{name}")).to_owned());
        row(canvas, head, &names, Role::Faint);
        let body = Rect { y: area.y + ABOVE, height: area.height.saturating_sub(ABOVE), ..area };
        if self.lines.is_empty() {
            let word = match (world.book.erased(&self.id).0, world.book.at_headquarters(&self.id)) {
                (1.., _) => "case.erased_all",
                (0, 1..) => "case.away_all",
                (0, 0) => "case.empty",
            };
            let text = canvas.say(word).to_owned();
            canvas.paragraph(
                Rect { x: body.x + 4, y: body.y + 1, width: body.width.saturating_sub(8), height: 3 },
                &text,
                Role::Faint,
            );
        }
        for (at, y) in self.list.shown(self.lines.len(), usize::from(body.height)).zip(body.y..body.bottom()) {
            let Some(line) = self.lines.get(at) else { continue };
            let role = if at == self.list.at { Role::Selected } else { Role::Text };
            let place = Rect { y, height: 1, ..body };
            if role == Role::Selected {
                canvas.wash(Rect { x: place.x.saturating_sub(1), width: place.width + 2, ..place }, role);
            }
            row(canvas, place, &self.cells(line, world, canvas), role);
        }
        if let Some((menu, _)) = &self.add {
            menu.draw(canvas, area);
        }
        if let Some(path) = &self.attach {
            let (heading, hint) = ["part.attach", "part.attach_hint"].map(|word| canvas.say(word).to_owned()).into();
            path.draw(canvas, area, &heading, &hint);
        }
    }

    /// The case in three lines: what it is, where, how dangerous.
    fn draw_summary(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(facts) = world.cases.iter().find(|row| row.id == self.id) else { return };
        let lang = world.settings.lang;
        let label = |list: &str, code: &Option<Code>| {
            code.as_ref().map(|code| telling::brief(&telling::label(&world.codebook, list, code, lang)).to_owned())
        };
        let class = label("case_class", &facts.class).unwrap_or_default();
        canvas.lean((area.x, area.y), area.width, &class, Role::Strong, Lean::Own);
        let opened = facts.opened.map(|date| canvas.fill("case.opened", &[("date", &date.to_string())]));
        let station = Some(facts.station.clone()).filter(|station| !station.is_empty());
        let place: Vec<String> = [label("district", &facts.district), station, opened].into_iter().flatten().collect();
        canvas.lean((area.x, area.y + 1), area.width, &place.join(" · "), Role::Text, Lean::Own);
        let risk = label("risk_level", &facts.risk).map(|risk| canvas.fill("case.risk", &[("risk", &risk)]));
        let status = label("case_status", &facts.status);
        let persons = u64::try_from(facts.persons).unwrap_or(0);
        let persons = Some(crate::words::count(canvas.tongue(), "count.persons", persons));
        let state: Vec<String> = [risk, status, persons].into_iter().flatten().collect();
        let high = facts.risk.as_ref().is_some_and(|code| code.as_str() == "HIGH");
        let (sign, role) = if high { ("▲ ", Role::Warn) } else { ("", Role::Text) };
        canvas.lean((area.x, area.y + 2), area.width, &format!("{sign}{}", state.join(" · ")), role, Lean::Own);
        let entries = |count: usize| {
            crate::words::count(canvas.tongue(), "count.entries", u64::try_from(count).unwrap_or(u64::MAX))
        };
        let away = world.book.at_headquarters(&self.id);
        let away = (away > 0).then(|| canvas.fill("case.away", &[("entries", &entries(away))]));
        let away = away.unwrap_or_default();
        canvas.lean((area.x, area.y + 3), area.width, &away, Role::Faint, Lean::End);
        if let (count @ 1.., when) = world.book.erased(&self.id) {
            let entries =
                crate::words::count(canvas.tongue(), "count.entries", u64::try_from(count).unwrap_or(u64::MAX));
            let date = when.and_then(|when: Moment| when.date()).map(|date| date.to_string()).unwrap_or_default();
            let word = if date.is_empty() { "case.erased" } else { "case.erased_on" };
            let text = format!("∅ {}", canvas.fill(word, &[("entries", &entries), ("date", &date)]));
            canvas.lean((area.x, area.y + 3), area.width, &text, Role::Warn, Lean::Own);
        }
        if self.names {
            let text = canvas.say("case.names_shown").to_owned();
            canvas.lean((area.x, area.y), area.width, &text, Role::Warn, Lean::End);
        }
    }

    fn cells(&self, line: &Line, world: &World, canvas: &Canvas<'_>) -> [String; 4] {
        let lang = world.settings.lang;
        match line {
            Line::Draft(id) => {
                let draft = world.draft(id);
                let title = draft.and_then(|draft| world.codebook.form(&draft.form)).map(|form| form.title.get(lang));
                let when = draft.map(|draft| telling::clock(draft.started)).unwrap_or_default();
                let word = if world.book.erased(&self.id).0 > 0 { "case.draft_erased" } else { "case.draft" };
                let what = canvas.fill(word, &[("form", title.unwrap_or_default())]);
                [format!("✎ {what}"), when, canvas.say("case.me").to_owned(), canvas.say("delivery.draft").to_owned()]
            }
            Line::Entry(id) => {
                let Some(entry) = world.book.entry(id) else { return Default::default() };
                [
                    self.what(entry, world, canvas),
                    telling::clock(entry.times.device),
                    author(entry, world, canvas),
                    mark(world.delivery(entry), canvas),
                ]
            }
        }
    }

    /// What an entry is, in a few words; a person's name only after it was asked for.
    fn what(&self, entry: &Entry, world: &World, canvas: &Canvas<'_>) -> String {
        let lang = world.settings.lang;
        match &entry.content {
            Content::Sheet(sheet) => {
                let form = world.codebook.form(sheet.form());
                let title = form.map_or_else(|| sheet.form().to_string(), |form| form.title.get(lang).to_owned());
                let answers = world.book.answers(&entry.id, self.names);
                let told = [
                    "name_full",
                    "alias_code",
                    "role",
                    "gender",
                    "interview_kind",
                    "note_text",
                    "result_officer",
                    "offence_section",
                    "service",
                    "status",
                    "stage",
                    "verdict",
                    "review_word",
                ]
                .iter()
                .filter_map(|id| {
                    let question = form?.question(id)?;
                    let text = telling::answer(&world.codebook, question, answers.answer(id)?, lang);
                    Some(telling::brief(text.lines().next().unwrap_or_default()).to_owned())
                });
                let told: Vec<String> = told.take(3).collect();
                let changed = reading::amendments(&world.book, entry).len();
                let sign = match (reading::collisions(&world.book, entry).is_empty(), changed) {
                    (false, _) => format!(" ✗ {}", canvas.say("case.collision")),
                    (true, 0) => String::new(),
                    (true, _) => format!(" ({})", canvas.say("case.corrected")),
                };
                let sep = if told.is_empty() { "" } else { "  " };
                let source = if entry.source.is_some() {
                    format!(" ⇣ {}", canvas.say("case.imported"))
                } else {
                    String::new()
                };
                let files = attached(entry, canvas);
                format!("{title}{sign}{source}{files}{sep}{}", told.join(" · "))
            }
            Content::Amendment(amendment) => {
                let of = world.book.entry(&amendment.target).and_then(|target| match &target.content {
                    Content::Sheet(sheet) => world.codebook.form(sheet.form()),
                    _ => None,
                });
                let of = of.map(|form| form.title.get(lang)).unwrap_or_default();
                let reason = telling::label(&world.codebook, "amend_reason", &amendment.reason, lang);
                format!(" ↳ {}  {reason}", canvas.fill("case.correction_of", &[("form", of)]))
            }
            Content::Names(_) | Content::Access(_) | Content::Opened(_) => String::new(),
            Content::Other(other) => canvas.fill("case.other", &[("kind", &bidi::inert(&other.kind))]),
        }
    }
}

/// How many attachments an entry has, and how large they are together; never their names.
fn attached(entry: &Entry, canvas: &Canvas<'_>) -> String {
    if entry.parts.is_empty() {
        return String::new();
    }
    let count = u64::try_from(entry.parts.len()).unwrap_or(u64::MAX);
    let bytes = entry.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.size));
    let files = crate::words::count(canvas.tongue(), "count.files", count);
    format!(" ⊕ {files}, {}", telling::size(bytes))
}

/// Who signed an entry: this person, or the member whose device it was, or the device.
pub(super) fn author(entry: &Entry, world: &World, canvas: &Canvas<'_>) -> String {
    if world.device() == Some(entry.author.device) {
        return canvas.say("case.me").to_owned();
    }
    let known =
        world.roster.as_ref().and_then(|page| page.devices.iter().find(|device| device.id == entry.author.device));
    known.map_or_else(|| entry.author.device.short(), |device| device.member.clone())
}

fn row(canvas: &mut Canvas<'_>, area: Rect, cells: &[String; 4], role: Role) {
    let author = if area.width > 100 { 24 } else { 10 };
    let [what, when, who, delivery] = cells;
    let wide = area.width.saturating_sub(16 + 2 + author + 1 + 13 + 2);
    canvas.put((area.x, area.y), wide, what, role);
    canvas.put((area.x + wide + 2, area.y), 16, when, role);
    canvas.put((area.x + wide + 20, area.y), author, who, role);
    canvas.put((area.x + wide + 21 + author, area.y), 13, delivery, role);
}
