//! Every sentence that a person reads, by key, in every language of the program: `words/en.toml`, `words/ur.toml`.
//!
//! A key is a dotted path (`unlock.wrong`). Blanks stand in braces and are filled by name. What is counted has two forms
//! under its key, `one` and `other`; Urdu and English need no more. A missing key shows itself, so that nobody has to
//! guess what is missing, and a test keeps that from happening.

use std::{collections::HashMap, sync::LazyLock};

/// A language of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tongue {
    /// English.
    En,
    /// Urdu.
    Ur,
}

type Sentences = HashMap<String, String>;

static ENGLISH: LazyLock<Sentences> = LazyLock::new(|| read(include_str!("words/en.toml")));
static URDU: LazyLock<Sentences> = LazyLock::new(|| read(include_str!("words/ur.toml")));

/// A file of sentences, flattened; a file that is no TOML has none (and fails the test).
fn read(text: &str) -> Sentences {
    let mut sentences = Sentences::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        flatten("", table, &mut sentences);
    }
    sentences
}

fn flatten(before: &str, table: toml::Table, out: &mut Sentences) {
    for (key, value) in table {
        let key = if before.is_empty() { key } else { format!("{before}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, out),
            toml::Value::String(text) => {
                out.insert(key, text);
            }
            _ => {}
        }
    }
}

fn sentences(tongue: Tongue) -> &'static Sentences {
    match tongue {
        Tongue::En => &ENGLISH,
        Tongue::Ur => &URDU,
    }
}

/// The sentence, if the key is known.
pub fn find(tongue: Tongue, key: &str) -> Option<&'static str> {
    sentences(tongue).get(key).map(String::as_str)
}

/// The sentence, or the key itself where there is none.
pub fn say(tongue: Tongue, key: &str) -> &str {
    find(tongue, key).unwrap_or(key)
}

/// The sentence with its blanks filled; a blank that nobody fills stays as it is.
pub fn fill(tongue: Tongue, key: &str, blanks: &[(&str, &str)]) -> String {
    let mut rest = say(tongue, key);
    let mut out = String::with_capacity(rest.len());
    // One pass, so that what is filled in is never read as a blank itself.
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, beyond)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match blanks.iter().find(|(blank, _)| *blank == name) {
            Some((_, value)) => out.push_str(value),
            None => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = beyond;
    }
    out.push_str(rest);
    out
}

/// A sentence in both languages, for what is told before it is known who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    /// English.
    pub en: String,
    /// Urdu.
    pub ur: String,
}

/// Stands between the two languages of a text that has both; nobody can type it, and nothing shows it.
const BETWEEN: char = '\u{1f}';

impl Both {
    /// From a key; what fills a blank may itself be in both languages.
    pub fn fill(key: &str, blanks: &[(&str, Self)]) -> Self {
        let of = |tongue, pick: fn(&Self) -> &str| {
            let blanks: Vec<(&str, &str)> = blanks.iter().map(|(name, both)| (*name, pick(both))).collect();
            fill(tongue, key, &blanks)
        };
        Self { en: of(Tongue::En, |both| &both.en), ur: of(Tongue::Ur, |both| &both.ur) }
    }

    /// What is the same in both: a number, an id.
    pub fn same(text: impl ToString) -> Self {
        let text = text.to_string();
        Self { en: text.clone(), ur: text }
    }

    /// Both in one text, of which [`spoken`] gives the one that is wanted.
    pub fn joined(&self) -> String {
        format!("{}{BETWEEN}{}", self.en, self.ur)
    }
}

/// The part of a text that is in this language; all of it where it has only one.
pub fn spoken(tongue: Tongue, text: &str) -> &str {
    match (text.split_once(BETWEEN), tongue) {
        (Some((english, _)), Tongue::En) => english,
        (Some((_, urdu)), Tongue::Ur) => urdu,
        (None, _) => text,
    }
}

/// The form for this number, with `{n}` filled.
pub fn count(tongue: Tongue, key: &str, n: u64) -> String {
    let form = if n == 1 { "one" } else { "other" };
    fill(tongue, &format!("{key}.{form}"), &[("n", &n.to_string())])
}

/// All keys of a language, in no order.
pub fn keys(tongue: Tongue) -> impl Iterator<Item = &'static str> {
    sentences(tongue).keys().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_sentence_is_there_in_both_languages() {
        let english: BTreeSet<_> = keys(Tongue::En).collect();
        let urdu: BTreeSet<_> = keys(Tongue::Ur).collect();
        assert!(english.len() > 50, "the files of sentences could not be read");
        let missing: Vec<_> = english.symmetric_difference(&urdu).collect();
        assert!(missing.is_empty(), "in one language only: {missing:?}");
    }

    #[test]
    fn what_is_counted_has_both_forms() {
        for tongue in [Tongue::En, Tongue::Ur] {
            for key in keys(tongue).filter_map(|key| key.strip_suffix(".one")) {
                assert!(find(tongue, &format!("{key}.other")).is_some(), "{key} lacks `other`");
            }
        }
        assert_eq!(count(Tongue::En, "count.entries", 1), "1 entry");
        assert_eq!(count(Tongue::En, "count.entries", 0), "0 entries");
    }

    #[test]
    fn a_text_in_both_languages_gives_the_one_that_is_wanted() {
        let both = Both::fill("carrier.hidden_tail", &[("journal", Both::same("5f0c"))]).joined();
        let (english, urdu) = (spoken(Tongue::En, &both), spoken(Tongue::Ur, &both));
        assert!(english.contains("5f0c") && urdu.contains("5f0c") && english != urdu, "{both}");
        assert!(!english.contains(BETWEEN) && !urdu.contains(BETWEEN));
        assert_eq!(spoken(Tongue::Ur, "no route to host"), "no route to host");
    }

    #[test]
    fn what_is_filled_in_is_not_read_as_a_blank() {
        let sentence = fill(Tongue::En, "stick.written_where", &[("to", "{path}"), ("path", "x")]);
        assert!(sentence.contains("{path}") && sentence.contains('x'), "{sentence}");
        assert_eq!(say(Tongue::En, "no.such.key"), "no.such.key");
    }
}
