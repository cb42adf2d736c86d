//! Where attachments lie: those that come in part, in files that survive a stop, and those that are whole, in a folder or an object
//! store. Sealed bytes, by device and digest; nothing here opens them.
//!
//! A device that knows another's digest cannot have the bytes by listing it in an entry of its own: each device's attachments lie
//! apart.

use amanat_sync::own_files::make_private;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use amanat_keys::fingerprint::{DeviceId, Digest};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::time::timeout;

use crate::limits::{DISK_RESERVE, PART_BLOCK, PLACE_TURN, PUTS_AT_ONCE, STAGED_PER_DEVICE};
use crate::store::StoreFault;

/// An attachment: whose, which, and how large its header says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Blob {
    pub(crate) device: DeviceId,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

/// What became of bytes that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brought {
    /// So many bytes are here.
    UpTo(u64),
    /// The device has more on the way than one may have.
    TooMuch,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

/// The attachments of a hub.
#[derive(Debug)]
pub struct Blobs {
    staging: PathBuf,
    place: Arc<dyn ObjectStore>,
    /// The folder that the place is, where it is one.
    folder: Option<PathBuf>,
    /// One at a time for each attachment: bytes that come, the look through them, and the removal.
    turns: Mutex<HashMap<(DeviceId, Digest), Turn>>,
    /// Whoever puts one in its place holds blocks of it in memory.
    puts: Semaphore,
}

impl Blobs {
    /// What comes in part lies in `staging`, what is whole in `place`.
    ///
    /// # Errors
    /// [`StoreFault`] when the folder cannot be made.
    pub fn new(staging: &Path, place: Arc<dyn ObjectStore>) -> Result<Self, StoreFault> {
        make_private(staging).map_err(disk)?;
        Ok(Self {
            staging: staging.to_owned(),
            place,
            folder: None,
            turns: Mutex::new(HashMap::new()),
            puts: Semaphore::new(PUTS_AT_ONCE),
        })
    }

    /// The same, where whole ones lie as files of a folder: what a stop left there half written goes with what it was to become.
    #[must_use]
    pub fn in_folder(self, folder: Option<PathBuf>) -> Self {
        Self { folder, ..self }
    }

    /// How many bytes of one are here that is not whole yet.
    pub(crate) fn staged(&self, blob: &Blob) -> u64 {
        fs::metadata(self.staged_at(blob)).map_or(0, |meta| meta.len())
    }

    /// Puts bytes behind those that are here, if they begin there; durable when it answers.
    pub(crate) async fn bring(&self, blob: Blob, from: u64, bytes: Vec<u8>) -> Result<Brought, StoreFault> {
        let _turn = self.turn(&blob).await;
        let (path, staging) = (self.staged_at(&blob), self.staging.clone());
        tokio::task::spawn_blocking(move || append(&staging, &path, &blob, from, &bytes))
            .await
            .map_err(|_died| StoreFault::Stopped)?
    }

    /// Looks through one whose bytes are all here. The right ones go to their place and stay in the staging folder until
    /// [`Blobs::settled`]; others go. Whether they were the right ones.
    pub(crate) async fn settle(&self, blob: &Blob) -> Result<bool, StoreFault> {
        let _turn = self.turn(blob).await;
        let path = self.staged_at(blob);
        let read = path.clone();
        let found =
            tokio::task::spawn_blocking(move || File::open(read).and_then(|mut file| Digest::of_all(&mut file)));
        let found = match found.await.map_err(|_died| StoreFault::Stopped)? {
            Ok(found) => found,
            // Another request has settled it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.is_there(blob).await,
            Err(error) => return Err(disk(error)),
        };
        if found != blob.digest {
            remove(&path)?;
            return Ok(false);
        }
        self.put(blob, &path).await?;
        Ok(true)
    }

    /// The books say that it is held: what gathered goes.
    pub(crate) async fn settled(&self, blob: &Blob) -> Result<(), StoreFault> {
        let _turn = self.turn(blob).await;
        remove(&self.staged_at(blob))
    }

