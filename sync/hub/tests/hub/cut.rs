//! Cut after any byte: a thousand seeded places over a real socket, half of them each way, and the next pass finishes what the cut one began.
//! Nothing is lost, nothing is there twice, the chain is whole, and hardly more goes over the road than was missing.
#![expect(clippy::print_stdout, reason = "a run says how often it cut, and what that cost")]

use std::sync::Arc;

use amanat_hub::serve::{self, Serving};
use amanat_hub::store::{HubStore as _, MemoryStore};
use amanat_keys::fingerprint::Digest;
use amanat_sync::batch::Limit;
use amanat_sync::courier::{Courier, Covers, End, Outcome, pass};
use amanat_sync::entry::SealedEntry;
use amanat_sync::http::HttpTransport;
use amanat_sync::journal::{Cursor, Journal as _, MemoryJournal};
use amanat_sync::transport::{Transport, TransportError};
use tokio::runtime::Runtime;

use super::running::road;
use super::support::*;

#[path = "../../../../tests/support/link.rs"]
#[allow(dead_code, reason = "another test leads it elsewhere")]
mod link;

pub(crate) use link::{Link, Way};

/// Cut points each way.
const POINTS: u64 = 500;
/// Cut points for one hub: it counts the requests of a device.
const TURN: u64 = 50;
/// Entries of a story, and about how many bytes each has.
const ENTRIES: u64 = 6;
const SIZE: usize = 3_500;
/// Bytes of one push: half a story.
const HALF: usize = 12_000;
/// Head of a request or an answer, and what a small body adds to it.
const HEAD: u64 = 1_200;

/// SplitMix64.
pub(crate) fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hub that serves on loopback, and the road to it.
pub(crate) struct Place {
    pub(crate) agency: Agency,
    store: Arc<MemoryStore>,
    pub(crate) link: Link,
    url: String,
    _serving: Serving,
    runtime: Runtime,
}

impl Place {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let agency = Agency::new("http://127.0.0.1:7070");
        let store = Arc::new(MemoryStore::default());
        let hub = runtime.block_on(agency.open(store.clone()));
        let serving = runtime.block_on(serve::start(hub, "127.0.0.1:0".parse().unwrap(), None)).unwrap();
        let link = Link::to(serving.address).unwrap();
        let url = format!("http://{}", link.address());
        Self { agency, store, link, url, _serving: serving, runtime }
    }

    pub(crate) fn travels(
        &self,
        actor: usize,
        journal: &mut MemoryJournal,
        courier: &mut Courier,
        road: &mut Narrow,
    ) -> Outcome {
        let mut trust = self.agency.trust.clone();
        pass(courier, journal, road, self.agency.party(actor), &mut trust)
    }

    /// Until it is done: a connection that was cut after its last answer is found dead by the next request.
    pub(crate) fn arrives(&self, actor: usize, journal: &mut MemoryJournal, courier: &mut Courier, road: &mut Narrow) {
        for _ in 0..3 {
            self.link.mend();
            let outcome = self.travels(actor, journal, courier, road);
            ended(&outcome);
            if matches!(outcome.end, End::Done) {
                return;
            }
        }
        panic!("a good road three times, and it did not come to its end");
    }

    pub(crate) fn road(&self, actor: usize) -> Narrow {
        Narrow {
            inner: road(&self.agency, actor, &self.url),
            link: self.link.clone(),
            push: HALF,
            ahead: 0,
            pages: Vec::new(),
        }
    }

    fn story(&self, actor: usize) -> (MemoryJournal, Vec<SealedEntry>) {
        let (mut officer, mut pen) = (MemoryJournal::default(), Pen::new(&self.agency, actor, 1));
        let story = told(&mut officer, &mut pen);
        (officer, story)
    }

    pub(crate) fn entries(&self) -> (u64, u64) {
        let depth = self.runtime.block_on(self.store.depth()).unwrap();
        (depth.entries, depth.evidence)
    }
}

