//! What admins do: the agency founded, its roster changed and signed, people and devices let in and out, keys audited and recovered.

pub mod audit;
pub mod audit_page;
pub mod ceremony;
pub mod change;
pub mod codebooks;
pub mod edit;
pub mod enrol;
pub mod escrow;
pub mod founding;
pub mod key_page;
mod keys;
pub mod moves;
pub mod raise;
mod reach;
pub mod release;
pub mod revocation;
pub mod root_request;
pub mod rotate;
pub mod sheets;
