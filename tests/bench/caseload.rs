//! A whole caseload through the built programs: 21 195 rows of a table become cases, are listed, pushed to a hub on loopback and
//! read at headquarters.
//!
//! `cargo bench -p amanat --bench caseload -- [--data DIR] [--runs 3] [--rows 21195] [--carry] [--dir D]`. With `--carry` only the way to the
//! hub and to headquarters is timed, three entries a row. `--data` names the folder that holds
//! `ctdc_victim_perpetrator_synthetic.csv`; without it a table of the same shape and size is made from a seed. Every run begins
//! with homes as they were; what is timed is the whole process, a passphrase of scrypt's factor 10 (about a millisecond) included.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod memory;
mod station;
mod table;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use amanat_keys::case_key::CaseKey;
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::AgencyId;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::slip::Slip;
use amanat_keys::statement::Purpose;
use figure::{Figure, Goal, Spread, processor_seconds, timed};
use station::Station;
use table::{MAP, Table};

/// What is carried, and how often each thing is done.
struct Work {
    table: Table,
    runs: usize,
}

fn main() {
    let station = Station::build();
    let work = Work { table: Table::find(&station.path("table.csv")), runs: figure::number("--runs", 3) };
    let Table { rows, told, .. } = work.table;
    println!("caseload: {rows} rows {told}, {} runs of each, the hub and the devices on one machine", work.runs);
    station.copy("officer", "before/officer");
    if std::env::args().any(|word| word == "--carry") {
        station.ask("officer", &["import", "csv", &work.table.path, "--map", MAP]);
    } else {
        import(&station, &work);
        list(&station, &work);
    }
    carry(&station, &work);
}

/// The first import, a dry run, and a second import of the same table.
fn import(station: &Station, work: &Work) {
    let arguments = ["import", "csv", &work.table.path, "--map", MAP];
    let (mut took, mut dry, mut again, mut floor) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut spent = 0.0;
    for _ in 0..work.runs {
        dry.push(timed(|| drop(station.ask("officer", &[&arguments[..], &["--dry-run"]].concat()))));
        station.copy("before/officer", "officer");
        floor.push(row_floor());
        let before = processor_seconds().1;
        took.push(timed(|| assert_eq!(station.ask("officer", &arguments)["kept"], work.table.rows)));
        spent += processor_seconds().1 - before;
        again.push(timed(|| assert_eq!(station.ask("officer", &arguments)["kept"], 0)));
    }
    told_processor("import", spent, work.runs);
    Figure {
        what: "import, every row a case and a person, signed and on the disk",
        unit: "rows/s",
        spread: Spread::rate(&took, work.table.rows),
        yardstick: Some(("one core wrapping a key to two readers and signing three times", Spread::rate(&floor, 500))),
        goal: Goal::AtLeast(2_500.0),
    }
    .print();
    for (what, times) in
        [("import, dry run", &dry), ("second import of the same table: adds nothing, unlock and fold included", &again)]
    {
        let spread = Spread::rate(times, work.table.rows);
        Figure { what, unit: "rows/s", spread, yardstick: None, goal: Goal::None }.print();
    }
}

/// What 500 rows cannot do without, on one core: X25519 to two readers, and three signatures.
fn row_floor() -> Duration {
    let readers = [ReadIdentity::generate().unwrap(), ReadIdentity::generate().unwrap()];
    let readers = readers.map(|identity| identity.recipient().clone());
    let (signer, agency) = (Signer::from_seed(&[5; 32]).unwrap(), AgencyId::from_bytes([1; 32]));
    timed(|| {
        for _ in 0..500 {
            std::hint::black_box(Slip::make(&CaseKey::generate(), &readers).unwrap());
            for header in [[1_u8; 300], [2; 300], [3; 300]] {
                std::hint::black_box(signer.sign(Purpose::Entry, &agency, &header));
            }
        }
    })
}

