//! What a machine does to a program: a wrong passphrase, a damaged or foreign file, a second program, a full disk, a folder that
//! cannot be written. Each gives one sentence (what was done — what is wrong), what to do, and the exit code of the design;
//! and nothing that was kept is lost.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use rusqlite::Connection;

use crate::support::{Actor, Answer, Story, TestAgency, finish, jot, record, text, write_private};

/// A home with one story in it, and what it shows.
fn home() -> (TestAgency, Story, (u64, u64)) {
    let agency = TestAgency::offline();
    let story = record(&agency.officer, 1, "velkopmatur");
    let counts = agency.officer.counts();
    (agency, story, counts)
}

/// The shape of every refusal: the exit code and the same in the document, what was done and what is wrong, what to do.
fn refused(answer: &Answer, code: i32, kind: &str, says: &str) {
    assert_eq!(answer.code, code, "{}", answer.json);
    assert_eq!(answer.json["error"]["code"], code, "{}", answer.json);
    assert_eq!(text(&answer.json, "/error/kind"), kind);
    let (message, hint) = (answer.message(), answer.hint());
    assert!(message.contains(" — ") && message.contains(says), "“{message}” does not say “{says}”");
    assert!(!hint.is_empty(), "“{message}” does not say what to do");
    for raw in ["Error {", "Some(", "panicked", "SqliteFailure", "Os {"] {
        assert!(!message.contains(raw) && !hint.contains(raw), "{message} {hint}");
    }
}

/// Everything is as it was.
fn nothing_lost(officer: &Actor, story: &Story, counts: (u64, u64)) {
    assert_eq!(officer.counts(), counts);
    assert_eq!(officer.run(&["verify"])["holds"], true);
    let shown = officer.run(&["case", "show", &story.case]).to_string();
    assert!(story.typed.iter().all(|(id, _)| shown.contains(id)));
}

#[test]
fn a_wrong_passphrase_is_locked_and_says_so_every_time() {
    let (agency, story, counts) = home();
    let wrong = Actor::new(agency.dir.path(), "wrong", agency.officer.home.clone());
    for verb in [&["status"][..], &["case", "list"], &["sync"], &["verify"]] {
        refused(&wrong.ask(verb), 3, "locked", "the passphrase is wrong");
    }
    // A passphrase file that others can read is refused before it is used.
    write_private(&wrong.passphrase, &fs::read(&agency.officer.passphrase).unwrap());
    fs::set_permissions(&wrong.passphrase, Permissions::from_mode(0o644)).unwrap();
    let open = wrong.ask(&["status"]);
    assert!(matches!(open.code, 2 | 3) && open.hint().contains("chmod 600"), "{}", open.json);
    nothing_lost(&agency.officer, &story, counts);
}

#[test]
fn a_database_that_is_cut_short_or_another_file_is_refused_and_left_as_it_is() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let database = officer.file("journal.sqlite");
    whole_in_one_file(&database);
    let whole = fs::read(&database).unwrap();
    for (bytes, says) in [
        (whole[..whole.len() / 2].to_vec(), "damaged"),
        (whole[..5_000].to_vec(), "damaged"),
        (b"Dear diary, this is no database at all. ".repeat(200), "not a journal"),
        ([&[0_u8; 4096][..], &whole[4096..]].concat(), "not a journal"),
    ] {
        fs::write(&database, &bytes).unwrap();
        for verb in [&["case", "list"][..], &["sync"], &["verify"]] {
            let answer = officer.ask(verb);
            if answer.json["error"].is_object() {
                refused(&answer, 5, "refused", "");
                assert!(answer.message().contains(says), "{} says: {}", verb[0], answer.message());
                assert!(answer.hint().contains("make a copy"), "{}", answer.hint());
            } else {
                assert_eq!(answer.code, 5, "{}", answer.json);
            }
        }
        assert_eq!(fs::read(&database).unwrap(), bytes, "a damaged file is evidence: nobody writes into it");
    }
    fs::write(&database, &whole).unwrap();
    nothing_lost(officer, &story, counts);
}

