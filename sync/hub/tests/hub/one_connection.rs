//! How many connections a device needs: one, for entries, receipts, documents and attachments, and for every pass that comes while it stands.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::attachments::{Desk, noise};
use super::running::*;
use super::support::*;

/// A road that counts who sets out on it, and can be cut.
struct Counting {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<TcpStream>>>,
}

impl Counting {
    fn to(hub: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&taken);
        let carry = move || {
            for device in listener.incoming().flatten() {
                seen.lock().unwrap().push(device.try_clone().unwrap());
                let far = TcpStream::connect(&hub).unwrap();
                for (mut from, mut to) in
                    [(device.try_clone().unwrap(), far.try_clone().unwrap()), (far.try_clone().unwrap(), device)]
                {
                    let pump = move || {
                        let _cut = io::copy(&mut from, &mut to);
                        let _closed = to.shutdown(Shutdown::Both);
                    };
                    std::thread::Builder::new().spawn(pump).unwrap();
                }
            }
        };
        std::thread::Builder::new().spawn(carry).unwrap();
        Self { address, taken }
    }

    fn connections(&self) -> usize {
        self.taken.lock().unwrap().len()
    }

    fn cut(&self) {
        for stream in self.taken.lock().unwrap().iter() {
            let _closed = stream.shutdown(Shutdown::Both);
        }
    }
}

#[test]
fn push_pull_documents_and_attachments_of_every_pass_share_one_tls_connection() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving_with(folder.path(), &["--url", "https://127.0.0.1:7070"]);
    let counting = Counting::to(running.url.strip_prefix("https://").unwrap().to_owned());
    let url = format!("https://{}", counting.address);
    let mut desk = Desk::new(&agency, 0, 1);
    let mut to_hub = road(&agency, 0, &url);
    let part = desk.seal(&noise(1, 3 << 20));
    desk.attach(&[part]);
    let first = desk.travel(&agency, &mut to_hub);
    assert!(first.parts.sent > 0 && !first.received.is_empty(), "entries and attachments left: {first:?}");
    desk.carry(&agency, &mut to_hub);
    assert_eq!(desk.standing(&agency), (2, 2), "all of it is there");
    assert_eq!(counting.connections(), 1, "whatever was carried");
    for _pass in 0..3 {
        let slip = desk.pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()]);
        desk.keep(&[slip]);
        desk.carry(&agency, &mut to_hub);
    }
    assert_eq!(counting.connections(), 1, "the passes that follow go by it too");

    // One who has all to fetch.
    let mut reader = Desk::new(&agency, 3, 2);
    let fetched = reader.travel(&agency, &mut road(&agency, 3, &url));
    assert_eq!((fetched.pulled, counting.connections()), (5, 2), "{fetched:?}");

    // One that is gone is noticed before anything is sent, and replaced by one.
    counting.cut();
    let slip = desk.pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()]);
    desk.keep(&[slip]);
    desk.carry(&agency, &mut to_hub);
    assert_eq!((desk.standing(&agency).0, counting.connections()), (6, 3));
}
