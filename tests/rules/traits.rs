//! Three traits and no ornament: a fourth would need two implementations that people live on.

use syn::visit::{self, Visit};

use super::source::{Source, Violation, attributes, is_test_only};

/// Where each trait is declared.
const TRAITS: [(&str, &str); 3] =
    [("Journal", "sync/src/journal/"), ("Transport", "sync/src/transport"), ("HubStore", "sync/hub/src/store/")];

/// Traits of ours beyond the three, or declared in another place.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.test {
        return Vec::new();
    }
    let Some(file) = source.parse() else { return Vec::new() };
    let mut reader = Declared(Vec::new());
    reader.visit_file(&file);
    let agreed = |name: &str| TRAITS.iter().any(|(own, at)| *own == name && source.path.starts_with(at));
    let strange = reader.0.into_iter().filter(|(_, name)| !agreed(name));
    strange.map(|(line, name)| Violation::at(source, line, format!("trait `{name}` is not one of the three"))).collect()
}

struct Declared(Vec<(usize, String)>);

impl<'ast> Visit<'ast> for Declared {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.0.push((item.ident.span().start().line, item.ident.to_string()));
        visit::visit_item_trait(self, item);
    }
}

#[test]
fn a_planted_fourth_trait_is_found() {
    let found = |path: &str, code: &str| check(&Source::planted(path, code)).len();
    assert_eq!(found("src/ui/app.rs", "pub trait Screen {}"), 1);
    assert_eq!(found("src/ui/app.rs", "fn f() { trait Inner {} }"), 1);
    assert_eq!(found("src/ui/app.rs", "trait Journal {}"), 1);
    assert_eq!(found("sync/src/journal/mod.rs", "pub trait Journal {}"), 0);
    assert_eq!(found("src/ui/app.rs", "#[cfg(test)] mod tests { trait Fake {} }"), 0);
    assert_eq!(found("src/ui/app.rs", "struct S; impl Clone for S { fn clone(&self) -> S { S } }"), 0);
}
