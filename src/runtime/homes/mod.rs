//! One home on a disk: making it, opening and locking it, who it belongs to, and what it keeps for itself beside the journal.

pub(in crate::runtime) mod belonging;
pub mod closed_home;
pub mod config;
pub mod confirmed;
pub(in crate::runtime) mod draft_keys;
pub mod drafts;
pub mod filters;
pub(in crate::runtime) mod heads;
pub mod home;
pub(in crate::runtime) mod levels;
pub mod lineage;
pub mod listed;
pub mod lock;
pub mod make;
pub(in crate::runtime) mod marks;
pub mod membership;
pub mod pack;
pub mod passphrase_change;
pub mod paths;
pub mod pen;
pub mod training;