    /// At most so many bytes of a whole one, from a place on; none where it is not in its place whole, or not there at all.
    pub(crate) async fn range(&self, blob: &Blob, from: u64, most: u64) -> Result<Option<Vec<u8>>, StoreFault> {
        let end = from.saturating_add(most).min(blob.size);
        if from >= end {
            return Ok(Some(Vec::new()));
        }
        match answered(self.place.get_range(&key(blob), from..end)).await? {
            Ok(bytes) if count(bytes.len()) == end.saturating_sub(from) => Ok(Some(bytes.to_vec())),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(None),
            // A file that ends before the range begins is told as a fault like any other.
            Err(fault) => match answered(self.place.head(&key(blob))).await? {
                Ok(meta) if meta.size < end => Ok(None),
                _ => Err(away(fault)),
            },
        }
    }

    /// Removes every byte of one; removing what is not there is done already.
    pub(crate) async fn discard(&self, device: DeviceId, digest: Digest) -> Result<(), StoreFault> {
        let blob = Blob { device, digest, size: 0 };
        let _turn = self.turn(&blob).await;
        remove(&self.staged_at(&blob))?;
        self.remove_halves(&blob)?;
        match answered(self.place.delete(&key(&blob))).await? {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(fault) => Err(away(fault)),
        }
    }

    /// `object_store` writes a file under its name with `#` and a number behind it, and renames it. Nothing of the store lists what a stop between
    /// the two has left.
    fn remove_halves(&self, blob: &Blob) -> Result<(), StoreFault> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let named = format!("{}#", blob.digest);
        let files = match fs::read_dir(folder.join(blob.device.to_string())) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files.map_err(disk)?,
        };
        for file in files {
            let file = file.map_err(disk)?;
            if file.file_name().to_str().is_some_and(|name| name.starts_with(&named)) {
                remove(&file.path())?;
            }
        }
        Ok(())
    }

    /// Whether all of it is in its place.
    pub(crate) async fn is_there(&self, blob: &Blob) -> Result<bool, StoreFault> {
        match answered(self.place.head(&key(blob))).await? {
            Ok(meta) => Ok(meta.size == blob.size),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(fault) => Err(away(fault)),
        }
    }

    /// Copies a file to its place, a block at a time. What is under the same name already is the same.
    async fn put(&self, blob: &Blob, path: &Path) -> Result<(), StoreFault> {
        let _turn = self.puts.acquire().await.map_err(|_closed| StoreFault::Stopped)?;
        let file = Arc::new(Mutex::new(File::open(path).map_err(disk)?));
        let first = block(&file).await?;
        if first.len() < PART_BLOCK {
            return self.place.put(&key(blob), PutPayload::from(first)).await.map(drop).map_err(away);
        }
        let upload = self.place.put_multipart(&key(blob)).await.map_err(away)?;
        let mut writing = WriteMultipart::new_with_chunk_size(upload, PART_BLOCK);
        let mut next = first;
        while !next.is_empty() {
            writing.write(&next);
            writing.wait_for_capacity(1).await.map_err(away)?;
            next = block(&file).await?;
        }
        writing.finish().await.map(drop).map_err(away)
    }

    async fn turn(&self, blob: &Blob) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry((blob.device, blob.digest)).or_default())
        };
        turn.lock_owned().await
    }

    fn staged_at(&self, blob: &Blob) -> PathBuf {
        self.staging.join(blob.device.to_string()).join(blob.digest.to_string())
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn key(blob: &Blob) -> Key {
    Key::from_iter([blob.device.to_string(), blob.digest.to_string()])
}

fn append(staging: &Path, path: &Path, blob: &Blob, from: u64, bytes: &[u8]) -> Result<Brought, StoreFault> {
    let here = fs::metadata(path).map_or(0, |meta| meta.len());
    let more = count(bytes.len());
    if from != here || bytes.is_empty() || here.saturating_add(more) > blob.size {
        return Ok(Brought::UpTo(here));
    }
    let folder = staging.join(blob.device.to_string());
    make_private(&folder).map_err(disk)?;
    if gathered(&folder)?.saturating_add(more) > STAGED_PER_DEVICE {
        return Ok(Brought::TooMuch);
    }
    if free(staging)?.saturating_sub(more) < DISK_RESERVE {
        return Err(StoreFault::Full);
    }
    let mut file = OpenOptions::new().append(true).create(true).open(path).map_err(disk)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_data());
    if let Err(fault) = written {
        // What a full disk cut short must not be taken for what came.
        file.set_len(here).unwrap_or_default();
        return Err(disk(fault));
    }
    Ok(Brought::UpTo(here.saturating_add(more)))
}

