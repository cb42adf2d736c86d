//! The same work for each of many things, on all cores: the only threads of this package. They compute, and end before the call returns.

use std::num::NonZeroUsize;
use std::thread;

/// Below so many things a second thread costs more than it brings.
const WORTH_A_THREAD: usize = 64;
/// Most threads for one call, so that many calls at once do not drown the machine.
const MOST_THREADS: usize = 4;

/// What the work gives for each of these, in their order; `None` for what a thread had in hand that died.
pub(crate) fn each<T: Sync, U: Send>(things: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<Option<U>> {
    // How many cores there are is read from files of the system each time: not for one entry.
    let cores = if things.len() < WORTH_A_THREAD {
        1
    } else {
        thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS)
    };
    if cores < 2 {
        return things.iter().map(|thing| Some(work(thing))).collect();
    }
    let (mine, others) = things.split_at(things.len().div_ceil(cores));
    let work = &work;
    thread::scope(|scope| {
        let beside: Vec<_> = others
            .chunks(mine.len())
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<U>>()))
            .collect();
        let mut done: Vec<Option<U>> = mine.iter().map(|thing| Some(work(thing))).collect();
        for (part, thread) in others.chunks(mine.len()).zip(beside) {
            match thread.join() {
                Ok(theirs) => done.extend(theirs.into_iter().map(Some)),
                Err(_died) => done.extend(part.iter().map(|_| None)),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_in_order_and_what_a_thread_took_along_when_it_died_is_missing() {
        let things: Vec<u64> = (0..1_000).collect();
        let doubled = each(&things, |n| n * 2);
        assert!(doubled.iter().zip(&things).all(|(done, n)| *done == Some(n * 2)) && doubled.len() == 1_000);
        if thread::available_parallelism().map_or(1, NonZeroUsize::get) > 1 {
            let last = |n: &u64| if *n == 999 { panic!("a thread dies") } else { *n };
            let done = each(&things, last);
            assert_eq!((done.len(), done[0], done[999]), (1_000, Some(0), None));
        }
    }
}
