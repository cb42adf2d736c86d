//! A made-up station for benches: the built programs make an agency, a hub, a supervisor and an officer in a throwaway folder, and
//! homes are put back as they were between runs.
#![allow(dead_code, reason = "every bench uses its own part of it")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a bench stops at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::figure;

/// What opens every home of the station; a sample.
pub(crate) const PASSPHRASE: &str = "correct horse battery staple lamp";
const UNIT: &str = "PS Sample";
/// log₂N of scrypt, the least that a practice home takes.
const WEAK: &str = "10";

/// The agency's folder.
pub(crate) struct Station {
    folder: TempDir,
    address: String,
    /// Where devices call the hub: its address, or a link before it.
    url: String,
}

/// A hub that serves until it is dropped.
pub(crate) struct Hub {
    child: Child,
    /// Where it gives out its numbers, as `host:port`.
    metrics: String,
}

impl Hub {
    /// One of its numbers.
    pub(crate) fn number(&self, name: &str) -> f64 {
        let page = self.page();
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not on the page")).parse().unwrap()
    }

    /// How many questions of devices it has answered, whatever the answer was.
    pub(crate) fn answers(&self) -> f64 {
        let page = self.page();
        let of_devices = page.lines().filter(|line| line.starts_with("amanat_hub_answers_total{route=\"/v1/"));
        of_devices.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    fn page(&self) -> String {
        let mut stream = TcpStream::connect(&self.metrics).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Station {
    /// Makes everything; scrypt is weak on purpose, so that what is measured is not the passphrase.
    pub(crate) fn build() -> Self {
        Self::build_with(WEAK)
    }

    /// The same with homes whose passphrase is as strong as is said, log₂N.
    pub(crate) fn build_with(factor: &str) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let url = format!("http://{address}");
        Self::made(address, url, factor)
    }

    /// As [`Station::build`], with a hub that listens at one address and is called at another, by TLS or in plain.
    pub(crate) fn behind(address: String, url: String) -> Self {
        Self::made(address, url, WEAK)
    }

    fn made(address: String, url: String, factor: &str) -> Self {
        let practice = ["--practice", "--work-factor", factor];
        let folder = tempfile::tempdir_in(figure::folder()).unwrap();
        let station = Self { folder, address, url };
        let secret = station.path("passphrase");
        fs::write(&secret, format!("{PASSPHRASE}\n")).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let agency = station.text("agency");
        station
            .ask("unused", &[&["agency", "init", "--name", "Sample Police", "--dir", &agency], &practice[..]].concat());
        station.found_hub();
        station.ask("agency/admin", &["roster", "unit-add", UNIT]);
        for name in ["supervisor", "officer"] {
            let made =
                station.ask(name, &[&["device", "init", "--name", name, "--unit", UNIT], &practice[..]].concat());
            let (request, words) = (made["request"].as_str().unwrap(), made["words"].as_str().unwrap());
            station.approve(request, words, &["--role", name, "--unit", UNIT]);
        }
        let words = station.ask("agency/admin", &["roster", "show"])["words"].as_str().unwrap().to_owned();
        for name in ["supervisor", "officer", "agency/reader"] {
            station.ask(name, &["device", "join", &station.text("pack"), "--fingerprint", &words]);
        }
        station.hub_says(&["roster", &station.text("pack"), "--home", &station.text("hub"), "--fingerprint", &words]);
        let hub = station.serve();
        station.ask("agency/admin", &["roster", "publish"]);
        for name in ["supervisor", "officer", "agency/reader"] {
            station.ask(name, &["sync"]);
        }
        drop(hub);
        station.copy("hub", "before/hub");
        station
    }

    fn found_hub(&self) {
        let place = ["--listen", &self.address, "--url", &self.url];
        let said =
            self.hub_says(&[&["init", "--home", &self.text("hub"), "--name", "Sample hub"], &place[..]].concat());
        let after = |label: &str| said.lines().find_map(|line| line.strip_prefix(label)).unwrap().trim().to_owned();
        self.approve(&after("request:"), &after("fingerprint:"), &["--role", "hub", "--url", &self.url]);
    }

    fn approve(&self, request: &str, words: &str, more: &[&str]) {
        let out = self.text("pack");
        let arguments = ["roster", "approve", request, "--fingerprint", words, "--out", &out];
        self.ask("agency/admin", &[&arguments[..], more].concat());
    }

    /// A path in the agency's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The built program in one of the homes, ready to be given a verb.
    pub(crate) fn program(&self, home: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_amanat"));
        command.arg("--home").arg(self.path(home)).arg("--passphrase-file").arg(self.path("passphrase"));
        command
    }

    /// Runs a verb with `--json`, demands success, and gives the document.
    pub(crate) fn ask(&self, home: &str, arguments: &[&str]) -> Value {
        let output = self.program(home).args(arguments).arg("--json").stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {said} {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn hub_says(&self, arguments: &[&str]) -> String {
        let output = hub_program().args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said} {}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Starts the hub and waits until it listens.
    pub(crate) fn serve(&self) -> Hub {
        let mut command = hub_program();
        command.arg("serve").arg("--home").arg(self.path("hub")).arg("--listen").arg(&self.address);
        command.args(["--metrics", "127.0.0.1:0"]);
        let log = fs::File::create(self.path("hub.log")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let metrics = said.find_map(|line| line.strip_prefix("metrics on http://").map(str::to_owned));
        let listens = said.any(|line| line.starts_with("listening on "));
        assert!(listens, "the hub ended: {}", fs::read_to_string(self.path("hub.log")).unwrap());
        let metrics = metrics.unwrap();
        Hub { child, metrics: metrics.split('/').next().unwrap().to_owned() }
    }

    /// Copies a home, over whatever stands there.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let to = self.path(to);
        if to.exists() {
            fs::remove_dir_all(&to).unwrap();
        }
        copy_folder(&self.path(from), &to);
    }
}

fn hub_program() -> Command {
    let path = Path::new(env!("CARGO_BIN_EXE_amanat")).with_file_name("amanat-hub");
    if !path.exists() {
        panic!("{} is missing: cargo build --release -p amanat-hub", path.display());
    }
    Command::new(path)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else if kind.is_file() {
            // A socket that a hub left behind is no part of its home.
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
