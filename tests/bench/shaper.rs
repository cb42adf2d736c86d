//! The bad link that a bench goes through: one made of threads of its own, or a program that shapes links and counts what crossed them
//! (`--shaper FILE`, run by python3), so that two makers of bad links have to agree.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench stops at the first surprise")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::figure::{self, argument};
use crate::shaped::{Shape, ShapedLink};

/// A link to a place, at an address that stays the same.
pub(crate) enum Link {
    /// Of threads.
    Own(ShapedLink),
    /// Of another program.
    Tool(Tool),
}

impl Link {
    /// The one that the command line names.
    pub(crate) fn to(hub: SocketAddr, shape: Shape) -> Self {
        let Some(file) = argument("--shaper") else { return Self::Own(ShapedLink::to(hub, shape)) };
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let counts = figure::folder().join(format!("shaper.{}.json", std::process::id()));
        let mut tool = Tool { file, hub, address, counts, running: None };
        tool.becomes(shape);
        Self::Tool(tool)
    }

    /// Where callers find it.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Own(link) => link.address,
            Self::Tool(tool) => tool.address,
        }
    }

    /// What it is called in a table.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Own(_) => "the project's own link",
            Self::Tool(_) => "the link of --shaper",
        }
    }

    /// From now on it is like this, and its counts begin anew.
    pub(crate) fn becomes(&mut self, shape: Shape) {
        match self {
            Self::Own(link) => link.becomes(shape),
            Self::Tool(tool) => tool.becomes(shape),
        }
    }

    /// Bytes that arrived: up, down; connections; cuts. A program that shapes is ended for it.
    pub(crate) fn counts(&mut self) -> [u64; 4] {
        match self {
            Self::Own(link) => link.counts(),
            Self::Tool(tool) => tool.counts(),
        }
    }
}

/// A program that shapes.
pub(crate) struct Tool {
    file: String,
    hub: SocketAddr,
    address: SocketAddr,
    counts: PathBuf,
    running: Option<Child>,
}

impl Tool {
    fn becomes(&mut self, shape: Shape) {
        self.ends();
        drop(fs::remove_file(&self.counts));
        let mut command = Command::new("python3");
        command.arg(&self.file).args(["--listen", &self.address.to_string(), "--to", &self.hub.to_string()]);
        // As good as none above this.
        if shape.rate < 100_000_000 {
            command.args(["--rate-kbit", &(shape.rate / 1_000).to_string()]);
        }
        command.args(["--rtt-ms", &shape.round_trip.as_millis().to_string()]);
        if let Some(every) = shape.cut_every {
            command.args(["--cut-every-s", &every.as_secs_f64().to_string()]);
        }
        command.arg("--count-file").arg(&self.counts);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert!(!said.is_empty(), "{} does not begin", self.file);
        self.running = Some(child);
    }

    fn counts(&mut self) -> [u64; 4] {
        self.ends();
        let counts: Value = serde_json::from_slice(&fs::read(&self.counts).unwrap()).unwrap();
        ["up_bytes", "down_bytes", "connections", "cuts"].map(|name| counts[name].as_u64().unwrap())
    }

    /// Tells it to write its counts and go.
    fn ends(&mut self) {
        if let Some(mut child) = self.running.take() {
            rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
                .unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        self.ends();
        drop(fs::remove_file(&self.counts));
    }
}
