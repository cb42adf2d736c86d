//! The hub's one decision: entries in, verdicts and signed receipts out.
//!
//! A push comes in pieces. Of each piece every entry is checked by itself, in parallel, before the store sees it; then one
//! transaction judges the runs by the law of the chain and keeps what is new. At the end one checkpoint covers the new heads and
//! each journal gets its receipt; after a push that was cut they come with the next contact. An entry that fails its check cuts
//! its run there: what stands before it is kept, and the other runs go on.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::Digest;
use amanat_keys::statement::Purpose;
use amanat_sync::batch::{self, Item, Why};
use amanat_sync::chain::{self, AtCut, Head, Stretch, Verdict};
use amanat_sync::receipt::Receipt;
use amanat_sync::wire::messages::{PushReply, RunAnswer};

use crate::Hub;
use crate::api::reply::Failure;
use crate::keeper::Newest;
use crate::standing::Standing;
use crate::store::{Accepted, Complete, Place, Row, Run};

/// Entries that one worker checks at a time: some milliseconds of signatures.
const CHUNK: usize = 128;

/// A run after its entries were checked: what may go to the store, and where and why it ends early.
struct Checked {
    place: Place,
    root: Digest,
    first: u64,
    before: Digest,
    rows: Vec<Row>,
    hashes: Vec<Digest>,
    refused: Option<(u64, Why)>,
}

