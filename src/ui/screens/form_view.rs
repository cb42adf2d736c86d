//! How a form looks: the section's questions as lines, the one with the keyboard opened in their midst.

use ratatui::layout::Rect;

use super::form::Form;
use crate::{
    codebook::{self, Question},
    model::{Answer, Code, EntryId, Lang, Value},
    ui::{
        bidi, telling,
        theme::Role,
        view::Scroll,
        widgets::{
            canvas::{Canvas, Lean},
            field::Field,
            problems,
        },
        world::World,
    },
};

/// From this width on the sections stand in a column of their own.
const WIDE: u16 = 110;
/// Its width.
const SIDE: u16 = 32;
/// Columns of a section's title there, between the mark and how much of it is answered.
const TITLE: u16 = SIDE - 2 - 2 - 6;
/// How far what belongs to a question is set in.
const INDENT: u16 = 4;

/// Columns of a field on a screen this wide.
pub(super) const fn field_width(columns: u16) -> u16 {
    let body = columns.saturating_sub(2);
    let body = if columns >= WIDE { body - SIDE } else { body };
    body.saturating_sub(INDENT + 1)
}

/// The lines of the section that is open.
pub(super) struct Plan {
    /// Its questions, by their places among all that are asked.
    pub(super) places: Vec<usize>,
    /// Rows of the one that has the keyboard.
    pub(super) open: u16,
    /// The first row shown.
    pub(super) line: u16,
}

/// What the open question shows on a page: one too low for all of it leaves out the free rows first, then what is said above the field.
struct Shown {
    /// Free rows above it, and as many below.
    gap: u16,
    above: Vec<String>,
    below: Vec<(String, Role)>,
    /// Rows of it all.
    rows: u16,
}

/// Where the sections stand, if there is room, and where the questions do.
pub(super) const fn columns(area: Rect) -> (Option<Rect>, Rect) {
    let page = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if !canvas_is_wide(area) {
        return (None, page);
    }
    (Some(Rect { width: SIDE - 2, ..page }), Rect { x: page.x + SIDE, width: page.width - SIDE, ..page })
}

impl Form {
    pub(crate) fn draw(&self, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        self.draw_progress(canvas, area);
        let (side, page) = columns(area);
        if let Some(side) = side {
            self.draw_sections(canvas, side);
        }
        let Some(plan) = self.plan(canvas, world, page) else { return };
        scroll.line = plan.line;
        let Plan { places, open, .. } = plan;
        let mut row = 0_u16;
        for at in places {
            let height = if at == self.at { open } else { 1 };
            let visible = row >= scroll.line && row < scroll.line + page.height;
            if visible {
                let y = page.y + row - scroll.line;
                let room = Rect { y, height: height.min(page.bottom().saturating_sub(y)), ..page };
                if at == self.at {
                    self.draw_open(canvas, world, room, page)
                } else {
                    self.draw_line(canvas, world, at, room)
                }
            }
            row = row.saturating_add(height);
        }
        if let Some(whom) = &self.whom {
            whom.menu.draw(canvas, area);
        }
    }

    /// Which lines stand where, from what is answered alone: a form looks the same however one came to it.
    pub(super) fn plan(&self, canvas: &Canvas<'_>, world: &World, page: Rect) -> Option<Plan> {
        let (section, _) = self.section()?;
        let places: Vec<usize> =
            (0..self.asked.len()).filter(|at| self.asked.get(*at).is_some_and(|place| place.0 == section)).collect();
        let open = self.shown(canvas, world, self.question()?, page).rows;
        let before = u16::try_from(places.iter().filter(|at| **at < self.at).count()).unwrap_or(u16::MAX);
        // As little scrolling as it takes to show the open question whole, and never past where it begins.
        let line = before.saturating_add(open).saturating_sub(page.height).min(before);
        Some(Plan { places, open, line })
    }

    /// Rows of the open question above its field.
    pub(super) fn above_field(&self, canvas: &Canvas<'_>, world: &World, page: Rect) -> u16 {
        let Some(question) = self.question() else { return 0 };
        let shown = self.shown(canvas, world, question, page);
        1 + shown.gap + shown.above.iter().map(|text| Canvas::lines(text, inner(page)).min(4)).sum::<u16>()
    }

