//! What waits for a supervisor: collided, answered, new, returned; from here to the entry, where a word is said.

use ratatui::layout::Rect;

use super::{case_view::author, today::NUMBER};
use crate::{
    model::{
        CaseId, Content,
        assigned::Assignment,
        review::{Waiting, Why},
    },
    ui::{
        bidi,
        keymap::Act,
        pointing::{Rows, Spot},
        telling,
        theme::Role,
        turn::{Fill, Go, Open, Turn},
        widgets::{
            canvas::{Canvas, Lean},
            list::List,
        },
        world::World,
    },
    words,
};

/// The queue.
#[derive(Debug)]
pub(crate) struct Review {
    rows: Vec<Waiting>,
    list: List,
}

impl Review {
    pub(crate) fn new(world: &World) -> Self {
        let mut review = Self { rows: Vec::new(), list: List::default() };
        review.refresh(world);
        review
    }

    pub(crate) fn key(&mut self, act: Option<Act>, world: &World) -> Turn {
        let chosen = self.rows.get(self.list.at);
        let say = |word: &str| {
            let fill = chosen.map(|waiting| Fill::Review { entry: waiting.entry, word: Some(word.into()) });
            fill.map_or_else(Turn::stay, |fill| Turn::open(Open::Fill(fill)))
        };
        match act {
            Some(Act::Back) => Turn::go(Go::Back),
            Some(Act::Open) => chosen.map_or_else(Turn::stay, |waiting| {
                Turn::open(Open::Entry { case: waiting.case, entry: waiting.entry, names: false })
            }),
            Some(Act::Approve) => say("APPROVE"),
            Some(Act::Return) => say("RETURN"),
            Some(Act::Assign) => say("ASSIGN"),
            Some(Act::Merge) => say("MERGE"),
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
        let chosen = self.rows.get(self.list.at).map(|waiting| waiting.entry);
        self.rows = world.waiting();
        // Whatever arrives: the word that is said next is said of the entry that was chosen.
        let at = chosen.and_then(|entry| self.rows.iter().position(|waiting| waiting.entry == entry));
        self.list.put(at.unwrap_or(self.list.at), self.rows.len(), world.page().saturating_sub(2));
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        if self.rows.is_empty() {
            let text = canvas.say("review.nothing").to_owned();
            let room = Rect { x: area.x + 4, y: area.y + 2, width: area.width.saturating_sub(8), height: 3 };
            canvas.paragraph(room, &text, Role::Faint);
            return;
        }
        let shown: Vec<usize> = self.list.shown(self.rows.len(), usize::from(area.height)).collect();
        let rows: Vec<(usize, Told)> =
            shown.into_iter().filter_map(|at| Some((at, told(self.rows.get(at)?, world, canvas)?))).collect();
        // Why it waits takes what the longest of these words needs, and what is waited for has the rest.
        let why = rows.iter().map(|(_, row)| bidi::columns(&row.why)).max().unwrap_or_default().min(WHY);
        let x = area.x + 2 + why + 1;
        let when = area.right().saturating_sub(NUMBER + 1 + WHEN);
        for ((at, row), y) in rows.iter().zip(area.y + 1..area.bottom()) {
            let chosen = *at == self.list.at;
            let role = if chosen { Role::Selected } else { row.role };
            if chosen {
                canvas.wash(Rect { x: area.x.saturating_sub(1), y, width: area.width + 2, height: 1 }, role);
            }
            canvas.put((area.x, y), 2, row.sign, role);
            canvas.put((area.x + 2, y), why, &row.why, role);
            let wide = when.saturating_sub(x + 1);
            canvas.put((x, y), wide, &row.what, role);
            canvas.put((when, y), WHEN, &row.when, role);
            canvas.lean((area.right().saturating_sub(NUMBER), y), NUMBER, &row.case, role, Lean::End);
            // What the row has no room for is said whole above the list.
            if chosen && bidi::columns(&row.what) > wide {
                canvas.put((area.x + 2, area.y), area.width.saturating_sub(2), &row.what, Role::Text);
            }
        }
    }
}

/// Most columns of why an entry waits.
const WHY: u16 = 16;
/// Columns of a day with its hour.
const WHEN: u16 = 16;

/// A row in words.
struct Told {
    sign: &'static str,
    why: String,
    what: String,
    when: String,
    case: String,
    role: Role,
}

fn told(waiting: &Waiting, world: &World, canvas: &Canvas<'_>) -> Option<Told> {
    let entry = world.book.entry(&waiting.entry)?;
    let (sign, word, role) = match waiting.why {
        Why::Collided => ("✗", "review.collided", Role::Bad),
        Why::Answered => ("↳", "review.answered", Role::Warn),
        Why::New => (" ", "review.new", Role::Text),
        Why::Returned => ("↩", "review.returned", Role::Faint),
        Why::Assigned => ("→", "review.assigned", Role::Faint),
    };
    let (sign, role) = if waiting.is_overdue() { ("!", Role::Bad) } else { (sign, role) };
    let title = match &entry.content {
        Content::Sheet(sheet) => world.codebook.form(sheet.form()).map(|form| form.title.get(world.settings.lang)),
        _ => None,
    };
    let who = author(entry, world, canvas);
    let given = assigned_to(&waiting.case, world);
    let given = given.map(|to| format!(" → {to}")).unwrap_or_default();
    let when = if waiting.is_overdue() {
        words::count(canvas.tongue(), "review.overdue", waiting.days.unsigned_abs())
    } else {
        telling::clock(entry.times.device)
    };
    Some(Told {
        sign,
        why: canvas.say(word).to_owned(),
        what: format!("{} · {who}{given}", title.unwrap_or_default()),
        when,
        case: world.short(&waiting.case),
        role,
    })
}

/// To whom a case is given today, by name alone: the unit is the supervisor's own.
pub(super) fn assigned_to(case: &CaseId, world: &World) -> Option<String> {
    let given = world.book.case(case).map(|file| world.book.assigned(file)).unwrap_or_default();
    let name = |given: &Assignment| bidi::inert(given.name.split(" · ").next().unwrap_or_default());
    let names: Vec<String> = given.iter().map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
