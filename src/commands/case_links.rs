//! `amanat case links`: what a case shares with others, without a name.

use serde_json::{Value as Json, json};

use super::{book::Book, context::Context, filled::case_id, output::Report};
use crate::{
    codebook::links::{Link, links},
    failure::Failure,
};

pub(super) fn run(context: &Context, id: &str) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = case_id(&book, id)?;
    let found = links(&book.casebook, &case);
    let line = |link: &Link| {
        let roles = link.roles.as_ref().map(|(here, there)| format!("  {here} <-> {there}"));
        format!("{:<6} {}{}", link.why.word(), link.case, roles.unwrap_or_default())
    };
    let text = if found.is_empty() {
        "Nothing that can be read here ties this case to another.".to_owned()
    } else {
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let json: Vec<Json> = found
        .iter()
        .map(|link| {
            json!({
                "why": link.why.word(), "case": link.case.to_string(), "here": link.here.to_string(),
                "there": link.there.to_string(),
                "roles": link.roles.as_ref().map(|(here, there)| [here.to_string(), there.to_string()]),
            })
        })
        .collect();
    Ok(Report::new(text, json!({ "links": json })))
}
