//! What ties a case to others: the same card, phone, FIR or place, and like names. Shown to who can read both; whether it is the same
//! person is for people to say.

use std::collections::BTreeMap;

use super::{
    alike::{self, Why},
    find::fold,
};
use crate::model::{Answers, CaseId, Casebook, Code, Content, EntryId, Value, same::Pair};

/// One thing that two cases share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The other case.
    pub case: CaseId,
    /// What is shared.
    pub why: Tie,
    /// The entry here.
    pub here: EntryId,
    /// The entry there.
    pub there: EntryId,
    /// The part that the person plays here and there (list `person_role`), where it is a person.
    pub roles: Roles,
}

/// What is shared, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    /// A supervisor said that the two cases, or a person of each, are one.
    Same,
    /// Supervisors differ over whether they are one.
    Differ,
    /// The same CNIC.
    Cnic,
    /// The same phone number.
    Phone,
    /// The same FIR.
    Fir,
    /// A case names the other by its number.
    Named,
    /// A like name, and an age within two years.
    Name,
    /// The same place of recruitment or exploitation.
    Place,
}

impl Tie {
    /// The end of its key in `words/`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differ => "differ",
            Self::Cnic => "cnic",
            Self::Phone => "phone",
            Self::Fir => "fir",
            Self::Named => "named",
            Self::Name => "name",
            Self::Place => "place",
        }
    }
}

/// What is shared, with which case, by which entries here and there: each once, the surest first.
type Place = (Tie, CaseId, EntryId, EntryId);

/// The part that a person plays here and there.
pub type Roles = Option<(Code, Code)>;

/// Questions that say a place in words.
const PLACES: [(&str, &str); 2] = [("case", "place_exploit"), ("person", "recruit_place")];

/// Everything that ties a case to others that can be read here, the surest first. It looks at every entry a few times, so it is asked by
/// a key and never while somebody types.
pub fn links(book: &Casebook, case: &CaseId) -> Vec<Link> {
    let Some(file) = book.case(case) else { return Vec::new() };
    let mut found: BTreeMap<Place, Roles> = BTreeMap::new();
    for form in ["case", "person"] {
        for entry in book.sheets(file, form) {
            let told = book.answers(&entry.id, true);
            let others = alike::alike(book, form, &told, Some(&entry.id)).into_iter();
            for other in others.filter(|other| other.case != *case) {
                let tie = match other.why {
                    Why::Cnic => Tie::Cnic,
                    Why::Phone => Tie::Phone,
                    Why::Fir => Tie::Fir,
                    Why::Name => Tie::Name,
                };
                found.insert((tie, other.case, entry.id, other.entry), roles(book, &told, &other.entry));
            }
        }
    }
    said_same(book, case, &mut found);
    let here = places(book, case);
    let (number, named) = numbers(book, case);
    for other in book.cases().filter(|other| other.id != *case) {
        for (place, there) in places(book, &other.id) {
            for (_, entry) in here.iter().filter(|(known, _)| *known == place) {
                found.insert((Tie::Place, other.id, *entry, there), None);
            }
        }
        let (their_number, their_named) = numbers(book, &other.id);
        let names = |number: &Option<(String, EntryId)>, named: &Option<(String, EntryId)>| {
            number.as_ref().zip(named.as_ref()).is_some_and(|((number, _), (named, _))| named.contains(number.as_str()))
        };
        if let (Some((_, one)), Some((_, there))) = (&number, &their_number)
            && (names(&number, &their_named) || names(&their_number, &named))
        {
            found.insert((Tie::Named, other.id, *one, *there), None);
        }
    }
    let link = |((why, case, here, there), roles)| Link { case, why, here, there, roles };
    found.into_iter().map(link).collect()
}

