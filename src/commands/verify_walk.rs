//! The walk of `amanat verify`: chains, signatures, envelopes and receipts, each finding with its place.

use std::collections::HashMap;

use amanat_keys::{
    error::{Forgery, KeysError},
    fingerprint::{DeviceId, Digest},
    statement::{Purpose, Statement},
    trust::Trust,
};
use amanat_sync::{
    along::Along,
    batch::{Item, Limit, Why},
    chain,
    entry::{EntryRef, Kind},
    error::SyncError,
    journal::{Cursor, Journal as _, KnownHead, Wanted},
    receipt::{Checkpoint, Receipt},
    road::Road,
    stories::{Heard, Word},
};

use super::verify_findings::Findings;
use crate::{
    failure::Failure,
    runtime::{fault, homes::home::Home, screen::tellings::story_words},
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
    let (mut seq, mut along) = (0, Along::default());
    let device = trust.device(&known.device).filter(|device| !device.is_active());
    let cut = device.and_then(|device| device.cut_off(&known.journal));
    // A receipt that does not open is told of where receipts are looked at.
    let own = home.status().map(|status| status.own).unwrap_or_default();
    let last = own.iter().find(|own| own.journal == known.journal).map(|own| own.complete);
    while seq < known.head.seq {
        let wanted = Wanted::After { device: known.device, journal: known.journal, seq };
        let runs = match home.journal().pending(&wanted, Limit::BODY) {
            Ok(runs) => runs,
            Err(SyncError::StorageDamaged(what)) => return damaged(home, known, what, findings),
            Err(error) => return Err(fault::sync("reading the journal", &error)),
        };
        let before = seq;
        for run in runs.iter().filter(|run| run.device == known.device && run.journal == known.journal) {
            for item in &run.items {
                seq += 1;
                let at = EntryRef { device: known.device, journal: known.journal, seq };
                item_holds(trust, at, item, link, &mut along, findings);
                if let Some(wrong) = item.entry().map(|entry| home.wrong_with_parts(entry, last)).transpose()?.flatten()
                {
                    findings.note(Some(at), wrong);
                }
                link = chain::link(&link, &item.hash());
                if cut.is_some_and(|cut| cut.seq == seq && !cut.link.is_zero() && cut.link != link) {
                    findings.note(Some(at), "another history than the one that the roster trusts of this device");
                }
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

fn item_holds(trust: &Trust, at: EntryRef, item: &Item, link: Digest, along: &mut Along, findings: &mut Findings) {
    let Item::Entry(entry) = item else {
        findings.elided += 1;
        return;
    };
    findings.entries += 1;
    findings.met.note(entry);
    if entry.header.kind == Kind::Sealed && entry.envelope.is_some() {
        findings.contents.insert(at);
    }
    match along.judge(&entry.header) {
        Ok(()) => along.pass(&entry.header),
        Err(Why::RosterFell) => findings.note(Some(at), "it names an older roster than an entry before it"),
        Err(_) => findings.note(Some(at), "it lies under the slip of another case, or under no slip"),
    }
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
fn damaged(home: &Home, known: &KnownHead, what: &str, findings: &mut Findings) -> Result<(), Failure> {
    let (mut cursor, mut named) = (Some(Cursor::START), false);
    while let Some(after) = cursor {
        let page = home.journal().entries_after(after, Limit::BODY);
        let page = match page {
            Err(SyncError::StorageDamaged(what)) => {
                findings.note(None, what);
                return Ok(());
            }
            page => page.map_err(|error| fault::sync("reading the journal", &error))?,
        };
        cursor = page.next;
        for at in page.damaged.into_iter().filter(|at| at.device == known.device && at.journal == known.journal) {
            findings.note(Some(at), "its row is damaged");
            named = true;
        }
    }
    if !named {
        // Every row opens, and yet they are no chain: a place is missing, or a link was changed.
        findings.note(None, format!("journal {}: {what}", known.journal));
    }
    Ok(())
}

/// Every receipt names a link that is ours and, with the newest checkpoint, is signed by the hub.
pub(super) fn receipts(home: &Home, links: &HashMap<EntryRef, Digest>, findings: &mut Findings) -> Result<(), Failure> {
    let trust = home.trust()?;
    for hub in trust.hubs() {
        let status = match home.journal().status(&hub.id) {
            Err(SyncError::StorageDamaged(what)) => {
                findings.note(None, format!("what is on file of the hub: {what}"));
                continue;
            }
            status => status.map_err(|error| fault::sync("reading the journal", &error))?,
        };
        for (receipt, statement) in status.receipts.iter().chain(&status.passed) {
            findings.receipts += 1;
            let at = EntryRef { device: receipt.device, journal: receipt.journal, seq: receipt.seq };
            if links.get(&at) != Some(&receipt.link) {
                findings.note(Some(at), "the hub's receipt names another link");
            }
            match proven(statement, Purpose::Receipt, trust, &hub.id, (receipt.epoch, receipt.checkpoint)) {
                Err(error) => findings.note(Some(at), format!("the hub's receipt: {}", fault::told(&error))),
                Ok(proven) if proven != Digest::of(&receipt.encode()) => {
                    findings.note(Some(at), "the hub's receipt says another thing")
                }
                Ok(_) => {}
            }
        }
        let Some((checkpoint, hash, statement)) = status.checkpoint else { continue };
        match proven(&statement, Purpose::Checkpoint, trust, &hub.id, (checkpoint.epoch, checkpoint.number)) {
            Err(error) => findings.note(None, format!("checkpoint {}: {}", checkpoint.number, fault::told(&error))),
            Ok(proven) if proven != hash => {
                findings.note(None, format!("checkpoint {}: its hash is another", checkpoint.number));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Proofs that a hub told two stories. Each is read anew: two words that its key signed and that cannot both be true.
pub(super) fn stories(home: &Home, findings: &mut Findings) -> Result<(), Failure> {
    let road = match Road::read(home.journal()) {
        Err(SyncError::StorageDamaged(what)) => {
            findings.note(None, what);
            return Ok(());
        }
        road => road.map_err(|error| fault::sync("reading what is remembered of the road", &error))?,
    };
    for (one, other) in road.stories {
        let mut heard = Heard::default();
        let found =
            [&one, &other].into_iter().filter_map(|word| heard.hear(proven_word(word, home.trust().ok()?)?)).last();
        match found {
            Some(story) => findings.note(
                None,
                format!(
                    "the hub told two stories of {}: two words that it signed are kept as proof",
                    story_words(&story.about)
                ),
            ),
            None => findings.note(None, "a proof of two stories of the hub does not prove them"),
        }
        findings.proofs.push((one, other));
    }
    Ok(())
}

fn proven_word(bytes: &[u8], trust: &Trust) -> Option<Word> {
    let statement = Statement::from_bytes(bytes).ok()?;
    trust.hubs().iter().find_map(|hub| {
        if statement.purpose() == Purpose::Receipt {
            let word = Receipt::prove(statement.clone(), trust, &hub.id).ok()?;
            return Some(Word::receipt(&word, bytes));
        }
        let word = Checkpoint::prove(statement.clone(), trust, &hub.id).ok()?;
        Some(Word::checkpoint(&word, bytes))
    })
}

/// The hash of what a statement of the hub says, if the hub's key of that checkpoint signed it.
fn proven(
    statement: &[u8],
    purpose: Purpose,
    trust: &Trust,
    hub: &DeviceId,
    (epoch, checkpoint): (u64, u64),
) -> Result<Digest, KeysError> {
    let key = trust.hub_key(hub, epoch, checkpoint)?;
    let statement = Statement::from_bytes(statement)?;
    if statement.purpose() != purpose {
        return Err(Forgery::OtherPurpose.into());
    }
    let signed = statement.signatures().iter().find(|(id, _)| *id == key.key_id());
    let (_, signature) = signed.ok_or(Forgery::Signature)?;
    key.verify(purpose, &trust.agency(), statement.payload(), signature)?;
    Ok(statement.payload_hash())
}
