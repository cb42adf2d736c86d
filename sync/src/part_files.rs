//! Sealed attachments on the device: one file each beside the journal, named by the hash of what is in it. Ciphertext only; a
//! header in the journal says whose it is. The only file of this package that touches the disk without the database.
//!
//! | name | what |
//! |---|---|
//! | `<hash>` | a whole envelope, on the disk before the entry that lists it is kept |
//! | `<hash>.coming` | the first bytes of one that is being fetched |
//! | `<hash>.wanted` | somebody asked for it: device ‖ journal ‖ number ‖ size |
//! | `<hash>.broken` | what came was not it; empty |
//! | `sealing-…` | one that is being sealed; a crash leaves it behind, and it is swept |

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};

use crate::entry::{EntryRef, Part};
use crate::error::{Result, SyncError};
use crate::own_files::{make_private, private, sync_folder};
use crate::wire::parts::PartAt;

/// Bytes of a wish: where the entry stands, and how large the attachment is.
const WISH: usize = 32 + 16 + 8 + 8;

/// The folder of a home's attachments.
#[derive(Clone, Debug)]
pub struct PartFiles {
    folder: PathBuf,
}

/// An attachment that somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which.
    pub at: PartAt,
    /// Bytes of its envelope.
    pub size: u64,
}

/// How one stands after bytes of it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// More must come.
    Coming,
    /// It is here, and is what its header names.
    Whole,
    /// All bytes came and were not what its header names: they are gone.
    Broken,
}

/// An envelope that is being written. Dropped before [`Sealing::keep`], it leaves nothing.
#[derive(Debug)]
pub struct Sealing<'a> {
    files: &'a PartFiles,
    path: PathBuf,
    file: Option<File>,
}

