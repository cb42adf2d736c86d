//! `amanat verify BUNDLE`: a bundle looked through from its first byte to its last, and nothing taken from it.

use std::{
    collections::HashMap,
    io::{self, Write as _},
    path::Path,
};

use amanat_keys::{
    digesting::Digesting,
    fingerprint::{DeviceId, JournalId},
    statement::{Purpose, Statement},
    trust::{Step, Trust},
};
use amanat_sync::{
    along::Along,
    batch::{Item, Run, Why},
    chain::Head,
    entry::EntryRef,
    proof,
    receipt::{Checkpoint, Receipt},
};
use serde_json::{Value as Json, json};

use super::{context::Context, output::Report};
use crate::{
    failure::{Failure, Kind},
    runtime::road::{stick::Opened, stick_fault},
};

/// What was looked at and what is wrong.
#[derive(Default)]
struct Findings {
    papers: u64,
    entries: u64,
    elided: u64,
    parts: u64,
    wrong: Vec<String>,
    ends: Option<Kind>,
}

pub(super) fn run(context: &Context, file: &Path) -> Result<Report, Failure> {
    let home = context.unlock()?;
    // What the papers prove holds for this look alone.
    let mut trust = home.trust()?.clone();
    let mut bundle = home.open_stick(file)?;
    let mut findings = Findings::default();
    let looked = look(&mut bundle, &mut trust, &mut findings);
    if let Err(fault) = looked {
        let failure = stick_fault::reading(&format!("reading {}", file.display()), &fault);
        findings.wrong.push(failure.message);
        findings.ends = Some(failure.kind);
    }
    Ok(report(file, &mut bundle, &trust, findings))
}

fn look(
    bundle: &mut Opened,
    trust: &mut Trust,
    findings: &mut Findings,
) -> Result<(), amanat_sync::bundle::BundleFault> {
    while let Some(paper) = bundle.paper()? {
        findings.papers += 1;
        if let Err(why) = proven(&paper, trust) {
            findings.wrong.push(format!("paper {}: {why}", findings.papers));
        }
    }
    bundle.prove(trust)?;
    let mut ends: HashMap<(DeviceId, JournalId), Head> = HashMap::new();
    while let Some(runs) = bundle.piece()? {
        for (_, run) in runs {
            let place = (run.device, run.journal);
            let known = ends.get(&place).filter(|head| head.seq.checked_add(1) == Some(run.first));
            if known.is_some_and(|head| head.link != run.before) {
                findings
                    .wrong
                    .push(format!("{}: it does not follow from what stands before it", named(&run, run.first)));
            }
            ends.insert(place, run.head());
            walked(run, trust, findings);
        }
    }
    parts(bundle, findings)
}

/// Every attachment, hashed as it comes.
fn parts(bundle: &mut Opened, findings: &mut Findings) -> Result<(), amanat_sync::bundle::BundleFault> {
    let fresh = || Digesting::new(io::sink());
    let mut hash = fresh();
    while let Some((line, from, bytes)) = bundle.part()? {
        if from == 0 {
            hash = fresh();
        }
        hash.write_all(&bytes)?;
        if from.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX)) < line.size {
            continue;
        }
        findings.parts += 1;
        let (_, _, found) = std::mem::replace(&mut hash, fresh()).finish();
        if found != line.at.digest {
            let EntryRef { device, journal, seq } = line.at.entry;
            let at = format!("device {device} journal {journal} number {seq}");
            findings.wrong.push(format!("{at}: an attachment is not what its header names"));
        }
    }
    Ok(())
}

fn walked(run: Run, trust: &Trust, findings: &mut Findings) {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let bare = run.items.iter().filter(|item| matches!(item, Item::Elided(_))).count();
    findings.elided += count(bare);
    findings.entries += count(run.items.len() - bare);
    let frame = Run { items: Vec::new(), ..run.clone() };
    let (_, refused) = run.verify(Along::default(), |entry| proof::key_of(entry, trust));
    for (why, entry) in refused {
        findings.wrong.push(format!("{}: {}", named(&frame, entry.header.seq), words(why)));
    }
}

fn named(run: &Run, seq: u64) -> String {
    let short = |id: String| id.chars().take(8).collect::<String>();
    format!("device {} journal {} number {seq}", short(run.device.to_string()), short(run.journal.to_string()))
}

fn words(why: Why) -> &'static str {
    match why {
        Why::BadSignature => "its signature does not hold",
        Why::UnknownDevice => "no roster known here names its device",
        Why::Revoked => "it lies beyond what the roster trusts of its device",
        Why::RosterFell => "it names an older roster than an entry before it",
        Why::OtherCase => "it lies under the slip of another case, or under no slip",
        _ => "it does not hold",
    }
}

/// Proves one paper by the roster that those before it have led to.
fn proven(paper: &[u8], trust: &mut Trust) -> Result<(), String> {
    let statement = Statement::from_bytes(paper).map_err(|error| error.to_string())?;
    let about = |trust: &Trust| trust.hubs().iter().map(|hub| hub.id).collect::<Vec<_>>();
    match statement.purpose() {
        Purpose::Receipt => {
            let proves = |hub: &DeviceId| Receipt::prove(statement.clone(), trust, hub).is_ok();
            let proven = about(trust).iter().any(proves);
            if proven { Ok(()) } else { Err("a receipt that no hub of the roster signed".to_owned()) }
        }
        Purpose::Checkpoint => {
            let proves = |hub: &DeviceId| Checkpoint::prove(statement.clone(), trust, hub).is_ok();
            let proven = about(trust).iter().any(proves);
            if proven { Ok(()) } else { Err("a checkpoint that no hub of the roster signed".to_owned()) }
        }
        Purpose::Roster => {
            let version = proof::roster_version(&statement).map_err(|error| error.to_string())?;
            // Those below the one held led to it, and cannot be proven from above.
            if version <= trust.roster_version() {
                return Ok(());
            }
            match trust.adopt(paper) {
                Ok(Step::Adopted | Step::AlreadyHeld) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        }
        _ => proof::prove(paper, trust).map(drop).map_err(|error| error.to_string()),
    }
}

fn report(file: &Path, bundle: &mut Opened, trust: &Trust, findings: Findings) -> Report {
    let manifest = bundle.manifest();
    let from = if trust.hubs().iter().any(|hub| hub.id == manifest.from) { "hub" } else { "device" };
    let (signer, announced) = (manifest.from.to_string(), manifest.count());
    let missing = bundle.missing();
    let mut text = format!(
        "{}: from {from} {}, {} papers, {} entries, {} places elided, {announced} announced, {} attachments.",
        file.display(),
        signer.chars().take(8).collect::<String>(),
        findings.papers,
        findings.entries,
        findings.elided,
        findings.parts
    );
    for wrong in &findings.wrong {
        text.push_str(&format!("\n  ! {wrong}"));
    }
    let missing: Vec<Json> = missing
        .iter()
        .map(|it| json!({"device": it.device.to_string(), "journal": it.journal.to_string(), "from": it.from, "upto": it.upto}))
        .collect();
    let holds = findings.wrong.is_empty();
    if holds {
        text.push_str("\nEverything holds.");
    }
    let report = Report::new(
        text,
        json!({
            "holds": holds, "from": from, "signer": signer, "papers": findings.papers, "entries": findings.entries,
            "elided": findings.elided, "announced": announced, "parts": findings.parts,
            "missing": missing, "wrong": findings.wrong,
        }),
    );
    match (holds, findings.ends) {
        (true, _) => report,
        (false, ends) => report.ending(ends.unwrap_or(Kind::Refused)),
    }
}
