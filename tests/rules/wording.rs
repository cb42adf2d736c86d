//! What people read: the same sentences in every language, and no name of the machine that a file was written on.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, Violation};

/// Names of places that mean nothing to a reader. Split, so that this list does not find itself.
const PLACES: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("crates", ".io"),
    concat!("index.", "crates"),
    concat!("static.", "crates"),
    concat!("far", "m-"),
];

/// Hosts that may be cited as a source, in prose and in comments, and never fetched from.
const CITED: [&str; 2] = [concat!("github", ".com"), concat!("gitlab", ".com")];

/// Sentences that a language lacks, and sentences whose `{blanks}` differ between languages.
pub(crate) fn languages(files: &[Source]) -> Vec<Violation> {
    let mut spoken: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut found = Vec::new();
    for file in files {
        match file.text.parse::<toml::Table>() {
            Ok(table) => flatten("", &toml::Value::Table(table), spoken.entry(language(&file.path)).or_default()),
            Err(error) => found.push(Violation::at(file, 0, format!("is not TOML: {error}"))),
        }
    }
    let keys: BTreeSet<&String> = spoken.values().flat_map(BTreeMap::keys).collect();
    let tell = |tongue: &str, what: String| Violation { path: format!("src/words/{tongue}"), line: 0, what };
    for key in keys {
        let blanks: BTreeSet<_> = spoken.values().filter_map(|words| words.get(key)).map(|text| blanks(text)).collect();
        if blanks.len() > 1 {
            found.push(tell("", format!("`{key}` has other blanks in another language")));
        }
        let silent = spoken.iter().filter(|(_, words)| !words.contains_key(key));
        found.extend(silent.map(|(tongue, _)| tell(tongue, format!("has no `{key}`"))));
    }
    found
}

/// `src/words/ur.toml` and `src/words/ur/screens.toml` both speak `ur`.
fn language(path: &str) -> String {
    let rest = path.trim_start_matches("src/words/");
    rest.split(['/', '.']).next().unwrap_or_default().to_owned()
}

fn flatten(before: &str, value: &toml::Value, out: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let key = if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
                flatten(&key, value, out);
            }
        }
        other => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            out.insert(before.to_owned(), text);
        }
    }
}

/// Names in braces of a sentence.
fn blanks(text: &str) -> BTreeSet<String> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

/// Places of one machine or of a registry, named anywhere in a text file of the project.
pub(crate) fn places(source: &Source) -> Vec<Violation> {
    // The lock file is written by cargo and names where each package came from.
    if source.path == "Cargo.lock" {
        return Vec::new();
    }
    let prose = [".md", ".html"].iter().any(|end| source.path.ends_with(end)) || source.path == "LICENSE";
    let mut found = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let comment = ["//", "#"].iter().any(|mark| line.trim_start().starts_with(mark));
        let cited = CITED.iter().filter(|_| !prose && !comment);
        if let Some(place) = PLACES.iter().chain(cited).find(|place| line.contains(**place)) {
            found.push(Violation::at(source, at + 1, format!("names the place `{place}`")));
        }
    }
    found
}

#[test]
fn a_planted_missing_sentence_is_found() {
    let english = Source::planted("src/words/en.toml", "[case]\nkept = \"Kept {n}\"\nsent = \"Sent\"\n");
    let urdu = |text: &str| Source::planted("src/words/ur.toml", text);
    let fine = urdu("[case]\nkept = \"{n} محفوظ\"\nsent = \"بھیجا\"\n");
    assert_eq!(languages(&[english.clone(), fine]), []);
    let missing = languages(&[english.clone(), urdu("[case]\nkept = \"{n}\"\n")]);
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].what, "has no `case.sent`");
    let other = languages(&[english, urdu("[case]\nkept = \"{m}\"\nsent = \"بھیجا\"\n")]);
    assert_eq!(other.len(), 1);
}

#[test]
fn a_planted_place_is_found() {
    for place in PLACES {
        let planted = Source::planted("src/ui/app.rs", &format!("// see\nconst A: &str = \"{place}x\";\n"));
        assert_eq!(places(&planted).iter().map(|violation| violation.line).collect::<Vec<_>>(), [2], "{place}");
    }
    let cited = format!("// {}/age\n", CITED[0]);
    assert_eq!(places(&Source::planted("src/ui/app.rs", &cited)), []);
    assert_eq!(places(&Source::planted("src/ui/app.rs", &cited.replace("// ", "fetch "))).len(), 1);
}
