//! The threads that open things while a journal is replayed. Rows come back in the order in which they were handed over, so that one
//! thread can judge them; what is opened of them comes back as it is done, for the order of the fold means nothing.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroUsize,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread,
};

use amanat_keys::{fingerprint::KeyId, recipient::ReadIdentity};
use amanat_sync::{
    entry::SealedEntry,
    journal::{Page, Room, SealedPage},
};

use super::{
    opening::{Opened, Opener},
    ring::Ring,
};
use crate::{failure::Failure, runtime::process};

/// Pages that are under way at a time, from their reading to their entries.
const UNDER_WAY: usize = 8;
/// More threads than this would wait for the one that judges.
const MOST: usize = 4;

enum Job {
    /// Rows, and how many-th page they are.
    Rows(u64, SealedPage),
    Entries(Vec<SealedEntry>),
}

enum Came {
    Rows(u64, Page, Room),
    Entries(Opened),
    /// A thread panicked, and what it had in hand will not come.
    Nothing,
}

/// What comes back.
pub(in crate::runtime) enum Done {
    /// The next page.
    Rows(Page),
    /// What could be opened of a page.
    Entries(Opened),
}

/// Whoever hands work out.
pub(in crate::runtime) struct Crew {
    jobs: Sender<Job>,
    came: Receiver<Came>,
    /// Pages that came before one that was handed over earlier.
    early: BTreeMap<u64, Page>,
    handed: u64,
    returned: u64,
    under_way: usize,
    /// Where pages lay that are opened.
    rooms: Vec<Room>,
}

impl Crew {
    /// Has rows opened.
    ///
    /// # Errors
    /// When a thread is gone.
    pub(super) fn unseal(&mut self, page: SealedPage) -> Result<(), Failure> {
        self.under_way += 1;
        let job = Job::Rows(self.handed, page);
        self.handed += 1;
        self.jobs.send(job).map_err(|_gone| fault())
    }

    /// Where the next page may lie.
    pub(super) fn room(&mut self) -> Room {
        self.rooms.pop().unwrap_or_default()
    }

    /// Has what counts of a page opened.
    ///
    /// # Errors
    /// As [`Crew::unseal`].
    pub(in crate::runtime) fn open(&self, entries: Vec<SealedEntry>) -> Result<(), Failure> {
        self.jobs.send(Job::Entries(entries)).map_err(|_gone| fault())
    }

    /// Has entries opened that are of no page.
    ///
    /// # Errors
    /// As [`Crew::unseal`].
    pub(super) fn open_besides(&mut self, entries: Vec<SealedEntry>) -> Result<(), Failure> {
        self.under_way += 1;
        self.open(entries)
    }

    /// What is done; waits for it where enough is under way, or where nothing more is to come. Nothing: there is room for another page,
    /// or all is done.
    ///
    /// # Errors
    /// As [`Crew::unseal`].
    pub(in crate::runtime) fn next(&mut self, more: bool) -> Result<Option<Done>, Failure> {
        loop {
            if let Some(page) = self.early.remove(&self.returned) {
                self.returned += 1;
                return Ok(Some(Done::Rows(page)));
            }
            let came = if self.under_way == 0 {
                return Ok(None);
            } else if more && self.under_way < UNDER_WAY {
                match self.came.try_recv() {
                    Ok(came) => came,
                    Err(TryRecvError::Empty) => return Ok(None),
                    Err(TryRecvError::Disconnected) => return Err(fault()),
                }
            } else {
                self.came.recv().map_err(|_gone| fault())?
            };
            match came {
                Came::Rows(at, page, room) => {
                    self.early.insert(at, page);
                    // Of what was read ahead there are more than will ever be needed at a time.
                    if self.rooms.len() < UNDER_WAY {
                        self.rooms.push(room);
                    }
                }
                Came::Nothing => return Err(fault()),
                Came::Entries(opened) => {
                    self.under_way -= 1;
                    return Ok(Some(Done::Entries(opened)));
                }
            }
        }
    }
}

/// Does something with a crew of as many threads as there are cores.
///
/// # Errors
/// What it says.
pub(in crate::runtime) fn work<T>(
    ring: &Ring,
    identities: &HashMap<KeyId, ReadIdentity>,
    work: impl FnOnce(&mut Crew) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (jobs, waiting) = channel();
    let (done, came) = channel();
    let waiting = Mutex::new(waiting);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST) {
            let (done, waiting) = (done.clone(), &waiting);
            scope.spawn(move || {
                serve(waiting, &done, Opener::new(ring, identities, false));
                process::wipe_stack();
            });
        }
        drop(done);
        // Ended or failed, it drops what the threads wait for, and they go.
        let mut crew =
            Crew { jobs, came, early: BTreeMap::new(), handed: 0, returned: 0, under_way: 0, rooms: Vec::new() };
        work(&mut crew)
    })
}

