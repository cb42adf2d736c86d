//! The signatures of a page that arrives, checked on all cores: the only threads of this package. They compute, and end before the
//! call returns.

use std::num::NonZeroUsize;
use std::thread;

use amanat_keys::verifying_key::VerifyingKey;

use crate::batch::{Item, Why};
use crate::entry::SealedEntry;

/// Below so many signatures a second thread costs more than it brings.
const WORTH_A_THREAD: usize = 64;

/// What the signature of each item is worth; an elision has none and is passed. Nothing else takes as long when a page arrives, and
/// no signature bears on another, so all cores check.
pub(crate) fn check(
    items: &[Item],
    key_of: &mut impl FnMut(&SealedEntry) -> std::result::Result<VerifyingKey, Why>,
) -> Vec<std::result::Result<(), Why>> {
    let keyed: Vec<_> = items.iter().map(|item| item.entry().map(|entry| (entry, key_of(entry)))).collect();
    let check_one = |keyed: &Option<(&SealedEntry, std::result::Result<VerifyingKey, Why>)>| match keyed {
        None => Ok(()),
        Some((entry, key)) => {
            let key = key.as_ref().map_err(|why| *why)?;
            entry.verify(key).map_err(|_forged| Why::BadSignature)
        }
    };
    let cores = if keyed.len() < WORTH_A_THREAD {
        1
    } else {
        thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS)
    };
    if cores < 2 {
        return keyed.iter().map(check_one).collect();
    }
    let (mine, others) = keyed.split_at(keyed.len().div_ceil(cores));
    thread::scope(|scope| {
        let beside: Vec<_> = others
            .chunks(mine.len())
            .map(|part| scope.spawn(move || part.iter().map(check_one).collect::<Vec<_>>()))
            .collect();
        let mut signed: Vec<_> = mine.iter().map(check_one).collect();
        for (part, thread) in others.chunks(mine.len()).zip(beside) {
            // A thread that died has vouched for nothing.
            signed.extend(thread.join().unwrap_or_else(|_died| vec![Err(Why::BadSignature); part.len()]));
        }
        signed
    })
}

/// Most threads that check one page, so that many pages at once do not drown the machine.
const MOST_THREADS: usize = 4;
