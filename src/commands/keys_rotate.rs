//! `amanat keys rotate unit NAME`: the same command offers a unit's new key, rewraps its slips once the admins have listed it, and goes
//! on after whatever stopped it.

use std::{path::Path, time::Duration};

use amanat_keys::{
    fingerprint::{CaseId, DeviceId},
    recipient::RecipientKind,
    roster::Unit,
    rotation::{RotationWord, Said},
    statement::Statement,
};
use amanat_sync::entry::EntryRef;
use serde_json::{Value as Json, json};

use super::{
    context::Context,
    output::{Report, one_line},
};
use crate::{
    failure::Failure,
    runtime::{
        clock,
        homes::{home::Home, pack},
        roster::{edit, enrol::UNIT_KEY},
        rotation::units::{Looked, Rotated},
    },
};

pub(super) fn run(
    context: &Context,
    what: &str,
    which: Option<&str>,
    out: Option<&Path>,
    kind: Option<RecipientKind>,
) -> Result<Report, Failure> {
    match what {
        "unit" => unit(context, which, out, kind),
        _ => Err(Failure::usage(
            format!("rotating a key — there is no such thing as {}", one_line(what)),
            "Use: amanat keys rotate unit NAME, amanat keys rotate device, amanat keys rotate root or amanat keys rotate hub.",
        )),
    }
}

fn unit(
    context: &Context,
    which: Option<&str>,
    out: Option<&Path>,
    kind: Option<RecipientKind>,
) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let unit = match which {
        Some(name) => edit::find_unit(home.trust()?.roster(), Some(name))?.clone(),
        None => home.unit()?.clone(),
    };
    let output = context.output;
    let begun = clock::instant();
    let mut first = None;
    let rotated = home.rotate_unit_to(kind, unit.id, &mut |done, total| {
        let from = *first.get_or_insert(done);
        output.progress(&told(done, total, done.saturating_sub(from), begun.elapsed()));
        true
    });
    output.progress_done();
    match rotated? {
        Rotated::Offered { request, words, looked } => {
            let name = format!("unit-key-{}.join", unit.epoch + 1);
            let out = out.map_or_else(|| home.paths().folder().join(name), Path::to_path_buf);
            offered(&home, &unit, (&request, &words), &looked, &out)
        }
        Rotated::Stopped { rewrapped, total } => Ok(Report::new(
            format!("Stopped: {rewrapped} of {total} slips are rewrapped. The same command goes on."),
            json!({"state": "stopped", "unit": unit.name, "rewrapped": rewrapped, "total": total}),
        )),
        Rotated::Done { word, now, escrowed } => done(&home, &unit, &word, now, escrowed),
    }
}

/// How far, how fast, and how long it will still take.
fn told(done: u64, total: u64, since: u64, spent: Duration) -> String {
    let ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = since.saturating_mul(1000) / ms;
    let left = total.saturating_sub(done);
    match left.checked_div(rate) {
        Some(seconds) => format!(
            "Rewrapped {done} of {total}, {rate} a second, {seconds} s left; Ctrl-C stops, and the same command goes on"
        ),
        None => format!("Rewrapped {done} of {total}"),
    }
}

fn offered(
    home: &Home,
    unit: &Unit,
    (request, words): (&Statement, &str),
    looked: &Looked,
    out: &Path,
) -> Result<Report, Failure> {
    let shut = &looked.shut;
    pack::write_statement(request, out, "request")?;
    let mut text = format!(
        "{} slips of {} open here. Its next key is made and kept; nothing is rewrapped yet.\n  request  {}\n  words    {words}\n\
         Next, an admin: amanat roster approve FILE --fingerprint \"{words}\" --role {UNIT_KEY} --unit \"{}\"\n\
         Then sync, and run the same command again.",
        looked.open,
        one_line(&unit.name),
        out.display(),
        one_line(&unit.name),
    );
    if !shut.is_empty() {
        text.push_str(&format!(
            "\n  ! {} slips do not open here: they will keep their key, and whoever holds it can open them. If another reader of the unit \
             opens them, let that reader rotate",
            shut.len()
        ));
        text.push_str(&lines_of(home, shut));
    }
    if looked.others > 0 {
        text.push_str(&format!(
            "\n  ! {} slips were written at headquarters: a custodian there runs this command as well, at the end",
            looked.others
        ));
    }
    Ok(Report::new(
        text,
        json!({"state": "offered", "unit": unit.name, "epoch": unit.epoch + 1, "request": out, "words": words,
               "open": looked.open, "shut": shut.len(), "others": looked.others, "shut_slips": rows_of(shut)}),
    ))
}

