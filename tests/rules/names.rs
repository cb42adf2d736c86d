//! What files and folders may be called, and what may stand at the top.

use syn::visit::{self, Visit};

use super::source::{Source, Violation};

/// Words that name a drawer and not a thing.
const DRAWERS: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "managers"];

/// The agreed entries of the top; dotted names and what a build leaves (`target/`) aside.
const TOP: [&str; 8] = ["Cargo.toml", "Cargo.lock", "README.md", "LICENSE", "src/", "sync/", "keys/", "tests/"];

/// Drawers in the path of any file.
pub(crate) fn path(path: &str) -> Option<Violation> {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let drawer = words.map(str::to_ascii_lowercase).find(|word| DRAWERS.contains(&word.as_str()))?;
    Some(Violation { path: path.to_owned(), line: 0, what: format!("`{drawer}` names a drawer; say what is inside") })
}

/// Drawers among the modules written inside a file.
pub(crate) fn modules(source: &Source) -> Vec<Violation> {
    struct Modules(Vec<(usize, String)>);
    impl<'ast> Visit<'ast> for Modules {
        fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
            self.0.push((item.ident.span().start().line, item.ident.to_string()));
            visit::visit_item_mod(self, item);
        }
    }
    let mut modules = Modules(Vec::new());
    if let Some(file) = source.parse() {
        modules.visit_file(&file);
    }
    let drawers = modules.0.into_iter().filter(|(_, name)| path(name).is_some());
    drawers.map(|(line, name)| Violation::at(source, line, format!("module `{name}` is a drawer"))).collect()
}

/// Entries of the top that nobody agreed on.
pub(crate) fn top(names: &[String]) -> Vec<Violation> {
    let strangers = names.iter().filter(|name| !name.starts_with('.') && *name != "target/");
    strangers
        .filter(|name| !TOP.contains(&name.as_str()))
        .map(|name| Violation { path: name.clone(), line: 0, what: "does not belong at the top".to_owned() })
        .collect()
}

#[test]
fn planted_drawers_are_found() {
    let planted =
        ["src/util.rs", "keys/src/key_manager.rs", "tests/helpers/mod.rs", "src/ui/common/x.toml", "src/Misc.rs"];
    for planted in planted {
        assert!(path(planted).is_some(), "{planted}");
    }
    for fine in ["src/ui/widgets/text.rs", "sync/src/journal/memory.rs", "tests/vectors/utilities-bill.json"] {
        assert!(path(fine).is_none(), "{fine}");
    }
    assert_eq!(modules(&Source::planted("src/ui/app.rs", "mod inner { mod helpers {} }")).len(), 1);
}

#[test]
fn a_planted_stranger_at_the_top_is_found() {
    let names = ["Cargo.toml", "src/", ".ci/", "target/", "docs/", "notes.txt"].map(str::to_owned);
    let found: Vec<String> = top(&names).into_iter().map(|violation| violation.path).collect();
    assert_eq!(found, ["docs/", "notes.txt"]);
}
