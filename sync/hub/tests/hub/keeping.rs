//! What a keeper relies on when things go wrong: a backup made while the hub serves, a drill that restores it, and a disk that is full.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use amanat_hub::store::{SqliteStore, StoreFault};
use amanat_keys::fingerprint::Digest;
use amanat_sync::courier::{Courier, Covers, End, Outcome, pass};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::transport::{Transport as _, TransportError};
use amanat_sync::wire::codec;

use super::attachments::{Desk, noise};
use super::process::keep_more;
use super::running::*;
use super::support::*;

/// A device that writes: its journal, its pen, and what it has a receipt for.
pub(crate) struct Writer {
    pub(crate) actor: usize,
    pub(crate) journal: MemoryJournal,
    pub(crate) pen: Pen,
    courier: Courier,
    pub(crate) written: u64,
}

impl Writer {
    pub(crate) fn new(agency: &Agency, actor: usize) -> Self {
        let (journal, pen) = (MemoryJournal::default(), Pen::new(agency, actor, 1));
        Self { actor, journal, pen, courier: Courier::default(), written: 0 }
    }

    pub(crate) fn writes(&mut self, entries: u64) {
        let story = self.pen.story(entries);
        if self.written == 0 {
            keep(&mut self.journal, &self.pen, &story)
        } else {
            keep_more(&mut self.journal, &story)
        }
        self.written += entries;
    }

    /// Forty long entries.
    fn writes_at_length(&mut self) {
        let (n, pen) = (self.written, &mut self.pen);
        let story: Vec<_> = (0..40).map(|i| pen.note(1, &format!("{n} {i} ").repeat(400))).collect();
        keep_more(&mut self.journal, &story);
        self.written += 40;
    }

    pub(crate) fn syncs(&mut self, agency: &Agency, url: &str) -> Outcome {
        let mut to_hub = road(agency, self.actor, url);
        let trust = &mut agency.trust.clone();
        pass(&mut self.courier, &mut self.journal, &mut to_hub, agency.party(self.actor), trust)
    }

    pub(crate) fn received(&self, agency: &Agency) -> u64 {
        self.journal.status(&agency.hub.id).unwrap().own.first().map_or(0, |own| own.received)
    }
}

/// How many entries a new reader at headquarters is served, each verified.
pub(crate) fn read_all(agency: &Agency, url: &str) -> u64 {
    let (mut reader, mut trust) = (MemoryJournal::default(), agency.trust.clone());
    let outcome = pass(&mut Courier::default(), &mut reader, &mut road(agency, 3, url), agency.party(3), &mut trust);
    assert!(matches!(outcome.end, End::Done) && outcome.set_aside == 0, "{outcome:?}");
    outcome.pulled
}

/// Two devices sync without a break while the backup is made; then the hub dies and the backup is served in its place.
#[test]
fn a_backup_made_while_devices_push_is_served_in_the_hubs_place() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let home = folder.path().join("hub");
    let (enough, backup) = (AtomicBool::new(false), folder.path().join("backup"));
    let (mut first, mut second) = (Writer::new(&agency, 0), Writer::new(&agency, 1));
    for writer in [&mut first, &mut second] {
        writer.writes(500);
        assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    }
    let before = first.received(&agency) + second.received(&agency);
    assert_eq!(before, 1_000);
    let made = std::thread::scope(|scope| {
        for writer in [&mut first, &mut second] {
            let (agency, url, enough) = (&agency, &running.url, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::SeqCst) {
                    writer.writes(20);
                    assert!(matches!(writer.syncs(agency, url).end, End::Done));
                }
            });
        }
        let made: Vec<_> =
            (0..5).map(|n| hub(&["backup", backup.with_extension(n.to_string()).to_str().unwrap()], &home)).collect();
        enough.store(true, Ordering::SeqCst);
        made
    });
    for made in &made {
        assert!(made.status.success(), "{made:?}");
        assert!(String::from_utf8_lossy(&made.stdout).contains("read back:"), "{made:?}");
    }
    running.kill();
    let restored = backup.with_extension("4");
    let copied = SqliteStore::check_copy(&restored.join("hub.sqlite"), &agency.id()).unwrap();
    let all = first.received(&agency) + second.received(&agency);
    assert!((before..=all).contains(&copied.entries) && copied.journals == 2, "{copied:?} of {before} to {all}");
    assert!(!restored.join("hub.sqlite-wal").exists(), "a backup is whole in its files");
    assert_eq!(mode(&restored), 0o700);
    for file in std::fs::read_dir(&restored).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }

    // The drill: nothing but the folder, another machine.
    let running = Running::start(&restored);
    assert_eq!(read_all(&agency, &running.url), copied.entries);
    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &restored).stdout).unwrap();
    assert_eq!(
        (&status["listed"], &status["tls_key_listed"], &status["roster"]),
        (&true.into(), &true.into(), &2.into())
    );
    let again = hub(&["backup", restored.to_str().unwrap()], &home);
    assert!(
        !again.status.success() && String::from_utf8_lossy(&again.stderr).contains("is there already"),
        "{again:?}"
    );
    assert_eq!(running.terminate(), Some(0));
}

