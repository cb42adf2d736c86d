//! The threads around the file: one that writes, and connections lent out for reading.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::wire::parts::PartAt;
use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::super::{
    Accepted, Answer, Asker, Beside, Complete, Copied, Depth, Due, Grant, HubStore, KeptCheckpoint, Ledger, Page,
    PartBook, Run, Sought, StoreFault,
};
use super::{backup, erase, moving, open, parts, read, write};

/// Requests that may wait for the writer; beyond that their tasks wait to queue.
const QUEUE: usize = 64;
/// Connections that read.
const READERS: usize = 4;
/// Pushes that one commit may carry.
const GATHER: usize = 32;

/// The hub's memory in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    lent: Semaphore,
}

enum Job {
    Accept(Vec<Run>, oneshot::Sender<Result<Vec<Accepted>, StoreFault>>),
    Checkpoint(KeptCheckpoint, oneshot::Sender<Result<(), StoreFault>>),
    Document(Document, oneshot::Sender<Result<bool, StoreFault>>),
    Order(Vec<Doomed>, oneshot::Sender<Result<(), StoreFault>>),
    Erase(Vec<Doomed>, oneshot::Sender<Result<(), StoreFault>>),
    /// An attachment is held, or lost.
    Turn(DeviceId, Digest, bool, oneshot::Sender<Result<Vec<Complete>, StoreFault>>),
    Gone(Vec<(DeviceId, Digest)>, oneshot::Sender<Result<(), StoreFault>>),
    LetIn(Vec<Grant>, oneshot::Sender<Result<(), StoreFault>>),
}

impl SqliteStore {
    /// Opens or makes the file and starts its writer.
    ///
    /// # Errors
    /// [`StoreFault`] when the file cannot be opened, or when a newer program wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreFault> {
        let connection = open::writer(path)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = Builder::new()
            .name("hub-store".to_owned())
            .spawn(move || work(connection, queue))
            .map_err(|source| StoreFault::Database(Box::new(source)))?;
        let pool = Pool { path: path.to_owned(), idle: Mutex::new(Vec::new()), lent: Semaphore::new(READERS) };
        Ok(Self { jobs: Some(jobs), writer: Some(writer), pool: Arc::new(pool) })
    }

    /// Copies the file at `from`, as it stands at one moment, to `to`, which must not be there. A hub may write it meanwhile.
    ///
    /// # Errors
    /// [`StoreFault`]; what stands at `to` is no copy then.
    pub fn back_up(from: &Path, to: &Path) -> Result<(), StoreFault> {
        backup::back_up(from, to)
    }

    /// Reads a copy to its end.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] when it is not what was written.
    pub fn check_copy(at: &Path, agency: &AgencyId) -> Result<Copied, StoreFault> {
        backup::check(at, agency)
    }

    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreFault>>) -> Job + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let (answer, waiting) = oneshot::channel();
            let jobs = self.jobs.as_ref().ok_or(StoreFault::Stopped)?;
            jobs.send(job(answer)).await.map_err(|_closed| StoreFault::Stopped)?;
            waiting.await.map_err(|_gone| StoreFault::Stopped)?
        })
    }

    fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> Answer<'_, T> {
        let pool = Arc::clone(&self.pool);
        Box::pin(async move {
            let _permit = pool.lent.acquire().await.map_err(|_closed| StoreFault::Stopped)?;
            let lent = Arc::clone(&pool);
            let found = tokio::task::spawn_blocking(move || {
                let held = lent.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let connection = match held {
                    Some(connection) => connection,
                    None => open::reader(&lent.path)?,
                };
                let found = look(&connection);
                lent.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                found
            });
            found.await.map_err(|_died| StoreFault::Stopped)?
        })
    }
}

impl Drop for SqliteStore {
    /// What was answered is durable already; this waits until what is queued has been answered, and closes the file.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ended = writer.join();
        }
    }
}

