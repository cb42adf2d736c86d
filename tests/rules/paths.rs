//! Every path a file names, made absolute: imports, qualified paths in code and types, attributes, and tokens of macros.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::source::{Source, attributes, is_test_only};

/// One name as it stands in a file, with aliases, `crate`, `self` and `super` worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) segments: Vec<String>,
    /// Everything below the segments (`use std::*`).
    pub(crate) glob: bool,
    pub(crate) line: usize,
    pub(crate) test: bool,
}

impl Name {
    pub(crate) fn text(&self) -> String {
        let end = if self.glob { "::*" } else { "" };
        format!("{}{end}", self.segments.join("::"))
    }

    /// Whether this name lies at or below `prefix`, or is a glob that reaches it.
    pub(crate) fn touches(&self, prefix: &str) -> bool {
        let prefix: Vec<&str> = prefix.split("::").collect();
        let shorter = prefix.len().min(self.segments.len());
        let agree = self.segments.iter().zip(&prefix).take(shorter).all(|(own, other)| own == other);
        agree && (self.segments.len() >= prefix.len() || self.glob)
    }
}

/// Every name of a file. A file that does not parse has none here and is reported elsewhere.
pub(crate) fn names(source: &Source) -> Vec<Name> {
    let Some(file) = source.parse() else { return Vec::new() };
    let (package, module) = place(&source.path);
    let mut reader = Reader {
        package,
        module,
        test: source.test,
        aliases: BTreeMap::new(),
        local: BTreeSet::new(),
        found: Vec::new(),
    };
    reader.gather_imports(&file);
    reader.visit_file(&file);
    reader.found
}

/// The crate a file belongs to, and its module path inside that crate.
fn place(path: &str) -> (String, Vec<String>) {
    let packages = [
        ("keys/src/", "amanat_keys"),
        ("sync/hub/src/", "amanat_hub"),
        ("sync/src/", "amanat_sync"),
        ("tests/demo/src/", "amanat_demo"),
        ("src/", "amanat"),
    ];
    let found = packages.iter().find_map(|(folder, name)| Some((name, path.strip_prefix(folder)?)));
    let Some((package, rest)) = found else { return ("tests".to_owned(), Vec::new()) };
    let mut module: Vec<String> = rest.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    ((*package).to_owned(), module)
}

/// What a file imports, with the inline modules around each `use`.
#[derive(Default)]
struct Imports {
    inside: Vec<String>,
    trees: Vec<(Vec<String>, syn::UseTree)>,
    /// `extern crate long as short`.
    crates: Vec<(String, String)>,
    modules: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.trees.push((self.inside.clone(), item.tree.clone()));
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let name = item.rename.as_ref().map_or(&item.ident, |(_, rename)| rename);
        self.crates.push((name.to_string(), item.ident.to_string()));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.modules.insert(item.ident.to_string());
        if item.content.is_some() {
            self.inside.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.inside.pop();
        }
    }
}

struct Reader {
    package: String,
    module: Vec<String>,
    test: bool,
    /// What a short name stands for in this file.
    aliases: BTreeMap<String, Vec<String>>,
    /// Child modules declared here, which hide a crate of the same name.
    local: BTreeSet<String>,
    found: Vec<Name>,
}

impl Reader {
    /// Learns what short names mean before any path is judged; an import may stand below its use.
    fn gather_imports(&mut self, file: &syn::File) {
        let mut imports = Imports::default();
        imports.visit_file(file);
        self.local = imports.modules;
        self.aliases = imports.crates.into_iter().map(|(short, long)| (short, vec![long])).collect();
        for (inside, tree) in imports.trees {
            let module = self.module.clone();
            self.module.extend(inside);
            for leaf in leaves(&tree) {
                if let Some(short) = leaf.short {
                    let full = self.absolute(&leaf.segments);
                    // `use rusqlite;` and `use a::b` under its own name must not point at themselves.
                    if full.len() > 1 || full.first() != Some(&short) {
                        self.aliases.insert(short, full);
                    }
                }
            }
            self.module = module;
        }
    }

