//! New keys for what is kept: of a unit, a case, a device, a hub.

mod certificate;
pub mod device_keys;
pub mod hub_epoch;
pub mod hub_key;
mod offer;
mod owed;
pub mod reseal_far;
mod reseal_line;
pub mod reseal_look;
mod reseal_parts;
mod reseal_work;
pub mod resealing;
pub(in crate::runtime) mod rewrapping;
pub mod units;
mod work;
