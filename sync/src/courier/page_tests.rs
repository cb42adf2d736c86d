//! Pages that are asked for while the last one is verified and filed: in which order what happens, and that a road that goes ahead brings
//! home exactly what one that waits does, whatever is wrong with a page and wherever the road breaks.

use std::collections::VecDeque;

use amanat_keys::fingerprint::Digest;

use super::pass::Trip;
use super::stick::NoRoad;
use super::tests::{Agency, CARRIER};
use super::{Courier, End, pull};
use crate::batch::{Item, Run};
use crate::journal::{Journal, MemoryJournal};
use crate::specimen::Pen;
use crate::transport::{Transport, TransportError};
use crate::wire::codec;
use crate::wire::messages::PullRequest;
use crate::wire::v1::PullManifest;

/// Places of one page.
const PAGE: usize = 2;

/// A hub that serves one journal, two places a page.
struct Pages<'a> {
    pen: &'a Pen,
    goes_ahead: bool,
    /// The entry with this number comes forged.
    forged: Option<u64>,
    /// The page with this number is lost with the road, counted from 1.
    cut: Option<usize>,
    asked: usize,
    on_the_way: VecDeque<Option<Vec<u8>>>,
    told: Vec<String>,
}

impl<'a> Pages<'a> {
    fn new(pen: &'a Pen, goes_ahead: bool) -> Self {
        let (on_the_way, told) = (VecDeque::new(), Vec::new());
        Self { pen, goes_ahead, forged: None, cut: None, asked: 0, on_the_way, told }
    }

    /// The page after what the asker says it holds; nothing when the road breaks.
    fn page(&mut self, how: &str, body: &[u8]) -> Option<Vec<u8>> {
        self.asked += 1;
        let request = PullRequest::from_bytes(body).unwrap();
        let held = request.heads.iter().find(|line| line.journal == self.pen.slot.journal).map_or(0, |line| line.seq);
        self.told.push(format!("{how} above {held}"));
        let whole = self.pen.run(1, |_| true);
        let before = whole.stretch().link_at(held).unwrap();
        let from = usize::try_from(held).unwrap();
        let mut items: Vec<Item> = whole.items.iter().skip(from).take(PAGE).cloned().collect();
        let more = from + items.len() < whole.items.len();
        for (seq, item) in (held + 1..).zip(&mut items) {
            if let (true, Item::Entry(entry)) = (self.forged == Some(seq), item) {
                entry.signature[0] ^= 1;
            }
        }
        let agency = whole.agency;
        let runs = if items.is_empty() { Vec::new() } else { vec![Run { first: held + 1, before, items, ..whole }] };
        let manifest = PullManifest { agency, more, runs: Vec::new(), statements: Vec::new(), heads: Vec::new() };
        (self.cut != Some(self.asked)).then(|| codec::pull_body(manifest, &runs))
    }
}

fn cut() -> TransportError {
    TransportError::Unreachable("cut".to_owned())
}

impl Transport for Pages<'_> {
    fn push(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.push(at, body)
    }
    fn goes_ahead(&self) -> bool {
        self.goes_ahead
    }
    fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        self.told.push("heard".to_owned());
        self.on_the_way.pop_front().expect("a page is on its way").ok_or_else(cut)
    }
    fn pull(&mut self, _: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.on_the_way.clear();
        self.page("asked", body).ok_or_else(cut)
    }
    fn send_pull(&mut self, _: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        let page = self.page("asked ahead", body);
        self.on_the_way.push_back(page);
        assert!(self.on_the_way.len() == 1, "one page at a time waits on the road");
        Ok(None)
    }
    fn documents(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.documents(at, body)
    }
}

fn pulled(agency: &Agency, journal: &mut MemoryJournal, pages: &mut Pages<'_>) -> Result<u64, End> {
    let (mut courier, mut trust) = (Courier::default(), agency.trust.clone());
    let mut trip = Trip::new(&mut courier, journal, pages, agency.party(CARRIER), &mut trust);
    pull::pull(&mut trip).map(|()| trip.outcome.pulled)
}

/// Everything that a journal holds, in words that can be compared.
fn holds(journal: &MemoryJournal) -> String {
    format!("{:?} {:?}", journal.heads().unwrap(), journal.quarantined().unwrap())
}

#[test]
fn the_next_page_is_on_its_way_while_the_last_is_filed_and_never_two() {
    let agency = Agency::new();
    let pen = agency.story(7);
    let mut journal = MemoryJournal::default();
    let mut pages = Pages::new(&pen, true);
    assert_eq!(pulled(&agency, &mut journal, &mut pages).unwrap(), 7);
    let order = [
        "asked above 0",
        "asked ahead above 2",
        "heard",
        "asked ahead above 4",
        "heard",
        "asked ahead above 6",
        "heard",
    ];
    assert_eq!(pages.told, order);
}

#[test]
fn a_road_that_goes_ahead_brings_home_what_one_that_waits_does_whatever_is_wrong_with_a_page() {
    let agency = Agency::new();
    let pen = agency.story(9);
    for forged in (1..=9).map(Some).chain([None]) {
        let homes = [false, true].map(|goes_ahead| {
            let mut journal = MemoryJournal::default();
            let mut pages = Pages::new(&pen, goes_ahead);
            pages.forged = forged;
            let got = pulled(&agency, &mut journal, &mut pages).unwrap();
            (got, holds(&journal))
        });
        assert_eq!(homes[0], homes[1], "{forged:?}");
    }
}

#[test]
fn wherever_the_road_breaks_the_next_pass_goes_on_and_nothing_is_left_out_or_doubled() {
    let agency = Agency::new();
    let pen = agency.story(9);
    for broken in 1..=5 {
        let mut journal = MemoryJournal::default();
        let mut pages = Pages::new(&pen, true);
        pages.cut = Some(broken);
        let ended = pulled(&agency, &mut journal, &mut pages);
        assert!(matches!(ended, Err(End::Unreachable(_))), "{broken}: {ended:?}");
        let held = journal.heads().unwrap().first().map_or(0, |known| known.head.seq);
        // What was filed before the break is there, the page that was being filed while the next was lost among it.
        assert_eq!(held, u64::try_from((broken - 1) * PAGE).unwrap(), "{broken}");
        assert_eq!(pulled(&agency, &mut journal, &mut pages).unwrap(), 9 - held, "{broken}");
        assert_eq!(journal.heads().unwrap()[0].head.seq, 9);
        assert_eq!(journal.quarantined().unwrap(), []);
    }
}
