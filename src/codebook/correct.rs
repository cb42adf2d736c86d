//! Correcting what was kept: what a change breaks in the entry that it corrects.

use crate::model::{Answers, Draft, Problem, Problems};

use super::{
    around::Surroundings,
    finish::{Origin, finish_among},
    form::{Codebook, Form},
};

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
