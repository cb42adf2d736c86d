//! Hints for who learns: on every screen the next step, worked out from what the practice case has and lacks.

use super::{App, keymap::Room, screens::Screen};
use crate::model::{Casebook, Content};

/// What a case is made of at the table, in the order in which the hints lead through it.
const STEPS: [(&str, &str); 4] = [
    ("person", "training.add_person"),
    ("interview", "training.add_interview"),
    ("screening", "training.add_screening"),
    ("referral", "training.add_referral"),
];

/// The key of the hint for what is on the screen now.
pub(super) fn hint(app: &App) -> &'static str {
    let Some(top) = app.stack.last() else { return "training.other" };
    match (top, top.room()) {
        (_, Room::Menu) => "training.menu",
        (_, Room::Path) => "training.path",
        (Screen::Unlock(_), _) => "training.unlock",
        (Screen::Caseload(_), _) if app.world.cases.is_empty() => "training.new_case",
        (Screen::Caseload(_), _) => "training.open_case",
        (Screen::Case(_), _) => next(&app.world.book),
        (Screen::Form(_), _) => "training.form",
        (Screen::Confirm(_), _) => "training.confirm",
        (Screen::Entry(_), _) => "training.entry",
        _ => "training.other",
    }
}

/// The first thing that the practice cases lack.
fn next(book: &Casebook) -> &'static str {
    let has = |form: &str| book.cases().any(|file| book.sheets(file, form).next().is_some());
    let corrected = || {
        let entries = book.cases().flat_map(|file| file.entries.iter()).filter_map(|id| book.entry(id));
        entries.into_iter().any(|entry| matches!(entry.content, Content::Amendment(_)))
    };
    let missing = STEPS.iter().find(|(form, _)| !has(form)).map(|(_, hint)| *hint);
    missing.unwrap_or(if corrected() { "training.done" } else { "training.correct" })
}
