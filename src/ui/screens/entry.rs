//! One entry as it stands today: every answer, who changed it, and where two changes collide.

use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent},
    layout::Rect,
};

use super::{
    case_view::author,
    caseload::mark,
    compare,
    entry_lines::{Lines, Row},
    form_offers::named,
    papers::Papers,
};
use crate::{
    codebook::Question,
    model::{Answers, Attached, CaseId, Code, Content, Entry, EntryId, ListedPart, review},
    ui::{
        bidi,
        effect::Effect,
        keymap::{Act, Room, scrolled},
        msg::Msg,
        pointing::Spot,
        reading, telling,
        theme::Role,
        turn::{Fill, Go, Open, Turn},
        view::Scroll,
        widgets::{
            canvas::{Canvas, Lean},
            path::{Asked, Path},
        },
        world::World,
    },
};

/// An entry that is open.
#[derive(Debug)]
pub(crate) struct EntryView {
    case: CaseId,
    entry: EntryId,
    names: bool,
    /// First line shown.
    line: u16,
    /// Which attachment is to be saved, and where; or shown.
    save: Option<(usize, Path)>,
    /// Where one was saved, or why not.
    said: Option<String>,
    papers: Option<Papers>,
    /// Whether the corrections stand beside what they correct.
    beside: bool,
}

impl EntryView {
    pub(crate) const fn new(case: CaseId, entry: EntryId, names: bool, _world: &World) -> Self {
        Self { case, entry, names, line: 0, save: None, said: None, papers: None, beside: false }
    }

    pub(crate) const fn room(&self) -> Room {
        match (&self.save, &self.papers) {
            (Some(_), _) => Room::Path,
            (None, Some(papers)) => papers.room(),
            (None, None) => Room::Entry,
        }
    }

