//! `amanat keys rekey CASE [--reseal] [--look]`: a new key for what is written in a case from now on, and, where what lies under the older
//! one must not stay, everything in it sealed again.

use std::time::Duration;

use amanat_keys::{
    fingerprint::DeviceId,
    rotation::{LeftOut, Said},
};
use serde_json::{Value as Json, json};

use super::{
    book::Book,
    context::Context,
    keys_rotate::named,
    output::{Report, put},
    typed,
};
use crate::{
    failure::Failure,
    model::CaseId,
    runtime::{
        border::entry_id,
        clock,
        homes::home::Home,
        rotation::{
            reseal_far::Far,
            reseal_look::{CaseAhead, Left, count},
            resealing::Rekeyed,
        },
    },
};

/// How many entries that are left are named to a person; a program gets all.
const NAMED: usize = 10;

pub(super) fn run(context: &Context, case: &str, reseal: bool, look: bool) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = typed::one_id("case", case, book.casebook.cases().map(|case| case.id))?;
    drop(book);
    if look {
        let ahead = home.look_at_case(case.into())?;
        return Ok(ahead_of(&home, case, &ahead));
    }
    if !reseal {
        let new = home.rekey_case(case.into())?;
        let text = format!("What this device writes into case {} from now on lies under a new key.", case.short());
        return Ok(Report::new(text, json!({"case": case.to_string(), "slips": new.slips})));
    }
    // Everything is opened before anything is written, so that what stays is known while it can still be left alone.
    let ahead = home.look_at_case(case.into())?;
    let (output, begun) = (context.output, clock::instant());
    let mut first = None;
    let sealed = home.reseal_case(case.into(), &mut |far| {
        let from = *first.get_or_insert(far.done);
        output.progress(&told(far, far.done.saturating_sub(from), begun.elapsed()));
        true
    });
    output.progress_done();
    Ok(done(&home, case, &ahead, &sealed?))
}

/// How far, how fast, and how long it will still take.
fn told(far: Far, since: u64, spent: Duration) -> String {
    let Far { done, total, bytes, all_bytes } = far;
    let ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = since.saturating_mul(1000) / ms;
    let mut text = format!("Sealed again {done} of {total}");
    if all_bytes > 0 {
        text.push_str(&format!(", {} of {} MiB of attachments", bytes >> 20, all_bytes.div_ceil(1 << 20)));
    } else if let Some(seconds) = total.saturating_sub(done).checked_div(rate) {
        text.push_str(&format!(", {rate} a second, {seconds} s left"));
    }
    text.push_str("; Ctrl-C stops, and the same command goes on");
    text
}

fn ahead_of(home: &Home, case: CaseId, ahead: &CaseAhead) -> Report {
    let mut text = format!(
        "{} entries of case {} open under {} slips, and would be sealed again; {} have been. Nothing was changed.",
        ahead.open,
        case.short(),
        ahead.slips,
        ahead.before
    );
    text.push_str(&left_told(case, &ahead.left, ahead));
    text.push_str(&stragglers_told(home, &ahead.stragglers));
    let mut json = json!({"case": case.to_string(), "state": "looked", "open": ahead.open, "before": ahead.before,
                          "under_slips": ahead.slips});
    put_left(&mut json, &ahead.left, (ahead.parts, ahead.bytes));
    put(&mut json, "stragglers", devices(home, &ahead.stragglers));
    Report::new(text, json)
}

fn done(home: &Home, case: CaseId, ahead: &CaseAhead, sealed: &Rekeyed) -> Report {
    let mut text = format!(
        "What this device writes into case {} from now on lies under a new key.\n{} entries are sealed again, {} before. Sync: their older \
         envelopes go from the hub and from every device once another reader has opened the new ones.",
        case.short(),
        sealed.resealed,
        sealed.before
    );
    text.push_str(&left_told(case, &sealed.left, ahead));
    text.push_str(&stragglers_told(home, &ahead.stragglers));
    let mut json = json!({"case": case.to_string(), "state": "done", "slips": sealed.slips, "resealed": sealed.resealed,
                          "before": sealed.before});
    put_left(&mut json, &sealed.left, (ahead.parts, ahead.bytes));
    put(&mut json, "stragglers", devices(home, &ahead.stragglers));
    if let Some(word) = &sealed.word {
        put(&mut json, "certificate", json!(word.about().to_string()));
        put(&mut json, "serial", json!(word.serial));
        if let Said::Resealed { from, entries, .. } = &word.said {
            text.push_str(&format!(
                "\nSigned: {entries} entries, by what stands in this device's journal from number {from} to {}.",
                word.last
            ));
            put(&mut json, "from", json!(from));
            put(&mut json, "to", json!(word.last));
            put(&mut json, "certified", json!(entries));
        }
    }
    Report::new(text, json)
}

