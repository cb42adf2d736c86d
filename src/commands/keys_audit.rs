//! `amanat keys audit DEVICE|KEY`: what a key could read and what it can still open, to read, as JSON, and as a page for a file.

use std::{fs, path::Path};

use serde_json::json;

use super::{
    context::Context,
    output::{Report, one_line, put},
};
use crate::{failure::Failure, runtime::roster::audit_page, words::Tongue};

pub(super) fn run(context: &Context, asked: Option<&str>, html: Option<&Path>) -> Result<Report, Failure> {
    let home = context.unlock()?;
    let asked = asked.map_or_else(|| home.device().to_string(), str::to_owned);
    let page = audit_page::page(&home, &asked, home.keys_asked(&asked)?)?;
    if let Some(html) = html {
        fs::write(html, audit_page::html(&page, Tongue::En))
            .map_err(|error| Failure::disk("writing the audit", &error))?;
    }
    let mut text = String::from("Keys asked about:");
    for (id, of) in &page.keys {
        let short: String = id.chars().take(8).collect();
        text.push_str(&format!("\n  {short}  {}", one_line(&of.en)));
    }
    for sentence in page.told().iter().filter(|sentence| sentence.key != "audit.due") {
        text.push_str(&format!("\n{}", one_line(&audit_page::said(Tongue::En, sentence))));
    }
    for unit in &page.due {
        text.push_str(&format!("\nIf it is revoked: amanat keys rotate unit \"{}\"", one_line(unit)));
    }
    let mut json = audit_page::json(&page);
    put(&mut json, "html", json!(html));
    Ok(Report::new(text, json))
}