/// What a supervisor said is one with this case, or with a person of it.
fn said_same(book: &Casebook, case: &CaseId, found: &mut BTreeMap<Place, Roles>) {
    let same = book.same();
    if same.is_empty() {
        return;
    }
    let opening = |case: &CaseId| book.case(case).and_then(|file| book.opening(file)).map(|opening| opening.id);
    for (gone, stands) in same.cases() {
        let other = if gone == case { stands } else { gone };
        if (gone == case || stands == case)
            && let Some((here, there)) = opening(case).zip(opening(other))
        {
            found.insert((Tie::Same, *other, here, there), None);
        }
    }
    for pair in same.collided() {
        let (one, other) = match pair {
            Pair::Cases(one, other) => (opening(one), opening(other)),
            Pair::Persons(one, other) => (Some(*one), Some(*other)),
        };
        let Some((one, other)) = one.zip(other) else { continue };
        let of = |id: &EntryId| book.entry(id).map(|entry| entry.case);
        for (here, there) in [(one, other), (other, one)] {
            if let Some(far) = of(&there).filter(|_| of(&here) == Some(*case)) {
                found.insert((Tie::Differ, far, here, there), None);
            }
        }
    }
    let persons = |case: &CaseId| -> Vec<EntryId> {
        book.case(case).into_iter().flat_map(|file| book.sheets(file, "person").map(|person| person.id)).collect()
    };
    let here = persons(case);
    for (one, other) in same.persons() {
        for (mine, theirs) in [(one, other), (other, one)] {
            let there = book.entry(theirs).map(|entry| entry.case).filter(|there| there != case);
            if let Some(there) = there.filter(|_| here.contains(mine)) {
                found.insert((Tie::Same, there, *mine, *theirs), roles(book, &book.answers(mine, false), theirs));
            }
        }
    }
}

fn roles(book: &Casebook, told: &Answers, other: &EntryId) -> Roles {
    Some((told.choice("role")?.clone(), book.answers(other, false).choice("role")?.clone()))
}

/// The places of a case, folded, with the entries that say them; a word of fewer than five letters is no place to tie by.
fn places(book: &Casebook, case: &CaseId) -> Vec<(String, EntryId)> {
    let Some(file) = book.case(case) else { return Vec::new() };
    let mut places = Vec::new();
    for (form, question) in PLACES {
        for entry in book.sheets(file, form) {
            let Some(text) = said(book, &entry.id, question) else { continue };
            let place = fold(&text);
            if place.chars().count() >= 5 {
                places.push((place, entry.id));
            }
        }
    }
    places
}

/// A case's readable number, and the case that it says it is linked to.
type Number = Option<(String, EntryId)>;

fn numbers(book: &Casebook, case: &CaseId) -> (Number, Number) {
    let opening = book.case(case).and_then(|file| book.sheets(file, "case").next());
    let Some(opening) = opening else { return (None, None) };
    let said = |question: &str| said(book, &opening.id, question).map(|text| (fold(&text), opening.id));
    (said("case_short"), said("linked_case"))
}

