//! The built program as a process: made, enrolled, started, told to stop, and the road to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use amanat_hub::HubIdentity;
use amanat_keys::device::Signer;
use amanat_keys::join::JoinRequest;
use amanat_sync::http::{HttpSettings, HttpTransport};

use super::support::*;

/// Runs a verb of the built program.
pub(crate) fn hub(arguments: &[&str], home: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat-hub"));
    command.args(arguments).arg("--home").arg(home).output().unwrap()
}

/// A hub that serves; killed when dropped, so that a failing test leaves nothing running.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) url: String,
    /// Where it gives out numbers, if it was told to.
    pub(crate) metrics: Option<String>,
}

impl Running {
    pub(crate) fn start(home: &Path) -> Self {
        Self::telling(home, Stdio::null())
    }

    /// The same, with its log in a file.
    pub(crate) fn logging(home: &Path, log: &Path) -> Self {
        Self::telling(home, std::fs::File::create(log).unwrap().into())
    }

    fn telling(home: &Path, log: Stdio) -> Self {
        Self::by(Command::new(env!("CARGO_BIN_EXE_amanat-hub")), home, log)
    }

    /// The same, started by a command that starts it in its own way.
    pub(crate) fn by(mut command: Command, home: &Path, log: Stdio) -> Self {
        command.args(["serve", "--listen", "127.0.0.1:0", "--home"]).arg(home);
        Self::as_told(command, log)
    }

    /// The same with arguments of one's own.
    pub(crate) fn as_told(mut command: Command, log: Stdio) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = said.next().unwrap().unwrap();
        let metrics = line.strip_prefix("metrics on ").map(str::to_owned);
        if metrics.is_some() {
            line = said.next().unwrap().unwrap();
        }
        let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, url, metrics }
    }

    /// Sends a signal.
    pub(crate) fn tell(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// What a page says to whoever asks, without the fields before it.
    pub(crate) fn page(&self, path: &str) -> String {
        Self::page_at(&self.url, path).1
    }

    /// Status and body of a page.
    pub(crate) fn page_at(url: &str, path: &str) -> (u16, String) {
        let address = url.split_once("://").unwrap().1.split('/').next().unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// As if the machine had lost its power.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn terminate(self) -> Option<i32> {
        self.tell(rustix::process::Signal::TERM);
        self.ends()
    }

    /// Waits for it to end.
    pub(crate) fn ends(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Makes a hub and enrols it: the agency's roster lists the key of its join request.
pub(crate) fn enrolled(home: &Path) -> Agency {
    enrolled_with(home, &[])
}

/// The same, made with more arguments.
pub(crate) fn enrolled_with(home: &Path, more: &[&str]) -> Agency {
    enrolled_in(Agency::new("http://127.0.0.1:7070"), home, more)
}

/// The same, in an agency that there is already.
fn enrolled_in(mut agency: Agency, home: &Path, more: &[&str]) -> Agency {
    let made = hub(&[&["init", "--name", "HQ", "--listen", "127.0.0.1:7070"], more].concat(), home);
    assert!(made.status.success(), "{made:?}");
    let printed = String::from_utf8(made.stdout).unwrap();
    let request = JoinRequest::verify(&std::fs::read(home.join("join-request")).unwrap()).unwrap().into_value();
    assert!(printed.contains(&request.words().to_string()), "{printed}");
    // Only the public half is known outside; the signer here is a stand-in that never signs.
    let next = agency.next(|roster| {
        roster.hubs[0].id = request.device_id();
        roster.hubs[0].receipt_key = request.signing_key;
        roster.hubs[0].transport = request.recipient.clone();
        roster.hubs[0].tls_keys = request.tls_keys.clone();
        roster.hubs[0].url = request.url.clone();
    });
    agency.trust.adopt(&next).unwrap();
    agency.roster = agency.trust.roster().clone();
    agency.hub =
        HubIdentity { id: request.device_id(), signer: Signer::from_seed(&[222; 32]).unwrap(), next: None, epoch: 1 };
    agency
}

#[expect(clippy::disallowed_methods, reason = "the road measures a real link")]
pub(crate) fn road(agency: &Agency, actor: usize, url: &str) -> HttpTransport {
    let signer = agency.actors[actor].signer.clone();
    let began = std::time::Instant::now();
    HttpTransport::new(HttpSettings {
        url: url.to_owned(),
        tls_keys: agency.roster.hubs[0].tls_keys.clone(),
        agency: agency.id(),
        device: agency.actors[actor].id,
        hub: agency.roster.hubs[0].receipt_key.key_id(),
        sign: Box::new(move |base| signer.sign_request(base).unwrap()),
        ticks: Box::new(move || u64::try_from(began.elapsed().as_millis()).unwrap()),
    })
    .unwrap()
}

/// A hub that knows the agency and serves.
pub(crate) fn serving(folder: &Path) -> (Agency, Running) {
    serving_with(folder, &[])
}

/// The same, made with more arguments.
pub(crate) fn serving_with(folder: &Path, more: &[&str]) -> (Agency, Running) {
    let agency = enrolled_with(&folder.join("hub"), more);
    served_to(agency, folder)
}

/// The same for an agency with so many more officers (`Agency::crowd`).
pub(crate) fn serving_crowd(folder: &Path, more: usize) -> (Agency, Running) {
    let agency = enrolled_in(Agency::crowd(more), &folder.join("hub"), &[]);
    served_to(agency, folder)
}

fn served_to(agency: Agency, folder: &Path) -> (Agency, Running) {
    let home = folder.join("hub");
    let file = folder.join("agency.roster");
    std::fs::write(&file, agency.trust.statement_bytes()).unwrap();
    let words = agency.trust.fingerprint_words().to_string();
    assert!(hub(&["roster", file.to_str().unwrap(), "--fingerprint", &words], &home).status.success());
    (agency, Running::start(&home))
}
