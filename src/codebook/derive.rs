//! Answers that the program works out and nobody is asked.

use crate::model::{Answers, FormId, Given};

use super::{around::Surroundings, form::Question};

/// Works out one derived question from the answers before it; what cannot be worked out here keeps what the draft has.
pub(super) fn into(_form: &FormId, question: &Question, draft: &Answers, clean: &mut Answers, _around: &Surroundings) {
    if let Some(given) = draft.get(question.id.as_str()) {
        clean.set(question.id.clone(), Given::clone(given));
    }
}