    fn absolute(&self, segments: &[String]) -> Vec<String> {
        let mut module = self.module.clone();
        let mut rest = segments;
        let mut relative = false;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => module.clear(),
                "self" => {}
                "super" => {
                    module.pop();
                }
                _ => break,
            }
            relative = true;
            rest = others;
        }
        let own = |module: Vec<String>| [vec![self.package.clone()], module, rest.to_vec()].concat();
        if relative {
            return own(module);
        }
        let Some(first) = segments.first() else { return Vec::new() };
        if let Some(full) = self.aliases.get(first) {
            return [full.clone(), segments[1..].to_vec()].concat();
        }
        if self.local.contains(first) {
            return own(module);
        }
        segments.to_vec()
    }

    fn keep(&mut self, segments: &[String], glob: bool, line: usize) {
        let segments = self.absolute(segments);
        self.found.push(Name { segments, glob, line, test: self.test });
    }

    /// Paths in tokens that the parser leaves alone: `a::b`, and `a::{…}` as everything below `a`.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Group(group) => self.read_tokens(group.stream()),
                TokenTree::Ident(first) => {
                    let mut segments = vec![first.to_string()];
                    let mut glob = false;
                    while is_colons(&trees, at + 1) {
                        match trees.get(at + 3) {
                            Some(TokenTree::Ident(next)) => segments.push(next.to_string()),
                            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => glob = true,
                            Some(TokenTree::Punct(star)) if star.as_char() == '*' => glob = true,
                            _ => break,
                        }
                        at += 3;
                        if glob {
                            break;
                        }
                    }
                    if glob || segments.len() > 1 {
                        self.keep(&segments, glob, first.span().start().line);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn inside<T>(&mut self, test: bool, module: Option<String>, act: impl FnOnce(&mut Self) -> T) -> T {
        let before = (self.test, self.module.clone());
        self.test |= test;
        self.module.extend(module);
        let result = act(self);
        (self.test, self.module) = before;
        result
    }
}

fn is_colons(trees: &[TokenTree], at: usize) -> bool {
    let colon = |at| matches!(trees.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    colon(at) && colon(at + 1)
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let test = is_test_only(attributes(item));
        self.inside(test, None, |reader| visit::visit_item(reader, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let inline = item.content.is_some().then(|| item.ident.to_string());
        self.inside(false, inline, |reader| visit::visit_item_mod(reader, item));
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for leaf in leaves(&item.tree) {
            self.keep(&leaf.segments, leaf.glob, leaf.line);
        }
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.keep(&[item.ident.to_string()], false, item.ident.span().start().line);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let aliased = segments.first().is_some_and(|first| self.aliases.contains_key(first));
        if segments.len() > 1 || aliased {
            let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
            self.keep(&segments, false, line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.read_tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attr.meta {
            self.read_tokens(list.tokens.clone());
        }
    }
}

/// One end of a `use` tree.
struct Leaf {
    segments: Vec<String>,
    glob: bool,
    /// The name it has in this file.
    short: Option<String>,
    line: usize,
}

fn leaves(tree: &syn::UseTree) -> Vec<Leaf> {
    fn walk(tree: &syn::UseTree, before: &[String], out: &mut Vec<Leaf>) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => walk(&path.tree, &with(&path.ident), out),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| walk(item, before, out)),
            syn::UseTree::Glob(star) => {
                let line = star.star_token.spans[0].start().line;
                out.push(Leaf { segments: before.to_vec(), glob: true, short: None, line });
            }
            syn::UseTree::Name(name) => {
                let line = name.ident.span().start().line;
                let own = name.ident == "self" && !before.is_empty();
                let segments = if own { before.to_vec() } else { with(&name.ident) };
                let short = segments.last().cloned();
                out.push(Leaf { segments, glob: false, short, line });
            }
            syn::UseTree::Rename(name) => {
                let line = name.ident.span().start().line;
                let own = name.ident == "self" && !before.is_empty();
                let segments = if own { before.to_vec() } else { with(&name.ident) };
                out.push(Leaf { segments, glob: false, short: Some(name.rename.to_string()), line });
            }
        }
    }
    let mut out = Vec::new();
    walk(tree, &[], &mut out);
    out
}

#[cfg(test)]
fn texts(path: &str, code: &str) -> Vec<String> {
    names(&Source::planted(path, code)).iter().map(Name::text).collect()
}

#[test]
fn imports_are_read_through_groups_renames_and_globs() {
    let found = texts("src/ui/app.rs", "use std::{fs::{self as disk, File}, io::*};\nfn f() { disk::read(\"x\"); }\n");
    for expected in ["std::fs", "std::fs::File", "std::io::*", "std::fs::read"] {
        assert!(found.contains(&expected.to_owned()), "{expected} is not in {found:?}");
    }
}

#[test]
fn relative_paths_become_absolute() {
    let found = texts("src/ui/screens/case.rs", "use super::super::super::runtime::desk;\nfn f() { crate::keys(); }\n");
    assert!(found.contains(&"amanat::runtime::desk".to_owned()), "{found:?}");
    let inline = texts("src/ui/app.rs", "mod inner { use super::super::msg; }");
    assert_eq!(inline, ["amanat::ui::msg"]);
    let called = texts("src/ui/app.rs", "mod inner { use super::super::msg; fn f() { msg::go(); } }");
    assert_eq!(called, ["amanat::ui::msg", "amanat::ui::msg::go"]);
}

#[test]
fn a_crate_under_another_name_is_still_itself() {
    let found = texts("src/ui/app.rs", "use std as s;\nfn f() { s::fs::read(\"x\"); }\n");
    assert!(found.contains(&"std::fs::read".to_owned()), "{found:?}");
    let extern_crate = texts("src/ui/app.rs", "extern crate rusqlite as store;\nfn f() { store::open(); }\n");
    assert!(extern_crate.contains(&"rusqlite::open".to_owned()), "{extern_crate:?}");
}

#[test]
fn tokens_of_macros_and_attributes_are_read() {
    let found = texts(
        "src/ui/app.rs",
        "fn f() { vec![std::env::var(\"x\")]; m!(use std::{fs}); }\n#[derive(serde::Serialize)] struct S;",
    );
    for expected in ["std::env::var", "std::*", "serde::Serialize"] {
        assert!(found.contains(&expected.to_owned()), "{expected} is not in {found:?}");
    }
}

#[test]
fn a_glob_reaches_what_lies_below_it() {
    let name =
        |text: &str, glob| Name { segments: text.split("::").map(str::to_owned).collect(), glob, line: 1, test: false };
    assert!(name("std", true).touches("std::fs"));
    assert!(name("std::fs::File", false).touches("std::fs"));
    assert!(!name("std", false).touches("std::fs"));
    assert!(!name("std::fmt", true).touches("std::fs"));
}
