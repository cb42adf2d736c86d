//! `amanat keys audit DEVICE|KEY`: what a key could read and what it can still open, to read, as JSON, and as a page for a file.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::{Value as Json, json};

use super::{
    context::Context,
    output::{Report, one_line},
};
use crate::{
    failure::Failure,
    runtime::{clock, roster::audit::Audit},
};

pub(super) fn run(context: &Context, asked: Option<&str>, html: Option<&Path>) -> Result<Report, Failure> {
    let home = context.unlock()?;
    let asked = asked.map_or_else(|| home.device().to_string(), str::to_owned);
    let audit = home.audit(home.keys_asked(&asked)?)?;
    if let Some(html) = html {
        fs::write(html, page(&audit, &asked)).map_err(|error| Failure::disk("writing the audit", &error))?;
    }
    let total = audit.total();
    let mut text = String::from("Keys asked about:");
    for key in &audit.keys {
        let short: String = key.id.to_string().chars().take(8).collect();
        text.push_str(&format!("\n  {short}  {}", one_line(&key.of)));
    }
    text.push_str(&format!(
        "\nCould read {} entries of {} cases; what was copied then stays copied.\n{}",
        total.could,
        audit.cases.len(),
        now(&audit),
    ));
    let cases: Vec<Json> = audit
        .cases
        .iter()
        .map(|(case, audit)| json!({"case": case.to_string(), "could": audit.could, "now": audit.now}))
        .collect();
    // Which units' keys a device that is gone leaves to be rotated.
    let device = home.trust()?.roster().devices.iter().find(|it| it.id.to_string().starts_with(&asked)).map(|it| it.id);
    let due =
        device.filter(|_| asked.len() >= 8).map(|device| home.due_after(&device)).transpose()?.unwrap_or_default();
    let due: Vec<String> = due.into_iter().map(|unit| unit.name).collect();
    for unit in &due {
        text.push_str(&format!("\nIf it is revoked: amanat keys rotate unit \"{}\"", one_line(unit)));
    }
    let keys: Vec<Json> = audit.keys.iter().map(|key| json!({"key": key.id.to_string(), "of": key.of})).collect();
    Ok(Report::new(
        text,
        json!({"asked": asked, "keys": keys, "could_read": total.could, "can_open_now": total.now, "served": audit.served,
               "gone": audit.gone, "due_if_revoked": due, "cases": cases, "html": html}),
    ))
}

/// The sentence on what is left.
fn now(audit: &Audit) -> String {
    if audit.served == 0 {
        return format!(
            "Now it opens nothing that the hub or this device serves: {} slips that named it are gone.",
            audit.gone
        );
    }
    format!(
        "Now it still opens {} entries: {} slips that name it are served, {} are gone.",
        audit.total().now,
        audit.served,
        audit.gone
    )
}

/// A page that stands alone. It names no person in a case, and cases by their ids only.
fn page(audit: &Audit, asked: &str) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Amanat: audit of a key</title>\n\
         <style>body{{font-family:sans-serif;margin:2em}}td,th{{padding:.2em 1em;text-align:left}}</style>\n\
         <h1>What a key could read, and what it can open now</h1>\n<p>Asked: {}. Written: {}.</p>\n<ul>",
        escaped(asked),
        escaped(&clock::now().to_string()),
    );
    for key in &audit.keys {
        let _ok = write!(page, "<li><code>{}</code> {}</li>", key.id, escaped(&key.of));
    }
    let _ok = write!(
        page,
        "</ul>\n<p>{}</p>\n<table><tr><th>Case</th><th>Could read</th><th>Can open now</th></tr>\n",
        escaped(&now(audit))
    );
    for (case, audit) in &audit.cases {
        let _ok = writeln!(page, "<tr><td><code>{case}</code></td><td>{}</td><td>{}</td></tr>", audit.could, audit.now);
    }
    page.push_str("</table>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
