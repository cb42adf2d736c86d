//! One person or machine of the demo, played by this program in another part; what fails is told as the demo's fault.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    machine::{hub_prints, loopback_port, newcomer, played, text_at},
    tell::Fault,
};

pub(crate) use crate::machine::{Actor, Answer, HubProcess};

/// This program, playing another part.
pub(crate) fn part(role: &str) -> Result<Command, Fault> {
    let me = std::env::current_exe().map_err(|error| Fault::new("finding this program", error))?;
    let mut command = Command::new(me);
    command.arg(role);
    Ok(command)
}

impl Actor {
    /// An actor whose passphrase (shown on the screen) lies in `dir/NAME.pass`.
    pub(crate) fn new(dir: &Path, name: &str, home: PathBuf) -> Result<Self, Fault> {
        Ok(Self::settle(dir, name, home)?)
    }

    /// The command line `amanat ARGS`, ready to run in this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Command, Fault> {
        let mut command = self.at_home(part("app")?);
        command.args(arguments);
        Ok(command)
    }

    /// Runs a command with `--json` and returns its document, whatever the exit code.
    pub(crate) fn ask(&self, arguments: &[&str], stdin: Option<&str>) -> Result<Answer, Fault> {
        let mut command = self.command(arguments)?;
        command.arg("--json");
        let wrong = |sentence| Fault::new(&self.doing(arguments), sentence);
        played(command, stdin.unwrap_or_default()).map_err(wrong)
    }

    /// Runs a command that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Value, Fault> {
        self.run_with(arguments, None)
    }

    /// Runs a command that must succeed, with text on its standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: Option<&str>) -> Result<Value, Fault> {
        let answer = self.ask(arguments, stdin)?;
        if answer.code == 0 {
            return Ok(answer.json);
        }
        let message = text_at(&answer.json, "/error/message").unwrap_or_else(|| answer.json.to_string());
        let hint = text_at(&answer.json, "/error/hint").unwrap_or_default();
        let aside = answer.aside.trim();
        Err(Fault::new(&self.doing(arguments), format!("exit {}: {message} {hint} {aside}", answer.code)))
    }

    fn doing(&self, arguments: &[&str]) -> String {
        format!("{}: amanat {}", self.name, arguments.join(" "))
    }
}

impl HubProcess {
    /// Makes the hub's home; returns its join request and its words.
    pub(crate) fn init(home: &Path, name: &str, listen: SocketAddr, url: &str) -> Result<(String, String), Fault> {
        let listen = listen.to_string();
        Ok(newcomer(&hub_says(home, &["init", "--name", name, "--listen", &listen, "--url", url])?)?)
    }

    /// How many entries the hub holds, by its own count.
    pub(crate) fn entries(home: &Path) -> Result<u64, Fault> {
        let doing = "reading the hub's status";
        let said = hub_says(home, &["status", "--json"])?;
        let status: Value = serde_json::from_str(&said).map_err(|error| Fault::new(doing, error))?;
        let count = status.get("entries").and_then(Value::as_u64);
        count.ok_or_else(|| Fault::new(doing, format!("no count of entries in {said}")))
    }

    /// Hands the hub its agency's roster.
    pub(crate) fn roster(home: &Path, pack: &Path, words: &str) -> Result<(), Fault> {
        hub_says(home, &["roster", &pack.to_string_lossy(), "--fingerprint", words]).map(drop)
    }

    /// What a verb of the hub prints; it must succeed.
    pub(crate) fn says(home: &Path, arguments: &[&str]) -> Result<String, Fault> {
        hub_says(home, arguments)
    }

    /// Reads or writes a stick beside the running hub.
    pub(crate) fn bundle(home: &Path, arguments: &[&str]) -> Result<(), Fault> {
        hub_says(home, &[&["bundle"], arguments].concat()).map(drop)
    }

    /// Starts serving and waits for the line that says where.
    pub(crate) fn serve(home: &Path, address: SocketAddr) -> Result<Self, Fault> {
        Ok(Self::begin(part("hub")?, home, address, &home.join("hub.log"))?)
    }
}

fn hub_says(home: &Path, arguments: &[&str]) -> Result<String, Fault> {
    Ok(hub_prints(part("hub")?, home, arguments)?)
}

/// A free address of loopback.
pub(crate) fn free_address() -> Result<SocketAddr, Fault> {
    Ok(loopback_port()?)
}

/// A text that must be there.
pub(crate) fn want(json: &Value, pointer: &str) -> Result<String, Fault> {
    text_at(json, pointer).ok_or_else(|| Fault::new("reading an answer", format!("no {pointer} in {json}")))
}
