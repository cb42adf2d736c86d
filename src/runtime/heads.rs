//! The heads file: how far each own journal had come, kept apart from the database, so that a database restored from a
//! backup is noticed before it writes a number twice (`FORMATS.md` section 2).
//!
//! It is written after each keeping, without waiting for the disk: after a power cut it may be older than the journal, which
//! says nothing, or unreadable, which is passed over. Only a journal that is *behind* it says something.

use std::{
    fs,
    io::{self, Write as _},
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

/// How far own journals had come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heads(Vec<(JournalId, Head)>);

impl Heads {
    /// The own journals among these.
    pub(super) fn of(known: &[KnownHead]) -> Self {
        let own = known.iter().filter(|known| known.own.is_some());
        let mut heads: Vec<_> = own.map(|known| (known.journal, known.head)).collect();
        heads.sort_unstable_by_key(|(journal, _)| *journal);
        Self(heads)
    }

    /// Takes over newer heads.
    pub(super) fn note(&mut self, known: &[KnownHead]) {
        for (journal, head) in Self::of(known).0 {
            match self.0.binary_search_by_key(&journal, |(held, _)| *held) {
                Ok(at) => {
                    if let Some(held) = self.0.get_mut(at) {
                        held.1 = head;
                    }
                }
                Err(at) => self.0.insert(at, (journal, head)),
            }
        }
    }

    /// Reads the file; a missing or unreadable one says nothing.
    pub(super) fn read(path: &Path, seal: &RowSeal) -> Self {
        let Ok(sealed) = fs::read(path) else { return Self::default() };
        let opened = seal.open(TABLE, &[], &[], &[], &sealed).ok();
        opened.and_then(|plain| canonical::decode(&plain).ok()).unwrap_or_default()
    }

    /// Writes the file whole: over itself while it fits one sector and keeps its length, which neither a kill nor a power cut
    /// can leave half done, else by way of a second one. It is written at every keep, and a rename costs as much as the commit.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn write(&self, path: &Path, seal: &RowSeal) -> Result<(), Failure> {
        let doing = |error: &std::io::Error| Failure::disk(format!("writing {}", path.display()), error);
        let sealed = seal
            .seal(TABLE, &[], &[], &[], &canonical::encode(self))
            .map_err(|error| Failure::failed(format!("sealing the heads — {error}"), ""))?;
        if over(path, &sealed).is_ok_and(|written| written) {
            return Ok(());
        }
        let beside = path.with_extension("new");
        fs::write(&beside, sealed).map_err(|error| doing(&error))?;
        fs::rename(&beside, path).map_err(|error| doing(&error))
    }

    /// Own journals that are behind what this file has seen of them: the number seen, and the number there is (0 for none).
    pub(super) fn behind(&self, known: &[KnownHead]) -> Vec<Behind> {
        let mut behind = Vec::new();
        for (journal, seen) in &self.0 {
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
    pub(super) fn seen(&self, journal: &JournalId) -> Option<u64> {
        self.0.iter().find(|(held, _)| held == journal).map(|(_, head)| head.seq)
    }

    /// Forgets journals that are closed for good.
    pub(super) fn forget(&mut self, journal: &JournalId) {
        self.0.retain(|(held, _)| held != journal);
    }
}

/// Smallest unit that a disk writes whole.
const SECTOR: usize = 512;

/// Writes over a file of the same length with one write; `false` where that is not safe.
fn over(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if bytes.len() > SECTOR {
        return Ok(false);
    }
    let mut file = fs::File::options().write(true).open(path)?;
    let fits = usize::try_from(file.metadata()?.len()).is_ok_and(|length| length == bytes.len());
    Ok(fits && file.write(bytes)? == bytes.len())
}

/// A journal that has been set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    /// Which.
    pub journal: JournalId,
    /// The newest number that was written.
    pub seen: u64,
    /// The newest number there is.
    pub there: u64,
    /// Whether the database knows the journal at all.
    pub held: bool,
}

impl<C> Encode<C> for Heads {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(2)?.u8(1)?.array(u64::try_from(self.0.len()).unwrap_or(u64::MAX))?;
        for (journal, head) in &self.0 {
            e.array(3)?.bytes(journal.as_bytes())?.u64(head.seq)?.bytes(head.link.as_bytes())?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Heads {
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
