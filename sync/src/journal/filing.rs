//! What to do with a run of another device, decided without touching a store: the verdict of the chain, which items are new,
//! which fill a place of which only the hash was held, and what to unlearn when the unproven end of a chain proves wrong.

use std::cmp::Ordering;

use super::{KnownHead, Quarantined, State};
use crate::batch::{Item, Run};
use crate::cbor::count;
use crate::chain::{self, Head, Verdict};
use crate::entry::SealedEntry;
use crate::error::{Result, SyncError};
use crate::receipt::{Checkpoint, Receipt};
use crate::wire::limits;
use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::Digest;

/// What a store does with a run.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The chain's word.
    pub(super) verdict: Verdict,
    /// Items to add, with their number and the link after each.
    pub(super) add: Vec<(u64, Digest, &'a Item)>,
    /// Entries whose place is held as a bare hash, perhaps; the store looks.
    pub(super) fill: Vec<&'a SealedEntry>,
}

impl Plan<'_> {
    /// Whether anything is added.
    pub(super) fn adds(&self) -> bool {
        !self.add.is_empty()
    }
}

/// Whether an offered receipt of the same epoch says nothing that the one on file does not. Of two for one place the one with the later
/// checkpoint counts: how far a journal is complete falls where the hub has lost an attachment.
pub(super) fn covers(held: &Receipt, offered: &Receipt) -> bool {
    if offered.seq != held.seq {
        return offered.seq < held.seq;
    }
    match offered.complete.cmp(&held.complete) {
        Ordering::Equal => true,
        Ordering::Greater => offered.checkpoint < held.checkpoint,
        Ordering::Less => offered.checkpoint <= held.checkpoint,
    }
}

/// Plans a run against the head, `ours` being our link at [`chain::common`].
pub(super) fn plan<'a>(head: &Head, ours: Option<Digest>, run: &'a Run) -> Plan<'a> {
    let stretch = run.stretch();
    let verdict = chain::judge(head, ours, &stretch);
    let mut plan = Plan { verdict, add: Vec::new(), fill: Vec::new() };
    if matches!(verdict, Verdict::Gap { .. } | Verdict::Fork { .. }) {
        return plan;
    }
    let mut link = run.before;
    for ((seq, item), hash) in (run.first..).zip(&run.items).zip(&stretch.hashes) {
        link = chain::link(&link, hash);
        match item {
            _ if seq > head.seq => plan.add.push((seq, link, item)),
            Item::Entry(entry) => plan.fill.push(entry),
            Item::Elided(_) => {}
        }
    }
    plan
}

/// The verdict on a run that parts from what is held by bare hashes alone: whoever carries it could have made them up. A journal is
/// called forked only where its device has signed for both histories; such a run just does not continue what is held.
pub(super) fn unproven(head: &Head) -> Verdict {
    Verdict::Gap { head: *head }
}

/// The head after an own entry, if it stands on the head of its journal.
pub(super) fn next_head(known: &KnownHead, entry: &SealedEntry) -> Result<Head> {
    let h = &entry.header;
    if known.own.is_none() || known.state != State::Open || known.agency != h.agency {
        return Err(SyncError::NoJournal);
    }
    if known.head.seq.checked_add(1) != Some(h.seq) || known.head.link != h.prev {
        return Err(SyncError::SlotTaken);
    }
    if entry.envelope.is_none() {
        return Err(SyncError::Misuse("an own entry without its envelope"));
    }
    Ok(Head { seq: h.seq, link: chain::link(&known.head.link, &entry.hash()) })
}

/// How much is set aside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Aside {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Aside {
    /// Whether one more may be: nobody needs a key to have something set aside, so half of the room is for what is proven to be signed.
    pub(super) fn has_room(&self, signed: bool) -> bool {
        let share = |most: u64| if signed { most } else { most / 2 };
        let largest = count(limits::MAX_FRAME);
        self.entries < share(limits::MAX_ASIDE) && self.bytes.saturating_add(largest) <= share(limits::MAX_ASIDE_BYTES)
    }

    /// Counts one more.
    pub(super) fn add(&mut self, bytes: u64) {
        (self.entries, self.bytes) = (self.entries.saturating_add(1), self.bytes.saturating_add(bytes));
    }
}

/// Whether an entry that was set aside is the very one that is to go.
pub(super) fn is_copy(target: &Doomed, aside: &SealedEntry) -> bool {
    aside.envelope.is_some() && aside.hash() == target.hash
}

/// What a device has written itself is never dropped: where it is set aside, it is evidence of a fork of its own journal.
///
/// # Errors
/// `Misuse`.
pub(super) fn not_own(heads: &[KnownHead], dropped: &[Quarantined]) -> Result<()> {
    let own = |device| heads.iter().any(|known| known.own.is_some() && known.device == device);
    if dropped.iter().any(|bad| own(bad.entry.device)) {
        return Err(SyncError::Misuse("an entry of this device is not dropped"));
    }
    Ok(())
}

/// Whether a checkpoint is newer than the one on file, by epoch and number.
pub(super) fn is_newer(offered: &Checkpoint, held: Option<&Checkpoint>) -> bool {
    held.is_none_or(|held| (offered.epoch, offered.number) > (held.epoch, held.number))
}

/// A checkpoint as it is filed: length of the payload (4, big-endian) ‖ payload ‖ statement.
pub(super) fn write_checkpoint(checkpoint: &Checkpoint, statement: &[u8]) -> Vec<u8> {
    let payload = checkpoint.encode();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[..], &payload, statement].concat()
}

/// The filed checkpoint, the hash of its payload, its statement.
///
/// # Errors
/// `StorageDamaged`.
pub(super) fn read_checkpoint(filed: &[u8]) -> Result<(Checkpoint, Digest, Vec<u8>)> {
    let damaged = SyncError::StorageDamaged("a filed checkpoint");
    let split = filed
        .split_first_chunk::<4>()
        .and_then(|(length, rest)| rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?));
    let Some((payload, statement)) = split else { return Err(damaged) };
    Ok((Checkpoint::decode(payload)?, Digest::of(payload), statement.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::{self, Pen};

    #[test]
    fn of_two_receipts_for_one_place_the_one_beside_the_later_checkpoint_says_how_far_it_is_complete() {
        let mut pen = Pen::new(1);
        pen.story(1, 4);
        let word = |seq, checkpoint, complete| Receipt { checkpoint, complete, ..specimen::receipt(&pen, 1, seq).0 };
        let held = word(4, 7, 3);
        for (offered, says_more) in [
            (word(4, 7, 3), false),
            (word(4, 9, 3), false),
            (word(4, 7, 4), true),
            (word(4, 6, 4), false),
            (word(4, 7, 2), false),
            (word(4, 8, 2), true),
            (word(5, 7, 1), true),
            (word(3, 9, 3), false),
        ] {
            assert_eq!(covers(&held, &offered), !says_more, "{offered:?}");
        }
    }
}
