//! The last look before keeping: who will be able to read it, what is worth a thought, and why it changes.

use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent},
    layout::Rect,
};

use crate::{
    codebook::{
        Question,
        alike::{self, Alike},
    },
    model::{Amendment, Answers, Code, Content, DeviceId, EntryId, Sheet, Value, assigned, review},
    ui::{
        effect::{Effect, Keeping, ToKeep},
        keymap::Act,
        msg::{Msg, ReaderLine, Trouble},
        pointing::Spot,
        telling,
        theme::Role,
        turn::{Finished, Go, Turn},
        widgets::{
            bars,
            canvas::{Canvas, Lean},
            choice::{Choice, Did},
            problems,
        },
        world::World,
    },
};

/// Said when *keep* is pressed before it stands there who will read it.
const READERS_ASKED: &str = "confirm.readers_asked";

/// What is about to be kept.
#[derive(Debug)]
pub(crate) struct Confirm {
    finished: Finished,
    /// For a correction: what changes.
    changes: Option<Answers>,
    /// For a correction: why.
    reason: Option<Choice>,
    /// What may be about the same person or FIR; looked for once.
    alike: Vec<Alike>,
    readers: Option<Vec<ReaderLine>>,
    keeping: bool,
    trouble: Option<Trouble>,
}

/// The devices that a supervisor's word, or the correction of one, is told to: that of the author of what it is on, and those of
/// whoever the case is given to, or was.
fn told_to(told: &Answers, sheet: Option<&Sheet>, target: Option<EntryId>, world: &World) -> Vec<DeviceId> {
    let corrected = target.and_then(|target| world.book.entry(&target)).and_then(|entry| match &entry.content {
        Content::Sheet(sheet) => Some(sheet),
        _ => None,
    });
    let Some(word) = sheet.or(corrected).filter(|word| word.form().id.as_str() == review::FORM) else {
        return Vec::new();
    };
    let author = match word.answers().value("review_of") {
        Some(Value::Entry(of)) => world.book.entry(of).map(|entry| entry.author.device),
        _ => None,
    };
    let before = target.map(|target| world.book.answers(&target, false));
    let members: Vec<_> = before.iter().chain([told]).filter_map(assigned::assignee).collect();
    let devices = world.roster.iter().flat_map(|page| page.devices.iter());
    let theirs = devices.filter(|device| device.state == "active" && members.contains(&device.owner));
    let mut to: Vec<DeviceId> = author.into_iter().chain(theirs.map(|device| device.id)).collect();
    to.sort_unstable();
    to.dedup();
    to
}

impl Confirm {
    /// Asks who would be able to read.
    pub(crate) fn new(finished: Finished, world: &World) -> (Self, Effect) {
        let sharing = finished.sheet.answers().choice("handling_code").cloned();
        let sheet = (finished.draft.target.is_none()).then_some(&finished.sheet);
        let to = told_to(finished.sheet.answers(), sheet, finished.draft.target, world);
        let asked = Effect::Readers { case: finished.draft.case, sharing, to };
        let changes = finished.draft.target.map(|target| changes(&finished, target, world));
        let list = world.codebook.list("amend_reason").map(|list| &**list);
        let reason = changes.is_some().then(|| Choice::from_list(list, Vec::new(), false));
        let (form, told) = (finished.sheet.form().id.as_str(), finished.sheet.answers());
        let alike = alike::alike(&world.book, form, told, finished.draft.target.as_ref());
        (Self { finished, changes, reason, alike, readers: None, keeping: false, trouble: None }, asked)
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if self.keeping {
            return Turn::stay();
        }
        if act == Some(Act::Back) {
            return Turn::go(Go::Back);
        }
        if let Some(reason) = &mut self.reason {
            let typing = !matches!(act, Some(Act::Keep));
            if typing && reason.key(key.code) != Did::Nothing {
                return Turn::stay();
            }
            if key.code == KeyCode::Enter && reason.take() == Did::Changed {
                return Turn::stay();
            }
        }
        if act != Some(Act::Keep) {
            return Turn::stay();
        }
        match self.to_keep(world) {
            Ok(keep) => {
                self.keeping = true;
                self.trouble = None;
                Turn::ask(Effect::Keep(Box::new(keep)))
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                Turn::stay()
            }
        }
    }

    pub(crate) fn paste(&mut self, _text: &str) {}

