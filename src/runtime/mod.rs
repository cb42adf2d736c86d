//! Threads, terminal, clock, disk, keys and journal joined to the pure rooms: nothing else of the app touches them.

pub mod clock;
pub mod config;
pub mod home_lock;
pub mod paths;
pub mod process;
pub mod terminal;
pub mod wake;
