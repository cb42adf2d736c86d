//! `amanat case list`: which cases, and filters with a name.

use serde_json::{Value as Json, json};

use super::{args::Which, book::Book, case::table, context::Context, output::Report, shown};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{CaseFilter, CaseState, Code, Delivery, SavedFilter},
    runtime::{clock, homes::home::Home, roster::edit::find_unit, screen::tellings::offered_words},
};

pub(super) fn run(context: &Context, limit: usize, which: &Which) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let filter = filter(&home, which)?;
    if let Some(name) = &which.save {
        save(&mut home, name, &filter)?;
    }
    let book = Book::open(context, &mut home)?;
    let today = clock::now().date().and_then(|date| date.day_number()).unwrap_or(0);
    let me = home.member()?.id.into();
    let mut cases = book.newest_first();
    cases.retain(|file| {
        let received = || book.entries_of(file).iter().all(|entry| book.casebook.delivery(entry) == Delivery::Received);
        let unit = || home.unit_for(&file.id.into()).ok().map(Into::into);
        filter.is_plain() || filter.takes(&book.casebook, file, (today, Some(&me)), received, unit)
    });
    let lines: Vec<Json> = cases.iter().take(limit).map(|case| shown::case_line(&book, case)).collect();
    let mut text = table(&lines);
    if !book.replayed.offered.is_empty() {
        text.push_str(&format!("\n! {}", offered_words(book.replayed.offered.len())));
    }
    Ok(Report::new(
        text,
        json!({"cases": lines, "total": cases.len(), "closed": book.replayed.closed, "offered": book.replayed.offered.len()}),
    ))
}

/// The saved one that was named, narrowed by what else was asked for.
fn filter(home: &Home, which: &Which) -> Result<CaseFilter, Failure> {
    let mut filter = match &which.filter {
        None => CaseFilter::default(),
        Some(name) => {
            let saved = home.filters()?;
            let known = saved.iter().find(|saved| *saved.name == **name).map(|saved| saved.filter.clone());
            known.ok_or_else(|| no_filter(name, &saved))?
        }
    };
    if !filter.words.is_empty() {
        return Err(Failure::usage(
            "listing cases — that filter was saved with words to search for, and those belong to the screen",
            "Open it there (F3), or save it again with the search empty.",
        ));
    }
    let codebook = home.codebook()?;
    for (list, given, into) in [
        ("case_class", &which.class, &mut filter.class),
        ("exploitation_type", &which.exploitation, &mut filter.exploitation),
        ("case_status", &which.status, &mut filter.status),
    ] {
        if let Some(given) = given {
            *into = Some(code(&codebook, list, given)?);
        }
    }
    for (asked, state) in [
        (which.open, CaseState::Open),
        (which.high_risk, CaseState::HighRisk),
        (which.not_received, CaseState::NotReceived),
    ] {
        if asked {
            filter.state = state;
        }
    }
    filter.due |= which.due;
    filter.mine |= which.mine;
    filter.station = which.station.as_deref().map(Into::into).or(filter.station);
    if let Some(named) = &which.unit {
        filter.unit = Some(find_unit(home.trust()?.roster(), Some(named))?.id.into());
    }
    filter.days = which.days.or(filter.days);
    Ok(filter)
}

fn code(codebook: &Codebook, list: &str, given: &str) -> Result<Code, Failure> {
    let items = codebook.list(list).map(|list| list.items.as_slice()).unwrap_or_default();
    let known = items.iter().find(|item| item.code.as_str().eq_ignore_ascii_case(given));
    known.map(|item| item.code.clone()).ok_or_else(|| {
        let codes: Vec<&str> = items.iter().map(|item| item.code.as_str()).collect();
        Failure::usage(
            format!("listing cases — the list {list} has no code {given}"),
            format!("Codes: {}.", codes.join(", ")),
        )
    })
}

fn no_filter(name: &str, saved: &[SavedFilter]) -> Failure {
    let names: Vec<&str> = saved.iter().map(|saved| &*saved.name).collect();
    let hint = if names.is_empty() {
        "None is saved yet: --save NAME.".to_owned()
    } else {
        format!("Saved: {}.", names.join(", "))
    };
    Failure::usage(format!("listing cases — no filter is called {name}"), hint)
}

fn save(home: &mut Home, name: &str, filter: &CaseFilter) -> Result<(), Failure> {
    if name.trim().is_empty() {
        return Err(Failure::usage("saving the filter — its name is empty", "Give it a name."));
    }
    let mut filters = home.filters()?;
    filters.retain(|saved| *saved.name != *name);
    filters.push(SavedFilter { name: name.into(), filter: filter.clone() });
    filters.sort_by(|one, other| one.name.cmp(&other.name));
    home.keep_filters(&filters)
}
