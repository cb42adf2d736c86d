//! What ties a case to others: the same card, phone, FIR or place, and like names. Shown to who can read both; whether it is the same
//! person is for people to say.

use std::collections::BTreeMap;

use super::{
    alike::{self, Why},
    find::fold,
};
use crate::model::{Answers, CaseId, Casebook, Code, Content, EntryId, Value};

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
}
