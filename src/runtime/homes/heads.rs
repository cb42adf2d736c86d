//! The heads file: how far each own journal had come, kept apart from the database, so that a database restored from a
//! backup is noticed before it writes a number twice (`FORMATS.md` section 2).
//!
//! It is written after each keeping, without waiting for the disk: after a power cut it may be older than the journal, which
//! says nothing, or unreadable, which is passed over. Only a journal that is *behind* it says something.

use std::{
    fs,
    io::{self, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use amanat_keys::{
    canonical,
    fingerprint::{Digest, JournalId},
    row_seal::RowSeal,
};
use amanat_sync::{
    chain::Head,
    journal::{KnownHead, State},
};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::failure::Failure;

const TABLE: &str = "heads";
/// Most own journals of a device.
const MAX_JOURNALS: u64 = 10_000;

/// How far own journals had come, and the open file that says so.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Heads {
    seen: Seen,
    /// Kept open between two writes: opening it costs as much as sealing an entry.
    file: Option<fs::File>,
}

/// The newest place written in each own journal, sorted by journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen(Vec<(JournalId, Head)>);

impl Seen {
    /// These, with newer heads of own journals among `known`.
    fn with(&self, known: &[KnownHead]) -> Self {
        let mut seen = self.clone();
        for KnownHead { journal, head, .. } in known.iter().filter(|known| known.own.is_some()) {
            match seen.0.binary_search_by_key(journal, |(held, _)| *held) {
                Ok(at) => {
                    if let Some(held) = seen.0.get_mut(at) {
                        held.1 = *head;
                    }
                }
                Err(at) => seen.0.insert(at, (*journal, *head)),
            }
        }
        seen
    }
}

impl Heads {
    /// Takes over newer heads and writes the file, if there are any. What could not be written has not been taken over.
    ///
    /// # Errors
    /// What the disk says.
    pub(in crate::runtime) fn note(&mut self, known: &[KnownHead], path: &Path, seal: &RowSeal) -> Result<(), Failure> {
        let newer = self.seen.with(known);
        if newer != self.seen {
            self.write_all(&newer, path, seal)?;
            self.seen = newer;
        }
        Ok(())
    }

    /// Reads the file; a missing or unreadable one says nothing.
    pub(in crate::runtime) fn read(path: &Path, seal: &RowSeal) -> Self {
        let sealed = fs::read(path).ok();
        let opened = sealed.and_then(|sealed| seal.open(TABLE, &[], &[], &[], &sealed).ok());
        let seen = opened.and_then(|plain| canonical::decode(&plain).ok()).unwrap_or_default();
        Self { seen, file: None }
    }

    /// Writes the file as it should stand now.
    ///
    /// # Errors
    /// What the disk says.
    pub(in crate::runtime) fn write(&mut self, path: &Path, seal: &RowSeal) -> Result<(), Failure> {
        self.write_all(&self.seen.clone(), path, seal)
    }

    /// Writes the file whole: over itself while it fits one sector and keeps its length, which neither a kill nor a power cut
    /// can leave half done, else by way of a second one. It is written at every keep, and a rename costs as much as the commit.
    fn write_all(&mut self, seen: &Seen, path: &Path, seal: &RowSeal) -> Result<(), Failure> {
        let doing = |error: &std::io::Error| Failure::disk(format!("writing {}", path.display()), error);
        let sealed = seal
            .seal(TABLE, &[], &[], &[], &canonical::encode(seen))
            .map_err(|error| Failure::failed(format!("sealing the heads — {error}"), ""))?;
        if self.over(path, &sealed).is_ok_and(|written| written) {
            return Ok(());
        }
        self.file = None;
        let beside = path.with_extension("new");
        fs::write(&beside, sealed).map_err(|error| doing(&error))?;
        fs::rename(&beside, path).map_err(|error| doing(&error))
    }

    /// Own journals that are behind what this file has seen of them: the number seen, and the number there is (0 for none).
    pub(in crate::runtime) fn behind(&self, known: &[KnownHead]) -> Vec<Behind> {
        let mut behind = Vec::new();
        for (journal, seen) in &self.seen.0 {
            let there = known.iter().find(|known| known.journal == *journal && known.own.is_some());
            let open = there.is_some_and(|known| known.state == State::Open);
            match there {
                Some(known) if known.head.seq < seen.seq && open => {
                    behind.push(Behind { journal: *journal, seen: seen.seq, there: known.head.seq, held: true });
                }
                Some(known) if known.head.seq == seen.seq && known.head.link != seen.link && open => {
                    behind.push(Behind { journal: *journal, seen: seen.seq, there: known.head.seq, held: true });
                }
                Some(_) => {}
                None => behind.push(Behind { journal: *journal, seen: seen.seq, there: 0, held: false }),
            }
        }
        behind
    }

    /// The newest number that was written in an own journal.
    pub(in crate::runtime) fn seen(&self, journal: &JournalId) -> Option<u64> {
        self.seen.0.iter().find(|(held, _)| held == journal).map(|(_, head)| head.seq)
    }

    /// Forgets journals that are closed for good.
    pub(in crate::runtime) fn forget(&mut self, journal: &JournalId) {
        self.seen.0.retain(|(held, _)| held != journal);
    }

    /// Writes over a file of the same length with one write; `false` where that is not safe.
    fn over(&mut self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        if bytes.len() > SECTOR {
            return Ok(false);
        }
        // One that was put back from a backup meanwhile is another file under the same name.
        let held = self.file.as_ref().and_then(|file| file.metadata().ok()).filter(is_linked);
        let (file, length) = match (&mut self.file, held) {
            (Some(file), Some(held)) => (file, held.len()),
            (slot, _) => {
                let file = slot.insert(fs::File::options().write(true).open(path)?);
                let length = file.metadata()?.len();
                (file, length)
            }
        };
        let fits = usize::try_from(length).is_ok_and(|length| length == bytes.len());
        file.seek(SeekFrom::Start(0))?;
        Ok(fits && file.write(bytes)? == bytes.len())
    }
}

/// Smallest unit that a disk writes whole.
const SECTOR: usize = 512;

/// Whether an open file still has a name.
#[cfg(unix)]
fn is_linked(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.nlink() > 0
}

/// Elsewhere it is opened for each write.
#[cfg(not(unix))]
fn is_linked(_file: &fs::Metadata) -> bool {
    false
}

/// A journal that has been set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Behind {
    /// Which.
    pub journal: JournalId,
    /// The newest number that was written.
    pub seen: u64,
    /// The newest number there is.
    pub there: u64,
    /// Whether the database knows the journal at all.
    pub held: bool,
}

