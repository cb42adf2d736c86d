//! How one case is drawn: what it is in three lines, and its timeline.

use ratatui::layout::Rect;

use super::{
    case::{ABOVE, Case, Line},
    caseload::mark,
    review::assigned_to,
};
use crate::{
    model::{Code, Content, Entry, Handover, Moment, Step},
    ui::{
        bidi, reading, telling,
        theme::Role,
        widgets::canvas::{Canvas, Lean},
        world::World,
    },
};

impl Case {
    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        self.draw_summary(world, canvas, area);
        let body = Rect { y: area.y + ABOVE, height: area.height.saturating_sub(ABOVE), ..area };
        if self.lines.is_empty() {
            let (book, id) = (&world.book, &self.id);
            let word = match (book.erased(id).0, book.handed_in(id), book.at_headquarters(id)) {
                (1.., ..) => "case.erased_all",
                (0, 1.., _) => "case.handed_in_all",
                (0, 0, 1..) => "case.away_all",
                (0, 0, 0) => "case.empty",
            };
            let text = canvas.say(word).to_owned();
            canvas.paragraph(
                Rect { x: body.x + 4, y: body.y + 1, width: body.width.saturating_sub(8), height: 3 },
                &text,
                Role::Faint,
            );
        }
        self.draw_lines(world, canvas, body);
        if let Some((menu, _)) = &self.add {
            menu.draw(canvas, area);
        }
        if let Some(path) = &self.attach {
            let (heading, hint) = ["part.attach", "part.attach_hint"].map(|word| canvas.say(word).to_owned()).into();
            path.draw(canvas, area, &heading, &hint);
        }
        if let Some(papers) = &self.papers {
            papers.draw(canvas, area);
        }
        if let Some(handing) = &self.handing {
            handing.draw(canvas, area);
        }
        if let Some(linked) = &self.links {
            linked.draw(world, canvas, area);
        }
        if let Some(menu) = &self.hand_in {
            menu.draw(canvas, area);
        }
    }

    /// The timeline and the names of its columns above it.
    fn draw_lines(&self, world: &World, canvas: &mut Canvas<'_>, body: Rect) {
        let names =
            ["what", "when", "author", "delivery"].map(|name| canvas.say(&format!("case.column.{name}")).to_owned());
        let shown: Vec<usize> = self.list.shown(self.lines.len(), usize::from(body.height)).collect();
        let cells = shown.iter().filter_map(|at| self.lines.get(*at)).map(|line| self.cells(line, world, canvas));
        let rows: Vec<[String; 4]> = std::iter::once(names).chain(cells).collect();
        let columns = Columns::of(body.width, &rows);
        for (n, (cells, y)) in rows.iter().zip(body.y.saturating_sub(1)..body.bottom()).enumerate() {
            let chosen = n > 0 && shown.get(n - 1) == Some(&self.list.at);
            let role = match (n, chosen) {
                (0, _) => Role::Faint,
                (_, true) => Role::Selected,
                (_, false) => Role::Text,
            };
            let place = Rect { y, height: 1, ..body };
            if chosen {
                canvas.wash(Rect { x: place.x.saturating_sub(1), width: place.width + 2, ..place }, role);
            }
            columns.draw(canvas, place, cells, role);
            let [what, ..] = cells;
            // What the column has no room for is said whole of the line that is chosen.
            if chosen && bidi::columns(what) > columns.what && !self.is_remarked(world) {
                let above = Rect { y: body.y.saturating_sub(2), height: 1, ..body };
                canvas.lean((above.x, above.y), above.width, what.trim_start(), Role::Text, Lean::Own);
            }
        }
    }

    /// Whether the line above the names of the columns says something of the case.
    fn is_remarked(&self, world: &World) -> bool {
        let (book, id) = (&world.book, &self.id);
        let away = book.handed_in(id) + book.at_headquarters(id) + book.erased(id).0 > 0;
        away || world.same.stands_for(id).is_some() || assigned_to(id, world).is_some()
    }

    /// The case in three lines: what it is, where, how dangerous.
    fn draw_summary(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let row_of = world.same.stands_for(&self.id).unwrap_or(self.id);
        let Some(facts) = world.cases.iter().find(|row| row.id == row_of) else { return };
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
        let away = match (world.book.handed_in(&self.id), away) {
            (count @ 1.., _) => format!("◌ {}", canvas.fill("case.handed_in", &[("entries", &entries(count))])),
            (0, count @ 1..) => canvas.fill("case.away", &[("entries", &entries(count))]),
            (0, 0) => String::new(),
        };
        canvas.lean((area.x, area.y + 3), area.width, &away, Role::Faint, Lean::End);
        if let Some(stands) = world.same.stands_for(&self.id) {
            let text = format!("⧉ {}", canvas.fill("same.beneath", &[("case", &world.short(&stands))]));
            canvas.put((area.x, area.y + 3), area.width, &text, Role::Warn);
        } else if let Some(to) = assigned_to(&self.id, world) {
            let text = format!("→ {}", canvas.fill("case.assigned", &[("who", &to)]));
            canvas.put((area.x, area.y + 3), area.width, &text, Role::Accent);
        }
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
                let what = self.what(entry, world, canvas);
                let beneath = entry.case != self.id;
                [
                    if beneath { format!("⧉ {}  {what}", world.short(&entry.case)) } else { what },
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
                    "statement_type",
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
            Content::Names(_) | Content::Access(_) | Content::Opened(_) | Content::Attachments(_) => String::new(),
            Content::Handover(told) => handover(told, world, canvas),
            Content::Other(other) => canvas.fill("case.other", &[("kind", &bidi::inert(&other.kind))]),
        }
    }
}

