//! The hub from outside: its door without a socket, the courier against it over roads that break, and the built program.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod ahead;
mod along;
mod attachments;
mod bare;
mod carrying;
#[path = "../../src/store/postgres/cluster.rs"]
mod cluster;
mod crowd;
mod crowding;
mod cut;
mod damaged;
mod decoded;
mod distrust;
mod door;
mod encrypted;
mod epochs;
mod hostile;
mod hub_key;
mod keeping;
mod let_go;
mod liar;
mod lineage;
mod many_at_once;
mod moving;
mod one_connection;
mod postgres;
mod process;
mod running;
mod s3;
mod s3_server;
mod stick_memory;
mod sticks;
mod still;
mod stranger;
mod support;
mod team;
mod watching;
