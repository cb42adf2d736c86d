//! The hub's one decision: entries in, verdicts and signed receipts out.
//!
//! A push comes in pieces. Of each piece every entry is checked by itself, in parallel, before the store sees it; then one
//! transaction judges the runs by the law of the chain and keeps what is new, while the next piece is checked already. At the end one checkpoint covers the new heads and
//! each journal gets its receipt; after a push that was cut they come with the next contact. An entry that fails its check cuts
//! its run there: what stands before it is kept, and the other runs go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::statement::Purpose;
use amanat_sync::batch::{self, Why};
use amanat_sync::chain::{Head, Stretch, Verdict};
use amanat_sync::receipt::Receipt;
use amanat_sync::wire::messages::{PushReply, RunAnswer};

use crate::Hub;
use crate::api::reply::Failure;
use crate::checking::{Checked, Checking};
use crate::keeper::Newest;
use crate::standing::Standing;
use crate::store::{Accepted, Answer, Complete, Place, Row, Run};

/// A push under way: what has become of each of its runs so far.
pub(crate) struct Push<'a> {
    hub: &'a Hub,
    standing: Standing,
    /// Who brings it.
    from: DeviceId,
    told: Vec<Told>,
    /// The newest head held of every journal that was judged.
    heads: BTreeMap<Place, Accepted>,
    /// Entries that were new.
    new: u64,
    /// Journals of which stand-ins came that hold something in another's place, and the first of them.
    stood_in: BTreeMap<Place, u64>,
    checking: Option<Checking>,
    storing: Option<Storing>,
}

/// A piece on its way into the store.
struct Storing {
    offered: Vec<Offered>,
    erases: bool,
    kept: Answer<'static, Vec<Accepted>>,
}

/// A run of such a piece.
struct Offered {
    index: usize,
    /// Bytes of each entry that went to the store.
    sizes: Vec<usize>,
    /// Where and why the run ended early.
    refused: Option<(u64, Why)>,
}

/// What has become of one run.
#[derive(Debug, Default)]
struct Told {
    answer: Option<RunAnswer>,
    refused: Option<(u64, Why)>,
}

impl Told {
    /// Whether nothing that still comes of the run can be taken.
    fn is_over(&self) -> bool {
        self.refused.is_some() || matches!(self.answer, Some(RunAnswer::Gap(..) | RunAnswer::Fork(..)))
    }
}

impl<'a> Push<'a> {
    /// A push of a device that announces so many runs.
    pub(crate) fn new(hub: &'a Hub, standing: Standing, from: DeviceId, runs: usize) -> Self {
        let told = std::iter::repeat_with(Told::default).take(runs).collect();
        let (heads, stood_in) = (BTreeMap::new(), BTreeMap::new());
        Self { hub, standing, from, told, heads, new: 0, stood_in, checking: None, storing: None }
    }

    /// Takes what has arrived of some runs, each with its number, in hand; while an earlier piece is being checked it waits for that.
    /// Two pieces are in hand at most: one that is checked while the other goes to the store.
    pub(crate) async fn offer(&mut self, arrived: Vec<(usize, batch::Run)>) -> Result<(), Failure> {
        while self.checking.is_some() {
            self.progress().await?;
        }
        let arrived: Vec<(usize, batch::Run)> =
            arrived.into_iter().filter(|(index, _)| !self.is_over(*index)).collect();
        if !arrived.is_empty() {
            self.checking = Some(Checking::begin(&self.standing, self.from, arrived));
        }
        Ok(())
    }

    /// Whether something is in hand.
    pub(crate) fn is_busy(&self) -> bool {
        self.checking.is_some() || self.storing.is_some()
    }

    /// Whether a piece offered now waits for no other.
    pub(crate) fn has_room(&self) -> bool {
        self.checking.is_none()
    }

