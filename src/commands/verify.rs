//! `amanat verify`: everything that was checked once when it was kept or arrived is checked again, and what is wrong is named.

use std::collections::HashMap;

use amanat_sync::{entry::EntryRef, journal::Journal as _};
use serde_json::{Value as Json, json};

use super::{
    book::Book,
    context::Context,
    output::Report,
    roster_page,
    verify_walk::{receipts, walk},
};
use crate::{
    failure::{Failure, Kind},
    runtime::{fault, home::Home},
};

/// What was walked and what is wrong.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) journals: u64,
    pub(super) entries: u64,
    pub(super) elided: u64,
    pub(super) receipts: u64,
    opened: u64,
    closed: u64,
    rosters: u64,
    wrong: Vec<Wrong>,
}

struct Wrong {
    at: Option<EntryRef>,
    why: String,
}

impl Findings {
    pub(super) fn note(&mut self, at: Option<EntryRef>, why: impl Into<String>) {
        self.wrong.push(Wrong { at, why: why.into() });
    }
}

pub(super) fn run(context: &Context) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    home.trust()?;
    let mut findings = Findings::default();
    if let Err(error) = home.journal().check() {
        findings.note(None, fault::sync("the database", &error).message);
    }
    match roster_page::walk(&home, home.trust()?) {
        Ok(rosters) => findings.rosters = rosters,
        Err(failure) => findings.note(None, failure.message),
    }
    let mut links = HashMap::new();
    let heads = home.journal().heads().map_err(|error| fault::sync("reading the journal", &error))?;
    for known in &heads {
        walk(&home, known, &mut findings, &mut links)?;
    }
    receipts(&home, &links, &mut findings)?;
    let book = Book::open(context, &mut home)?;
    findings.opened = book.replayed.opened;
    findings.closed = book.replayed.closed;
    for (at, why) in &book.replayed.failed {
        if !findings.wrong.iter().any(|wrong| wrong.at == Some(*at)) {
            findings.note(Some(*at), why.as_str());
        }
    }
    report(&findings, &home)
}

fn report(findings: &Findings, home: &Home) -> Result<Report, Failure> {
    let quarantined = home.status()?.quarantined;
    let wrong: Vec<Json> = findings
        .wrong
        .iter()
        .map(|wrong| match &wrong.at {
            None => json!({"what": wrong.why}),
            Some(at) => json!({
                "device": at.device.to_string(), "journal": at.journal.to_string(), "number": at.seq, "what": wrong.why,
            }),
        })
        .collect();
    let mut text = format!(
        "{} entries in {} journals, {} places elided, {} opened, {} closed to this device, {} receipts, {} rosters, {} set aside.",
        findings.entries,
        findings.journals,
        findings.elided,
        findings.opened,
        findings.closed,
        findings.receipts,
        findings.rosters,
        quarantined
    );
    for wrong in &findings.wrong {
        let place = wrong.at.map_or_else(String::new, |at| {
            let short = |id: String| id.chars().take(8).collect::<String>();
            format!("journal {} number {}: ", short(at.journal.to_string()), at.seq)
        });
        text.push_str(&format!("\n  ! {place}{}", wrong.why));
    }
    if findings.wrong.is_empty() {
        text.push_str("\nEverything holds.");
    }
    let json = json!({
        "holds": findings.wrong.is_empty(), "entries": findings.entries, "journals": findings.journals,
        "elided": findings.elided, "opened": findings.opened, "closed": findings.closed, "receipts": findings.receipts,
        "rosters": findings.rosters, "quarantined": quarantined, "wrong": wrong,
    });
    let report = Report::new(text, json);
    Ok(if findings.wrong.is_empty() { report } else { report.ending(Kind::Refused) })
}