impl HubStore for SqliteStore {
    fn accept(&self, runs: Vec<Run>) -> Answer<'_, Vec<Accepted>> {
        self.ask(|answer| Job::Accept(runs, answer))
    }

    fn page(&self, sought: Sought) -> Answer<'_, Page> {
        self.look(move |connection| read::page(connection, &sought))
    }

    fn ledger(&self) -> Answer<'_, Ledger> {
        self.look(read::ledger)
    }

    fn keep_checkpoint(&self, checkpoint: KeptCheckpoint) -> Answer<'_, ()> {
        self.ask(|answer| Job::Checkpoint(checkpoint, answer))
    }

    fn keep_document(&self, document: Document) -> Answer<'_, bool> {
        self.ask(|answer| Job::Document(document, answer))
    }

    fn documents(&self, kind: DocumentKind, from: u64, most: usize) -> Answer<'_, Vec<Document>> {
        self.look(move |connection| read::documents(connection, kind, from, most))
    }

    fn depth(&self) -> Answer<'_, Depth> {
        self.look(read::depth)
    }

    fn order(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        self.ask(|answer| Job::Order(doomed, answer))
    }

    fn due(&self) -> Answer<'_, Vec<Due>> {
        self.look(erase::due)
    }

    fn erase(&self, doomed: Vec<Doomed>) -> Answer<'_, ()> {
        self.ask(|answer| Job::Erase(doomed, answer))
    }

    fn parts(&self, asker: Asker, asked: Vec<PartAt>) -> Answer<'_, Vec<Option<PartBook>>> {
        self.look(move |connection| parts::books(connection, &asker, &asked))
    }

    fn hold_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        self.ask(move |answer| Job::Turn(device, digest, false, answer))
    }

    fn lose_part(&self, device: DeviceId, digest: Digest) -> Answer<'_, Vec<Complete>> {
        self.ask(move |answer| Job::Turn(device, digest, true, answer))
    }

    fn incomplete(&self, device: DeviceId) -> Answer<'_, Vec<Complete>> {
        self.look(move |connection| parts::incomplete(connection, &device))
    }

    fn doomed_parts(&self) -> Answer<'_, Vec<(DeviceId, Digest)>> {
        self.look(parts::doomed)
    }

    fn parts_gone(&self, gone: Vec<(DeviceId, Digest)>) -> Answer<'_, ()> {
        self.ask(|answer| Job::Gone(gone, answer))
    }

    fn beside(&self, device: DeviceId) -> Answer<'_, Beside> {
        self.look(move |connection| moving::beside(connection, &device))
    }

    fn orders(&self) -> Answer<'_, Vec<(Doomed, bool)>> {
        self.look(moving::orders)
    }

    fn checkpoints(&self, after: (u64, u64), most: usize) -> Answer<'_, Vec<KeptCheckpoint>> {
        self.look(move |connection| moving::checkpoints(connection, after, most))
    }

    fn let_in(&self, grants: Vec<Grant>) -> Answer<'_, ()> {
        self.ask(|answer| Job::LetIn(grants, answer))
    }
}

/// Until the store is dropped. An answer that nobody waits for any more is no fault: the client went away.
fn work(mut connection: Connection, mut queue: mpsc::Receiver<Job>) {
    let mut next = queue.blocking_recv();
    while let Some(job) = next.take() {
        match job {
            Job::Accept(runs, answer) => {
                let mut gathered = vec![(runs, answer)];
                while gathered.len() < GATHER {
                    match queue.try_recv() {
                        Ok(Job::Accept(runs, answer)) => gathered.push((runs, answer)),
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_empty) => break,
                    }
                }
                accept_together(&mut connection, gathered);
            }
            Job::Checkpoint(checkpoint, answer) => {
                let _gone = answer.send(write::keep_checkpoint(&mut connection, &checkpoint));
            }
            Job::Document(document, answer) => {
                let _gone = answer.send(write::keep_document(&mut connection, &document));
            }
            Job::Order(doomed, answer) => {
                let _gone = answer.send(erase::order(&mut connection, &doomed));
            }
            Job::Erase(doomed, answer) => {
                let _gone = answer.send(erase::erase(&mut connection, &doomed));
            }
            Job::Turn(device, digest, lost, answer) => {
                let _gone = answer.send(parts::turn(&mut connection, &device, &digest, lost));
            }
            Job::Gone(gone, answer) => {
                let _gone = answer.send(parts::gone(&mut connection, &gone));
            }
            Job::LetIn(grants, answer) => {
                let _gone = answer.send(moving::let_in(&mut connection, &grants));
            }
        }
        if next.is_none() {
            next = queue.blocking_recv();
        }
    }
}

type Waiting = (Vec<Run>, oneshot::Sender<Result<Vec<Accepted>, StoreFault>>);

/// One commit for all that gathered. Should it fail, each push is tried alone, so that one cannot spoil the others.
fn accept_together(connection: &mut Connection, gathered: Vec<Waiting>) {
    let (pushes, answers): (Vec<_>, Vec<_>) = gathered.into_iter().unzip();
    match write::accept(connection, &pushes) {
        Ok(accepted) => {
            for (answer, accepted) in answers.into_iter().zip(accepted) {
                let _gone = answer.send(Ok(accepted));
            }
        }
        Err(_together) => {
            for (answer, push) in answers.into_iter().zip(pushes) {
                let alone = write::accept(connection, &[push]).map(|mut one| one.pop().unwrap_or_default());
                let _gone = answer.send(alone);
            }
        }
    }
}
