//! The last look before keeping: who will be able to read it, what is worth a thought, and why it changes.

use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent},
    layout::Rect,
};

use crate::{
    codebook::alike::{self, Alike},
    model::{Amendment, Answers, Code, Content, DeviceId, EntryId, Sheet, Value, assigned, review},
    ui::{
        effect::{Effect, Keeping, ToKeep},
        keymap::{Act, scrolled},
        msg::{Msg, ReaderLine, Trouble},
        pointing::Spot,
        theme::Role,
        turn::{Finished, Go, Turn},
        widgets::{
            canvas::Canvas,
            choice::{Choice, Did},
        },
        world::World,
    },
};

/// Said when *keep* is pressed before it stands there who will read it.
const READERS_ASKED: &str = "confirm.readers_asked";

/// What is about to be kept.
#[derive(Debug)]
pub(crate) struct Confirm {
    pub(super) finished: Finished,
    /// For a correction: what changes.
    pub(super) changes: Option<Answers>,
    /// For a correction: why.
    pub(super) reason: Option<Choice>,
    /// What may be about the same person or FIR; looked for once.
    pub(super) alike: Vec<Alike>,
    pub(super) readers: Option<Vec<ReaderLine>>,
    pub(super) keeping: bool,
    pub(super) trouble: Option<Trouble>,
    /// First line shown of what is said.
    pub(super) line: u16,
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
        (Self { finished, changes, reason, alike, readers: None, keeping: false, trouble: None, line: 0 }, asked)
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if self.keeping {
            return Turn::stay();
        }
        if act == Some(Act::Back) {
            return Turn::go(Go::Back);
        }
        if matches!(act, Some(Act::PageUp | Act::PageDown)) {
            let mut glass = Buffer::empty(Rect::ZERO);
            let parts = self.parts(world, &Canvas::new(&mut glass, world.settings), world.body());
            self.line = scrolled(act, self.line, parts.said.height, parts.most());
            return Turn::stay();
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
        let mut glass = Buffer::empty(Rect::ZERO);
        let first = self.parts(world, &Canvas::new(&mut glass, world.settings), world.body()).reason.y + 1;
        match &mut self.reason {
            Some(reason) if !self.keeping => Spot::Choice(reason, first),
            _ => Spot::Nothing,
        }
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
                let word = self.finished.sheet.form().id.as_str() == review::FORM;
                return Turn::go(if word { Go::Queue(self.finished.case) } else { Go::Case(self.finished.case) });
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
