//! Starts the app: the command line, and without a verb the screen.

use std::process::ExitCode;

fn main() -> ExitCode {
    amanat::commands::run(std::env::args_os())
}