    /// Which section, how much of the form is answered, what is wrong.
    fn draw_progress(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some((number, section)) = self.section() else { return };
        let lang = canvas.settings.lang;
        let sections = self.form.sections.len();
        let text = canvas.fill("form.section", &[("n", &(number + 1).to_string()), ("of", &sections.to_string())]);
        let taken = canvas.put((area.x, area.y), area.width, &text, Role::Faint);
        let title = section.title.get(lang).to_owned();
        canvas.put((area.x + taken + 2, area.y), area.width / 2, &title, Role::Accent);
        let (answered, asked) = (0..sections).map(|at| self.progress(at)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        let errors = self.errors();
        let (tail, role) = if errors > 0 {
            let count = u64::try_from(errors).unwrap_or(0);
            (format!("✗ {}", crate::words::count(canvas.tongue(), "form.errors", count)), Role::Bad)
        } else {
            let filled = (answered * 10).checked_div(asked).unwrap_or(0);
            let bar: String = (0..10).map(|at| if at < filled { '▰' } else { '▱' }).collect();
            let numbers = canvas.fill("form.answered", &[("n", &answered.to_string()), ("of", &asked.to_string())]);
            (format!("{bar}  {numbers}"), Role::Faint)
        };
        canvas.lean((area.x, area.y), area.width, &tail, role, Lean::End);
    }

    fn draw_sections(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let lang = canvas.settings.lang;
        let here = self.section().map(|(at, _)| at);
        let mut y = area.y;
        for (at, (section, height)) in self.form.sections.iter().zip(self.section_rows(lang)).enumerate() {
            if y >= area.bottom() {
                break;
            }
            let (answered, asked) = self.progress(at);
            let role = match (Some(at) == here, asked) {
                (true, _) => Role::Strong,
                (false, 0) => Role::Faint,
                (false, _) => Role::Text,
            };
            let title = section.title.get(lang).to_owned();
            if Some(at) == here {
                canvas.put((area.x, y), 2, canvas.mark_before(&title), role);
            }
            let place = Rect { x: area.x + 2, y, width: TITLE, height: height.min(area.bottom() - y) };
            canvas.paragraph(place, &title, role);
            let count = if asked > 0 && answered == asked { "✓".to_owned() } else { format!("{answered}/{asked}") };
            canvas.lean((area.x, y), area.width, &count, Role::Faint, Lean::End);
            y = y.saturating_add(height);
        }
    }

    /// Rows that each section takes beside the questions: a long title goes on below itself.
    pub(super) fn section_rows(&self, lang: Lang) -> impl Iterator<Item = u16> {
        self.form.sections.iter().map(move |section| Canvas::lines(section.title.get(lang), TITLE).max(1))
    }

    /// A question that has not the keyboard: its sign, its label, its answer.
    fn draw_line(&self, canvas: &mut Canvas<'_>, world: &World, at: usize, row: Rect) {
        let Some(question) = self.asked.get(at).and_then(|place| self.question_at(*place)) else { return };
        let lang = canvas.settings.lang;
        let given = self.draft.answers.get(question.id.as_str());
        let problem = self.problems.at(&question.id).next();
        let (sign, role) = match (problem, given) {
            (Some(problem), _) => problems::sign(problem.severity),
            (None, Some(_)) if self.copied.contains(&question.id) => ("≈", Role::Warn),
            (None, Some(_)) => ("✓", Role::Good),
            (None, None) if self.must(at) => ("*", Role::Accent),
            (None, None) => (" ", Role::Faint),
        };
        canvas.put((row.x, row.y), 2, sign, role);
        let (told, colour) = match given {
            Some(given) => {
                let told = telling::answer(&world.codebook, question, &given.answer, lang).replace('\n', " ");
                let silent = given.answer.value().is_none();
                (if silent { format!("— {told}") } else { told }, if silent { Role::Faint } else { Role::Text })
            }
            None => (String::new(), Role::Faint),
        };
        let told = match given.and_then(|given| given.answer.value()) {
            Some(Value::Entry(id)) => self.named(id, world).unwrap_or(told),
            _ => told,
        };
        let label = question.label.get(lang).to_owned();
        let (x, width) = (row.x + 2, row.width.saturating_sub(2));
        let at = Canvas::beside(width, label_width(row.width) + 2, (&label, &told));
        let faint = if given.is_some() { Role::Faint } else { Role::Text };
        canvas.lean((x, row.y), at.saturating_sub(2), &label, faint, Lean::Own);
        canvas.put((x + at, row.y), width.saturating_sub(at), &told, colour);
    }

    /// An entry that is named, by what it is on the screen.
    fn named(&self, id: &EntryId, world: &World) -> Option<String> {
        let (id, setting) = (id.to_string(), self.setting(world));
        let offer = setting.entries.iter().find(|(_, offer)| *offer.code.as_str() == *id)?;
        Some(if world.settings.lang == Lang::Ur { offer.1.ur.clone() } else { offer.1.en.clone() })
    }

    /// What is said around the field: hint and advice, what was understood, what is wrong.
    fn remarks(
        &self,
        canvas: &Canvas<'_>,
        world: &World,
        question: &Question,
        width: u16,
    ) -> (Vec<String>, Vec<(String, Role)>) {
        let lang = canvas.settings.lang;
        let mut above = Vec::new();
        above.extend(question.hint.as_ref().map(|hint| hint.get(lang).to_owned()));
        above.extend(Field::advice(question, lang).map(str::to_owned));
        if self.around.excuses(question, &Answer::Unknown) {
            above.push(canvas.say("form.away").to_owned());
        }
        let mut below = Vec::new();
        if self.copied.contains(&question.id) {
            below.push((format!("≈ {}", canvas.say("form.copied")), Role::Warn));
        }
        let given = self.draft.answers.get(question.id.as_str());
        if let Some(given) = given.filter(|given| given.answer.value().is_none()) {
            let told = telling::answer(&world.codebook, question, &given.answer, lang);
            below.push((format!("— {told}"), Role::Accent));
        }
        if let Field::Choice(choice) = &self.field {
            below.extend(choice.cut(width, lang).map(|label| (format!("→ {label}"), Role::Good)));
        }
        below.extend(self.field.echo(question, &self.setting(world), canvas).map(|echo| (echo, Role::Good)));
        // What is wrong stands before the advice, which may be longer than the page.
        if !self.typing {
            below.extend(self.problems.at(&question.id).map(|problem| {
                let (sign, role) = problems::sign(problem.severity);
                (format!("{sign} {}", problems::sentence(problem, &self.form, canvas)), role)
            }));
        }
        if matches!(question.id.as_str(), "result_officer" | "class_officer" | "result_reason") {
            below.extend(self.advice(canvas, world));
        }
        (above, below)
    }

    /// What the screening comes to, and why in words: beside the officer's own finding, never in its place.
    fn advice(&self, canvas: &Canvas<'_>, world: &World) -> Vec<(String, Role)> {
        let lang = canvas.settings.lang;
        let advice = codebook::screened::advice(&world.codebook, &self.draft.answers, &self.around);
        let says = |list: &str, code: &str| telling::label(&world.codebook, list, &Code::new(code), lang);
        let found = canvas.fill(
            "screening.suggested",
            &[
                ("result", &says("screening_result", advice.result)),
                ("class", telling::brief(&says("case_class", advice.class))),
                ("agency", telling::brief(&says("agency_route", advice.agency))),
            ],
        );
        let mut lines = vec![(format!("≈ {found}"), Role::Accent)];
        for reason in &advice.reasons {
            // A dimension is called by its name: nobody at the table knows its number.
            let told = |name: &str, number: usize| match (reason.word, name) {
                ("dimension", "n") => says("dimension", &format!("D{number}")),
                _ => number.to_string(),
            };
            let numbers: Vec<(&str, String)> =
                reason.blanks.iter().map(|(name, number)| (*name, told(name, *number))).collect();
            let blanks: Vec<(&str, &str)> = numbers.iter().map(|(name, number)| (*name, number.as_str())).collect();
            lines.push((format!("· {}", canvas.fill(&format!("screening.why.{}", reason.word), &blanks)), Role::Faint));
        }
        lines
    }

    /// Label, remarks and field of the open question, as they fit on this page.
    fn shown(&self, canvas: &Canvas<'_>, world: &World, question: &Question, page: Rect) -> Shown {
        let (above, mut below) = self.remarks(canvas, world, question, inner(page));
        let bare = 1 + self.field.height();
        let rows =
            |below: &[(String, Role)]| below.iter().map(|(text, _)| Canvas::lines(text, inner(page))).sum::<u16>();
        if bare + rows(&below) > page.height {
            below = run_together(below);
        }
        while bare + rows(&below) > page.height
            && let Some((text, Role::Faint)) = below.last_mut()
            && let Some((before, _)) = text.trim_end_matches(" · …").rsplit_once(" · ")
        {
            *text = format!("{before} · …");
        }
        let rows = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| Canvas::lines(text, inner(page))).sum();
        let said: u16 = rows(&mut above.iter());
        let bare = bare + rows(&mut below.iter().map(|(text, _)| text));
        let (gap, said, above) = if 2 + said + bare <= page.height {
            (1, said, above)
        } else if said + bare <= page.height {
            (0, said, above)
        } else {
            (0, 0, Vec::new())
        };
        Shown { gap, above, below, rows: 2 * gap + said + bare }
    }

