//! All cases in a list that narrows as one types. Only the rows on the screen are ever built.

use std::collections::HashSet;

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::narrowing::{self, Chosen, Narrowing};
use crate::{
    codebook::{self, Wanted},
    model::{CaseFilter, CaseId, Code, Delivery, FormId},
    ui::{
        bidi, due,
        keymap::{Act, Room},
        pointing::{Rows, Spot},
        reading::CaseRow,
        telling,
        theme::Role,
        turn::{Fill, Open, Turn},
        widgets::{
            canvas::{Canvas, Lean},
            list::List,
            menu::Menu,
            text::{Edit, Lay},
        },
        world::World,
    },
    words::{self, Tongue},
};

/// The list, what narrows it, and which rows are left.
#[derive(Debug)]
pub(crate) struct Caseload {
    typed: Edit,
    filter: CaseFilter,
    narrowing: Option<Narrowing>,
    /// The rows that the filter lets through, whatever is typed: looked at again when the world or the filter changes, not at every key.
    base: Vec<usize>,
    list: List,
    /// The case the list stands on, so that it stays there when others arrive.
    at: Option<CaseId>,
    found: Vec<usize>,
    /// Which making of the rows it last looked at, and on how many lines.
    seen: Option<(u64, usize)>,
    /// How many of them, at the end, are spelt nearly as typed.
    near: usize,
    drafts: Option<Menu>,
}

impl Default for Caseload {
    fn default() -> Self {
        Self {
            typed: Edit::line(""),
            filter: CaseFilter::default(),
            narrowing: None,
            base: Vec::new(),
            list: List::default(),
            at: None,
            found: Vec::new(),
            seen: None,
            near: 0,
            drafts: None,
        }
    }
}

/// Rows above the list: search, and the names of the columns.
const ABOVE: u16 = 3;

impl Caseload {
    pub(crate) const fn room(&self) -> Room {
        match (&self.drafts, &self.narrowing) {
            (Some(_), _) => Room::Menu,
            (None, Some(narrowing)) => narrowing.room(),
            (None, None) => Room::Caseload,
        }
    }

