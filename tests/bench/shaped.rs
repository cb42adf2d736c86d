//! A bad link on loopback: one rate each way for all connections together, half a round trip of delay, cut every so many seconds.
//!
//! A piece leaves when the link is free, takes its bytes divided by the rate to leave, and arrives half a round trip later; what has
//! not arrived when the link is cut is lost. A new connection waits one round trip before its first byte is read, as TCP's
//! handshake makes it. What a sender has written beyond the queue of a modem waits with the sender.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench stops at the first surprise; a link is made of threads and of waiting"
)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How the link is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Bits a second, each way.
    pub(crate) rate: u64,
    /// There and back.
    pub(crate) round_trip: Duration,
    /// All connections are cut so often; `None` for never.
    pub(crate) cut_every: Option<Duration>,
}

/// A piece on the road: no larger than one packet, so that a cut loses no more than a real one.
const PIECE: usize = 1448;
/// Pieces that wait in the modem: 32 KiB.
const QUEUE: usize = 22;

/// The link; its threads end with the process.
#[derive(Clone, Debug)]
pub(crate) struct ShapedLink {
    state: Arc<State>,
    /// Where callers find it.
    pub(crate) address: SocketAddr,
}

#[derive(Debug)]
struct State {
    shape: Mutex<Shape>,
    /// When each direction is free again.
    free: [Mutex<Instant>; 2],
    arrived: [AtomicU64; 2],
    connections: AtomicU64,
    cuts: AtomicU64,
    live: Mutex<Vec<TcpStream>>,
}

impl ShapedLink {
    /// A link to a place, listening at an address of its own.
    pub(crate) fn to(hub: SocketAddr, shape: Shape) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let now = Instant::now();
        let state = Arc::new(State {
            shape: Mutex::new(shape),
            free: [Mutex::new(now), Mutex::new(now)],
            arrived: Default::default(),
            connections: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            live: Mutex::new(Vec::new()),
        });
        let link = Self { state, address };
        let (door, scissors) = (link.clone(), link.clone());
        thread::spawn(move || listener.incoming().flatten().for_each(|caller| door.carry(caller, hub)));
        thread::spawn(move || scissors.cut_for_ever());
        link
    }

    /// From now on it is like this, and its counts begin anew.
    pub(crate) fn becomes(&self, shape: Shape) {
        *self.state.shape.lock().unwrap() = shape;
        for counter in &self.state.arrived {
            counter.store(0, Ordering::SeqCst);
        }
        self.state.connections.store(0, Ordering::SeqCst);
        self.state.cuts.store(0, Ordering::SeqCst);
    }

    /// Bytes that arrived: up, down; connections; cuts.
    pub(crate) fn counts(&self) -> [u64; 4] {
        let State { arrived, connections, cuts, .. } = &*self.state;
        [&arrived[0], &arrived[1], connections, cuts].map(|counter| counter.load(Ordering::SeqCst))
    }

    fn carry(&self, caller: TcpStream, hub: SocketAddr) {
        let far = TcpStream::connect(hub).unwrap();
        caller.set_nodelay(true).unwrap();
        far.set_nodelay(true).unwrap();
        self.state.connections.fetch_add(1, Ordering::SeqCst);
        self.state.live.lock().unwrap().extend([caller.try_clone().unwrap(), far.try_clone().unwrap()]);
        let ways = [(0, caller.try_clone().unwrap(), far.try_clone().unwrap()), (1, far, caller)];
        for (way, from, to) in ways {
            let (state, queue) = (Arc::clone(&self.state), sync_channel(QUEUE));
            let (waiting, leaving) = queue;
            let arriving = Arc::clone(&self.state);
            thread::spawn(move || {
                let mut from = from;
                // The handshake of a new connection.
                thread::sleep(state.shape.lock().unwrap().round_trip);
                let mut buffer = [0_u8; PIECE];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    if waiting.send((state.takes_off(way, read), buffer[..read].to_vec())).is_err() {
                        return;
                    }
                }
            });
            thread::spawn(move || arriving.lands(way, to, &leaving));
        }
    }

    fn cut_for_ever(&self) {
        let mut since = Instant::now();
        loop {
            thread::sleep(Duration::from_millis(20));
            let every = self.state.shape.lock().unwrap().cut_every;
            match every {
                None => since = Instant::now(),
                Some(every) if since.elapsed() >= every => {
                    since = Instant::now();
                    let mut live = self.state.live.lock().unwrap();
                    self.state.cuts.fetch_add(u64::from(!live.is_empty()), Ordering::SeqCst);
                    for stream in live.drain(..) {
                        drop(stream.shutdown(Shutdown::Both));
                    }
                }
                Some(_) => {}
            }
        }
    }
}

impl State {
    /// When a piece that is handed over now will have arrived. Waits until the link is free for it.
    fn takes_off(&self, way: usize, bytes: usize) -> Instant {
        let shape = *self.shape.lock().unwrap();
        let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / shape.rate as f64);
        let mut free = self.free[way].lock().unwrap();
        *free = (*free).max(Instant::now()) + takes;
        *free + shape.round_trip / 2
    }

    fn lands(&self, way: usize, mut to: TcpStream, leaving: &Receiver<(Instant, Vec<u8>)>) {
        for (at, piece) in leaving {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                return;
            }
            self.arrived[way].fetch_add(piece.len() as u64, Ordering::SeqCst);
        }
        drop(to.shutdown(Shutdown::Write));
    }
}
