//! The same signed bytes in one file, for the road: one age file, streamed in constant memory, whichever way it goes.
//!
//! A bundle is opaque to whoever finds it: an age file to the hub, or to a unit and its devices, padded. Inside, a signed manifest
//! says from whom and to whom, which stretches of which journals, and how much; then come statements (rosters, unit keys,
//! codebooks, orders, the hub's own words), then entries, then attachments. Every piece is verified by itself where it arrives, so half a bundle
//! gives its good half, and reading one twice, or late, or out of order changes nothing that was right.
#![doc = include_str!("../../BUNDLE.md")]

mod back;
mod fault;
mod frames;
mod load;
mod manifest;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use fault::BundleFault;
pub use load::{Carried, Load, carried, load, load_with_parts};
pub use manifest::{Manifest, PartLine, Seen};
pub use read::{Bundle, Missing, open};
pub use write::{Cargo, Sealed, write, write_with_parts};
