//! The hub's one decision: entries in, verdicts and signed receipts out.
//!
//! Every entry is checked by itself, in parallel, before the store sees it; then one transaction judges the runs by the law
//! of the chain and keeps what is new; then one checkpoint covers the new heads; then each journal gets its receipt. An
//! entry that fails its check cuts its run there: what stands before it is kept, and the other runs go on.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::Digest;
use amanat_keys::statement::Purpose;
use amanat_sync::batch::{self, Item, Why};
use amanat_sync::chain::{self, AtCut, Head, Stretch, Verdict};
use amanat_sync::receipt::Receipt;
use amanat_sync::wire::messages::{PushReply, RunAnswer};

use crate::Hub;
use crate::api::reply::Failure;
use crate::keeper::{Newest, signed};
use crate::standing::Standing;
use crate::store::{Accepted, Place, Row, Run};

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

/// Judges, keeps and receipts what a push brought.
pub(crate) async fn accept(hub: &Hub, standing: Standing, runs: Vec<batch::Run>) -> Result<PushReply, Failure> {
    let checked = check_all(&standing, runs).await?;
    let refused: Vec<(u64, u64, u64)> =
        (0_u64..).zip(&checked).filter_map(|(run, c)| c.refused.map(|(seq, why)| (run, seq, why.number()))).collect();
    let reasons: Vec<Option<Why>> = checked.iter().map(|c| c.refused.map(|(_, why)| why)).collect();
    let offered: Vec<bool> = checked.iter().map(|c| !c.rows.is_empty()).collect();
    let erasures = checked.iter().flat_map(|c| &c.rows).any(|row| row.stands_in.is_some_and(|it| it.erases));
    let runs = checked.into_iter().map(|c| Run {
        place: c.place,
        root: c.root,
        stretch: Stretch { first: c.first, before: c.before, hashes: c.hashes },
        rows: c.rows,
    });
    let accepted = hub.store.accept(runs.collect()).await?;
    if erasures {
        hub.settle().await?;
    }
    let now = hub.now_ms();
    let heads: BTreeMap<Place, &Accepted> = accepted.iter().map(|a| (a.place, a)).collect();
    let moved: Vec<(Place, Head)> = heads.values().filter(|a| a.head.seq > 0).map(|a| (a.place, a.head)).collect();
    let newest = hub.keeper.cover(&*hub.store, &moved, now).await?;
    let mut statements: Vec<Vec<u8>> =
        heads.values().filter(|a| a.head.seq > 0).map(|a| receipt(hub, &standing, a, &newest, now)).collect();
    statements.push(newest.statement);
    let answers =
        accepted.iter().zip(offered).zip(reasons).map(|((a, offered), why)| answer(a, offered, why)).collect();
    Ok(PushReply { answers, refused, statements })
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
pub(crate) fn receipt(hub: &Hub, standing: &Standing, held: &Accepted, newest: &Newest, now_ms: u64) -> Vec<u8> {
    let receipt = Receipt {
        agency: standing.agency,
        hub: hub.id,
        hub_key: hub.signer.key_id(),
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
    signed(Purpose::Receipt, receipt.encode(), &standing.agency, &hub.signer)
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
