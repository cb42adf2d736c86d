//! Pages that are asked for while the last one is verified and filed: in which order what happens, and that a road that goes ahead brings
//! home exactly what one that waits does, whatever is wrong with a page and wherever the road breaks.

use std::collections::VecDeque;

use amanat_keys::fingerprint::{Digest, JournalId};

use super::pass::Trip;
use super::stick::NoRoad;
use super::tests::{Agency, CARRIER, OFFICER};
use super::{Courier, End, pull};
use crate::batch::{Item, Run, Why};
use crate::journal::{Journal, Keep, Line, MemoryJournal};
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
    /// What stands behind this number has not been written yet.
    upto: usize,
    /// The page with this number is lost with the road, counted from 1.
    cut: Option<usize>,
    /// Whether the road breaks with the question for it, and not with the answer.
    asking: bool,
    asked: usize,
    /// Places that were given.
    served: usize,
    on_the_way: VecDeque<Option<Vec<u8>>>,
    told: Vec<String>,
}

impl<'a> Pages<'a> {
    fn new(pen: &'a Pen, goes_ahead: bool) -> Self {
        let (on_the_way, told) = (VecDeque::new(), Vec::new());
        Self {
            pen,
            goes_ahead,
            forged: None,
            upto: usize::MAX,
            cut: None,
            asking: false,
            asked: 0,
            served: 0,
            on_the_way,
            told,
        }
    }

    /// The page after what the asker says it holds; nothing when the road breaks.
    fn page(&mut self, how: &str, body: &[u8]) -> Option<Vec<u8>> {
        self.asked += 1;
        let request = PullRequest::from_bytes(body).unwrap();
        let last = u64::try_from(self.pen.written.len()).unwrap();
        let held = request
            .heads
            .iter()
            .find(|line| line.journal == self.pen.slot.journal)
            .map_or(0, |line| line.seq.min(last));
        self.told.push(format!("{how} above {held}"));
        let mut whole = self.pen.run(1, |_| true);
        whole.items.truncate(self.upto);
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
        self.served += items.len();
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
        if page.is_none() && self.asking {
            return Err(cut());
        }
        self.on_the_way.push_back(page);
        assert!(self.on_the_way.len() == 1, "one page at a time waits on the road");
        Ok(None)
    }
    fn documents(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.documents(at, body)
    }
}

fn pulled(agency: &Agency, journal: &mut MemoryJournal, pages: &mut Pages<'_>) -> Result<u64, End> {
    pulled_by(&mut Courier::default(), agency, journal, pages)
}

fn pulled_by(
    courier: &mut Courier,
    agency: &Agency,
    journal: &mut MemoryJournal,
    pages: &mut Pages<'_>,
) -> Result<u64, End> {
    let mut trust = agency.trust.clone();
    let mut trip = Trip::new(courier, journal, pages, agency.party(CARRIER), &mut trust);
    pull::pull(&mut trip).map(|()| trip.outcome.pulled)
}

/// An officer pulls whose own journal forked in a pass that broke before the other history had come.
fn after_a_fork(agency: &Agency, courier: &mut Courier, journal: &mut MemoryJournal, pages: &mut Pages<'_>) {
    let mut trust = agency.trust.clone();
    let mut trip = Trip::new(courier, journal, pages, agency.party(OFFICER), &mut trust);
    pull::pull(&mut trip).unwrap();
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
            let last = journal.heads().unwrap()[0].head.seq;
            assert_eq!(
                last,
                if forged == Some(9) { 8 } else { 9 },
                "{forged:?}: a damaged one holds up nothing behind it"
            );
            (got, holds(&journal))
        });
        assert_eq!(homes[0], homes[1], "{forged:?}");
    }
}

#[test]
fn wherever_the_road_breaks_the_next_pass_goes_on_and_nothing_is_left_out_or_doubled() {
    let agency = Agency::new();
    let pen = agency.story(9);
    for (broken, asking) in (1..=5).flat_map(|broken| [(broken, false), (broken, true)]) {
        let mut journal = MemoryJournal::default();
        let mut pages = Pages::new(&pen, true);
        (pages.cut, pages.asking) = (Some(broken), asking);
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

#[test]
fn a_damaged_newest_entry_is_asked_for_ever_more_rarely_and_holds_up_nothing_that_follows_it() {
    let agency = Agency::new();
    let pen = agency.story(7);
    for goes_ahead in [false, true] {
        let (mut journal, mut courier) = (MemoryJournal::default(), Courier::default());
        let mut pages = Pages::new(&pen, goes_ahead);
        (pages.forged, pages.upto) = (Some(5), 5);
        let mut pass = |pages: &mut Pages<'_>| pulled_by(&mut courier, &agency, &mut journal, pages).unwrap();
        assert_eq!(pass(&mut pages), 4);
        pages.served = 0;
        let came: Vec<usize> = (0..20).map(|_| (pass(&mut pages), std::mem::take(&mut pages.served)).1).collect();
        let asked: Vec<usize> = (0..20).filter(|pass| came[*pass] > 0).collect();
        assert_eq!(asked, [0, 2, 6, 14], "after 1, 3 and 7 passes without asking");
        // Two more are written: they come with the very next pass, and vouch for the place of the damaged one.
        pages.upto = 7;
        assert_eq!(pass(&mut pages), 2);
        assert_eq!(journal.heads().unwrap()[0].head.seq, 7);
        assert_eq!(journal.quarantined().unwrap().len(), 1);
    }
}

#[test]
fn the_other_history_of_an_own_journal_is_fetched_by_the_pass_after_the_one_that_broke_and_by_no_later_one() {
    let agency = Agency::new();
    let (ours, theirs) = (agency.story(3), agency.story(1));
    let mut theirs = theirs;
    (0..3).for_each(|n| drop(theirs.content(1, 1, &[n, 99, 99])));
    let mut journal = MemoryJournal::default();
    journal.begin(&ours.new_journal(Line::Cases, None)).unwrap();
    journal.append(&Keep { entries: ours.written.clone(), ..Keep::default() }).unwrap();
    // The receipt told of the fork, and then the road broke.
    let word = agency.receipt(&theirs, 1, 3);
    let filed = journal.file_receipt(&agency.filing(vec![word], agency.checkpoint(1, 1, Digest::ZERO), 1)).unwrap();
    assert_eq!(filed.forked.len(), 1);
    let courier = || Courier::naming(|| JournalId::from_bytes([CARRIER; 16]));
    let mut pages = Pages::new(&theirs, true);
    after_a_fork(&agency, &mut courier(), &mut journal, &mut pages);
    let aside = journal.quarantined().unwrap();
    assert!(aside.iter().all(|bad| bad.why == Why::Fork) && aside.len() == 3, "{aside:?}");
    for _ in 0..2 {
        pages.served = 0;
        after_a_fork(&agency, &mut courier(), &mut journal, &mut pages);
        assert_eq!(pages.served, 0, "it is here");
    }
}
