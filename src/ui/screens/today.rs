//! What is due: reports to the court, follow-ups, and what was begun and not finished.

use ratatui::layout::Rect;

use crate::{
    model::{CaseId, Content, DraftId, Moment, PartialDate, Value},
    ui::{
        keymap::Act,
        telling,
        theme::Role,
        turn::{Fill, Go, Open, Turn},
        widgets::{
            canvas::{Canvas, Lean},
            date::days_since_1970,
            list::List,
        },
        world::World,
    },
};

/// Days after the FIR within which the interim report goes to court (Code of Criminal Procedure, s.173).
const REPORT_DAYS: i64 = 14;
/// How far ahead the page looks, days.
const AHEAD: i64 = 14;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Report,
    FollowUp,
    Unfinished,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Due {
    /// Days since 1970; `None` for what has no day.
    day: Option<i64>,
    what: What,
    case: Option<CaseId>,
    draft: Option<DraftId>,
}

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

    pub(crate) fn refresh(&mut self, world: &World) {
        let mut rows = due(world);
        rows.sort_by_key(|row| (row.day.is_none(), row.day));
        let drafts = world.drafts.iter();
        rows.extend(drafts.map(|draft| Due {
            day: None,
            what: What::Unfinished,
            case: draft.case,
            draft: Some(draft.id),
        }));
        self.rows = rows;
        self.list.put(self.list.at, self.rows.len(), world.page().saturating_sub(2));
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
            let (sign, mut role) = match left {
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
            let date = due.day.and_then(date_of).map(|date| date.to_string()).unwrap_or_default();
            canvas.put((area.x + 2, y), 11, &date, role);
            let when = left.map(|left| days(canvas, left)).unwrap_or_default();
            canvas.put((area.x + 14, y), 15, &when, role);
            let indent = if due.day.is_some() { 30 } else { 2 };
            canvas.put((area.x + indent, y), area.width.saturating_sub(indent + 18), &what(due, world, canvas), role);
            let case = due.case.map(|id| world.short(&id)).unwrap_or_default();
            canvas.lean((area.right().saturating_sub(17), y), 17, &case, role, Lean::End);
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

fn what(due: &Due, world: &World, canvas: &Canvas<'_>) -> String {
    match due.what {
        What::Report => canvas.say("today.report").to_owned(),
        What::FollowUp => canvas.say("today.follow_up").to_owned(),
        What::Unfinished => {
            let draft = due.draft.and_then(|id| world.draft(&id));
            let form = draft.and_then(|draft| world.codebook.form(&draft.form));
            let title = form.map_or("", |form| form.title.get(world.settings.lang));
            let begun = draft.map(|draft| telling::clock(draft.started)).unwrap_or_default();
            canvas.fill("today.unfinished", &[("form", title), ("when", &begun)])
        }
    }
}

fn today(now: Moment) -> i64 {
    (now.unix_ms + 300 * 60_000).div_euclid(86_400_000)
}

fn date_of(day: i64) -> Option<PartialDate> {
    Moment { unix_ms: day * 86_400_000, offset_minutes: 0 }.date()
}

/// A whole date as days since 1970.
fn day_of(value: Option<&Value>) -> Option<i64> {
    let Some(Value::Date(date)) = value else { return None };
    Some(days_since_1970(i64::from(date.year()), i64::from(date.month()?), i64::from(date.day()?)))
}

/// Reports and follow-ups of all open cases that fall due soon or are late.
fn due(world: &World) -> Vec<Due> {
    let horizon = today(world.now) + AHEAD;
    let mut rows = Vec::new();
    for row in &world.cases {
        let closed = row.status.as_ref().is_some_and(|code| matches!(code.as_str(), "CLO" | "CLR"));
        let Some(file) = world.book.case(&row.id).filter(|_| !closed) else { continue };
        for entry in file.entries.iter().filter_map(|id| world.book.entry(id)) {
            let Content::Sheet(sheet) = &entry.content else { continue };
            let answers = match sheet.form().id.as_str() {
                "case" | "note" => world.book.answers(&entry.id, false),
                _ => continue,
            };
            let report = day_of(answers.value("fir_date")).map(|day| (day + REPORT_DAYS, What::Report));
            let follow = day_of(answers.value("follow_up_on")).map(|day| (day, What::FollowUp));
            for (day, what) in [report, follow].into_iter().flatten().filter(|(day, _)| *day <= horizon) {
                rows.push(Due { day: Some(day), what, case: Some(row.id), draft: None });
            }
        }
    }
    rows
}
