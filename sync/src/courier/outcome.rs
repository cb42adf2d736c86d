//! What a pass achieved, what stayed behind, and how it ended: values, and nothing in them is secret.

use amanat_keys::fingerprint::{AgencyId, DeviceId, JournalId};

use crate::batch::Why;
use crate::error::SyncError;
use crate::receipt::ListedHead;
use crate::stories::About;
use crate::transport::{Refusal, RefusalReason, TransportError};
use crate::wire::parts::PartAt;

/// Who travels, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// The agency.
    pub agency: AgencyId,
    /// This device.
    pub device: DeviceId,
    /// The hub, as the roster lists it.
    pub hub: DeviceId,
}

/// What one pass achieved.
#[derive(Debug)]
pub struct Outcome {
    /// Entries handed over in this pass, whether or not their receipt came back.
    pub handed_over: u64,
    /// Entries of others, carried here by stick, that were handed on in this pass.
    pub handed_on: u64,
    /// Journals whose received number moved, with that number.
    pub received: Vec<(DeviceId, JournalId, u64)>,
    /// Entries of others that arrived and were filed.
    pub pulled: u64,
    /// Entries of others that were set aside.
    pub set_aside: u64,
    /// Places of others that the hub lists beyond what it gave us, when it showed its list in this pass: sealed to others, or
    /// withheld.
    pub unserved: u64,
    /// Every journal's head as the hub lists it, where it gave the list.
    pub listed: Vec<ListedHead>,
    /// Documents that were newer than ours and were filed.
    pub documents: u64,
    /// The roster version now, if it moved. `trust` has it already; whoever keeps it must write it down.
    pub roster: Option<u64>,
    /// The newest time the hub has signed in this pass, in milliseconds since 1970: evidence about our clock.
    pub hub_time: Option<u64>,
    /// What is sure to have been at the hub when it signed that time, or before.
    pub covers: Covers,
    /// Attachments.
    pub parts: PartsMoved,
    /// What stayed behind.
    pub trouble: Vec<Trouble>,
    /// How it ended.
    pub end: End,
}

impl Outcome {
    /// A pass that has done nothing yet.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            handed_over: 0,
            handed_on: 0,
            received: Vec::new(),
            pulled: 0,
            set_aside: 0,
            unserved: 0,
            listed: Vec::new(),
            documents: 0,
            roster: None,
            hub_time: None,
            covers: Covers::Nothing,
            parts: PartsMoved::default(),
            trouble: Vec::new(),
            end: End::Done,
        }
    }

    /// Whether anything moved for good: a receipt, an entry or a document that is filed here, a piece of an attachment.
    #[must_use]
    pub fn moved(&self) -> bool {
        let parts = self.parts.sent.saturating_add(self.parts.fetched);
        !self.received.is_empty() || self.pulled > 0 || self.documents > 0 || parts > 0
    }

    /// Says a trouble once.
    pub(super) fn tell(&mut self, trouble: Trouble) {
        if !self.trouble.contains(&trouble) {
            self.trouble.push(trouble);
        }
    }
}

/// What is no younger than the newest time that the hub has signed in a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Covers {
    /// Nothing is known: the pass was cut, or a device brought it.
    #[default]
    Nothing,
    /// What came: a stick of the hub's, whose words are as old as the stick.
    WhatCame,
    /// Everything that is here: the hub had it, gave it, or was given it, and signed then.
    All,
}

/// What became of attachments in one pass. They go in pieces behind the entries, so many pieces a pass, and the next pass goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartsMoved {
    /// Bytes brought to the hub.
    pub sent: u64,
    /// Bytes fetched from it.
    pub fetched: u64,
    /// Attachments that arrived whole here.
    pub arrived: u64,
    /// Bytes that could move now and have not yet.
    pub left: u64,
    /// Bytes that wait because the hub can neither keep nor give attachments just now.
    pub waits: u64,
}

/// How a pass ended.
#[derive(Debug)]
pub enum End {
    /// Everything there was to do was done, but for [`Outcome::trouble`].
    Done,
    /// The hub was not reached or the link broke: try again later.
    Unreachable(String),
    /// The hub asks to wait so many seconds.
    Busy(u64),
    /// The hub's disk is full, and it asks to wait so many seconds. What it gives was fetched all the same.
    Full(u64),
    /// The hub, or this program, says no. Trying again changes nothing: a person must act.
    Refused(Refusal),
    /// What the hub answered does not follow from what was sent, or is not signed by it. Try again, rarely.
    Nonsense(String),
    /// Our own journal could not be read or written.
    Local(SyncError),
}

