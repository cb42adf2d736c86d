//! `amanat home list|add`: several officers on one machine, each under their own passphrase.

use serde_json::{Value as Json, json};

use super::{
    args::HomeVerb,
    context::Context,
    output::{Report, one_line},
};
use crate::{failure::Failure, runtime::homes::listed::Homes};

pub(super) fn run(context: &Context, verb: &HomeVerb) -> Result<Report, Failure> {
    match verb {
        HomeVerb::List => list(context),
        HomeVerb::Add { name } => add(context, name),
    }
}

fn list(context: &Context) -> Result<Report, Failure> {
    let here = context.paths()?;
    let rows = Homes::around(&here).list();
    let line = |row: &crate::runtime::homes::listed::HomeRow| {
        let name = row.name.as_deref().map_or_else(|| "(first)".to_owned(), one_line);
        let state = match (row.device, row.joined) {
            (false, _) => "no device yet",
            (true, false) => "not joined yet",
            (true, true) => "locked",
        };
        let mark = if row.paths == here { "*" } else { " " };
        format!("{mark} {name:<24}  {state:<14}  {:>5} waiting  {}", row.waiting, row.paths.folder().display())
    };
    let json: Vec<Json> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name, "folder": row.paths.folder(), "device": row.device, "joined": row.joined,
                "waiting": row.waiting, "here": row.paths == here,
            })
        })
        .collect();
    Ok(Report::new(rows.iter().map(line).collect::<Vec<_>>().join("\n"), json!({"homes": json})))
}

fn add(context: &Context, name: &str) -> Result<Report, Failure> {
    let made = Homes::around(&context.paths()?).add(name)?;
    let folder = made.folder();
    Ok(Report::new(
        format!(
            "A home for {}, with nothing in it yet.\n  folder   {}\nThey make their own keys there, under a passphrase of their own: \
             amanat --home FOLDER\nFrom then on F3 on the lock screen changes between homes.",
            one_line(name),
            folder.display()
        ),
        json!({"name": name, "folder": folder}),
    ))
}
