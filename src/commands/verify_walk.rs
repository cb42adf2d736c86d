//! The walk of `amanat verify`: chains, signatures, envelopes and receipts, each finding with its place.

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

use super::verify::Findings;
use crate::{
    failure::Failure,
    runtime::{fault, home::Home},
};

/// One journal from its first link to its head: every header in the chain, every signature, every envelope's digest.
pub(super) fn walk(
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
pub(super) fn receipts(home: &Home, links: &HashMap<EntryRef, Digest>, findings: &mut Findings) -> Result<(), Failure> {
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
