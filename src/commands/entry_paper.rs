//! `amanat entry paper`: an entry as a page to print.

use std::{
    io::{Write as _, stdout},
    path::Path,
};

use serde_json::json;

use super::{
    args::PaperKind,
    book::Book,
    context::Context,
    filled::{entry_id, gone},
    output::Report,
};
use crate::{
    failure::Failure,
    model::Code,
    report::paper::{Paper, Request},
    runtime::{clock, entries::keep::ToKeep, homes::config::Config, screen::printing},
    words::Both,
};

pub(super) fn run(
    context: &Context,
    id: &str,
    kind: PaperKind,
    names: bool,
    out: Option<&Path>,
) -> Result<Report, Failure> {
    let to_stdout = out.is_some_and(|path| path == Path::new("-"));
    if to_stdout && context.output.json {
        return Err(Failure::usage("printing — the page and JSON cannot both go to stdout", "Leave one of them out."));
    }
    let mut home = context.unlock()?;
    let config = Config::read(&home.paths().settings())?;
    let book = Book::open(context, &mut home)?;
    let id = entry_id(&book, id)?;
    let case = book.casebook.entry(&id).ok_or_else(|| gone(&id))?.case;
    let codebook = home.codebook()?;
    let (unit, officer) = (home.unit()?.name.clone(), home.member()?.name.clone());
    let request = Request {
        book: &book.casebook,
        codebook: &codebook,
        entry: id,
        names,
        unit: &unit,
        officer: &officer,
        now: clock::now(),
    };
    let paper = match kind {
        PaperKind::Consent => Paper::Consent,
        PaperKind::Letter => Paper::Letter,
        PaperKind::Card => Paper::Card,
        PaperKind::Statement => Paper::Statement,
    };
    let page = paper.page(&request).map_err(|refusal| {
        Failure::usage(format!("printing — {}", Both::fill(refusal.0, &[]).en), "See amanat entry paper --help.")
    })?;
    let page = zeroize::Zeroizing::new(page);
    // On record before it is done: from here on there is a copy that nothing protects.
    for what in [names.then_some("names"), Some("print")].into_iter().flatten() {
        home.keep(&codebook, ToKeep::access(case, Code::new(what), 1))?;
    }
    let said = match out {
        Some(_) if to_stdout => {
            let written = stdout().write_all(page.as_bytes()).and_then(|()| stdout().flush());
            written.map_err(|error| Failure::disk("printing the page to stdout", &error))?;
            return Ok(Report::new("", json!({})));
        }
        Some(path) => {
            printing::to_file("the paper", path, &page)?;
            format!("Saved in {}. Nothing protects it: print it and delete it.", path.display())
        }
        None => {
            printing::to_printer(&config, &page, &|| false)?;
            "The printer has it. Stay with it until the paper is in your hand.".to_owned()
        }
    };
    Ok(Report::new(said, json!({"entry": id.to_string(), "file": out})))
}
