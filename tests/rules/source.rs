//! What the rules judge: the files of the tree, which of them are test code, and how a finding is told.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use walkdir::WalkDir;

/// One file of the tree, by its path from the top with forward slashes.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The whole file is test code: it lies in a test folder or is compiled only for tests.
    pub(crate) test: bool,
}

impl Source {
    /// A file as a rule's own test plants it.
    pub(crate) fn planted(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), test: is_test_path(path) }
    }

    /// The syntax tree; a file that does not parse is a finding of its own in `house.rs`.
    pub(crate) fn parse(&self) -> Option<syn::File> {
        syn::parse_file(&self.text).ok()
    }
}

/// One broken rule: where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) path: String,
    /// Line from 1; 0 when the whole file is meant.
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn at(source: &Source, line: usize, what: impl Into<String>) -> Self {
        Self { path: source.path.clone(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// The folder that holds the workspace.
pub(crate) fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Names directly under the top, folders with a closing slash.
pub(crate) fn top_names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(top())
        .expect("the top of the tree is readable")
        .map(|entry| {
            let entry = entry.expect("a name at the top is readable");
            let slash = if entry.path().is_dir() { "/" } else { "" };
            format!("{}{slash}", entry.file_name().to_string_lossy())
        })
        .collect();
    names.sort();
    names
}

/// Paths of all files of the project, builds and version control apart.
pub(crate) fn all_paths() -> Vec<String> {
    let top = top();
    let built = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name == ".git" || (name == "target" && path.parent().is_some_and(|folder| folder.join("Cargo.toml").exists()))
    };
    let mut paths: Vec<String> = WalkDir::new(&top)
        .into_iter()
        .filter_entry(|entry| !built(entry.path()))
        .map(|entry| entry.expect("the tree is readable"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(&top).unwrap();
            path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
        })
        .collect();
    paths.sort();
    paths
}

/// Every Rust file of the project, with those marked that are compiled only for tests.
pub(crate) fn rust_files() -> Vec<Source> {
    let mut files: Vec<Source> = all_paths()
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| {
            let text = std::fs::read_to_string(top().join(&path)).expect("a Rust file is UTF-8 text");
            Source { test: is_test_path(&path), path, text }
        })
        .collect();
    // Parsing is the dear part: only a file that speaks of tests is parsed for them here.
    let speaks = |file: &&Source| file.text.contains("cfg(test)");
    let only_for_tests: BTreeSet<String> = files.iter().filter(speaks).flat_map(test_children).collect();
    for file in &mut files {
        let inside = |file: &Source| file.parse().is_some_and(|parsed| is_test_only(&parsed.attrs));
        file.test |= only_for_tests.contains(&file.path) || (file.text.contains("#![cfg(test)]") && inside(file));
    }
    files
}

/// Files of any kind that are text; a picture or a damaged specimen is left out.
pub(crate) fn text_files() -> Vec<Source> {
    all_paths()
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(top().join(&path)).ok()?;
            Some(Source { test: is_test_path(&path), path, text })
        })
        .collect()
}

/// One file if it is there; a rule about a file that is not written yet begins to bite when it appears.
pub(crate) fn file(path: &str) -> Option<Source> {
    let text = std::fs::read_to_string(top().join(path)).ok()?;
    Some(Source { path: path.to_owned(), text, test: is_test_path(path) })
}

/// The modules that `tests/main.rs` must list: files of `tests/`, and folders there with a door.
pub(crate) fn test_modules() -> Vec<String> {
    let tests = top().join("tests");
    let entries = std::fs::read_dir(tests).expect("tests/ is readable");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a name in tests/ is readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs") || path.join("mod.rs").exists())
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .filter(|name| name != "main")
        .collect();
    names.sort();
    names
}

fn is_test_path(path: &str) -> bool {
    let demo = path.starts_with("tests/demo/src/");
    !demo && path.split('/').any(|part| part == "tests" || part == "benches")
}

/// Files that `#[cfg(test)] mod name;` in this file brings in.
fn test_children(source: &Source) -> Vec<String> {
    let outside = |line: &str| line.contains("mod ") && line.trim_end().ends_with(';');
    if !source.text.lines().any(outside) {
        return Vec::new();
    }
    let Some(file) = source.parse() else { return Vec::new() };
    let folder = child_folder(&source.path);
    let declared = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() && is_test_only(&module.attrs) => Some(module),
        _ => None,
    });
    declared
        .flat_map(|module| [format!("{folder}/{}.rs", module.ident), format!("{folder}/{}/mod.rs", module.ident)])
        .collect()
}

/// Where the child modules of a file lie.
fn child_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", name.trim_end_matches(".rs")),
    }
}

/// Whether attributes say `#[cfg(test)]` or `#[test]`.
pub(crate) fn is_test_only(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|attr| {
        attr.path().is_ident("test")
            || (attr.path().is_ident("cfg")
                && attr.meta.require_list().is_ok_and(|list| list.tokens.to_string().trim() == "test"))
    })
}

/// The attributes of an item, whatever kind it is.
pub(crate) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    use syn::Item::{
        Const, Enum, ExternCrate, Fn, ForeignMod, Impl, Macro, Mod, Static, Struct, Trait, TraitAlias, Type, Union, Use,
    };
    match item {
        Const(item) => &item.attrs,
        Enum(item) => &item.attrs,
        ExternCrate(item) => &item.attrs,
        Fn(item) => &item.attrs,
        ForeignMod(item) => &item.attrs,
        Impl(item) => &item.attrs,
        Macro(item) => &item.attrs,
        Mod(item) => &item.attrs,
        Static(item) => &item.attrs,
        Struct(item) => &item.attrs,
        Trait(item) => &item.attrs,
        TraitAlias(item) => &item.attrs,
        Type(item) => &item.attrs,
        Union(item) => &item.attrs,
        Use(item) => &item.attrs,
        _ => &[],
    }
}

/// First and last line of a piece of syntax.
pub(crate) fn lines(syntax: &impl Spanned) -> (usize, usize) {
    (syntax.span().start().line, syntax.span().end().line)
}

/// Whether a line counts as code: neither blank nor only a comment.
pub(crate) fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

#[test]
fn a_file_compiled_only_for_tests_is_known_as_one() {
    let parent = Source::planted("keys/src/vault.rs", "//! x\n#[cfg(test)]\nmod proofs;\nmod locks;\n");
    assert_eq!(test_children(&parent), ["keys/src/vault/proofs.rs", "keys/src/vault/proofs/mod.rs"]);
    assert!(is_test_path("keys/tests/vectors.rs") && is_test_path("tests/house.rs"));
    assert!(!is_test_path("keys/src/vault.rs") && !is_test_path("tests/demo/src/walk.rs"));
}
