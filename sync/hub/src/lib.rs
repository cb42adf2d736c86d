//! The keeper at headquarters: it proves what it received and can read none of it.
//!
//! ```text
//! api/routes ─► api/door ─► api/batches, api/documents ─► accept ─► store
//!  limits        who is it     decode, call, encode         one       one transaction
//!                                                         decision
//! ```
//!
//! The hub holds two keys: one that signs receipts and checkpoints, and one that opens bundles addressed to it. It holds no
//! identity that opens an entry. What it keeps it keeps verbatim, and a reader verifies everything again.
#![deny(missing_docs)]
#![deny(clippy::as_conversions)]

mod accept;
mod api;
pub mod args;
mod backup;
mod blob_place;
mod blobs;
mod bundle;
mod checking;
pub mod cli;
mod clock;
pub mod config;
mod contacts;
mod control;
mod counters;
mod epoch;
mod going_over;
mod heads;
mod home;
mod home_bundle;
mod hub;
mod keeper;
pub mod limits;
mod lineage;
mod moving;
mod next_key;
mod nonces;
mod pace;
mod parts;
mod rates;
mod replaced;
mod request;
mod seats;
mod secrets;
pub mod serve;
mod signing;
mod standing;
mod status;
pub mod store;
pub mod tls;
mod transport;
mod turns;

pub use api::{router, watch_router};
pub use backup::BackedUp;
pub use blob_place::{PlaceFault, PlaceUrl};
pub use blobs::Blobs;
pub use contacts::Contact;
pub use epoch::{Asked, EpochFault};
pub use home::{HomeFault, HomeLock, HubHome};
pub use hub::{Adoption, Hub, HubFault, HubIdentity, KeepTrust};
pub use moving::{Brought, MoveFault, Moved, Progress, StorePlace};
pub use next_key::NewKey;
pub use request::{Made, NextKey};
pub use status::HubStatus;
