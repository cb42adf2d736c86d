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
    let told = |answer: &Answer| {
        println!("{} | {}", answer.message(), answer.hint());
        assert!(matches!(answer.code, 1 | 3), "{}", answer.json);
        assert!(answer.message().contains(" — ") && !answer.hint().is_empty(), "{}", answer.json);
    };
    let modes = |folder: u32, file: u32| {
        for found in fs::read_dir(&officer.home).unwrap() {
            fs::set_permissions(found.unwrap().path(), Permissions::from_mode(file)).unwrap();
        }
        fs::set_permissions(&officer.home, Permissions::from_mode(folder)).unwrap();
    };
    modes(0o500, 0o400);
    let answer = finish(held_to_permissions(&officer.command(arguments)), answers);
    modes(0o700, 0o600);
    told(&answer);
    nothing_lost(officer, &story, counts);
    // The same by a mount, where the machine allows one: another word of the system, and the same of ours.
    let read_only = Mount::read_only(&officer.home);
    println!(
        "a read-only mount: {}",
        if read_only.is_some() { "looked at too" } else { "not allowed on this machine" }
    );
    if read_only.is_some() {
        told(&officer.ask_with(&arguments, answers));
    }
    drop(read_only);
    nothing_lost(officer, &story, counts);
    jot(officer, &story.case, 2, "velkopmatur");
}

/// The same command without root's right to write where it likes. It is tried on a folder first: a test that only seems to refuse
/// shows nothing.
fn held_to_permissions(command: &Command) -> Command {
    if !rustix::process::geteuid().is_root() {
        return wrapped("env", &[], command);
    }
    let give_up = "-dac_override,-dac_read_search";
    let arguments = [format!("--bounding-set={give_up}"), format!("--inh-caps={give_up}")];
    let closed = tempfile::tempdir().unwrap();
    fs::set_permissions(closed.path(), Permissions::from_mode(0o500)).unwrap();
    let tries = Command::new("setpriv").args(&arguments).arg("touch").arg(closed.path().join("x")).output().unwrap();
    assert!(!tries.status.success() && !closed.path().join("x").exists(), "root is held to permissions: {tries:?}");
    wrapped("setpriv", &arguments, command)
}

/// The same command as the last arguments of another.
fn wrapped(program: &str, arguments: &[String], command: &Command) -> Command {
    let mut outer = Command::new(program);
    outer.args(arguments).arg(command.get_program()).args(command.get_args());
    outer.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    outer
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

/// What fills up.
enum Full {
    /// No file may grow beyond so many KiB.
    File(u64),
    /// A filesystem of the test's own.
    Disk,
    /// The system says so of every write from the n-th on, of one keeping.
    Said,
}

/// A disk that fills up while an officer works: what was kept stays, what does not fit is told of, and with room again it goes on.
#[test]
fn a_file_that_may_not_grow_loses_nothing_that_was_kept() {
    let (agency, story, counts) = home();
    fills_up(&agency.officer, &story, counts, &Full::File(400));
}

#[test]
fn a_disk_that_says_it_is_full_loses_nothing_that_was_kept() {
    let (agency, story, counts) = home();
    fills_up(&agency.officer, &story, counts, &Full::Said);
}

/// The same on a filesystem of 700 KiB where the machine lets us mount one, else once more with a file that may not grow.
#[test]
fn a_full_disk_loses_nothing_that_was_kept() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let seat = agency.dir.path().join("small");
    fs::create_dir(&seat).unwrap();
    let Some(small) = Mount::small(&seat, 700) else {
        println!("the disk is full by RLIMIT_FSIZE of 700 KiB: no filesystem may be mounted here");
        return fills_up(officer, &story, counts, &Full::File(700));
    };
    println!("the disk is full by a filesystem of 700 KiB");
    whole_in_one_file(&officer.file("journal.sqlite"));
    for name in ["identity.age", "journal.sqlite", "heads", "practice", "joined", "lock"] {
        if officer.file(name).exists() {
            fs::copy(officer.file(name), seat.join(name)).unwrap();
        }
    }
    fills_up(&Actor { home: seat.clone(), ..officer.clone() }, &story, counts, &Full::Disk);
    drop(small);
}

