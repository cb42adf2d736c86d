//! The hub's door: HTTP in, HTTP out, and nothing decided.

mod arriving;
mod batches;
mod documents;
mod door;
mod health;
mod leaving;
pub(crate) mod reply;
mod routes;

pub use routes::router;