/// What the settings name and what is attached is in it, or is said not to be.
#[test]
fn a_backup_holds_attachments_and_the_files_that_the_settings_name_and_says_what_it_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let home = folder.path().join("hub");
    let mut desk = Desk::new(&agency, 0, 1);
    let bytes = noise(1, 50_000);
    let part = desk.seal(&bytes);
    desk.attach(&[part]);
    desk.carry(&agency, &mut road(&agency, 0, &running.url));
    std::fs::create_dir(home.join("tls")).unwrap();
    std::fs::write(home.join("tls/ours.pem"), "a certificate").unwrap();
    let settings = std::fs::read_to_string(home.join("settings.toml")).unwrap();
    let named = "certificate = \"tls/ours.pem\"\nkey = \"../ours.key\"\nparts_credentials = \"s3\"\n";
    std::fs::write(home.join("settings.toml"), settings + named).unwrap();

    let backup = folder.path().join("backup");
    let made = hub(&["backup", backup.to_str().unwrap()], &home);
    assert!(made.status.success(), "{made:?}");
    let copied = backup.join("parts").join(agency.actors[0].id.to_string()).join(part.digest.to_string());
    assert_eq!(std::fs::read(copied).unwrap(), bytes);
    assert_eq!(std::fs::read_to_string(backup.join("tls/ours.pem")).unwrap(), "a certificate");
    assert_eq!((mode(&backup.join("tls")), mode(&backup.join("tls/ours.pem"))), (0o700, 0o600));
    let told = String::from_utf8_lossy(&made.stderr);
    let lacking: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("not in it: ")).collect();
    assert!(matches!(lacking[..], [key, s3] if key.starts_with("../ours.key,") && s3.starts_with("s3,")), "{told}");
    assert_eq!(running.terminate(), Some(0));
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_that_is_not_what_was_written_is_found_when_it_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let mut writer = Writer::new(&agency, 0);
    writer.writes(40);
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    let copy = folder.path().join("copy.sqlite");
    let damages = [
        "update entries set envelope = x'00' where seq = 7",
        "update entries set hash = zeroblob(32) where seq = 7",
        "update entries set link = zeroblob(32) where seq = 40",
        "delete from entries where seq = 40",
        "delete from entries where seq = 7",
        "update heads set seq = 39",
    ];
    for damage in damages {
        SqliteStore::back_up(&folder.path().join("hub/hub.sqlite"), &copy).unwrap();
        assert_eq!(SqliteStore::check_copy(&copy, &agency.id()).unwrap().entries, 40);
        let connection = rusqlite::Connection::open(&copy).unwrap();
        assert_eq!(connection.execute(damage, []).unwrap(), 1, "{damage}");
        drop(connection);
        let found = SqliteStore::check_copy(&copy, &agency.id());
        assert!(matches!(found, Err(StoreFault::Damaged(_))), "{damage}: {found:?}");
        std::fs::remove_file(&copy).unwrap();
    }
    let nowhere = folder.path().join("none/of/this\0");
    let refused = hub(&["backup", nowhere.to_str().unwrap().trim_end_matches('\0')], &folder.path().join("hub"));
    assert!(refused.status.success(), "folders above it are made: {refused:?}");
}

/// A mount that goes with the test.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn small(at: &'a Path, kib: u64) -> Option<Self> {
        mount(&["-t", "tmpfs", "-o", &format!("size={kib}k,mode=700"), "tmpfs", at.to_str()?])?;
        Some(Self(at))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _gone = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn mount(arguments: &[&str]) -> Option<()> {
    let ended = Command::new("mount").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    ended.success().then_some(())
}

