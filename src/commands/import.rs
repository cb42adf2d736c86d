//! `amanat import csv|htcds`: other people's tables become cases. One bad row never stops the good ones, and a row that is here
//! already is not taken twice.

use std::{collections::HashSet, fs, path::Path};

use amanat_keys::fingerprint::{CaseId, Digest};
use serde_json::{Value as Json, json};

use super::{
    args::ImportVerb,
    book::{Book, codebook},
    context::Context,
    output::Report,
};
use crate::{
    codebook::Codebook,
    failure::Failure,
    intake::{BadRow, Imported, Map, MapError, Outcome, RowReader, csv_header, htcds_map, htcds_table},
    model::Source,
    runtime::{
        clock,
        entries::keep::{ToKeep, What},
    },
};

/// Largest table that is read, bytes.
const MAX_TABLE: u64 = 1 << 30;
/// Bad rows named in the text form; `--json` names all.
const NAMED: usize = 20;

pub(super) fn run(context: &Context, verb: &ImportVerb) -> Result<Report, Failure> {
    let codebook = codebook()?;
    let (table, dry_run) = match verb {
        ImportVerb::Csv { file, map, dry_run } => {
            let text = fs::read_to_string(map)
                .map_err(|error| Failure::disk(format!("reading the map {}", map.display()), &error))?;
            let map = Map::parse(&text, codebook).map_err(|error| unfit(map, &error))?;
            (csv(codebook, &map, file)?, *dry_run)
        }
        ImportVerb::Htcds { file, dry_run } => (htcds(codebook, file)?, *dry_run),
    };
    if dry_run { Ok(dry(&table)) } else { keep(context, codebook, table) }
}

/// What a table held.
#[derive(Default)]
struct Table {
    rows: Vec<Imported>,
    bad: Vec<BadRow>,
}

impl Table {
    fn take(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Row(row) => self.rows.push(*row),
            Outcome::Bad(bad) => self.bad.push(bad),
        }
    }
}

fn csv(codebook: &Codebook, map: &Map, file: &Path) -> Result<Table, Failure> {
    let bytes = read(file)?;
    let (mut lines, header) = csv_header(bytes.as_slice()).map_err(|error| unfit(file, &error))?;
    let mut rows = RowReader::bind(map, codebook, &header, row_digest).map_err(|error| unfit(file, &error))?;
    let mut table = Table::default();
    while let Some(outcome) = lines.next_row(&mut rows) {
        table.take(outcome);
    }
    Ok(table)
}

fn htcds(codebook: &Codebook, file: &Path) -> Result<Table, Failure> {
    let map = htcds_map(codebook).map_err(|error| unfit(file, &error))?;
    let mut lines = htcds_table(&read(file)?, &map).map_err(|error| unfit(file, &error))?;
    let header = lines.header.clone();
    let mut rows = RowReader::bind(&map, codebook, &header, row_digest).map_err(|error| unfit(file, &error))?;
    let mut table = Table::default();
    while let Some(outcome) = lines.next_row(&mut rows) {
        table.take(outcome);
    }
    Ok(table)
}

fn read(file: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, Failure> {
    let doing = || format!("reading the table {}", file.display());
    let size = fs::metadata(file).map_err(|error| Failure::disk(doing(), &error))?.len();
    if size > MAX_TABLE {
        return Err(Failure::usage(format!("{} — larger than 1 GiB", doing()), "Split it."));
    }
    fs::read(file).map(Into::into).map_err(|error| Failure::disk(doing(), &error))
}

fn unfit(file: &Path, error: &MapError) -> Failure {
    Failure::usage(format!("importing {} — {error}", file.display()), "Correct the map or the table. Nothing was kept.")
}

/// The identity of a row: each part after its length, so that none runs into the next.
fn row_digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut spelt = Vec::new();
    for part in parts {
        spelt.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        spelt.extend_from_slice(part);
    }
    *Digest::tagged("import-row", &[&spelt]).as_bytes()
}

fn dry(table: &Table) -> Report {
    let text = format!("{} rows could be kept, {} could not.{}", table.rows.len(), table.bad.len(), named(&table.bad));
    Report::new(text, json!({"dry_run": true, "rows": table.rows.len(), "kept": 0, "bad": bad(&table.bad)}))
}

fn keep(context: &Context, codebook: &Codebook, table: Table) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let known: HashSet<[u8; 32]> =
        book.entries().filter_map(|entry| entry.source.as_ref()).map(|source| source.row).collect();
    drop(book);
    let rows = table.rows.len();
    let things: Vec<ToKeep> =
        table.rows.into_iter().filter(|row| !known.contains(&row.source.row)).flat_map(case_of).collect();
    let (new, began) = (things.len() / 2, clock::instant());
    context.keep_many(&mut home, codebook, things)?;
    let took = clock::instant().duration_since(began).as_secs_f64();
    let text = format!(
        "{new} rows kept, {} were here already, {} could not be read. {took:.1} s.{}",
        rows - new,
        table.bad.len(),
        named(&table.bad)
    );
    let json = json!({"dry_run": false, "rows": rows, "kept": new, "known": rows - new, "bad": bad(&table.bad), "seconds": took});
    Ok(Report::new(text, json))
}

/// A row is a case and a person; both say where they come from, the carried cells stand with the person.
fn case_of(row: Imported) -> [ToKeep; 2] {
    let case = CaseId::random().into();
    let source = Source { cells: Box::new([]), ..row.source.clone() };
    let keep =
        |sheet, source| ToKeep { case, what: What::Sheet(sheet), source: Some(source), draft: None, sharing: None };
    [keep(row.case, source), keep(row.person, row.source)]
}

fn named(bad: &[BadRow]) -> String {
    let mut text = String::new();
    for row in bad.iter().take(NAMED) {
        let column = row.column.as_ref().map_or_else(String::new, |column| format!(", column {column}"));
        text.push_str(&format!("\n  line {}{column}: {}", row.line, row.reason));
    }
    if bad.len() > NAMED {
        text.push_str(&format!("\n  … and {} more; --json names all", bad.len() - NAMED));
    }
    text
}

fn bad(bad: &[BadRow]) -> Json {
    bad.iter().map(|row| json!({"line": row.line, "column": row.column, "reason": row.reason.to_string()})).collect()
}
