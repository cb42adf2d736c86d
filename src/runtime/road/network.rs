//! A network that comes back, as the system tells it: on Linux a routing socket is read, and whoever waits for a try hears of each address,
//! route or link that is new. Nothing wakes while nothing changes. Elsewhere nothing listens, and the tries go by the clock alone.
//!
//! A machine that slept is woken with its network, as a rule, and that is what is heard: the clock of a wait stands still in suspend.

use std::time::Duration;

/// So long after the first word of a new network the hub is tried: an address, its routes and its link come within a second of each
/// other, and a name can be asked for once they all stand.
const SETTLES: Duration = Duration::from_millis(1_500);
/// On top of it comes up to so many milliseconds, another number for each device: a whole station gets its network back in one instant.
const SPREAD_MS: u64 = 1_500;

/// How long to wait from the first word until the try; `seed` is any number that differs between devices.
pub fn settles(seed: u64) -> Duration {
    SETTLES + Duration::from_millis(seed % SPREAD_MS)
}

#[cfg(target_os = "linux")]
pub use linux::{Listening, is_heard, listen};

#[cfg(target_os = "linux")]
mod linux {
    use std::{io, os::fd::OwnedFd, os::unix::net::UnixStream, thread};

    use rustix::{
        event::{PollFd, PollFlags, poll},
        net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netlink::SocketAddrNetlink, recv, socket_with},
    };

    use super::super::netlink::Known;

    /// Groups of the routing socket, as bits: links, and the addresses and routes of both generations.
    const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
    /// A message that is longer is cut off, and says nothing that counts.
    const LONGEST: usize = 32 * 1024;

    /// Listens until it is dropped.
    #[derive(Debug)]
    pub struct Listening {
        /// Closing it ends the thread.
        _open: UnixStream,
    }

    /// Starts the thread that hears of new networks; `told` says whether anybody still wants to know.
    ///
    /// # Errors
    /// Where the system gives no such socket (a sandbox may forbid it) or no thread.
    pub fn listen(told: impl FnMut() -> bool + Send + 'static) -> io::Result<Listening> {
        hear(socket()?, told)
    }

    /// Whether the system gives such a socket: where it does not, the hub is tried by the clock alone.
    pub fn is_heard() -> bool {
        socket().is_ok()
    }

    fn socket() -> io::Result<OwnedFd> {
        let family = AddressFamily::NETLINK;
        let socket = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(socket)
    }

    /// The thread over a socket that brings such messages.
    pub(super) fn hear(socket: OwnedFd, mut told: impl FnMut() -> bool + Send + 'static) -> io::Result<Listening> {
        let (open, closed) = UnixStream::pair()?;
        let read = move || {
            let (mut known, mut buffer) = (Known::default(), vec![0_u8; LONGEST]);
            while arrives(&socket, &closed) {
                let new = match recv(&socket, buffer.as_mut_slice(), RecvFlags::DONTWAIT) {
                    Ok((0, _)) => return,
                    Ok((length, _)) => known.hears(buffer.get(..length).unwrap_or_default()),
                    Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => false,
                    // More happened than the system keeps: something of it may have been new.
                    Err(rustix::io::Errno::NOBUFS) => true,
                    Err(_gone) => return,
                };
                if new && !told() {
                    return;
                }
            }
        };
        thread::Builder::new().name("network".to_owned()).spawn(read)?;
        Ok(Listening { _open: open })
    }

    /// Waits until the socket has something; `false` when it is time to end.
    fn arrives(socket: &OwnedFd, closed: &UnixStream) -> bool {
        loop {
            let mut both = [PollFd::new(socket, PollFlags::IN), PollFd::new(closed, PollFlags::IN)];
            match poll(&mut both, None) {
                Ok(_) => return both.last().is_some_and(|closed| closed.revents().is_empty()),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
}

/// Nothing listens.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct Listening;

/// There is nothing to listen to: the tries go by the clock alone.
///
/// # Errors
/// Always: unsupported.
#[cfg(not(target_os = "linux"))]
pub fn listen(_told: impl FnMut() -> bool + Send + 'static) -> std::io::Result<Listening> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// It is not.
#[cfg(not(target_os = "linux"))]
pub const fn is_heard() -> bool {
    false
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};

    use super::*;

    /// Longer than a thread takes on a busy machine.
    const LONG: Duration = Duration::from_secs(30);

    /// A link of that number that carries, as the system says it.
    fn link(index: u8) -> Vec<u8> {
        let mut bytes = vec![0; 32];
        for (at, byte) in
            [(0, 32_u32.to_ne_bytes()), (20, u32::from(index).to_ne_bytes()), (24, 0x41_u32.to_ne_bytes())]
        {
            bytes[at..at + 4].copy_from_slice(&byte);
        }
        bytes[4..6].copy_from_slice(&16_u16.to_ne_bytes());
        bytes
    }

    #[test]
    fn whoever_listens_hears_of_what_is_new_alone_until_they_stop() {
        let pair = socketpair(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
        let (system, ours) = pair.unwrap();
        let (told, heard) = channel();
        let listening = linux::hear(ours, move || told.send(()).is_ok()).unwrap();
        for bytes in [&b"none of these bytes is a message of the system"[..], &link(3), &link(3), &[0; 3], &link(4)] {
            send(&system, bytes, SendFlags::empty()).unwrap();
        }
        assert_eq!(heard.recv_timeout(LONG), Ok(()));
        assert_eq!(heard.recv_timeout(LONG), Ok(()), "the second link; and the garbage ended nothing");
        drop(listening);
        assert_eq!(
            heard.recv_timeout(LONG),
            Err(RecvTimeoutError::Disconnected),
            "nothing more, and the thread is gone"
        );
    }

    #[test]
    fn a_station_does_not_come_back_in_one_instant() {
        let waits: std::collections::BTreeSet<_> = (0..1_000).map(settles).collect();
        assert!(waits.len() > 900 && waits.iter().all(|wait| *wait <= 2 * SETTLES), "{waits:?}");
    }
}
