//! Five hundred devices connected to one hub at once, each by a TLS connection of its own on which its signature was checked. For the test
//! that holds it to its limit and the bench that prints what it took.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use amanat_keys::fingerprint::Digest;
use amanat_sync::http::HttpTransport;
use amanat_sync::transport::{Transport as _, TransportError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::running::{Running, road, serving_with};
use super::support::Agency;

/// A hub and who is connected to it.
pub(crate) struct Crowd {
    pub(crate) agency: Agency,
    pub(crate) running: Running,
    pub(crate) connected: Vec<HttpTransport>,
    /// Connections of devices, as the hub counts them.
    pub(crate) devices: usize,
}

impl Crowd {
    /// Makes a hub below this folder and connects five hundred devices.
    pub(crate) fn of_devices(folder: &Path) -> Self {
        descriptors();
        let (agency, running) = serving_with(folder, &["--url", "https://127.0.0.1:7070"]);
        assert_eq!(running.terminate(), Some(0));
        let mut command = Command::new(env!("CARGO_BIN_EXE_amanat-hub"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--home"])
            .arg(folder.join("hub"));
        let running = Running::as_told(command, Stdio::null());
        let connected: Vec<_> = std::thread::scope(|scope| {
            let some = |actor: usize| {
                let (agency, url) = (&agency, &running.url);
                scope.spawn(move || (0..125).map(|_| connect(agency, actor, url)).collect::<Vec<_>>())
            };
            let all: Vec<_> = (0..4).map(some).collect();
            all.into_iter().flat_map(|some| some.join().unwrap()).collect()
        });
        let numbers = Running::page_at(running.metrics.as_ref().unwrap(), "/metrics").1;
        let devices = "amanat_hub_connections{of=\"devices\"} ";
        let devices = numbers.lines().find_map(|line| line.strip_prefix(devices)).unwrap().parse().unwrap();
        Self { agency, running, connected, devices }
    }

    /// What the hub held at its fullest, in MiB.
    pub(crate) fn mebibytes(&self) -> u64 {
        peak(&self.running)
    }
}

/// The signature holds, the body does not: enough to be known. Who comes too fast is told to wait, and comes again.
fn connect(agency: &Agency, actor: usize, url: &str) -> HttpTransport {
    let mut road = road(agency, actor, url);
    loop {
        match road.documents(&Digest::ZERO, b"a body") {
            Err(TransportError::Refused(_)) => return road,
            // A moment of rest: whoever spins keeps the hub from everybody else.
            Err(TransportError::Busy(_)) => std::thread::park_timeout(Duration::from_millis(50)),
            other => panic!("{other:?}"),
        }
    }
}

/// The fullest that the hub's process has ever been, in MiB.
pub(crate) fn peak(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// As many descriptors as the system lets this process have.
pub(crate) fn descriptors() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    usize::try_from(maximum.unwrap_or(1 << 20)).unwrap()
}
