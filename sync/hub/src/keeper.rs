//! The chain of checkpoints: one signed statement after another about all heads, each naming the one before.
//!
//! A push that changed something waits for a checkpoint that covers it. Pushes that arrive while one is being made share
//! the next, so the cost does not grow with the number of devices that push at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest};
use amanat_keys::statement::{Purpose, Statement};
use amanat_sync::chain::Head;
use amanat_sync::receipt::Checkpoint;

use crate::heads::Heads;
use crate::signing::Signing;
use crate::store::{HubStore, KeptCheckpoint, Place, StoreFault};

/// Who speaks in a checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct Speaker {
    pub(crate) agency: AgencyId,
    pub(crate) hub: DeviceId,
    pub(crate) epoch: u64,
    pub(crate) signing: Arc<Signing>,
}

/// A checkpoint with its statement and the hash of its payload.
#[derive(Debug, Clone)]
pub(crate) struct Newest {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) hash: Digest,
    pub(crate) statement: Vec<u8>,
}

/// Makes checkpoints.
#[derive(Debug)]
pub(crate) struct Keeper {
    speaker: Speaker,
    waiting: Mutex<Vec<(Place, Head)>>,
    /// Checkpoints that the store has kept since the start.
    kept: AtomicU64,
    book: tokio::sync::Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    heads: Heads,
    newest: Option<Newest>,
    /// Heads have moved since the newest checkpoint.
    moved: bool,
    /// Given to the store, which has not answered: whoever waited for it went away, or the store failed and may have kept it all the same.
    offered: Option<Newest>,
}

impl Keeper {
    /// Reads what the store holds and brings the newest checkpoint up to it: a stop between an entry's commit and its
    /// checkpoint leaves heads that no checkpoint tells of.
    pub(crate) async fn open(speaker: Speaker, store: &dyn HubStore, now_ms: u64) -> Result<Self, StoreFault> {
        let ledger = store.ledger().await?;
        let heads = Heads::new(&ledger.heads);
        let newest = ledger.newest.map(|kept| read(kept.statement)).transpose()?;
        let current = newest.filter(|held| held.checkpoint.epoch == speaker.epoch);
        // One that other keys signed than sign now says nothing under a roster that names another of them.
        let keys = speaker.signing.keys();
        let stands = |held: &Newest| held.checkpoint.heads == heads.hash() && keys.have_signed(&held.statement);
        let moved = !current.as_ref().is_some_and(stands);
        let book = Book { heads, newest: current, moved, offered: None };
        let keeper = Self {
            speaker,
            waiting: Mutex::new(Vec::new()),
            kept: AtomicU64::new(0),
            book: tokio::sync::Mutex::new(book),
        };
        match keeper.cover(store, &[], now_ms).await {
            // What is held is served; the checkpoint comes with the first entry for which there is room.
            Err(StoreFault::Full) => tracing::error!("the disk is full: what is new is refused until there is room"),
            covered => drop(covered?),
        }
        Ok(keeper)
    }

