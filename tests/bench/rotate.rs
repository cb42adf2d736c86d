//! What a rotation costs: a unit of many cases rewrapped to a new key, taken up again after a stop, audited; and one case of many entries
//! sealed again. Beside them what else a keeper could do: `age -d | age` for each file, and SQLCipher's `PRAGMA rekey` over as many rows.
//!
//! `cargo bench -p amanat --bench rotate -- [--cases 100000] [--entries 10000] [--runs 3] [--dir D]`. `age` and `sqlcipher` are Debian's.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod memory;
mod note;
mod station;

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use amanat::{
    codebook::Codebook,
    model::CaseId,
    runtime::{
        entries::keep::{ToKeep, What},
        homes::{closed_home::ClosedHome, home::Home, paths::Paths},
        rotation::units::Rotated,
    },
};
use amanat_keys::{fingerprint::UnitId, passphrase::Passphrase};
use figure::{Dice, Figure, Goal, Spread, timed};
use station::{PASSPHRASE, Station};

const UNIT: &str = "PS Sample";
const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");

/// What makes a process of this bench one that only rotates: the home of which.
const CHILD: &str = "--rotates";

fn main() {
    if let Some(home) = figure::argument(CHILD) {
        return rotates(Path::new(&home));
    }
    let (cases, entries) = (figure::number("--cases", 100_000), figure::number("--entries", 10_000));
    let runs = figure::number("--runs", 3);
    println!(
        "rotate: a unit of {cases} imported cases; one case of {entries} notes of about 1 KiB, seed 7; {runs} runs"
    );
    let station = Station::build();
    let hub = station.serve();
    notes(&station, entries);
    both_sync(&station);
    reseal(&station, entries, runs);
    fill(&station, cases);
    both_sync(&station);
    drop(hub);
    let total = offer(&station);
    let hub = station.serve();
    station.ask("agency/admin", &["roster", "publish"]);
    station.ask("supervisor", &["sync"]);
    drop(hub);
    station.copy("supervisor", "before/supervisor");
    rewrap(&station, total, runs);
    after_kills(&station, total, runs);
    audit(&station, total, runs);
}

fn both_sync(station: &Station) {
    for home in ["officer", "supervisor"] {
        station.ask(home, &["sync"]);
    }
}

/// Every row a case and a person, by the officer.
fn fill(station: &Station, cases: usize) {
    let mut table = String::from(
        "yearRegister,gender,majorityStatus,isForcedLabour,isSexualExploit,UN_COO_Region,UN_COE_Region,IP_Exploiter,\
         IP_Gender,IP_ageBroad,IP_citizen_UNRegion,IP_Relation,IP_PayMoney,IP_RecruiterBroker,IP_TransactionProcess,\
         IP_ControlAbuseKidnap\n",
    );
    for row in 0..cases {
        writeln!(table, "{},Female,Adult,1,,Asia,Asia,1,,,Asia,,,1,,", 1960 + row % 60).unwrap();
    }
    let path = station.path("table.csv");
    fs::write(&path, table).unwrap();
    assert_eq!(station.ask("officer", &["import", "csv", path.to_str().unwrap(), "--map", MAP])["kept"], cases);
}

fn case() -> CaseId {
    CaseId::from_bytes([7; 16])
}

fn notes(station: &Station, entries: usize) {
    let mut home = unlocked(station, "officer");
    home.replay(|_, _| {}).unwrap();
    let codebook = Codebook::builtin().unwrap();
    let mut dice = Dice(7);
    for _ in 0..entries {
        let sheet = note::sheet(codebook, note::text(&mut dice));
        home.keep(
            codebook,
            ToKeep { case: case(), what: What::Sheet(sheet), source: None, draft: None, sharing: None },
        )
        .unwrap();
    }
}

fn unlocked(station: &Station, home: &str) -> Home {
    opened(&station.path(home))
}

fn opened(home: &Path) -> Home {
    let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    ClosedHome::open(Paths::at(home)).unwrap().unlock(&passphrase).unwrap()
}

fn unit(home: &Home) -> UnitId {
    home.trust().unwrap().roster().units.iter().find(|unit| unit.name == UNIT).unwrap().id
}

