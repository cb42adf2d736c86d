//! Starts the app: the command line, and without a verb the screen.

use std::{alloc::System, process::ExitCode};

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is given back: a case that was opened lies in a thousand strings, and nothing of them may outlive the lock.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    amanat::commands::run(std::env::args_os())
}
