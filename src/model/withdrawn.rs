//! Consent that was taken back, as a reason to erase a case: where nothing but that consent carried the record.
//!
//! What the police must write by law stays, whatever is consented to: the information of an FIR, statements to police and to a Magistrate
//! (CrPC ss.154, 161, 164). For such a case an order is needed.

use super::{CaseId, Casebook, Content, EntryId, PartialDate, Value};

/// Why withdrawn consent is no reason here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReason {
    /// The entry is none of the case, or says of no day on which consent was withdrawn.
    NotWithdrawn,
    /// This entry is one that the law asks for.
    ByLaw(EntryId),
}

/// The day on which the entry says that consent was withdrawn, if nothing of the case is there by law.
///
/// # Errors
/// [`NoReason`].
pub fn withdrawn(book: &Casebook, case: &CaseId, entry: &EntryId) -> Result<PartialDate, NoReason> {
    let entries = book.case(case).map(|case| case.entries.as_slice()).unwrap_or_default();
    let by_law = |id: &&EntryId| {
        let sheet = matches!(book.entry(id).map(|entry| &entry.content), Some(Content::Sheet(_)));
        let answers = if sheet { book.answers(id, false) } else { Default::default() };
        let statement =
            answers.choice("statement_type").is_some_and(|kind| ["S154", "S161", "S164"].contains(&kind.as_str()));
        statement || answers.value("fir_no").is_some()
    };
    let said = Some(entry).filter(|entry| entries.contains(entry)).map(|entry| book.answers(entry, false));
    let day = match said.as_ref().and_then(|answers| answers.value("consent_withdrawn_on")) {
        Some(Value::Date(day)) => *day,
        _ => return Err(NoReason::NotWithdrawn),
    };
    entries.iter().find(by_law).map_or(Ok(day), |id| Err(NoReason::ByLaw(*id)))
}
