//! `amanat verify`: everything that was checked once when it was kept or arrived is checked again, and what is wrong is named.

use std::collections::{HashMap, HashSet};

use amanat_sync::{entry::EntryRef, journal::Journal as _};
use serde_json::{Value as Json, json};

use super::{
    book::Book,
    context::Context,
    output::Report,
    roster_page,
    verify_erased::erasures,
    verify_findings::Findings,
    verify_walk::{receipts, stories, walk},
};
use crate::{
    failure::{Failure, Kind},
    model::Author,
    runtime::{entries::replay::Replayed, fault, homes::home::Home},
};

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
    stories(&home, &mut findings)?;
    match Book::open(context, &mut home) {
        Ok(book) => opening(&book.replayed, &mut findings),
        // What was found so far is told all the same.
        Err(failure) => findings.note(None, failure.message),
    }
    for (at, why) in home.reseals_that_lie()? {
        findings.note(Some(at), why);
    }
    // What headquarters has opened is known only now.
    let met = std::mem::take(&mut findings.met);
    erasures(&home, &met, &mut findings)?;
    report(&mut findings, &home)
}

/// What opening everything came to. Every content is accounted for: a number that does not add up is a finding.
fn opening(replayed: &Replayed, findings: &mut Findings) {
    findings.opened = replayed.opened;
    findings.closed = replayed.closed;
    findings.offered.clone_from(&replayed.offered);
    let apart = replayed.offered.iter().chain(replayed.failed.iter().map(|(at, _)| at));
    // An erasure that a program killed in between had not carried out is carried out by reading.
    let gone: Vec<EntryRef> = replayed.gone.iter().map(|gone| gone.author).map(at).collect();
    let apart: HashSet<&EntryRef> = apart.chain(&gone).filter(|at| findings.contents.contains(at)).collect();
    // Opened from a stand-in, its own envelope being gone: no content of its own.
    let own = findings.opened.saturating_sub(replayed.resealed);
    let told = own + findings.closed + u64::try_from(apart.len()).unwrap_or(u64::MAX);
    let contents = u64::try_from(findings.contents.len()).unwrap_or(u64::MAX);
    for (at, why) in &replayed.failed {
        if !findings.wrong.iter().any(|wrong| wrong.at == Some(*at)) {
            findings.note(Some(*at), why.as_str());
        }
    }
    if findings.wrong.is_empty() && told != contents {
        findings.note(None, format!("{contents} entries have content and {told} are accounted for"));
    }
}

fn at(author: Author) -> EntryRef {
    EntryRef { device: author.device.into(), journal: author.journal.into(), seq: author.seq }
}

fn report(findings: &mut Findings, home: &Home) -> Result<Report, Failure> {
    let quarantined = match home.journal().quarantined() {
        Ok(aside) => aside.len(),
        Err(error) => {
            findings.note(None, fault::sync("what was set aside", &error).message);
            0
        }
    };
    let place =
        |at: &EntryRef| json!({"device": at.device.to_string(), "journal": at.journal.to_string(), "number": at.seq});
    let offered: Vec<Json> = findings.offered.iter().map(place).collect();
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
        "{} entries in {} journals, {} places elided, {} opened, {} closed to this device, {} erased by order, {} kept at headquarters, {} replaced, {} offered, {} receipts, {} rosters, {} set aside.",
        findings.entries,
        findings.journals,
        findings.elided,
        findings.opened,
        findings.closed,
        findings.erased,
        findings.dropped,
        findings.replaced,
        findings.offered.len(),
        findings.receipts,
        findings.rosters,
        quarantined
    );
    let named = |at: &EntryRef| {
        let short = |id: String| id.chars().take(8).collect::<String>();
        format!("journal {} number {}: ", short(at.journal.to_string()), at.seq)
    };
    for at in &findings.offered {
        text.push_str(&format!(
            "\n  - {}offered by somebody who does not belong to the case, and not shown in it",
            named(at)
        ));
    }
    for wrong in &findings.wrong {
        let place = wrong.at.as_ref().map_or_else(String::new, named);
        text.push_str(&format!("\n  ! {place}{}", wrong.why));
    }
    if findings.wrong.is_empty() {
        text.push_str("\nEverything holds.");
    }
    let spelt = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let proofs: Vec<Json> =
        findings.proofs.iter().map(|(one, other)| json!({"one": spelt(one), "other": spelt(other)})).collect();
    let json = json!({
        "holds": findings.wrong.is_empty(), "entries": findings.entries, "journals": findings.journals,
        "elided": findings.elided, "opened": findings.opened, "closed": findings.closed, "erased": findings.erased, "dropped": findings.dropped, "replaced": findings.replaced, "offered": offered, "receipts": findings.receipts,
        "rosters": findings.rosters, "quarantined": quarantined, "wrong": wrong, "proofs": proofs,
    });
    let report = Report::new(text, json);
    Ok(if findings.wrong.is_empty() { report } else { report.ending(Kind::Refused) })
}