    /// A checkpoint that covers these heads, durable.
    pub(crate) async fn cover(
        &self,
        store: &dyn HubStore,
        heads: &[(Place, Head)],
        now_ms: u64,
    ) -> Result<Newest, StoreFault> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(heads);
        let mut book = self.book.lock().await;
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for (place, head) in waiting {
            book.moved |= book.heads.raise(place, head);
        }
        loop {
            if let (false, Some(newest)) = (book.moved, &book.newest) {
                return Ok(newest.clone());
            }
            // The very one again, never another of its number; what has moved since comes with the one behind it.
            let again = book.offered.clone();
            let next = again.clone().unwrap_or_else(|| self.next(&book, now_ms));
            book.offered = Some(next.clone());
            let Checkpoint { epoch, number, .. } = next.checkpoint;
            store.keep_checkpoint(KeptCheckpoint { epoch, number, statement: next.statement.clone() }).await?;
            book.offered = None;
            self.kept.fetch_add(1, Ordering::Relaxed);
            book.newest = Some(next);
            book.moved = again.is_some();
        }
    }

    /// A further checkpoint of the same heads: what was signed for beside the last one holds no more, and of two words of one journal the
    /// one with the later checkpoint counts.
    pub(crate) async fn renew(&self, store: &dyn HubStore, now_ms: u64) -> Result<Newest, StoreFault> {
        self.book.lock().await.moved = true;
        self.cover(store, &[], now_ms).await
    }

    /// How many checkpoints the store has kept since the start: one more is something new that it had room for.
    pub(crate) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// The newest checkpoint and the list that it hashes.
    pub(crate) async fn newest(&self) -> Result<(Newest, Vec<u8>), StoreFault> {
        let book = self.book.lock().await;
        // While heads have moved the list is ahead of the checkpoint; the next push that succeeds mends it.
        let list = if book.moved { Vec::new() } else { book.heads.bytes().to_vec() };
        book.newest.clone().map(|newest| (newest, list)).ok_or(StoreFault::Damaged("no checkpoint"))
    }

    fn next(&self, book: &Book, now_ms: u64) -> Newest {
        let (number, previous) = match &book.newest {
            Some(held) => (held.checkpoint.number.saturating_add(1), held.hash),
            None => (1, Digest::ZERO),
        };
        let Speaker { agency, hub, epoch, signing } = &self.speaker;
        let checkpoint = Checkpoint {
            agency: *agency,
            hub: *hub,
            epoch: *epoch,
            number,
            previous,
            heads: book.heads.hash(),
            hub_time: now_ms,
        };
        let payload = checkpoint.encode();
        let hash = Digest::of(&payload);
        let statement = signing.keys().signed(Purpose::Checkpoint, payload, agency);
        Newest { checkpoint, hash, statement }
    }
}

fn read(bytes: Vec<u8>) -> Result<Newest, StoreFault> {
    let damaged = |_source| StoreFault::Damaged("a checkpoint");
    let statement = Statement::from_bytes(&bytes).map_err(damaged)?;
    let checkpoint = Checkpoint::decode(statement.payload()).map_err(|_source| StoreFault::Damaged("a checkpoint"))?;
    Ok(Newest { checkpoint, hash: statement.payload_hash(), statement: bytes })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use amanat_keys::device::Signer;
    use amanat_keys::fingerprint::JournalId;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::*;
    use crate::signing::Keys;
    use crate::store::SqliteStore;

    fn speaker() -> Speaker {
        let signing = Arc::new(Signing::new(Keys::alone(Signer::from_seed(&[7; 32]).unwrap())));
        Speaker { agency: AgencyId::from_bytes([1; 32]), hub: DeviceId::from_bytes([2; 32]), epoch: 1, signing }
    }

    fn moved(seq: u64) -> [(Place, Head); 1] {
        let link = Digest::of(&seq.to_be_bytes());
        [((DeviceId::from_bytes([3; 32]), JournalId::from_bytes([4; 16])), Head { seq, link })]
    }

    #[tokio::test]
    async fn whoever_goes_away_while_a_checkpoint_is_kept_leaves_it_to_the_next_who_comes() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("hub.sqlite")).unwrap();
        let keeper = Keeper::open(speaker(), &store, 1).await.unwrap();
        let mut last = keeper.newest().await.unwrap().0.checkpoint.number;
        // The file's writer has the statement, and nobody waits for its answer. It may have been quick: then the next one is left.
        let left = loop {
            last += 1;
            if timeout(Duration::ZERO, keeper.cover(&store, &moved(last), last)).await.is_err() {
                break last;
            }
        };
        while store.ledger().await.unwrap().newest.map(|kept| kept.number) != Some(left) {
            yield_now().await;
        }
        let kept = read(store.ledger().await.unwrap().newest.unwrap().statement).unwrap();
        let next = keeper.cover(&store, &moved(left + 1), left + 1).await.unwrap();
        assert_eq!((next.checkpoint.number, next.checkpoint.previous), (left + 1, kept.hash));
        assert_eq!(keeper.newest().await.unwrap().0.checkpoint, next.checkpoint);
        let again = Keeper::open(speaker(), &store, 99).await.unwrap();
        assert_eq!(
            again.newest().await.unwrap().0.checkpoint.number,
            left + 2,
            "its list of heads is read anew: it holds none"
        );
    }
}
