//! A PostgreSQL server of the tests' own: made in a throwaway folder, reached by a unix socket and a password only, stopped when the
//! last test lets go of it or dies.
#![allow(dead_code, reason = "each of those who start one needs a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop where it stands"
)]

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// The database's user.
const USER: &str = "hub";
/// Its password.
pub(crate) const PASSWORD: &str = "only for tests";
/// Who runs the server where the tests run as root, which it refuses to be run by.
const SERVANT: &str = "postgres";

/// A server and its folder.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    fsync: &'static str,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Cluster {
    /// The server of this process: made by the first who asks, stopped by the last who lets go.
    pub(crate) fn shared() -> Arc<Self> {
        static HELD: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut held = HELD.lock().unwrap();
        held.upgrade().unwrap_or_else(|| {
            // A server that crashes loses nothing that it gave to the system; only a power cut would, and that no test can make.
            let made = Arc::new(Self::make("fsync=off"));
            *held = Arc::downgrade(&made);
            made
        })
    }

    /// A server that waits for the disk, as one in earnest does.
    pub(crate) fn in_earnest() -> Arc<Self> {
        Arc::new(Self::make("fsync=on"))
    }

    /// Another server, for what only one of several does: fail alone.
    pub(crate) fn another() -> Self {
        Self::make("fsync=off")
    }

    /// A standby that follows this server, and that this server waits for with each commit.
    pub(crate) fn standby(&self, url: &str) -> Self {
        let standby = Self::folder(self.fsync);
        let mut copy = standby.command("pg_basebackup");
        copy.env("PGPASSWORD", PASSWORD).arg("-h").arg(self.folder.path()).args(["-U", USER, "-D"]);
        run(copy.arg(standby.path("data")).args(["-R", "-X", "stream", "-c", "fast"]));
        standby.start();
        self.psql(url, "alter system set synchronous_standby_names = '*'");
        self.psql(url, "select pg_reload_conf()");
        let follows = "select count(*) from pg_stat_replication where sync_state = 'sync'";
        while self.psql(url, follows) != "1\n" {}
        standby
    }

    /// Where the same database is on another server.
    pub(crate) fn same_at(&self, url: &str) -> String {
        format!("{}?host={}", url.split_once('?').unwrap().0, self.folder.path().display())
    }

    /// Where its socket lies.
    pub(crate) fn host(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn folder(fsync: &'static str) -> Self {
        let folder = tempfile::Builder::new().prefix("amanat-pg").tempdir().unwrap();
        let cluster =
            Self { folder, programs: programs(), fsync, server: Mutex::new(None), databases: AtomicU32::new(0) };
        if rustix::process::geteuid().is_root() {
            run(Command::new("chown").arg(SERVANT).arg(cluster.folder.path()));
        }
        std::fs::write(cluster.path("password"), PASSWORD).unwrap();
        let line = format!("*:*:*:{USER}:{PASSWORD}\n");
        std::fs::write(cluster.password_file(), line).unwrap();
        std::fs::set_permissions(cluster.password_file(), std::fs::Permissions::from_mode(0o600)).unwrap();
        cluster
    }

    fn make(fsync: &'static str) -> Self {
        let cluster = Self::folder(fsync);
        let mut make = cluster.command("initdb");
        make.args(["--no-sync", "--no-instructions", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256"]);
        run(make.args(["--username", USER, "--pwfile"]).arg(cluster.path("password")).arg(cluster.path("data")));
        cluster.start();
        cluster
    }

    /// Starts the server and waits until it takes connections.
    pub(crate) fn start(&self) {
        let _old = std::fs::remove_file(self.path("data/postmaster.pid"));
        let log = std::fs::File::create(self.path("log")).unwrap();
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.path("data")).arg("-k").arg(self.folder.path());
        command.args([
            "-c",
            "listen_addresses=",
            "-c",
            "shared_buffers=32MB",
            "-c",
            "max_connections=60",
            "-c",
            self.fsync,
        ]);
        command.stdout(Stdio::null()).stderr(log);
        // The system ends the server with the thread that started it, so that thread lives as long as the process.
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            tell.send(command.spawn().unwrap()).unwrap();
            loop {
                std::thread::park();
            }
        });
        let mut server = told.recv().unwrap();
        for _ in 0..600 {
            let state = std::fs::read_to_string(self.path("data/postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| ["ready", "standby"].contains(&line.trim())) {
                *self.server.lock().unwrap() = Some(server);
                return;
            }
            assert!(server.try_wait().unwrap().is_none(), "the server did not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server is not ready after half a minute: {}", self.log());
    }

    /// Stops the server at once, as if it had crashed: what is not on the disk is gone.
    pub(crate) fn crash(&self) {
        self.stop(Signal::QUIT);
    }

    /// Ends every connection and leaves in order.
    pub(crate) fn leave(&self) {
        self.stop(Signal::INT);
    }

    fn stop(&self, how: Signal) {
        if let Some(mut server) = self.server.lock().unwrap().take() {
            let _gone = rustix::process::kill_process(Pid::from_child(&server), how);
            server.wait().unwrap();
        }
    }

    /// The URL of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("hub{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut make = self.command("createdb");
        run(make.arg("-h").arg(self.folder.path()).args(["-U", USER, "-w", &name]));
        format!("postgres://{USER}@/{name}?host={}", self.folder.path().display())
    }

    /// What another program of PostgreSQL says to a database of this server.
    pub(crate) fn psql(&self, url: &str, sql: &str) -> String {
        run(self.command("psql").args(["-w", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url]))
    }

    /// The same, where it may be refused.
    pub(crate) fn try_psql(&self, url: &str, sql: &str) -> Option<String> {
        let mut psql = self.command("psql");
        let said = psql.args(["-w", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url]).output().ok()?;
        said.status.success().then(|| String::from_utf8_lossy(&said.stdout).into_owned())
    }

    /// Where the password stands, in the form of `.pgpass`.
    pub(crate) fn password_file(&self) -> PathBuf {
        self.path("pgpass")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program of PostgreSQL's, run by somebody who is not root and ended with this process.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        // What only talks to a server may be run by anybody, and must read the password as we do.
        if rustix::process::geteuid().is_root() && ["initdb", "postgres", "pg_basebackup"].contains(&program) {
            command.args(["--reuid", SERVANT, "--regid", SERVANT, "--clear-groups"]);
        }
        command.arg(self.programs.join(program)).current_dir(self.folder.path());
        command.env("PGPASSFILE", self.password_file()).env("LC_ALL", "C");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
    }
}

/// The newest server programs: Debian keeps them off the path, others do not.
fn programs() -> PathBuf {
    let version = |path: &Path| path.file_name().and_then(OsStr::to_str).and_then(|name| name.parse::<u32>().ok());
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<PathBuf> = debian.map(|entry| entry.unwrap().path()).collect();
    versions.sort_by_key(|path| version(path));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    let mut places = versions.into_iter().rev().map(|path| path.join("bin")).chain(on_path);
    places.find(|place| place.join("initdb").exists()).unwrap_or_else(|| {
        panic!("no PostgreSQL here (initdb): the package `postgresql` brings it; tests/run installs it")
    })
}

fn run(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}
