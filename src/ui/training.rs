//! Hints for who learns: on every page the next step, worked out from what the practice case has and lacks.

use super::{App, keymap::Room, screens::Screen};
use crate::model::{Casebook, Content};

/// What a case is made of at the table, in the order in which the hints lead through it.
const STEPS: [(&str, &str); 4] = [
    ("person", "training.add_person"),
    ("interview", "training.add_interview"),
    ("screening", "training.add_screening"),
    ("referral", "training.add_referral"),
];

/// The key of the hint for what is on the screen now. There is one for every page: a page that is added here has to say its own.
pub(super) fn hint(app: &App) -> &'static str {
    let Some(top) = app.stack.last() else { return "training.menu" };
    match top {
        Screen::Welcome(_) => "training.welcome",
        Screen::Unlock(unlock) if unlock.chooses() => "training.menu",
        Screen::Unlock(_) => "training.unlock",
        Screen::Caseload(list) => {
            list.asks().unwrap_or(if app.world.cases.is_empty() { "training.new_case" } else { "training.open_case" })
        }
        Screen::Case(case) => case.asks().unwrap_or_else(|| next(&app.world.book)),
        Screen::Entry(entry) => entry.asks().unwrap_or("training.entry"),
        Screen::Form(form) if form.room() == Room::Menu => "training.copy",
        Screen::Form(_) => "training.form",
        Screen::Confirm(_) => "training.confirm",
        Screen::Outbox(_) => "training.outbox",
        Screen::Stick(stick) if stick.room() == Room::Stick => "training.stick",
        Screen::Stick(_) => "training.stick_in",
        Screen::Today(_) => "training.today",
        Screen::Review(_) => "training.review",
        Screen::Roster(_) => "training.roster",
        Screen::Team(_) => "training.team",
        Screen::Keys(_) => "training.keys",
        Screen::Audit(audit) if audit.room() == Room::Path => "training.save_part",
        Screen::Audit(_) => "training.audit",
        Screen::Rotation(_) => "training.rotation",
        Screen::Aside(aside) => match aside.room() {
            Room::Path => "training.save_part",
            Room::Dropping => "training.aside_drop",
            _ => "training.aside",
        },
        Screen::Help(_) => "training.help",
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
