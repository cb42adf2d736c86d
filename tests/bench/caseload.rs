//! A whole caseload through the built programs: 21 195 rows of a table become cases, are listed, pushed to a hub on loopback and
//! read at headquarters.
//!
//! `cargo bench -p amanat --bench caseload -- [--data DIR] [--runs 3] [--rows 21195] [--dir D]`. `--data` names the folder that holds
//! `ctdc_victim_perpetrator_synthetic.csv`; without it a table of the same shape and size is made from a seed. Every run begins
//! with homes as they were; what is timed is the whole process, a passphrase of scrypt's factor 10 (about a millisecond) included.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod station;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use amanat_keys::case_key::CaseKey;
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::AgencyId;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::slip::Slip;
use amanat_keys::statement::Purpose;
use figure::{Dice, Figure, Goal, Spread, processor_seconds, timed};
use station::Station;

const SEED: u64 = 21_195;
const TABLE: &str = "ctdc_victim_perpetrator_synthetic.csv";
const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");

/// Where the table is, how many rows it has, how often each thing is done.
struct Work {
    table: String,
    rows: usize,
    runs: usize,
}

fn main() {
    let station = Station::build();
    let table = match figure::argument("--data") {
        Some(folder) => PathBuf::from(folder).join(TABLE),
        None => made_up_table(&station.path("table.csv"), figure::number("--rows", 21_195)),
    };
    let rows = fs::read_to_string(&table).unwrap().lines().filter(|line| !line.is_empty()).count() - 1;
    let work = Work { table: table.display().to_string(), rows, runs: figure::number("--runs", 3) };
    let told = if figure::argument("--data").is_some() { "of the published table" } else { "made up, seed 21195" };
    println!("caseload: {rows} rows {told}, {} runs of each, the hub and the devices on one machine", work.runs);
    station.copy("officer", "before/officer");
    import(&station, &work);
    list(&station, &work);
    carry(&station, &work);
}

/// The first import, a dry run, and a second import of the same table.
fn import(station: &Station, work: &Work) {
    let arguments = ["import", "csv", &work.table, "--map", MAP];
    let (mut took, mut dry, mut again, mut floor) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut spent = 0.0;
    for _ in 0..work.runs {
        dry.push(timed(|| drop(station.ask("officer", &[&arguments[..], &["--dry-run"]].concat()))));
        station.copy("before/officer", "officer");
        floor.push(row_floor());
        let before = processor_seconds().1;
        took.push(timed(|| assert_eq!(station.ask("officer", &arguments)["kept"], work.rows)));
        spent += processor_seconds().1 - before;
        again.push(timed(|| assert_eq!(station.ask("officer", &arguments)["kept"], 0)));
    }
    told_processor("import", spent, work.runs);
    Figure {
        what: "import, every row a case and a person, signed and on the disk",
        unit: "rows/s",
        spread: Spread::rate(&took, work.rows),
        yardstick: Some(("one core wrapping a key to two readers and signing three times", Spread::rate(&floor, 500))),
        goal: Goal::AtLeast(2_500.0),
    }
    .print();
    for (what, times) in
        [("import, dry run", &dry), ("second import of the same table: adds nothing, unlock and fold included", &again)]
    {
        let spread = Spread::rate(times, work.rows);
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
        let once =
            || timed(|| assert_eq!(station.ask("officer", &["case", "list", "--limit", "20"])["total"], work.rows));
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
    let entries = work.rows * 3;
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
        assert_eq!(held["total"], work.rows, "{status}");
        drop(hub);
    }
    told_processor("push, the device's part", spent.0, work.runs);
    told_processor("pull and open, headquarters' part", spent.1, work.runs);
    let yardstick = Some(("verify_strict alone, one core", Spread::rate(&checks, 2_000)));
    for (what, times, goal) in [
        ("push over loopback: hub and device check, keep and sign receipts on disk", &pushed, Goal::AtLeast(8_000.0)),
        ("pull at headquarters: every signature checked, opened, folded, kept", &pulled, Goal::None),
    ] {
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

/// A table with the columns of CTDC's and about its shares of empty cells; nobody's record.
fn made_up_table(path: &Path, rows: usize) -> PathBuf {
    let columns: [(&str, &[&str]); 16] = [
        ("yearRegister", &["2014-2018", "2014-2018", "2021-2022", "2019", "2020", ""]),
        ("gender", &["Female", "Female", "Male", "Male", ""]),
        ("majorityStatus", &["Adult", "Adult", "Adult", "Adult", "Minor", ""]),
        ("isForcedLabour", &["1", "1", ""]),
        ("isSexualExploit", &["1", "", "", "", "", "", ""]),
        ("UN_COO_Region", &["Asia", "Europe", "Africa", ""]),
        ("UN_COE_Region", &["Asia", "Europe", "Africa", ""]),
        ("IP_Exploiter", &["1", ""]),
        ("IP_Gender", &["Male", "Male", "Female", "Female;Male", ""]),
        ("IP_ageBroad", &["39--47", "30--38", "", "", "", "", "", "", "", ""]),
        ("IP_citizen_UNRegion", &["Asia", "Europe", "Africa", ""]),
        ("IP_Relation", &["StrangerUnknownOther", "StrangerUnknownOther", "FriendAcquaintance", ""]),
        ("IP_PayMoney", &["No", "No", "Yes", ""]),
        ("IP_RecruiterBroker", &["1", ""]),
        ("IP_TransactionProcess", &["1", "", ""]),
        ("IP_ControlAbuseKidnap", &["1", "", "", "", "", "", "", "", "", ""]),
    ];
    let mut dice = Dice(SEED);
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    let names = columns.map(|(name, _)| name);
    writeln!(file, "{}", names.join(",")).unwrap();
    for _ in 0..rows {
        let cells = columns.map(|(_, cells)| dice.pick(cells));
        writeln!(file, "{}", cells.join(",")).unwrap();
    }
    file.flush().unwrap();
    path.to_owned()
}
