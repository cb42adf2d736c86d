//! Finding a code as one types, in either language and in any of the spellings that people use.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::model::{Code, western_digit};

use super::form::{CodeItem, CodeList};

/// A text as it is compared: compatibility forms taken apart (NFKD), harakat and other marks gone, joiners and
/// direction marks gone, lowercase, Arabic ي ك ه as Urdu ی ک ہ, digits western, runs of space single.
///
/// Never stored: what people typed is kept byte for byte.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // What stays as it is goes over in runs: this is done to every word of a hundred thousand cases.
    let mut run = 0;
    // Letter by letter: what taking apart puts in another order are marks, and those go.
    for (at, c) in text.char_indices() {
        if stays(c) {
            continue;
        }
        folded.push_str(text.get(run..at).unwrap_or_default());
        run = at + c.len_utf8();
        if stands_alone(c) {
            push(&mut folded, c);
        } else {
            decompose_compatible(c, |part| {
                if !is_combining_mark(part) {
                    push(&mut folded, part);
                }
            });
        }
    }
    folded.push_str(text.get(run..).unwrap_or_default());
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

/// Letters and digits that are their own folded form; most of what is written.
const fn stays(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '\u{0621}' | '\u{0627}'..='\u{0628}' | '\u{062A}'..='\u{063A}' | '\u{0641}'..='\u{0642}' | '\u{0644}'..='\u{0646}'
        | '\u{0648}' | '\u{0679}'..='\u{06BD}' | '\u{06BF}' | '\u{06C1}' | '\u{06CC}')
}

/// Letters, digits and signs of English and Urdu that are neither marks nor made of parts: nearly all that is ever written here.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\0'..='\u{7F}' | '\u{060C}' | '\u{061B}' | '\u{061F}' | '\u{0621}' | '\u{0627}'..='\u{063A}' | '\u{0640}'..='\u{064A}'
        | '\u{0660}'..='\u{0669}' | '\u{0679}'..='\u{06BF}' | '\u{06C1}' | '\u{06C3}'..='\u{06D2}' | '\u{06D4}' | '\u{06F0}'..='\u{06F9}')
}

fn push(folded: &mut String, c: char) {
    match c {
        // Tatweel, zero-width (non-)joiners, direction marks, byte order mark.
        '\u{0640}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' => {}
        'ي' | 'ى' | 'ے' => folded.push('ی'),
        'ك' => folded.push('ک'),
        'ه' | 'ة' | 'ھ' => folded.push('ہ'),
        // Of the letters that are left these are most, and none has an upper case.
        'a'..='z' | '0'..='9' | '\u{0621}'..='\u{064A}' | '\u{0679}'..='\u{06D2}' => folded.push(c),
        c if c.is_whitespace() => {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        }
        c if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
        c => folded.extend(western_digit(c).to_lowercase()),
    }
}

/// A list, folded once, ready to be searched at every key.
#[derive(Clone, Debug)]
pub struct Finder {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    code: Code,
    folded_code: Box<str>,
    parent: Option<Code>,
    /// Labels first, then aliases; folded.
    names: Vec<Box<str>>,
}

impl Finder {
    /// Folds a list.
    pub fn new(list: &CodeList) -> Self {
        let row = |item: &CodeItem| Row {
            code: item.code.clone(),
            folded_code: fold(item.code.as_str()).into(),
            parent: item.parent.clone(),
            names: [&*item.label.en, &*item.label.ur]
                .into_iter()
                .chain(item.aliases.iter().map(AsRef::as_ref))
                .map(|name| fold(name).into_boxed_str())
                .collect(),
        };
        Self { rows: list.items.iter().map(row).collect() }
    }

    /// The codes that fit what was typed, best first: the code itself, then names that begin so, then names with a
    /// word that does, then names that hold it anywhere. Equals keep the order of the list. Nothing typed: all.
    pub fn find(&self, typed: &str) -> Vec<&Code> {
        self.find_under(typed, None)
    }

    /// As [`Finder::find`], with the items under one parent (the districts of a province) before all others.
    pub fn find_under(&self, typed: &str, parent: Option<&Code>) -> Vec<&Code> {
        let typed = fold(typed);
        let mut found: Vec<((bool, u8), &Code)> = Vec::new();
        for row in &self.rows {
            if let Some(rank) = row.rank(&typed) {
                found.push(((parent.is_some() && row.parent.as_ref() != parent, rank), &row.code));
            }
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, code)| code).collect()
    }
}

