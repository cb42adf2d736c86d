//! A link on which nothing moves any more, though nobody hung up: how long a road waits for an answer, or for its request to be taken, before
//! it gives the connection up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amanat_keys::fingerprint::Digest;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout};

use super::line::{Line, STALL};
use super::road::tests::road_to;
use super::road::{Away, HttpTransport};
use crate::transport::{Transport as _, TransportError};

/// A link of so many bits in a second, as requests of its own weight have measured it.
fn measured(bits: usize) -> HttpTransport {
    let mut road = road_to(&std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    for _ in 0..16 {
        road.measure(road.room(), u64::try_from(road.room() * 8_000 / bits).unwrap());
    }
    road
}

#[test]
fn an_answer_is_waited_for_as_long_as_what_was_sent_takes_on_the_link_as_measured() {
    for bits in [64_000, 256_000, 1_000_000] {
        let mut road = measured(bits);
        assert_eq!(road.patience(), STALL, "nothing is on its way");
        for bytes in [40_000, 90_000] {
            road.away.push_back(Away { bytes, began: 0 });
        }
        let takes = Duration::from_millis(u64::try_from(130_000 * 8_000 / bits).unwrap());
        let patience = road.patience() - STALL;
        // A link that goes on at half of what it did is not given up; one that stops is, and the sooner the faster it was.
        assert!(patience >= takes * 19 / 10, "{bits} bit/s: {patience:?} for what takes {takes:?}");
        assert!(patience <= takes * 21 / 10, "{bits} bit/s: {patience:?} for what takes {takes:?}");
    }
}

/// A connection over which some answers come, and then not a byte moves either way. How long
/// every wait was allowed to be is written down, and is over at once.
#[derive(Debug)]
struct Stopping {
    buffers: LazyBuffers,
    /// Bytes that are still taken.
    takes: usize,
    clock: Arc<AtomicU64>,
    /// Milliseconds until each answer.
    paces: VecDeque<u64>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Stopping {
    fn waits(&self, how_long: Duration, reason: ureq::Timeout) -> ureq::Error {
        self.waits.lock().unwrap().push(how_long);
        ureq::Error::Timeout(reason)
    }
}

impl ureq::unversioned::transport::Transport for Stopping {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let Some(left) = self.takes.checked_sub(amount) else {
            return Err(self.waits(*timeout.per_write.unwrap(), timeout.reason));
        };
        self.takes = left;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let wait = self.waits(*timeout.after, timeout.reason);
        let Some(pace) = self.paces.pop_front() else { return Err(wait) };
        self.clock.fetch_add(pace, Ordering::SeqCst);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        self.buffers.input_append_buf()[..answer.len()].copy_from_slice(answer);
        self.buffers.input_appended(answer.len());
        Ok(true)
    }

    fn is_open(&mut self) -> bool {
        true
    }
}

/// A measured road to a hub that gives as many answers as there are `paces` and takes so many bytes; and what was waited for.
fn stopping(bits: usize, paces: &[u64], takes: usize) -> (HttpTransport, Arc<Mutex<Vec<Duration>>>) {
    let (mut road, clock, waits) = (measured(bits), Arc::new(AtomicU64::new(0)), Arc::default());
    let buffers = LazyBuffers::new(16 * 1024, 16 * 1024);
    let (paces, waits_too) = (paces.iter().copied().collect(), Arc::clone(&waits));
    let ticking = Arc::clone(&clock);
    road.ticks = Box::new(move || ticking.load(Ordering::SeqCst));
    road.line = Some(Line::over(Stopping { buffers, takes, clock, paces, waits: waits_too }));
    road.was_given(&[[4; 16], [5; 16], [6; 16]]);
    (road, waits)
}

#[test]
fn a_hub_that_falls_silent_is_given_up_after_twice_what_is_on_its_way_takes_on_the_link_as_measured() {
    for bits in [64_000, 256_000, 1_000_000] {
        let ms = |bytes: usize| u64::try_from(bytes * 8_000 / bits).unwrap();
        let (mut road, waits) = stopping(bits, &[600, ms(40_000)], usize::MAX);
        assert_eq!(road.push(&Digest::ZERO, b"where are we").unwrap(), b"ok");
        for bytes in [40_000, 90_000] {
            assert_eq!(road.send(&Digest::ZERO, &vec![7; bytes]).unwrap(), None, "it does not wait");
        }
        assert_eq!(road.receive().unwrap(), b"ok", "what was answered before it fell silent is heard");
        let ended = road.receive();
        assert!(matches!(ended, Err(TransportError::Unreachable(_))), "{ended:?}");
        assert!(road.line.is_none() && road.away.is_empty(), "nothing is waited for on this connection any more");
        let waits = std::mem::take(&mut *waits.lock().unwrap());
        assert_eq!(waits.len(), 3, "{waits:?}");
        for (wait, bytes) in waits.iter().zip([12, 130_000, 90_000]) {
            let (twice, beyond) = (Duration::from_millis(2 * ms(bytes)), *wait - STALL);
            let near = twice * 9 / 10..=twice * 11 / 10 + Duration::from_millis(2);
            assert!(near.contains(&beyond), "{bits} bit/s, {bytes} bytes: {beyond:?} beyond what nothing takes");
        }
    }
}

#[test]
fn a_hub_that_reads_no_more_is_given_up_in_the_middle_of_a_request() {
    let (mut road, waits) = stopping(64_000, &[600], 60_000);
    assert_eq!(road.push(&Digest::ZERO, b"where are we").unwrap(), b"ok");
    assert_eq!(road.send(&Digest::ZERO, &[7; 40_000]).unwrap(), None);
    let ended = road.send(&Digest::ZERO, &[7; 90_000]);
    assert!(matches!(ended, Err(TransportError::Unreachable(_))), "{ended:?}");
    assert!(road.line.is_none() && road.away.is_empty(), "and with it what was on its way");
    assert_eq!(waits.lock().unwrap()[1..], [STALL], "as long as nothing moved, and no longer");
}
