//! The store at scale: tables in a PostgreSQL database, keyed by device, a few connections that come back by themselves.
//!
//! Each method is one transaction, but for a push of several devices' runs: each device's are one transaction of their own,
//! and a grant into another device's journal is a debt that the first transaction keeps and a second pays before anybody is
//! answered. So no transaction needs two devices, and the same statements run where the tables are spread by device.

mod address;
#[cfg(test)]
mod cluster;
mod erase;
mod fault;
mod grants;
mod migrate;
mod moving;
mod parts;
mod pool;
#[cfg(test)]
mod proofs;
mod read;
mod write;

pub use address::{AddressFault, PostgresAddress};
#[cfg(test)]
use cluster::Cluster;
pub use pool::PostgresStore;
#[cfg(test)]
pub(super) use proofs::{in_a_server, spread_over_three};