#[test]
fn another_programs_database_and_one_of_a_newer_program_are_told_apart() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let database = officer.file("journal.sqlite");
    whole_in_one_file(&database);
    let whole = fs::read(&database).unwrap();
    Connection::open(&database).unwrap().execute_batch("pragma user_version = 99").unwrap();
    let newer = officer.ask(&["status"]);
    refused(&newer, 1, "failed", "schema 99");
    assert!(newer.hint().contains("Update amanat"), "{}", newer.hint());
    fs::write(&database, &whole).unwrap();
    nothing_lost(officer, &story, counts);

    fs::remove_file(&database).unwrap();
    Connection::open(&database).unwrap().execute_batch("create table contacts (name text)").unwrap();
    refused(&officer.ask(&["status"]), 5, "refused", "not a journal");
    fs::write(&database, &whole).unwrap();

    // The journal of another home: its rows are sealed under another key.
    whole_in_one_file(&agency.stranger.file("journal.sqlite"));
    fs::copy(agency.stranger.file("journal.sqlite"), &database).unwrap();
    let other = officer.ask(&["status"]);
    refused(&other, 5, "refused", "another vault");
    assert!(other.hint().contains("do not belong together"), "{}", other.hint());
    fs::write(&database, &whole).unwrap();
    nothing_lost(officer, &story, counts);
}

#[test]
fn a_second_program_in_one_home_is_told_at_once() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let lock = File::options().write(true).open(officer.file("lock")).unwrap();
    lock.lock().unwrap();
    for verb in [&["status"][..], &["entry", "add", "--form", "note", "--from", "-", "--case", &story.case]] {
        let answer = officer.ask_with(verb, "{\"noted_on\": \"2026-10-03\", \"note_text\": \"SAMPLE\"}");
        refused(&answer, 3, "locked", "another amanat has it open");
    }
    drop(lock);
    nothing_lost(officer, &story, counts);
    // Two real programs at once: one works, the other is told; never both, never neither.
    let mut children: Vec<_> = (0..4).map(|_| officer.command(["verify"]).spawn().unwrap()).collect();
    let codes: Vec<i32> = children.iter_mut().map(|child| child.wait().unwrap().code().unwrap()).collect();
    assert!(codes.contains(&0) && codes.iter().all(|code| matches!(code, 0 | 3)), "{codes:?}");
    nothing_lost(officer, &story, counts);
}

#[test]
fn a_damaged_identity_file_is_refused_and_says_which_file() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let identity = officer.file("identity.age");
    let whole = fs::read(&identity).unwrap();
    let mut flipped = whole.clone();
    let last = flipped.len() - 3;
    flipped[last] ^= 1;
    for bytes in [flipped, whole[..whole.len() - 7].to_vec(), b"age-encryption.org/v1\n".to_vec(), Vec::new()] {
        write_private(&identity, &bytes);
        let answer = officer.ask(&["status"]);
        assert!(matches!(answer.code, 3 | 5), "{} of {} bytes: {}", bytes.len(), whole.len(), answer.json);
        assert!(answer.message().contains(" — ") && !answer.hint().is_empty(), "{}", answer.json);
    }
    fs::remove_file(&identity).unwrap();
    refused(&officer.ask(&["status"]), 2, "usage", "there is no device in it yet");
    write_private(&identity, &whole);
    nothing_lost(officer, &story, counts);
}

#[test]
fn a_home_that_cannot_be_written_says_so_and_keeps_nothing_by_halves() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let answers = "{\"noted_on\": \"2026-10-03\", \"note_text\": \"SAMPLE\"}";
    let arguments = ["entry", "add", "--form", "note", "--from", "-", "--case", &story.case];
    // Root writes where it likes, so the folder is mounted read-only where the machine allows it; else permissions must do.
    let read_only = Mount::read_only(&officer.home);
    println!("the home is read-only by {}", if read_only.is_some() { "a mount" } else { "its permissions" });
    if read_only.is_none() {
        if rustix::process::geteuid().is_root() {
            println!(
                "root may not mount here, and permissions do not hold root back: only the message of a missing folder is shown"
            );
            let nowhere = Actor { home: agency.dir.path().join("no/such/home"), ..officer.clone() };
            refused(&nowhere.ask(&["status"]), 2, "usage", "there is no device in it yet");
            return;
        }
        fs::set_permissions(&officer.home, Permissions::from_mode(0o500)).unwrap();
    }
    let answer = officer.ask_with(&arguments, answers);
    assert!(matches!(answer.code, 1 | 3), "{}", answer.json);
    assert!(answer.message().contains(" — ") && !answer.hint().is_empty(), "{}", answer.json);
    println!("{} | {}", answer.message(), answer.hint());
    drop(read_only);
    fs::set_permissions(&officer.home, Permissions::from_mode(0o700)).unwrap();
    nothing_lost(officer, &story, counts);
    jot(officer, &story.case, 2, "velkopmatur");
}

