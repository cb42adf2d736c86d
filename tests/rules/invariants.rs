//! The tables of what is held and where: all fifteen invariants stand in theirs, every attack that the formats name in another, and every
//! function and specimen that one of the tables names is there.

use super::source::{Violation, file};

/// The invariants of the design, by number.
const INVARIANTS: usize = 15;
/// The table.
pub(crate) const TABLE: &str = "tests/simulation/README.md";

/// What went wrong for others, and the test that holds it here.
pub(crate) const LESSONS: &str = "tests/LESSONS.md";

/// What must fail first by section 9 of the formats, and the test in which it fails.
pub(crate) const ATTACKS: &str = "tests/FORMATS.md";

/// The section that lists them.
const SECTION: &str = "## 9. ";

/// What is missing, in the table of invariants or from it.
pub(crate) fn check(table: &str) -> Vec<Violation> {
    let at = |line: usize, what: String| Violation { path: TABLE.to_owned(), line, what };
    let mut found = names(TABLE, table);
    for number in 1..=INVARIANTS {
        let row = table.lines().find(|line| line.starts_with(&format!("| {number} |")));
        if row.is_none_or(|row| !row.contains("::")) {
            found.push(at(0, format!("does not say where invariant {number} is judged")));
        }
    }
    found
}

/// The functions that a table names and that are not there.
pub(crate) fn names(path_of_table: &str, table: &str) -> Vec<Violation> {
    let at = |line: usize, what: String| Violation { path: path_of_table.to_owned(), line, what };
    let mut found = Vec::new();
    for (line, text) in (1..).zip(table.lines()) {
        for place in text.split('`').filter(|piece| piece.contains("::")) {
            let (path, name) = place.split_once("::").unwrap();
            if !file(path).is_some_and(|source| source.text.contains(&format!("fn {name}("))) {
                found.push(at(line, format!("names {place}, which is not there")));
            }
        }
    }
    found
}

/// The attacks of the formats' list that the table has no row for, and what its rows name that is not there.
pub(crate) fn attacks(formats: &str, table: &str) -> Vec<Violation> {
    let at = |line: usize, what: String| Violation { path: ATTACKS.to_owned(), line, what };
    let mut found = names(ATTACKS, table);
    let section = formats.split("\n## ").find(|section| format!("## {section}").starts_with(SECTION));
    let list = section
        .and_then(|section| section.split_once("\n\n"))
        .map_or("", |(_, list)| list.split("\n\n").next().unwrap_or(list));
    let items: Vec<String> = list.trim().trim_end_matches('.').split(';').map(words).collect();
    if items.len() < 2 {
        found.push(at(0, format!("no list in section {SECTION}of the formats")));
    }
    for item in items {
        let row = table.lines().find(|line| line.starts_with(&format!("| {item} |")));
        if row.is_none_or(|row| !row.contains("::")) {
            found.push(at(0, format!("does not say where this fails: {item}")));
        }
    }
    for (line, text) in (1..).zip(table.lines()) {
        for specimen in text.split('`').filter(|piece| piece.ends_with(".json")) {
            if file(specimen).is_none() {
                found.push(at(line, format!("names {specimen}, which is not there")));
            }
        }
    }
    found
}

/// A text with single blanks, however its lines were broken.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_planted_gap_and_a_planted_name_are_found() {
    let table = file(TABLE).unwrap().text;
    let without: String =
        table.lines().filter(|line| !line.starts_with("| 9 |")).map(|line| format!("{line}\n")).collect();
    assert_eq!(check(&without).len(), 1);
    assert_eq!(check(&table.replacen("holds.rs::hub_holds", "holds.rs::hub_held", 1)).len(), 1);
    assert_eq!(check(&table.replacen("tests/crash.rs", "tests/crashed.rs", 1)).len(), 1);
    let lessons = file(LESSONS).unwrap().text;
    assert_eq!(names(LESSONS, &lessons.replacen("cut.rs::a_push", "cut.rs::no_push", 1)).len(), 1);
    let (formats, table) = (file("keys/FORMATS.md").unwrap().text, file(ATTACKS).unwrap().text);
    assert_eq!(attacks(&formats, &table), []);
    let without = table.lines().filter(|line| !line.starts_with("| an un-erase |"));
    assert_eq!(attacks(&formats, &without.map(|line| format!("{line}\n")).collect::<String>()).len(), 1);
    assert_eq!(attacks(&formats.replacen("; two dictionaries;", "; two dictionaries; a third;", 1), &table).len(), 1);
    assert_eq!(attacks(&formats, &table.replacen("two-frames.json", "three-frames.json", 1)).len(), 1);
    assert_eq!(attacks(&formats.replacen("## 9. ", "## 19. ", 1), &table).len(), 2);
}
