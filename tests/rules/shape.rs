//! How every Rust file begins and what it may not carry: a first line that says what for, no ignored test, no back door.

use syn::visit::{self, Visit};

use super::source::{Source, Violation};

/// The first line, skipped tests, modules fetched from elsewhere, and files that do not parse.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let mut found: Vec<Violation> = head(source).into_iter().collect();
    match syn::parse_file(&source.text) {
        Err(error) => {
            let line = error.span().start().line;
            found.push(Violation::at(source, line, format!("does not parse: {error}")));
        }
        Ok(file) => {
            let mut reader = Attributes { source, found: Vec::new() };
            reader.visit_file(&file);
            found.extend(reader.found);
        }
    }
    found
}

/// The first line is a `//!` that tells more than the file's name does.
fn head(source: &Source) -> Option<Violation> {
    let first = source.text.lines().next().unwrap_or_default();
    let Some(said) = first.strip_prefix("//!").map(str::trim) else {
        return Some(Violation::at(source, 1, "does not open with a `//!` line saying what it is for"));
    };
    let plain = |text: &str| {
        let words = text.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
        let empty = ["", "the", "a", "an", "this", "is", "module", "file", "crate", "of", "for", "and", "rs", "code"];
        words.filter(|word| !empty.contains(&word.as_str())).collect::<Vec<_>>()
    };
    let parts: Vec<&str> = source.path.trim_end_matches(".rs").split('/').collect();
    let mut names = parts.iter().flat_map(|part| plain(part)).collect::<Vec<_>>();
    names.extend(names.clone().into_iter().map(|name| format!("{name}s")));
    let new = plain(said).into_iter().any(|word| !names.contains(&word));
    (!new).then(|| Violation::at(source, 1, "the first line only repeats the file's name"))
}

struct Attributes<'a> {
    source: &'a Source,
    found: Vec<Violation>,
}

impl Attributes<'_> {
    fn keep(&mut self, line: usize, what: &str) {
        self.found.push(Violation::at(self.source, line, what));
    }

    /// Tests and the demo stand outside the walls and share what drives the programs.
    fn outside(&self) -> bool {
        self.source.test || self.source.path.starts_with("tests/")
    }
}

impl<'ast> Visit<'ast> for Attributes<'_> {
    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        let line = attr.pound_token.span.start().line;
        if attr.path().is_ident("ignore") || mentions(&attr.meta, "ignore") {
            self.keep(line, "a test that is not run proves nothing: `#[ignore]`");
        }
        if (attr.path().is_ident("path") || mentions(&attr.meta, "path")) && !self.outside() {
            self.keep(line, "`#[path]` is a door in the wall");
        }
        if let Some(text) = doc_text(attr)
            && let Some(fence) = text.trim().strip_prefix("```")
            && fence.split(',').any(|word| word.trim().starts_with("ignore"))
        {
            self.keep(line, "an example that is not compiled: use `text`, or `no_run` with its reason");
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let tokens = call.tokens.to_string().replace(' ', "");
        if tokens.contains("#[ignore") {
            self.keep(call.path.segments[0].ident.span().start().line, "`#[ignore]` inside a macro");
        }
        if call.path.is_ident("include") && !self.outside() {
            self.keep(call.path.segments[0].ident.span().start().line, "`include!` is a door in the wall");
        }
        visit::visit_macro(self, call);
    }
}

/// `cfg_attr(…, word)` in any of its forms.
fn mentions(meta: &syn::Meta, word: &str) -> bool {
    let syn::Meta::List(list) = meta else { return false };
    if !list.path.is_ident("cfg_attr") {
        return false;
    }
    let text = list.tokens.to_string();
    text.split(',').skip(1).any(|part| part.trim() == word || part.trim().starts_with(&format!("{word} =")))
}

fn doc_text(attr: &syn::Attribute) -> Option<String> {
    match &attr.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
fn count(path: &str, text: &str) -> usize {
    check(&Source::planted(path, text)).len()
}

#[test]
fn a_planted_poor_first_line_is_found() {
    for poor in
        ["", "use std::fmt;", "//!", "//! Vault.", "//! The vault module.", "// Locks keys away.", "//! keys/vault"]
    {
        assert_eq!(count("keys/src/vault.rs", poor), 1, "{poor}");
    }
    assert_eq!(count("keys/src/vault.rs", "//! Device keys under a passphrase.\n"), 0);
    assert_eq!(count("src/ui/mod.rs", "//! The ui.\n"), 1);
}

#[test]
fn planted_ignored_tests_are_found() {
    let planted = [
        "#[test]\n#[ignore]\nfn f() {}",
        "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
        "#[test]\n#[cfg_attr(windows, ignore)]\nfn f() {}",
        "proptest! { #[test] #[ignore] fn f(x in 0..1) {} }",
        "/// ```ignore\n/// f();\n/// ```\nfn f() {}",
    ];
    for code in planted {
        assert_eq!(count("src/ui/app.rs", &format!("//! One key from press to screen.\n{code}\n")), 1, "{code}");
    }
    let fine =
        "//! One key from press to screen.\n/// ```text\n/// x\n/// ```\n#[cfg_attr(test, derive(Debug))]\nstruct S;\n";
    assert_eq!(count("src/ui/app.rs", fine), 0);
}

#[test]
fn a_planted_back_door_and_a_broken_file_are_found() {
    let code = "//! One key from press to screen.\n#[path = \"../runtime/desk.rs\"]\nmod desk;\n";
    assert_eq!(count("src/ui/app.rs", code), 1);
    let include = "//! One key from press to screen.\ninclude!(\"../runtime/desk.rs\");\n";
    assert_eq!(count("src/ui/app.rs", include), 1);
    assert_eq!(count("src/ui/app.rs", "//! One key from press to screen.\nfn f( {\n"), 1);
}
