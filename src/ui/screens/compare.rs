//! An entry and its corrections side by side: as it was first kept, as it stands, and who changed what in between.

use ratatui::layout::Rect;

use super::{
    case_view::author,
    entry_lines::{Row, half},
};
use crate::{
    codebook::Question,
    model::{Answer, Answers, Content, Entry},
    ui::{reading, telling, theme::Role, widgets::canvas::Canvas, world::World},
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

/// Lines above the pairs: which half is which.
pub(super) const ABOVE: u16 = 2;

/// Whether anything of an entry was corrected.
pub(super) fn any(entry: &Entry, names: bool, world: &World) -> bool {
    !touched(entry, names, world).is_empty()
}

/// Says which half is which.
pub(super) fn draw_head(canvas: &mut Canvas<'_>, area: Rect) {
    let half = half(area.width);
    for (x, word) in [(area.x, "beside.first"), (area.x + half + 3, "beside.now")] {
        let text = canvas.say(word).to_owned();
        canvas.put((x, area.y), half, &text, Role::Faint);
    }
}

/// The questions that were corrected, as parts of a page that is read to its end however long an answer is.
pub(super) fn rows(entry: &Entry, names: bool, world: &World, canvas: &Canvas<'_>) -> Vec<Row> {
    let pairs = pairs(entry, names, world, canvas);
    if pairs.is_empty() {
        return vec![Row::Below(canvas.say("beside.nothing").to_owned(), Role::Faint)];
    }
    let mut rows = Vec::new();
    for Pair { label, first, now, steps } in pairs {
        rows.push(Row::Heading(label));
        let collide = now.len() > 1;
        let (sign, role) = if collide { ("✗ ", Role::Bad) } else { ("", Role::Strong) };
        let now: Vec<String> = now.iter().map(|told| format!("{sign}{told}")).collect();
        rows.push(Row::Beside { first, now: now.join("\n"), role });
        match steps.as_slice() {
            [step] if !collide => rows.push(Row::Right(step.clone(), Role::Faint)),
            steps => rows.extend(steps.iter().map(|step| Row::Below(format!("↳ {step}"), Role::Faint))),
        }
        rows.push(Row::Space);
    }
    rows
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
