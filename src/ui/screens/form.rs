//! Filling a form: one question at a time has the keyboard, the rest of its section is seen around it.

use std::sync::Arc;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    form_copy::Whom,
    form_offers::{offers, people},
};
use crate::{
    codebook::{self, Form as Questions, Origin, Question, Section, Surroundings},
    model::{Answer, CaseId, Draft, Given, Problems, QuestionId},
    ui::{
        effect::Effect,
        keymap::{self, Act, Room},
        turn::{Finished, Go, Open, Turn},
        widgets::{
            canvas::Canvas,
            choice::{Did, Offer},
            field::{Field, Setting},
            text::Edit,
        },
        world::World,
    },
};

/// Where a question stands in the form: section and place in it.
pub(super) type Place = (usize, usize);

/// How long something typed may be without being on disk, milliseconds.
const AUTOSAVE_MS: u64 = 2_000;

/// A draft being filled.
#[derive(Debug)]
pub(crate) struct Form {
    pub(super) draft: Draft,
    /// The case it will belong to, new or not.
    case: CaseId,
    pub(super) form: Arc<Questions>,
    pub(super) around: Surroundings,
    pub(super) entries: Vec<(Box<str>, Offer)>,
    /// To whom the case can be given, for a supervisor's word.
    people: Vec<Offer>,
    /// The questions that are put under these answers, in order.
    pub(super) asked: Vec<Place>,
    /// Which of them must be answered.
    required: Vec<bool>,
    /// Which of them has the keyboard.
    pub(super) at: usize,
    pub(super) field: Field,
    pub(super) problems: Problems,
    /// Finishing was tried: from now on what is missing is named too.
    tried: bool,
    /// Keys have gone into the field since it was reached: its problems wait until it is left.
    pub(super) typing: bool,
    dirty: bool,
    /// When something was first typed after the draft was last kept.
    since: Option<u64>,
    /// What can be taken back: what each step changed, as it was before.
    pub(super) past: Vec<Vec<(QuestionId, Option<Given>)>>,
    /// Whether the last of them is a change of this question since it was reached.
    running: bool,
    /// Whom to take over from, while it is asked.
    pub(super) whom: Option<Whom>,
    /// What was taken over and not looked at yet.
    pub(super) copied: Vec<QuestionId>,
}

impl Form {
    /// Opens a draft at the question it was left at. `None` where its form is not known here.
    pub(crate) fn new(draft: Draft, case: CaseId, world: &World) -> Option<Self> {
        let form = Arc::clone(world.codebook.form(&draft.form)?);
        let around = world.around(&draft);
        let (entries, people) = (offers(draft.case.as_ref(), world), people(&draft, world));
        let mut screen = Self {
            draft,
            case,
            form,
            around,
            entries,
            people,
            asked: Vec::new(),
            required: Vec::new(),
            at: 0,
            field: Field::Line(Edit::line("")),
            problems: Problems::default(),
            tried: false,
            typing: false,
            dirty: false,
            since: None,
            past: Vec::new(),
            running: false,
            whom: None,
            copied: Vec::new(),
        };
        screen.ask_again(world);
        let at = screen.draft.at.clone();
        // A new form begins where something is missing, a correction at its first question.
        let gap = if screen.draft.target.is_none() { screen.gap_from(0) } else { None };
        let place = at.and_then(|id| screen.place_of(&id)).or(gap).unwrap_or(0);
        screen.reach(place, world);
        Some(screen)
    }

    pub(crate) const fn room(&self) -> Room {
        if self.whom.is_some() { Room::Menu } else { Room::Form }
    }

    /// Whether something typed is not on disk yet.
    pub(crate) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The draft, if it has to be kept.
    pub(crate) fn take_draft(&mut self) -> Option<Draft> {
        if !self.dirty {
            return None;
        }
        self.dirty = false;
        self.since = None;
        Some(self.draft.clone())
    }

    /// The draft, if something typed has waited long enough to be kept.
    pub(crate) fn draft_due(&mut self, boot_ms: u64) -> Option<Draft> {
        let waited = self.since.is_none_or(|since| boot_ms.saturating_sub(since) >= AUTOSAVE_MS);
        if waited { self.take_draft() } else { None }
    }

    pub(super) fn soil(&mut self, world: &World) {
        self.dirty = true;
        self.since.get_or_insert(world.boot_ms);
    }

    pub(super) fn keep(&mut self) -> Option<Effect> {
        self.take_draft().map(|draft| Effect::KeepDraft(Box::new(draft)))
    }