/// What an entry says today; most were never corrected and are looked at where they lie.
fn said(book: &Casebook, id: &EntryId, question: &str) -> Option<String> {
    let text = |answers: &Answers| match answers.value(question)? {
        Value::Text(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    };
    match &book.entry(id)?.content {
        Content::Sheet(sheet) if book.amendments(id).next().is_none() => text(sheet.answers()),
        _ => text(&book.answers(id, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answer, Entry, Names, specimen};

    fn told(told: &[(&str, &str)]) -> Answers {
        let value = |question: &str, text: &str| match question {
            "role" => Value::Choice(text.into()),
            _ => Value::Text(text.into()),
        };
        told.iter().map(|(id, text)| ((*id).into(), Answer::Value(value(id, text)).into())).collect()
    }

    fn entry(id: u8, content: Content) -> Entry {
        specimen::entry(id, id / 10, content)
    }

    fn sheet(form: &str, said: &[(&str, &str)]) -> Content {
        specimen::sheet(form, told(said))
    }

    #[test]
    fn a_suspect_a_place_and_a_number_tie_cases_both_ways() {
        let mut book = Casebook::default();
        book.apply(entry(
            10,
            sheet("case", &[("case_short", "PB-617-26-0042-7"), ("place_exploit", "Kiln 7,  Raiwind")]),
        ));
        book.apply(entry(11, sheet("person", &[("role", "SUS")])));
        let card = |of: u8| {
            Content::Names(Names { of: EntryId::from_bytes([of; 16]), answers: told(&[("cnic", "3520212345671")]) })
        };
        book.apply(entry(12, card(11)));
        book.apply(entry(
            20,
            sheet("case", &[("case_short", "PB-617-26-0099-1"), ("place_exploit", "kiln 7, RAIWIND")]),
        ));
        book.apply(entry(21, sheet("person", &[("role", "WIT")])));
        book.apply(entry(22, card(21)));
        book.apply(entry(
            30,
            sheet("case", &[("case_short", "PB-617-26-0100-0"), ("linked_case", "see PB-617-26-0042-7")]),
        ));
        book.apply(entry(40, sheet("case", &[("place_exploit", "x")])));
        book.apply(entry(50, sheet("case", &[("place_exploit", "X")])));
        let of = |book: &Casebook, case: u8| {
            let links = links(book, &CaseId::from_bytes([case; 16]));
            links.iter().map(|link| (link.why, link.case.as_bytes()[0])).collect::<Vec<_>>()
        };
        assert_eq!(of(&book, 1), [(Tie::Cnic, 2), (Tie::Named, 3), (Tie::Place, 2)]);
        assert_eq!(of(&book, 2), [(Tie::Cnic, 1), (Tie::Place, 1)]);
        assert_eq!(of(&book, 3), [(Tie::Named, 1)]);
        assert_eq!(of(&book, 4), [], "one letter is no place");
        book.apply(entry(60, sheet("case", &[])));
        book.apply(entry(61, sheet("person", &[("recruit_place", "Kiln 7, Raiwind")])));
        assert_eq!(of(&book, 6), [(Tie::Place, 1), (Tie::Place, 2)], "where she was recruited is where another worked");
        book.apply(entry(25, sheet("person", &[])));
        book.apply(entry(26, card(25)));
        assert!(
            links(&book, &CaseId::from_bytes([2; 16])).iter().all(|link| link.case.as_bytes()[0] != 2),
            "not to itself"
        );
        let first = links(&book, &CaseId::from_bytes([1; 16])).remove(0);
        assert_eq!(
            first.roles.map(|(here, there)| [here.to_string(), there.to_string()]),
            Some(["SUS".into(), "WIT".into()])
        );
    }

    #[test]
    fn what_a_supervisor_said_is_one_ties_both_ways_and_where_words_differ_that_is_said() {
        let said = |id: u8, word: &str, (gone, stands): (u8, u8)| {
            let named = |id| Value::Entry(EntryId::from_bytes([id; 16]));
            let told =
                [("same_word", Value::Choice(word.into())), ("same_gone", named(gone)), ("same_stands", named(stands))];
            let told = told.into_iter().map(|(id, value)| (id.into(), Answer::Value(value).into())).collect();
            entry(id, specimen::sheet("same", told))
        };
        let mut book = Casebook::default();
        for (id, form) in [(10, "case"), (11, "person"), (20, "case"), (21, "person")] {
            book.apply(entry(id, sheet(form, &[("role", "VIC")])));
        }
        let of = |book: &Casebook, case: u8| {
            let links = links(book, &CaseId::from_bytes([case; 16]));
            links.iter().map(|link| (link.why, link.here.as_bytes()[0], link.there.as_bytes()[0])).collect::<Vec<_>>()
        };
        book.apply(said(200, "SAME", (20, 10)));
        book.apply(said(210, "SAME", (21, 11)));
        assert_eq!(of(&book, 1), [(Tie::Same, 10, 20), (Tie::Same, 11, 21)]);
        assert_eq!(of(&book, 2), [(Tie::Same, 20, 10), (Tie::Same, 21, 11)]);
        book.apply(said(220, "APART", (20, 10)));
        assert_eq!(of(&book, 1), [(Tie::Same, 11, 21), (Tie::Differ, 10, 20)]);
        assert_eq!(of(&book, 2), [(Tie::Same, 21, 11), (Tie::Differ, 20, 10)]);
    }
}