    /// The key of the hint for what is asked over the list, while anything is.
    pub(crate) fn asks(&self) -> Option<&'static str> {
        let narrows = self.narrowing.as_ref().map(|narrowing| match narrowing.room() {
            Room::Path => "training.filter_name",
            _ => "training.filter",
        });
        self.drafts.as_ref().map(|_| "training.drafts").or(narrows)
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if let Some(menu) = &mut self.drafts {
            if act == Some(Act::Back) {
                self.drafts = None;
            } else if let Some(at) = menu.key(key.code, act) {
                self.drafts = None;
                return world
                    .drafts
                    .get(at)
                    .map_or_else(Turn::stay, |draft| Turn::open(Open::Fill(Fill::Draft(draft.id))));
            }
            return Turn::stay();
        }
        if self.narrowing.is_some() {
            return self.narrow(key, act, world);
        }
        let page = page(world);
        match act {
            Some(Act::Open) => return self.at.map_or_else(Turn::stay, |id| Turn::open(Open::Case(id))),
            Some(Act::New) => return Turn::open(Open::Fill(Fill::New { form: FormId::new("case"), case: None })),
            Some(Act::Filter) => {
                self.narrowing = Some(Narrowing::new(world));
            }
            Some(Act::Drafts) if !world.drafts.is_empty() => {
                let items = world.drafts.iter().map(|draft| draft_line(draft, world)).collect();
                self.drafts = Some(Menu::new("caseload.drafts", items));
            }
            Some(Act::Sync) => return Turn::ask(crate::ui::Effect::Sync),
            Some(Act::Outbox) => return Turn::open(Open::Outbox),
            Some(Act::Today) => return Turn::open(Open::Today),
            Some(Act::Review) if world.supervises() => return Turn::open(Open::Review),
            Some(Act::Roster) => return Turn::open(Open::Roster),
            Some(Act::Back) => {
                self.typed.clear();
                self.search(world);
            }
            Some(act) => {
                self.list.go(act, self.found.len(), page);
                self.note_place(world);
            }
            None => self.type_key(key, world),
        }
        Turn::stay()
    }

    /// A review is a supervisor's, and nobody looks for drafts where there are none.
    pub(super) fn does(act: Act, world: &World) -> bool {
        match act {
            Act::Review => world.supervises(),
            Act::Drafts => !world.drafts.is_empty(),
            _ => true,
        }
    }

    /// A key while it is asked which cases are listed.
    fn narrow(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        let Some(narrowing) = &mut self.narrowing else { return Turn::stay() };
        match narrowing.key(key, act, (&self.filter, self.typed.text()), world) {
            Chosen::Still => Turn::stay(),
            Chosen::Over(effect) => {
                self.narrowing = None;
                Turn::stay().and(effect)
            }
            Chosen::Filter(filter) => {
                self.narrowing = None;
                if !filter.words.is_empty() {
                    self.typed = Edit::line(&filter.words);
                }
                self.filter = CaseFilter { words: Box::default(), ..*filter };
                self.rebase(world);
                self.search(world);
                Turn::stay()
            }
        }
    }

    fn type_key(&mut self, key: &KeyEvent, world: &World) {
        self.typed.key(key, Lay { width: 80, lang: world.settings.lang });
        self.search(world);
    }

    pub(crate) fn paste(&mut self, text: &str, world: &World) {
        if let Some(narrowing) = &mut self.narrowing {
            return narrowing.paste(text);
        }
        self.typed.paste(text);
        self.search(world);
    }

    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        if let Some(menu) = &mut self.drafts {
            return Spot::Menu(menu);
        }
        if let Some(narrowing) = &mut self.narrowing {
            return narrowing.menu().map_or(Spot::Nothing, Spot::Menu);
        }
        let first = world.body().y + ABOVE;
        Spot::Rows(Rows { list: &mut self.list, len: self.found.len(), page: page(world), first, each: 1 })
    }

    /// The world has changed: the same case stays chosen, wherever its row is now.
    pub(crate) fn refresh(&mut self, world: &World) {
        let seen = Some((world.made, page(world)));
        // Pages come by the hundred while everything is read, and a walk over a hundred thousand rows for each would be half a second.
        if self.filter.is_plain() && self.typed.text().is_empty() && seen == self.seen {
            return;
        }
        self.seen = seen;
        let at = self.at;
        self.rebase(world);
        self.collect(world);
        let row =
            at.and_then(|id| self.found.iter().position(|row| world.cases.get(*row).is_some_and(|row| row.id == id)));
        self.list.put(row.unwrap_or(self.list.at), self.found.len(), page(world));
        self.note_place(world);
    }

    /// Whether words are looked for.
    pub(crate) fn searches(&self) -> bool {
        !self.typed.text().is_empty()
    }

    /// What is typed has changed: begin at the top.
    fn search(&mut self, world: &World) {
        self.collect(world);
        self.list = List::default();
        self.note_place(world);
    }

    fn rebase(&mut self, world: &World) {
        if self.filter.is_plain() {
            self.base = (0..world.cases.len()).collect();
            return;
        }
        let (today, me) = (due::today(world.now), world.member());
        let takes = |row: &CaseRow| {
            let received = || world.case_delivery(&row.id) == Delivery::Received;
            let file = world.book.case(&row.id);
            let unit = || world.unit_of(&row.id);
            file.is_some_and(|file| self.filter.takes(&world.book, file, (today, me.as_ref()), received, unit))
        };
        let rows = world.cases.iter().enumerate().filter(|(_, row)| takes(row));
        self.base = rows.map(|(at, _)| at).collect();
    }

    fn collect(&mut self, world: &World) {
        self.near = 0;
        let wanted = Wanted::new(self.typed.text());
        if wanted.is_empty() {
            self.found.clone_from(&self.base);
            return;
        }
        let said = world.index.search(&wanted, false);
        let (mut found, mut near) = (Vec::new(), Vec::new());
        for (at, row) in self.base.iter().filter_map(|at| Some((*at, world.cases.get(*at)?))) {
            let any = |found: &HashSet<CaseId>| row.beneath.iter().chain([&row.id]).any(|id| found.contains(id));
            if any(&said.exact) || wanted.is_in(&row.folded) {
                found.push(at);
            } else if found.len() < codebook::FEW && (any(&said.near) || wanted.is_nearly_in(&row.folded)) {
                near.push(at);
            }
        }
        // What is written as typed comes first; where that is enough, what is only near is in the way.
        if found.len() < codebook::FEW {
            self.near = near.len();
            found.append(&mut near);
        }
        self.found = found;
    }

    /// The case that the list stands on now.
    pub(crate) fn note_place(&mut self, world: &World) {
        let row = self.found.get(self.list.at).and_then(|at| world.cases.get(*at));
        self.at = row.map(|row| row.id);
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let label = canvas.say("caseload.search").to_owned();
        let taken = canvas.put((area.x, area.y), 14, &label, Role::Faint) + 1;
        let typing = self.drafts.is_none() && self.narrowing.is_none();
        self.typed.draw(canvas, Rect { x: area.x + taken, width: 30, height: 1, ..area }, typing);
        let filter = narrowing::told(&self.filter, world);
        let shown = words::count(canvas.tongue(), "count.cases", u64::try_from(self.found.len()).unwrap_or(0));
        let near = [("shown", shown.as_str()), ("n", &self.near.to_string())];
        let shown = if self.near == 0 { shown.clone() } else { canvas.fill("caseload.near", &near) };
        // Right of the search, whatever language it is in.
        let right = (area.x + taken + 31, area.width.saturating_sub(taken + 31));
        canvas.lean((right.0, area.y), right.1, &format!("{filter} · {shown}"), Role::Text, Lean::End);
        let columns = Columns::of(area.width, canvas.tongue());
        columns.draw(canvas, (area.x, area.y + 2), Role::Faint, &columns.names(canvas));
        let rows = Rect { y: area.y + ABOVE, height: area.height.saturating_sub(ABOVE), ..area };
        self.draw_rows(world, canvas, rows, &columns);
        if !world.drafts.is_empty() {
            let count = u64::try_from(world.drafts.len()).unwrap_or(0);
            let text = words::count(canvas.tongue(), "caseload.draft_count", count);
            canvas.put((area.x, area.y + 1), area.width, &format!("✎ {text}"), Role::Warn);
        }
        if let Some(place) = self.cut_place(world, canvas, &columns) {
            canvas.lean((area.x + area.width / 2, area.y + 1), area.width.div_ceil(2), &place, Role::Faint, Lean::End);
        }
        if let Some(menu) = &self.drafts {
            menu.draw(canvas, area);
        }
        if let Some(narrowing) = &self.narrowing {
            narrowing.draw(canvas, area);
        }
    }

    /// District and station of the chosen case, whole, where their columns have no room for them.
    fn cut_place(&self, world: &World, canvas: &Canvas<'_>, columns: &Columns) -> Option<String> {
        let row = self.found.get(self.list.at).and_then(|at| world.cases.get(*at))?;
        let [_, _, district, station, ..] = cells(row, world, canvas);
        (columns.cuts(2, &district) || columns.cuts(3, &station)).then(|| format!("{district} · {station}"))
    }

    fn draw_rows(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect, columns: &Columns) {
        if self.found.is_empty() {
            let key = match (world.cases.is_empty(), world.road.replay.is_some()) {
                (true, true) => "caseload.opening",
                (true, false) => "caseload.empty",
                (false, _) => "caseload.nothing_found",
            };
            let text = canvas.say(key).to_owned();
            let place = Rect { x: area.x + 4, y: area.y + 2, width: area.width.saturating_sub(8), height: 4 };
            canvas.paragraph(place, &text, Role::Faint);
            return;
        }
        for (at, y) in self.list.shown(self.found.len(), usize::from(area.height)).zip(area.y..area.bottom()) {
            let Some(row) = self.found.get(at).and_then(|at| world.cases.get(*at)) else { continue };
            let role = if at == self.list.at { Role::Selected } else { Role::Text };
            if role == Role::Selected {
                canvas.wash(Rect { x: area.x.saturating_sub(1), y, width: area.width + 2, height: 1 }, role);
            }
            columns.draw(canvas, (area.x, y), role, &cells(row, world, canvas));
        }
    }
}

