//! Doors hold no furniture: `mod.rs` and the `lib.rs` of a library say what is inside and nothing more.

use syn::visit::{self, Visit};

use super::source::{Source, Violation};

/// Libraries whose root is a door too. The hub's root holds `Hub` and its router.
const ROOTS: [&str; 3] = ["src/lib.rs", "keys/src/lib.rs", "sync/src/lib.rs"];

/// Function bodies in a door.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let door = source.path.ends_with("/mod.rs") || ROOTS.contains(&source.path.as_str());
    let Some(file) = source.parse().filter(|_| door) else { return Vec::new() };
    let mut bodies = Bodies(Vec::new());
    bodies.visit_file(&file);
    bodies.0.into_iter().map(|(line, name)| Violation::at(source, line, format!("a door holds `{name}`"))).collect()
}

struct Bodies(Vec<(usize, String)>);

impl Bodies {
    fn keep(&mut self, name: &syn::Ident) {
        self.0.push((name.span().start().line, name.to_string()));
    }
}

impl<'ast> Visit<'ast> for Bodies {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.keep(&item.sig.ident);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.keep(&item.sig.ident);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if item.default.is_some() {
            self.keep(&item.sig.ident);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[test]
fn a_planted_body_in_a_door_is_found() {
    let planted = ["fn f() {}", "struct S; impl S { fn f() {} }", "trait T { fn f() {} }", "mod inner { fn f() {} }"];
    for code in planted {
        assert_eq!(check(&Source::planted("src/ui/mod.rs", code)).len(), 1, "{code}");
        assert_eq!(check(&Source::planted("keys/src/lib.rs", code)).len(), 1, "{code}");
        assert_eq!(check(&Source::planted("src/ui/app.rs", code)), []);
    }
    let door = "mod app; pub use app::App; pub trait Journal { fn head(&self) -> u64; }";
    assert_eq!(check(&Source::planted("sync/src/journal/mod.rs", door)), []);
}
