//! A real server that speaks S3, started by a test: `moto_server` (PyPI `moto[server,s3]`) or `s3s-fs` must be there, which `tests/run` sees to;
//! without either this fails rather than pass over it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// What the test signs with; no server knows better.
pub(crate) const CREDENTIALS: &str = "access_key = testing\nsecret_key = testing-secret\n";

/// A server of its own, ended with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = address.port().to_string();
        std::fs::create_dir(folder.join("case-files")).unwrap();
        let mut s3s = Command::new("s3s-fs");
        s3s.args(["--host", "127.0.0.1", "--port", &port, "--access-key", "testing", "--secret-key", "testing-secret"]);
        s3s.arg(folder);
        // Whichever package's test this is.
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let ours = ["target", "../../target"].map(|target| here.join(target).join("s3/bin/moto_server"));
        let mut motos = [Path::new("moto_server"), &ours[0], &ours[1]].map(Command::new);
        for moto in &mut motos {
            moto.args(["-H", "127.0.0.1", "-p", &port]);
        }
        let quietly =
            |server: &mut Command| server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok();
        let started = motos.iter_mut().chain([&mut s3s]).find_map(quietly);
        let child = started
            .unwrap_or_else(|| panic!("neither moto_server nor s3s-fs starts; run: pip install 'moto[server,s3]'"));
        let mut server = Self { child, address };
        server.wait();
        server
    }

    /// Until it answers.
    fn wait(&mut self) {
        let (_nobody, never) = mpsc::channel::<()>();
        while TcpStream::connect(self.address).is_err() {
            assert!(self.child.try_wait().unwrap().is_none(), "the S3 server has ended");
            never.recv_timeout(Duration::from_millis(50)).unwrap_or_default();
        }
    }

    /// Makes a bucket, for a server that begins with none.
    pub(crate) fn bucket(&self, name: &str) {
        let mut to = TcpStream::connect(self.address).unwrap();
        let host = self.address;
        write!(to, "PUT /{name} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        to.read_to_string(&mut answer).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
