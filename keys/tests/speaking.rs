//! Attacks on who may speak and read: one test each, against an agency made for it, beside a repaired copy that is accepted.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

#[path = "speaking/agency.rs"]
mod agency;
#[path = "speaking/ceremony.rs"]
mod ceremony;
#[path = "speaking/encoding.rs"]
mod encoding;
#[path = "speaking/hub_key.rs"]
mod hub_key;
#[path = "speaking/joining.rs"]
mod joining;
#[path = "speaking/kinds.rs"]
mod kinds;
#[path = "speaking/lineage.rs"]
mod lineage;
#[path = "speaking/locks.rs"]
mod locks;
#[path = "speaking/readers.rs"]
mod readers;
#[path = "speaking/rotation.rs"]
mod rotation;
#[path = "speaking/signing.rs"]
mod signing;
#[path = "speaking/spans.rs"]
mod spans;
#[path = "speaking/tenure.rs"]
mod tenure;
