//! Who may speak and who may read: rosters, vaults, signatures and the keys that open cases.
//!
//! The room answers two questions and performs nothing else. *Who may speak?* [`trust`] keeps the adopted [`roster`] and says
//! which signing key stands behind a place in a journal; [`statement`] and [`quorum`] check signatures. *Who may read?* The roster
//! names recipients, and what is sealed is sealed to those alone. There is no clock here (`now` is an argument), no network, and
//! disk access in one file ([`vault_file`]).
#![deny(missing_docs)]
#![deny(clippy::as_conversions)]

pub mod audience;
pub mod canonical;
pub mod case_key;
pub mod device;
pub mod dictionary;
pub mod envelope;
pub mod error;
pub mod fingerprint;
pub mod frame;
pub mod freshness;
pub mod join;
pub mod limits;
pub mod locked_file;
mod mac;
pub mod padding;
pub mod parcel;
pub mod passphrase;
pub mod payload;
pub mod quorum;
pub mod recipient;
pub mod root_key;
pub mod roster;
pub mod roster_codec;
pub mod row_seal;
pub mod slip;
pub mod statement;
pub mod trust;
pub mod unit_key;
pub mod vault;
pub mod vault_file;
pub mod verifying_key;
pub mod words;

pub use case_key::{CaseKey, Place};
pub use envelope::{EnvelopeFault, Sealed};
pub use payload::{NonceHedge, NonceKey};
pub use slip::{Slip, SlipFault};
