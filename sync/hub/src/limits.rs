//! Every maximum at the hub's door in one place, each with its reason. Those of single entries stand in `amanat_sync`.

use std::num::NonZeroU32;
use std::time::Duration;

/// Body of a push, in bytes: eight times what a courier puts into one request. It is kept as it comes and never held whole.
pub const PUSH_BODY: usize = 64 * 1024 * 1024;
/// What a push may hold in memory while it arrives, in bytes: a piece on its way to the store, one that is being checked, one
/// that is being read, one frame and what was read ahead.
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
/// Requests of one device that may be under way at once; the next one ends the oldest. A courier has two, and a link that breaks leaves
/// some behind.
pub const REQUESTS_PER_DEVICE: usize = 3;
/// The same of a device that left or was lost: it may hand over, and that is all.
pub const REQUESTS_WHEN_REVOKED: usize = 1;
/// Requests of one device: one every 20 ms when steady, after a run of this many.
pub const DEVICE_BURST: NonZeroU32 = NonZeroU32::new(400).unwrap();
/// Requests of one device a second, when steady.
pub const DEVICE_RATE: NonZeroU32 = NonZeroU32::new(50).unwrap();
/// Requests a second of everybody whose signature has not been checked yet, together. A burst is allowed of the same.
pub const DOOR_RATE: NonZeroU32 = NonZeroU32::new(2_000).unwrap();
/// Requests a second from one address of those whose signature has not been checked yet, where addresses say anything. Behind a
/// carrier's gateway stands a district, and each device asks once in a while.
pub const ADDRESS_RATE: NonZeroU32 = NonZeroU32::new(200).unwrap();
/// Addresses remembered for that; when there are more, those that have been quiet are forgotten.
pub const ADDRESSES_KEPT: usize = 16_384;
/// A request whose body does not arrive in this time is given up. A slow link sends a megabyte in two minutes.
pub const BODY_TIME: Duration = Duration::from_secs(300);
/// A body of which no byte comes for so long is given up: a link that still works sends something in half a minute.
pub const BODY_PAUSE: Duration = Duration::from_secs(30);
/// A push must bring [`PUSH_LEAST`] bytes in each such time while it is waited for: a byte now and then holds room for nothing.
pub const PUSH_WINDOW: Duration = Duration::from_secs(60);
/// The least that a push brings in [`PUSH_WINDOW`], in bytes: a thousand bits a second.
pub const PUSH_LEAST: usize = 8 * 1024;
/// An answer of which no byte is taken for so long is given up. At 9.6 kbit/s the system frees its buffer in less.
pub const ANSWER_PAUSE: Duration = Duration::from_secs(180);
/// What the system holds of an answer that has not been taken yet, in bytes, for each connection.
pub const SEND_BUFFER: u32 = 256 * 1024;
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
/// Of them those of strangers from one address; the next one cuts off the oldest. Who has proven to be a device is not counted.
pub const STRANGERS_PER_ADDRESS: usize = 64;
/// Connections that wait to be taken, at the system.
pub const BACKLOG: u32 = 1_024;
/// Who is sent away because every place is taken may come again after so long, in seconds.
pub const FULL_HOUSE: u64 = 10;
/// A device that brings something while the disk is full may come again after so long, in seconds: making room takes a person.
pub const FULL_DISK: u64 = 300;
/// Bodies and answers in memory at once, in bytes, all of requests whose signature held: twenty pushes, or sixty usual pages.
pub const BODIES: u32 = 64 * 1024 * 1024;
/// An answer is handed to its connection in pieces of so many bytes, and keeps its room until the last.
pub const ANSWER_PIECE: usize = 16 * 1024;
/// Waiting for room among [`BODIES`]; then the device is told to come again.
pub const BODY_TURN: Duration = Duration::from_secs(20);
/// What a refused request still sends is read and thrown away for so long: whoever is cut off in the middle of a sentence does not
/// hear the answer.
pub const REFUSED_TIME: Duration = Duration::from_secs(60);
/// Time for requests in flight to end once the hub is told to stop.
pub const DRAIN: Duration = Duration::from_secs(10);
/// Contacts of devices are written down so often: for the keeper's eyes, so a minute more or less is nothing.
pub const CONTACTS_NOTED: Duration = Duration::from_secs(10);
/// Nonces of each kind that are remembered as unspent for a device. A device holds four; what it was given with answers that it never
/// heard stands here beside them until it is pushed out.
pub const NONCES_KEPT: usize = 16;
/// Nonces that come with the answer to a push: two, so that the next push can leave before the last is answered.
pub const NONCES_FOR_A_PUSH: usize = 2;
/// Nonces handed out to a device that comes without one: two, so that a second request can leave before the first answer.
pub const NONCES_OFFERED: usize = 2;
/// A request about attachments, in bytes: a piece, or the names of 256.
pub const PARTS_BODY: usize = amanat_sync::wire::limits::MAX_PARTS_REQUEST;
/// Attachments of one device that have come in part and not whole, together, in bytes: two of the largest.
pub const STAGED_PER_DEVICE: u64 = 2 * amanat_sync::wire::limits::MAX_PART;
/// Attachments stop being taken while the disk on which they gather has less room than this, in bytes: entries come first there too.
pub const DISK_RESERVE: u64 = 256 * 1024 * 1024;
/// Below so many free bytes the status calls the disk full: what is new may not fit any more.
pub const DISK_NEARLY_FULL: u64 = 1024 * 1024;
/// An attachment goes to its place in blocks of so many bytes, three of which are in memory; an object store takes none smaller.
pub const PART_BLOCK: usize = 5 * 1024 * 1024;
/// Attachments on their way to their place at once; others wait, and are there all the same.
pub const PUTS_AT_ONCE: usize = 2;
/// A device waits so long for a whole attachment to be looked through and put in its place; then it is told to ask again.
pub const SETTLE_TURN: Duration = Duration::from_secs(20);
/// How often a request to an object store is tried again before whoever waits is told that it does not answer.
pub const PLACE_RETRIES: usize = 4;
/// A question to the place of attachments is given up after so long, with all that was tried again: well within [`SETTLE_TURN`].
pub const PLACE_TURN: Duration = Duration::from_secs(10);
/// The file of an object store's credentials, in bytes.
pub const CREDENTIALS_FILE: u64 = 16 * 1024;
/// Entries of forks kept as evidence for each device: enough to show what happened, too few to fill a disk.
pub const EVIDENCE_PER_DEVICE: u32 = 256;
/// A stick that is handed to a running hub and of which no byte comes for so long is given up: a slow one is read in the meantime.
pub const CONTROL_PAUSE: Duration = Duration::from_secs(60);
/// A hub that nothing is written to, because its store moves, waits so long for whoever moves it; then it goes on where it is.
pub const MOVE_HELD: Duration = Duration::from_secs(600);
/// What is said to it then, in bytes: the settings.
pub const MOVE_SAID: u64 = 64 * 1024;
/// What a hub says of a stick, in bytes: a line for each journal that was refused.
pub const CONTROL_ANSWER: u64 = 16 * 1024 * 1024;
