//! What is still open in a form, and the keys that go there or close it.

use super::form::Form;
use crate::{
    codebook,
    model::{Answer, Given, QuestionId, Value},
    ui::{turn::Turn, world::World},
};

impl Form {
    /// Everything that must still be answered was not asked, in one key; what only a value will do for is left open.
    pub(super) fn rest_not_asked(&mut self, world: &World) -> Turn {
        self.commit(world);
        let mut step = Vec::new();
        self.pass_over(None, &mut step, world);
        if !step.is_empty() {
            self.past.push(step);
            self.soil(world);
        }
        let gap = self.gap_from(0).filter(|at| self.must(*at));
        self.go(gap.unwrap_or(self.at), world)
    }

    /// The person wants to stop: that is put down, what came before it and must be answered was not asked, and the keyboard is at what
    /// closes the talk. A form that has no such question is left. The draft is kept in both, whether or not anything was typed.
    pub(super) fn stop_early(&mut self, world: &World) -> Turn {
        self.whom = None;
        self.commit(world);
        self.soil(world);
        let stopped = QuestionId::new(codebook::STOPPED_EARLY);
        // Who corrects an interview afterwards is not sitting in it.
        if self.draft.target.is_some() || self.place_of(&stopped).is_none() {
            return self.leave(world).saying("form.stopped_left");
        }
        let mut step = vec![(stopped.clone(), self.put(&stopped, Some(Given::from(Answer::Value(Value::Flag(true))))))];
        self.ask_again(world);
        self.pass_over(Some(&stopped), &mut step, world);
        self.past.push(step);
        let after = self.place_of(&stopped).map_or(self.at, |at| at + 1);
        let open = |at: &usize| self.is_open(*at);
        let closing = || (after..self.asked.len()).filter(open);
        let next = closing().find(|at| self.must(*at)).or_else(|| closing().next());
        // The field that is left holds what the draft said before: it must not be put back on the way.
        self.reach(next.unwrap_or(after), world);
        Turn::stay().and(self.keep()).saying("form.stopped")
    }

    /// Everything before a question that must be answered and may do without a value was not asked. An answer can put further
    /// questions, so it looks again.
    fn pass_over(&mut self, before: Option<&QuestionId>, step: &mut Vec<(QuestionId, Option<Given>)>, world: &World) {
        let end = |form: &Self| before.and_then(|id| form.place_of(id)).unwrap_or(form.asked.len());
        while let Some(id) = (0..end(self)).find_map(|at| self.open_at(at)) {
            self.put(&id, Some(Given::from(Answer::NotAsked)));
            step.push((id, None));
            self.ask_again(world);
        }
    }

    /// A question that must be answered, is not, and need not have a value.
    fn open_at(&self, at: usize) -> Option<QuestionId> {
        let question = self.question_at(*self.asked.get(at)?)?;
        let open = self.must(at) && !question.firm && self.draft.answers.get(question.id.as_str()).is_none();
        open.then(|| question.id.clone())
    }

    /// Whether a question has no answer, or one that was taken over and not looked at.
    pub(super) fn is_open(&self, at: usize) -> bool {
        let question = self.asked.get(at).and_then(|place| self.question_at(*place));
        let open = |id: &QuestionId| self.draft.answers.get(id.as_str()).is_none() || self.copied.contains(id);
        question.is_some_and(|question| open(&question.id))
    }

    /// The first question from here on that must still be answered; if none must, the first that could be.
    pub(super) fn gap_from(&self, from: usize) -> Option<usize> {
        let order = || (from..self.asked.len()).chain(0..from);
        let open = |at: &usize| self.is_open(*at);
        let must = |at: &usize| self.must(*at);
        order().filter(open).find(must).or_else(|| order().find(open))
    }

    /// The first question of the next section, or of this one, or of the one before.
    pub(super) fn section_start(&self, forward: bool) -> usize {
        let here = self.asked.get(self.at).map_or(0, |(section, _)| *section);
        if forward {
            return self.asked.iter().position(|(section, _)| *section > here).unwrap_or(self.asked.len());
        }
        let start = self.asked.iter().position(|(section, _)| *section == here).unwrap_or(0);
        if self.at > start {
            return start;
        }
        let before = self.asked.iter().rev().find(|(section, _)| *section < here).map_or(0, |(section, _)| *section);
        self.asked.iter().position(|(section, _)| *section == before).unwrap_or(0)
    }
}
