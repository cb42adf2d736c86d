//! `amanat keys retention`: what may go from this device, what stays and why, and letting it go.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{book::Book, context::Context, output::Report};
use crate::{
    failure::Failure,
    runtime::erasure::retention::{Kept, Retention, Stays},
};

pub(super) fn run(context: &Context, apply: bool) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    home.trust()?;
    // What readers at headquarters say is among the entries.
    let book = Book::open(context, &mut home)?;
    let away = book.casebook.cases().map(|case| book.casebook.at_headquarters(&case.id)).sum::<usize>();
    let Some(plan) = home.retention()? else {
        let why = if home.reads_for_hq() {
            "This device reads for headquarters: nothing goes from it."
        } else {
            "The roster has no policy retention-days: nothing goes from this device.\n  An admin sets one with: amanat roster policy \
             retention-days 90"
        };
        return Ok(Report::new(why, json!({"days": null, "entries": [], "kept_at_headquarters": away, "dropped": 0})));
    };
    let (days, entries) = (plan.days, plan.entries.iter().map(told).collect::<Vec<Json>>());
    let mut text = page(&plan, away);
    let mut dropped = 0;
    if apply {
        dropped = home.apply_retention(plan)?.len();
        text.push_str(&format!("\n{dropped} entries dropped: headquarters keeps them."));
    }
    let away = away + dropped;
    Ok(Report::new(text, json!({"days": days, "entries": entries, "kept_at_headquarters": away, "dropped": dropped})))
}

fn page(plan: &Retention, away: usize) -> String {
    let mut by_word: BTreeMap<&str, usize> = BTreeMap::new();
    plan.entries.iter().for_each(|entry| *by_word.entry(word(entry.stays)).or_default() += 1);
    let mut lines = vec![format!(
        "Copies go {} days after a reader at headquarters has opened them, by the hub's clock.",
        plan.days
    )];
    for (word, count) in by_word {
        lines.push(format!("  {count:>7}  {word}"));
    }
    lines.push(format!("  {away:>7}  gone already, kept at headquarters"));
    lines.join("\n")
}

const fn word(stays: Stays) -> &'static str {
    match stays {
        Stays::MayGo(_) => "may go",
        Stays::NotForHeadquarters => "stay: sealed to nobody at headquarters",
        Stays::NotOpened => "stay: no reader at headquarters has opened them",
        Stays::NotReceived => "stay: not received by headquarters",
        Stays::Young(_) => "stay: opened not long enough ago",
    }
}

fn told(entry: &Kept) -> Json {
    let days = match entry.stays {
        Stays::MayGo(days) | Stays::Young(days) => Some(days),
        Stays::NotForHeadquarters | Stays::NotOpened | Stays::NotReceived => None,
    };
    json!({
        "case": entry.case.to_string(), "journal": entry.at.journal.to_string(), "number": entry.at.seq,
        "state": word(entry.stays), "opened_days_ago": days,
    })
}
