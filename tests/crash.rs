//! Killed at any step of storing, by SIGKILL, and opened again by another process: what was acknowledged is there, the chain is
//! whole, and what was not acknowledged is there whole or not at all.
//!
//! `strace` counts the system calls of the built program and delivers the signal on entering the n-th, before it is done; n
//! grows until the command lives to its end. So every write, every sync to disk, every rename is once the last that was not
//! done. How often each killed is printed; a kind of step that never did is a failing run.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Actor, Answer, TestAgency, beside_us, finish, open_case, opening, text, write_private};

/// What SQLite and the files beside it are written with. Truncation and removal end a log; a rename puts a file in force.
const STEPS: [&str; 6] = ["pwrite64", "fsync", "rename", "unlink", "ftruncate", "write"];
/// More than any command here does of one kind.
pub(crate) const MANY: usize = 400;

/// How often each kind of step was the one that killed.
#[derive(Debug, Default)]
pub(crate) struct Kills(BTreeMap<&'static str, usize>);

impl Kills {
    /// Prints the counts; each of these kinds must have killed.
    fn tell(&self, what: &str, wanted: &[&str]) {
        println!("{what}: killed at {:?}, {} in all", self.0, self.0.values().sum::<usize>());
        for step in wanted {
            assert!(self.0.get(step).is_some_and(|times| *times > 0), "{what}: no {step} ever killed");
        }
    }
}

/// What the n-th step meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// SIGKILL on entering it.
    Killed,
    /// It and all that follow fail: the disk is broken.
    Broken,
    /// Somebody presses Ctrl-C on entering it.
    Interrupted,
}

/// The same command, to meet its fate on entering its n-th step of this kind (counted in each thread).
pub(crate) fn doomed(command: &Command, fate: Fate, step: &str, n: usize) -> Command {
    let what = match fate {
        Fate::Killed => format!("signal=SIGKILL:when={n}"),
        Fate::Broken => format!("error=EIO:when={n}+"),
        Fate::Interrupted => format!("signal=SIGINT:when={n}"),
    };
    let mut doomed = Command::new("strace");
    doomed.args(["-f", "-qqq", "-o", "/dev/null", "-e"]).arg(format!("trace={step}"));
    doomed.arg("-e").arg(format!("inject={step}:{what}")).arg(command.get_program());
    doomed.args(command.get_args());
    doomed.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    doomed
}

/// Runs a command that is killed at the n-th step. `None` when it lived.
fn killed(command: &Command, stdin: &str, step: &str, n: usize) -> (bool, Answer) {
    let answer = finish(doomed(command, Fate::Killed, step, n), stdin);
    (answer.code == -1, answer)
}

/// Kills a command at each step of each kind. `make` prepares it, `judge` looks at what is left, with what it answered.
pub(crate) fn at_each_step(
    what: &str,
    wanted: &[&str],
    make: impl FnMut() -> (Command, String),
    judge: impl FnMut(bool, Answer, &str),
) -> Kills {
    at_steps(what, &STEPS.map(|step| (step, 1)), wanted, make, judge)
}

