//! What is due: reports to the court, follow-ups, and what was begun and not finished.

use ratatui::layout::Rect;

use super::case_view::author;
use crate::{
    model::{FormId, Moment, PartialDate, Value},
    ui::{
        bidi,
        due::{self, Due, What, today},
        keymap::Act,
        pointing::{Rows, Spot},
        rotation::Renewed,
        telling,
        theme::Role,
        turn::{Fill, Go, Open, Turn},
        widgets::{
            canvas::{Canvas, Lean},
            list::List,
        },
        world::World,
    },
};

/// From here an hour is told by its day.
const DAY_MS: u64 = 86_400_000;
/// Columns of a case's number with all six digits that are drawn for it, `PB-617-26-843009-7`; one more stays empty before it.
pub(super) const NUMBER: u16 = 18;

/// The page of what is due, most urgent first.
#[derive(Debug)]
pub(crate) struct Today {
    rows: Vec<Due>,
    list: List,
}

impl Today {
    pub(crate) fn new(world: &World) -> Self {
        let mut today = Self { rows: Vec::new(), list: List::default() };
        today.refresh(world);
        today
    }

    pub(crate) fn key(&mut self, act: Option<Act>, world: &World) -> Turn {
        match act {
            Some(Act::Back) => Turn::go(Go::Back),
            Some(Act::Open) => match self.rows.get(self.list.at) {
                Some(Due { draft: Some(draft), .. }) => Turn::open(Open::Fill(Fill::Draft(*draft))),
                Some(Due { unit: Some(unit), .. }) => Turn::open(Open::Rotation(Renewed::Unit(*unit))),
                Some(Due { what: What::Return, .. }) => {
                    Turn::open(Open::Fill(Fill::New { form: FormId::new("return"), case: None }))
                }
                Some(Due { what: What::Returned | What::Returns, case: Some(case), entry: Some(entry), .. }) => {
                    Turn::open(Open::Entry { case: *case, entry: *entry, names: false })
                }
                Some(Due { case: Some(case), .. }) => Turn::open(Open::Case(*case)),
                _ => Turn::stay(),
            },
            Some(act) => {
                self.list.go(act, self.rows.len(), world.page().saturating_sub(2));
                Turn::stay()
            }
            None => Turn::stay(),
        }
    }

    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        let (page, first) = (world.page().saturating_sub(2), world.body().y + 1);
        Spot::Rows(Rows { list: &mut self.list, len: self.rows.len(), page, first, each: 1 })
    }

    pub(crate) fn refresh(&mut self, world: &World) {
        // Who has not moved yet stands on what is most urgent, whatever comes in while the cases are opened.
        let chosen = self.rows.get(self.list.at).filter(|_| self.list.at > 0).cloned();
        self.rows = due::due(world);
        // Who has moved stays on the row that they chose, wherever it stands now.
        let same = |one: &Due, other: &Due| {
            (one.what, one.case, one.entry, one.draft, one.unit)
                == (other.what, other.case, other.entry, other.draft, other.unit)
        };
        let at = chosen.and_then(|chosen| self.rows.iter().position(|row| same(row, &chosen)));
        self.list.put(at.unwrap_or(self.list.at), self.rows.len(), world.page().saturating_sub(2));
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        if self.rows.is_empty() {
            let text = canvas.say("today.nothing").to_owned();
            canvas.paragraph(
                Rect { x: area.x + 4, y: area.y + 2, width: area.width - 8, height: 3 },
                &text,
                Role::Faint,
            );
            return;
        }
        let today = today(world.now);
        for (at, y) in self.list.shown(self.rows.len(), usize::from(area.height)).zip(area.y + 1..area.bottom()) {
            let Some(due) = self.rows.get(at) else { continue };
            let left = due.day.map(|day| day - today);
            let late = due.by.is_some_and(|by| by.unix_ms < world.now.unix_ms);
            let (sign, mut role) = match left {
                _ if late => ("✗", Role::Bad),
                Some(left) if left < 0 => ("✗", Role::Bad),
                Some(left) if left < 3 => ("!", Role::Warn),
                _ => (" ", Role::Text),
            };
            if at == self.list.at {
                role = Role::Selected;
                canvas.wash(Rect { x: area.x - 1, y, width: area.width + 2, height: 1 }, role);
            }
            let sign = if due.draft.is_some() { "✎" } else { sign };
            canvas.put((area.x, y), 2, sign, role);
            let date = due.day.and_then(PartialDate::from_day_number).map(|date| date.to_string()).unwrap_or_default();
            canvas.put((area.x + 2, y), 10, &date, role);
            let when = match (due.by, left) {
                (Some(by), _) if by.unix_ms.abs_diff(world.now.unix_ms) < DAY_MS => hours(canvas, by, world.now),
                (_, left) => left.map(|left| days(canvas, left)).unwrap_or_default(),
            };
            canvas.put((area.x + 13, y), 15, &when, role);
            let indent = if due.day.is_some() { 29 } else { 2 };
            // What belongs to no case has its column as well: names of units are long.
            let beside = if due.unit.is_some() { 0 } else { NUMBER + 1 };
            let wide = area.width.saturating_sub(indent + beside);
            let told = what(due, world, canvas);
            canvas.put((area.x + indent, y), wide, &told, role);
            // What the row has no room for is said whole above the list.
            if at == self.list.at && bidi::columns(&told) > wide {
                canvas.put((area.x + 2, area.y), area.width.saturating_sub(2), &told, Role::Text);
            }
            let case = due.case.map(|id| world.short(&id)).unwrap_or_default();
            canvas.lean((area.right().saturating_sub(NUMBER), y), NUMBER, &case, role, Lean::End);
        }
    }
}