/// Some more entries of one journal, kept.
fn told(officer: &mut MemoryJournal, pen: &mut Pen) -> Vec<SealedEntry> {
    let mut story = pen.story(1);
    let slip = story[0].header.seq;
    story.extend((1..ENTRIES).map(|n| pen.note(slip, &format!("{n}{}", "x".repeat(SIZE)))));
    keep(officer, pen, &story);
    story
}

/// A road whose pages and pushes are small, so that there are several.
pub(crate) struct Narrow {
    pub(crate) inner: HttpTransport,
    link: Link,
    /// Bytes of one push.
    pub(crate) push: usize,
    /// Pushes that left without waiting for their answer.
    ahead: u64,
    /// What had come down when each page was there.
    pages: Vec<u64>,
}

impl Transport for Narrow {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.inner.push(checkpoint, body)
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let page = self.inner.pull(checkpoint, body)?;
        self.pages.push(self.link.carried(Way::Down));
        Ok(page)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.inner.documents(checkpoint, body)
    }
    fn mark(&self) -> Option<Digest> {
        self.inner.mark()
    }
    fn room(&self) -> usize {
        1
    }
    fn push_room(&self) -> usize {
        self.push
    }
    fn goes_ahead(&self) -> bool {
        self.inner.goes_ahead()
    }
    fn send(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        let sent = self.inner.send(checkpoint, body)?;
        self.ahead += u64::from(sent.is_none());
        Ok(sent)
    }
    fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        self.inner.receive()
    }
}

pub(crate) fn done(outcome: &Outcome) {
    assert!(matches!(outcome.end, End::Done) && outcome.trouble.is_empty(), "{outcome:?}");
}

pub(crate) fn ended(outcome: &Outcome) {
    assert!(matches!(outcome.end, End::Done | End::Unreachable(_)) && outcome.trouble.is_empty(), "{outcome:?}");
}

#[test]
fn a_push_may_be_cut_after_any_byte() {
    let (mut cut, mut ahead, mut whole, mut again, mut clean) = (0, 0, 0, 0, 0);
    for turn in 0..POINTS / TURN {
        let place = Place::new();
        let up = || place.link.carried(Way::Up);
        let mut officers: Vec<(MemoryJournal, Pen)> =
            (0..3).map(|actor| (MemoryJournal::default(), Pen::new(&place.agency, actor, 1))).collect();
        // What it costs when nothing is cut.
        let (officer, pen) = &mut officers[0];
        told(officer, pen);
        done(&place.travels(0, officer, &mut Courier::default(), &mut place.road(0)));
        let costs = up();
        for point in 0..TURN {
            let actor = usize::try_from(point % 3).unwrap();
            let (officer, pen) = &mut officers[actor];
            told(officer, pen);
            let kept = pen.slot.seq - 1;
            let (mut courier, mut road, before) = (Courier::default(), place.road(actor), up());
            let (held, _) = place.entries();
            place.link.cut_after(Way::Up, 1 + mixed(turn * TURN + point) % costs);
            let outcome = place.travels(actor, officer, &mut courier, &mut road);
            ended(&outcome);
            cut += u64::from(!matches!(outcome.end, End::Done));
            let status = officer.status(&place.agency.hub.id).unwrap();
            let early = status.own[0].received > kept - ENTRIES + place.entries().0 - held;
            assert!(!early, "received before it was there");
            let (here, middle) = (up(), before);
            place.arrives(actor, officer, &mut courier, &mut road);
            let status = officer.status(&place.agency.hub.id).unwrap();
            assert_eq!((status.own[0].received, status.waiting()), (kept, 0));
            assert_eq!(place.entries(), (held + ENTRIES, 0), "nothing twice, no evidence of a fork");
            assert_eq!(status.own[0].received_link, Some(status.own[0].kept.link), "one chain");
            // A request for a nonce, the question where the hub is, and the entries that had not arrived: never more than everything
            // once more.
            assert!(up() - here <= costs + 4 * HEAD, "{} after a cut of {}", up() - here, here - middle);
            whole += up() - middle;
            again += up() - here;
            clean += costs;
            ahead += road.ahead;
        }
    }
    println!(
        "push: {cut} of {POINTS} passes cut, {ahead} pushes left before the last was answered; {whole} bytes up in all, {again} after the cut; {clean} without any"
    );
    assert!(cut > POINTS * 9 / 10, "almost every one of them was cut: {cut}");
    assert!(ahead > POINTS, "one push left before the last was answered: {ahead}");
    assert!(whole < clean * 7 / 5, "what had arrived was sent once more: {whole} of {clean}");
}

