//! Starts the hub.

use std::process::ExitCode;

fn main() -> ExitCode {
    amanat_hub::cli::run(std::env::args_os())
}
