//! What the screens ask of the casebook: what a case says in one row, and what an entry says today.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::telling;
use crate::codebook::{Codebook, fold};
use crate::model::{
    Amendment, Author, CaseId, Casebook, Code, Content, Delivery, Entry, EntryId, Lang, Listed, PartialDate,
    QuestionId, put_in_order, same::Same,
};

/// One case in one row. Nothing here names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseRow {
    pub(crate) id: CaseId,
    /// Whether it says what its entries say; otherwise what they said when the list was kept.
    pub(crate) read: bool,
    pub(crate) short: String,
    pub(crate) class: Option<Code>,
    pub(crate) district: Option<Code>,
    pub(crate) station: String,
    pub(crate) risk: Option<Code>,
    pub(crate) status: Option<Code>,
    pub(crate) opened: Option<PartialDate>,
    pub(crate) persons: usize,
    /// Whether corrections in it wait for a supervisor's choice.
    pub(crate) collided: bool,
    /// How many of its entries were erased by order.
    pub(crate) erased: usize,
    /// How many of its entries are kept at headquarters only.
    pub(crate) away: usize,
    /// How many of its entries were handed in.
    pub(crate) handed_in: usize,
    /// When its newest entry was kept, as far as evidence goes; for order only.
    pub(crate) newest: i64,
    /// Duplicates of it, which are folded beneath it.
    pub(crate) beneath: Vec<CaseId>,
    /// What a search looks through: number, place and the words of its codes, folded.
    pub(crate) folded: String,
}

