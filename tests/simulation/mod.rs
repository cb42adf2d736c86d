//! A fleet in one process: devices, a supervisor, a reader and a hub that are the real thing, roads and disks that fail by the
//! seed, and what must hold after every step (`DESIGN.md` section 4).
//!
//! ```text
//! world ── a step ──► device ── the real courier ──► road ──► office: the real hub's router ──► a real store
//!   │                 its disk: memory or SQLite      loses, doubles, delays, cuts, kills
//!   └── after each step ──► holds: what is kept, received, signed, chained
//! ```
//!
//! Beside the road there are sticks, and a pile of them that anybody may read from at any time.
//!
//! No sockets, no clock but the made-up ones, no chance but the seed's: what failed once fails again. A new way for entries to travel is a
//! new [`world::Deed`].

mod chance;
mod device;
mod disk;
mod faults;
mod fused;
mod holds;
mod mortal;
mod office;
mod peace;
mod revoked;
mod road;
mod sticks;
mod town;
mod world;

/// The agency, the pens and the signed requests are those of the hub's own tests.
#[path = "../../sync/hub/tests/hub/support.rs"]
#[allow(dead_code, reason = "its road and its readers are for other tests")]
mod support;

pub(crate) use fused::Sabotage;
pub(crate) use town::{copies_go_in_time, finds_out, live_in_towns};
pub(crate) use world::{finds_out_a_deaf_hub, live_through};
