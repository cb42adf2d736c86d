//! Forms as data: what is asked, in which words, under which rules.

pub mod alike;
mod around;
mod catalog;
mod check;
pub mod correct;
pub mod counted;
pub mod derive;
mod files;
mod find;
mod finish;
mod form;
mod grammar;
mod joined;
pub mod law;
pub mod links;
mod load;
mod near;
pub mod procedure;
mod rule;
#[cfg(test)]
mod rule_laws;
#[cfg(test)]
mod rules_alive;
pub mod screened;
mod search;
pub mod shape;
mod shared;

pub use around::Surroundings;
pub use catalog::{Catalog, Refused};
pub use check::{Finding, check, untranslated};
pub use files::CodebookFiles;
pub use find::{Finder, fold};
pub use finish::{
    Layout, MAX_LONG_TEXT, MAX_MONEY, MAX_TEXT, Origin, Sealing, check_draft, finish, finish_among, layout, presets,
    renewed, split_sealed, visible, visible_among,
};
pub use form::{
    ANY_FORM, AnswerItem, CodeItem, CodeList, Codebook, Form, FormRule, Question, QuestionKind, Required,
    STOPPED_EARLY, Section, Stands, Text,
};
pub use grammar::RuleError;
pub use joined::{JoinWish, joined};
pub use load::{LoadError, Sources};
pub use rule::{BEFORE, CASE, CnicSays, Comparison, Expr, Facts, Path, Rule, Standing, Term, Truth};
pub use search::{FEW, Found, SearchIndex, Wanted};
pub use shared::SHARED;
