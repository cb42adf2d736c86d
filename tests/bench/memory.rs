//! Memory as the program has it, for the benches that call its rooms in their own process, and how much of it there was at most.
#![allow(dead_code, reason = "every bench uses its own part of it")]

use amanat::runtime::process::{MEMORY as WIPED, Memory};

#[global_allocator]
static MEMORY: Memory = WIPED;

/// The most memory that this process had at once since that was last forgotten, in MiB (proc_pid_status(5), `VmHWM`).
pub(crate) fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0.0);
    kib / 1024.0
}

/// The peak begins anew from what is in use (proc_pid_clear_refs(5)); where that may not be, it stays what it was.
pub(crate) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap_or_default();
}
