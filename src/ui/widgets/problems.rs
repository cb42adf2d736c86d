//! What is wrong with an answer, in words, beside the answer.

use super::canvas::{Canvas, tongue};
use crate::{
    codebook::Form,
    model::{Problem, ProblemKind, Severity},
    ui::theme::Role,
    words,
};

/// The sentence of one problem.
pub(crate) fn sentence(problem: &Problem, form: &Form, canvas: &Canvas<'_>) -> String {
    let lang = canvas.settings.lang;
    let say = |key: &str| words::say(tongue(lang), key).to_owned();
    match &problem.kind {
        ProblemKind::Missing if form.question(problem.question.as_str()).is_some_and(|question| question.firm) => {
            say("problem.value_needed")
        }
        ProblemKind::Missing => say("problem.missing"),
        ProblemKind::WrongKind => say("problem.wrong_kind"),
        ProblemKind::UnknownCode => say("problem.unknown_code"),
        ProblemKind::OutOfRange { min, max } => {
            let show = |bound: &Option<i64>| bound.map_or_else(|| "…".to_owned(), |bound| bound.to_string());
            canvas.fill("problem.out_of_range", &[("min", &show(min)), ("max", &show(max))])
        }
        ProblemKind::Shape => say("problem.shape"),
        ProblemKind::TooLong { max } => canvas.fill("problem.too_long", &[("max", &max.to_string())]),
        ProblemKind::Rule(key) => {
            let rule = form.rules.iter().find(|rule| rule.key == *key);
            rule.map_or_else(|| key.to_string(), |rule| rule.message.get(lang).to_owned())
        }
        ProblemKind::NotAskedHere => say("problem.not_asked_here"),
        ProblemKind::NotRecordedHere => say("problem.not_recorded_here"),
    }
}

/// The sign and the role of a problem: a sign first, so that colour is never needed.
pub(crate) const fn sign(severity: Severity) -> (&'static str, Role) {
    match severity {
        Severity::Error => ("✗", Role::Bad),
        Severity::Warning => ("!", Role::Warn),
    }
}
