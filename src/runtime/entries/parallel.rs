//! The same work for many things at once: sealing, signing, opening slips, where no one of them bears on another.

use std::{
    num::NonZeroUsize,
    panic,
    sync::{Mutex, PoisonError},
    thread,
};

use amanat_sync::{
    error::SyncError,
    journal::{SealedShelf, ShelfRow},
};

use crate::runtime::process;

/// Fewer things than this are done on the calling thread.
const WORTH_A_THREAD: usize = 32;
/// Rows of a shelf that are opened at a time.
const A_PART: usize = 32;
/// Things that a core takes at a time where they are shared out as they are done.
const A_HANDFUL: usize = 8;

/// Does the work for every item, on all cores where there is enough of it; what comes back is in their order.
pub(in crate::runtime) fn each<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    // How many cores there are is read from files of the system each time: not for one entry.
    let cores = if items.len() < WORTH_A_THREAD { 1 } else { cores() };
    if cores < 2 {
        return items.iter().map(work).collect();
    }
    let (mine, others) = items.split_at(items.len().div_ceil(cores));
    let work = &work;
    thread::scope(|scope| {
        let beside: Vec<_> = others
            .chunks(mine.len().max(1))
            .map(|part| scope.spawn(move || wiped(|| part.iter().map(work).collect::<Vec<U>>())))
            .collect();
        let mut done: Vec<U> = mine.iter().map(work).collect();
        for thread in beside {
            // A panic goes on where it would have stood with one core.
            done.extend(thread.join().unwrap_or_else(|fault| panic::resume_unwind(fault)));
        }
        done
    })
}

/// Does the work for every item on the other cores while this thread does something else, and then helps them; what comes back is in the
/// order of the items.
pub(in crate::runtime) fn beside<T: Send, U: Send, V>(
    items: Vec<T>,
    work: impl Fn(T) -> U + Sync,
    meanwhile: impl FnOnce() -> V,
) -> (Vec<U>, V) {
    let others = if items.len() < WORTH_A_THREAD { 0 } else { cores().saturating_sub(1) };
    let left = Mutex::new(items.into_iter().enumerate());
    // No work is done while it is held, so that nothing can be half taken.
    let handful = || -> Vec<(usize, T)> {
        left.lock().unwrap_or_else(PoisonError::into_inner).by_ref().take(A_HANDFUL).collect()
    };
    let share = || {
        let mut done: Vec<(usize, U)> = Vec::new();
        loop {
            let handful = handful();
            if handful.is_empty() {
                return done;
            }
            done.extend(handful.into_iter().map(|(at, item)| (at, work(item))));
        }
    };
    let (mut done, other) = thread::scope(|scope| {
        let beside: Vec<_> = (0..others).map(|_core| scope.spawn(|| wiped(share))).collect();
        let other = meanwhile();
        let mut done = share();
        for thread in beside {
            // A panic goes on where it would have stood with one core.
            done.extend(thread.join().unwrap_or_else(|fault| panic::resume_unwind(fault)));
        }
        (done, other)
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    (done.into_iter().map(|(_, done)| done).collect(), other)
}

/// Gives every core its share of the items, where there are enough of them; what comes back is in the order of the shares, which is theirs.
pub(in crate::runtime) fn shares<T: Send, U: Send>(items: Vec<T>, work: impl Fn(Vec<T>) -> U + Sync) -> Vec<U> {
    let cores = if items.len() < WORTH_A_THREAD { 1 } else { cores() };
    let each = items.len().div_ceil(cores).max(1);
    let mut rest = items;
    let mut others = Vec::new();
    while rest.len() > each {
        let share = rest.split_off(rest.len().saturating_sub(each));
        others.insert(0, share);
    }
    let work = &work;
    thread::scope(|scope| {
        let beside: Vec<_> = others.into_iter().map(|share| scope.spawn(move || wiped(|| work(share)))).collect();
        let mut done = vec![work(rest)];
        for thread in beside {
            done.push(thread.join().unwrap_or_else(|fault| panic::resume_unwind(fault)));
        }
        done
    })
}

/// Opens what lies on a shelf and takes out of each row what is looked for, on all cores.
///
/// # Errors
/// Damage, where a row does not open.
pub(in crate::runtime) fn opened<T: Send>(
    sealed: SealedShelf,
    take: impl Fn(&ShelfRow) -> Option<T> + Sync,
) -> Result<Vec<T>, SyncError> {
    let parts = shares(sealed.in_parts(A_PART), |parts| {
        let mut taken = Vec::new();
        for part in parts {
            taken.extend(part.open()?.iter().filter_map(&take));
        }
        Ok(taken)
    });
    let mut all = Vec::new();
    for part in parts {
        all.append(&mut part?);
    }
    Ok(all)
}

/// The system keeps a thread's stack for the next one, with what it held.
pub(in crate::runtime) fn wiped<U>(work: impl FnOnce() -> U) -> U {
    let done = work();
    process::wipe_stack();
    done
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_beside_something_else_comes_back_in_order_however_it_was_shared_out() {
        for count in [0, 1, A_HANDFUL, WORTH_A_THREAD, 1_000] {
            let (doubled, other) = beside((0..count).collect(), |item: usize| item * 2, || "meanwhile");
            assert_eq!((doubled, other), ((0..count).map(|item| item * 2).collect(), "meanwhile"));
        }
    }
}
