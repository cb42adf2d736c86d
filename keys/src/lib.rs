//! Who may speak and who may read: rosters, vaults, signatures and the keys that open cases.
//!
//! The room answers two questions and performs nothing else. *Who may speak?* [`trust`] keeps the adopted [`roster`] and says
//! which signing key stands behind a place in a journal; [`statement`] and [`quorum`] check signatures. *Who may read?* The roster
//! names recipients ([`audience`]), and what is sealed is sealed to those alone ([`slip`], [`envelope`]). There is no clock here
//! (`now` is an argument), no network, and disk access in one file ([`vault_file`]).
//!
//! # Against whom
//!
//! | attacker | answer | where |
//! |---|---|---|
//! | seizes the laptop | one file under scrypt; rows sealed to their place | [`vault`], [`row_seal`] |
//! | runs the hub | every roster proves itself; readers come from the roster alone | [`trust`], [`audience`] |
//! | swaps a stick | requests and rosters are compared by words read aloud | [`join`], [`words`] |
//! | is an admin | a threshold of members for each step; two versions with one number are kept as proof | [`quorum`], [`trust`] |
//! | holds a revoked device | authority is read from spans and cut-offs, never from what a header says | [`roster`] |
//! | sends bytes | one spelling for each value, limits before work, no panic | [`canonical`] |
//!
//! # Vocabulary
//!
//! *Seal* and *open* are encryption; *sign* and *verify* are signatures; *lock* and *open* are a passphrase; *wrap* is an identity
//! sealed to a device. *Adopt* is to believe the next roster. The bytes are in `STATEMENTS.md`.
//!
//! # From keys to a trusted place
//!
//! ```
//! # use amanat_keys::{canonical, device::DeviceKeys, fingerprint::*, recipient::*, root_key::RootKey, roster::*, trust::Trust};
//! # fn main() -> Result<(), amanat_keys::error::KeysError> {
//! let admin = RootKey::generate(MemberId::random())?;
//! let laptop = DeviceKeys::generate()?;
//! let hq = Unit {
//!     id: UnitId::random(), kind: UnitKind::Headquarters, name: "HQ".into(), recipient: None, epoch: 0, retired: vec![],
//! };
//! let roster = Roster {
//!     agency: AgencyId::ZERO, name: "FIA".into(), version: 1, previous: Digest::ZERO, issued: 1, expires: 2, threshold: 1,
//!     admins: vec![Admin { member: admin.member(), root_key: admin.verifying_key() }],
//!     members: vec![Member { id: admin.member(), name: "A".into(), roles: vec![(Role::Reader, hq.id)] }],
//!     units: vec![hq],
//!     devices: vec![Device {
//!         id: laptop.device_id(), member: admin.member(), recipient: laptop.recipient().clone(), state: DeviceState::Active,
//!         spans: vec![Span { key: laptop.verifying_key(), journal: None, from: 1, until: None }], cut_offs: vec![],
//!     }],
//!     hubs: vec![], peers: vec![], recovery: None, kind: RecipientKind::X25519, minimum_version: 1, policies: vec![],
//! };
//! let statement = admin.sign_roster(&roster)?.to_bytes();
//! let trust = Trust::pin_hash(&statement, &roster.hash())?;
//! let key = trust.verifying_key(&laptop.device_id(), &JournalId::random(), 1)?;
//! assert_eq!(key, laptop.verifying_key());
//! # Ok(()) }
//! ```
#![deny(missing_docs)]
#![deny(clippy::as_conversions)]

pub mod audience;
pub mod canonical;
pub mod case_key;
pub mod device;
pub mod dictionary;
pub mod digesting;
pub mod envelope;
pub mod erasure;
pub mod error;
pub mod fingerprint;
mod fixed_reader;
pub mod frame;
pub mod freshness;
pub mod hub_epoch;
mod hybrid;
mod hybrid_kem;
pub mod join;
pub mod limits;
pub mod locked_file;
mod mac;
pub mod next_keys;
pub mod padding;
pub mod parcel;
pub mod part;
pub mod passphrase;
pub mod payload;
pub mod proposal;
pub mod quorum;
pub mod recipient;
pub mod recovery;
pub mod release;
pub mod root_key;
pub mod roster;
pub mod roster_codec;
pub mod rotation;
pub mod row_seal;
pub mod slip;
pub mod statement;
pub mod stretch;
pub mod tenure;
pub mod tls_key;
pub mod transfer;
pub mod trust;
pub mod unit_key;
pub mod vault;
pub mod vault_file;
pub mod verifying_key;
pub mod words;

pub use case_key::{CaseKey, Place};
pub use envelope::{EnvelopeFault, Sealed};
pub use payload::{NonceHedge, NonceKey};
pub use slip::{Slip, SlipFault, SlipMaker};