fn page(world: &World) -> usize {
    world.page().saturating_sub(usize::from(ABOVE))
}

/// A draft in one line: its form, its case, when it was begun. No answers.
fn draft_line(draft: &crate::model::Draft, world: &World) -> String {
    let lang = world.settings.lang;
    let title =
        world.codebook.form(&draft.form).map_or_else(|| draft.form.to_string(), |form| form.title.get(lang).to_owned());
    let case = draft.case.map(|id| world.short(&id)).unwrap_or_default();
    format!("{title}  {case}  {}", telling::clock(draft.started))
}

/// What one row shows, in the order of the columns.
fn cells(row: &CaseRow, world: &World, canvas: &Canvas<'_>) -> [String; 8] {
    let lang = world.settings.lang;
    let label = |list: &str, code: &Option<Code>| {
        let text = code.as_ref().map(|code| telling::label(&world.codebook, list, code, lang));
        text.map(|text| telling::brief(&text).split(" - ").next().unwrap_or_default().to_owned()).unwrap_or_default()
    };
    [
        row.short.clone(),
        row.class.as_ref().map(|code| code.as_str().to_owned()).unwrap_or_default(),
        label("district", &row.district),
        // How many duplicates are folded beneath it.
        if row.beneath.is_empty() { row.station.clone() } else { format!("⧉{} {}", row.beneath.len(), row.station) },
        label("risk_level", &row.risk),
        row.opened.map(|date| date.to_string()).unwrap_or_default(),
        row.persons.to_string(),
        if !row.read {
            format!("… {}", canvas.say("caseload.reading"))
        } else if row.collided {
            format!("✗ {}", canvas.say("caseload.collided"))
        } else if row.erased > 0 {
            format!("∅ {}", canvas.say("caseload.erased"))
        } else if row.handed_in > 0 {
            format!("◌ {}", canvas.say("caseload.handed_in"))
        } else if row.away > 0 && world.book.case(&row.id).is_none_or(|file| file.entries.is_empty()) {
            format!("● {}", canvas.say("caseload.away"))
        } else {
            mark(world.case_delivery(&row.id), canvas)
        },
    ]
}

