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
    journal::{Page, SealedPage},
};

use super::{
    opening::{Opened, Opener},
    process,
    ring::Ring,
};
use crate::failure::Failure;

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
    Rows(u64, Page),
    Entries(Opened),
    /// A thread panicked, and what it had in hand will not come.
    Nothing,
}

/// What comes back.
pub(super) enum Done {
    /// The next page.
    Rows(Page),
    /// What could be opened of a page.
    Entries(Opened),
}

/// Whoever hands work out.
pub(super) struct Crew {
    jobs: Sender<Job>,
    came: Receiver<Came>,
    /// Pages that came before one that was handed over earlier.
    early: BTreeMap<u64, Page>,
    handed: u64,
    returned: u64,
    under_way: usize,
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

    /// Has what counts of a page opened.
    ///
    /// # Errors
    /// As [`Crew::unseal`].
    pub(super) fn open(&self, entries: Vec<SealedEntry>) -> Result<(), Failure> {
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
    pub(super) fn next(&mut self, more: bool) -> Result<Option<Done>, Failure> {
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
                Came::Rows(at, page) => drop(self.early.insert(at, page)),
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
pub(super) fn work<T>(
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
        let mut crew = Crew { jobs, came, early: BTreeMap::new(), handed: 0, returned: 0, under_way: 0 };
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
            Ok(Ok(Job::Rows(at, page))) => Came::Rows(at, page.open()),
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