impl End {
    /// Whether whoever holds the newest roster may fare better: another TLS key was proven at the hub's address, or the hub has another
    /// signing key than was named, or than its words were held against.
    #[must_use]
    pub fn may_be_mended_by_rosters(&self) -> bool {
        match self {
            Self::Refused(refusal) => matches!(refusal.reason, RefusalReason::OtherKey | RefusalReason::WrongHub),
            Self::Nonsense(_) => true,
            Self::Done | Self::Unreachable(_) | Self::Busy(_) | Self::Full(_) | Self::Local(_) => false,
        }
    }
}

impl From<TransportError> for End {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Unreachable(why) => Self::Unreachable(why),
            TransportError::Busy(seconds) => Self::Busy(seconds),
            TransportError::Full(seconds) => Self::Full(seconds),
            TransportError::Refused(refusal) => Self::Refused(refusal),
            TransportError::Nonsense(what) => Self::Nonsense(what),
        }
    }
}

/// Something that stays behind while the rest goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// An own journal is not the same here and at the hub from this number on (a restored backup, a cloned disk). It is closed,
    /// and `successor` has begun; what it holds from `at` on must be kept again there.
    Fork {
        /// The journal that was closed.
        journal: JournalId,
        /// The first number at which both differ, or that only the hub has.
        at: u64,
        /// The journal that goes on, begun in this pass or in an earlier one.
        successor: Option<JournalId>,
    },
    /// The hub does not take an own entry. The journal is closed where a new one helps.
    NotTaken {
        /// The journal.
        journal: JournalId,
        /// The entry's number; those behind it wait with it.
        seq: u64,
        /// Why.
        why: Why,
        /// The journal that goes on, where a new one helps: begun in this pass or in an earlier one. What this one holds from `seq` on
        /// must be kept again there.
        successor: Option<JournalId>,
    },
    /// The hub has less of an own journal than it signed for. What it lacks was offered again.
    HubBehind {
        /// The journal.
        journal: JournalId,
        /// What the hub says it has.
        has: u64,
        /// What it has signed for.
        signed: u64,
    },
    /// Two histories of another device's journal were seen.
    ForkElsewhere {
        /// The device.
        device: DeviceId,
        /// Its journal.
        journal: JournalId,
    },
    /// The hub's checkpoints fell, or it shows two of one number: it was rolled back, or shows different people different
    /// histories. Nothing of that answer was filed.
    HubDenies {
        /// The number of the checkpoint it showed.
        shown: u64,
        /// The number of the one on file.
        held: u64,
    },
    /// The hub signed two words that cannot both be true: it shows different people different histories. Both are kept as proof.
    TwoStories {
        /// What both speak of, in words without names.
        about: About,
    },
    /// The hub began a new epoch for which no admin's statement is here yet: what it signs is kept and does not count.
    NewEpoch {
        /// The epoch.
        epoch: u64,
    },
    /// The hub began a new epoch, an admin has spoken for it, and in it less of an own journal is received than was before: what is
    /// lacking is offered again.
    Fell {
        /// The journal.
        journal: JournalId,
        /// Received before.
        from: u64,
        /// Received now.
        to: u64,
    },
    /// As much was offered again as is offered to a hub that fell back before an admin speaks for it. The rest waits for that word.
    AgainSpent {
        /// So many bytes were.
        bytes: u64,
    },
    /// The hub's list of heads shows less of an own journal than it signed for.
    HiddenTail {
        /// The journal.
        journal: JournalId,
    },
    /// The hub's list of heads shows less of another's journal than the hub gave us before: it was rolled back, or hides a tail.
    HiddenElsewhere {
        /// The device.
        device: DeviceId,
        /// Its journal.
        journal: JournalId,
        /// The last number that the list shows, 0 for none.
        shown: u64,
        /// The last number that the hub gave us or has signed for.
        held: u64,
    },
    /// A sealed attachment of our own is missing here, or is not what was sealed: the hub cannot be given it.
    PartLost(PartAt),
    /// The hub had every byte of an attachment of ours and they were not what was sent. It is brought again with a later pass.
    PartNotTaken(PartAt),
    /// What the hub gives as an attachment is not what its author signed for. It was thrown away; the entry stays.
    PartBroken(PartAt),
    /// The hub does not give an attachment that was asked for, or has been told to erase it.
    PartUnserved(PartAt),
    /// A roster or document from the hub was not taken, with the reason.
    Document(String),
    /// So much is set aside that no more is: what came now was counted and not kept.
    AsideFull,
    /// The hub went on giving what cannot be filed here, and was not asked any further in this pass.
    InVain,
}