/// Says so when its thread panics: nobody may wait for ever for what it had in hand.
struct Alarm<'a>(&'a Sender<Came>);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.send(Came::Nothing).unwrap_or_default();
        }
    }
}

#[inline(never)]
fn serve(waiting: &Mutex<Receiver<Job>>, done: &Sender<Came>, mut opener: Opener<'_>) {
    let _alarm = Alarm(done);
    loop {
        let job = waiting.lock().map(|waiting| waiting.recv());
        let came = match job {
            Ok(Ok(Job::Rows(at, page))) => {
                let (page, room) = page.open_and_leave();
                Came::Rows(at, page, room)
            }
            Ok(Ok(Job::Entries(entries))) => Came::Entries(opener.open(entries)),
            // Nothing more comes.
            Ok(Err(_)) | Err(_) => return,
        };
        if done.send(came).is_err() {
            return;
        }
    }
}

fn fault() -> Failure {
    Failure::failed("opening entries — a fault in the program", "")
}

#[cfg(test)]
mod tests {

    use super::*;

    /// A crew whose threads are the test, and the end at which they answer.
    fn crew(handed: u64, under_way: usize) -> (Crew, Sender<Came>, Receiver<Job>) {
        let (jobs, waiting) = channel();
        let (done, came) = channel();
        (Crew { jobs, came, early: BTreeMap::new(), handed, returned: 0, under_way, rooms: Vec::new() }, done, waiting)
    }

    fn page(elided: u64) -> Page {
        Page { elided, ..Page::default() }
    }

    /// The pages that come out until there is room for more, by their mark.
    fn rows(crew: &mut Crew, more: bool) -> Vec<u64> {
        let mut rows = Vec::new();
        while let Ok(Some(Done::Rows(page))) = crew.next(more) {
            rows.push(page.elided);
        }
        rows
    }

    #[test]
    fn pages_come_back_in_the_order_in_which_they_were_handed_over() {
        let (mut crew, done, _waiting) = crew(3, 3);
        for late in [2, 1] {
            done.send(Came::Rows(late, page(late), Room::default())).unwrap();
        }
        assert_eq!(
            rows(&mut crew, true),
            [0_u64; 0],
            "the first is not there yet, and there is room to hand over more"
        );
        done.send(Came::Rows(0, page(0), Room::default())).unwrap();
        assert_eq!(rows(&mut crew, true), [0, 1, 2]);
    }

    #[test]
    fn a_page_is_under_way_until_its_entries_are_opened_and_then_all_is_done() {
        let (mut crew, done, _waiting) = crew(1, 1);
        done.send(Came::Rows(0, page(5), Room::default())).unwrap();
        assert!(matches!(crew.next(false), Ok(Some(Done::Rows(page))) if page.elided == 5));
        crew.open(Vec::new()).unwrap();
        done.send(Came::Entries(Opened { closed: 7, ..Opened::default() })).unwrap();
        assert!(matches!(crew.next(false), Ok(Some(Done::Entries(opened))) if opened.closed == 7));
        assert!(matches!(crew.next(false), Ok(None)), "nothing is waited for any more");
    }

    #[test]
    fn a_thread_that_panics_is_told_of_and_nobody_waits_for_what_it_had_in_hand() {
        let (mut crew, done, _waiting) = crew(1, 1);
        let fell = thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _alarm = Alarm(&done);
                    std::panic::resume_unwind(Box::new("a fault in the program"));
                })
                .join()
        });
        assert!(fell.is_err() && crew.next(false).is_err());
    }

    #[test]
    fn what_is_handed_over_after_all_threads_are_gone_is_a_failure_and_no_wait() {
        let (mut crew, done, waiting) = crew(0, 1);
        drop((done, waiting));
        assert!(crew.open(Vec::new()).is_err() && crew.next(true).is_err() && crew.next(false).is_err());
    }

    #[test]
    fn the_threads_end_when_the_work_does_and_open_what_they_were_given() {
        let (ring, identities) = (Ring::default(), HashMap::new());
        let opened = work(&ring, &identities, |crew| {
            for _ in 0..UNDER_WAY {
                crew.open_besides(Vec::new())?;
            }
            let mut opened = 0;
            while let Some(done) = crew.next(false)? {
                opened += usize::from(matches!(done, Done::Entries(_)));
            }
            Ok(opened)
        });
        assert_eq!(opened.ok(), Some(UNDER_WAY));
    }
}
