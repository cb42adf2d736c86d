//! The hub's door: HTTP in, HTTP out, and nothing decided.

mod arriving;
mod batches;
mod documents;
mod door;
mod health;
mod leaving;
mod metrics;
mod parts;
pub(crate) mod reply;
mod rosters;
mod routes;
mod team;

pub(crate) use batches::run as served;
pub use metrics::watch_router;
pub use routes::router;
