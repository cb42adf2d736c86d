//! Starts the app: the command line, and without a verb the screen.

use std::process::ExitCode;

use amanat::runtime::process::{MEMORY as WIPED, Memory};

#[global_allocator]
static MEMORY: Memory = WIPED;

fn main() -> ExitCode {
    amanat::commands::run(std::env::args_os())
}