    /// Waits for the next thing in hand to be done: a piece that becomes durable, or one that is checked and goes to the store. Whoever
    /// stops waiting may wait again.
    pub(crate) async fn progress(&mut self) -> Result<(), Failure> {
        if let Some(storing) = &mut self.storing {
            let kept = (&mut storing.kept).await;
            let Some(storing) = self.storing.take() else { return Ok(()) };
            return self.kept(storing, self.hub.heeding(kept)?).await;
        }
        if let Some(checking) = &mut self.checking {
            let checked = checking.end().await;
            self.checking = None;
            self.store(checked?);
        }
        Ok(())
    }

    /// Checks, judges and keeps what has arrived of some runs; all that was taken so far is durable when it returns.
    pub(crate) async fn take(&mut self, arrived: Vec<(usize, batch::Run)>) -> Result<(), Failure> {
        self.offer(arrived).await?;
        self.settle().await
    }

    /// Waits until all that was taken in hand is durable.
    pub(crate) async fn settle(&mut self) -> Result<(), Failure> {
        while self.is_busy() {
            self.progress().await?;
        }
        Ok(())
    }

    fn is_over(&self, index: usize) -> bool {
        self.told.get(index).is_none_or(Told::is_over)
    }

    /// Hands a piece that was checked to the store. What the piece before it has ended meanwhile is left out.
    fn store(&mut self, mut checked: Vec<Checked>) {
        checked.retain(|run| !self.is_over(run.index));
        if checked.is_empty() {
            return;
        }
        let offered = checked.iter().map(|run| Offered {
            index: run.index,
            sizes: run.rows.iter().map(size).collect(),
            refused: run.refused,
        });
        let offered = offered.collect();
        let erases = checked.iter().flat_map(|run| &run.rows).any(|row| row.stands_in.is_some_and(|it| it.erases));
        for (place, row) in checked.iter().flat_map(|run| run.rows.iter().map(|row| (run.place, row))) {
            if row.stands_in.is_some_and(|it| !it.erases) {
                let lowest = self.stood_in.entry(place).or_insert(row.seq);
                *lowest = row.seq.min(*lowest);
            }
        }
        let runs = checked.into_iter().map(|run| Run {
            place: run.place,
            root: run.root,
            stretch: Stretch { first: run.first, before: run.before, hashes: run.hashes },
            rows: run.rows,
        });
        let (store, runs) = (Arc::clone(&self.hub.store), runs.collect());
        let kept = Box::pin(async move { store.accept(runs).await });
        self.storing = Some(Storing { offered, erases, kept });
    }

    /// Notes what the store has said of a piece.
    async fn kept(&mut self, storing: Storing, accepted: Vec<Accepted>) -> Result<(), Failure> {
        for (accepted, offered) in accepted.iter().zip(&storing.offered) {
            self.count(&accepted.verdict, &offered.sizes);
        }
        if storing.erases {
            self.hub.settle().await?;
        }
        for (Offered { index, sizes, refused }, accepted) in storing.offered.into_iter().zip(accepted) {
            let (Some(told), offered) = (self.told.get_mut(index), count(sizes.len())) else { continue };
            told.refused = refused;
            // A refusal at the head of a later piece takes nothing back of what the earlier ones were told.
            if offered > 0 || told.answer.is_none() {
                told.answer = Some(answer(&accepted, offered > 0, refused.map(|(_, why)| why)));
            }
            if let Verdict::Accepted { held, .. } = accepted.verdict {
                let new = offered.saturating_sub(held);
                self.new = self.new.saturating_add(new);
                self.hub.contacts.arrived(accepted.place.0, new);
            }
            self.heads.insert(accepted.place, accepted);
        }
        Ok(())
    }

    /// For whoever watches: what of a run was new, and what was brought once more.
    fn count(&self, verdict: &Verdict, sizes: &[usize]) {
        let held = match verdict {
            Verdict::Accepted { held, .. } => usize::try_from(*held).unwrap_or(usize::MAX).min(sizes.len()),
            Verdict::AlreadyHeld { .. } => sizes.len(),
            Verdict::Gap { .. } | Verdict::Fork { .. } => return,
        };
        if matches!(verdict, Verdict::Accepted { .. }) {
            self.hub.has_room();
        }
        self.hub.counters.accepted.add(sizes.len().saturating_sub(held));
        self.hub.counters.again.add(sizes.iter().take(held).sum());
    }

