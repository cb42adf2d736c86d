//! Threads, terminal, clock, disk, keys and journal joined to the pure rooms: nothing else of the app touches them.

pub mod abroad;
pub mod border;
pub mod clock;
pub mod echo;
mod ending;
pub mod entries;
pub mod erasure;
pub mod fault;
pub mod homes;
pub mod key_pages;
pub mod process;
pub mod road;
pub mod roster;
pub mod rotation;
pub mod screen;

#[cfg(test)]
mod tests;
