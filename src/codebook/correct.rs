//! Correcting what was kept: a form made of the questions that change, and the amendment that comes of it.

use crate::model::{Amendment, Answers, Code, Draft, EntryId, Problem, Problems, QuestionId, Value};

use super::{
    around::Surroundings,
    finish::{Origin, Sealing, finish_among, split_sealed},
    form::{Codebook, Form, Required},
};

/// The built-in form that asks why: `amend_reason`, `amend_note`.
pub const CORRECTION: &str = "correction";

/// The form of one correction: the chosen questions of the entry's own form, whatever put them there, then why.
///
/// Conditions and rules of the old form are left out: a correction may touch one answer without touching those it
/// hangs on. Limits, lists and shapes stay. `None` where the codebook has no form [`CORRECTION`].
pub fn form_for(target: &Form, chosen: &[QuestionId], codebook: &Codebook) -> Option<Form> {
    let mut form = Form::clone(codebook.newest(CORRECTION)?);
    let mut sections = target.sections.clone();
    for section in &mut sections {
        section.questions.retain(|question| chosen.contains(&question.id) && !question.derived && !question.local);
        for question in &mut section.questions {
            question.show_if = None;
            question.required = Required::Yes;
            question.preset = None;
        }
    }
    sections.retain(|section| !section.questions.is_empty());
    sections.append(&mut form.sections);
    form.sections = sections;
    Some(form)
}

/// What these changes break in an entry: problems that it has with them and had not before, so that an imported or older entry,
/// which lacks much, can still be corrected in one place. Warnings are told, errors keep the correction from being made.
pub fn broken_by(
    form: &Form,
    codebook: &Codebook,
    draft: &Draft,
    changes: &Answers,
    around: &Surroundings,
) -> Problems {
    let problems = |draft: &Draft, origin| match finish_among(form, codebook, draft, origin, around) {
        Ok((_, warnings)) => warnings.0,
        Err(problems) => problems.0,
    };
    let mut changed = draft.clone();
    changes.iter().for_each(|(question, given)| changed.answers.set(question.clone(), given.clone()));
    // What is said now is held to what an officer may say; what was said before, only to what it held to before.
    let mut found = problems(&changed, Origin::Officer);
    found.retain(|problem| changes.get(problem.question.as_str()).is_some());
    let before = problems(draft, Origin::Imported);
    let after = problems(&changed, Origin::Imported).into_iter();
    let new: Vec<Problem> = after.filter(|problem| !before.contains(problem) && !found.contains(problem)).collect();
    found.extend(new);
    Problems(found)
}

/// An amendment, with the changed answers that the form calls sealed apart: they travel as names of the amendment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// What everyone with the case key reads.
    pub amendment: Amendment,
    /// Sealed answers that change.
    pub sealed: Answers,
}

/// Builds the amendment from a filled correction (its form from [`form_for`]). `seen` are the amendments of the target
/// that were on the screen: what its author knew decides what collides.
///
/// # Errors
/// All problems, if any keeps it from being finished.
pub fn build(
    form: &Form,
    codebook: &Codebook,
    draft: &Draft,
    target: EntryId,
    seen: Vec<EntryId>,
    around: &Surroundings,
) -> Result<Correction, Problems> {
    let (sheet, _warnings) = finish_among(form, codebook, draft, Origin::Officer, around)?;
    let Sealing { sheet, sealed, .. } = split_sealed(form, sheet);
    let (_, _, mut changes) = sheet.into_parts();
    let why = changes.remove(&"amend_reason".into());
    let note = changes.remove(&"amend_note".into());
    let reason = why.and_then(|given| given.answer.choice().cloned()).unwrap_or_else(|| Code::new("OTHER"));
    let note = match note.as_ref().and_then(|given| given.answer.value()) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    Ok(Correction { amendment: Amendment { target, seen, reason, note, changes }, sealed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answer, DraftId, Lang, Moment, ProblemKind};

    #[test]
    fn a_correction_asks_the_chosen_questions_and_why() {
        let codebook = Codebook::builtin().unwrap();
        let person = codebook.newest("person").unwrap();
        let chosen = ["sector".into(), "name_full".into(), "age_group".into()];
        let form = form_for(person, &chosen, codebook).unwrap();
        let asked: Vec<&str> = form.questions().map(|question| question.id.as_str()).collect();
        assert_eq!(asked, ["name_full", "sector", "amend_reason", "amend_note"], "what is derived is never corrected");
        let mut answers = Answers::default();
        answers.set("sector".into(), Answer::Value(Value::Choice("KILN".into())));
        answers.set("name_full".into(), Answer::Value(Value::Text("گل".into())));
        let mut draft =
            Draft::begun(DraftId::from_bytes([1; 16]), form.form.clone(), answers, Moment::pkt(0), Lang::En);
        let target = EntryId::from_bytes([2; 16]);
        let around = Surroundings::default();
        let problems = build(&form, codebook, &draft, target, Vec::new(), &around).unwrap_err();
        assert_eq!(problems.0[0].kind, ProblemKind::Missing, "a reason is always given");
        draft.answers.set("amend_reason".into(), Answer::Value(Value::Choice("TYPO".into())));
        let seen = vec![EntryId::from_bytes([3; 16])];
        let made = build(&form, codebook, &draft, target, seen.clone(), &around).unwrap();
        assert_eq!((made.amendment.reason.as_str(), made.amendment.note), ("TYPO", None));
        assert_eq!((made.amendment.target, made.amendment.seen), (target, seen));
        assert_eq!(made.amendment.changes.len(), 1);
        assert!(made.sealed.get("name_full").is_some());
    }
}
