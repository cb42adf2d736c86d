//! How the last look is drawn: all that is said of what is about to be kept as one page that is read to its end, the reasons of a correction
//! below it, and what the keys do on the last line. Nothing covers anything.

use ratatui::layout::Rect;

use super::{
    confirm::{Confirm, is_one_person, reader_line},
    entry_lines::{Lines, Row},
};
use crate::{
    codebook::{Question, alike},
    model::{Answer, Answers, Value, assigned},
    ui::{
        telling,
        theme::Role,
        widgets::{
            bars,
            canvas::{Canvas, Lean},
            problems,
        },
        world::World,
    },
};

/// Where everything stands.
pub(super) struct Parts {
    lines: Lines,
    /// What is said.
    pub(super) said: Rect,
    /// Why it changes: a heading and the list.
    pub(super) reason: Rect,
    /// What can be done now.
    ready: Rect,
}

impl Parts {
    /// The last place to which what is said can be scrolled.
    pub(super) fn most(&self) -> u16 {
        self.lines.total().saturating_sub(self.said.height)
    }
}

impl Confirm {
    /// The last line first, then the reasons: what is said has what they leave.
    pub(super) fn parts(&self, world: &World, canvas: &Canvas<'_>, area: Rect) -> Parts {
        let lines = Lines::new(self.rows(world, canvas), area.width);
        let ready = Canvas::lines(&self.ready(canvas).0, area.width).clamp(1, 4);
        let reason = self.reason.as_ref().map_or(0, |reason| 1 + reason.height());
        let room = area.height.saturating_sub(ready + reason);
        let said = Rect { height: lines.total().min(room), ..area };
        Parts {
            lines,
            said,
            reason: Rect { y: said.bottom(), height: reason, ..area },
            ready: Rect { y: area.bottom().saturating_sub(ready), height: ready, ..area },
        }
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let parts = self.parts(world, canvas, area);
        let line = self.line.min(parts.most());
        parts.lines.draw(canvas, parts.said, line);
        if parts.most() > 0 {
            let shown = format!("{}/{}", line + parts.said.height, parts.lines.total());
            let text = format!("! {}", canvas.fill("confirm.more", &[("lines", &shown)]));
            canvas.lean((area.x, area.y), area.width, &text, Role::Warn, Lean::End);
        }
        if let Some(reason) = &self.reason {
            let heading = canvas.say("confirm.reason").to_owned();
            canvas.lean((area.x, parts.reason.y), area.width, &heading, Role::Accent, Lean::Own);
            let inner = parts.reason;
            reason.draw(
                canvas,
                Rect { x: inner.x + 2, y: inner.y + 1, width: inner.width.saturating_sub(4), height: inner.height - 1 },
            );
        }
        let (text, role) = self.ready(canvas);
        canvas.paragraph(parts.ready, &text, role);
    }

