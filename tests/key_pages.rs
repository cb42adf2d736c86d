//! Pages that hold keys are kept out of swap as far as the limit of the system allows: looked at from outside, in the running program.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Actor, TestAgency, Typist, number, record};

/// A line for bash: under a limit of so many KiB, without the system's leave to lock beyond it.
fn under(limit: &str, verb: &str) -> String {
    let setpriv = "setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock";
    format!("ulimit -l {limit} && exec {setpriv} {} {verb}", env!("CARGO_BIN_EXE_amanat"))
}

/// What `keys status` says under a limit, for a program and for a person.
fn status(actor: &Actor, limit: &str) -> (Value, String) {
    let asked = |json: &str| {
        let (home, passphrase) = (actor.home.display(), actor.passphrase.display());
        let verb = format!("--home {home} --passphrase-file {passphrase} {json} keys status");
        let mut command = std::process::Command::new("bash");
        let run = command.args(["-c", &under(limit, &verb)]).output().unwrap();
        assert!(run.status.success(), "{limit}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    };
    (serde_json::from_str(&asked("--json")).unwrap(), asked(""))
}

fn kib(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The program on its screen under a limit, unlocked; KiB that it keeps out of swap.
fn on_the_screen(actor: &Actor, limit: &str) -> u64 {
    let line = under(limit, &format!("--home {}", actor.home.display()));
    let mut typist = Typist::starts(Path::new("/bin/bash"), actor.home.parent().unwrap(), &["-c", &line]);
    typist.sees("This device is locked");
    let before = kib(typist.pid(), "VmLck:");
    let passphrase = fs::read_to_string(&actor.passphrase).unwrap();
    typist.does(&format!("\"{}\" Enter", passphrase.trim_end()), "1 case");
    let locked = kib(typist.pid(), "VmLck:");
    println!("under {limit}: {before} KiB locked before a passphrase, {locked} KiB after it");
    if limit != "unlimited" {
        assert_eq!(before, 0, "there is no key yet");
    }
    typist.types("C-q");
    typist.ends();
    locked
}

#[test]
fn the_pages_of_keys_are_locked_where_there_is_room_and_keys_status_says_how_many_and_why_not_more() {
    let agency = TestAgency::offline();
    record(&agency.officer, 1, "zukhwendar");
    let officer = &agency.officer;

    // What most systems come with: room for keys, and not for everything.
    let (told, text) = status(officer, "8192");
    let pages = &told["key_pages"];
    let (wanted, locked) = (number(pages, "wanted"), number(pages, "locked"));
    assert!(wanted >= 3 && locked == wanted, "{told}");
    assert_eq!((number(pages, "limit"), &told["pages_locked"]), (8192 * 1024, &false.into()), "{told}");
    assert_eq!(number(pages, "all_locked"), locked * number(pages, "page"), "what the system says is what is claimed");
    let all = "pages of memory that hold keys are kept out of swap";
    assert!(text.contains(&format!("The {wanted} {all}")) && text.contains("8192 KiB"), "{text}");
    let shown = on_the_screen(officer, "8192");
    assert!((12..8192).contains(&shown), "{shown}");

    // Room for one page: the vault's comes first, and it is said that others are not.
    let (told, text) = status(officer, "4");
    assert_eq!((number(&told["key_pages"], "locked"), number(&told["key_pages"], "all_locked")), (1, 4096), "{told}");
    assert!(text.contains("! Keys in memory may be swapped to the disk: 1 of") && text.contains("4 KiB"), "{text}");
    let (told, text) = status(officer, "0");
    assert_eq!((number(&told["key_pages"], "locked"), number(&told["key_pages"], "all_locked")), (0, 0), "{told}");
    assert!(text.contains("! Keys in memory may be swapped"), "{text}");
    assert_eq!(on_the_screen(officer, "0"), 0);

    // Without a limit everything is, where this user may lift it.
    let lifted = std::process::Command::new("bash").args(["-c", "ulimit -l unlimited"]).output().unwrap();
    if !lifted.status.success() {
        println!("this user may not lift the limit here: that all pages are locked without one is not looked at");
        return;
    }
    let (told, text) = status(officer, "unlimited");
    assert_eq!((&told["pages_locked"], &told["key_pages"]["limit"]), (&true.into(), &Value::Null), "{told}");
    assert!(number(&told["key_pages"], "all_locked") > 4 << 20, "{told}");
    assert!(text.contains("Keys in memory and what they open are kept out of swap"), "{text}");
    assert!(on_the_screen(officer, "unlimited") > 4096);
}
