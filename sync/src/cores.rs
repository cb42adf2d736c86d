//! The same work for each of many things, on all cores, and a file that is written beside what fills it: the only threads of this
//! package. They compute or write, and end before the call returns.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::mpsc::{SyncSender, sync_channel};
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

/// What goes to a writer's thread at once, in bytes.
const BLOCK: usize = 256 * 1024;
/// So many blocks wait for it at most.
const AHEAD: usize = 4;

enum ToWrite {
    Block(Vec<u8>),
    /// Everything before this is to be written, and then said so.
    Through(SyncSender<()>),
}

/// Has `out` written by a thread of its own with what `fill` writes, a block at a time, while `fill` goes on. What `fill` gave, and `out` once
/// all of it is written and flushed.
///
/// # Errors
/// In the second part, what `out` refused: `fill` then was told that nobody takes what it writes.
pub(crate) fn written_beside<W: Write + Send, T>(
    mut out: W,
    fill: impl FnOnce(&mut dyn Write) -> T,
) -> (T, io::Result<W>) {
    thread::scope(|scope| {
        let (blocks, taken) = sync_channel(AHEAD);
        let writer = scope.spawn(move || {
            for next in taken {
                match next {
                    ToWrite::Block(block) => out.write_all(&block)?,
                    ToWrite::Through(told) => {
                        out.flush()?;
                        told.send(()).unwrap_or_default();
                    }
                }
            }
            out.flush().map(|()| out)
        });
        let mut inlet = Inlet { blocks, block: Vec::new() };
        let made = fill(&mut inlet);
        // Where this fails the writer has, and says why.
        inlet.pass_on().unwrap_or_default();
        drop(inlet);
        (made, writer.join().unwrap_or_else(|_died| Err(io::Error::other("the thread that writes the file died"))))
    })
}

/// The near end of a file that a thread writes.
struct Inlet {
    blocks: SyncSender<ToWrite>,
    block: Vec<u8>,
}

impl Inlet {
    fn pass_on(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = std::mem::take(&mut self.block);
        self.blocks.send(ToWrite::Block(block)).map_err(|_gone| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Inlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.capacity() == 0 {
            self.block.reserve_exact(BLOCK);
        }
        let some = bytes.get(..BLOCK.saturating_sub(self.block.len())).unwrap_or(bytes);
        self.block.extend_from_slice(some);
        if self.block.len() >= BLOCK {
            self.pass_on()?;
        }
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        let (told, through) = sync_channel(1);
        let sent = self.blocks.send(ToWrite::Through(told)).is_ok();
        if sent && through.recv().is_ok() { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes and then is full.
    struct Full(Vec<u8>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let some = bytes.get(..self.1.saturating_sub(self.0.len())).unwrap_or(bytes);
            if some.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.extend_from_slice(some);
            Ok(some.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_written_beside_is_whole_in_order_and_through_when_it_is_flushed() {
        let text: Vec<u8> = (0..7 * BLOCK / 4).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
        let (made, out) = written_beside(Vec::new(), |out| {
            text.chunks(1_000).try_for_each(|some| out.write_all(some)).unwrap();
            out.flush().unwrap();
            out.write_all(b"end").unwrap();
            7
        });
        assert_eq!((made, out.unwrap()), (7, [text.as_slice(), b"end"].concat()));
        assert_eq!(written_beside(Vec::new(), |_out| ()).1.unwrap(), b"");
    }

    #[test]
    fn a_file_that_is_full_ends_what_fills_it_and_says_itself_why() {
        let (made, out) = written_beside(Full(Vec::new(), BLOCK), |out| {
            let block = vec![1; BLOCK];
            (0..1_000).position(|_| out.write_all(&block).is_err())
        });
        assert!(made.is_some_and(|blocks| blocks > 0 && blocks <= AHEAD + 3), "{made:?}");
        assert_eq!(out.err().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
        let (made, out) =
            written_beside(Full(Vec::new(), 10), |out| out.write_all(&[1; 11]).and_then(|()| out.flush()));
        assert!(made.is_err() && out.is_err(), "a flush says so at once");
        let (made, out) = written_beside(Full(Vec::new(), 10), |out| out.write_all(&[1; 11]));
        assert!(made.is_ok() && out.is_err(), "what is seen only at the end as well");
    }

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