/// Slips that are listed one by one in the text; the JSON has them all.
const LISTED: usize = 20;

/// Where slips stand that do not open here, and in whose journal.
fn lines_of(home: &Home, shut: &[(EntryRef, CaseId)]) -> String {
    let line = |(at, case): &(EntryRef, CaseId)| {
        let case: String = case.to_string().chars().take(8).collect();
        format!("\n      case {case}, entry {} of {}", at.seq, named(home, &at.device))
    };
    let mut text: String = shut.iter().take(LISTED).map(line).collect();
    if let Some(more) = shut.len().checked_sub(LISTED).filter(|more| *more > 0) {
        text.push_str(&format!("\n      and {more} more: see --json"));
    }
    text
}

fn rows_of(shut: &[(EntryRef, CaseId)]) -> Vec<Json> {
    let row = |(at, case): &(EntryRef, CaseId)| json!({"case": case.to_string(), "device": at.device.to_string(), "journal": at.journal.to_string(), "number": at.seq});
    shut.iter().map(row).collect()
}

fn done(home: &Home, unit: &Unit, word: &RotationWord, now: u64, escrowed: bool) -> Result<Report, Failure> {
    let Said::Rewrapped { epoch, slips, left, stragglers, .. } = &word.said else {
        return Ok(Report::new("", json!({})));
    };
    let shut = if *left > 0 { home.shut_slips(unit)? } else { Vec::new() };
    let names: Vec<String> = stragglers.iter().map(|device| named(home, device)).collect();
    let mut text = format!(
        "{now} slips of {} are rewrapped to key {epoch}, {slips} in all. Sync: the older ones go from the hub and from every device once \
         another reader has opened these.",
        one_line(&unit.name),
    );
    if *left > 0 {
        text.push_str(&format!(
            "\n  ! {left} slips keep an older key: they do not open here, or were written at headquarters"
        ));
        text.push_str(&lines_of(home, &shut));
    }
    if !escrowed {
        text.push_str("\n  ! the roster names no recovery identity: only the unit's readers can open its new key");
    }
    for name in &names {
        text.push_str(&format!("\n  ! has not heard of it yet: {name}"));
    }
    if !names.is_empty() {
        text.push_str("\nWhat they seal meanwhile to the older key is read, and rewrapped here when it comes.");
    }
    let named: Vec<Json> = stragglers
        .iter()
        .zip(&names)
        .map(|(device, name)| json!({"device": device.to_string(), "name": name}))
        .collect();
    Ok(Report::new(
        text,
        json!({"state": "done", "unit": unit.name, "epoch": epoch, "rewrapped": slips, "now": now, "left": left,
               "escrowed": escrowed, "stragglers": named, "certificate": word.about().to_string(), "serial": word.serial,
               "shut_slips": rows_of(&shut)}),
    ))
}

/// Whose device.
pub(super) fn named(home: &Home, device: &DeviceId) -> String {
    let member = home.trust().ok().and_then(|trust| trust.roster().member_of(device));
    let short: String = device.to_string().chars().take(8).collect();
    member.map_or_else(|| short.clone(), |member| format!("{} ({short})", one_line(&member.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_rotation_will_still_take_stands_in_its_line_and_nothing_where_nobody_knows() {
        let after = |ms| told(2_000, 10_000, 1_500, Duration::from_millis(ms));
        let line = "Rewrapped 2000 of 10000, 1000 a second, 8 s left; Ctrl-C stops, and the same command goes on";
        assert_eq!(after(1_500), line);
        assert!(after(3_000).contains("500 a second, 16 s left"), "{}", after(3_000));
        assert_eq!(told(2_000, 10_000, 0, Duration::ZERO), "Rewrapped 2000 of 10000", "no rate, no promise");
        assert!(told(10_000, 10_000, 9_500, Duration::from_secs(1)).contains(" 0 s left"), "the last line");
    }
}
