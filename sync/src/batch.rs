//! Which entries go in one request: runs of one journal each, in order, entries beside the bare hashes of those that are left
//! out. A batch has no signature of its own; each entry proves itself and overlap with an earlier batch is legal.

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_keys::verifying_key::VerifyingKey;

use crate::along::Along;
use crate::chain::{self, Head, Stretch};
use crate::entry::{EntryRef, SealedEntry};
use crate::signatures;
use crate::wire::limits;

/// One place of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The entry itself. Boxed, because most places of an officer's pull are elisions.
    Entry(Box<SealedEntry>),
    /// Only its header hash: the reader may not have the entry, and the chain still verifies (FORMATS section 2).
    Elided(Digest),
}

impl Item {
    /// The header hash, whichever it is.
    pub fn hash(&self) -> Digest {
        match self {
            Item::Entry(entry) => entry.hash(),
            Item::Elided(hash) => *hash,
        }
    }

    /// Bytes that it takes on the wire, about.
    pub fn weight(&self) -> u64 {
        self.entry().map_or(32, SealedEntry::weight)
    }

    /// Bytes of header, signature and envelope; a bare hash has 32.
    pub fn size(&self) -> u64 {
        self.entry().map_or(32, SealedEntry::size)
    }

    /// The entry, where there is one.
    pub fn entry(&self) -> Option<&SealedEntry> {
        match self {
            Item::Entry(entry) => Some(entry),
            Item::Elided(_) => None,
        }
    }
}

/// Consecutive places of one journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Agency of the journal.
    pub agency: AgencyId,
    /// Device that writes it.
    pub device: DeviceId,
    /// The journal.
    pub journal: JournalId,
    /// Number of the first item, from 1.
    pub first: u64,
    /// Link at `first - 1`.
    pub before: Digest,
    /// The items, without a hole.
    pub items: Vec<Item>,
}

impl Run {
    /// The run as the chain sees it.
    pub fn stretch(&self) -> Stretch {
        Stretch { first: self.first, before: self.before, hashes: self.items.iter().map(Item::hash).collect() }
    }

    /// The head that the run leads to.
    pub fn head(&self) -> Head {
        self.stretch().head()
    }

    /// Number of the last item; `first - 1` when there is none.
    pub fn last(&self) -> u64 {
        let n = u64::try_from(self.items.len()).unwrap_or(u64::MAX);
        self.first.saturating_sub(1).saturating_add(n)
    }

    /// The entries with their places, elisions passed over.
    pub fn entries(&self) -> impl Iterator<Item = &SealedEntry> {
        self.items.iter().filter_map(Item::entry)
    }

    /// The entries with the link after each, elisions passed over.
    pub fn linked(&self) -> impl Iterator<Item = (&SealedEntry, Digest)> {
        let mut link = self.before;
        self.items.iter().filter_map(move |item| {
            link = chain::link(&link, &item.hash());
            item.entry().map(|entry| (entry, link))
        })
    }

    /// Checks every signature; `key_of` says whose key stands behind a place, or why none does. One bad entry never blocks the
    /// rest: where later entries vouch for its place in the chain it becomes an elision, and is given back to be set aside. At
    /// the end of the run nothing vouches for it, so the run is cut before it: a hash that nobody signed must not become a head.
    /// `along` is the walk up to the run's first place: [`Along::default`] where nothing is known of what stands before.
    pub fn verify(
        mut self,
        mut along: Along,
        mut key_of: impl FnMut(&SealedEntry) -> std::result::Result<VerifyingKey, Why>,
    ) -> (VerifiedRun, Vec<(Why, SealedEntry)>) {
        let (mut refused, mut vouched) = (Vec::new(), 0_usize);
        let signed = signatures::check(&self.items, &mut key_of);
        for ((at, item), signed) in self.items.iter_mut().enumerate().zip(signed) {
            let Item::Entry(entry) = item else { continue };
            let checked = signed.and_then(|()| along.judge(&entry.header));
            if checked.is_ok() {
                along.pass(&entry.header);
            }
            match checked {
                Ok(()) => vouched = at.saturating_add(1),
                Err(why) => {
                    let hash = entry.hash();
                    if let Item::Entry(bad) = std::mem::replace(item, Item::Elided(hash)) {
                        refused.push((at, why, *bad));
                    }
                }
            }
        }
        // Elisions at the end that were elisions when they came stay: the hub's word is all there is about them.
        if let Some(first) = refused.iter().map(|(at, ..)| *at).find(|at| *at >= vouched) {
            self.items.truncate(first);
        }
        (VerifiedRun(self), refused.into_iter().map(|(_, why, entry)| (why, entry)).collect())
    }

    /// The places of the elisions.
    pub fn elided(&self) -> impl Iterator<Item = (EntryRef, Digest)> + '_ {
        (self.first..).zip(&self.items).filter_map(|(seq, item)| match item {
            Item::Entry(_) => None,
            Item::Elided(hash) => Some((EntryRef { device: self.device, journal: self.journal, seq }, *hash)),
        })
    }
}

/// How much may go in one request or one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Items at most; at least one is always given.
    pub items: u64,
    /// Bytes at most, as [`SealedEntry::weight`] counts; one larger entry goes alone.
    pub bytes: u64,
}

impl Limit {
    /// The most that a body of the wire may hold.
    pub const BODY: Limit = Limit { items: limits::MAX_ITEMS, bytes: limits::MAX_BODY / 2 };