/// The same at each so-manieth step of some kinds: between two waits for the disk one write is like another.
pub(crate) fn at_steps(
    what: &str,
    steps: &[(&'static str, usize)],
    wanted: &[&str],
    mut make: impl FnMut() -> (Command, String),
    mut judge: impl FnMut(bool, Answer, &str),
) -> Kills {
    let mut kills = Kills::default();
    for (step, every) in steps.iter().copied() {
        for n in (1..).step_by(every) {
            assert!(n < MANY, "{what} never lives through its {step}");
            let (command, stdin) = make();
            let (dead, answer) = killed(&command, &stdin, step, n);
            judge(dead, answer, &format!("{what}, {step} {n}"));
            if !dead {
                break;
            }
            *kills.0.entry(step).or_default() += 1;
        }
    }
    kills.tell(what, wanted);
    kills
}

/// Breaks the disk under a command at each step of each kind, from there on. `make` prepares it, `judge` looks at what is left.
pub(crate) fn broken_at_each_step(what: &str, make: impl FnMut() -> Command, judge: impl FnMut(bool, Answer, &str)) {
    broken_at_steps(what, &["pwrite64", "fsync", "rename", "ftruncate"].map(|step| (step, 1)), make, judge);
}

/// The same at each so-manieth step of some kinds.
pub(crate) fn broken_at_steps(
    what: &str,
    steps: &[(&'static str, usize)],
    mut make: impl FnMut() -> Command,
    mut judge: impl FnMut(bool, Answer, &str),
) {
    let mut faults = 0;
    for (step, every) in steps.iter().copied() {
        for n in (1..).step_by(every) {
            assert!(n < MANY, "{what} never ends without its {step}");
            let answer = finish(doomed(&make(), Fate::Broken, step, n), "");
            let failed = answer.code != 0;
            judge(failed, answer, &format!("{what}, {step} broken from {n} on"));
            if !failed {
                break;
            }
            faults += 1;
        }
    }
    println!("{what}: the disk broke {faults} times");
    assert!(faults > 3, "{what}: the disk never broke");
}

/// Another process walks everything and finds nothing wrong.
pub(crate) fn whole(actor: &Actor, at: &str) -> Value {
    let answer = actor.ask(&["verify"]);
    assert_eq!((answer.code, &answer.json["holds"]), (0, &Value::Bool(true)), "{at}: {}", answer.json);
    answer.json
}

/// How many cases a home shows.
fn total(actor: &Actor) -> u64 {
    actor.run(&["case", "list"])["total"].as_u64().unwrap()
}

/// A copy of a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &there);
        } else {
            fs::copy(item.path(), there).unwrap();
        }
    }
}

fn add(form: &str, case: Option<&str>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["entry", "add", "--form", form, "--from", "-"].map(OsString::from).to_vec();
    arguments.extend(case.into_iter().flat_map(|case| ["--case".into(), case.into()]));
    arguments
}

#[test]
fn keeping_is_whole_or_nothing_and_what_was_acknowledged_stays() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let mut number = 0;
    let mut acknowledged: Vec<String> = Vec::new();
    let mut stands = officer.counts().0;
    let (mut lost, mut landed) = (0, 0);
    let make = || {
        number += 1;
        (officer.command(add("case", None)), opening(number, "crash").to_string())
    };
    at_each_step("keeping a case", &["pwrite64", "fsync", "unlink"], make, |dead, answer, at| {
        if !dead {
            assert_eq!(answer.code, 0, "{at}: {}", answer.json);
        }
        // What was printed counts as said, the process being killed afterwards or not.
        if answer.json["case"].is_string() {
            acknowledged.push(text(&answer.json, "/case"));
        }
        whole(officer, at);
        let now = officer.counts().0;
        // A case is its sheet and its slips: all of them or none.
        assert!(now == stands || now == stands + 2, "{at}: {stands} entries became {now}");
        if dead {
            *(if now == stands { &mut lost } else { &mut landed }) += 1;
        }
        stands = now;
        let list = officer.run(&["case", "list"]);
        let cases: Vec<&str> =
            list["cases"].as_array().unwrap().iter().filter_map(|case| case["case"].as_str()).collect();
        assert_eq!(cases.len() as u64 * 2, now, "{at}: every case whole");
        for case in &acknowledged {
            assert!(cases.contains(&case.as_str()), "{at}: {case} was acknowledged and is gone");
        }
    });
    println!(
        "killed before the commit: {lost}; after it, before the answer: {landed}; answered: {}",
        acknowledged.len()
    );
    assert!(lost > 5 && landed > 0 && !acknowledged.is_empty());
}

/// A home to import into, again and again from the same beginning, and a table of so many rows.
struct Import {
    agency: TestAgency,
    importer: Actor,
    arguments: [String; 5],
    rows: u64,
}

impl Import {
    fn of(rows: u64) -> Self {
        let agency = TestAgency::offline();
        let mut table = String::from(
            "yearRegister,gender,majorityStatus,isForcedLabour,isSexualExploit,UN_COO_Region,UN_COE_Region,IP_Exploiter,\
             IP_Gender,IP_ageBroad,IP_citizen_UNRegion,IP_Relation,IP_PayMoney,IP_RecruiterBroker,IP_TransactionProcess,\
             IP_ControlAbuseKidnap\n",
        );
        for row in 0..rows {
            table.push_str(&format!("{},Female,Adult,1,,Asia,Asia,1,,,Asia,,,1,,\n", 1960 + row % 60));
        }
        let file = agency.dir.path().join("table.csv");
        fs::write(&file, table).unwrap();
        let map = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");
        let arguments = ["import", "csv", file.to_str().unwrap(), "--map", map].map(str::to_owned);
        let home = agency.dir.path().join("importer");
        let importer = Actor {
            name: "importer".to_owned(),
            home,
            passphrase: agency.officer.passphrase.clone(),
            around: Vec::new(),
        };
        Self { agency, importer, arguments, rows }
    }

