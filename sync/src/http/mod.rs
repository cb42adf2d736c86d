//! The road over HTTP.

mod address;
mod answer;
mod line;
mod pin;
mod road;
#[cfg(test)]
mod stopping_tests;

pub use address::{check_address, names_this_machine, needs_tls_key};
pub use road::{Brake, HttpSettings, HttpTransport, SignRequest, Ticks};