    /// What is left after an item of `weight`; `None` when it no longer fits. The first item of all always fits, so that a
    /// large entry cannot block the queue: `started` says whether something is in.
    pub fn take(self, weight: u64, started: bool) -> Option<Limit> {
        if !started {
            return Some(Limit { items: self.items.saturating_sub(1), bytes: self.bytes.saturating_sub(weight) });
        }
        Some(Limit { items: self.items.checked_sub(1)?, bytes: self.bytes.checked_sub(weight)? })
    }
}

/// Runs that go in one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// In the order in which they are sent; one journal may appear in several.
    pub runs: Vec<Run>,
}

impl Batch {
    /// Takes from the front of `runs` what fits into `limit`, and gives back what did not fit, in order.
    pub fn fill(runs: Vec<Run>, limit: Limit) -> (Batch, Vec<Run>) {
        let (mut batch, mut rest) = (Batch::default(), Vec::new());
        let (mut left, mut started) = (Some(limit), false);
        for mut run in runs {
            let mut fits = 0_usize;
            for item in &run.items {
                let weight = item.weight();
                left = left.and_then(|l| l.take(weight, started));
                if left.is_none() {
                    break;
                }
                (fits, started) = (fits.saturating_add(1), true);
            }
            let tail = run.items.split_off(fits);
            let head = run.head();
            if !tail.is_empty() {
                rest.push(Run {
                    first: head.seq.saturating_add(1),
                    before: head.link,
                    items: tail,
                    ..run.clone_frame()
                });
            }
            if !run.items.is_empty() {
                batch.runs.push(run);
            }
        }
        (batch, rest)
    }

    /// Entries and elisions together.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.items.len()).sum()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(|run| run.items.is_empty())
    }
}

impl Run {
    /// The same journal and place without the items.
    fn clone_frame(&self) -> Run {
        Run { items: Vec::new(), ..*self }
    }
}

/// Why an entry or a run was not accepted. Trust and version reasons stop a retry; data reasons set one entry aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The signature does not hold.
    BadSignature,
    /// No roster known here names the device or its key.
    UnknownDevice,
    /// Beyond the last place that the roster still trusts of this device.
    Revoked,
    /// The bytes are no entry.
    Malformed,
    /// Over a maximum.
    TooBig,
    /// A header or wire version that is not accepted any more, or not yet.
    Version,
    /// The signer may not do this: a stand-in without the custodian's role, a slip whose audience the roster does not give.
    NotPermitted,
    /// Two histories of one journal.
    Fork,
    /// The content does not open to what the header commits to.
    Content,
    /// It names an older roster than an entry before it in its journal.
    RosterFell,
    /// It lies under the slip of another case, or under what is no slip.
    OtherCase,
    /// Anything that a later version may add; never retried by itself.
    Other(u64),
}

impl Why {
    const KNOWN: [Why; 11] = [
        Why::BadSignature,
        Why::UnknownDevice,
        Why::Revoked,
        Why::Malformed,
        Why::TooBig,
        Why::Version,
        Why::NotPermitted,
        Why::Fork,
        Why::Content,
        Why::RosterFell,
        Why::OtherCase,
    ];

    /// Whether it is found only in what its device is proven to have signed. All else could be made by anybody.
    pub fn is_of_signed(self) -> bool {
        matches!(self, Why::Fork | Why::RosterFell | Why::OtherCase)
    }

    /// The number under which it is sent and stored, from 1.
    pub fn number(self) -> u64 {
        match self {
            Why::BadSignature => 1,
            Why::UnknownDevice => 2,
            Why::Revoked => 3,
            Why::Malformed => 4,
            Why::TooBig => 5,
            Why::Version => 6,
            Why::NotPermitted => 7,
            Why::Fork => 8,
            Why::Content => 9,
            Why::RosterFell => 10,
            Why::OtherCase => 11,
            Why::Other(n) => n,
        }
    }

    /// The reason with this number.
    pub fn from_number(number: u64) -> Why {
        Why::KNOWN.into_iter().find(|why| why.number() == number).unwrap_or(Why::Other(number))
    }
}

/// One entry set aside, by place and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub entry: EntryRef,
    /// Why.
    pub why: Why,
}

/// A run whose every entry carries a signature that was checked. What failed the check is an elision in it, or cut off where
/// nothing that follows vouches for it. [`Run::verify`] alone makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRun(Run);

impl VerifiedRun {
    /// The run.
    pub fn run(&self) -> &Run {
        &self.0
    }

    /// The run up to its last entry: nobody has signed for a hash behind that. `None` where it has no entry at all.
    pub fn up_to_last_entry(mut self) -> Option<VerifiedRun> {
        let last = self.0.items.iter().rposition(|item| item.entry().is_some())?;
        self.0.items.truncate(last.saturating_add(1));
        Some(self)
    }

    /// The run without the hashes behind its last entry; empty where it has no entry at all.
    #[must_use]
    pub fn without_tail(mut self) -> VerifiedRun {
        let whole =
            self.0.items.iter().rposition(|item| item.entry().is_some()).map_or(0, |last| last.saturating_add(1));
        self.0.items.truncate(whole);
        self
    }

    /// The run, without its proof.
    pub fn into_run(self) -> Run {
        self.0
    }
}
