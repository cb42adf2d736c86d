//! Starts the hub.
fn main() {}
