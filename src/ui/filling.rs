//! Which form is opened with what in it: a new one, one begun earlier, a correction, a supervisor's word.

use super::{App, screens::Form, turn::Fill};
use crate::{
    codebook,
    model::{Answer, Answers, CaseId, Content, Draft, DraftId, Entry, QuestionId, Value, review},
};

/// A form to fill: a new draft, an old one, or one that holds what an entry says today.
pub(super) fn form(app: &mut App, fill: Fill) -> Option<Form> {
    let draft = match fill {
        Fill::Draft(id) => app.world.draft(&id)?.clone(),
        Fill::New { form, case } => {
            let form = std::sync::Arc::clone(app.world.codebook.newest(form.as_str())?);
            let officer = app.world.who.as_ref()?.officer.clone();
            let answers = codebook::presets(&form, app.world.now, &officer);
            let draft = blank(app, form.form.clone(), case, answers)?;
            knowing(app, draft)
        }
        Fill::Correct(id) => {
            let entry = app.world.book.entry(&id)?.clone();
            let Content::Sheet(sheet) = &entry.content else { return None };
            let mut answers = app.world.book.answers(&entry.id, true);
            if let Some(form) = app.world.codebook.form(sheet.form()) {
                let changed = |id: &QuestionId| {
                    let changes = |it: &Entry| matches!(&it.content, Content::Amendment(said) if said.changes.get(id.as_str()).is_some());
                    app.world.book.amendments(&entry.id).filter(|it| changes(it)).count()
                };
                codebook::renewed(form, &mut answers, app.world.now, changed);
            }
            let mut draft = blank(app, sheet.form().clone(), Some(entry.case), answers)?;
            draft.target = Some(id);
            draft.seen = app.world.book.amendments(&id).map(|entry| entry.id).collect();
            knowing(app, draft)
        }
        Fill::Review { entry, word } => {
            let case = app.world.book.entry(&entry)?.case;
            let form = app.world.codebook.newest(review::FORM)?.form.clone();
            let mut answers = Answers::default();
            answers.set("review_of".into(), Answer::Value(Value::Entry(entry)));
            if let Some(word) = word {
                answers.set("review_word".into(), Answer::Value(Value::Choice(word)));
            }
            let draft = blank(app, form, Some(case), answers)?;
            knowing(app, draft)
        }
    };
    let case = match draft.case {
        Some(case) => case,
        None => CaseId::from_bytes(app.id()?),
    };
    Form::new(draft, case, &app.world)
}

/// A supervisor's word covers the corrections that were there when it was begun, and none that arrives while it is written.
fn knowing(app: &App, mut draft: Draft) -> Draft {
    if let Some(case) = draft.case.filter(|_| draft.form.id.as_str() == review::FORM) {
        draft.seen.extend(app.world.book.corrections_in(&case));
        draft.seen.sort_unstable();
        draft.seen.dedup();
    }
    draft
}

fn blank(app: &mut App, form: crate::model::FormRef, case: Option<CaseId>, answers: Answers) -> Option<Draft> {
    let id = DraftId::from_bytes(app.id()?);
    let (started, lang) = (app.world.now, app.world.settings.lang);
    Some(Draft { case, ..Draft::begun(id, form, answers, started, lang) })
}