/// What codes are called, folded once each: a hundred thousand rows name some two hundred of them.
#[derive(Debug, Default)]
pub(crate) struct Called(HashMap<(&'static str, Code), Box<str>, RandomState>);

impl Called {
    /// A code and its words in both languages.
    fn folded(&mut self, codebook: &Codebook, list: &'static str, code: &Code) -> &str {
        self.0.entry((list, code.clone())).or_insert_with(|| {
            let [en, ur] = [Lang::En, Lang::Ur].map(|lang| telling::label(codebook, list, code, lang));
            fold(&[code.as_str(), &en, &ur].join("  ")).into()
        })
    }
}

/// What a search looks through.
fn searched(codebook: &Codebook, called: &mut Called, texts: [&str; 2], codes: [&Option<Code>; 3]) -> String {
    let mut folded = fold(&texts.join("  "));
    for (list, code) in ["case_class", "district", "risk_level"].into_iter().zip(codes) {
        let Some(code) = code else { continue };
        folded.push(' ');
        folded.push_str(called.folded(codebook, list, code));
    }
    folded
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The row of a case as it was kept.
pub(crate) fn kept_row(line: Listed, codebook: &Codebook, called: &mut Called) -> CaseRow {
    let codes = [&line.class, &line.district, &line.risk];
    CaseRow {
        folded: searched(codebook, called, [&*line.short, &*line.station], codes),
        id: line.id,
        read: false,
        short: line.short.into(),
        class: line.class,
        district: line.district,
        station: line.station.into(),
        risk: line.risk,
        status: line.status,
        opened: line.opened,
        persons: count(line.persons),
        collided: line.collided,
        erased: count(line.erased),
        away: count(line.away),
        handed_in: count(line.handed_in),
        newest: line.newest,
        beneath: Vec::new(),
    }
}

/// A row as it is kept, with where the entries of its case stand.
pub(crate) fn line(row: &CaseRow, book: &Casebook, place: impl Fn(&Author) -> Option<(u32, u64)>) -> Listed {
    let entries = book.case(&row.id).into_iter().flat_map(|file| file.entries.iter());
    let many = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Listed {
        id: row.id,
        short: row.short.as_str().into(),
        class: row.class.clone(),
        district: row.district.clone(),
        station: row.station.as_str().into(),
        risk: row.risk.clone(),
        status: row.status.clone(),
        opened: row.opened,
        persons: many(row.persons),
        collided: row.collided,
        erased: many(row.erased),
        away: many(row.away),
        handed_in: many(row.handed_in),
        newest: row.newest,
        places: entries.filter_map(|id| place(&book.entry(id)?.author)).collect(),
    }
}

/// The row of a case; `None` for a case that has no entry here.
pub(crate) fn row(
    book: &Casebook,
    codebook: &Codebook,
    called: &mut Called,
    id: &CaseId,
    kept: impl Fn(&Entry) -> i64,
) -> Option<CaseRow> {
    let file = book.case(id)?;
    // The shelf of a unit's returns is no case.
    if book.sheets(file, "case").next().is_none() && book.sheets(file, "return").next().is_some() {
        return None;
    }
    let summary = book.summary(file);
    let short = summary.case_short.map_or_else(|| id.short(), String::from);
    let station = summary.station.map(String::from).unwrap_or_default();
    let codes = [&summary.class, &summary.district, &summary.risk];
    Some(CaseRow {
        folded: searched(codebook, called, [&*short, &*station], codes),
        id: *id,
        read: true,
        short,
        class: summary.class,
        district: summary.district,
        station,
        risk: summary.risk,
        status: summary.status,
        opened: summary.opened,
        persons: summary.persons,
        collided: summary.collided,
        erased: book.erased(id).0,
        away: book.at_headquarters(id),
        handed_in: book.handed_in(id),
        newest: file.entries.iter().filter_map(|id| book.entry(id)).map(kept).max().unwrap_or(0),
        beneath: Vec::new(),
    })
}

/// The row of a case with those that are folded beneath it, and `None` for one that is a duplicate itself: one person is counted once.
pub(crate) fn row_with_duplicates(
    (book, same): (&Casebook, &Same),
    codebook: &Codebook,
    called: &mut Called,
    id: &CaseId,
    kept: impl Fn(&Entry) -> i64,
) -> Option<CaseRow> {
    if same.stands_for(id).is_some() {
        return None;
    }
    let mut whole = row(book, codebook, called, id, &kept)?;
    for beneath in same.beneath(id) {
        let Some(other) = row(book, codebook, called, &beneath, &kept) else { continue };
        whole.folded.push(' ');
        whole.folded.push_str(&other.folded);
        whole.newest = whole.newest.max(other.newest);
        whole.collided |= other.collided;
        whole.beneath.push(beneath);
    }
    if !whole.beneath.is_empty() {
        let files = whole.beneath.iter().chain([id]).filter_map(|case| book.case(case));
        let persons: BTreeSet<EntryId> =
            files.flat_map(|file| book.sheets(file, "person").map(|person| person.id)).collect();
        let again = |id: &EntryId| same.counted_with(id).is_some_and(|with| persons.contains(&with));
        whole.persons = persons.iter().filter(|id| !again(id)).count();
    }
    Some(whole)
}

/// The amendments of an entry in the order in which they are shown.
pub(crate) fn amendments<'a>(book: &'a Casebook, entry: &Entry) -> Vec<(&'a Entry, &'a Amendment)> {
    let mut found: Vec<&Entry> = book.amendments(&entry.id).collect();
    put_in_order(&mut found);
    let amendment = |other: &'a Entry| match &other.content {
        Content::Amendment(amendment) => Some((other, amendment)),
        _ => None,
    };
    found.into_iter().filter_map(amendment).collect()
}

/// Questions of an entry that two amendments changed without knowing of each other.
pub(crate) fn collisions(book: &Casebook, entry: &Entry) -> Vec<QuestionId> {
    book.collisions(&entry.id).into_iter().map(|collision| collision.question).collect()
}

/// How far a case has come: as far as the entry that has come least far.
pub(crate) fn delivery(book: &Casebook, id: &CaseId, of: impl Fn(&Entry) -> Delivery) -> Delivery {
    let entries = book.case(id).into_iter().flat_map(|file| file.entries.iter()).filter_map(|id| book.entry(id));
    entries.map(of).min().unwrap_or(Delivery::Kept)
}
