//! Attachments in an object store: a real server that speaks S3, started by the test. `moto_server` (PyPI `moto[server,s3]`) or
//! `s3s-fs` must be there, which `tests/run` sees to; without either this fails rather than pass over it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use amanat_hub::store::MemoryStore;
use amanat_hub::{Blobs, PlaceUrl};
use amanat_keys::erasure::Doomed;
use amanat_sync::part_files::Wish;
use amanat_sync::wire::parts::PartAt;

use super::attachments::{Desk, hub_with, noise};
use super::carrying::block;
use super::support::*;

/// What the test signs with; no server knows better.
const CREDENTIALS: &str = "access_key = testing\nsecret_key = testing-secret\n";

/// A server of its own, ended with the test.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = address.port().to_string();
        std::fs::create_dir(folder.join("case-files")).unwrap();
        let mut s3s = Command::new("s3s-fs");
        s3s.args(["--host", "127.0.0.1", "--port", &port, "--access-key", "testing", "--secret-key", "testing-secret"]);
        s3s.arg(folder);
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/s3/bin/moto_server");
        let mut motos = [Path::new("moto_server"), &ours].map(Command::new);
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
    fn bucket(&self, name: &str) {
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

#[test]
fn attachments_are_kept_and_served_and_erased_in_an_object_store() {
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().join("s3");
    std::fs::create_dir(&served).unwrap();
    let server = Server::start(&served);
    server.bucket("case-files");
    let credentials = folder.path().join("credentials");
    std::fs::write(&credentials, CREDENTIALS).unwrap();
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600)).unwrap();
    let url = format!("s3://case-files/hq?endpoint=http://{}&region=us-east-1", server.address);
    let place = || PlaceUrl::read(&url).unwrap().open(Some(&credentials)).unwrap();
    let blobs = || Blobs::new(&folder.path().join("coming"), place()).unwrap();
    let agency = Agency::new("http://127.0.0.1:7070");
    let store = Arc::new(MemoryStore::default());
    let hub = block(hub_with(&agency, store.clone(), blobs()));
    let mut desk = Desk::new(&agency, 0, 1);
    // One that goes in a single request, and one that takes several.
    let (small, large) = (desk.seal(&noise(1, 40_000)), desk.seal(&noise(2, 18 << 20)));
    let entry = desk.attach(&[small, large]);
    let mut road = Road::new(&agency, &hub, 0);
    road.room = 1 << 20;
    desk.carry(&agency, &mut road);
    let mut reader = Desk::new(&agency, 3, 9);
    for part in [&small, &large] {
        let at = PartAt { entry: entry.at(), digest: part.digest };
        reader.files.wish(&Wish { at, size: part.size }).unwrap();
    }
    // Another start of the hub finds them in the same place.
    let hub = block(hub_with(&agency, store.clone(), blobs()));
    let mut road = Road::new(&agency, &hub, 3);
    road.room = 1 << 20;
    reader.carry(&agency, &mut road);
    for part in [&small, &large] {
        assert!(reader.files.holds(part) && reader.files.is_whole(&part.digest).unwrap());
    }
    // What an order and a stand-in name goes from there too: here the books say so, and the next start carries it out.
    let target = Doomed { device: entry.header.device, journal: entry.header.journal, seq: 2, hash: entry.hash() };
    block(async {
        use amanat_hub::store::HubStore as _;
        store.order(vec![target]).await.unwrap();
        store.erase(vec![target]).await.unwrap();
        assert_eq!(store.doomed_parts().await.unwrap().len(), 2);
    });
    drop(hub);
    block(hub_with(&agency, store.clone(), blobs()));
    block(async {
        use amanat_hub::store::HubStore as _;
        assert_eq!(store.doomed_parts().await.unwrap(), []);
        use object_store::ObjectStoreExt as _;
        for part in [&small, &large] {
            let key = object_store::path::Path::from_iter([entry.header.device.to_string(), part.digest.to_string()]);
            let gone = place().head(&key).await;
            assert!(matches!(gone, Err(object_store::Error::NotFound { .. })), "{gone:?}");
        }
    });
}
