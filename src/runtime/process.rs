//! What the process asks of the system for the sake of its secrets: no core dumps, nobody looking in, files for their owner.

use std::{
    alloc::System,
    sync::atomic::{AtomicBool, Ordering},
};

use zeroize::Zeroize as _;
use zeroizing_alloc::ZeroAlloc;

/// Where the program's memory comes from. What is given back is wiped first: a case that was opened lies in a thousand strings, and nothing of
/// them may outlive the lock.
pub type Memory = ZeroAlloc<System>;

/// For the program, and for every bench that says what the program does.
pub const MEMORY: Memory = ZeroAlloc(System);

/// Turns off core dumps, and on Linux also reading this process's memory by others of the same user, and keeps its pages out of swap where
/// the limit allows all of them. What the system refuses is left: it protects a little less and keeps nobody from their work.
#[cfg(unix)]
pub fn guard_memory() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).unwrap_or_default();
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).unwrap_or_default();
    #[cfg(target_os = "linux")]
    lock_pages();
}

/// How many bytes this user may keep out of swap; none where there is no limit, or the system's leave to lock beyond it (`CAP_IPC_LOCK`).
#[cfg(unix)]
pub(in crate::runtime) fn lock_limit() -> Option<u64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Memlock).current;
    limit.filter(|_| !may_lock_beyond())
}

/// Whether `CAP_IPC_LOCK`, the fourteenth, is among what this process may do.
#[cfg(unix)]
fn may_lock_beyond() -> bool {
    let may = |held: String| u64::from_str_radix(&held, 16).is_ok_and(|held| held >> 14 & 1 == 1);
    in_status("CapEff:").is_some_and(may)
}

/// Windows bounds it by the working set and says no number.
#[cfg(not(unix))]
pub(in crate::runtime) fn lock_limit() -> Option<u64> {
    None
}

/// Under a limit a page too many would end the program where it asks for memory, so it is all pages or, later, those with keys alone
/// (`key_pages`). Each is locked when it is first touched: what is only reserved costs nothing.
#[cfg(target_os = "linux")]
fn lock_pages() {
    use rustix::mm::MlockAllFlags;
    if lock_limit().is_none() {
        let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
        ALL_LOCKED.store(rustix::mm::mlockall(all).is_ok(), Ordering::Relaxed);
    }
}

/// Whether the system has taken all pages of this process, those to come with them.
static ALL_LOCKED: AtomicBool = AtomicBool::new(false);

/// Whether everything that this process has in memory is kept out of swap.
pub fn is_all_locked() -> bool {
    ALL_LOCKED.load(Ordering::Relaxed)
}

/// Deeper than any call here reaches: 768 KiB. In wide words: every crew of readers ends with this, and byte by byte it took most of the
/// time of a small home's unlocking.
const STACK: usize = 768 * 1024 / size_of::<u128>();

/// Overwrites what calls that have returned left on this thread's stack: keys are moved through it, and a value that was moved is wiped
/// only where it came to rest. What the program gives back to the heap is wiped by its allocator.
#[inline(never)]
pub fn wipe_stack() {
    let mut deep = [0_u128; STACK];
    deep.zeroize();
    std::hint::black_box(&mut deep);
}

/// Bytes of this process's memory that are kept out of swap, as the system says.
#[must_use]
pub fn locked_bytes() -> u64 {
    let locked = in_status("VmLck:").and_then(|line| line.strip_suffix(" kB")?.trim().parse::<u64>().ok());
    locked.unwrap_or(0).saturating_mul(1024)
}

/// What the system says of this process under a name.
fn in_status(name: &str) -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
}

/// Whatever this process makes is its owner's alone: the journal and what SQLite puts beside it, settings, and also packs and join
/// requests, which hold no secret but name the agency's people. Whoever hands one of those on copies it or says so with chmod.
#[cfg(unix)]
pub fn keep_files_private() {
    use rustix::{fs::Mode, process::umask};
    umask(Mode::RWXG | Mode::RWXO);
}

/// Windows gives files the rights of their folder, which in a person's profile is theirs.
#[cfg(not(unix))]
pub fn keep_files_private() {}

/// Windows writes a dump only where an administrator asked for it.
#[cfg(not(unix))]
pub fn guard_memory() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn no_core_is_written() {
        guard_memory();
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    }
}