/// Unlock, fold and list; warm, and with the journal dropped from the page cache.
fn list(station: &Station, work: &Work) {
    let (mut warm, mut cold, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let runs = work.runs * 3;
    let mut spent = 0.0;
    for _ in 0..runs {
        let once = || {
            timed(|| assert_eq!(station.ask("officer", &["case", "list", "--limit", "20"])["total"], work.table.rows))
        };
        forget(&station.path("officer/journal.sqlite"));
        cold.push(once());
        let before = processor_seconds().1;
        warm.push(once());
        spent += processor_seconds().1 - before;
        bare.push(timed(|| scan(&station.path("officer/journal.sqlite"))));
    }
    told_processor("unlock and list", spent, runs);
    let yardstick = Some(("SQLite reading the same rows, nothing opened", Spread::ms(&bare)));
    for (what, times) in [("unlock, fold and list all cases, warm", &warm), ("the same, journal not in memory", &cold)]
    {
        Figure { what, unit: "ms", spread: Spread::ms(times), yardstick, goal: Goal::AtMost(1_500.0) }.print();
    }
}

/// Reads every row of the journal.
fn scan(path: &Path) {
    let database = rusqlite::Connection::open(path).unwrap();
    let mut statement = database.prepare("select link, body from entries order by place").unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut bytes = 0;
    while let Some(row) = rows.next().unwrap() {
        let body = row.get_ref(1).unwrap().as_blob_or_null().unwrap();
        bytes += row.get_ref(0).unwrap().as_blob().unwrap().len() + body.map_or(0, <[u8]>::len);
    }
    assert!(bytes > 0);
}

/// Drops a file from the page cache.
fn forget(path: &Path) {
    let file = File::open(path).unwrap();
    file.sync_all().unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
}

/// Push of everything to a hub that is a process of its own, then pull and open at headquarters.
fn carry(station: &Station, work: &Work) {
    for home in ["officer", "hub", "agency/reader"] {
        station.copy(home, &format!("full/{home}"));
    }
    let (mut pushed, mut pulled, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    let entries = work.table.rows * 3;
    let mut spent = (0.0, 0.0);
    for _ in 0..work.runs {
        for home in ["officer", "hub", "agency/reader"] {
            station.copy(&format!("full/{home}"), home);
        }
        checks.push(check_signatures());
        let hub = station.serve();
        let before = processor_seconds().1;
        pushed.push(timed(|| drop(station.ask("officer", &["sync"]))));
        spent.0 += processor_seconds().1 - before;
        let status = station.ask("officer", &["status"]);
        let before = processor_seconds().1;
        pulled.push(timed(|| drop(station.ask("agency/reader", &["sync"]))));
        spent.1 += processor_seconds().1 - before;
        let held = station.ask("agency/reader", &["case", "list", "--limit", "1"]);
        assert_eq!(held["total"], work.table.rows, "{status}");
        drop(hub);
    }
    told_processor("push, the device's part", spent.0, work.runs);
    told_processor("pull and open, headquarters' part", spent.1, work.runs);
    let yardstick = Some(("verify_strict alone, one core", Spread::rate(&checks, 2_000)));
    for (what, times, goal) in [
        ("push over loopback: hub and device check, keep and sign receipts on disk", &pushed, Goal::AtLeast(8_000.0)),
        ("pull at headquarters: every signature checked, opened, folded, kept", &pulled, Goal::AtLeast(10_000.0)),
    ] {
        let what = &format!("{what}, {entries} entries");
        Figure { what, unit: "entries/s", spread: Spread::rate(times, entries), yardstick, goal }.print();
    }
}

fn check_signatures() -> Duration {
    let (signer, agency) = (Signer::from_seed(&[5; 32]).unwrap(), AgencyId::from_bytes([1; 32]));
    let header = [7_u8; 300];
    let (signature, key) = (signer.sign(Purpose::Entry, &agency, &header), signer.verifying_key());
    timed(|| (0..2_000).for_each(|_| key.verify(Purpose::Entry, &agency, &header, &signature).unwrap()))
}

fn told_processor(what: &str, seconds: f64, runs: usize) {
    let runs = f64::from(u32::try_from(runs).unwrap());
    println!("  {what}: {:.2} s of processor time a run, user and system", seconds / runs);
}
