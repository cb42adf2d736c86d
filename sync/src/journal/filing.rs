//! What to do with a run of another device, decided without touching a store: the verdict of the chain, which items are new,
//! which fill a place of which only the hash was held, and what to unlearn when the unproven end of a chain proves wrong.

use crate::batch::{Item, Run};
use crate::chain::{self, Head, Verdict};
use crate::entry::SealedEntry;
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