fn days(canvas: &Canvas<'_>, left: i64) -> String {
    match left {
        0 => canvas.say("today.today").to_owned(),
        left if left < 0 => crate::words::count(canvas.tongue(), "today.late", left.unsigned_abs()),
        left => crate::words::count(canvas.tongue(), "today.left", left.unsigned_abs()),
    }
}

/// An hour that is near, whatever midnight lies between: until when, or how long ago that was.
fn hours(canvas: &Canvas<'_>, by: Moment, now: Moment) -> String {
    let late = now.unix_ms.saturating_sub(by.unix_ms);
    if late < 0 {
        return canvas.fill("today.by", &[("time", telling::clock(by).get(11..).unwrap_or_default())]);
    }
    let minutes = late.unsigned_abs() / 60_000;
    match minutes {
        0..60 => crate::words::count(canvas.tongue(), "today.minutes_late", minutes),
        _ => crate::words::count(canvas.tongue(), "today.hours_late", minutes / 60),
    }
}

fn what(due: &Due, world: &World, canvas: &Canvas<'_>) -> String {
    match due.what {
        What::Unfinished => {
            let draft = due.draft.and_then(|id| world.draft(&id));
            let form = draft.and_then(|draft| world.codebook.form(&draft.form));
            let title = form.map_or("", |form| form.title.get(world.settings.lang));
            let begun = draft.map(|draft| telling::clock(draft.started)).unwrap_or_default();
            canvas.fill(What::Unfinished.word(), &[("form", title), ("when", &begun)])
        }
        What::NewKey => {
            let named = world.owed.iter().find(|(unit, _)| Some(*unit) == due.unit);
            canvas.fill(What::NewKey.word(), &[("unit", named.map_or("", |(_, name)| name.as_str()))])
        }
        What::Given => {
            let word = due.entry.and_then(|id| world.book.entry(&id));
            let by = word.map(|word| author(word, world, canvas)).unwrap_or_default();
            let note = word.and_then(|word| match world.book.answers(&word.id, false).value("review_note") {
                Some(Value::Text(note)) => note.lines().next().map(bidi::inert),
                _ => None,
            });
            canvas.fill(What::Given.word(), &[("who", &by), ("note", &note.unwrap_or_default())])
        }
        what => canvas.say(what.word()).to_owned(),
    }
}