/// How far something has come: a sign and a word, so that neither colour nor sign has to be known.
pub(super) fn mark(delivery: Delivery, canvas: &Canvas<'_>) -> String {
    let (sign, word) = match delivery {
        Delivery::Kept => ("○", "delivery.kept"),
        Delivery::HandedOver => ("◐", "delivery.handed_over"),
        Delivery::Received => ("●", "delivery.received"),
    };
    format!("{sign} {}", canvas.say(word))
}

/// The columns, in their order.
const NAMES: [&str; 8] = ["number", "class", "district", "station", "risk", "opened", "persons", "delivery"];

/// How wide each column is.
struct Columns([u16; 8]);

impl Columns {
    /// What is left over goes to the number, the district and the station.
    fn of(width: u16, tongue: Tongue) -> Self {
        let spare = width.saturating_sub(78);
        let more = spare / 3;
        // Urdu says in fewer letters where an entry stands, and in more what the risk is and what is counted.
        let [risk, persons, delivery] = match tongue {
            Tongue::En => [7, 3, 13],
            Tongue::Ur => [8, 4, 11],
        };
        Self([19 + spare - 2 * more, 5, 10 + more, 10 + more, risk, 11, persons, delivery])
    }

    fn names(&self, canvas: &Canvas<'_>) -> [String; 8] {
        NAMES.map(|name| canvas.say(&format!("caseload.column.{name}")).to_owned())
    }

    /// Whether a text is longer than its column, one of those that keep a free one behind them.
    fn cuts(&self, at: usize, text: &str) -> bool {
        self.0.get(at).is_some_and(|width| bidi::columns(text) >= *width)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, (mut x, y): (u16, u16), role: Role, cells: &[String; 8]) {
        for (at, (width, text)) in self.0.iter().zip(cells).enumerate() {
            let lean = if at == 6 { Lean::End } else { Lean::Start };
            // One column stays free between two; the last needs none.
            let room = if at < 7 { width - 1 } else { *width };
            canvas.lean((x, y), if at == 6 { room.max(1) } else { room }, text, role, lean);
            x += width;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codebook::Codebook,
        model::Lang,
        words::{find, say},
    };

    /// On the narrowest screen nothing that the program itself says in this list is cut, in either language.
    #[test]
    fn headings_risks_and_words_on_the_way_fit_their_columns_in_both_languages() {
        let risks = &Codebook::builtin().unwrap().list("risk_level").unwrap().items;
        for (tongue, lang) in [(Tongue::En, Lang::En), (Tongue::Ur, Lang::Ur)] {
            let Columns(widths) = Columns::of(78, tongue);
            assert_eq!(widths.iter().sum::<u16>(), 78);
            let fits = |at: usize, text: &str| {
                let room = usize::from(if at < 7 { widths[at] - 1 } else { widths[at] });
                assert!(text.chars().count() <= room, "{text} in {room}");
            };
            for (at, name) in NAMES.iter().enumerate() {
                fits(at, find(tongue, &format!("caseload.column.{name}")).unwrap());
            }
            for word in ["delivery.kept", "delivery.handed_over", "delivery.received", "caseload.away"] {
                fits(7, &format!("● {}", say(tongue, word)));
            }
            fits(7, &format!("… {}", say(tongue, "caseload.reading")));
            for risk in risks.iter().filter(|risk| ["HIGH", "MED", "LOW"].contains(&risk.code.as_str())) {
                let label = telling::brief(risk.label.get(lang)).to_owned();
                fits(4, label.split(" - ").next().unwrap_or_default());
            }
        }
    }
}