    pub(super) fn question_at(&self, (section, question): Place) -> Option<&Question> {
        self.form.sections.get(section)?.questions.get(question)
    }

    /// The question that has the keyboard.
    pub(super) fn question(&self) -> Option<&Question> {
        self.question_at(*self.asked.get(self.at)?)
    }

    /// The section that has the keyboard, and its number.
    pub(super) fn section(&self) -> Option<(usize, &Section)> {
        let (section, _) = *self.asked.get(self.at)?;
        Some((section, self.form.sections.get(section)?))
    }

    pub(super) fn place_of(&self, id: &QuestionId) -> Option<usize> {
        self.asked.iter().position(|place| self.question_at(*place).is_some_and(|question| question.id == *id))
    }

    /// How many questions of a section are put, and how many of them have an answer.
    pub(super) fn progress(&self, section: usize) -> (usize, usize) {
        let here = self.asked.iter().filter(|(of, _)| *of == section).filter_map(|place| self.question_at(*place));
        here.fold((0, 0), |(answered, asked), question| {
            (answered + usize::from(self.draft.answers.get(question.id.as_str()).is_some()), asked + 1)
        })
    }

    /// Whether the question at a place of `asked` must be answered.
    pub(super) fn must(&self, at: usize) -> bool {
        self.required.get(at).copied().unwrap_or(false)
    }

    pub(super) fn setting<'a>(&'a self, world: &'a World) -> Setting<'a> {
        Setting {
            codebook: &world.codebook,
            now: world.now,
            entries: &self.entries,
            people: &self.people,
            width: editor_width(world.size.0),
            lang: world.settings.lang,
        }
    }

    /// Which questions are put now; the place stays on its question, or the nearest before it.
    pub(super) fn ask_again(&mut self, world: &World) {
        let here = self.asked.get(self.at).copied();
        let layout = codebook::layout(&self.form, &world.codebook, &self.draft, Origin::Officer, &self.around);
        let mut put = layout.put.into_iter().peekable();
        let (mut asked, mut required) = (Vec::new(), Vec::new());
        for (at, section) in self.form.sections.iter().enumerate() {
            for (place, question) in section.questions.iter().enumerate() {
                if let Some((_, must)) = put.next_if(|(next, _)| next.id == question.id) {
                    asked.push((at, place));
                    required.push(must);
                }
            }
        }
        self.asked = asked;
        self.required = required;
        if let Some(here) = here {
            self.at = self.asked.iter().rposition(|place| *place <= here).unwrap_or(0);
        }
        self.judge(world);
    }

    fn judge(&mut self, world: &World) {
        let (form, book) = (&self.form, &world.codebook);
        self.problems = if self.tried {
            match codebook::finish_among(form, book, &self.draft, Origin::Officer, &self.around) {
                Ok((_, warnings)) => warnings,
                Err(problems) => problems,
            }
        } else {
            codebook::check_draft(form, book, &self.draft, Origin::Officer, &self.around)
        };
    }

    /// Gives the keyboard to another question.
    pub(super) fn reach(&mut self, at: usize, world: &World) {
        self.at = at.min(self.asked.len().saturating_sub(1));
        (self.typing, self.running) = (false, false);
        let Some(question) = self.question() else { return };
        let id = question.id.clone();
        let field = Field::new(question, self.draft.answers.get(id.as_str()), &self.setting(world));
        self.field = field;
        self.draft.at = Some(id);
    }

    /// Brings what stands in the field into the draft.
    pub(super) fn commit(&mut self, world: &World) {
        let Some(question) = self.question() else { return };
        let id = question.id.clone();
        let given = self.field.given(question, &self.setting(world));
        let before = self.draft.answers.get(id.as_str()).cloned();
        // An empty field does not take back that somebody refused; and what was merely passed is no new answer: what was set beforehand has no
        // language, and the same words have one once they stood in a field.
        let silent = before.as_ref().is_some_and(|given| given.answer.value().is_none());
        let same = given.as_ref().map(|given| &given.answer) == before.as_ref().map(|given| &given.answer);
        if same || (given.is_none() && silent) {
            return;
        }
        self.set(id, given, world);
    }

    fn set(&mut self, id: QuestionId, given: Option<Given>, world: &World) {
        let before = self.put(&id, given);
        // A run of changes to one question is one step back; coming to it again begins another.
        if !(self.running && matches!(self.past.last().map(Vec::as_slice), Some([(last, _)]) if *last == id)) {
            self.past.push(vec![(id, before)]);
        }
        self.running = true;
        self.soil(world);
        self.ask_again(world);
    }