/// Bytes of one device that have come in part.
fn gathered(folder: &Path) -> Result<u64, StoreFault> {
    let mut sum = 0_u64;
    for entry in fs::read_dir(folder).map_err(disk)? {
        sum = sum.saturating_add(entry.and_then(|entry| entry.metadata()).map_err(disk)?.len());
    }
    Ok(sum)
}

/// Bytes that are free where a folder lies, for whoever is no root.
#[cfg(unix)]
pub(crate) fn free(folder: &Path) -> Result<u64, StoreFault> {
    let there = rustix::fs::statvfs(folder).map_err(|fault| disk(fault.into()))?;
    Ok(there.f_bavail.saturating_mul(there.f_frsize))
}

#[cfg(not(unix))]
pub(crate) fn free(_folder: &Path) -> Result<u64, StoreFault> {
    Ok(u64::MAX)
}

/// The next block of a file; empty at its end.
async fn block(file: &Arc<Mutex<File>>) -> Result<Vec<u8>, StoreFault> {
    let file = Arc::clone(file);
    let read = tokio::task::spawn_blocking(move || {
        let mut block = Vec::with_capacity(PART_BLOCK);
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let most = u64::try_from(PART_BLOCK).unwrap_or(u64::MAX);
        (&mut *file).take(most).read_to_end(&mut block).map(|_read| block)
    });
    read.await.map_err(|_died| StoreFault::Stopped)?.map_err(disk)
}

fn remove(path: &Path) -> Result<(), StoreFault> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(error)),
        _ => Ok(()),
    }
}

fn disk(error: io::Error) -> StoreFault {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreFault::Full,
        _ => StoreFault::Parts(Box::new(error)),
    }
}

/// What the place says of one, if it says anything: one that takes a question and never answers is as good as one that is not reached.
async fn answered<T>(
    asked: impl Future<Output = object_store::Result<T>>,
) -> Result<object_store::Result<T>, StoreFault> {
    timeout(PLACE_TURN, asked).await.map_err(|elapsed| StoreFault::Parts(Box::new(elapsed)))
}