    /// The reasons, where there are any to choose from: they stand below what is drawn above them.
    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        let Some(changes) = self.changes.as_ref().filter(|_| !self.keeping) else { return Spot::Nothing };
        let area = world.body();
        let mut glass = Buffer::empty(Rect::new(0, 0, world.size.0, world.size.1));
        let mut canvas = Canvas::new(&mut glass, world.settings);
        let rest = |y: u16| Rect { y, height: area.bottom().saturating_sub(y), ..area };
        let y = self.draw_readers(world, &mut canvas, area) + 1;
        let first = self.draw_changes(world, &mut canvas, rest(y), changes) + 1;
        self.reason.as_mut().map_or(Spot::Nothing, |reason| Spot::Choice(reason, first))
    }

    fn to_keep(&self, world: &World) -> Result<ToKeep, Trouble> {
        // Who will be able to read it is shown before it is kept (`DESIGN.md` section 4, invariant 8).
        if self.readers.is_none() {
            return Err(Trouble::word(READERS_ASKED));
        }
        let draft = &self.finished.draft;
        let what = match (&self.changes, draft.target) {
            (Some(changes), Some(target)) => {
                if changes.is_empty() {
                    return Err(Trouble::word("confirm.nothing_changed"));
                }
                let reason = self.reason.as_ref().and_then(|reason| reason.chosen.first().cloned());
                let reason: Code = reason.ok_or_else(|| Trouble::word("confirm.reason_missing"))?;
                // A supervisor's word knows of more than its own corrections; only those count for whether two collide.
                let own: Vec<_> = world.book.amendments(&target).map(|amendment| amendment.id).collect();
                let seen = draft.seen.iter().filter(|id| own.contains(id)).copied().collect();
                Keeping::Amendment(Amendment { target, seen, reason, note: None, changes: changes.clone() })
            }
            _ => Keeping::Sheet(self.finished.sheet.clone()),
        };
        let sharing = match &what {
            Keeping::Sheet(sheet) => sheet.answers().choice("handling_code").cloned(),
            Keeping::Amendment(amendment) => amendment.changes.choice("handling_code").cloned(),
        };
        let to = match &what {
            Keeping::Sheet(sheet) => told_to(sheet.answers(), Some(sheet), None, world),
            Keeping::Amendment(amendment) => told_to(&amendment.changes, None, Some(amendment.target), world),
        };
        let opens = draft.case.is_none();
        Ok(ToKeep { case: self.finished.case, opens, sharing, what, to, draft: Some(draft.id) })
    }

    pub(crate) fn hear(&mut self, msg: &Msg, world: &World) -> Turn {
        match msg {
            Msg::Readers { case, lines } if *case == self.finished.draft.case => {
                self.readers = Some(lines.clone());
                self.trouble.take_if(|trouble| trouble.word == READERS_ASKED);
                // While a person reads them, what costs most of the keeping is done. The reason of a correction is still to come.
                if let Some(keep) = self.to_keep(world).ok().filter(|_| self.changes.is_none()) {
                    return Turn::ask(Effect::WriteAhead(Box::new(keep)));
                }
            }
            Msg::Kept { draft, .. } if *draft == Some(self.finished.draft.id) => {
                return Turn::go(Go::Case(self.finished.case));
            }
            Msg::KeepFailed { draft, trouble } if *draft == Some(self.finished.draft.id) => {
                self.keeping = false;
                self.trouble = Some(trouble.clone());
            }
            _ => {}
        }
        Turn::stay()
    }

    pub(crate) fn heading(&self, world: &World, canvas: &Canvas<'_>) -> (String, String) {
        let form = world.codebook.form(&self.finished.draft.form);
        let about = form.map(|form| form.title.get(world.settings.lang).to_owned()).unwrap_or_default();
        (canvas.say("confirm.title").to_owned(), about)
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let mut y = area.y;
        let rest = |y: u16| Rect { y, height: area.bottom().saturating_sub(y), ..area };
        y = self.draw_readers(world, canvas, rest(y)) + 1;
        if let Some(changes) = &self.changes {
            y = self.draw_changes(world, canvas, rest(y), changes);
            y = self.draw_reason(canvas, rest(y)) + 1;
        }
        y = self.draw_assigned(world, canvas, rest(y));
        y = self.draw_parts(world, canvas, rest(y));
        y = self.draw_alike(world, canvas, rest(y));
        y = self.draw_warnings(world, canvas, rest(y));
        let (text, role) = match (&self.trouble, self.keeping) {
            (_, true) => (canvas.say("confirm.keeping").to_owned(), Role::Accent),
            (Some(trouble), false) => {
                (format!("✗ {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Bad)
            }
            (None, false) => (canvas.say("confirm.ready").to_owned(), Role::Strong),
        };
        let bottom = area.bottom().saturating_sub(2);
        canvas.paragraph(rest(y.max(bottom).min(bottom)), &text, role);
    }

    fn draw_readers(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
        let heading = canvas.say("confirm.readers").to_owned();
        canvas.lean((area.x, area.y), area.width, &heading, Role::Accent, Lean::Own);
        let mut y = area.y + 1;
        let Some(readers) = &self.readers else {
            let text = canvas.say("confirm.asking").to_owned();
            canvas.put((area.x + 2, y), area.width, &text, Role::Faint);
            return y + 1;
        };
        for line in readers {
            let (text, role) = reader_line(line, canvas);
            canvas.lean((area.x + 2, y), area.width.saturating_sub(2), &text, role, Lean::Own);
            y += 1;
        }
        if is_one_person(readers) {
            let text = format!("! {}", canvas.say("confirm.one_reader"));
            canvas.lean((area.x + 2, y), area.width.saturating_sub(2), &text, Role::Warn, Lean::Own);
            y += 1;
        }
        let handed_in = self.finished.draft.case.is_some_and(|case| world.book.handed_in(&case) > 0);
        let write_only = handed_in || world.who.as_ref().is_some_and(|who| who.write_only);
        let nobody = canvas.say(if write_only { "confirm.write_only" } else { "confirm.nobody_else" }).to_owned();
        canvas.lean((area.x + 2, y), area.width.saturating_sub(2), &nobody, Role::Faint, Lean::Own);
        y + 1
    }

    /// What changes, from what to what.
    fn draw_changes(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect, changes: &Answers) -> u16 {
        let lang = world.settings.lang;
        let heading = canvas.say("confirm.changes").to_owned();
        canvas.lean((area.x, area.y), area.width, &heading, Role::Accent, Lean::Own);
        let mut y = area.y + 1;
        let form = world.codebook.form(&self.finished.draft.form);
        let target = self.finished.draft.target.and_then(|id| world.book.entry(&id));
        let before = target.map(|entry| world.book.answers(&entry.id, true)).unwrap_or_default();
        for (id, given) in changes.iter().take(5) {
            let Some(question) = form.and_then(|form| form.question(id.as_str())) else { continue };
            let tell = |answer: &crate::model::Answer| {
                telling::answer(&world.codebook, question, answer, lang).replace('\n', " ")
            };
            let old = before.answer(id.as_str()).map_or_else(|| "·".to_owned(), tell);
            let text = format!("{}: {old} → {}", question.label.get(lang), tell(&given.answer));
            canvas.lean((area.x + 2, y), area.width.saturating_sub(2), &text, Role::Text, Lean::Own);
            y += 1;
        }
        if let Some(more) = changes.len().checked_sub(5).filter(|more| *more > 0) {
            canvas.put((area.x + 2, y), area.width, &format!("+ {more}"), Role::Faint);
            y += 1;
        }
        y
    }

    /// Why it changes, as a list to choose from.
    fn draw_reason(&self, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
        let (mut y, Some(reason)) = (area.y, &self.reason) else { return area.y };
        let heading = canvas.say("confirm.reason").to_owned();
        canvas.lean((area.x, y), area.width, &heading, Role::Accent, Lean::Own);
        let room = Rect { x: area.x + 2, y: y + 1, width: area.width.saturating_sub(4), height: reason.height() };
        reason.draw(canvas, room);
        y += 1 + reason.height();
        y
    }

    /// That whoever the case is given to reads it from now on, or that they cannot, and what to do.
    fn draw_assigned(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
        let told = self.changes.as_ref().unwrap_or_else(|| self.finished.sheet.answers());
        let Some(member) = assigned::assignee(told) else { return area.y };
        let people = world.people(&self.finished.case).into_iter();
        let Some(shut) = people.into_iter().find(|person| person.member == member && !person.reads) else {
            return area.y;
        };
        let word = if shut.opens { "assign.will_read" } else { "assign.cannot_read" };
        let text = format!("! {}", canvas.fill(word, &[("who", &shut.called)]));
        area.y + canvas.paragraph(Rect { height: 4, ..area }, &text, Role::Warn) + 1
    }

    /// Which answers travel apart, and which never leave.
    fn draw_parts(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
        let Some(form) = world.codebook.form(&self.finished.draft.form) else { return area.y };
        let lang = world.settings.lang;
        let told = self.changes.as_ref().unwrap_or_else(|| self.finished.sheet.answers());
        let labels = |wanted: fn(&Question) -> bool| -> Vec<&str> {
            let asked = form.questions().filter(|question| wanted(question));
            let has = asked.filter(|question| has_value(told, question));
            has.map(|question| question.label.get(lang)).collect()
        };
        let mut y = area.y;
        for (key, found) in [
            ("confirm.sealed", labels(|question| question.sealed)),
            ("confirm.local", labels(|question| question.local)),
        ] {
            if found.is_empty() {
                continue;
            }
            let text = canvas.fill(key, &[("fields", &found.join(", "))]);
            y += canvas.paragraph(Rect { y, height: 3, ..area }, &text, Role::Text);
            y += 1;
        }
        y
    }

    /// Entries that may be about the same person or FIR, by their cases; whoever reads this can read those too.
    fn draw_alike(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
        let mut y = area.y;
        for alike in self.alike.iter().take(3) {
            let word = match alike.why {
                alike::Why::Cnic => "confirm.alike.cnic",
                alike::Why::Phone => "confirm.alike.phone",
                alike::Why::Fir => "confirm.alike.fir",
                alike::Why::Name => "confirm.alike.name",
            };
            let text = format!("≈ {}", canvas.fill(word, &[("case", &world.short(&alike.case))]));
            y += canvas.paragraph(Rect { y, height: 2, ..area }, &text, Role::Warn);
        }
        y
    }

    fn draw_warnings(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
        let Some(form) = world.codebook.form(&self.finished.draft.form) else { return area.y };
        let lang = world.settings.lang;
        let warnings = &self.finished.warnings.0;
        if warnings.is_empty() {
            return area.y;
        }
        let heading = canvas.say("confirm.warnings").to_owned();
        canvas.lean((area.x, area.y), area.width, &heading, Role::Accent, Lean::Own);
        let mut y = area.y + 1;
        for problem in warnings {
            if y + 3 > area.bottom() {
                break;
            }
            let (sign, role) = problems::sign(problem.severity);
            let label = form.question(problem.question.as_str()).map_or("", |question| question.label.get(lang));
            let text = format!("{sign} {label}: {}", problems::sentence(problem, form, canvas));
            y += canvas.paragraph(
                Rect { x: area.x + 2, y, width: area.width.saturating_sub(2), height: 2 },
                &text,
                role,
            );
        }
        y + 1
    }
}

/// Whether one person alone will be able to read: what happens to their key then happens to the case.
pub(crate) fn is_one_person(readers: &[ReaderLine]) -> bool {
    let mut read = readers.iter().filter(|line| !line.statistics_only);
    matches!((read.next(), read.next()), (Some(ReaderLine { people: Some(1), .. }), None))
}

/// A unit that will be able to read, and how it is drawn.
pub(super) fn reader_line(line: &ReaderLine, canvas: &Canvas<'_>) -> (String, Role) {
    let mut text = format!("• {}", line.unit);
    if let Some(agency) = &line.agency {
        text.push_str(&format!(" ({agency})"));
    }
    if let Some(people) = line.people {
        text.push_str("  ");
        text.push_str(&crate::words::count(canvas.tongue(), "confirm.people", u64::from(people)));
    }
    if line.statistics_only {
        text.push_str("  ");
        text.push_str(canvas.say("confirm.statistics_only"));
    }
    (text, if line.statistics_only { Role::Faint } else { Role::Text })
}

fn has_value(answers: &Answers, question: &Question) -> bool {
    match answers.value(question.id.as_str()) {
        Some(Value::Text(text)) => !text.is_empty(),
        value => value.is_some(),
    }
}

/// The answers of the finished sheet that differ from what the entry says today.
fn changes(finished: &Finished, target: EntryId, world: &World) -> Answers {
    // Against what it was begun with: what a colleague corrected since then is not put back.
    let before = world.book.answers_as_seen(&target, &finished.draft.seen);
    let told = finished.sheet.answers().iter();
    told.filter(|(id, given)| before.get(id.as_str()) != Some(given))
        .map(|(id, given)| (id.clone(), given.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_is_who_reads_alone_and_counting_is_not_reading() {
        let line = |people: Option<u32>, statistics_only| ReaderLine {
            unit: "PS Sample".into(),
            agency: None,
            people,
            statistics_only,
        };
        assert!(is_one_person(&[line(Some(1), false)]) && is_one_person(&[line(Some(1), false), line(None, true)]));
        for more in [vec![], vec![line(Some(2), false)], vec![line(Some(1), false), line(Some(3), false)]] {
            assert!(!is_one_person(&more), "{more:?}");
        }
    }
}