    /// The command, in a home where nothing was imported yet.
    fn afresh(&self) -> Command {
        drop(fs::remove_dir_all(&self.importer.home));
        copy(&self.agency.officer.home, &self.importer.home);
        self.importer.command(&self.arguments)
    }

    /// Looks at what a killed import left, and finishes it. Gives how many rows were there.
    fn judge(&self, at: &str) -> u64 {
        whole(&self.importer, at);
        let there = total(&self.importer);
        let again = self.importer.run(&self.arguments.each_ref().map(String::as_str));
        assert_eq!((&again["known"], &again["kept"]), (&there.into(), &(self.rows - there).into()), "{at}: {again}");
        assert_eq!(total(&self.importer), self.rows, "{at}: each row once");
        there
    }
}

#[test]
fn an_import_killed_at_any_step_is_finished_by_the_next_and_doubles_nothing() {
    let import = Import::of(8);
    let make = || (import.afresh(), String::new());
    at_each_step("importing a table", &["pwrite64", "fsync"], make, |_dead, _answer, at| {
        import.judge(at);
    });
}

#[test]
fn a_long_import_goes_on_between_its_transactions() {
    let import = Import::of(1_100);
    let mut left = BTreeMap::<u64, usize>::new();
    for n in 1.. {
        let (dead, _) = killed(&import.afresh(), "", "fsync", n);
        if !dead {
            break;
        }
        *left.entry(import.judge(&format!("a long import, fsync {n}"))).or_default() += 1;
    }
    println!("a long import, killed at each fsync: rows left, and how often: {left:?}");
    let partly = left.keys().filter(|rows| (1..import.rows).contains(rows)).count();
    assert!(partly > 0, "never killed between two transactions: {left:?}");
}

#[test]
fn a_passphrase_is_the_old_one_or_the_new_one_wherever_the_change_was_killed_or_the_disk_broke() {
    let agency = TestAgency::offline();
    open_case(&agency.officer, &opening(1, "change"));
    let home = agency.dir.path().join("changer");
    let old = Actor {
        name: "old".to_owned(),
        home: home.clone(),
        passphrase: agency.officer.passphrase.clone(),
        around: Vec::new(),
    };
    let file = agency.dir.path().join("new.pass");
    write_private(&file, b"another horse battery staple lamp\n");
    let new = Actor { passphrase: file.clone(), ..old.clone() };
    let change = ["keys", "passphrase", "--new-passphrase-file", file.to_str().unwrap()];
    let (mut olds, mut news) = (0, 0);
    let make = || {
        drop(fs::remove_dir_all(&home));
        copy(&agency.officer.home, &home);
        old.command(change)
    };
    let mut judge = |dead: bool, answer: Answer, at: &str| {
        let codes = (old.ask(&["status"]).code, new.ask(&["status"]).code);
        let opens = match codes {
            (0, 3) => &old,
            (3, 0) => &new,
            other => panic!("{at}: the old passphrase ends with {}, the new one with {}", other.0, other.1),
        };
        *(if codes.0 == 0 { &mut olds } else { &mut news }) += usize::from(dead);
        assert!(dead || (answer.code == 0 && codes.1 == 0), "{at}: {}", answer.json);
        let verified = whole(opens, at);
        assert_eq!(verified["opened"], 1, "{at}: what was kept is still read");
        // And it can be changed, or changed back, from there.
        let next = if codes.0 == 0 { &new } else { &old };
        let to = next.passphrase.to_str().unwrap();
        opens.run(&["keys", "passphrase", "--new-passphrase-file", to]);
        assert_eq!(whole(next, at)["opened"], 1, "{at}");
    };
    let steps = ["pwrite64", "fsync", "rename"];
    at_each_step("changing the passphrase", &steps, || (make(), String::new()), &mut judge);
    broken_at_each_step("changing the passphrase", make, &mut judge);
    println!("killed or broken and the old one opens: {olds}; the new one: {news}");
    assert!(olds > 0 && news > 0);
}

