//! Where a database is spoken to: SQL stands in the store files and nowhere else.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::source::{Source, Violation, attributes, is_test_only};

/// Beginnings of the files that may hold SQL.
const STORES: [&str; 5] = [
    "sync/src/journal/sqlite",
    "sync/src/journal/schema",
    "sync/hub/src/store/sqlite",
    "sync/hub/src/store/postgres",
    "sync/hub/src/store/schema",
];

/// How a statement begins; a second word keeps English sentences out.
const STATEMENTS: [(&str, &str); 20] = [
    ("select ", " from "),
    ("select ", "("),
    ("insert into ", ""),
    ("insert or ", ""),
    ("replace into ", ""),
    ("update ", " set "),
    ("delete from ", ""),
    ("create table ", ""),
    ("create index ", ""),
    ("create unique index ", ""),
    ("create trigger ", ""),
    ("create view ", ""),
    ("create virtual table ", ""),
    ("alter table ", ""),
    ("drop table ", ""),
    ("drop index ", ""),
    ("pragma ", ""),
    ("begin immediate", ""),
    ("attach database ", ""),
    ("with ", " select "),
];

/// String literals that are SQL, outside the stores. Tests may look into a database.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    if source.test || is_store(&source.path) {
        return Vec::new();
    }
    let Some(file) = source.parse() else { return Vec::new() };
    let mut reader = Literals { found: Vec::new() };
    reader.visit_file(&file);
    let found = reader.found.into_iter().filter(|(_, text)| is_sql(text));
    found.map(|(line, _)| Violation::at(source, line, "SQL outside the stores")).collect()
}

/// A `.sql` file outside the stores.
pub(crate) fn stray_file(path: &str) -> Option<Violation> {
    let stray = path.ends_with(".sql") && !is_store(path) && !path.starts_with("tests/");
    stray.then(|| Violation { path: path.to_owned(), line: 0, what: "an SQL file outside the stores".to_owned() })
}

fn is_store(path: &str) -> bool {
    STORES.iter().any(|store| path.starts_with(store))
}

fn is_sql(text: &str) -> bool {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase() + " ";
    STATEMENTS
        .iter()
        .any(|(begin, then)| text.strip_prefix(begin).is_some_and(|rest| format!(" {rest}").contains(then)))
}

struct Literals {
    found: Vec<(usize, String)>,
}

impl Literals {
    fn read_tokens(&mut self, tokens: TokenStream) {
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.read_tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.found.push((text.span().start().line, text.value()));
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.found.push((text.span().start().line, text.value()));
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.read_tokens(call.tokens.clone());
    }
}

#[test]
fn planted_sql_is_found() {
    let planted = [
        "const A: &str = \"SELECT link FROM entries\";",
        "fn f(c: &C) { c.execute(\"\n  insert into t values (1)\", []); }",
        "fn f() -> String { format!(\"update {table} set x = 1\") }",
        "const A: &str = r#\"PRAGMA user_version\"#;",
        "const A: &str = concat!(\"select count(*)\", \" from t\");",
    ];
    for code in planted {
        assert_eq!(check(&Source::planted("sync/hub/src/accept.rs", code)).len(), 1, "{code}");
        assert_eq!(check(&Source::planted("sync/hub/src/store/sqlite_rows.rs", code)), []);
    }
    let fine =
        "/// select a from b\nconst A: &str = \"Select a form, or update the roster\"; const B: &str = \"with care\";";
    assert_eq!(check(&Source::planted("src/ui/app.rs", fine)), []);
    assert!(stray_file("src/runtime/x.sql").is_some() && stray_file("sync/hub/src/store/schema/1.sql").is_none());
}
