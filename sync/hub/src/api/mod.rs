//! The hub's door: HTTP in, HTTP out, and nothing decided.

mod arriving;
mod batches;
mod documents;
mod door;
mod health;
mod leaving;
mod metrics;
pub(crate) mod reply;
mod routes;

pub use metrics::watch_router;
pub use routes::router;
