//! How entries leave and arrive: the worker that syncs, sticks, attachments, what was set aside.

pub mod arrivals;
pub mod aside;
pub mod attaching;
pub mod carrier;
pub mod courier;
pub mod media;
pub(in crate::runtime) mod mounts;
#[cfg(target_os = "linux")]
mod netlink;
pub mod network;
pub mod stick;
pub mod stick_fault;
pub mod team;
