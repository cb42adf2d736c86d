//! The default store: one SQLite file, one thread that writes, a few connections that read.
//!
//! Blocking calls never stand on an async thread: writes go to the writer's queue, which commits what has gathered there
//! in one transaction, and reads borrow a connection on the blocking pool. WAL, `synchronous=FULL`.

mod backup;
mod erase;
mod moving;
mod open;
mod parts;
mod read;
mod worker;
mod write;

pub use worker::SqliteStore;
