//! Entries that may be about the same person or the same FIR as one that is about to be kept: shown to who can read both, never
//! decided here.

use crate::model::{Answers, CaseId, Casebook, Content, EntryId, Value};

use super::find::fold;

/// Why two entries may be about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The same CNIC.
    Cnic,
    /// The same phone number.
    Phone,
    /// The same FIR: number, year and station.
    Fir,
    /// A name that differs by a letter at most, and an age within two years where both are known.
    Name,
}

/// One entry that is alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// Its case.
    pub case: CaseId,
    /// The entry.
    pub entry: EntryId,
    /// Why.
    pub why: Why,
}

/// What is alike among everything that can be read here, the surest first. Only names that can be read are compared, and none is
/// given back. It looks at every entry once, so it is asked when something is finished and not while it is typed.
pub fn alike(book: &Casebook, form: &str, told: &Answers, but: Option<&EntryId>) -> Vec<Alike> {
    if !matches!(form, "person" | "case") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for file in book.cases() {
        for entry in book.sheets(file, form).filter(|entry| Some(&entry.id) != but) {
            let Content::Sheet(sheet) = &entry.content else { continue };
            let quick = form == "person"
                || sheet.answers().value("fir_no").is_some()
                || book.amendments(&entry.id).next().is_some();
            if !quick {
                continue;
            }
            let other = book.answers(&entry.id, true);
            if let Some(why) = why(told, &other) {
                found.push(Alike { case: file.id, entry: entry.id, why });
            }
        }
    }
    found.sort_by_key(|alike| (alike.why, alike.entry));
    found
}

fn why(one: &Answers, other: &Answers) -> Option<Why> {
    let same = |question: &str| {
        let value = one.value(question);
        value.is_some() && value == other.value(question)
    };
    if same("cnic") {
        return Some(Why::Cnic);
    }
    if same("phone") {
        return Some(Why::Phone);
    }
    let station = |answers: &Answers| text(answers, "fir_station").map(|station| fold(&station));
    if same("fir_no") && same("fir_year") && station(one).is_some() && station(one) == station(other) {
        return Some(Why::Fir);
    }
    (names_alike(one, other) && ages_alike(one, other)).then_some(Why::Name)
}

fn text(answers: &Answers, question: &str) -> Option<String> {
    match answers.value(question)? {
        Value::Text(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    }
}

/// Latin and Urdu letters are compared each with their own; a name of fewer than five letters has to be the same.
fn names_alike(one: &Answers, other: &Answers) -> bool {
    ["name_full", "name_urdu"].iter().any(|question| {
        let (Some(one), Some(other)) = (text(one, question), text(other, question)) else { return false };
        let (one, other) = (fold(&one), fold(&other));
        one == other || (one.chars().count() >= 5 && one_letter_apart(&one, &other))
    })
}

fn one_letter_apart(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long.iter()).take_while(|(a, b)| a == b).count();
    let rest = |letters: &[char], from: usize| letters.get(from..).unwrap_or_default().to_vec();
    let skip = usize::from(short.len() == long.len());
    rest(short, same + skip) == rest(long, same + 1)
}

fn ages_alike(one: &Answers, other: &Answers) -> bool {
    match (one.value("age_years"), other.value("age_years")) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.abs_diff(*other) <= 2,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answer, Entry, Names, specimen, specimen::sheet};

    fn told(text: &[(&str, &str)]) -> Answers {
        let value = |question: &str, text: &str| match question {
            "age_years" | "fir_no" | "fir_year" => Value::Number(text.parse().unwrap()),
            _ => Value::Text(text.into()),
        };
        text.iter().map(|(id, text)| ((*id).into(), Answer::Value(value(id, text)).into())).collect()
    }

    fn entry(id: u8, content: Content) -> Entry {
        specimen::entry(id, id / 10, content)
    }

    #[test]
    fn the_same_card_phone_or_fir_and_a_like_name_are_shown() {
        let mut book = Casebook::default();
        book.apply(entry(
            10,
            sheet("case", told(&[("fir_no", "12"), ("fir_year", "2026"), ("fir_station", "PS Saddar")])),
        ));
        book.apply(entry(11, sheet("person", told(&[("age_years", "30")]))));
        let names = Names {
            of: EntryId::from_bytes([11; 16]),
            answers: told(&[("cnic", "3520212345671"), ("name_full", "Zarmina Gul")]),
        };
        book.apply(entry(12, Content::Names(names)));
        let of = |form: &str, text: &[(&str, &str)]| {
            alike(&book, form, &told(text), None).iter().map(|alike| alike.why).collect::<Vec<_>>()
        };
        assert_eq!(of("person", &[("cnic", "3520212345671"), ("name_full", "Somebody")]), [Why::Cnic]);
        assert_eq!(of("person", &[("name_full", "zarmina  GUL"), ("age_years", "32")]), [Why::Name]);
        assert_eq!(of("person", &[("name_full", "Zarmeena Gul")]), [], "two letters apart");
        assert_eq!(of("person", &[("name_full", "Zarmin Gul")]), [Why::Name]);
        assert_eq!(of("person", &[("name_full", "Zarmina Gul"), ("age_years", "9")]), []);
        let least = i64::MIN.to_string();
        assert_eq!(
            of("person", &[("name_full", "Zarmina Gul"), ("age_years", &least)]),
            [],
            "an imported age is any number"
        );
        assert_eq!(of("case", &[("fir_no", "12"), ("fir_year", "2026"), ("fir_station", "ps saddar")]), [Why::Fir]);
        assert_eq!(of("case", &[("fir_no", "12"), ("fir_year", "2025"), ("fir_station", "PS Saddar")]), []);
        assert_eq!(of("note", &[("cnic", "3520212345671")]), []);
        assert!(
            alike(&book, "person", &told(&[("cnic", "3520212345671")]), Some(&EntryId::from_bytes([11; 16])))
                .is_empty()
        );
    }
}