    pub(crate) fn spot(&mut self) -> Spot<'_> {
        match (&self.save, &mut self.papers) {
            (Some(_), _) => Spot::Nothing,
            (None, Some(papers)) => papers.menu().map_or(Spot::Nothing, Spot::Menu),
            (None, None) => Spot::Lines,
        }
    }

    /// The key of the hint for what is asked over the page, while anything is.
    pub(crate) fn asks(&self) -> Option<&'static str> {
        let saves = self.save.as_ref().map(|_| "training.save_part");
        saves.or_else(|| self.papers.as_ref().map(Papers::hint))
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Some((_, path)) = &mut self.save {
            path.paste(text);
        }
        if let Some(papers) = &mut self.papers {
            papers.paste(text);
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        if let Some(papers) = &mut self.papers {
            papers.hear(msg);
        }
        match (msg, &mut self.save) {
            (Msg::Sealing { done, total }, Some((_, path))) => path.reached(*done, *total),
            (Msg::SaveFailed(trouble), Some((_, path))) => path.failed(trouble),
            (Msg::PartSaved { path }, Some(_)) => {
                self.save = None;
                self.said = Some(path.clone());
            }
            (Msg::PartShown, Some(_)) => self.save = None,
            _ => {}
        }
        Turn::stay()
    }

    /// Shows the attachment if there is but one; else it is chosen first.
    fn look(&mut self, count: usize, world: &World) -> Turn {
        let mut path = Path::without();
        let only = count == 1;
        if only {
            path.begin();
        }
        self.save = Some((0, path));
        if only { self.ask(0, world, Effect::ViewPart) } else { Turn::stay() }
    }

    /// Asks for something to be done with an attachment of the entry.
    fn ask(&self, n: usize, world: &World, wish: impl FnOnce(Box<ListedPart>) -> Effect) -> Turn {
        let Some(entry) = world.book.entry(&self.entry) else { return Turn::stay() };
        let Some(part) = entry.parts.get(n).cloned() else { return Turn::stay() };
        Turn::ask(wish(Box::new(ListedPart { case: entry.case, author: entry.author, part })))
    }

    /// A path for the attachment that is chosen; the arrows choose another.
    fn save_key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        let count = world.book.entry(&self.entry).map_or(0, |entry| entry.parts.len());
        let Some((n, path)) = &mut self.save else { return Turn::stay() };
        match key.code {
            KeyCode::Up => *n = n.saturating_sub(1),
            KeyCode::Down => *n = (*n + 1).min(count.saturating_sub(1)),
            _ => match path.key(key, act) {
                Asked::Still => {}
                Asked::Path(to) => {
                    let n = *n;
                    if path.asks() {
                        return self.ask(n, world, |listed| Effect::SavePart { listed, path: to });
                    }
                    return self.ask(n, world, Effect::ViewPart);
                }
                Asked::Stop => return Turn::ask(Effect::StopSealing),
                Asked::Left => self.save = None,
            },
        }
        Turn::stay()
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if self.save.is_some() {
            return self.save_key(key, act, world);
        }
        if let Some(papers) = &mut self.papers {
            let (turn, open) = papers.key(key, act, self.names, world);
            if !open {
                self.papers = None;
            }
            return turn;
        }
        let attached = world.book.entry(&self.entry).map_or(0, |entry| entry.parts.len());
        let above = 2 + if self.beside { compare::ABOVE } else { 0 };
        let page = u16::try_from(world.page()).unwrap_or(20).saturating_sub(above);
        let most = self.height(world).saturating_sub(page);
        match act {
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(Act::Correct) => return Turn::open(Open::Fill(Fill::Correct(self.entry))),
            Some(Act::Names) => return self.toggle_names(world),
            Some(act @ (Act::Approve | Act::Return | Act::Merge)) if self.may_review(world) => {
                let word = match act {
                    Act::Approve => "APPROVE",
                    Act::Return => "RETURN",
                    _ => "MERGE",
                };
                return Turn::open(Open::Fill(Fill::Review { entry: self.entry, word: Some(Code::new(word)) }));
            }
            Some(Act::Assign) if self.may_assign(world) => {
                let word = Some(Code::new("ASSIGN"));
                return Turn::open(Open::Fill(Fill::Review { entry: self.entry, word }));
            }
            Some(Act::Beside) => {
                self.beside = !self.beside;
                self.line = 0;
            }
            Some(Act::Paper) => {
                self.papers = world.book.entry(&self.entry).and_then(|entry| Papers::new(entry, world));
            }
            Some(Act::ViewPart) if attached > 0 => return self.look(attached, world),
            Some(Act::SavePart) if attached > 0 => self.save = Some((0, Path::new())),
            _ => self.line = scrolled(act, self.line, page, most),
        }
        Turn::stay()
    }

    /// What can be done with this entry: one without a file has none to save, and a word on it is a supervisor's.
    pub(super) fn does(&self, act: Act, world: &World) -> bool {
        let entry = world.book.entry(&self.entry);
        match act {
            Act::SavePart | Act::ViewPart => entry.is_some_and(|entry| !entry.parts.is_empty()),
            Act::Correct => entry.is_some_and(|entry| matches!(entry.content, Content::Sheet(_))),
            Act::Paper => entry.is_some_and(|entry| Papers::new(entry, world).is_some()),
            Act::Beside => entry.is_some_and(|entry| compare::any(entry, self.names, world)),
            Act::Approve | Act::Return | Act::Merge => self.may_review(world),
            _ => true,
        }
    }

    /// Nobody reviews what they wrote themselves, nor a review.
    fn may_review(&self, world: &World) -> bool {
        let theirs = world.book.entry(&self.entry).is_some_and(|entry| Some(entry.author.device) != world.device());
        theirs && self.may_assign(world)
    }

    /// What a supervisor wrote can be given to somebody as well.
    fn may_assign(&self, world: &World) -> bool {
        let content = world.book.entry(&self.entry).map(|entry| &entry.content);
        let sheet = matches!(content, Some(Content::Sheet(sheet)) if sheet.form().id.as_str() != review::FORM);
        world.supervises() && sheet
    }

    fn toggle_names(&mut self, world: &World) -> Turn {
        self.names = !self.names;
        let file = world.book.case(&self.case);
        let shown: Vec<EntryId> = file
            .into_iter()
            .flat_map(|file| file.entries.iter())
            .filter(|id| matches!(world.book.entry(id).map(|entry| &entry.content), Some(Content::Names(names)) if names.of == self.entry))
            .copied()
            .collect();
        if !self.names || shown.is_empty() {
            return Turn::stay();
        }
        Turn::ask(Effect::NoteAccess { case: self.case, what: Code::new("names"), entries: shown })
    }

    /// Lines of the page as it would be drawn.
    fn height(&self, world: &World) -> u16 {
        let Some(entry) = world.book.entry(&self.entry) else { return 0 };
        let mut nothing = Buffer::empty(Rect::ZERO);
        self.lines(entry, world, &Canvas::new(&mut nothing, world.settings), world.size.0.saturating_sub(2)).total()
    }

    /// What is read: the entry, or what was corrected of it side by side.
    fn lines(&self, entry: &Entry, world: &World, canvas: &Canvas<'_>, width: u16) -> Lines {
        let beside = || compare::rows(entry, self.names, world, canvas);
        Lines::new(if self.beside { beside() } else { self.rows(entry, world, canvas) }, width)
    }

    pub(crate) fn heading(&self, world: &World, canvas: &Canvas<'_>) -> (String, String) {
        let lang = world.settings.lang;
        let title = world.book.entry(&self.entry).and_then(|entry| match &entry.content {
            Content::Sheet(sheet) => world.codebook.form(sheet.form()).map(|form| form.title.get(lang).to_owned()),
            _ => None,
        });
        let about = canvas.fill("case.title", &[("number", &world.short(&self.case))]);
        (title.unwrap_or_else(|| self.entry.short()), about)
    }

    pub(crate) fn draw(&self, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(entry) = world.book.entry(&self.entry) else { return };
        let who = author(entry, world, canvas);
        let line = format!("{} · {who} · {}", telling::clock(entry.times.device), mark(world.delivery(entry), canvas));
        canvas.put((area.x, area.y), area.width, &line, Role::Faint);
        if self.names {
            let text = canvas.say("case.names_shown").to_owned();
            canvas.lean((area.x, area.y), area.width, &text, Role::Warn, Lean::End);
        }
        if world.late.is(&entry.author) {
            let text = format!("! {}", canvas.say("entry.late"));
            canvas.put((area.x, area.y + 1), area.width, &text, Role::Warn);
        }
        let mut page = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        if self.beside {
            compare::draw_head(canvas, page);
            page = Rect { y: page.y + compare::ABOVE, height: page.height.saturating_sub(compare::ABOVE), ..page };
        }
        let lines = self.lines(entry, world, canvas, page.width);
        let total = lines.total();
        scroll.line = self.line.min(total.saturating_sub(page.height));
        lines.draw(canvas, page, scroll.line);
        if total > page.height {
            let text = format!("{}/{total}", (scroll.line + page.height).min(total));
            canvas.lean((area.x, area.y + 1), area.width, &text, Role::Faint, Lean::End);
        }
        if let Some(path) = &self.said {
            let text = format!("✓ {}", canvas.fill("part.saved", &[("path", &bidi::inert(path))]));
            canvas.put((area.x, area.y + 1), area.width.saturating_sub(8), &text, Role::Warn);
        }
        self.draw_over(entry, canvas, area);
    }

    /// What is asked over the page.
    fn draw_over(&self, entry: &Entry, canvas: &mut Canvas<'_>, area: Rect) {
        self.draw_save(entry, canvas, area);
        if let Some(papers) = &self.papers {
            papers.draw(canvas, area);
        }
    }

    fn draw_save(&self, entry: &Entry, canvas: &mut Canvas<'_>, area: Rect) {
        let Some((at, path)) = &self.save else { return };
        let Some(part) = entry.parts.get(*at) else { return };
        let (number, of) = ((at + 1).to_string(), entry.parts.len().to_string());
        let blanks = [("number", number.as_str()), ("of", &of), ("what", &told(part))];
        let (heading, hint) =
            if path.asks() { ("part.save", "part.save_hint") } else { ("part.view", "part.view_hint") };
        let (heading, hint) = (canvas.fill(heading, &blanks), canvas.say(hint).to_owned());
        path.draw(canvas, area, &heading, &hint);
    }

    /// What is attached, with the names that the files had.
    fn attachments(rows: &mut Vec<Row>, entry: &Entry, canvas: &Canvas<'_>) {
        if entry.parts.is_empty() {
            return;
        }
        rows.push(Row::Heading(canvas.say("part.title").to_owned()));
        for part in &entry.parts {
            rows.push(Row::Answer { label: told(part), told: bidi::inert(&part.name), role: Role::Text });
        }
        rows.push(Row::Space);
    }

    /// What supervisors have said about it, so that its author sees what came back.
    fn words(rows: &mut Vec<Row>, entry: &Entry, world: &World, canvas: &Canvas<'_>) {
        let words = world.book.words_on(&entry.id);
        if words.is_empty() {
            return;
        }
        let standing = world.book.reviewed(&entry.id);
        for word in words {
            let Some(by) = world.book.entry(&word.id) else { continue };
            let label = telling::label(&world.codebook, "review_word", &Code::new(word.says()), world.settings.lang);
            let (who, when) = (author(by, world, canvas), telling::clock(by.times.device));
            let role = if standing == review::Standing::Returned { Role::Warn } else { Role::Accent };
            let note =
                word.note().map(|note| format!(": {}", bidi::inert(note).replace('\n', " "))).unwrap_or_default();
            rows.push(Row::Remark(format!("↩ {label} · {who} · {when}{note}"), role));
        }
        if standing == review::Standing::Answered {
            rows.push(Row::Remark(canvas.say("review.answered_since").to_owned(), Role::Faint));
        }
        rows.push(Row::Space);
    }

    fn rows(&self, entry: &Entry, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let lang = world.settings.lang;
        let mut rows = Vec::new();
        if let Some(source) = &entry.source {
            let text = canvas.fill("entry.imported", &[("name", &source.name), ("map", &source.map)]);
            rows.push(Row::Remark(format!("⇣ {text}"), Role::Warn));
        }
        Self::attachments(&mut rows, entry, canvas);
        Self::words(&mut rows, entry, world, canvas);
        let Content::Sheet(sheet) = &entry.content else { return rows };
        let Some(form) = world.codebook.form(sheet.form()) else {
            rows.push(Row::Remark(canvas.say("entry.unknown_form").to_owned(), Role::Warn));
            return rows;
        };
        let answers = world.book.answers(&entry.id, self.names);
        let collided = reading::collisions(&world.book, entry);
        for section in &form.sections {
            let before = rows.len();
            for question in &section.questions {
                self.answer(&mut rows, question, (entry, &answers), world, canvas);
                if collided.contains(&question.id) {
                    let text = canvas.say("entry.collision").to_owned();
                    rows.push(Row::Remark(format!("✗ {text}"), Role::Bad));
                }
            }
            if rows.len() > before {
                rows.insert(before, Row::Heading(section.title.get(lang).to_owned()));
                rows.push(Row::Space);
            }
        }
        rows
    }

    fn answer(
        &self,
        rows: &mut Vec<Row>,
        question: &Question,
        (entry, answers): (&Entry, &Answers),
        world: &World,
        canvas: &Canvas<'_>,
    ) {
        let lang = world.settings.lang;
        let label = question.label.get(lang).to_owned();
        let Some(answer) = answers.answer(question.id.as_str()) else {
            if question.sealed && !self.names && is_sealed(world, entry, question) {
                rows.push(Row::Answer { label, told: canvas.say("entry.sealed").to_owned(), role: Role::Faint });
            }
            return;
        };
        let silent = answer.value().is_none();
        let told = named(answer, &self.case, world)
            .unwrap_or_else(|| telling::answer(&world.codebook, question, answer, lang));
        let told = if silent { format!("— {told}") } else { told };
        rows.push(Row::Answer { label, told, role: if silent { Role::Faint } else { Role::Text } });
        for (by, amendment) in reading::amendments(&world.book, entry) {
            let Some(given) = amendment.changes.get(question.id.as_str()) else { continue };
            let who = author(by, world, canvas);
            let told = telling::answer(&world.codebook, question, &given.answer, lang);
            let when = telling::clock(by.times.device);
            let text = canvas.fill("entry.changed", &[("who", &who), ("when", &when), ("to", &told)]);
            rows.push(Row::Remark(format!("↳ {text}"), Role::Accent));
        }
    }
}

/// An attachment in a few words: its kind and size.
fn told(part: &Attached) -> String {
    format!("{}, {}", bidi::inert(&part.media), telling::size(part.size))
}

/// Whether an answer to this question lies sealed apart.
fn is_sealed(world: &World, entry: &Entry, question: &Question) -> bool {
    world.book.names(&entry.id).any(|answers| answers.get(question.id.as_str()).is_some())
}
