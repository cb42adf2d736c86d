//! Taking over from a person who was described earlier in the case: what they share is filled in, marked, and gone through one by one.

use ratatui::crossterm::event::KeyEvent;

use super::form::Form;
use crate::{
    codebook::SHARED,
    model::{EntryId, Lang, QuestionId},
    ui::{keymap::Act, turn::Turn, widgets::menu::Menu, world::World},
};

/// Whom to take over from.
#[derive(Debug)]
pub(super) struct Whom {
    pub(super) menu: Menu,
    earlier: Vec<EntryId>,
}

impl Form {
    /// Asks for the person to take over from; `false` where there is none, or this is no new person.
    pub(super) fn ask_whom(&mut self, world: &World) -> bool {
        if self.form.form.id.as_str() != "person" || self.draft.target.is_some() {
            return false;
        }
        let persons = self.entries.iter().filter(|(form, _)| &**form == "person");
        let persons = persons.filter_map(|(_, offer)| Some((offer.code.as_str().parse::<EntryId>().ok()?, offer)));
        let urdu = world.settings.lang == Lang::Ur;
        let (earlier, named): (Vec<EntryId>, Vec<(String, String)>) = persons
            .map(|(id, offer)| {
                let (en, ur) = (offer.en.clone(), offer.ur.clone());
                (id, if urdu { (ur, en) } else { (en, ur) })
            })
            .unzip();
        self.whom = (!earlier.is_empty()).then(|| Whom { menu: Menu::of_named("form.copy_from", named), earlier });
        self.whom.is_some()
    }

    /// A key while it is asked.
    pub(super) fn whom_key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        let Some(whom) = &mut self.whom else { return Turn::stay() };
        if act == Some(Act::Back) {
            self.whom = None;
            return Turn::stay();
        }
        let Some(from) = whom.menu.key(key.code, act).and_then(|at| whom.earlier.get(at).copied()) else {
            return Turn::stay();
        };
        self.whom = None;
        self.take_over(from, world)
    }

    /// Fills in what nobody has answered yet, and goes to the first of it: each is looked at before it counts as answered.
    fn take_over(&mut self, from: EntryId, world: &World) -> Turn {
        self.commit(world);
        let theirs = world.book.answers(&from, false);
        let mut step = Vec::new();
        // An answer can put further questions, so it looks again.
        while let Some(id) = self.bare_and_shared(&step) {
            let given = theirs.get(id.as_str()).filter(|given| given.answer.value().is_some()).cloned();
            if given.is_some() {
                self.put(&id, given);
                self.copied.push(id.clone());
                self.ask_again(world);
            }
            step.push((id, None));
        }
        step.retain(|(id, _)| self.copied.contains(id));
        if step.is_empty() {
            return Turn::stay();
        }
        let first = step.iter().filter_map(|(id, _)| self.place_of(id)).min();
        self.past.push(step);
        self.soil(world);
        self.go(first.unwrap_or(self.at), world)
    }

    /// A question that is put, may be taken over, is not answered, and was not tried yet.
    fn bare_and_shared(&self, tried: &[(QuestionId, Option<crate::model::Given>)]) -> Option<QuestionId> {
        let put = self.asked.iter().filter_map(|place| self.question_at(*place)).map(|question| &question.id);
        let open = |id: &&QuestionId| {
            SHARED.contains(&id.as_str())
                && self.draft.answers.get(id.as_str()).is_none()
                && !tried.iter().any(|(known, _)| known == *id)
        };
        put.into_iter().find(open).cloned()
    }
}