    fn draw_open(&self, canvas: &mut Canvas<'_>, world: &World, room: Rect, page: Rect) {
        let Some(question) = self.question() else { return };
        let lang = canvas.settings.lang;
        let Shown { gap, above, below, .. } = self.shown(canvas, world, question, page);
        let mut y = room.y + gap;
        let other = lang.other();
        let star = if self.must(self.at) { " *" } else { "" };
        let label = format!("{}{star}", question.label.get(lang));
        canvas.put((room.x, y), 2, canvas.mark_before(&label), Role::Accent);
        let taken = canvas.put((room.x + 2, y), room.width.saturating_sub(2), &label, Role::Strong);
        let left = room.width.saturating_sub(taken + 5);
        let second = question.label.get(other).to_owned();
        // A form in one language says each of its words once.
        if second != question.label.get(lang) && bidi::columns(&second) <= left {
            canvas.lean((room.right().saturating_sub(left), y), left, &second, Role::Faint, Lean::End);
        }
        y += 1;
        let inside = |y: u16, height: u16| Rect {
            x: room.x + INDENT,
            y,
            width: inner(room),
            height: height.min(room.bottom().saturating_sub(y)),
        };
        for text in above {
            y += canvas.paragraph(inside(y, 4), &text, Role::Faint);
        }
        self.field.draw(canvas, inside(y, self.field.height()));
        y += self.field.height();
        for (text, role) in below {
            y += canvas.paragraph(inside(y, room.height), &text, role);
        }
    }
}

/// Reasons one behind the other, where a line for each is more than the page has.
fn run_together(below: Vec<(String, Role)>) -> Vec<(String, Role)> {
    let mut out: Vec<(String, Role)> = Vec::new();
    for (text, role) in below {
        match out.last_mut() {
            Some((before, Role::Faint)) if role == Role::Faint => before.extend([" ", &text]),
            _ => out.push((text, role)),
        }
    }
    out
}

const fn canvas_is_wide(area: Rect) -> bool {
    area.width + 2 >= WIDE
}

/// Where what belongs to the open question stands on the page, from side to side.
pub(super) const fn inside(page: Rect) -> Rect {
    Rect { x: page.x + INDENT, width: inner(page), ..page }
}

/// Columns of what belongs to the open question.
const fn inner(page: Rect) -> u16 {
    page.width.saturating_sub(INDENT + 1)
}

/// Columns of the labels.
fn label_width(width: u16) -> u16 {
    (width * 2 / 5).clamp(20, 40)
}
