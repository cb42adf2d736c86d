//! A form that others wrote, at its full size: taken in from its workbook, signed, published, filled at the screen key by key, with every
//! choice of every list chosen in some entry, and read at headquarters; a script holds all of it against the workbook.
//!
//! `cargo bench -p amanat --bench workbook -- --data DIR [--dir D]`; DIR or its folder `htcds` holds the XLSForm of IOM's Human Trafficking Case
//! Data Standard, `htcds_xlsform.xlsx`. `tests/imported/workbook.py` does the comparing and shares nothing with the program. Without a
//! folder there is nothing to do, and the everyday test (`tests/xlsform_htcds.rs`) stands for it. Ends otherwise than with 0 at any difference.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod station;
#[path = "../support"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod support {
    pub(crate) mod held_workbook;
    mod keys;
    mod typist;
    pub(crate) use typist::{Typist, flat};
}
use support::held_workbook as workbook;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use figure::{Figure, Goal, Spread, timed};
use serde_json::{Value, json};
use station::Station;

const NAME: &str = "htcds_xlsform.xlsx";

fn main() {
    let Some(file) = figure::argument("--data").and_then(|folder| find(Path::new(&folder))) else {
        println!("workbook: nothing to do without --data DIR, the folder of {NAME}");
        return;
    };
    let station = Station::build();
    let plan = workbook::plan(&file);
    let (typed, added) = (plan["typed"].as_array().unwrap().len(), plan["added"].as_array().unwrap());
    println!("workbook: {NAME}, {typed} questions typed once, {} entries more that choose every choice", added.len());

    let taken = station.ask("agency/admin", &["form", "import", "xlsform", file.to_str().unwrap()]);
    println!("  taken in as {}: {} questions; named with its row:", taken["forms"], taken["questions"]);
    for left in taken["left_out"].as_array().unwrap() {
        println!("    {}, row {}: {}", left["sheet"], left["row"], left["what"]);
    }
    let hub = station.serve();
    station.ask("agency/admin", &["form", "publish"]);
    station.ask("officer", &["sync"]);

    let case = open_case(&station);
    let mut typist = workbook::at_the_case(&station.path("officer"), &station.path("passphrase"));
    let took = [timed(|| drop(workbook::types(&mut typist, &plan)))];
    Figure {
        what: "the form filled at the screen and kept",
        unit: "questions/s",
        spread: Spread::rate(&took, typed),
        yardstick: None,
        goal: Goal::None,
    }
    .print();
    drop(typist);
    let form = plan["form"].as_str().unwrap();
    for answers in added {
        add(&station, form, &["--case", &case], answers);
    }
    station.ask("officer", &["sync"]);
    station.ask("agency/reader", &["sync"]);
    drop(hub);

    let write = |name: &str, what: &Value| {
        fs::write(station.path(name), what.to_string()).unwrap();
        station.path(name)
    };
    let taken = write("taken.json", &taken);
    let read = write("read.json", &station.ask("agency/reader", &["case", "show", &case]));
    let verdict = workbook::compare(&file, &taken, &station.path("agency/admin/codebook-draft"), Some(&read));
    println!("{}{}", String::from_utf8_lossy(&verdict.stdout), String::from_utf8_lossy(&verdict.stderr));
    assert!(verdict.status.success(), "what was taken in, or filled, is not what the workbook says");
}

/// The workbook in this folder, or in the one of the standard within it.
fn find(folder: &Path) -> Option<PathBuf> {
    [folder.join(NAME), folder.join("htcds").join(NAME)].into_iter().find(|file| file.exists())
}

/// A case to fill it in.
fn open_case(station: &Station) -> String {
    let opening = json!({
        "province": "PK-PB", "district": "PK610", "police_station": "PS Sample", "lead_agency": "PB-POL", "opened_on": "2026-10-02",
        "case_status": "ACT", "handling_code": "H2", "case_owner": "sample officer", "case_class": "TIP", "movement": "INT",
        "detection_source": "LABOUR", "risk_level": "MED", "victims_seen": 1, "victims_men": 1, "place_exploit": "brick kiln",
        "organised_group": "N", "summary": "SAMPLE, made up.",
    });
    add(station, "case", &[], &opening)["case"].as_str().unwrap().to_owned()
}

/// Adds an entry of this form by the officer.
fn add(station: &Station, form: &str, more: &[&str], answers: &Value) -> Value {
    let mut program = station.program("officer");
    program.args(["entry", "add", "--form", form, "--from", "-", "--json"]).args(more);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(answers.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{form}: {said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap()
}