    fn ready(&self, canvas: &Canvas<'_>) -> (String, Role) {
        match (&self.trouble, self.keeping) {
            (_, true) => (canvas.say("confirm.keeping").to_owned(), Role::Accent),
            (Some(trouble), false) => {
                (format!("✗ {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Bad)
            }
            (None, false) => (canvas.say("confirm.ready").to_owned(), Role::Strong),
        }
    }

    /// All that is said, what is worth a thought before what goes without saying.
    fn rows(&self, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let parts: [Vec<Row>; 6] = [
            self.read_by(world, canvas),
            self.changed(world, canvas),
            self.given(world, canvas),
            self.warned(world, canvas),
            self.alike(world, canvas),
            self.apart(world, canvas),
        ];
        let mut rows: Vec<Row> = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            rows.extend(part);
            rows.push(Row::Space);
        }
        rows
    }

    fn read_by(&self, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let mut rows = vec![Row::Heading(canvas.say("confirm.readers").to_owned())];
        let Some(readers) = &self.readers else {
            rows.push(Row::Below(canvas.say("confirm.asking").to_owned(), Role::Faint));
            return rows;
        };
        rows.extend(readers.iter().map(|line| reader_line(line, canvas)).map(|(text, role)| Row::Below(text, role)));
        if is_one_person(readers) {
            rows.push(Row::Below(format!("! {}", canvas.say("confirm.one_reader")), Role::Warn));
        }
        let handed_in = self.finished.draft.case.is_some_and(|case| world.book.handed_in(&case) > 0);
        let write_only = handed_in || world.who.as_ref().is_some_and(|who| who.write_only);
        let nobody = canvas.say(if write_only { "confirm.write_only" } else { "confirm.nobody_else" }).to_owned();
        rows.push(Row::Below(nobody, Role::Faint));
        // `DESIGN.md` section 5: another level is another slip from then on, and nobody is put out of what they could read.
        if self.changes.as_ref().is_some_and(|changes| changes.choice("handling_code").is_some()) {
            rows.push(Row::Below(format!("! {}", canvas.say("confirm.level")), Role::Warn));
        }
        rows
    }

    /// What changes, from what to what.
    fn changed(&self, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let Some(changes) = &self.changes else { return Vec::new() };
        let lang = world.settings.lang;
        let form = world.codebook.form(&self.finished.draft.form);
        let target = self.finished.draft.target.and_then(|id| world.book.entry(&id));
        let before = target.map(|entry| world.book.answers(&entry.id, true)).unwrap_or_default();
        let told = changes.iter().filter_map(|(id, given)| {
            let question = form.and_then(|form| form.question(id.as_str()))?;
            let tell = |answer: &Answer| telling::answer(&world.codebook, question, answer, lang).replace('\n', " ");
            let old = before.answer(id.as_str()).map_or_else(|| "·".to_owned(), tell);
            let text = format!("{}: {old} → {}", question.label.get(lang), tell(&given.answer));
            Some(Row::Below(text, Role::Text))
        });
        std::iter::once(Row::Heading(canvas.say("confirm.changes").to_owned())).chain(told).collect()
    }

    /// What is told of the sheet: of a correction, what it changes.
    fn told(&self) -> &Answers {
        self.changes.as_ref().unwrap_or_else(|| self.finished.sheet.answers())
    }

    /// That whoever the case is given to reads it from now on, or that they cannot, and what to do.
    fn given(&self, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let Some(member) = assigned::assignee(self.told()) else { return Vec::new() };
        let mut people = world.people(&self.finished.case).into_iter();
        let Some(shut) = people.find(|person| person.member == member && !person.reads) else { return Vec::new() };
        let word = if shut.opens { "assign.will_read" } else { "assign.cannot_read" };
        vec![Row::Below(format!("! {}", canvas.fill(word, &[("who", &shut.called)])), Role::Warn)]
    }

    /// Which answers travel apart, and which never leave.
    fn apart(&self, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let Some(form) = world.codebook.form(&self.finished.draft.form) else { return Vec::new() };
        let lang = world.settings.lang;
        let labels = |wanted: fn(&Question) -> bool| -> Vec<&str> {
            let has = form.questions().filter(|question| wanted(question) && has_value(self.told(), question));
            has.map(|question| question.label.get(lang)).collect()
        };
        let parts = [
            ("confirm.sealed", labels(|question| question.sealed)),
            ("confirm.local", labels(|question| question.local)),
        ];
        let told = parts.into_iter().filter(|(_, found)| !found.is_empty());
        told.map(|(key, found)| Row::Below(canvas.fill(key, &[("fields", &found.join(", "))]), Role::Text)).collect()
    }

    /// Entries that may be about the same person or FIR, by their cases; whoever reads this can read those too.
    fn alike(&self, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let told = self.alike.iter().map(|alike| {
            let word = match alike.why {
                alike::Why::Cnic => "confirm.alike.cnic",
                alike::Why::Phone => "confirm.alike.phone",
                alike::Why::Fir => "confirm.alike.fir",
                alike::Why::Name => "confirm.alike.name",
            };
            Row::Below(format!("≈ {}", canvas.fill(word, &[("case", &world.short(&alike.case))])), Role::Warn)
        });
        told.collect()
    }

    fn warned(&self, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
        let warnings = &self.finished.warnings.0;
        let Some(form) = world.codebook.form(&self.finished.draft.form).filter(|_| !warnings.is_empty()) else {
            return Vec::new();
        };
        let told = warnings.iter().map(|problem| {
            let (sign, role) = problems::sign(problem.severity);
            let label =
                form.question(problem.question.as_str()).map_or("", |found| found.label.get(world.settings.lang));
            Row::Below(format!("{sign} {label}: {}", problems::sentence(problem, form, canvas)), role)
        });
        std::iter::once(Row::Heading(canvas.say("confirm.warnings").to_owned())).chain(told).collect()
    }
}

fn has_value(answers: &Answers, question: &Question) -> bool {
    match answers.value(question.id.as_str()) {
        Some(Value::Text(text)) => !text.is_empty(),
        value => value.is_some(),
    }
}