    /// Puts an answer in, or takes it out; what was there before.
    pub(super) fn put(&mut self, id: &QuestionId, given: Option<Given>) -> Option<Given> {
        match given {
            Some(given) => {
                let before = self.draft.answers.get(id.as_str()).cloned();
                self.draft.answers.set(id.clone(), given);
                before
            }
            None => self.draft.answers.remove(id),
        }
    }

    /// Says in one key that there is no value, and goes on.
    fn silence(&mut self, answer: Answer, world: &World) -> Turn {
        let Some(question) = self.question() else { return Turn::stay() };
        if question.firm && !self.around.excuses(question, &answer) {
            return Turn::stay();
        }
        let id = question.id.clone();
        self.past.push(vec![(id.clone(), self.draft.answers.get(id.as_str()).cloned())]);
        self.set(id, Some(Given::from(answer)), world);
        self.go(self.at + 1, world)
    }

    /// Leaves this question for another; the draft is kept on the way.
    pub(super) fn go(&mut self, at: usize, world: &World) -> Turn {
        self.commit(world);
        let effect = self.keep();
        // Whoever has been on a question has looked at what was taken over there.
        if let Some(seen) = self.question().map(|question| question.id.clone()).filter(|_| at != self.at) {
            self.copied.retain(|id| *id != seen);
        }
        self.reach(at, world);
        Turn::stay().and(effect)
    }

    /// To the next question that has no answer yet: what was filled in beforehand is seen on the way.
    fn go_on(&mut self, world: &World) -> Turn {
        self.commit(world);
        let bare = |at: &usize| self.is_open(*at);
        let next = (self.at + 1..self.asked.len()).find(bare);
        self.go(next.unwrap_or(self.at + 1), world)
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        // A list over the form is no reason to look for another key.
        let stops = keymap::act(Room::Form, key) == Some(Act::StopEarly);
        if self.whom.is_some() && !stops {
            return self.whom_key(key, act, world);
        }
        let act = if stops { Some(Act::StopEarly) } else { act };
        if key.code == KeyCode::Enter && self.field.takes_lines() {
            return self.type_key(key, world);
        }
        // What was typed for a list, and taken from it by nobody, is no answer: the field says so, and is not left by the keys that go on.
        let goes_on = matches!(act, Some(Act::Next | Act::NextGap | Act::NextPage | Act::Finish));
        if goes_on && self.field.is_half_typed(key.code == KeyCode::Enter) {
            return Turn::stay();
        }
        match act {
            Some(Act::Next) => {
                if key.code == KeyCode::Enter && self.field.take() == Did::Changed {
                    self.typing = true;
                    return self.go_on(world);
                }
                self.go(self.at + 1, world)
            }
            Some(Act::Previous) => self.go(self.at.saturating_sub(1), world),
            Some(Act::NextGap) => {
                self.commit(world);
                let gap = self.gap_from(self.at + 1);
                self.go(gap.unwrap_or(self.at), world)
            }
            Some(Act::NextPage) => self.go(self.section_start(true), world),
            Some(Act::PreviousPage) => self.go(self.section_start(false), world),
            Some(Act::Rest) => self.rest_not_asked(world),
            Some(Act::StopEarly) => self.stop_early(world),
            Some(Act::NotAsked) => self.silence(Answer::NotAsked, world),
            Some(Act::Refused) => self.silence(Answer::Refused, world),
            Some(Act::Unknown) => self.silence(Answer::Unknown, world),
            Some(Act::Clear) => {
                if let Some(id) = self.question().map(|question| question.id.clone()) {
                    self.running = false;
                    self.set(id, None, world);
                    self.reach(self.at, world);
                }
                Turn::stay()
            }
            Some(Act::Undo) => self.undo(world),
            Some(Act::CopyFrom) => {
                self.ask_whom(world);
                Turn::stay()
            }
            Some(Act::Redo) => {
                if self.field.edit().is_some_and(Edit::redo) {
                    self.commit(world);
                }
                Turn::stay()
            }
            Some(Act::Finish) => self.finish(world),
            Some(Act::Back) => self.leave(world),
            _ => self.type_key(key, world),
        }
    }

    /// To the screen below; the draft is kept.
    pub(super) fn leave(&mut self, world: &World) -> Turn {
        self.commit(world);
        let effect = self.keep();
        Turn::go(Go::Back).and(effect)
    }

