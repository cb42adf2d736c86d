//! One person or machine of a test: a home, a passphrase in a file, and the built programs run as processes of their own.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use amanat::runtime::{closed_home::ClosedHome, home::Home, paths::Paths};
use amanat_keys::vault_file;
use serde_json::Value;

/// Someone with a home folder.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) name: String,
    pub(crate) home: PathBuf,
    /// The file with their passphrase.
    pub(crate) passphrase: PathBuf,
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

impl Answer {
    /// The sentence of a failure: what was done — what is wrong.
    pub(crate) fn message(&self) -> String {
        text(&self.json, "/error/message")
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        text(&self.json, "/error/hint")
    }
}

/// A built program of ours. Cargo builds `amanat` for this test binary; those of other packages lie beside it.
pub(crate) fn beside_us(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_amanat")).with_file_name(name);
    assert!(program.exists(), "{} is not built; run: cargo build --workspace --bins", program.display());
    program
}

impl Actor {
    /// An actor whose passphrase lies in `dir/NAME.pass`.
    pub(crate) fn new(dir: &Path, name: &str, home: PathBuf) -> Self {
        let passphrase = dir.join(format!("{name}.pass"));
        if !passphrase.exists() {
            write_private(&passphrase, format!("sample passphrase of {name} 7391\n").as_bytes());
        }
        Self { name: name.to_owned(), home, passphrase }
    }

    /// The command line `amanat ARGS --json`, ready to run in this home.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(beside_us("amanat"));
        command.arg("--home").arg(&self.home).arg("--passphrase-file").arg(&self.passphrase);
        command.args(arguments).arg("--json");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command and returns its document, whatever the exit code.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Answer {
        self.ask_with(arguments, "")
    }

    /// The same with text on its standard input.
    pub(crate) fn ask_with(&self, arguments: &[&str], stdin: &str) -> Answer {
        finish(self.command(arguments), stdin)
    }

    /// Runs a command that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Value {
        self.run_with(arguments, "")
    }

    /// The same with text on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Value {
        let answer = self.ask_with(arguments, stdin);
        assert!(
            answer.code == 0,
            "{}: amanat {} ends with {}: {}",
            self.name,
            arguments.join(" "),
            answer.code,
            answer.json
        );
        answer.json
    }

    /// Entries kept and received, as `status` counts them.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let status = self.run(&["status"]);
        (number(&status, "kept"), number(&status, "received"))
    }

    /// The home opened in this process.
    pub(crate) fn unlocked(&self) -> Home {
        let closed = ClosedHome::open(Paths::at(&self.home)).unwrap();
        closed.unlock(&vault_file::read_passphrase(&self.passphrase).unwrap()).unwrap()
    }

    /// A file of the home.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }
}

/// Runs a prepared command to its end.
pub(crate) fn finish(mut command: Command, stdin: &str) -> Answer {
    let mut child = command.spawn().expect("the built program starts");
    if let Some(mut pipe) = child.stdin.take() {
        // A command that does not read its input may have ended already; its answer says so.
        drop(pipe.write_all(stdin.as_bytes()));
    }
    let output = child.wait_with_output().expect("the program ends");
    let aside = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code().unwrap_or(-1);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        assert!(code == -1, "exit {code} and no JSON document ({error}); it said: {aside}");
        Value::Null
    });
    assert!(!aside.contains("panicked"), "the program panicked: {aside}");
    Answer { code, json, aside }
}

/// A hub in a process of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct HubProcess {
    child: Child,
}

impl HubProcess {
    /// Makes the hub's home; returns its join request and its words.
    pub(crate) fn init(home: &Path, listen: SocketAddr) -> (String, String) {
        Self::asks(home, &["init", "--name", "Sample hub", "--listen", &listen.to_string()])
    }

    /// Has a verb write the hub's join request; returns it and its words.
    pub(crate) fn asks(home: &Path, verb: &[&str]) -> (String, String) {
        let said = hub_says(home, verb);
        let after = |label: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(label));
            line.unwrap_or_else(|| panic!("no “{label}” in {said}")).trim().to_owned()
        };
        (after("request:"), after("fingerprint:"))
    }

    /// Starts serving and waits for the line that says where. Its log goes to `LOG` beside the home, which only grows.
    pub(crate) fn serve(home: &Path, address: SocketAddr) -> Self {
        let log = File::options().create(true).append(true).open(home.with_extension("log")).unwrap();
        let mut command = Command::new(beside_us("amanat-hub"));
        command.arg("serve").arg("--home").arg(home).arg("--listen").arg(address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the hub starts");
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let log = || std::fs::read_to_string(home.with_extension("log")).unwrap_or_default();
        let last = || log().lines().last().unwrap_or_default().to_owned();
        assert!(said.starts_with("listening"), "the hub does not serve: {said}{}", last());
        Self { child }
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
    }
}

/// What a verb of the hub prints; it must succeed.
pub(crate) fn hub_says(home: &Path, arguments: &[&str]) -> String {
    let output = Command::new(beside_us("amanat-hub")).args(arguments).arg("--home").arg(home).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "amanat-hub {}: {said}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("the hub prints text")
}

/// A free address of loopback. Another program could take it in between; then the hub says so.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback has a free port")
}

/// A file that only its owner may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) {
    let mut options = File::options();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

/// A text in a JSON document; it must be there.
pub(crate) fn text(json: &Value, pointer: &str) -> String {
    let found = json.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} in {json}")).to_owned()
}

/// A count in a JSON document; it must be there.
pub(crate) fn number(json: &Value, name: &str) -> u64 {
    json.get(name).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number {name} in {json}"))
}
