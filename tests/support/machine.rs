//! Homes, passphrases in files, and programs run as processes of their own: what tests and demo share. What fails comes back as a
//! sentence; a test stops there, the demo tells it.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use serde_json::Value;

/// The ports that are tried begin here, and each process has so many.
const LOWEST_PORT: u16 = 10_000;
const STRETCH: u16 = 16;

/// What went wrong, in a sentence.
pub(crate) type Told<T> = Result<T, String>;

/// Someone with a home folder.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    /// What they are called.
    pub(crate) name: String,
    /// Their home.
    pub(crate) home: PathBuf,
    /// The file with their passphrase.
    pub(crate) passphrase: PathBuf,
    /// What their programs find in their environment beside what this one has.
    pub(crate) around: Vec<(OsString, OsString)>,
}

impl Actor {
    /// An actor whose passphrase, a sample, lies in `dir/NAME.pass`.
    pub(crate) fn settle(dir: &Path, name: &str, home: PathBuf) -> Told<Self> {
        let passphrase = dir.join(format!("{name}.pass"));
        if !passphrase.exists() {
            write_owned(&passphrase, format!("sample passphrase of {name} 7391\n").as_bytes())?;
        }
        Ok(Self { name: name.to_owned(), home, passphrase, around: Vec::new() })
    }

    /// The app's program, told whose home to open.
    pub(crate) fn at_home(&self, mut app: Command) -> Command {
        app.arg("--home").arg(&self.home).arg("--passphrase-file").arg(&self.passphrase);
        app.envs(self.around.iter().map(|(name, value)| (name, value)));
        app
    }
}

/// What a command answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Its exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// Its JSON document.
    pub(crate) json: Value,
    /// What it said beside it.
    pub(crate) aside: String,
}

/// Runs a command that prints one JSON document, to its end. One that a signal ended has no document.
pub(crate) fn played(mut command: Command, stdin: &str) -> Told<Answer> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("the program does not start: {error}"))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A command that does not read its input may have ended already; its answer says so.
        drop(pipe.write_all(stdin.as_bytes()));
    }
    let output = child.wait_with_output().map_err(|error| format!("waiting for the program: {error}"))?;
    let aside = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code().unwrap_or(-1);
    let json = match serde_json::from_slice(&output.stdout) {
        Ok(json) => json,
        Err(_) if code == -1 => Value::Null,
        Err(error) => return Err(format!("exit {code} and no JSON document ({error}); it said: {}", aside.trim())),
    };
    Ok(Answer { code, json, aside })
}

/// A hub in a process of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct HubProcess {
    child: Child,
    log: PathBuf,
}

impl HubProcess {
    /// Starts the hub's program and waits for the line that says where it listens. What it logs is added to `log`.
    pub(crate) fn begin(mut hub: Command, home: &Path, address: SocketAddr, log: &Path) -> Told<Self> {
        let wrong = |error: std::io::Error| format!("starting the hub: {error}");
        let file = File::options().create(true).append(true).open(log).map_err(wrong)?;
        hub.arg("serve").arg("--home").arg(home).arg("--listen").arg(address.to_string());
        hub.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        let mut child = hub.spawn().map_err(wrong)?;
        let out = child.stdout.take().ok_or("the hub has no standard output")?;
        let process = Self { child, log: log.to_owned() };
        let mut said = String::new();
        BufReader::new(out).read_line(&mut said).map_err(wrong)?;
        if said.starts_with("listening") {
            return Ok(process);
        }
        let logged = std::fs::read_to_string(log).unwrap_or_default();
        Err(format!("the hub does not serve: {said}{}", logged.lines().last().unwrap_or_default()))
    }

    /// Kills it (SIGKILL), as a power cut would.
    pub(crate) fn kill(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            // The folder goes with the test; what the hub said of its failure must not.
            let logged = std::fs::read_to_string(&self.log).unwrap_or_default();
            let last: Vec<&str> = logged.lines().skip(logged.lines().count().saturating_sub(12)).collect();
            drop(writeln!(std::io::stderr(), "the hub's log ends:\n{}", last.join("\n")));
        }
    }
}

/// What a verb of the hub prints; it must succeed.
pub(crate) fn hub_prints(mut hub: Command, home: &Path, arguments: &[&str]) -> Told<String> {
    let doing = format!("amanat-hub {}", arguments.join(" "));
    let output = hub.args(arguments).arg("--home").arg(home).output().map_err(|error| format!("{doing}: {error}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{doing}: {}{}", out.trim(), err.trim())) }
}

/// The join request and the words of a new hub, as its program printed them.
pub(crate) fn newcomer(said: &str) -> Told<(String, String)> {
    let after = |label: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(label));
        line.map(|rest| rest.trim().to_owned()).ok_or_else(|| format!("no “{label}” in what the hub says: {said}"))
    };
    Ok((after("request:")?, after("fingerprint:")?))
}

/// A free address of loopback. Below the ports that the system lends to connections, and another stretch of them for each process: what
/// is free now is free when the hub that was told of it starts.
pub(crate) fn loopback_port() -> Told<SocketAddr> {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let stretch = u16::try_from(std::process::id() % 1_250).unwrap_or_default() * STRETCH;
    for _try in 0..STRETCH {
        let port = LOWEST_PORT + stretch + TAKEN.fetch_add(1, Ordering::Relaxed) % STRETCH;
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener.local_addr().map_err(|error| format!("finding a free port: {error}"));
        }
    }
    Err(format!("finding a free port: all {STRETCH} from {} on are taken", LOWEST_PORT + stretch))
}

/// A file that only its owner may read.
pub(crate) fn write_owned(path: &Path, bytes: &[u8]) -> Told<()> {
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| format!("writing {}: {error}", path.display()))
}

/// A text in a JSON document.
pub(crate) fn text_at(json: &Value, pointer: &str) -> Option<String> {
    json.pointer(pointer)?.as_str().map(str::to_owned)
}