    fn type_key(&mut self, key: &KeyEvent, world: &World) -> Turn {
        // Out of the form and back, so that the field may ask the form what it can choose from.
        let mut field = std::mem::replace(&mut self.field, Field::Line(Edit::line("")));
        let did = field.key(key, &self.setting(world));
        self.field = field;
        match (did, key.code) {
            (Did::Nothing, KeyCode::Up) => self.go(self.at.saturating_sub(1), world),
            (Did::Nothing, KeyCode::Down) => self.go(self.at + 1, world),
            (did, _) => self.did(did, world),
        }
    }

    /// What a field did with a key or a click.
    pub(super) fn did(&mut self, did: Did, world: &World) -> Turn {
        match did {
            Did::Changed => {
                self.typing = true;
                self.commit(world);
                Turn::stay()
            }
            Did::Taken => self.go_on(world),
            Did::Nothing | Did::Moved => Turn::stay(),
        }
    }

    pub(crate) fn paste(&mut self, text: &str, world: &World) -> Turn {
        if let Some(edit) = self.field.edit() {
            edit.paste(text);
            self.typing = true;
            self.commit(world);
        } else {
            let letters: Vec<char> = text.chars().filter(|letter| !letter.is_control()).take(40).collect();
            for letter in letters {
                self.type_key(&KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE), world);
            }
        }
        Turn::stay()
    }

    /// In a text a word back; else the last answer that was changed.
    fn undo(&mut self, world: &World) -> Turn {
        if self.field.edit().is_some_and(Edit::undo) {
            self.commit(world);
            return Turn::stay();
        }
        let Some(step) = self.past.pop() else { return Turn::stay() };
        let first = step.first().map(|(id, _)| id.clone());
        for (id, given) in step.into_iter().rev() {
            self.copied.retain(|copied| *copied != id);
            self.put(&id, given);
        }
        self.soil(world);
        self.ask_again(world);
        let at = first.and_then(|id| self.place_of(&id)).unwrap_or(self.at);
        self.reach(at, world);
        Turn::stay()
    }

    /// Checks everything: to the confirmation, or to the first thing that is wrong.
    fn finish(&mut self, world: &World) -> Turn {
        self.commit(world);
        let effect = self.keep();
        // Nothing that was only taken over is kept unseen.
        if let Some(at) = self.copied.iter().filter_map(|id| self.place_of(id)).filter(|at| *at != self.at).min() {
            return self.go(at, world).and(effect);
        }
        self.tried = true;
        let done = codebook::finish_among(&self.form, &world.codebook, &self.draft, Origin::Officer, &self.around);
        match done {
            Ok((sheet, warnings)) => {
                self.problems = warnings.clone();
                let finished = Finished { sheet, draft: self.draft.clone(), case: self.case, warnings };
                Turn::open(Open::Confirm(Box::new(finished))).and(effect)
            }
            Err(problems) => {
                self.problems = problems;
                let first = self.problems.0.iter().find(|problem| problem.severity == crate::model::Severity::Error);
                let at = first.and_then(|problem| self.place_of(&problem.question));
                self.reach(at.unwrap_or(self.at), world);
                Turn::stay().and(effect)
            }
        }
    }

    /// The case around the draft may have changed.
    pub(crate) fn refresh(&mut self, world: &World) {
        self.around = world.around(&self.draft);
        (self.entries, self.people) = (offers(self.draft.case.as_ref(), world), people(&self.draft, world));
        self.judge(world);
    }

    /// The question that has the keyboard, and its row where there are many in it.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.at, if let Field::Pairs(pairs) = &self.field { pairs.row() } else { 0 })
    }

    pub(crate) fn heading(&self, world: &World, canvas: &Canvas<'_>) -> (String, String) {
        let title = self.form.title.get(world.settings.lang).to_owned();
        let title =
            if self.draft.target.is_some() { canvas.fill("form.correcting", &[("form", &title)]) } else { title };
        let about = match self.draft.case {
            Some(case) => canvas.fill("case.title", &[("number", &world.short(&case))]),
            // What opens something else than a case (a unit's return) is no new case.
            None if self.form.form.id.as_str() != codebook::CASE => String::new(),
            None => canvas.say("form.new_case").to_owned(),
        };
        (title, about)
    }

    /// How many errors stand, once finishing was tried.
    pub(super) fn errors(&self) -> usize {
        self.problems.0.iter().filter(|problem| problem.severity == crate::model::Severity::Error).count()
    }
}

/// Columns of the editor for long texts on a screen this wide.
pub(super) const fn editor_width(columns: u16) -> u16 {
    super::form_view::field_width(columns).saturating_sub(1)
}
