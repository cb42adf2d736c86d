//! Every maximum at the hub's door in one place, each with its reason. Those of single entries stand in `amanat_sync`.

use std::num::NonZeroU32;
use std::time::Duration;

/// Body of a push, in bytes: eight times what a courier puts into one request. It is kept as it comes and never held whole.
pub const PUSH_BODY: usize = 64 * 1024 * 1024;
/// What a push may hold in memory while it arrives, in bytes: a piece on its way to the store, one frame and what was read ahead.
pub const PUSH_ROOM: u32 = 3 * 1024 * 1024;
/// A piece of a push goes to the store when it holds so many bytes, or so many entries, or when no more is there yet.
pub const PIECE: usize = 512 * 1024;
/// Entries of such a piece.
pub const PIECE_ENTRIES: usize = 1024;
/// Body of a pull, in bytes: the heads of some fifty thousand journals.
pub const PULL_BODY: usize = 4 * 1024 * 1024;
/// Body of a documents call, in bytes: a chain of rosters, or unit keys for some thousand readers.
pub const DOCUMENTS_BODY: usize = 4 * 1024 * 1024;
/// Entries that one push may announce: bounds the work of one request where bytes do not.
pub const PUSH_ENTRIES: u64 = 100_000;
/// Manifest of a push, in bytes: some nine thousand journals.
pub const PUSH_MANIFEST: usize = 1024 * 1024;
/// A page of a pull, in bytes, whatever more the caller asks for.
pub const PAGE_MOST: usize = 4 * 1024 * 1024;
/// A page of a pull, in bytes, whatever less the caller asks for: one entry must fit.
pub const PAGE_LEAST: usize = 16 * 1024;
/// Documents in one answer, in bytes; one larger goes alone.
pub const DOCUMENTS_ANSWER: usize = 8 * 1024 * 1024;
/// Rosters in one answer: a device far behind asks again.
pub const ROSTERS_PER_ANSWER: usize = 50;
/// Requests of one device: one every 20 ms when steady, after a run of this many.
pub const DEVICE_BURST: NonZeroU32 = NonZeroU32::new(400).unwrap();
/// Requests of one device a second, when steady.
pub const DEVICE_RATE: NonZeroU32 = NonZeroU32::new(50).unwrap();
/// Requests a second of everybody whose signature has not been checked yet, together. A burst is allowed of the same.
pub const DOOR_RATE: NonZeroU32 = NonZeroU32::new(2_000).unwrap();
/// A request whose body does not arrive in this time is given up. A slow link sends a megabyte in two minutes.
pub const BODY_TIME: Duration = Duration::from_secs(300);
/// A body of which no byte comes for so long is given up: a link that still works sends something in half a minute.
pub const BODY_PAUSE: Duration = Duration::from_secs(30);
/// Headers must be there in this time, also those of the next request on a connection that stays open. They are two kilobytes.
pub const HEADER_TIME: Duration = Duration::from_secs(20);
/// A TLS handshake must be over in this time. On a link of 64 kbit/s it takes three seconds.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(20);
/// TLS sessions that can be gone on with, each some hundred bytes: one for each of four thousand devices.
pub const TLS_SESSIONS: usize = 4_096;
/// A file with a certificate and its chain, in bytes.
pub const CERTIFICATE_FILE: u64 = 1024 * 1024;
/// What is read of a connection ahead of need, in bytes; with [`CONNECTIONS`] it bounds what strangers can make the hub hold.
pub const CONNECTION_BUFFER: usize = 32 * 1024;
/// After a connection that could not be taken, before the next: short for people, long for a processor.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections open at once. A process may open 1 024 files, and the database and its helpers need some of them.
pub const CONNECTIONS: usize = 512;
/// Bodies in memory at once, in bytes, all of requests whose signature held: four of the largest pushes, or sixty of the usual.
pub const BODIES: u32 = 64 * 1024 * 1024;
/// Waiting for room among [`BODIES`]; then the device is told to come again.
pub const BODY_TURN: Duration = Duration::from_secs(20);
/// What a refused request still sends is read and thrown away for so long: whoever is cut off in the middle of a sentence does not
/// hear the answer.
pub const REFUSED_TIME: Duration = Duration::from_secs(60);
/// Time for requests in flight to end once the hub is told to stop.
pub const DRAIN: Duration = Duration::from_secs(10);
/// Nonces that a device may hold unspent, of each kind.
pub const NONCES_KEPT: usize = 4;
/// Nonces handed out to a device that comes without one: two, so that a second request can leave before the first answer.
pub const NONCES_OFFERED: usize = 2;
/// A request about attachments, in bytes: a piece, or the names of 256.
pub const PARTS_BODY: usize = amanat_sync::wire::limits::MAX_PARTS_REQUEST;
/// Attachments of one device that have come in part and not whole, together, in bytes: two of the largest.
pub const STAGED_PER_DEVICE: u64 = 2 * amanat_sync::wire::limits::MAX_PART;
/// Attachments stop being taken while the disk on which they gather has less room than this, in bytes: entries come first there too.
pub const DISK_RESERVE: u64 = 256 * 1024 * 1024;
/// An attachment goes to its place in blocks of so many bytes, three of which are in memory; an object store takes none smaller.
pub const PART_BLOCK: usize = 5 * 1024 * 1024;
/// Attachments on their way to their place at once; others wait, and are there all the same.
pub const PUTS_AT_ONCE: usize = 2;
/// A device waits so long for a whole attachment to be looked through and put in its place; then it is told to ask again.
pub const SETTLE_TURN: Duration = Duration::from_secs(20);
/// The file of an object store's credentials, in bytes.
pub const CREDENTIALS_FILE: u64 = 16 * 1024;
/// Entries of forks kept as evidence for each device: enough to show what happened, too few to fill a disk.
pub const EVIDENCE_PER_DEVICE: u32 = 256;
