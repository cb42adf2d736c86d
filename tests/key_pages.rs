//! Pages that hold keys are kept out of swap as far as the limit of the system allows: looked at from outside, in the running program.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Actor, TestAgency, Typist, forbidding, number, record};

/// A line for bash: under a limit of so many KiB, without the system's leave to lock beyond it.
fn under(limit: &str, verb: &str) -> String {
    let setpriv = "setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock";
    format!("ulimit -l {limit} && exec {setpriv} {} {verb}", env!("CARGO_BIN_EXE_amanat"))
}

/// The same with whatever leave this user has, where the system refuses these calls.
fn with_leave(limit: &str, refused: Option<&str>, verb: &str) -> String {
    let refusing = refused.map(forbidding).unwrap_or_default().join(" ");
    format!("ulimit -l {limit} && exec {refusing} {} {verb}", env!("CARGO_BIN_EXE_amanat"))
}

/// What `keys status` says under a limit, for a program and for a person.
fn status(actor: &Actor, limit: &str) -> (Value, String) {
    says(actor, |verb| under(limit, verb))
}

fn says(actor: &Actor, line: impl Fn(&str) -> String) -> (Value, String) {
    let asked = |json: &str| {
        let (home, passphrase) = (actor.home.display(), actor.passphrase.display());
        let line = line(&format!("--home {home} --passphrase-file {passphrase} {json} keys status"));
        let run = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
        assert!(run.status.success(), "{line}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    };
    (serde_json::from_str(&asked("--json")).unwrap(), asked(""))
}

/// What a person is told of the pages that are kept out of swap: how many, and how many KiB they are.
fn kept_out(text: &str) -> (u64, u64) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let said = words.windows(6).find(|words| words[2..] == ["pages", "of", "memory", "that"]);
    let pages = said.and_then(|words| words[1].parse().ok()).unwrap_or_else(|| panic!("{text}"));
    let after = text.split_once("are kept out of swap (").and_then(|(_, after)| after.split_whitespace().next());
    (pages, after.and_then(|kib| kib.parse().ok()).unwrap_or_else(|| panic!("{text}")))
}

fn kib(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The program on its screen under a limit, unlocked; KiB that it keeps out of swap.
fn on_the_screen(actor: &Actor, limit: &str) -> u64 {
    seen(actor, limit, &under(limit, &format!("--home {}", actor.home.display()))).0
}

/// KiB that it keeps out of swap, and that it has in memory.
fn seen(actor: &Actor, limit: &str, line: &str) -> (u64, u64) {
    let mut typist = Typist::starts(Path::new("/bin/bash"), actor.home.parent().unwrap(), &["-c", line]);
    typist.sees("This device is locked");
    let before = kib(typist.pid(), "VmLck:");
    let passphrase = fs::read_to_string(&actor.passphrase).unwrap();
    typist.does(&format!("\"{}\" Enter", passphrase.trim_end()), "1 case");
    let (locked, all) = (kib(typist.pid(), "VmLck:"), kib(typist.pid(), "VmRSS:"));
    println!("under {limit}: {before} KiB locked before a passphrase, {locked} KiB after it");
    if limit != "unlimited" && limit != "with leave" {
        assert_eq!(before, 0, "there is no key yet");
    }
    typist.types("C-q");
    typist.ends();
    (locked, all)
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
    // Another process than the one above: its keys may lie on a page more or less.
    let (pages, locked) = kept_out(&text);
    assert!(pages >= 3 && locked * 1024 == pages * number(&told["key_pages"], "page"), "{text}");
    assert!(text.contains("KiB of the 8192 KiB that this user may lock"), "{text}");
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

/// Who may lock beyond any limit is bound by none, and what is said is what the system counts, whatever it refuses.
#[test]
fn whoever_may_lock_as_much_as_they_like_has_all_of_it_locked_and_is_told_so_only_where_it_is_true() {
    let agency = TestAgency::offline();
    record(&agency.officer, 1, "zukhwendar");
    let officer = &agency.officer;
    // Where this user has neither the leave nor a way to lift the limit, a limit of nothing is what is looked at: nothing is claimed either.
    let may = |limit: &str| {
        let line = format!("ulimit -l {limit} && grep CapEff /proc/self/status");
        let run = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
        let held = String::from_utf8(run.stdout).unwrap();
        let held = held.split_whitespace().last().and_then(|held| u64::from_str_radix(held, 16).ok()).unwrap_or(0);
        (run.status.success(), held >> 14 & 1 == 1)
    };
    let (lifted, _) = may("unlimited");
    let (_, leave) = may("0");
    let limit = if lifted { "unlimited" } else { "0" };
    println!("limits may be lifted here: {lifted}; they do not count: {leave}");
    let unbound = lifted || leave;
    let pages = |told: &Value, what: &str| number(&told["key_pages"], what);

    let (told, text) = says(officer, |verb| with_leave(limit, None, verb));
    assert_eq!((&told["pages_locked"], told["key_pages"]["limit"].is_null()), (&unbound.into(), unbound), "{told}");
    assert_eq!(text.contains("Keys in memory and what they open are kept out of swap"), unbound, "{text}");
    assert_eq!(pages(&told, "all_locked") > 4 << 20, unbound, "{told}");
    let (locked, all) =
        seen(officer, "with leave", &with_leave(limit, None, &format!("--home {}", officer.home.display())));
    println!("{locked} KiB are locked, {all} KiB in memory");
    // The system's own pages in it are nobody's to lock.
    assert_eq!(locked + 64 >= all, unbound, "{locked} of {all} KiB");

    // All at once is refused: the pages of keys are, and no more is claimed.
    let (told, text) = says(officer, |verb| with_leave(limit, Some("mlockall"), verb));
    assert_eq!(told["pages_locked"], false, "{told}");
    assert_eq!(pages(&told, "all_locked"), pages(&told, "locked") * pages(&told, "page"), "{told}");
    if unbound {
        assert_eq!((pages(&told, "locked"), pages(&told, "wanted") >= 3), (pages(&told, "wanted"), true), "{told}");
        assert!(
            text.contains("pages of memory that hold keys are kept out of swap (") && !text.contains("may lock)"),
            "{text}"
        );
        assert!(text.contains("what they open may be swapped"), "{text}");
    }

    // Everything is refused.
    let (told, text) = says(officer, |verb| with_leave(limit, Some("mlockall,mlock,mlock2"), verb));
    assert_eq!(
        (&told["pages_locked"], pages(&told, "locked"), pages(&told, "all_locked")),
        (&false.into(), 0, 0),
        "{told}"
    );
    let why = if unbound { "for the system refuses more" } else { "for this user may lock 0 KiB" };
    assert!(text.contains("! Keys in memory may be swapped to the disk: 0 of") && text.contains(why), "{text}");
}
