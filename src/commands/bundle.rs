//! `amanat bundle write|read`: a stick, for the road without a network.

use std::path::Path;

use amanat_sync::courier::{End, TakenIn};
use serde_json::json;

use super::{args::BundleVerb, book::Book, context::Context, output::Report, sync};
use crate::{
    failure::{Failure, Kind},
    runtime::{
        homes::home::Home,
        road::{
            arrivals::Arrived,
            carrier,
            stick::{StickJob, Wrote},
            stick_fault,
        },
        screen::tellings::{carrier_words, rivals_words},
    },
};

pub(super) fn run(context: &Context, verb: &BundleVerb) -> Result<Report, Failure> {
    match verb {
        BundleVerb::Write { file, to } => write(context, file, to.as_deref()),
        BundleVerb::Read { file } => read(context, file),
    }
}

fn write(context: &Context, file: &Path, to: Option<&str>) -> Result<Report, Failure> {
    let home = context.unlock()?;
    let (to, mut job, output) = (home.addressee(to)?, StickJob::new(&home)?, context.output);
    let wrote = job.write(file, &to, &mut |done, all| {
        output.progress(&format!("{done} of {all} written"));
        true
    });
    output.progress_done();
    let wrote = wrote.map_err(|unwritten| unwritten.failure)?;
    let text = format!(
        "{}: for {}; {} entries that headquarters has not signed for ({} of others), {} receipts for others, {}; {} bytes, on the \
         medium and read back. They count as handed over; received only when headquarters' receipt comes back.",
        wrote.path.display(),
        wrote.to,
        wrote.entries,
        wrote.of_others,
        wrote.receipts,
        attachments(&wrote),
        wrote.bytes
    );
    Ok(Report::new(
        text,
        json!({
            "file": wrote.path.display().to_string(), "to": wrote.to, "entries": wrote.entries,
            "of_others": wrote.of_others, "receipts": wrote.receipts, "parts": wrote.parts,
            "parts_left": wrote.parts_left, "bytes": wrote.bytes,
        }),
    ))
}

/// The attachments in words, and those that found no room.
fn attachments(wrote: &Wrote) -> String {
    let left = match wrote.parts_left {
        0 => String::new(),
        left => format!(" ({left} more did not fit: write them to another stick, or sync)"),
    };
    format!("{} attachments{left}", wrote.parts)
}

fn read(context: &Context, file: &Path) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    home.trust()?;
    let mut bundle = home.open_stick(file)?;
    Book::open(context, &mut home)?;
    let (mut job, output) = (StickJob::new(&home)?, context.output);
    let taken = job.take_in(&mut bundle, &mut |done, all| {
        output.progress(&format!("{done} of {all} read"));
        true
    });
    output.progress_done();
    let arrived = home.take_home(&home.codebook()?, &taken.outcome)?;
    if arrived.adopted.rivals > 0 {
        output.note(&rivals_words(home.trust()?.roster_version()));
    }
    for refused in &arrived.adopted.refused {
        output.note(refused);
    }
    for failure in &arrived.afterwards {
        output.note(&failure.message);
    }
    if let Some(failure) = carrier::ended(&taken.outcome.end).filter(|_| matches!(taken.outcome.end, End::Local(_))) {
        return Err(failure);
    }
    report(&home, file, &taken, &arrived)
}

fn report(home: &Home, file: &Path, taken: &TakenIn, arrived: &Arrived) -> Result<Report, Failure> {
    let status = home.status()?;
    let received: u64 = status.own.iter().map(|own| own.received).sum();
    let (waiting, outcome) = (status.waiting(), &taken.outcome);
    let trouble: Vec<String> = outcome.trouble.iter().map(carrier_words).collect();
    let mut text = format!(
        "{}: {} of {} entries read, {} of them new; {} carried for others from here on.\n  received     {received}\n  waiting      \
         {waiting}\n  documents    {}\n  attachments  {}",
        file.display(),
        taken.read,
        taken.announced,
        outcome.pulled,
        taken.carried,
        outcome.documents,
        outcome.parts.arrived
    );
    if taken.parts_missing > 0 {
        text.push_str(&format!(
            "\n  - {} attachments did not come whole; read the stick again, or another",
            taken.parts_missing
        ));
    }
    for line in &trouble {
        text.push_str(&format!("\n  ! {line}"));
    }
    let doing = format!("reading {}", file.display());
    let fault = taken.fault.as_ref().map(|fault| stick_fault::reading(&doing, fault));
    if let Some(fault) = &fault {
        text.push_str(&format!("\n  ! {}\n    {}", fault.message, fault.hint));
    }
    let short = |id: String| id.chars().take(8).collect::<String>();
    for it in &taken.missing {
        let (device, journal) = (short(it.device.to_string()), short(it.journal.to_string()));
        text.push_str(&format!("\n  - missing: device {device} journal {journal}, numbers {} to {}", it.from, it.upto));
    }
    let missing = taken.missing.iter().map(|it| {
        json!({"device": it.device.to_string(), "journal": it.journal.to_string(), "from": it.from, "upto": it.upto})
    });
    let json = json!({
        "from": taken.from.to_string(), "announced": taken.announced, "read": taken.read, "new": outcome.pulled,
        "carried": taken.carried, "received": received, "waiting": waiting, "documents": outcome.documents,
        "parts": outcome.parts.arrived, "parts_missing": taken.parts_missing, "set_aside": outcome.set_aside, "opened": arrived.replayed.opened, "roster": home.trust()?.roster_version(),
        "new_keys": arrived.adopted.keys.len(), "missing": missing.collect::<Vec<_>>(), "trouble": trouble,
        "whole": taken.fault.is_none(), "fault": fault.as_ref().map(|fault| fault.message.clone()),
    });
    let report = Report::new(text, json);
    Ok(match (outcome.trouble.iter().any(sync::is_distrust), fault) {
        (true, _) => report.ending(Kind::Refused),
        (false, Some(fault)) => report.ending(fault.kind),
        (false, None) => report,
    })
}