    /// Entries that were new so far.
    pub(crate) fn new_entries(&self) -> u64 {
        self.new
    }

    /// Whether a run has been judged.
    pub(crate) fn has_answered(&self, index: usize) -> bool {
        self.told.get(index).is_some_and(|told| told.answer.is_some())
    }

    /// Notes that a run cannot be read on from here.
    pub(crate) fn refuse(&mut self, index: usize, seq: u64, why: Why) {
        if let Some(told) = self.told.get_mut(index).filter(|told| !told.is_over()) {
            told.refused = Some((seq, why));
        }
    }

    /// Covers what was kept with one checkpoint and signs for it. Every run must have been taken once, empty or not.
    /// The hash of that checkpoint stands beside the answer.
    pub(crate) async fn conclude(self) -> Result<(PushReply, Digest), Failure> {
        let Self { hub, standing, from: _, told, heads, new: _, stood_in, checking: _, storing: _ } = self;
        if !stood_in.is_empty() {
            // The word on them may have come before them: a restored hub is told of both again.
            hub.drop_replaced(&stood_in).await?;
        }
        let now = hub.now_ms();
        let held = || heads.values().filter(|a| a.head.seq > 0);
        let moved: Vec<(Place, Head)> = held().map(|a| (a.place, a.head)).collect();
        let newest = hub.cover(&moved).await?;
        let mut statements: Vec<Vec<u8>> = held().map(|a| receipt(hub, &standing, &a.held(), &newest, now)).collect();
        statements.push(newest.statement);
        let refused = (0_u64..).zip(&told).filter_map(|(run, told)| {
            let (seq, why) = told.refused?;
            Some((run, seq, why.number()))
        });
        let refused = refused.collect();
        let answers = told.into_iter().map(|told| told.answer.ok_or(Failure::Broken("a run without an answer")));
        Ok((PushReply { answers: answers.collect::<Result<_, _>>()?, refused, statements }, newest.hash))
    }
}

/// Bytes of header, signature and envelope.
fn size(row: &Row) -> usize {
    let envelope = row.envelope.as_ref().map_or(0, Vec::len);
    row.header.len().saturating_add(row.signature.len()).saturating_add(envelope)
}

fn count(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}

fn answer(accepted: &Accepted, offered: bool, why: Option<Why>) -> RunAnswer {
    let Head { seq, link } = accepted.head;
    match (&accepted.verdict, why) {
        (_, Some(why)) if !offered => RunAnswer::Refused(why.number(), link),
        (Verdict::Accepted { head, .. }, _) => RunAnswer::Accepted(head.seq, head.link),
        (Verdict::AlreadyHeld { .. }, _) => RunAnswer::AlreadyHeld(seq, link),
        (Verdict::Gap { .. }, _) => RunAnswer::Gap(seq, link),
        (Verdict::Fork { at, ours, .. }, _) => RunAnswer::Fork(*at, *ours),
    }
}

/// The hub's signed word on one head.
pub(crate) fn receipt(hub: &Hub, standing: &Standing, held: &Complete, newest: &Newest, now_ms: u64) -> Vec<u8> {
    let keys = hub.signing.keys();
    let receipt = Receipt {
        agency: standing.agency,
        hub: hub.id,
        hub_key: keys.named(),
        epoch: newest.checkpoint.epoch,
        checkpoint: newest.checkpoint.number,
        previous: newest.checkpoint.previous,
        roster_version: standing.trust.roster_version(),
        device: held.place.0,
        journal: held.place.1,
        seq: held.head.seq,
        link: held.head.link,
        complete: held.complete,
        hub_time: now_ms,
    };
    keys.signed(Purpose::Receipt, receipt.encode(), &standing.agency)
}
