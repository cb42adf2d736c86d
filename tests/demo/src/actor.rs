//! One person or machine of the demo: a home, a passphrase in a file, and commands run as a process of their own.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::tell::Fault;

/// Someone with a home folder.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    /// What they are called in the demo.
    pub(crate) name: String,
    /// Their home.
    pub(crate) home: PathBuf,
    /// The file with their passphrase.
    pub(crate) passphrase: PathBuf,
}

/// What a command answered.
pub(crate) struct Answer {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its JSON document.
    pub(crate) json: Value,
}

/// This program, playing another part.
pub(crate) fn part(role: &str) -> Result<Command, Fault> {
    let me = std::env::current_exe().map_err(|error| Fault::new("finding this program", error))?;
    let mut command = Command::new(me);
    command.arg(role);
    Ok(command)
}

impl Actor {
    /// An actor whose passphrase lies in `dir/NAME.pass` (a sample, made for the demo and shown on the screen).
    pub(crate) fn new(dir: &Path, name: &str, home: PathBuf) -> Result<Self, Fault> {
        let passphrase = dir.join(format!("{name}.pass"));
        if !passphrase.exists() {
            write_private(&passphrase, format!("sample passphrase of {name} 7391\n").as_bytes())?;
        }
        Ok(Self { name: name.to_owned(), home, passphrase })
    }

    /// The command line `amanat ARGS`, ready to run in this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Command, Fault> {
        let mut command = part("app")?;
        command.arg("--home").arg(&self.home).arg("--passphrase-file").arg(&self.passphrase).args(arguments);
        Ok(command)
    }

    /// Runs a command with `--json` and returns its document, whatever the exit code.
    pub(crate) fn ask(&self, arguments: &[&str], stdin: Option<&str>) -> Result<Answer, Fault> {
        let doing = format!("{}: amanat {}", self.name, arguments.first().copied().unwrap_or_default());
        let mut command = self.command(arguments)?;
        command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Fault::new(&doing, error))?;
        if let Some(mut pipe) = child.stdin.take() {
            // A command that does not read its input may have ended already; its answer says so.
            drop(pipe.write_all(stdin.unwrap_or_default().as_bytes()));
        }
        let output = child.wait_with_output().map_err(|error| Fault::new(&doing, error))?;
        let json = serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            Fault::new(&doing, format!("no JSON document ({error}); it said: {}", said.trim()))
        })?;
        Ok(Answer { code: output.status.code().unwrap_or(-1), json })
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
        let message = text(&answer.json, "/error/message").unwrap_or_else(|| answer.json.to_string());
        let hint = text(&answer.json, "/error/hint").unwrap_or_default();
        let doing = format!("{}: amanat {}", self.name, arguments.join(" "));
        Err(Fault::new(&doing, format!("exit {}: {message} {hint}", answer.code)))
    }
}

/// A hub in a process of its own; killed when dropped.
pub(crate) struct HubProcess {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl HubProcess {
    /// Makes the hub's home; returns its join request and its words.
    pub(crate) fn init(home: &Path, name: &str, listen: SocketAddr, url: &str) -> Result<(String, String), Fault> {
        let (home, listen) = (home.to_string_lossy(), listen.to_string());
        let said = hub_says(&["init", "--home", &home, "--name", name, "--listen", &listen, "--url", url])?;
        let after = |label: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
            line.map(str::to_owned)
                .ok_or_else(|| Fault::new("reading the hub's answer", format!("no “{label}” in {said}")))
        };
        Ok((after("request:")?, after("fingerprint:")?))
    }

    /// How many entries the hub holds, by its own count.
    pub(crate) fn entries(home: &Path) -> Result<u64, Fault> {
        let said = hub_says(&["status", "--home", &home.to_string_lossy(), "--json"])?;
        let status: Value =
            serde_json::from_str(&said).map_err(|error| Fault::new("reading the hub's status", error))?;
        let count = status.get("entries").and_then(Value::as_u64);
        count.ok_or_else(|| Fault::new("reading the hub's status", format!("no count of entries in {said}")))
    }

    /// Hands the hub its agency's roster.
    pub(crate) fn roster(home: &Path, pack: &Path, words: &str) -> Result<(), Fault> {
        let (pack, home) = (pack.to_string_lossy(), home.to_string_lossy());
        hub_says(&["roster", &pack, "--home", &home, "--fingerprint", words]).map(drop)
    }

    /// Starts serving and waits for the line that says where.
    pub(crate) fn serve(home: &Path, address: SocketAddr) -> Result<Self, Fault> {
        let doing = "starting the hub";
        let log = std::fs::File::create(home.join("hub.log")).map_err(|error| Fault::new(doing, error))?;
        let mut command = part("hub")?;
        command.arg("serve").arg("--home").arg(home).arg("--listen").arg(address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().map_err(|error| Fault::new(doing, error))?;
        let out = child.stdout.take().ok_or_else(|| Fault::new(doing, "no standard output"))?;
        let mut said = String::new();
        let read = BufReader::new(out).read_line(&mut said).map_err(|error| Fault::new(doing, error))?;
        if read == 0 {
            let code = child.wait().map_err(|error| Fault::new(doing, error))?;
            return Err(Fault::new(doing, format!("it ended with {code}; see {}", home.join("hub.log").display())));
        }
        Ok(Self { child, address })
    }
}

impl HubProcess {
    /// Kills it (SIGKILL), as a power cut would.
    pub(crate) fn stop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        self.stop();
    }
}

fn hub_says(arguments: &[&str]) -> Result<String, Fault> {
    let doing = format!("amanat-hub {}", arguments.first().copied().unwrap_or_default());
    let output = part("hub")?.args(arguments).output().map_err(|error| Fault::new(&doing, error))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        Ok(out.into_owned())
    } else {
        Err(Fault::new(&doing, format!("{} {}", out.trim(), err.trim())))
    }
}

/// A free address of loopback. Another program could take it in between; then the hub says so.
pub(crate) fn free_address() -> Result<SocketAddr, Fault> {
    let doing = "finding a free port";
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| Fault::new(doing, error))?;
    listener.local_addr().map_err(|error| Fault::new(doing, error))
}

/// A file that only its owner may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    use std::os::unix::fs::OpenOptionsExt;
    let doing = format!("writing {}", path.display());
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Fault::new(&doing, error))?;
    file.write_all(bytes).map_err(|error| Fault::new(&doing, error))
}

/// A text in a JSON document.
pub(crate) fn text(json: &Value, pointer: &str) -> Option<String> {
    json.pointer(pointer)?.as_str().map(str::to_owned)
}

/// A text that must be there.
pub(crate) fn want(json: &Value, pointer: &str) -> Result<String, Fault> {
    text(json, pointer).ok_or_else(|| Fault::new("reading an answer", format!("no {pointer} in {json}")))
}
