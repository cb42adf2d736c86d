//! Memory as the program has it, for the benches that call its rooms in their own process.

use amanat::runtime::process::{MEMORY as WIPED, Memory};

#[global_allocator]
static MEMORY: Memory = WIPED;