fn away(fault: object_store::Error) -> StoreFault {
    StoreFault::Parts(Box::new(fault))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use object_store::memory::InMemory;
    use object_store::throttle::{ThrottleConfig, ThrottledStore};
    use tokio::time::Instant;

    use super::*;

    fn blob(bytes: &[u8]) -> Blob {
        let size = u64::try_from(bytes.len()).unwrap();
        Blob { device: DeviceId::from_bytes([1; 32]), digest: Digest::of(bytes), size }
    }

    fn blobs(folder: &Path) -> Blobs {
        Blobs::new(folder, Arc::new(InMemory::new())).unwrap()
    }

    #[tokio::test]
    async fn bytes_gather_from_where_they_stand_and_only_the_right_ones_settle() {
        let folder = tempfile::tempdir().unwrap();
        let held = blobs(folder.path());
        let one = blob(b"sealed bytes");
        assert_eq!(held.bring(one, 0, b"sealed".to_vec()).await.unwrap(), Brought::UpTo(6));
        for (from, bytes) in [(0, b"again".to_vec()), (9, b"later".to_vec()), (6, b" and more than there is".to_vec())]
        {
            assert_eq!(
                held.bring(one, from, bytes).await.unwrap(),
                Brought::UpTo(6),
                "nothing but what follows is taken"
            );
        }
        let again = blobs(folder.path());
        assert_eq!(again.staged(&one), 6, "a stop forgets nothing");
        again.bring(one, 6, b" bytes".to_vec()).await.unwrap();
        assert!(again.settle(&one).await.unwrap());
        assert_eq!(again.range(&one, 7, 100).await.unwrap().unwrap(), b"bytes");
        assert_eq!(again.range(&one, 12, 100).await.unwrap().unwrap(), b"");
        again.settled(&one).await.unwrap();
        assert_eq!(again.staged(&one), 0);
        assert!(again.settle(&one).await.unwrap(), "settling again finds it in its place");
        again.discard(one.device, one.digest).await.unwrap();
        again.discard(one.device, one.digest).await.unwrap();
        assert_eq!(again.range(&one, 0, 5).await.unwrap(), None, "what is lost is no fault of the place");
        let wrong = Blob { digest: Digest::of(b"others"), ..one };
        again.bring(wrong, 0, b"sealed bytes".to_vec()).await.unwrap();
        assert!(!again.settle(&wrong).await.unwrap());
        assert_eq!(again.staged(&wrong), 0, "it begins anew");
    }

    #[tokio::test]
    async fn what_a_stop_left_half_written_in_a_folder_goes_with_what_it_was_to_become() {
        let folder = tempfile::tempdir().unwrap();
        let (coming, whole) = (folder.path().join("coming"), folder.path().join("whole"));
        fs::create_dir(&whole).unwrap();
        let place = object_store::local::LocalFileSystem::new_with_prefix(&whole).unwrap();
        let held = Blobs::new(&coming, Arc::new(place)).unwrap().in_folder(Some(whole.clone()));
        let (one, other) = (blob(b"sealed bytes"), blob(b"other bytes"));
        held.discard(one.device, one.digest).await.unwrap();
        for (blob, bytes) in [(one, b"sealed bytes".to_vec()), (other, b"other bytes".to_vec())] {
            held.bring(blob, 0, bytes).await.unwrap();
            assert!(held.settle(&blob).await.unwrap());
            let half = whole.join(blob.device.to_string()).join(format!("{}#1", blob.digest));
            fs::write(half, "sealed").unwrap();
        }
        held.discard(one.device, one.digest).await.unwrap();
        let left = fs::read_dir(whole.join(one.device.to_string())).unwrap();
        let mut left: Vec<_> = left.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [other.digest.to_string(), format!("{}#1", other.digest)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_takes_questions_and_never_answers_is_given_up_and_no_word_is_put_into_its_mouth() {
        let folder = tempfile::tempdir().unwrap();
        let year = Duration::from_secs(365 * 86_400);
        let slow = ThrottleConfig { wait_get_per_call: year, wait_delete_per_call: year, ..ThrottleConfig::default() };
        let held = Blobs::new(folder.path(), Arc::new(ThrottledStore::new(InMemory::new(), slow))).unwrap();
        let (one, began) = (blob(b"sealed bytes"), Instant::now());
        assert!(matches!(held.is_there(&one).await, Err(StoreFault::Parts(_))), "neither there nor not there");
        assert!(matches!(held.range(&one, 0, 5).await, Err(StoreFault::Parts(_))), "not lost");
        assert!(matches!(held.settle(&one).await, Err(StoreFault::Parts(_))), "not another attachment");
        assert!(matches!(held.discard(one.device, one.digest).await, Err(StoreFault::Parts(_))), "not gone");
        assert_eq!(began.elapsed().as_secs(), 4 * PLACE_TURN.as_secs());
    }

    #[tokio::test]
    async fn a_device_cannot_gather_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let held = blobs(folder.path());
        let large = |n: u8| Blob { size: STAGED_PER_DEVICE, ..blob(&[n]) };
        assert_eq!(held.bring(large(1), 0, vec![0; 10]).await.unwrap(), Brought::UpTo(10));
        let sparse = File::options().write(true).open(held.staged_at(&large(1))).unwrap();
        sparse.set_len(STAGED_PER_DEVICE - 5).unwrap();
        assert_eq!(held.bring(large(2), 0, vec![0; 10]).await.unwrap(), Brought::TooMuch);
        let other = Blob { device: DeviceId::from_bytes([2; 32]), ..large(2) };
        assert_eq!(held.bring(other, 0, vec![0; 10]).await.unwrap(), Brought::UpTo(10), "others are not held up");
    }
}