#[test]
fn joining_killed_anywhere_can_be_done_again() {
    let agency = TestAgency::offline();
    let scratch = TempDir::new().unwrap();
    let (waiting, home) = (scratch.path().join("waiting"), scratch.path().join("home"));
    let made = Actor::new(scratch.path(), "late", waiting.clone());
    let init = made.run(&["device", "init", "--name", "late", "--practice", "--work-factor", "10"]);
    let pack = scratch.path().join("late.pack").to_str().unwrap().to_owned();
    let (request, words) = (text(&init, "/request"), text(&init, "/words"));
    let role = ["--role", "officer", "--unit", "PS Sample, Gujrat", "--out", &pack];
    let approve = [["roster", "approve", &request, "--fingerprint", &words].as_slice(), role.as_slice()].concat();
    let words = text(&agency.admin.run(&approve), "/words");
    let late = Actor { home: home.clone(), ..made };
    let join = ["device", "join", &pack, "--fingerprint", &words];
    let (mut not_yet, mut joined) = (0, 0);
    let make = || {
        drop(fs::remove_dir_all(&home));
        copy(&waiting, &home);
        (late.command(join), String::new())
    };
    at_each_step("joining an agency", &["pwrite64", "fsync", "rename"], make, |dead, _answer, at| {
        let status = late.ask(&["status"]);
        let again = late.ask(&join);
        let done = status.code == 0 && status.json["kept"].is_u64();
        *(if done { &mut joined } else { &mut not_yet }) += usize::from(dead);
        assert!(again.code == 0 || done, "{at}: status {}: {}; again: {}", status.code, status.json, again.json);
        open_case(&late, &opening(1, "late"));
        whole(&late, at);
    });
    println!("killed before it had joined: {not_yet}; after: {joined}");
}

/// A hub that dies on entering its n-th step of a kind; what is left of it goes when dropped.
pub(crate) struct DoomedHub {
    child: Child,
    /// Open as long as anything of it lives.
    said: BufReader<ChildStdout>,
}

impl DoomedHub {
    /// Starts it and waits until it serves, or is dead already.
    pub(crate) fn serve(agency: &TestAgency, step: &str, n: usize) -> Self {
        Self::meets(Fate::Killed, agency, step, n)
    }

    /// The same, or with a disk that breaks there.
    pub(crate) fn meets(fate: Fate, agency: &TestAgency, step: &str, n: usize) -> Self {
        let mut command = Command::new(beside_us("amanat-hub"));
        command.arg("serve").arg("--home").arg(&agency.hub_home).args(["--listen", &agency.hub_address().to_string()]);
        let mut command = doomed(&command, fate, step, n);
        // A group of its own, so that strace and the hub under it can be ended together.
        command.stdin(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().expect("strace starts");
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.is_empty() || line.starts_with("listening"), "{line}");
        Self { child, said }
    }

    pub(crate) fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for DoomedHub {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // It may have ended already; either way it is gone afterwards.
        group.map(|group| kill_process_group(group, Signal::KILL)).transpose().unwrap_or_default();
        drop(self.child.wait());
        drop(self.said.read_to_end(&mut Vec::new()));
    }
}

/// Every step of syncing, killed on the device's side, and on the hub's.
#[test]
fn a_sync_killed_on_either_side_ends_with_everything_received_once() {
    let mut agency = TestAgency::build();
    let officer = agency.officer.clone();
    let mut number = 0;
    let make = || {
        number += 1;
        open_case(&officer, &opening(number, "sync"));
        (officer.command(["sync"]), String::new())
    };
    let received = |at: &str| {
        whole(&officer, at);
        officer.run(&["sync"]);
        let (kept, received) = officer.counts();
        assert_eq!(kept, received, "{at}: everything is signed for");
        kept
    };
    at_each_step("syncing, the device killed", &["pwrite64", "fsync"], make, |_dead, _answer, at| {
        let kept = received(at);
        assert_eq!(agency.hub_holds(), kept, "{at}: once each");
    });
    let mut kills = Kills::default();
    for step in ["pwrite64", "fsync"] {
        for n in 1..=24 {
            agency.kill_hub();
            let mut doomed = DoomedHub::serve(&agency, step, n);
            number += 1;
            open_case(&officer, &opening(number, "hub"));
            let first = officer.ask(&["sync"]);
            let dead = doomed.is_dead();
            drop(doomed);
            agency.start_hub();
            let at = format!("the hub killed at {step} {n}");
            assert!(dead || first.code == 0, "{at}: {}", first.json);
            let kept = received(&at);
            assert_eq!(agency.hub_holds(), kept, "{at}: once each");
            if dead {
                *kills.0.entry(step).or_default() += 1;
            }
        }
    }
    kills.tell("syncing, the hub killed", &["pwrite64", "fsync"]);
    agency.reader.run(&["sync"]);
    whole(&agency.reader, "headquarters");
    let (mine, theirs) = (total(&officer), total(&agency.reader));
    assert_eq!(mine, theirs, "headquarters reads every case");
}
