//! A supervisor's word that two cases or two persons are one, as a finished form.

use crate::model::{Casebook, Draft, DraftId, EntryId, Lang, Moment, Problems, Sheet, same};

use super::{
    finish::{Origin, finish},
    form::Codebook,
};

/// What is wished of two entries: the sheets that open two cases, or two persons' of different cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinWish {
    /// Whether they are one; otherwise that they are not after all.
    pub same: bool,
    /// The duplicate.
    pub gone: EntryId,
    /// The one that stands.
    pub stands: EntryId,
    /// Why.
    pub note: Box<str>,
}

/// The finished word. `None` where the two cannot be one, or the codebook has no such form.
///
/// # Errors
/// What is wrong with it: a note that is missing or too long.
pub fn joined(
    book: &Casebook,
    codebook: &Codebook,
    wish: &JoinWish,
    (now, lang): (Moment, Lang),
) -> Option<Result<Sheet, Problems>> {
    let form = codebook.newest(same::FORM)?;
    let answers = same::answers(book, wish.same, (wish.gone, wish.stands), &wish.note)?;
    // It is never a draft: it is asked and kept in one go.
    let draft = Draft::begun(DraftId::from_bytes([0; 16]), form.form.clone(), answers, now, lang);
    Some(finish(form, codebook, &draft, Origin::Officer).map(|(sheet, _)| sheet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answers, specimen};

    #[test]
    fn a_word_needs_its_reason_and_two_that_can_be_one() {
        let mut book = Casebook::default();
        for (n, form) in [(10, "case"), (11, "person"), (20, "case")] {
            book.apply(specimen::entry(n, n / 10, specimen::sheet(form, Answers::default())));
        }
        let id = |n| EntryId::from_bytes([n; 16]);
        let codebook = Codebook::builtin().unwrap();
        let wish = |gone, note: &str| JoinWish { same: true, gone: id(gone), stands: id(10), note: note.into() };
        let done = |wish: &JoinWish| joined(&book, codebook, wish, (Moment::pkt(0), Lang::En));
        assert!(done(&wish(20, "One FIR.")).unwrap().is_ok());
        assert!(done(&wish(20, " ")).unwrap().is_err(), "without a reason");
        assert!(done(&wish(11, "One FIR.")).is_none(), "a person is no case");
    }
}
