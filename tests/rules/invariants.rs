//! The tables of what is held and where: all fifteen invariants stand in theirs, and every function that it or the table of lessons names is there.

use super::source::{Violation, file};

/// The invariants of the design, by number.
const INVARIANTS: usize = 15;
/// The table.
pub(crate) const TABLE: &str = "tests/simulation/README.md";

/// What went wrong for others, and the test that holds it here.
pub(crate) const LESSONS: &str = "tests/LESSONS.md";

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
}
