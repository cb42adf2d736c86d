//! Sealed things moving, and proof that they arrived.
#![deny(missing_docs)]
#![deny(clippy::as_conversions)]

pub mod batch;
mod cbor;
pub mod chain;
pub mod courier;
pub mod documents;
pub mod entry;
pub mod error;
pub mod http;
pub mod journal;
pub mod proof;
pub mod receipt;
pub mod signature;
#[cfg(test)]
mod specimen;
pub mod transport;
pub mod wire;

pub use error::{Result, SyncError};