/// The hub on a disk that is full, or may let no file grow any more.
fn cramped(home: &Path, log: &Path, limited: bool) -> Running {
    let mut command = Command::new(if limited { "bash" } else { env!("CARGO_BIN_EXE_amanat-hub") });
    if limited {
        command.args(["-c", "trap '' XFSZ; ulimit -f 1500; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_amanat-hub")]);
    }
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    Running::by(command, home, log.into())
}

#[test]
#[expect(clippy::print_stdout, reason = "a run says how the disk was filled")]
fn a_hub_whose_disk_is_full_refuses_what_is_new_serves_what_it_has_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (home, log) = (folder.path().join("hub"), folder.path().join("log"));
    std::fs::create_dir(&home).unwrap();
    let small = Mount::small(&home, 3_000);
    println!(
        "the disk is full by {}",
        if small.is_some() { "a filesystem of 3 000 KiB" } else { "RLIMIT_FSIZE of 1 500 KiB" }
    );
    let agency = enrolled(&home);
    let file = folder.path().join("agency.roster");
    std::fs::write(&file, agency.trust.statement_bytes()).unwrap();
    let words = agency.trust.fingerprint_words().to_string();
    assert!(hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home).status.success());
    let running = cramped(&home, &log, small.is_none());
    assert!(running.page("/v1/health").contains(r#""disk":"ok""#));

    let mut writer = Writer::new(&agency, 0);
    writer.writes(2);
    let full = loop {
        if writer.written == 2 {
            assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done))
        }
        writer.writes_at_length();
        let outcome = writer.syncs(&agency, &running.url);
        if !matches!(outcome.end, End::Done) {
            break outcome;
        }
        assert!(writer.written < 20_000, "the disk never filled up");
    };
    assert!(matches!(full.end, End::Full(wait) if wait == amanat_hub::limits::FULL_DISK), "{full:?}");
    let received = writer.received(&agency);
    assert!(received > 2 && received < writer.written, "{received} of {}", writer.written);
    assert!(running.page("/v1/health").contains(r#""disk":"full""#), "{}", running.page("/v1/health"));
    assert!(read_all(&agency, &running.url) >= received, "what is held is served");
    let told = std::fs::read_to_string(&log).unwrap();
    assert_eq!(told.matches("the disk is full: what is new is refused").count(), 1, "said, and said once");
    // Also to whoever has something to send, of which not all can be taken.
    let mut supervisor = Writer::new(&agency, 2);
    supervisor.writes(2);
    supervisor.writes_at_length();
    let outcome = supervisor.syncs(&agency, &running.url);
    assert!(matches!(outcome.end, End::Full(_)) && outcome.pulled >= received, "{outcome:?}");
    assert_eq!(outcome.covers, Covers::Nothing, "not all that is here was given to the hub");
    if small.is_some() {
        let status = String::from_utf8(hub(&["status"], &home).stdout).unwrap();
        assert!(status.contains("disk       0 MiB free: nearly or wholly full"), "{status}");
    }

    // Full as it is it stops, starts again, serves, and refuses.
    assert_eq!(running.terminate(), Some(0));
    let running = cramped(&home, &log, small.is_none());
    assert!(read_all(&agency, &running.url) >= received);
    let asked = road(&agency, 0, &running.url).push(&Digest::ZERO, &codec::push_body(&agency.id(), &[]));
    assert!(matches!(asked, Ok(_) | Err(TransportError::Full(_))), "{asked:?}");
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Full(_)));

    // With room again all that waited arrives, once.
    let running = match &small {
        Some(_) => {
            mount(&["-o", "remount,size=64m", home.to_str().unwrap()]).expect("a mount of ours can be grown");
            running
        }
        None => {
            assert_eq!(running.terminate(), Some(0));
            Running::logging(&home, &folder.path().join("log.2"))
        }
    };
    let outcome = writer.syncs(&agency, &running.url);
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
    assert!(matches!(supervisor.syncs(&agency, &running.url).end, End::Done));
    assert_eq!((writer.received(&agency), supervisor.received(&agency)), (writer.written, supervisor.written));
    assert_eq!(read_all(&agency, &running.url), writer.written + supervisor.written);
    assert!(running.page("/v1/health").contains(r#""disk":"ok""#));
    assert_eq!(running.terminate(), Some(0));
    drop(small);
}
