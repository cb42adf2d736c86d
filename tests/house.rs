//! The rules of the house, read from its own source tree: a wall that nobody tests is a legend.
//!
//! Each test applies one rule of `rules/` to every file it concerns and prints all that it found, so that one run shows
//! the whole of what is to be done. That each rule finds a planted violation is tested beside the rule.

use crate::rules::source::{self, Source, Violation};
use crate::rules::{
    budgets, clocks, doors, imports, invariants, manifests, names, promises, shape, sql, traits, wire, wording,
};

fn none(rule: &str, mut found: Vec<Violation>) {
    found.sort();
    let list: Vec<String> = found.iter().map(|violation| format!("  {violation}")).collect();
    if !list.is_empty() {
        panic!("{rule}: {} found\n{}", list.len(), list.join("\n"));
    }
}

fn every_file(rule: &str, check: impl Fn(&Source) -> Vec<Violation>) {
    none(rule, source::rust_files().iter().flat_map(check).collect());
}

#[test]
fn the_tree_is_seen() {
    let files = source::rust_files();
    for path in ["src/main.rs", "keys/src/lib.rs", "sync/src/lib.rs", "sync/hub/src/lib.rs", "tests/house.rs"] {
        assert!(files.iter().any(|file| file.path == path), "the walk did not find {path}");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_skips_no_test() {
    every_file("first line, ignored tests, back doors", shape::check);
}

#[test]
fn rooms_name_only_what_they_may() {
    let workspace = source::file("Cargo.toml").expect("the workspace has a manifest");
    let packages = manifests::packages(&workspace);
    assert!(packages.contains("rusqlite") && packages.contains("ed25519_dalek"), "read no packages: {packages:?}");
    every_file("imports", |file| imports::check(file, &packages));
}

#[test]
fn files_keep_their_budget() {
    every_file("file budget", budgets::files);
}

#[test]
fn functions_keep_their_budget() {
    every_file("function budget", budgets::functions);
}

#[test]
fn every_invariant_is_judged_where_the_table_says() {
    let table = source::file(invariants::TABLE).expect("the table of invariants is there");
    none("invariants", invariants::check(&table.text));
    let lessons = source::file(invariants::LESSONS).expect("the table of lessons is there");
    none("lessons", invariants::names(invariants::LESSONS, &lessons.text));
}

#[test]
fn every_attack_that_the_formats_list_fails_where_the_table_says() {
    let table = source::file(invariants::ATTACKS).expect("the table of attacks is there");
    let formats = source::file("keys/FORMATS.md").expect("the formats are there");
    none("attacks", invariants::attacks(&formats.text, &table.text));
}

#[test]
fn nothing_is_called_a_drawer() {
    let paths = source::all_paths();
    let mut found: Vec<Violation> = paths.iter().filter_map(|path| names::path(path)).collect();
    found.extend(source::rust_files().iter().flat_map(names::modules));
    none("names", found);
}

#[test]
fn the_top_holds_what_was_agreed() {
    none("top level", names::top(&source::top_names()));
}

#[test]
fn sql_stands_in_the_stores_only() {
    let mut found: Vec<Violation> = source::all_paths().iter().filter_map(|path| sql::stray_file(path)).collect();
    found.extend(source::rust_files().iter().flat_map(sql::check));
    none("SQL", found);
}

#[test]
fn only_the_clock_files_ask_the_clock() {
    every_file("clocks", clocks::check);
}

#[test]
fn doors_hold_no_function() {
    every_file("doors", doors::check);
}

#[test]
fn trusted_packages_promise_docs_and_no_casts() {
    every_file("promises", promises::check);
}

#[test]
fn there_are_three_traits() {
    every_file("traits", traits::check);
}

#[test]
fn the_wire_document_is_the_wire_code() {
    let (code, document) = (source::file("sync/src/wire/v1.rs"), source::file("sync/WIRE.md"));
    none("wire", wire::check(code.as_ref(), document.as_ref()).into_iter().collect());
}

#[test]
fn every_language_says_every_sentence() {
    let words = |path: &String| path.starts_with("src/words/") && path.ends_with(".toml");
    let files: Vec<Source> =
        source::all_paths().iter().filter(|path| words(path)).filter_map(|path| source::file(path)).collect();
    none("words", wording::languages(&files));
    if source::file("src/words.rs").is_some() {
        for tongue in ["en", "ur"] {
            assert!(
                files.iter().any(|file| file.path.starts_with(&format!("src/words/{tongue}"))),
                "no words in {tongue}"
            );
        }
    }
}

#[test]
fn every_form_loads_and_keeps_its_promises() {
    let codebook = amanat::codebook::Codebook::builtin().unwrap_or_else(|error| panic!("{error}"));
    let files = |folder: &str| {
        let paths = source::all_paths().into_iter();
        paths.filter(|path| path.starts_with(folder) && path.ends_with(".toml")).count()
    };
    assert_eq!(codebook.forms.len(), files("src/codebook/forms/"), "forms read, and form files there");
    assert_eq!(codebook.lists.len(), files("src/codebook/lists/"), "lists read, and list files there");
    let broken: Vec<String> = amanat::codebook::check(codebook).iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "promises of the codebook: {} broken\n  {}", broken.len(), broken.join("\n  "));
}

#[test]
fn every_manifest_gives_its_reasons() {
    let manifests = source::text_files().into_iter().filter(|file| file.path.ends_with("Cargo.toml"));
    none("manifests", manifests.flat_map(|file| manifests::check(&file)).collect());
}

#[test]
fn no_file_names_the_place_it_was_written() {
    none("places", source::text_files().iter().flat_map(wording::places).collect());
}
