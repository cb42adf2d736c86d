//! `amanat verify`: everything that was checked once when it was kept or arrived is checked again, and what is wrong is named.

use std::collections::HashMap;

use amanat_keys::{
    fingerprint::Digest,
    statement::{Purpose, Statement},
    trust::Trust,
};
use amanat_sync::{
    batch::{Item, Limit},
    chain,
    entry::EntryRef,
    error::SyncError,
    journal::{Cursor, Journal as _, KnownHead, Wanted},
    receipt::Checkpoint,
};
use serde_json::{Value as Json, json};

use super::{book::Book, context::Context, output::Report, roster_page};
use crate::{
    failure::{Failure, Kind},
    runtime::{fault, home::Home},
};

/// What was walked and what is wrong.
#[derive(Default)]
struct Findings {
    journals: u64,
    entries: u64,
    elided: u64,
    receipts: u64,
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
    fn note(&mut self, at: Option<EntryRef>, why: impl Into<String>) {
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

/// One journal from its first link to its head: every header in the chain, every signature, every envelope's digest.
fn walk(
    home: &Home,
    known: &KnownHead,
    findings: &mut Findings,
    links: &mut HashMap<EntryRef, Digest>,
) -> Result<(), Failure> {
    findings.journals += 1;
    let trust = home.trust()?;
    let mut link = chain::link0(&known.agency, &known.device, &known.journal);
    let mut seq = 0;
    while seq < known.head.seq {
        let wanted = Wanted::After { device: known.device, journal: known.journal, seq };
        let runs = match home.journal().pending(&wanted, Limit::BODY) {
            Ok(runs) => runs,
            Err(SyncError::StorageDamaged(_)) => return damaged(home, known, findings),
            Err(error) => return Err(fault::sync("reading the journal", &error)),
        };
        let before = seq;
        for run in runs.iter().filter(|run| run.device == known.device && run.journal == known.journal) {
            for item in &run.items {
                seq += 1;
                let at = EntryRef { device: known.device, journal: known.journal, seq };
                item_holds(trust, at, item, link, findings);
                link = chain::link(&link, &item.hash());
                links.insert(at, link);
            }
        }
        if seq == before {
            let at = EntryRef { device: known.device, journal: known.journal, seq: seq + 1 };
            findings.note(Some(at), "missing");
            return Ok(());
        }
    }
    if link != known.head.link {
        let at = EntryRef { device: known.device, journal: known.journal, seq };
        findings.note(Some(at), "the chain does not lead to the head on file");
    }
    Ok(())
}

fn item_holds(trust: &Trust, at: EntryRef, item: &Item, link: Digest, findings: &mut Findings) {
    let Item::Entry(entry) = item else {
        findings.elided += 1;
        return;
    };
    findings.entries += 1;
    if entry.at() != at {
        findings.note(Some(at), "its header names another place");
    }
    if entry.header.prev != link {
        findings.note(Some(at), "its header names another previous link");
    }
    match trust.verifying_key(&at.device, &at.journal, at.seq) {
        Err(forgery) => findings.note(Some(at), forgery.to_string()),
        Ok(key) => {
            if let Err(error) = entry.verify(&key) {
                findings.note(Some(at), fault::told(&error));
            }
        }
    }
    if let Some(envelope) = &entry.envelope
        && Digest::of(envelope) != entry.header.digest
    {
        findings.note(Some(at), "its envelope is not the one that was signed");
    }
}

/// A row that does not open stops the walk of its journal; all such rows are named.
fn damaged(home: &Home, known: &KnownHead, findings: &mut Findings) -> Result<(), Failure> {
    let mut cursor = Some(Cursor::START);
    while let Some(after) = cursor {
        let page = home.journal().entries_after(after, Limit::BODY);
        let page = page.map_err(|error| fault::sync("reading the journal", &error))?;
        cursor = page.next;
        for at in page.damaged.into_iter().filter(|at| at.device == known.device && at.journal == known.journal) {
            findings.note(Some(at), "its row is damaged");
        }
    }
    Ok(())
}

/// Every receipt names a link that is ours, and the newest checkpoint is signed by the hub.
fn receipts(home: &Home, links: &HashMap<EntryRef, Digest>, findings: &mut Findings) -> Result<(), Failure> {
    let (trust, device) = (home.trust()?, home.device());
    for hub in trust.hubs() {
        let status = home.journal().status(&hub.id).map_err(|error| fault::sync("reading the journal", &error))?;
        for own in status.own.iter().filter(|own| own.received > 0) {
            findings.receipts += 1;
            let at = EntryRef { device, journal: own.journal, seq: own.received };
            if links.get(&at).copied() != own.received_link {
                findings.note(Some(at), "the hub's receipt names another link");
            }
        }
        let Some((checkpoint, hash, statement)) = status.checkpoint else { continue };
        let proven = Statement::from_bytes(&statement)
            .map_err(Into::into)
            .and_then(|statement| statement.expect::<Checkpoint>(Purpose::Checkpoint))
            .and_then(|statement| statement.verify_by(&trust.agency(), &trust.hub_key(&hub.id, checkpoint.number)?));
        match proven {
            Err(error) => findings.note(None, format!("checkpoint {}: {}", checkpoint.number, fault::told(&error))),
            Ok(proven) if proven.statement().payload_hash() != hash => {
                findings.note(None, format!("checkpoint {}: its hash is another", checkpoint.number));
            }
            Ok(_) => {}
        }
    }
    Ok(())
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