/// A step of sharing or a transfer, in a few words.
fn handover(told: &Handover, world: &World, canvas: &Canvas<'_>) -> String {
    let key = match told.step {
        _ if told.peer.is_some() => abroad(told),
        Step::Share => "hand.line.share",
        Step::Sent => "hand.line.send",
        Step::Accepted => "hand.line.accept",
        Step::Rejected => "hand.line.reject",
        Step::TakenBack => "hand.line.take_back",
    };
    let reason = told.reason.as_ref().map(|code| {
        telling::brief(&telling::label(&world.codebook, "transfer_reason", code, world.settings.lang)).to_owned()
    });
    let note = told.note.as_deref().and_then(|note| note.lines().next()).map(bidi::inert);
    let more: Vec<String> = reason.into_iter().chain(note).collect();
    let sep = if more.is_empty() { "" } else { "  " };
    let unit = match &told.peer {
        Some(peer) => format!("{}, {}", bidi::inert(&peer.unit), bidi::inert(&peer.name)),
        None => world.unit_name(&told.unit),
    };
    format!("⇄ {}{sep}{}", canvas.fill(key, &[("unit", &unit)]), more.join(" · "))
}

/// The words for a step of a transfer between two agencies.
const fn abroad(told: &Handover) -> &'static str {
    match (told.step, &told.of) {
        (Step::Accepted, None) => "hand.line.came",
        (Step::Accepted, Some(_)) => "hand.line.accept",
        (Step::Rejected, _) => "hand.line.reject",
        (Step::TakenBack, _) => "hand.line.offer_back",
        (Step::Share | Step::Sent, _) => "hand.line.offered",
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

/// How wide the columns of the timeline are: who and how far take what they need today, and what is left goes to what it is.
struct Columns {
    what: u16,
    who: u16,
    delivery: u16,
}

/// Columns of a day with its hour.
const WHEN: u16 = 16;

impl Columns {
    fn of(width: u16, rows: &[[String; 4]]) -> Self {
        let widest = |at: usize, most: u16| {
            let texts = rows.iter().filter_map(|row| row.get(at));
            texts.map(|text| bidi::columns(text)).max().unwrap_or_default().min(most)
        };
        let (who, delivery) = (widest(2, if width > 100 { 24 } else { 10 }), widest(3, 13));
        Self { what: width.saturating_sub(WHEN + 3 + who + delivery), who, delivery }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, row: Rect, cells: &[String; 4], role: Role) {
        let Self { what, who, delivery } = *self;
        let mut x = row.x;
        for (text, width) in cells.iter().zip([what, WHEN, who, delivery]) {
            canvas.put((x, row.y), width, text, role);
            x += width + 1;
        }
    }
}