/// The supervisor looks at every slip and offers a key; the admin lists it. How many slips.
fn offer(station: &Station) -> usize {
    let out = station.text("unit-key.join");
    let mut answer = None;
    let took = timed(|| answer = Some(station.ask("supervisor", &["keys", "rotate", "unit", UNIT, "--out", &out])));
    let answer = answer.unwrap();
    let (words, slips) = (answer["words"].as_str().unwrap(), answer["open"].as_u64().unwrap());
    assert_eq!(answer["shut"], 0);
    let pack = station.text("pack");
    let approve =
        ["roster", "approve", &out, "--fingerprint", words, "--role", "unit-key", "--unit", UNIT, "--out", &pack];
    station.ask("agency/admin", &approve);
    let slips = usize::try_from(slips).unwrap();
    let spread = Spread::rate(&[took], slips);
    Figure {
        what: "looking at every slip before a rotation",
        unit: "slips/s",
        spread,
        yardstick: None,
        goal: Goal::None,
    }
    .print();
    slips
}

fn rewrap(station: &Station, total: usize, runs: usize) {
    let (mut took, mut resumed, mut age, mut most) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        station.copy("before/supervisor", "supervisor");
        let mut home = unlocked(station, "supervisor");
        let unit = unit(&home);
        age.extend(age_per_file(station, 40));
        memory::forget_peak();
        took.push(timed(|| match home.rotate_unit(unit, &mut |_, _| true).unwrap() {
            Rotated::Done { now, .. } => assert_eq!(usize::try_from(now).unwrap(), total),
            other => panic!("{other:?}"),
        }));
        most.push(memory::peak());
        drop(home);
        station.copy("before/supervisor", "supervisor");
        let mut home = unlocked(station, "supervisor");
        let half = u64::try_from(total / 2).unwrap();
        let stopped = home.rotate_unit(unit, &mut |done, _| done < half).unwrap();
        assert!(matches!(stopped, Rotated::Stopped { .. }), "{stopped:?}");
        drop(home);
        let mut home = unlocked(station, "supervisor");
        // Until the first batch after it is on the disk.
        resumed.push(timed(|| drop(home.rotate_unit(unit, &mut |_, _| false).unwrap())));
        home.rotate_unit(unit, &mut |_, _| true).unwrap();
    }
    if age.is_empty() {
        println!("  age is not installed: its yardstick is missing");
    }
    let files = (!age.is_empty()).then(|| ("`age -d | age` for each file", Spread::rate(&age, 40)));
    Figure {
        what: "rotate a unit: every slip rewrapped, signed and on the disk",
        unit: "slips/s",
        spread: Spread::rate(&took, total),
        yardstick: files,
        goal: Goal::AtLeast(8_000.0),
    }
    .print();
    let goal = Goal::AtMost(1_000.0);
    let spread = Spread::ms(&resumed);
    Figure {
        what: "a rotation that was stopped taken up again in an open home, half done, to its next batch on the disk",
        unit: "ms",
        spread,
        yardstick: None,
        goal,
    }
    .print();
    let (spread, goal) = (Spread::of(most), Goal::AtMost(200.0));
    Figure { what: "most memory of a home that rotates", unit: "MiB", spread, yardstick: None, goal }.print();
    if let Some(took) = sqlcipher(&station.path("cipher"), total) {
        let spread = Spread::rate(&[took], total);
        Figure {
            what: "yardstick: SQLCipher's PRAGMA rekey over as many rows of 700 bytes",
            unit: "rows/s",
            spread,
            yardstick: None,
            goal: Goal::None,
        }
        .print();
    } else {
        println!("  sqlcipher is not installed: its yardstick is missing");
    }
}

/// Rotates the unit of a home to the end, and says of each batch that it is on the disk.
fn rotates(home: &Path) {
    let mut home = opened(home);
    let unit = unit(&home);
    let rotated = home.rotate_unit(unit, &mut |done, _| {
        println!("{done}");
        true
    });
    assert!(matches!(rotated, Ok(Rotated::Done { .. })), "{rotated:?}");
}

