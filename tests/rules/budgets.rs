//! How long a file and a function may be, counted in lines of code: blank lines and lines of comment are free.

use syn::visit::{self, Visit};

use super::source::{Source, Violation, attributes, is_code, is_test_only, lines};

const FILE: usize = 400;
const FILE_WITH_TESTS: usize = 600;
const FUNCTION: usize = 70;

/// Files over their budget. Test code counts only towards the second one.
pub(crate) fn files(source: &Source) -> Vec<Violation> {
    let Some(file) = source.parse() else { return Vec::new() };
    let tested: Vec<(usize, usize)> =
        file.items.iter().filter(|item| is_test_only(attributes(item))).map(lines).collect();
    let in_tests = |line: usize| source.test || tested.iter().any(|(from, to)| (*from..=*to).contains(&line));
    let code: Vec<usize> =
        source.text.lines().enumerate().filter(|(_, line)| is_code(line)).map(|(at, _)| at + 1).collect();
    let plain = code.iter().filter(|line| !in_tests(**line)).count();
    let over = |count: usize, budget: usize, of: &str| {
        (count > budget).then(|| Violation::at(source, 0, format!("{count} lines of {of}, the budget is {budget}")))
    };
    over(plain, FILE, "code").into_iter().chain(over(code.len(), FILE_WITH_TESTS, "code with tests")).collect()
}

/// Functions over their budget, unless one carries `expect(clippy::too_many_lines, reason = "…")` itself.
pub(crate) fn functions(source: &Source) -> Vec<Violation> {
    let Some(file) = source.parse() else { return Vec::new() };
    let mut reader = Functions { source, text: source.text.lines().collect(), found: Vec::new() };
    reader.visit_file(&file);
    reader.found
}

struct Functions<'a> {
    source: &'a Source,
    text: Vec<&'a str>,
    found: Vec<Violation>,
}

impl Functions<'_> {
    fn judge(&mut self, attrs: &[syn::Attribute], name: &syn::Ident, block: &syn::Block) {
        let (from, to) = (block.brace_token.span.open().start().line, block.brace_token.span.close().start().line);
        let inner = self.text.iter().take(to.saturating_sub(1)).skip(from);
        let count = inner.filter(|line| is_code(line)).count();
        if count > FUNCTION && !is_excused(attrs) {
            let what = format!("`{name}` has {count} lines, the budget is {FUNCTION}");
            self.found.push(Violation::at(self.source, name.span().start().line, what));
        }
    }
}

/// An `expect` with a reason; an `allow` or an empty reason excuses nothing.
fn is_excused(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("expect")).any(|attr| {
        let Ok(list) = attr.meta.require_list() else { return false };
        let text = list.tokens.to_string().replace(' ', "");
        text.contains("clippy::too_many_lines") && text.contains("reason=\"") && !text.contains("reason=\"\"")
    })
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.judge(&item.attrs, &item.sig.ident, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.judge(&item.attrs, &item.sig.ident, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.judge(&item.attrs, &item.sig.ident, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
fn long(lines: usize) -> String {
    "    let x = 1;\n\n    // free\n".repeat(lines)
}

#[test]
fn a_planted_long_file_is_found() {
    let constants = |count: usize| "const A: u8 = 1;\n// free\n\n".repeat(count);
    assert_eq!(files(&Source::planted("src/ui/app.rs", &constants(400))), []);
    assert_eq!(files(&Source::planted("src/ui/app.rs", &constants(401))).len(), 1);
    let tested = |count| format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", constants(300), constants(count));
    assert_eq!(files(&Source::planted("src/ui/app.rs", &tested(297))), []);
    assert_eq!(files(&Source::planted("src/ui/app.rs", &tested(298))).len(), 1);
}

#[test]
fn a_planted_long_function_is_found() {
    let code = |count| format!("struct S; impl S {{\nfn f() {{\n{}}}\n}}\n", long(count));
    assert_eq!(functions(&Source::planted("src/ui/app.rs", &code(70))), []);
    assert_eq!(functions(&Source::planted("src/ui/app.rs", &code(71))).len(), 1);
}

#[test]
fn only_an_expect_with_a_reason_excuses_a_long_function() {
    let code = |attr: &str| format!("#[{attr}]\nfn f() {{\n{}}}\n", long(71));
    let count = |attr: &str| functions(&Source::planted("src/ui/app.rs", &code(attr))).len();
    assert_eq!(count("expect(clippy::too_many_lines, reason = \"one flat match\")"), 0);
    assert_eq!(count("expect(clippy::too_many_lines, reason = \"\")"), 1);
    assert_eq!(count("expect(clippy::too_many_lines)"), 1);
    assert_eq!(count("allow(clippy::too_many_lines, reason = \"one flat match\")"), 1);
}