/// A mount that goes with the test.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn read_only(at: &'a Path) -> Option<Self> {
        let here = at.to_str()?;
        run("mount", &["--bind", here, here])?;
        let mount = Self(at);
        run("mount", &["-o", "remount,ro,bind", here])?;
        Some(mount)
    }

    /// A filesystem of so many KiB, empty.
    fn small(at: &'a Path, kib: u64) -> Option<Self> {
        run("mount", &["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700"), "tmpfs", at.to_str()?])?;
        Some(Self(at))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        run("umount", &["-l", &self.0.to_string_lossy()]);
    }
}

/// A tool of the system that may be refused to us.
fn run(program: &str, arguments: &[&str]) -> Option<()> {
    let mut command = Command::new(program);
    let ended = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    ended.success().then_some(())
}

/// A disk that fills up while an officer works: what was kept stays, what does not fit is told of, and with room again it goes on.
#[test]
fn a_full_disk_loses_nothing_that_was_kept() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let seat = agency.dir.path().join("small");
    fs::create_dir(&seat).unwrap();
    let small = Mount::small(&seat, 700);
    let on = if small.is_some() { "a filesystem of 700 KiB" } else { "RLIMIT_FSIZE of 400 KiB" };
    println!("the disk is full by {on}");
    let officer = match &small {
        Some(_) => {
            whole_in_one_file(&officer.file("journal.sqlite"));
            for name in ["identity.age", "journal.sqlite", "heads", "practice", "joined", "lock"] {
                if officer.file(name).exists() {
                    fs::copy(officer.file(name), seat.join(name)).unwrap();
                }
            }
            Actor { home: seat.clone(), ..officer.clone() }
        }
        None => officer.clone(),
    };
    nothing_lost(&officer, &story, counts);
    let long = "SAMPLE, a long account. ".repeat(1_500);
    let answers = |n: usize| format!("{{\"noted_on\": \"2026-10-03\", \"note_text\": \"{n} {}\"}}", noise(n, &long));
    let mut kept = counts.0;
    let mut full = None;
    for n in 0..200 {
        let arguments = ["entry", "add", "--form", "note", "--from", "-", "--case", &story.case];
        let command = officer.command(arguments);
        let command = if small.is_some() { command } else { limited(&command, 400) };
        let answer = finish(command, &answers(n));
        if answer.code == 0 {
            kept += 1;
            continue;
        }
        full = Some(answer);
        break;
    }
    let full = full.expect("the disk never filled up");
    refused(&full, 1, "failed", "disk is full");
    assert!(full.hint().contains("nothing that was kept is lost"), "{}", full.hint());
    assert!(kept > counts.0, "nothing could be kept at all");
    // Full as it is, everything can be read.
    assert_eq!(officer.counts().0, kept, "on a full disk the officer still reads what was kept");
    officer.run(&["case", "show", &story.case]);
    // Grown again, the same disk goes on where it was.
    if small.is_some() {
        run("mount", &["-o", "remount,size=8m", seat.to_str().unwrap()]).expect("a mount of ours can be grown");
    }
    assert_eq!(officer.counts().0, kept, "what was kept is there, and nothing by halves");
    nothing_lost(&officer, &story, (kept, 0));
    jot(&officer, &story.case, 3, "velkopmatur");
    assert_eq!(officer.counts().0, kept + 1);
    drop(small);
}

/// Text that does not pack well, of the length of `like`.
fn noise(seed: usize, like: &str) -> String {
    let mut state = seed as u64 + 1;
    let letter = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((*state >> 33) % 90).unwrap()).to_string().replace(['"', '\\'], "x")
    };
    (0..like.len()).map(|_| letter(&mut state)).collect()
}

/// The same command in a shell that lets no file grow beyond so many KiB.
fn limited(command: &Command, kib: u64) -> Command {
    let mut shell = Command::new("bash");
    let line = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"");
    shell.args(["-c", &line, "bash"]).arg(command.get_program()).args(command.get_args());
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

/// Everything that stands in the write-ahead log goes into the file.
fn whole_in_one_file(database: &Path) {
    let db = Connection::open(database).unwrap();
    db.query_row("pragma wal_checkpoint(truncate)", [], |_row| Ok(())).unwrap();
}