#[test]
fn a_pull_may_be_cut_after_any_byte_and_between_pages() {
    let (mut cut, mut between, mut whole, mut clean) = (0, 0, 0, 0);
    for turn in 0..POINTS / TURN {
        let place = Place::new();
        let down = || place.link.carried(Way::Down);
        let stories = [0, 1, 2].map(|actor| {
            let (mut officer, story) = place.story(actor);
            done(&place.travels(actor, &mut officer, &mut Courier::default(), &mut place.road(actor)));
            story
        });
        let all: usize = stories.iter().map(Vec::len).sum();
        let start = down();
        let mut unhurt = place.road(3);
        done(&place.travels(3, &mut MemoryJournal::default(), &mut Courier::default(), &mut unhurt));
        let costs = down() - start;
        let pages: Vec<u64> = unhurt.pages.iter().map(|page| page - start).collect();
        assert!(pages.len() > 3, "{pages:?}");
        for point in 0..TURN {
            let mut reader = MemoryJournal::default();
            let (mut courier, mut road, before) = (Courier::default(), place.road(3), down());
            // Some of them where a page ends.
            let at = match usize::try_from(point).ok().and_then(|point| pages.get(point)) {
                Some(page) => *page,
                None => 1 + mixed(turn * TURN + point) % costs,
            };
            place.link.cut_after(Way::Down, at);
            let outcome = place.travels(3, &mut reader, &mut courier, &mut road);
            ended(&outcome);
            cut += u64::from(!matches!(outcome.end, End::Done));
            between += u64::from(!matches!(outcome.end, End::Done) && pages.contains(&at));
            // What was filed before the cut is whole pages, each verified.
            let filed = entries(&reader);
            assert_eq!(
                filed,
                filed.iter().filter(|entry| stories.concat().contains(entry)).cloned().collect::<Vec<_>>()
            );
            // The hub's time is that of what is here once the last page is, and not before.
            assert_eq!(outcome.covers == Covers::All, filed.len() == all && outcome.hub_time.is_some(), "{outcome:?}");
            assert!(outcome.covers == Covers::All || !matches!(outcome.end, End::Done));
            let here = down();
            place.arrives(3, &mut reader, &mut courier, &mut road);
            let mut held = entries(&reader);
            held.sort_by_key(|entry| (entry.header.device, entry.header.seq));
            let mut told = stories.concat();
            told.sort_by_key(|entry| (entry.header.device, entry.header.seq));
            assert!(held == told && held.len() == all, "everything once, in one chain each");
            assert!(down() - here <= costs + HEAD, "{} again, {costs} in all, cut at {at}", down() - here);
            whole += down() - before;
            clean += costs;
        }
    }
    println!(
        "pull: {cut} of {POINTS} passes cut, {between} of them where a page ends; {whole} bytes down, {clean} without any"
    );
    assert!(cut > POINTS * 9 / 10 && between > 20, "{cut} {between}");
    // A page is lost with its last byte, and no more than that.
    assert!(whole < clean * 3 / 2, "{whole} of {clean}");
}

fn entries(journal: &MemoryJournal) -> Vec<SealedEntry> {
    let page = journal.entries_after(Cursor::START, Limit::BODY).unwrap();
    assert!(page.damaged.is_empty() && page.elided == 0 && page.next.is_none());
    page.entries
}
