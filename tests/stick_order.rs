//! In which order a stick is written: what it holds is on the medium and read back from it before it bears its name, and its name is on the
//! medium before anybody is told that it is done. The system is asked, by `strace`, what was done when.

use std::{fs, path::Path, process::Command};

use crate::support::{Actor, TestAgency, beside_us, finish, record};

/// What was traced of one run, line by line: the calls that write, wait for the medium, read and rename, each with the file it was about.
struct Trace(Vec<String>);

impl Trace {
    /// Runs a command under `strace`; it must succeed.
    fn of(log: &Path, command: &Command) -> Self {
        let calls = "trace=write,pwrite64,writev,fsync,fdatasync,read,pread64,rename,renameat,renameat2";
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qqq", "-y", "-s", "24", "-e", calls, "-o"]).arg(log);
        traced.arg(command.get_program()).args(command.get_args());
        let answer = finish(traced, "");
        assert_eq!(answer.code, 0, "{}", answer.json);
        Self(fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect())
    }

    /// Where calls of this kind about this file stand.
    fn all(&self, calls: &[&str], about: &str) -> Vec<usize> {
        let is = |line: &str| calls.iter().any(|call| line.contains(&format!(" {call}("))) && line.contains(about);
        self.0.iter().enumerate().filter(|(_, line)| is(line)).map(|(at, _)| at).collect()
    }

    /// Where the last of them stands.
    fn last(&self, calls: &[&str], about: &str) -> usize {
        *self.all(calls, about).last().unwrap_or_else(|| panic!("no {calls:?} of {about}:\n{}", self.0.join("\n")))
    }
}

/// Everything in its order, for a stick of this name that a command wrote to a folder.
fn in_order(trace: &Trace, folder: &Path, name: &str) {
    let renamed = trace.last(&["rename", "renameat", "renameat2"], &format!("{name}\""));
    // The file under the name that it had before, as the call spells it.
    let before = trace.0[renamed].split('"').nth(1).unwrap();
    let file = Path::new(before).file_name().unwrap().to_str().unwrap();
    assert_ne!(file, name, "half a stick never bears the name");
    let file = format!("{file}>");
    let writing = ["write", "pwrite64", "writev"];
    let (written, synced) = (trace.last(&writing, &file), trace.last(&["fsync", "fdatasync"], &file));
    assert!(written < synced, "what was written is on the medium");
    let back = trace.all(&["read", "pread64"], &file);
    assert!(back.iter().any(|at| synced < *at && *at < renamed), "it is read back from there before it bears its name");
    let named = trace.last(&["fsync", "fdatasync"], &format!("{}>", folder.display()));
    assert!(renamed < named, "its name is on the medium too");
    let told = trace.all(&writing, "\"{");
    let told = told.iter().copied().filter(|at| trace.0[*at].contains(" write(1<")).collect::<Vec<_>>();
    assert!(!told.is_empty() && told.iter().all(|at| named < *at), "nobody is told before: {told:?} {named}");
}

#[test]
fn a_stick_is_on_the_medium_and_read_back_before_anybody_is_told() {
    let agency = TestAgency::build();
    let officer: &Actor = &agency.officer;
    record(officer, 1, "wolfenzark");
    let folder = agency.dir.path().join("medium");
    fs::create_dir(&folder).unwrap();
    let (out, back) = (folder.join("out.age"), folder.join("back.age"));
    let trace =
        Trace::of(&agency.dir.path().join("trace"), &officer.command(["bundle", "write", out.to_str().unwrap()]));
    in_order(&trace, &folder, "out.age");

    // The hub's sticks are written in the same order.
    let mut command = Command::new(beside_us("amanat-hub"));
    command.args(["bundle", "write", back.to_str().unwrap(), "--to", crate::support::GUJRAT, "--json", "--home"]);
    command.arg(&agency.hub_home);
    in_order(&Trace::of(&agency.dir.path().join("trace"), &command), &folder, "back.age");
}
