//! `amanat entry quarantined`: what was set aside and why, and the sealed bytes of one for whoever looks into it.

use std::path::Path;

use serde_json::json;

use super::{args::AsideVerb, context::Context, output::Report, typed};
use crate::{
    failure::Failure,
    runtime::road::aside::{self, AsideRow, LookedAgain},
    words::{self, Tongue},
};

pub(super) fn run(context: &Context, verb: Option<&AsideVerb>) -> Result<Report, Failure> {
    match verb {
        None => list(context),
        Some(AsideVerb::Save { id, out }) => save(context, id, out),
        Some(AsideVerb::Retry) => retry(context),
        Some(AsideVerb::Drop { id, yes }) => discard(context, id, *yes),
    }
}

fn list(context: &Context) -> Result<Report, Failure> {
    let home = context.unlock()?;
    let rows = aside::list(&home)?;
    let waiting = rows.iter().filter(|row| !row.whole).count();
    let mut text = match (rows.len(), waiting) {
        (0, _) => "Nothing was set aside.".to_owned(),
        (all, 0) => format!("{all} set aside; all of it has come whole since."),
        (all, waiting) => format!("{all} set aside; {waiting} of them are in question."),
    };
    rows.iter().for_each(|row| text.push_str(&told(row)));
    let listed: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "reason": row.why, "found": row.day.map(|day| day.to_string()), "member": row.member,
                "device": row.device.to_string(), "journal": row.journal, "number": row.number, "bytes": row.bytes,
                "whole_since": row.whole,
            })
        })
        .collect();
    Ok(Report::new(text, json!({"set_aside": listed, "in_question": waiting})))
}

fn told(row: &AsideRow) -> String {
    let day = row.day.map(|day| day.to_string()).unwrap_or_default();
    let day = day.get(..10).unwrap_or("day unknown");
    let why = words::find(Tongue::En, &format!("why.{}", row.why)).unwrap_or(row.why.as_str());
    let since = if row.whole { " It has come whole since." } else { "" };
    let short = row.id.get(..12).unwrap_or_default();
    format!(
        "\n  {short}  {day}  device {} ({}) number {}, {} bytes\n    {why}{since}",
        row.device.short(),
        row.member,
        row.number,
        row.bytes
    )
}

fn save(context: &Context, id: &str, out: &Path) -> Result<Report, Failure> {
    let home = context.unlock()?;
    let rows = aside::list(&home)?;
    let id = typed::one_id("entry set aside", id, rows.iter().map(|row| row.id.as_str()))?;
    let bytes = aside::save(&home, id, out)?;
    let text = format!("Saved to {}, still sealed.\n  bytes  {bytes}", out.display());
    Ok(Report::new(text, json!({"saved": out, "bytes": bytes, "id": id})))
}

fn retry(context: &Context) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let LookedAgain { stand, wait, left } = aside::look_again(&mut home)?;
    let text = format!(
        "Looked at once more, by roster {}.\n  count now         {stand}\n  wait for others   {wait}\n  still in question {left}",
        home.trust()?.roster_version()
    );
    Ok(Report::new(text, json!({"stand": stand, "wait": wait, "left": left})))
}

/// What it comes to, until it is told to do it.
fn discard(context: &Context, id: &str, yes: bool) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let rows = aside::list(&home)?;
    let id = typed::one_id("entry set aside", id, rows.iter().map(|row| row.id.as_str()))?;
    let row = rows.iter().find(|row| row.id == id).map(told).unwrap_or_default();
    let consequence = words::find(Tongue::En, "aside.drop_means").unwrap_or_default();
    if !yes {
        let text = format!("This would be dropped:{row}\n{consequence}\n  To do it, say it again with --yes.");
        return Ok(Report::new(text, json!({"dropped": false, "id": id})));
    }
    let id = id.to_owned();
    aside::discard(&mut home, &id)?;
    Ok(Report::new(format!("Dropped:{row}"), json!({"dropped": true, "id": id})))
}
