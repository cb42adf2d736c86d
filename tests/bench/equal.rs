//! A whole table imported, synced to a hub and read at headquarters, held against the file by a script: every row, field for field.
//!
//! `cargo bench -p amanat --bench equal -- [--data DIR] [--rows 21195] [--dir D]`; see `table.rs` for the table. What headquarters
//! reads comes from its own home, by its own process, through the command line; `tests/imported/equal.py` does the comparing and
//! shares nothing with the program. Ends otherwise than with 0 at any difference.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod station;
mod table;

use std::fs::{self, File};
use std::process::{Command, Stdio};

use figure::{Figure, Goal, Spread, timed};
use station::Station;
use table::{MAP, Table};

const FORMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/codebook/forms");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/imported/equal.py");

fn main() {
    let station = Station::build();
    let table = Table::find(&station.path("table.csv"));
    println!("equal: {} rows {}, imported, synced, read and compared", table.rows, table.told);

    let kept = station.ask("officer", &["import", "csv", &table.path, "--map", MAP]);
    println!("  imported by the officer: {} rows kept, {} could not be read", kept["kept"], list(&kept["bad"]));
    assert_eq!((&kept["kept"], list(&kept["bad"])), (&table.rows.into(), 0));

    let hub = station.serve();
    let pushed = station.ask("officer", &["sync"]);
    println!("  handed to the hub: {} entries, {} wait", pushed["handed_over"], pushed["waiting"]);
    assert_eq!(pushed["waiting"], 0);
    station.ask("agency/reader", &["sync"]);
    drop(hub);
    let status = station.ask("agency/reader", &["status"]);
    println!("  at headquarters: {} entries of others, {} set aside", status["others"], status["quarantined"]);

    let read = station.path("read.json");
    for what in
        ["read at headquarters as JSON, all cases, each opening put on record", "the same when all have been opened"]
    {
        let took = [timed(|| read_all(&station))];
        let spread = Spread::rate(&took, table.rows);
        Figure { what, unit: "cases/s", spread, yardstick: None, goal: Goal::None }.print();
    }
    println!("  what was read: {} bytes of JSON", fs::metadata(&read).unwrap().len());

    let mut script = Command::new("python3");
    script.args([SCRIPT, "--table", &table.path, "--map", MAP, "--forms", FORMS, "--read"]).arg(&read);
    let verdict = script.status().unwrap();
    assert!(verdict.success(), "what headquarters reads is not what was imported");
}

fn list(json: &serde_json::Value) -> usize {
    json.as_array().unwrap().len()
}

/// Everything that headquarters reads, by a process of its own, into a file.
fn read_all(station: &Station) {
    let out = File::create(station.path("read.json")).unwrap();
    let mut program = station.program("agency/reader");
    let status = program.args(["case", "show", "--all", "--json"]).stdin(Stdio::null()).stdout(out).status();
    assert!(status.unwrap().success());
}
