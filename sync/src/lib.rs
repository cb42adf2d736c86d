//! Sealed things moving, and proof that they arrived.
//!
//! **The law of the chain** ([`chain`]): a device writes journals; each entry names the link before it, so one equal link proves
//! everything below it equal. A run of entries is *accepted*, *already held*, a *gap* (send from my head) or a *fork* (two writers:
//! stop, tell, keep both), and these are values. **The loop** ([`courier`]): push what is above the last receipt, take the
//! receipt, pull what is above our heads, take newer documents. **Kept** ([`journal`]): when [`journal::Journal::append`]
//! returns, the entry is on the disk. **Received** ([`receipt`]): its number is at or below the one the hub signed for.
//!
//! Nothing here opens an envelope, asks a clock, or prints.
#![deny(missing_docs)]
#![deny(clippy::as_conversions)]

pub mod along;
pub mod batch;
pub mod bundle;
mod cbor;
pub mod chain;
mod cores;
pub mod courier;
pub mod documents;
pub mod entry;
pub mod error;
pub mod http;
pub mod journal;
pub mod leaving;
pub mod own_files;
pub mod pack;
pub mod part_files;
pub mod proof;
pub mod receipt;
pub mod road;
pub mod signature;
mod signatures;
#[cfg(test)]
mod specimen;
pub mod stick_file;
pub mod stories;
pub mod transfer;
pub mod transport;
pub mod unspent;
pub mod wire;

pub use error::{Result, SyncError};