impl PartFiles {
    /// The attachments in this folder, which is made when the first one comes.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// A new file for an envelope.
    ///
    /// # Errors
    /// Storage.
    pub fn begin(&self) -> Result<Sealing<'_>> {
        self.make()?;
        let path = self.folder.join(format!("sealing-{}", JournalId::random()));
        let file = create(&path).map_err(storage)?;
        Ok(Sealing { files: self, path, file: Some(file) })
    }

    /// Whether an attachment is here whole, by its size; what is in it is judged by whoever opens it.
    #[must_use]
    pub fn holds(&self, part: &Part) -> bool {
        fs::metadata(self.path(&part.digest)).is_ok_and(|meta| meta.len() == part.size)
    }

    /// Whether what came of it once was not what the header names, or not what was signed for.
    #[must_use]
    pub fn broke(&self, digest: &Digest) -> bool {
        self.beside(digest, "broken").exists()
    }

    /// A whole envelope, to be read.
    ///
    /// # Errors
    /// Storage.
    pub fn open(&self, digest: &Digest) -> Result<File> {
        File::open(self.path(digest)).map_err(storage)
    }

    /// At most so many bytes of an envelope, from a place on.
    ///
    /// # Errors
    /// Storage.
    pub fn piece(&self, digest: &Digest, from: u64, most: usize) -> Result<Vec<u8>> {
        let mut file = self.open(digest)?;
        file.seek(SeekFrom::Start(from)).map_err(storage)?;
        let mut bytes = Vec::new();
        file.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut bytes).map_err(storage)?;
        Ok(bytes)
    }

    /// Whether an envelope here is the one of its name.
    ///
    /// # Errors
    /// Storage.
    pub fn is_whole(&self, digest: &Digest) -> Result<bool> {
        Ok(Digest::of_all(&mut self.open(digest)?).map_err(storage)? == *digest)
    }

    /// How many bytes have come of one that is being fetched.
    #[must_use]
    pub fn arrived(&self, digest: &Digest) -> u64 {
        fs::metadata(self.beside(digest, "coming")).map_or(0, |meta| meta.len())
    }

    /// Puts bytes behind those that have come; on the disk when it returns.
    ///
    /// # Errors
    /// Storage.
    pub fn append(&self, digest: &Digest, bytes: &[u8]) -> Result<()> {
        let mut file = OpenOptions::new();
        file.append(true).create(true);
        let mut file = private(&mut file).open(self.beside(digest, "coming")).map_err(storage)?;
        file.write_all(bytes).and_then(|()| file.sync_data()).map_err(storage)
    }

    /// All bytes have come: they are the attachment, and its wish is fulfilled, or they are not and go, which is remembered.
    ///
    /// # Errors
    /// Storage.
    pub fn conclude(&self, digest: &Digest) -> Result<bool> {
        let coming = self.beside(digest, "coming");
        let whole = File::open(&coming).and_then(|mut file| Digest::of_all(&mut file)).map_err(storage)? == *digest;
        if whole {
            fs::rename(&coming, self.path(digest)).map_err(storage)?;
        } else {
            create(&self.beside(digest, "broken")).map(drop).map_err(storage)?;
            remove(&coming)?;
        }
        self.unwish(digest)?;
        self.make_last()?;
        Ok(whole)
    }

    /// Takes bytes of one by whichever road they come, those that are here already passed over.
    ///
    /// # Errors
    /// Storage.
    pub fn receive(&self, part: &Part, from: u64, bytes: &[u8]) -> Result<Received> {
        let here = self.arrived(&part.digest);
        let Some(new) = here.checked_sub(from).and_then(|held| bytes.get(usize::try_from(held).ok()?..)) else {
            // What stands before them has not come, or they have.
            return Ok(Received::Coming);
        };
        if !new.is_empty() {
            self.make()?;
            self.append(&part.digest, new)?;
        }
        if here.saturating_add(crate::cbor::count(new.len())) < part.size {
            return Ok(Received::Coming);
        }
        Ok(if self.conclude(&part.digest)? { Received::Whole } else { Received::Broken })
    }

    /// Remembers that somebody wants an attachment; one that broke is tried again.
    ///
    /// # Errors
    /// Storage.
    pub fn wish(&self, wish: &Wish) -> Result<()> {
        self.make()?;
        remove(&self.beside(&wish.at.digest, "broken"))?;
        let EntryRef { device, journal, seq } = wish.at.entry;
        let (seq, size) = (seq.to_be_bytes(), wish.size.to_be_bytes());
        let words: [&[u8]; 4] = [device.as_bytes(), journal.as_bytes(), &seq, &size];
        let path = self.beside(&wish.at.digest, "wanted");
        remove(&path)?;
        create(&path).and_then(|mut file| file.write_all(&words.concat())).map_err(storage)
    }

    /// Forgets a wish and what came of it.
    ///
    /// # Errors
    /// Storage.
    pub fn unwish(&self, digest: &Digest) -> Result<()> {
        remove(&self.beside(digest, "wanted"))?;
        remove(&self.beside(digest, "coming"))
    }

    /// What is wanted, in the order of the names. A wish that a crash cut short is none.
    ///
    /// # Errors
    /// Storage.
    pub fn wishes(&self) -> Result<Vec<Wish>> {
        let mut wishes = Vec::new();
        for (name, path) in self.names()? {
            let Some(digest) = name.strip_suffix(".wanted").and_then(|hex| hex.parse().ok()) else { continue };
            let mut words = Vec::new();
            let length = u64::try_from(WISH).unwrap_or(u64::MAX).saturating_add(1);
            File::open(path).and_then(|file| file.take(length).read_to_end(&mut words)).map_err(storage)?;
            wishes.extend(read_wish(digest, &words));
        }
        wishes.sort_by_key(|wish| wish.at);
        Ok(wishes)
    }

    /// Removes an attachment and everything about it.
    ///
    /// # Errors
    /// Storage.
    pub fn remove(&self, digest: &Digest) -> Result<()> {
        self.unwish(digest)?;
        remove(&self.beside(digest, "broken"))?;
        remove(&self.path(digest))
    }

    /// Removes an attachment that is what its header names and not what was signed for where it belongs, which is remembered.
    ///
    /// # Errors
    /// Storage.
    pub fn refuse(&self, digest: &Digest) -> Result<()> {
        create(&self.beside(digest, "broken")).map(drop).map_err(storage)?;
        self.unwish(digest)?;
        remove(&self.path(digest))
    }

    /// Removes every file that belongs to none of these, and what a crash left half sealed. Gives how many went.
    ///
    /// # Errors
    /// Storage.
    pub fn sweep(&self, listed: &HashSet<Digest>) -> Result<u64> {
        let mut swept = 0_u64;
        for (name, path) in self.names()? {
            let of = name.split('.').next().and_then(|hex| hex.parse::<Digest>().ok());
            if name.starts_with("sealing-") || of.is_some_and(|digest| !listed.contains(&digest)) {
                remove(&path)?;
                swept = swept.saturating_add(1);
            }
        }
        Ok(swept)
    }

    fn names(&self) -> Result<Vec<(String, PathBuf)>> {
        let listed = match fs::read_dir(&self.folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(storage(error)),
        };
        let mut names = Vec::new();
        for entry in listed {
            let entry = entry.map_err(storage)?;
            names.extend(entry.file_name().into_string().ok().map(|name| (name, entry.path())));
        }
        Ok(names)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }

    fn beside(&self, digest: &Digest, what: &str) -> PathBuf {
        self.folder.join(format!("{digest}.{what}"))
    }

    fn make(&self) -> Result<()> {
        make_private(&self.folder).map_err(storage)
    }

    /// What was renamed or removed survives a power cut.
    fn make_last(&self) -> Result<()> {
        sync_folder(&self.folder).map_err(storage)
    }
}