/// The word of a full disk at the first write of a keeping, at the second, and at each one after it: nothing by halves, at none.
#[test]
fn a_disk_that_is_full_at_any_write_keeps_the_whole_entry_or_nothing() {
    let (agency, story, counts) = home();
    let officer = &agency.officer;
    let (mut kept, mut refusals, mut unharmed) = (counts.0, 0, 0);
    for n in 1.. {
        assert!(n < 60, "a keeping never ends");
        // Beyond its last write it is not harmed any more; a write behind the commit harms it neither.
        if unharmed == 3 {
            break;
        }
        let arguments = ["entry", "add", "--form", "note", "--from", "-", "--case", &story.case];
        let answer = finish(said_full(officer, &officer.command(arguments), n), &note(n, 9_000));
        let now = officer.counts().0;
        if answer.code == 0 {
            assert_eq!(now, kept + 1, "write {n}");
            (kept, unharmed) = (now, unharmed + 1);
            continue;
        }
        refused(&answer, 1, "failed", "disk is full");
        assert_eq!(now, kept, "write {n}: it was refused, and is not there");
        (refusals, unharmed) = (refusals + 1, 0);
    }
    println!("a full disk was said of {refusals} writes");
    assert!(refusals > 1);
    nothing_lost(officer, &story, (kept, 0));
}

fn note(n: usize, length: usize) -> String {
    format!("{{\"noted_on\": \"2026-10-03\", \"note_text\": \"{n} {}\"}}", noise(n, length))
}

fn fills_up(officer: &Actor, story: &Story, counts: (u64, u64), full: &Full) {
    nothing_lost(officer, story, counts);
    let mut kept = counts.0;
    let mut answer = None;
    for n in 0..200 {
        let arguments = ["entry", "add", "--form", "note", "--from", "-", "--case", &story.case];
        let command = officer.command(arguments);
        let command = match full {
            Full::Disk => command,
            Full::File(kib) => limited(&command, *kib),
            Full::Said if n < 3 => command,
            Full::Said => said_full(officer, &command, 1),
        };
        let ended = finish(command, &note(n, 36_000));
        if ended.code != 0 {
            answer = Some(ended);
            break;
        }
        kept += 1;
    }
    let answer = answer.expect("the disk never filled up");
    refused(&answer, 1, "failed", "disk is full");
    assert!(answer.hint().contains("nothing that was kept is lost"), "{}", answer.hint());
    assert!(kept > counts.0, "nothing could be kept at all");
    // Full as it is, everything can be read.
    assert_eq!(officer.counts().0, kept, "on a full disk the officer still reads what was kept");
    officer.run(&["case", "show", &story.case]);
    // Grown again, the same disk goes on where it was.
    if matches!(full, Full::Disk) {
        let seat = officer.home.to_str().unwrap();
        run("mount", &["-o", "remount,size=8m", seat]).expect("a mount of ours can be grown");
    }
    assert_eq!(officer.counts().0, kept, "what was kept is there, and nothing by halves");
    nothing_lost(officer, story, (kept, 0));
    jot(officer, &story.case, 3, "velkopmatur");
    assert_eq!(officer.counts().0, kept + 1);
}

/// The same command, to which the system says that the disk is full at its n-th write into the journal or its log, and at each after it.
fn said_full(officer: &Actor, command: &Command, n: usize) -> Command {
    let writes = "pwrite64,ftruncate,fallocate";
    let mut arguments = ["-f", "-qqq", "-o", "/dev/null"].map(str::to_owned).to_vec();
    for file in ["journal.sqlite", "journal.sqlite-wal"] {
        arguments.extend(["-P".to_owned(), officer.file(file).to_string_lossy().into_owned()]);
    }
    arguments.extend(["-e".to_owned(), format!("trace={writes}")]);
    arguments.extend(["-e".to_owned(), format!("inject={writes}:error=ENOSPC:when={n}+")]);
    wrapped("strace", &arguments, command)
}

/// Text of this length that does not pack well.
fn noise(seed: usize, length: usize) -> String {
    let mut state = seed as u64 + 1;
    let letter = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((*state >> 33) % 90).unwrap()).to_string().replace(['"', '\\'], "x")
    };
    (0..length).map(|_| letter(&mut state)).collect()
}

/// The same command in a shell that lets no file grow beyond so many KiB.
fn limited(command: &Command, kib: u64) -> Command {
    let line = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"");
    wrapped("bash", &["-c".to_owned(), line, "bash".to_owned()], command)
}

/// Everything that stands in the write-ahead log goes into the file.
fn whole_in_one_file(database: &Path) {
    let db = Connection::open(database).unwrap();
    db.query_row("pragma wal_checkpoint(truncate)", [], |_row| Ok(())).unwrap();
}
