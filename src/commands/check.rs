//! `amanat check table`: what does not reconcile in somebody's table of counts. Needs no home; nothing is kept.

use std::{fs::File, io::BufReader, path::Path};

use serde_json::{Value as Json, json};

use super::{args::CheckVerb, output::Report};
use crate::{
    failure::{Failure, Kind},
    report::{self, Checked, Finding},
};

/// Lines named beside a finding in the text form; `--json` names all.
const NAMED: usize = 8;

pub(super) fn run(verb: &CheckVerb) -> Result<Report, Failure> {
    let CheckVerb::Table { file } = verb;
    table(file)
}

fn table(file: &Path) -> Result<Report, Failure> {
    let doing = || format!("checking the table {}", file.display());
    let input = File::open(file).map_err(|error| Failure::disk(doing(), &error))?;
    let table = report::read_table(BufReader::new(input)).map_err(|error| {
        Failure::usage(
            format!("{} — {error}", doing()),
            "It takes the columns of UNODC's published dataset; see --help.",
        )
    })?;
    let checked = report::reconcile(&table);
    let rows = table.rows.len();
    let said = Report::new(text(rows, &checked), document(rows, &checked));
    Ok(if checked.findings.is_empty() { said } else { said.ending(Kind::Failed) })
}

fn text(rows: usize, checked: &Checked) -> String {
    let mut text = String::new();
    let mut under = None;
    for finding in &checked.findings {
        let page = (&finding.country, finding.year);
        if under != Some(page) {
            let year =
                finding.year.map_or_else(|| "Lines that were not understood".to_owned(), |year| year.to_string());
            text.push_str(&format!("{}\n", format!("{} {year}", finding.country).trim()));
            under = Some(page);
        }
        let mark = if finding.rule.certain() { "wrong" } else { "doubt" };
        text.push_str(&format!("  {mark}  {}  ({})\n", finding.what, lines(finding)));
    }
    for complete in &checked.completeness {
        let place = format!("{} {}", complete.country, complete.year);
        text.push_str(&format!("Form of exploitation, {}: known for {}\n", place.trim(), complete.text()));
    }
    let wrong = checked.findings.iter().filter(|finding| finding.rule.certain()).count();
    let all = checked.findings.len();
    text.push_str(&match all {
        0 => format!("{rows} cells reconcile."),
        _ => format!("{rows} cells: {wrong} things are wrong, {} are doubtful.", all - wrong),
    });
    text
}

fn lines(finding: &Finding) -> String {
    let mut lines: Vec<String> = finding.cells.iter().take(NAMED).map(|(line, _)| line.to_string()).collect();
    if finding.cells.len() > NAMED {
        lines.push(format!("and {} more", finding.cells.len() - NAMED));
    }
    let noun = if finding.cells.len() == 1 { "line" } else { "lines" };
    format!("{noun} {}", lines.join(", "))
}

fn document(rows: usize, checked: &Checked) -> Json {
    let finding = |finding: &Finding| {
        let cells: Vec<Json> =
            finding.cells.iter().map(|(line, value)| json!({"line": line, "value": value})).collect();
        json!({
            "rule": finding.rule.word(), "certain": finding.rule.certain(), "country": finding.country,
            "year": finding.year, "what": finding.what, "cells": cells,
        })
    };
    let complete: Vec<Json> = checked
        .completeness
        .iter()
        .map(|year| json!({"country": year.country, "year": year.year, "known": year.known, "of": year.of, "per_mille": year.per_mille()}))
        .collect();
    json!({
        "cells": rows, "reconciles": checked.findings.is_empty(),
        "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(), "form_completeness": complete,
    })
}