impl Sealing<'_> {
    /// The envelope is whole and has this hash: from here on it survives a power cut under its name.
    ///
    /// # Errors
    /// Storage; nothing is left then.
    pub fn keep(mut self, digest: &Digest) -> Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(storage)?;
        }
        fs::rename(&self.path, self.files.path(digest)).map_err(storage)?;
        self.files.make_last()
    }
}

impl Write for Sealing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for Sealing<'_> {
    fn drop(&mut self) {
        // Where it was kept there is nothing of this name any more; what cannot be removed now is swept at the next start.
        fs::remove_file(&self.path).unwrap_or_default();
    }
}

fn read_wish(digest: Digest, words: &[u8]) -> Option<Wish> {
    let (device, rest) = words.split_first_chunk::<32>()?;
    let (journal, rest) = rest.split_first_chunk::<16>()?;
    let (seq, rest) = rest.split_first_chunk::<8>()?;
    let size = u64::from_be_bytes(rest.try_into().ok()?);
    let (device, journal) = (DeviceId::from_bytes(*device), JournalId::from_bytes(*journal));
    let entry = EntryRef { device, journal, seq: u64::from_be_bytes(*seq) };
    Some(Wish { at: PartAt { entry, digest }, size })
}

fn create(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path).or_else(|error| {
        // A mark that is there already.
        if error.kind() == io::ErrorKind::AlreadyExists {
            OpenOptions::new().write(true).open(path)
        } else {
            Err(error)
        }
    })
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(storage(error)),
        _ => Ok(()),
    }
}

fn storage(error: io::Error) -> SyncError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SyncError::StorageFull,
        _ => SyncError::Storage(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(digest: Digest) -> PartAt {
        let (device, journal) = (DeviceId::from_bytes([2; 32]), JournalId::from_bytes([3; 16]));
        PartAt { entry: EntryRef { device, journal, seq: 300 }, digest }
    }

    #[test]
    fn what_was_sealed_is_there_under_its_hash_and_what_was_not_kept_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = PartFiles::at(&folder.path().join("parts"));
        let part = Part { digest: Digest::of(b"sealed"), size: 6 };
        let mut sealing = files.begin().unwrap();
        sealing.write_all(b"sealed").unwrap();
        assert!(!files.holds(&part));
        sealing.keep(&part.digest).unwrap();
        assert!(files.holds(&part) && files.is_whole(&part.digest).unwrap());
        assert_eq!(files.piece(&part.digest, 2, 3).unwrap(), b"ale");
        files.begin().unwrap().write_all(b"never kept").unwrap();
        assert_eq!(files.names().unwrap().len(), 1, "a file that was not kept stayed");
    }

    #[test]
    fn a_wish_is_fulfilled_by_the_right_bytes_only() {
        let folder = tempfile::tempdir().unwrap();
        let files = PartFiles::at(folder.path());
        let digest = Digest::of(b"the photo");
        let wish = Wish { at: at(digest), size: 9 };
        files.wish(&wish).unwrap();
        assert_eq!(files.wishes().unwrap(), [wish]);
        files.append(&digest, b"the ").unwrap();
        assert_eq!(files.arrived(&digest), 4);
        files.append(&digest, b"PHOTO").unwrap();
        assert!(!files.conclude(&digest).unwrap());
        assert!(files.broke(&digest) && files.wishes().unwrap().is_empty() && files.arrived(&digest) == 0);
        files.wish(&wish).unwrap();
        assert!(!files.broke(&digest));
        files.append(&digest, b"the photo").unwrap();
        assert!(files.conclude(&digest).unwrap());
        assert!(files.holds(&Part { digest, size: 9 }) && files.wishes().unwrap().is_empty());
    }

    #[test]
    fn a_sweep_takes_what_no_entry_lists_and_what_a_crash_left() {
        let folder = tempfile::tempdir().unwrap();
        let files = PartFiles::at(folder.path());
        let (kept, gone) = (Digest::of(b"kept"), Digest::of(b"gone"));
        for (digest, text) in [(kept, b"kept"), (gone, b"gone")] {
            let mut sealing = files.begin().unwrap();
            sealing.write_all(text).unwrap();
            sealing.keep(&digest).unwrap();
        }
        files.wish(&Wish { at: at(gone), size: 4 }).unwrap();
        std::mem::forget(files.begin().unwrap());
        std::fs::write(folder.path().join("kept.by.hand"), b"not ours").unwrap();
        assert_eq!(files.sweep(&HashSet::from([kept])).unwrap(), 3);
        assert!(files.holds(&Part { digest: kept, size: 4 }) && folder.path().join("kept.by.hand").exists());
        assert_eq!(files.names().unwrap().len(), 2);
    }
}