const fn word(why: LeftOut) -> &'static str {
    match why {
        LeftOut::Shut => "shut",
        LeftOut::Others => "others",
        LeftOut::Attached => "attached",
    }
}

fn left_told(case: CaseId, left: &[Left], ahead: &CaseAhead) -> String {
    let (parts, bytes) = (ahead.parts, ahead.bytes);
    let mut text = String::new();
    for (why, said) in [
        (LeftOut::Shut, "do not open here, and stay under the older key"),
        (LeftOut::Others, "must be sealed again by another custodian"),
        (LeftOut::Attached, "have attachments, and stay under the older key with them"),
    ] {
        let number = count(left, why);
        if number == 0 {
            continue;
        }
        text.push_str(&format!("\n  ! {number} entries {said}"));
        for left in left.iter().filter(|left| left.why == why).take(NAMED) {
            let by: String = left.at.device.to_string().chars().take(8).collect();
            text.push_str(&format!("\n      {}, number {} of device {by}", entry_id(&left.hash).short(), left.at.seq));
        }
    }
    if parts > 0 && ahead.fetches {
        text.push_str(&format!(
            "\n    {parts} attachments of {bytes} bytes: not all of them are here, or they do not open. Those that are not are asked for: sync, and \
             seal the case again."
        ));
    } else if parts > 0 {
        text.push_str(&format!(
            "\n    {parts} attachments of {bytes} bytes: whoever has the older key opens them as long as the hub or a device serves them. To end \
             that, save each (amanat entry save-part), attach it again, and have the admins erase the older entry: amanat case erase {} --entry ID \
             --order TEXT\n    Once every hub and device runs this version, an admin may say so (amanat roster policy least-format 2); then they are sealed again too.",
            case.short()
        ));
    }
    text
}

fn stragglers_told(home: &Home, stragglers: &[DeviceId]) -> String {
    let mut text = String::new();
    for device in stragglers {
        text.push_str(&format!("\n  ! writes in it under a key of its own: {}", named(home, device)));
    }
    if !text.is_empty() {
        text.push_str(
            "\nWhat they seal into it from now on lies under those, until they have run amanat keys rekey themselves.",
        );
    }
    text
}

fn devices(home: &Home, devices: &[DeviceId]) -> Json {
    devices.iter().map(|device| json!({"device": device.to_string(), "name": named(home, device)})).collect()
}

fn put_left(json: &mut Json, left: &[Left], (parts, bytes): (u64, u64)) {
    for why in [LeftOut::Shut, LeftOut::Others, LeftOut::Attached] {
        put(json, word(why), json!(count(left, why)));
    }
    let rows: Vec<Json> = left
        .iter()
        .map(|left| {
            json!({"device": left.at.device.to_string(), "journal": left.at.journal.to_string(), "seq": left.at.seq,
                   "entry": entry_id(&left.hash).to_string(), "why": word(left.why)})
        })
        .collect();
    put(json, "left", json!(rows));
    put(json, "attachments", json!({"count": parts, "bytes": bytes}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_reads_how_many_bytes_of_attachments_are_done_and_else_how_fast_entries_are() {
        let far = Far { done: 3, total: 10, bytes: 512 << 20, all_bytes: 1 << 30 };
        assert!(told(far, 2, Duration::from_secs(1)).contains("3 of 10, 512 of 1024 MiB of attachments; Ctrl-C stops"));
        let far = Far { bytes: 0, all_bytes: 0, ..far };
        assert!(told(far, 2, Duration::from_secs(1)).contains("3 of 10, 2 a second, 3 s left; Ctrl-C stops"));
    }
}