/// How many of a row's names are its labels; the rest are aliases, which come after labels that fit as well.
const LABELS: usize = 2;

impl Row {
    fn rank(&self, typed: &str) -> Option<u8> {
        if typed.is_empty() || *self.folded_code == *typed {
            return Some(0);
        }
        let ranked = self.names.iter().enumerate();
        ranked.filter_map(|(at, name)| rank_name(name, typed).map(|rank| rank + u8::from(at >= LABELS))).min()
    }
}

fn rank_name(name: &str, typed: &str) -> Option<u8> {
    if name.starts_with(typed) {
        return Some(1);
    }
    let words = || name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    if typed.split(' ').all(|part| words().any(|word| word.starts_with(part))) {
        return Some(3);
    }
    name.contains(typed).then_some(5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::super::form::Codebook;
    use super::*;

    #[test]
    fn folding_unites_what_people_do_not_tell_apart() {
        for (one, other) in [
            ("كراچي", "کراچی"),
            ("لَیَّہ", "لیہ"),
            ("ﻻﮨﻮر", "لاہور"),
            ("خوا\u{200C}جہ", "خواجہ"),
            ("آزاد", "ازاد"),
            ("  D.G.\u{A0} KHAN ", "d.g. khan"),
            ("۱۲۳", "123"),
            ("گانچھے", "گانچہی"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("سوات"), fold("سوابی"));
    }

    /// As the Unicode standard takes a text apart, whole and in order.
    fn by_the_standard(text: &str) -> String {
        let mut folded = String::new();
        text.nfkd().filter(|c| !is_combining_mark(*c)).for_each(|c| match c {
            'ي' | 'ى' | 'ے' => folded.push('ی'),
            'ك' => folded.push('ک'),
            'ه' | 'ة' | 'ھ' => folded.push('ہ'),
            '\u{0640}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' => {}
            c if c.is_whitespace() && (folded.is_empty() || folded.ends_with(' ')) => {}
            c if c.is_whitespace() => folded.push(' '),
            c => folded.extend(western_digit(c).to_lowercase()),
        });
        folded.strip_suffix(' ').unwrap_or(&folded).to_owned()
    }

    #[test]
    fn every_letter_that_there_is_folds_as_the_standard_takes_it_apart() {
        let mut text = String::new();
        for c in '\0'..=char::MAX {
            text.clear();
            text.extend(['a', c, 'B']);
            assert_eq!(fold(&text), by_the_standard(&text), "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn texts_with_marks_in_any_order_fold_as_the_standard_takes_them_apart(text in "[a-cÀ-ſ\u{300}-\u{31F} ـآ-يً-ٕٱ-ۓۖ-ۭﻻ-ﻼ가-힣]{0,12}") {
            prop_assert_eq!(fold(&text), by_the_standard(&text));
        }
    }

    #[test]
    fn districts_are_found_in_any_spelling() {
        let finder = Finder::new(Codebook::builtin().unwrap().list("district").unwrap());
        for (typed, code) in [
            ("leiah", "PK618"),
            ("Layy", "PK618"),
            ("ليه", "PK618"),
            ("D.G. Khan", "PK607"),
            ("dg kh", "PK607"),
            ("kambar", "PK709"),
            ("qambar", "PK709"),
            ("nawab", "PK719"),
            ("gujrat", "PK610"),
            ("pk617", "PK617"),
            ("lahore", "PK617"),
            ("لاہ", "PK617"),
            ("khan tando", "PK725"),
            ("pindi", "PK630"),
        ] {
            assert_eq!(finder.find(typed).first().map(|code| code.as_str()), Some(code), "{typed}");
        }
        assert_eq!(finder.find("").len(), 181);
        assert!(finder.find("zzz").is_empty());
    }

    #[test]
    fn beginnings_come_before_middles_and_the_province_before_all() {
        let finder = Finder::new(Codebook::builtin().unwrap().list("district").unwrap());
        let found = finder.find("sh");
        let place = |code: &str| found.iter().position(|found| found.as_str() == code).unwrap();
        assert!(place("PK633") < place("PK528"), "Sheikhupura before Peshawar");
        let under = finder.find_under("s", Some(&"PK-SD".into()));
        assert_eq!(under.first().map(|code| code.as_str()), Some("PK718"));
        assert_eq!(under.len(), finder.find("s").len(), "a province narrows nothing away");
    }
}
