//! The hub's door: HTTP in, HTTP out, and nothing decided.

mod arriving;
mod batches;
mod documents;
mod door;
mod health;
pub(crate) mod reply;
mod rosters;
mod routes;
mod team;

pub use routes::router;
