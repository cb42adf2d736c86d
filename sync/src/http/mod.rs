//! The road over HTTP.

mod answer;
mod road;
#[cfg(test)]
mod stopping_tests;

pub use crate::http_address::{check_address, names_this_machine, needs_tls_key};
pub use road::{Brake, HttpSettings, HttpTransport, SignRequest, Ticks};
