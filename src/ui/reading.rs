//! What the screens ask of the casebook: what a case says in one row, and what an entry says today.

use super::telling;
use crate::codebook::{Codebook, fold};
use crate::model::{
    Amendment, Answers, CaseId, Casebook, Code, Content, Delivery, Entry, EntryId, Lang, PartialDate, QuestionId, Value,
};

/// One case in one row. Nothing here names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseRow {
    pub(crate) id: CaseId,
    pub(crate) short: String,
    pub(crate) class: Option<Code>,
    pub(crate) district: Option<Code>,
    pub(crate) station: String,
    pub(crate) risk: Option<Code>,
    pub(crate) status: Option<Code>,
    pub(crate) opened: Option<PartialDate>,
    pub(crate) persons: usize,
    /// Newest clock among its entries, for order only.
    pub(crate) newest: i64,
    /// What a search looks through: number, place and the words of its codes, folded.
    pub(crate) folded: String,
}

/// The row of a case; `None` for a case that has no entry here.
pub(crate) fn row(book: &Casebook, codebook: &Codebook, id: &CaseId) -> Option<CaseRow> {
    let file = book.case(id)?;
    let answers = book.sheets(file, "case").next().map(|entry| standing(book, entry, false)).unwrap_or_default();
    let code = |question: &str| answers.choice(question).cloned();
    let text = |question: &str| match answers.value(question) {
        Some(Value::Text(text)) => text.to_string(),
        _ => String::new(),
    };
    let short = text("case_short");
    let newest = file.entries.iter().filter_map(|id| book.entry(id)).map(|entry| entry.times.device.unix_ms).max();
    let opened = match answers.value("opened_on") {
        Some(Value::Date(date)) => Some(*date),
        _ => None,
    };
    let short = if short.is_empty() { id.short() } else { short };
    let mut said = vec![short.clone(), text("police_station"), text("fir_no")];
    for (list, question) in [("case_class", "case_class"), ("district", "district"), ("risk_level", "risk_level")] {
        let Some(code) = code(question) else { continue };
        said.push(code.as_str().to_owned());
        said.extend([Lang::En, Lang::Ur].map(|lang| telling::label(codebook, list, &code, lang)));
    }
    Some(CaseRow {
        folded: fold(&said.join("  ")),
        id: *id,
        short,
        class: code("case_class"),
        district: code("district"),
        station: text("police_station"),
        risk: code("risk_level"),
        status: code("case_status"),
        opened,
        persons: book.sheets(file, "person").count(),
        newest: newest.unwrap_or_default(),
    })
}

/// What an entry says today: its answers, changed by its amendments in the order of the case. Names only when asked for.
pub(crate) fn standing(book: &Casebook, entry: &Entry, names: bool) -> Answers {
    let mut answers = match &entry.content {
        Content::Sheet(sheet) => sheet.answers().clone(),
        _ => return Answers::default(),
    };
    let Some(file) = book.case(&entry.case) else { return answers };
    for other in file.entries.iter().filter_map(|id| book.entry(id)) {
        match &other.content {
            Content::Names(sealed) if names && sealed.of == entry.id => {
                sealed.answers.iter().for_each(|(id, given)| answers.set(id.clone(), given.clone()));
            }
            Content::Amendment(amendment) if amendment.target == entry.id => {
                amendment.changes.iter().for_each(|(id, given)| answers.set(id.clone(), given.clone()));
            }
            _ => {}
        }
    }
    answers
}

/// The amendments of an entry, in the order of the case.
pub(crate) fn amendments<'a>(
    book: &'a Casebook,
    entry: &'a Entry,
) -> impl Iterator<Item = (EntryId, &'a Amendment)> + use<'a> {
    let others = book.case(&entry.case).into_iter().flat_map(|file| file.entries.iter());
    others.filter_map(|id| book.entry(id)).filter_map(move |other| match &other.content {
        Content::Amendment(amendment) if amendment.target == entry.id => Some((other.id, amendment)),
        _ => None,
    })
}

/// Questions of an entry that two amendments changed without knowing of each other.
pub(crate) fn collisions(book: &Casebook, entry: &Entry) -> Vec<QuestionId> {
    let all: Vec<_> = amendments(book, entry).collect();
    let mut found = Vec::new();
    for (at, (id, first)) in all.iter().enumerate() {
        for (other, second) in all.iter().skip(at + 1) {
            if first.seen.contains(other) || second.seen.contains(id) {
                continue;
            }
            let both = first.changes.iter().filter(|(question, _)| second.changes.get(question.as_str()).is_some());
            found.extend(both.map(|(question, _)| question.clone()));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// How far a case has come: as far as the entry that has come least far.
pub(crate) fn delivery(book: &Casebook, id: &CaseId, of: impl Fn(&Entry) -> Delivery) -> Delivery {
    let entries = book.case(id).into_iter().flat_map(|file| file.entries.iter()).filter_map(|id| book.entry(id));
    entries.map(of).min().unwrap_or(Delivery::Kept)
}
