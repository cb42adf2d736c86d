//! Every entry of a push checked by itself, in parallel, before the store sees it.

use std::collections::VecDeque;

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::batch::{self, Item, Why};
use amanat_sync::chain::{self, AtCut, Head, Stretch};
use tokio::task::JoinHandle;

use crate::api::reply::Failure;
use crate::standing::Standing;
use crate::store::{Place, Row};

/// Entries that one worker checks at a time: a millisecond or two of signatures.
const CHUNK: usize = 32;

/// A run after its entries were checked: what may go to the store, and where and why it ends early.
pub(crate) struct Checked {
    /// The run's number in its push.
    pub(crate) index: usize,
    pub(crate) place: Place,
    pub(crate) root: Digest,
    pub(crate) first: u64,
    pub(crate) before: Digest,
    pub(crate) rows: Vec<Row>,
    pub(crate) hashes: Vec<Digest>,
    pub(crate) refused: Option<(u64, Why)>,
}

/// A run without its entries.
struct Frame {
    index: usize,
    place: Place,
    first: u64,
    before: Digest,
    items: usize,
    agency_differs: bool,
}

/// One item with its verdict, in the order in which it came.
type Judged = Result<(Row, Digest), Why>;

/// A piece that is being checked, on as many threads as there are cores; it goes on whether it is waited for or not.
pub(crate) struct Checking {
    standing: Standing,
    frames: Vec<Frame>,
    workers: VecDeque<JoinHandle<Vec<Judged>>>,
    judged: Vec<Judged>,
}

impl Checking {
    /// Begins to check every entry of these runs, each with its number in the push that this device brings.
    pub(crate) fn begin(standing: &Standing, from: DeviceId, runs: Vec<(usize, batch::Run)>) -> Self {
        let mut frames = Vec::with_capacity(runs.len());
        let mut items: Vec<(u64, Place, Item)> = Vec::new();
        for (index, run) in runs {
            let place = (run.device, run.journal);
            let agency_differs = run.agency != standing.agency;
            frames.push(Frame {
                index,
                place,
                first: run.first,
                before: run.before,
                items: run.items.len(),
                agency_differs,
            });
            items.extend((run.first..).zip(run.items).map(|(seq, item)| (seq, place, item)));
        }
        let mut workers = VecDeque::new();
        while !items.is_empty() {
            let rest = items.split_off(items.len().min(CHUNK));
            let chunk = std::mem::replace(&mut items, rest);
            let standing = standing.clone();
            workers.push_back(tokio::task::spawn_blocking(move || {
                chunk
                    .into_iter()
                    .map(|(seq, place, item)| judge(&standing, from, seq, place, item))
                    .collect::<Vec<Judged>>()
            }));
        }
        Self { standing: standing.clone(), frames, workers, judged: Vec::new() }
    }

    /// Waits until all are checked. Whoever stops waiting loses nothing and may wait again.
    ///
    /// # Errors
    /// [`Failure::Broken`] when a thread died.
    pub(crate) async fn end(&mut self) -> Result<Vec<Checked>, Failure> {
        while let Some(worker) = self.workers.front_mut() {
            let part = worker.await.map_err(|_died| Failure::Broken("a checking thread"))?;
            self.workers.pop_front();
            self.judged.extend(part);
        }
        let mut judged = std::mem::take(&mut self.judged).into_iter();
        let frames = std::mem::take(&mut self.frames).into_iter();
        Ok(frames.map(|frame| assemble(&self.standing, &frame, &mut judged)).collect())
    }
}

/// A run as far as its entries hold.
fn assemble(standing: &Standing, frame: &Frame, judged: &mut impl Iterator<Item = Judged>) -> Checked {
    let Frame { index, place, first, before, items, agency_differs } = *frame;
    let root = chain::link0(&standing.agency, &place.0, &place.1);
    let mut run = Checked { index, place, root, first, before, rows: Vec::new(), hashes: Vec::new(), refused: None };
    for (seq, verdict) in (first..).zip(judged.take(items)) {
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

fn judge(standing: &Standing, from: DeviceId, seq: u64, place: Place, item: Item) -> Judged {
    // A hash alone proves nothing to a keeper: whoever carries must bring the entry.
    let Item::Entry(entry) = item else { return Err(Why::Malformed) };
    let header = &entry.header;
    if (header.device, header.journal, header.seq) != (place.0, place.1, seq) {
        return Err(Why::Malformed);
    }
    standing.check(&entry)?;
    let hash = entry.hash();
    // Its author no longer has the content, by right, and says so; of anybody else the author is still to be asked.
    let let_go = entry.envelope.is_none() && from == place.0;
    let mut row = standing.row(*entry);
    if let_go {
        row.envelope = Some(Vec::new());
    }
    Ok((row, hash))
}