/// A push under way: what has become of each of its runs so far.
pub(crate) struct Push<'a> {
    hub: &'a Hub,
    standing: Standing,
    told: Vec<Told>,
    /// The newest head held of every journal that was judged.
    heads: BTreeMap<Place, Accepted>,
    /// Entries that were new.
    new: u64,
    /// Journals of which stand-ins came that hold something in another's place, and the first of them.
    stood_in: BTreeMap<Place, u64>,
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
    /// A push that announces so many runs.
    pub(crate) fn new(hub: &'a Hub, standing: Standing, runs: usize) -> Self {
        let told = std::iter::repeat_with(Told::default).take(runs).collect();
        Self { hub, standing, told, heads: BTreeMap::new(), new: 0, stood_in: BTreeMap::new() }
    }

    /// Checks, judges and keeps what has arrived of some runs, each with its index; durable when it returns.
    pub(crate) async fn take(&mut self, arrived: Vec<(usize, batch::Run)>) -> Result<(), Failure> {
        let over = |index: &usize| self.told.get(*index).is_none_or(Told::is_over);
        let (indices, runs): (Vec<usize>, Vec<batch::Run>) =
            arrived.into_iter().filter(|(index, _)| !over(index)).unzip();
        if runs.is_empty() {
            return Ok(());
        }
        let checked = check_all(&self.standing, runs).await?;
        let judged: Vec<(u64, Option<(u64, Why)>)> = checked.iter().map(|c| (count(c.rows.len()), c.refused)).collect();
        let erasures = checked.iter().flat_map(|c| &c.rows).any(|row| row.stands_in.is_some_and(|it| it.erases));
        for (place, row) in checked.iter().flat_map(|c| c.rows.iter().map(|row| (c.place, row))) {
            if row.stands_in.is_some_and(|it| !it.erases) {
                let lowest = self.stood_in.entry(place).or_insert(row.seq);
                *lowest = row.seq.min(*lowest);
            }
        }
        let sizes: Vec<Vec<usize>> = checked.iter().map(|c| c.rows.iter().map(size).collect()).collect();
        let runs = checked.into_iter().map(|c| Run {
            place: c.place,
            root: c.root,
            stretch: Stretch { first: c.first, before: c.before, hashes: c.hashes },
            rows: c.rows,
        });
        let accepted = self.hub.heeding(self.hub.store.accept(runs.collect()).await)?;
        for (accepted, sizes) in accepted.iter().zip(sizes) {
            self.count(&accepted.verdict, &sizes);
        }
        if erasures {
            self.hub.settle().await?;
        }
        for ((index, (offered, refused)), accepted) in indices.into_iter().zip(judged).zip(accepted) {
            let Some(told) = self.told.get_mut(index) else { continue };
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
    pub(crate) async fn conclude(self) -> Result<PushReply, Failure> {
        let Self { hub, standing, told, heads, new: _, stood_in } = self;
        if !stood_in.is_empty() {
            // The word on them may have come before them: a restored hub is told of both again.
            hub.drop_replaced(&stood_in).await?;
        }
        let now = hub.now_ms();
        let held = || heads.values().filter(|a| a.head.seq > 0);
        let moved: Vec<(Place, Head)> = held().map(|a| (a.place, a.head)).collect();
        let newest = hub.heeding(hub.keeper.cover(&*hub.store, &moved, now).await)?;
        let mut statements: Vec<Vec<u8>> = held().map(|a| receipt(hub, &standing, &a.held(), &newest, now)).collect();
        statements.push(newest.statement);
        let refused = (0_u64..).zip(&told).filter_map(|(run, told)| {
            let (seq, why) = told.refused?;
            Some((run, seq, why.number()))
        });
        let refused = refused.collect();
        let answers = told.into_iter().map(|told| told.answer.ok_or(Failure::Broken("a run without an answer")));
        Ok(PushReply { answers: answers.collect::<Result<_, _>>()?, refused, statements })
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

/// One item with its verdict, in the order in which it came.
type Judged = Result<(Row, Digest), Why>;

/// Checks every entry of every run, on as many threads as there are cores.
async fn check_all(standing: &Standing, runs: Vec<batch::Run>) -> Result<Vec<Checked>, Failure> {
    let mut frames = Vec::with_capacity(runs.len());
    let mut items: Vec<(u64, Place, Item)> = Vec::new();
    for run in runs {
        let place = (run.device, run.journal);
        let agency_differs = run.agency != standing.agency;
        frames.push((place, run.first, run.before, run.items.len(), agency_differs));
        items.extend((run.first..).zip(run.items).map(|(seq, item)| (seq, place, item)));
    }
    let mut workers = Vec::new();
    while !items.is_empty() {
        let rest = items.split_off(items.len().min(CHUNK));
        let chunk = std::mem::replace(&mut items, rest);
        let standing = standing.clone();
        workers.push(tokio::task::spawn_blocking(move || {
            chunk.into_iter().map(|(seq, place, item)| judge(&standing, seq, place, item)).collect::<Vec<Judged>>()
        }));
    }
    let mut judged = Vec::new();
    for worker in workers {
        judged.extend(worker.await.map_err(|_died| Failure::Broken("a checking thread"))?);
    }
    let mut judged = judged.into_iter();
    let checked = frames.into_iter().map(|(place, first, before, count, agency_differs)| {
        let root = chain::link0(&standing.agency, &place.0, &place.1);
        let mut run = Checked { place, root, first, before, rows: Vec::new(), hashes: Vec::new(), refused: None };
        for (seq, verdict) in (first..).zip(judged.by_ref().take(count)) {
            match verdict {
                _ if run.refused.is_some() => {}
                _ if agency_differs => run.refused = Some((seq, Why::UnknownDevice)),
                Ok((row, hash)) => {
                    run.rows.push(row);
                    run.hashes.push(hash);
                }
                Err(why) => run.refused = Some((seq, why)),
            }
        }
        if denied(standing, &run) {
            run.refused = Some((first, Why::Revoked));
            run.rows.clear();
            run.hashes.clear();
        }
        run
    });
    Ok(checked.collect())
}

/// Whether a run of a device that left or was lost comes by its last trusted place with another history than the roster names:
/// whoever has its key could write one (FORMATS section 5).
fn denied(standing: &Standing, run: &Checked) -> bool {
    let (device, journal) = &run.place;
    let device = standing.roster().device(device).filter(|device| !device.is_active());
    device.and_then(|device| device.cut_off(journal)).is_some_and(|cut| {
        let stretch = Stretch { first: run.first, before: run.before, hashes: run.hashes.clone() };
        chain::at_cut(&Head { seq: cut.seq, link: cut.link }, &stretch) == AtCut::Denied
    })
}

fn judge(standing: &Standing, seq: u64, place: Place, item: Item) -> Judged {
    // A hash alone proves nothing to a keeper: whoever carries must bring the entry.
    let Item::Entry(entry) = item else { return Err(Why::Malformed) };
    let header = &entry.header;
    if (header.device, header.journal, header.seq) != (place.0, place.1, seq) {
        return Err(Why::Malformed);
    }
    standing.check(&entry)?;
    let hash = entry.hash();
    Ok((standing.row(*entry), hash))
}