impl<C> Encode<C> for Seen {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(2)?.u8(1)?.array(u64::try_from(self.0.len()).unwrap_or(u64::MAX))?;
        for (journal, head) in &self.0 {
            e.array(3)?.bytes(journal.as_bytes())?.u64(head.seq)?.bytes(head.link.as_bytes())?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Seen {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        canonical::array(d, 2)?;
        canonical::version(d)?;
        let head = |d: &mut Decoder<'b>| {
            canonical::array(d, 3)?;
            let journal = JournalId::from_bytes(canonical::array_of(d)?);
            let seq = d.u64()?;
            Ok((journal, Head { seq, link: Digest::from_bytes(canonical::array_of(d)?) }))
        };
        canonical::list(d, MAX_JOURNALS, head).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn hex(value: &Value) -> Vec<u8> {
        let text = value.as_str().unwrap().as_bytes();
        text.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// Against what `keys/tests/vectors/local.py` wrote from `STATEMENTS.md`.
    #[test]
    fn the_heads_file_is_written_and_read_as_the_document_says() {
        let all: Value = serde_json::from_str(include_str!("../../../keys/tests/vectors/local.json")).unwrap();
        let seal = RowSeal::new(&hex(&all["vault_key"]).try_into().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads");
        let files = all["heads"].as_array().unwrap();
        assert_eq!(files.len(), 4);
        for v in files {
            fs::write(&path, hex(&v["file"])).unwrap();
            let mut heads = Heads::read(&path, &seal);
            let listed = v["heads"].as_array().unwrap();
            assert_eq!(heads.seen.0.len(), listed.len());
            for row in listed {
                let journal = JournalId::from_bytes(hex(&row[0]).try_into().unwrap());
                assert_eq!(heads.seen(&journal), row[1].as_u64());
                let known = heads.seen.0.iter().find(|(held, _)| *held == journal).unwrap();
                assert_eq!(known.1.link.as_bytes()[..], hex(&row[2]));
            }
            assert_eq!(canonical::encode(&heads.seen), hex(&v["plaintext"]));
            heads.write(&path, &seal).unwrap();
            let written = seal.open("heads", b"", b"", b"", &fs::read(&path).unwrap()).unwrap();
            assert_eq!(*written, hex(&v["plaintext"]));
        }
    }

    /// Whatever stands there says nothing, and is no trouble.
    #[test]
    fn a_heads_file_that_is_broken_says_nothing() {
        let all: Value = serde_json::from_str(include_str!("../../../keys/tests/vectors/local.json")).unwrap();
        let key: [u8; 32] = hex(&all["vault_key"]).try_into().unwrap();
        let (seal, other) = (RowSeal::new(&key), RowSeal::new(&[9; 32]));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads");
        let whole = hex(&all["heads"][2]["file"]);
        let plain = hex(&all["heads"][2]["plaintext"]);
        let of = |plain: &[u8]| seal.seal("heads", b"", b"", b"", plain).unwrap();
        let mut later = plain.clone();
        later[1] = 2;
        for bytes in [
            Vec::new(),
            whole[..10].to_vec(),
            whole[..whole.len() - 1].to_vec(),
            [whole.as_slice(), b"x"].concat(),
            other.seal("heads", b"", b"", b"", &plain).unwrap(),
            seal.seal("note", b"", b"", b"", &plain).unwrap(),
            seal.seal("heads", b"x", b"", b"", &plain).unwrap(),
            of(&plain[..plain.len() - 1]),
            of(&[plain.as_slice(), &[0]].concat()),
            of(&later),
            of(b""),
        ] {
            fs::write(&path, &bytes).unwrap();
            assert_eq!(Heads::read(&path, &seal).seen, Seen::default());
        }
        fs::write(&path, whole).unwrap();
        assert_ne!(Heads::read(&path, &seal).seen, Seen::default(), "the whole one is read");
    }
}
