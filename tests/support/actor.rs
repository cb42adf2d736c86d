//! One person or machine of a test, played by the built programs; whatever does not go as it must stops the test there.

use std::{
    ffi::OsStr,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use amanat::runtime::homes::{closed_home::ClosedHome, home::Home, paths::Paths};
use amanat_keys::vault_file;
use serde_json::Value;

use super::machine::{hub_prints, loopback_port, newcomer, played, text_at, write_owned};

pub(crate) use super::machine::{Actor, Answer, HubProcess};

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
        Self::settle(dir, name, home).unwrap()
    }

    /// The command line `amanat ARGS --json`, ready to run in this home.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.at_home(Command::new(beside_us("amanat")));
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
pub(crate) fn finish(command: Command, stdin: &str) -> Answer {
    let answer = played(command, stdin).unwrap();
    assert!(!answer.aside.contains("panicked"), "the program panicked: {}", answer.aside);
    answer
}

impl HubProcess {
    /// Makes the hub's home; returns its join request and its words.
    pub(crate) fn init(home: &Path, listen: SocketAddr) -> (String, String) {
        Self::asks(home, &["init", "--name", "Sample hub", "--listen", &listen.to_string()])
    }

    /// Has a verb write the hub's join request; returns it and its words.
    pub(crate) fn asks(home: &Path, verb: &[&str]) -> (String, String) {
        newcomer(&hub_says(home, verb)).unwrap()
    }

    /// Starts serving and waits for the line that says where. Its log goes to `LOG` beside the home, which only grows.
    pub(crate) fn serve(home: &Path, address: SocketAddr) -> Self {
        Self::begin(Command::new(beside_us("amanat-hub")), home, address, &home.with_extension("log")).unwrap()
    }
}

/// What a verb of the hub prints; it must succeed.
pub(crate) fn hub_says(home: &Path, arguments: &[&str]) -> String {
    hub_prints(Command::new(beside_us("amanat-hub")), home, arguments).unwrap()
}

/// A free address of loopback.
pub(crate) fn free_address() -> SocketAddr {
    loopback_port().unwrap()
}

/// A file that only its owner may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) {
    write_owned(path, bytes).unwrap();
}

/// A text in a JSON document; it must be there.
pub(crate) fn text(json: &Value, pointer: &str) -> String {
    text_at(json, pointer).unwrap_or_else(|| panic!("no text at {pointer} in {json}"))
}

/// A count in a JSON document; it must be there.
pub(crate) fn number(json: &Value, name: &str) -> u64 {
    json.get(name).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number {name} in {json}"))
}
