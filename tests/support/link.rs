//! A road that can be cut: a relay on loopback between a device and its hub.
//!
//! It carries bytes both ways until it is told to break: after so many bytes upward, after so many downward, or at once.
//! Broken, it refuses every connection until it is mended. Or it stands still: it takes every connection, and nothing moves on it
//! any more, as where a relay between has forgotten it. It counts what it carried, so that a test can say what was
//! sent twice.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the device to the hub.
    Up,
    /// From the hub to the device.
    Down,
}

/// What the two pumps of every connection share.
#[derive(Debug, Default)]
struct State {
    broken: AtomicBool,
    /// Bytes that may still pass before the road breaks; `u64::MAX` for a good road.
    up_left: AtomicU64,
    down_left: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    cuts: AtomicU64,
    /// Whether the road stands still, once so many bytes have passed, where it would break otherwise.
    stands: AtomicBool,
    still: Mutex<bool>,
    moves_again: Condvar,
    stood: AtomicU64,
    /// Requests that began on their way up, where the road shows them (without TLS).
    asked: AtomicU64,
    live: Mutex<Vec<TcpStream>>,
    /// Where new connections end, where that is another place than at first.
    elsewhere: Mutex<Option<SocketAddr>>,
}

/// The relay; it ends with the process.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    address: SocketAddr,
    state: Arc<State>,
}

impl Link {
    /// Opens a good road to the hub on a free port of loopback.
    ///
    /// # Errors
    /// When no port can be bound.
    pub(crate) fn to(hub: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::default());
        state.up_left.store(u64::MAX, Ordering::SeqCst);
        state.down_left.store(u64::MAX, Ordering::SeqCst);
        let link = Self { address, state };
        let door = link.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "a relay needs a thread of its own; nothing of the product runs here"
        )]
        thread::spawn(move || {
            for device in listener.incoming().flatten() {
                door.carry(device, hub);
            }
        });
        Ok(link)
    }

    /// Where devices find the hub.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads every later connection to another place: a hub that moved, or one that is not ours.
    pub(crate) fn lead_to(&self, hub: SocketAddr) {
        if let Ok(mut elsewhere) = self.state.elsewhere.lock() {
            *elsewhere = Some(hub);
        }
    }

    /// Breaks the road at once: what is in flight is lost.
    pub(crate) fn cut(&self) {
        self.state.cut();
    }

    /// Breaks the road once so many more bytes have passed that way.
    pub(crate) fn cut_after(&self, way: Way, bytes: u64) {
        self.state.left(way).store(bytes, Ordering::SeqCst);
    }

    /// Lets nothing pass any more once so many more bytes have passed that way: nobody hears of it, and whoever calls is let in and not
    /// answered. Until it is cut or mended.
    #[allow(dead_code, reason = "the hub's tests alone let a road stand still")]
    pub(crate) fn still_after(&self, way: Way, bytes: u64) {
        self.state.stands.store(true, Ordering::SeqCst);
        self.state.left(way).store(bytes, Ordering::SeqCst);
    }

    /// How often it has stood still.
    #[allow(dead_code, reason = "the hub's tests alone let a road stand still")]
    pub(crate) fn stood(&self) -> u64 {
        self.state.stood.load(Ordering::SeqCst)
    }

    /// A good road again; what stood still on it is gone.
    pub(crate) fn mend(&self) {
        if self.state.stands.swap(false, Ordering::SeqCst) {
            self.state.cut();
        }
        self.state.up_left.store(u64::MAX, Ordering::SeqCst);
        self.state.down_left.store(u64::MAX, Ordering::SeqCst);
        self.state.broken.store(false, Ordering::SeqCst);
    }

    /// Bytes that arrived that way since the beginning.
    pub(crate) fn carried(&self, way: Way) -> u64 {
        match way {
            Way::Up => self.state.up.load(Ordering::SeqCst),
            Way::Down => self.state.down.load(Ordering::SeqCst),
        }
    }

    /// How often the road broke while a connection was on it.
    pub(crate) fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// How many requests have gone up since the beginning, on a road without TLS.
    pub(crate) fn asked(&self) -> u64 {
        self.state.asked.load(Ordering::SeqCst)
    }

    fn carry(&self, device: TcpStream, hub: SocketAddr) {
        if self.state.broken.load(Ordering::SeqCst) {
            return;
        }
        let hub = self.state.elsewhere.lock().ok().and_then(|elsewhere| *elsewhere).unwrap_or(hub);
        let Ok(far) = TcpStream::connect(hub) else { return };
        // A road that waits to see whether more is coming is slower than any that it stands for.
        drop((device.set_nodelay(true), far.set_nodelay(true)));
        let (Ok(device_in), Ok(far_in)) = (device.try_clone(), far.try_clone()) else { return };
        if let Ok(mut live) = self.state.live.lock() {
            live.retain(|stream| stream.peer_addr().is_ok());
            live.extend([&device, &far].into_iter().filter_map(|stream| stream.try_clone().ok()));
        }
        for (way, from, to) in [(Way::Up, device_in, far), (Way::Down, far_in, device)] {
            let state = Arc::clone(&self.state);
            #[expect(clippy::disallowed_methods, reason = "one pump a way; nothing of the product runs here")]
            thread::spawn(move || pump(&state, way, from, to));
        }
    }
}

impl State {
    const fn left(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::Up => &self.up_left,
            Way::Down => &self.down_left,
        }
    }

    fn stand_still(&self) {
        if let Ok(mut still) = self.still.lock() {
            self.stood.fetch_add(u64::from(!*still), Ordering::SeqCst);
            *still = true;
        }
    }

    /// Waits while the road stands still; whether it did.
    fn stood_still(&self) -> bool {
        let Ok(still) = self.still.lock() else { return true };
        *still && self.moves_again.wait_while(still, |still| *still).is_ok()
    }

    fn cut(&self) {
        self.broken.store(true, Ordering::SeqCst);
        if let Ok(mut still) = self.still.lock() {
            *still = false;
            self.moves_again.notify_all();
        }
        if let Ok(mut live) = self.live.lock() {
            if !live.is_empty() {
                self.cuts.fetch_add(1, Ordering::SeqCst);
            }
            for stream in live.drain(..) {
                drop(stream.shutdown(Shutdown::Both));
            }
        }
    }
}

/// How every request begins.
const REQUEST: &[u8] = b"POST /v1/";

fn pump(state: &State, way: Way, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0_u8; 16 * 1024];
    // What was read last, so that a line over two reads is seen too.
    let mut before: Vec<u8> = Vec::new();
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if state.stood_still() {
            return;
        }
        let left = state.left(way).load(Ordering::SeqCst);
        let allowed = usize::try_from(left).map_or(read, |left| read.min(left));
        let Some(piece) = buffer.get(..allowed) else { break };
        // First counted, then written: whoever has the answer finds it counted.
        let counter = if way == Way::Up { &state.up } else { &state.down };
        counter.fetch_add(allowed as u64, Ordering::SeqCst);
        before.extend_from_slice(piece);
        let lines = before.windows(REQUEST.len()).filter(|window| *window == REQUEST).count();
        state.asked.fetch_add(lines as u64, Ordering::SeqCst);
        before.drain(..before.len().saturating_sub(REQUEST.len() - 1));
        if to.write_all(piece).is_err() {
            break;
        }
        if left != u64::MAX {
            state.left(way).fetch_sub(allowed as u64, Ordering::SeqCst);
        }
        if allowed < read || left == allowed as u64 {
            if state.stands.load(Ordering::SeqCst) {
                state.stand_still();
                state.stood_still();
            } else {
                state.cut();
            }
            return;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}