/// A process that rotates, killed by SIGKILL half way; then another begins, and its first batch is on the disk.
fn after_kills(station: &Station, total: usize, runs: usize) {
    let begins = || {
        let mut bench = Command::new(env::current_exe().unwrap());
        bench.args([CHILD, &station.text("supervisor")]).stdout(Stdio::piped()).spawn().unwrap()
    };
    let said = |child: &mut Child| BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut took = Vec::new();
    for _ in 0..runs {
        station.copy("before/supervisor", "supervisor");
        let mut child = begins();
        let mut lines = said(&mut child);
        let half = lines.find(|done| done.parse::<usize>().unwrap() >= total / 2);
        child.kill().unwrap();
        assert!(half.is_some() && child.wait().unwrap().code().is_none(), "it died half way");
        let mut next = None;
        took.push(timed(|| {
            let mut child = begins();
            let mut said = said(&mut child);
            let first: usize = said.next().unwrap().parse().unwrap();
            assert!((total / 2..total).contains(&first), "it went on: {first} of {total}");
            next = Some((child, said));
        }));
        let (mut child, said) = next.unwrap();
        assert_eq!(said.last().unwrap().parse::<usize>().unwrap(), total);
        assert!(child.wait().unwrap().success());
    }
    Figure {
        what: "resume of a rotation killed by SIGKILL half done, from the start of the new process (its scrypt at 2^10) to its next batch \
               on the disk",
        unit: "ms",
        spread: Spread::ms(&took),
        yardstick: None,
        goal: Goal::AtMost(1_000.0),
    }
    .print();
}

fn audit(station: &Station, total: usize, runs: usize) {
    let home = unlocked(station, "supervisor");
    let mut took = Vec::new();
    for _ in 0..runs {
        took.push(timed(|| {
            let audit = home.audit(home.keys_asked(UNIT).unwrap()).unwrap();
            assert!(usize::try_from(audit.served).unwrap() >= total);
        }));
    }
    let goal = Goal::AtMost(5_000.0);
    Figure { what: "audit of the unit's keys", unit: "ms", spread: Spread::ms(&took), yardstick: None, goal }.print();
}

fn reseal(station: &Station, entries: usize, runs: usize) {
    let mut took = Vec::new();
    station.copy("supervisor", "before/supervisor");
    for _ in 0..runs {
        let mut home = unlocked(station, "supervisor");
        took.push(timed(|| {
            let done = home.reseal_case(case().into(), &mut |_| true).unwrap();
            assert_eq!(usize::try_from(done.resealed).unwrap(), entries);
        }));
        drop(home);
        station.copy("before/supervisor", "supervisor");
    }
    let (spread, goal) = (Spread::rate(&took, entries), Goal::AtLeast(30_000.0));
    Figure {
        what: "a case sealed again: everything of it opened first, every entry in a new envelope, signed and on the disk",
        unit: "entries/s",
        spread,
        yardstick: None,
        goal,
    }
    .print();
}

/// What a keeper without this program does: each file opened with the old key and sealed to the new. `None` where stock age is not
/// installed.
fn age_per_file(station: &Station, files: usize) -> Option<Duration> {
    Command::new("age-keygen").arg("--version").output().ok()?;
    let dir = station.path("age");
    fs::create_dir_all(&dir).unwrap();
    let key = dir.join("key");
    if !key.exists() {
        assert!(Command::new("age-keygen").arg("-o").arg(&key).stderr(Stdio::null()).status().unwrap().success());
    }
    let said = Command::new("age-keygen").arg("-y").arg(&key).output().unwrap();
    let recipient = String::from_utf8(said.stdout).unwrap().trim().to_owned();
    let shell = |line: &str| assert!(Command::new("sh").args(["-ec", line]).status().unwrap().success());
    let (key, file) = (key.display(), dir.join("file").display().to_string());
    shell(&format!("head -c 1024 /dev/zero | age -r {recipient} > {file}"));
    Some(timed(|| {
        shell(&format!("for n in $(seq {files}); do age -d -i {key} {file} | age -r {recipient} > {file}.new; done"))
    }))
}

/// Seconds that SQLCipher takes to rekey as many rows; `None` where it is not installed.
fn sqlcipher(file: &Path, rows: usize) -> Option<Duration> {
    let run = |sql: &str| {
        let mut child = Command::new("sqlcipher").arg(file).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().ok()?;
        child.stdin.take()?.write_all(sql.as_bytes()).ok()?;
        child.wait().ok().filter(std::process::ExitStatus::success).map(drop)
    };
    run(&format!(
        "pragma key = 'one'; create table t (id integer primary key, body blob); insert into t (body) with recursive n(i) as \
         (select 1 union all select i + 1 from n where i < {rows}) select randomblob(700) from n;"
    ))?;
    Some(timed(|| run("pragma key = 'one'; pragma rekey = 'another';").unwrap()))
}
