//! An entry and its corrections side by side: as it was first kept, as it stands, and who changed what in between.

use ratatui::layout::Rect;

use super::case_view::author;
use crate::{
    codebook::Question,
    model::{Answer, Answers, Content, Entry},
    ui::{
        reading, telling,
        theme::Role,
        widgets::canvas::{Canvas, Lean},
        world::World,
    },
};

/// One question that somebody corrected.
struct Pair {
    label: String,
    first: String,
    /// One answer, or several that collide.
    now: Vec<String>,
    /// Who said what, by their clocks.
    steps: Vec<String>,
}

/// How many questions of an entry were corrected: so far it can be scrolled.
pub(super) fn count(entry: &Entry, names: bool, world: &World) -> u16 {
    u16::try_from(touched(entry, names, world).len()).unwrap_or(u16::MAX)
}

/// Draws the questions that were corrected, from one of them on.
pub(super) fn draw((entry, names, from): (&Entry, bool, u16), world: &World, canvas: &mut Canvas<'_>, area: Rect) {
    let half = area.width.saturating_sub(3) / 2;
    let right = area.x + half + 3;
    for (x, word) in [(area.x, "beside.first"), (right, "beside.now")] {
        let text = canvas.say(word).to_owned();
        canvas.put((x, area.y), half, &text, Role::Faint);
    }
    let pairs = pairs(entry, names, world, canvas);
    if pairs.is_empty() {
        let text = canvas.say("beside.nothing").to_owned();
        canvas.paragraph(Rect { y: area.y + 2, height: 3, ..area }, &text, Role::Faint);
        return;
    }
    let mut y = area.y + 2;
    for pair in pairs.iter().skip(usize::from(from)) {
        if y >= area.bottom() {
            return;
        }
        let room = |x: u16, y: u16| Rect { x, y, width: half, height: area.bottom().saturating_sub(y) };
        canvas.lean((area.x, y), area.width, &pair.label, Role::Accent, Lean::Own);
        y += 1;
        let first = canvas.paragraph(room(area.x, y), &pair.first, Role::Text);
        let mut now = 0;
        let (sign, role) = if pair.now.len() > 1 { ("✗ ", Role::Bad) } else { ("", Role::Strong) };
        for told in &pair.now {
            now += canvas.paragraph(room(right, y + now), &format!("{sign}{told}"), role);
        }
        y += first.max(now).max(1);
        for step in pair.steps.iter().filter(|_| pair.steps.len() > 1 || pair.now.len() > 1) {
            let below =
                Rect { x: area.x + 2, y, width: area.width.saturating_sub(2), height: area.bottom().saturating_sub(y) };
            y += canvas.paragraph(below, &format!("↳ {step}"), Role::Faint);
        }
        if let ([step], 1) = (pair.steps.as_slice(), pair.now.len()) {
            canvas.lean((right, y.min(area.bottom().saturating_sub(1))), half, step, Role::Faint, Lean::Own);
            y += 1;
        }
        y += 1;
    }
}

/// The questions that a correction touched, in the order of the form; sealed ones only where names are shown.
fn touched<'a>(entry: &Entry, names: bool, world: &'a World) -> Vec<&'a Question> {
    let Content::Sheet(sheet) = &entry.content else { return Vec::new() };
    let Some(form) = world.codebook.form(sheet.form()) else { return Vec::new() };
    let changes = reading::amendments(&world.book, entry);
    let changed = |question: &Question| {
        changes.iter().any(|(by, amendment)| {
            amendment.changes.get(question.id.as_str()).is_some()
                || names && world.book.names(&by.id).any(|sealed| sealed.get(question.id.as_str()).is_some())
        })
    };
    // A sealed answer may stand in the amendment itself: it is a name all the same.
    form.questions().filter(|question| (names || !question.sealed) && changed(question)).collect()
}

fn pairs(entry: &Entry, names: bool, world: &World, canvas: &Canvas<'_>) -> Vec<Pair> {
    let lang = world.settings.lang;
    let Content::Sheet(sheet) = &entry.content else { return Vec::new() };
    let sealed: Vec<&Answers> = if names { world.book.names(&entry.id).collect() } else { Vec::new() };
    let standing = if names { world.book.standing_with_names(&entry.id) } else { world.book.standing(&entry.id) };
    let changes = reading::amendments(&world.book, entry);
    let told = |question: &Question, answer: &Answer| {
        let told = telling::answer(&world.codebook, question, answer, lang);
        if answer.value().is_none() { format!("— {told}") } else { told }
    };
    let pair = |question: &Question| {
        let id = question.id.as_str();
        let first = sheet.answers().answer(id).or_else(|| sealed.iter().find_map(|answers| answers.answer(id)));
        let now = standing.iter().filter(|line| line.question == question.id);
        let steps = changes.iter().filter_map(|(by, amendment)| {
            let apart = || world.book.names(&by.id).filter(|_| names).find_map(|sealed| sealed.get(id));
            let given = amendment.changes.get(id).or_else(apart)?;
            let (who, when) = (author(by, world, canvas), telling::clock(by.times.device));
            let why = telling::label(&world.codebook, "amend_reason", &amendment.reason, lang);
            let to = told(question, &given.answer);
            Some(canvas.fill("beside.step", &[("who", &who), ("when", &when), ("why", &why), ("to", &to)]))
        });
        Pair {
            label: question.label.get(lang).to_owned(),
            first: first.map_or_else(|| canvas.say("beside.empty").to_owned(), |answer| told(question, answer)),
            now: now.map(|line| told(question, &line.given.answer)).collect(),
            steps: steps.collect(),
        }
    };
    touched(entry, names, world).into_iter().map(pair).collect()
}
