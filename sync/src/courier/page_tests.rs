//! Pages that are asked for while the last one is verified and filed: in which order what happens, and that a road that goes ahead brings
//! home everything that can be had in one pass, whatever is wrong with a page, and that it ends whatever a hub invents.

use std::collections::VecDeque;

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, Digest, JournalId};

use super::pass::Trip;
use super::stick::NoRoad;
use super::tests::{Agency, CARRIER, OFFICER};
use super::{Courier, End, Trouble, pull};
use crate::batch::{Item, Run, Why};
use crate::journal::{Journal, Keep, Line, MemoryJournal, State};
use crate::road::{Road, damaged_at};
use crate::specimen::Pen;
use crate::transport::{Transport, TransportError};
use crate::wire::codec;
use crate::wire::limits::{MAX_ASIDE, MAX_VAIN_PAGES};
use crate::wire::messages::PullRequest;
use crate::wire::v1::PullManifest;

/// Places of one page.
const PAGE: usize = 2;

/// A hub that serves some journals one after the other, two places a page.
struct Pages<'a> {
    pens: Vec<&'a Pen>,
    goes_ahead: bool,
    /// The entry with this number of the first journal comes forged.
    forged: Option<u64>,
    /// Where a journal comes as bare hashes from a number on.
    bare: Option<(JournalId, u64)>,
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
    fn new(pens: &[&'a Pen], goes_ahead: bool) -> Self {
        let (pens, on_the_way, told) = (pens.to_vec(), VecDeque::new(), Vec::new());
        Self {
            pens,
            goes_ahead,
            forged: None,
            bare: None,
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
        let first = self.pens[0].slot.journal;
        let upto = |pen: &Pen| pen.written.len().min(if pen.slot.journal == first { self.upto } else { usize::MAX });
        let last = |pen: &Pen| u64::try_from(upto(pen)).unwrap();
        let held = |pen: &Pen| {
            let line = request.heads.iter().find(|line| line.journal == pen.slot.journal);
            line.map_or(0, |line| line.seq.min(last(pen)))
        };
        self.told.push(format!("{how} above {}", held(self.pens[0])));
        let (mut runs, mut left) = (Vec::new(), PAGE);
        let behind = self.pens.iter().map(|pen| last(pen) - held(pen)).sum::<u64>();
        for pen in &self.pens {
            let from = held(pen) + 1;
            let bare = self.bare.filter(|(journal, _)| *journal == pen.slot.journal).map_or(u64::MAX, |(_, from)| from);
            let mut run = pen.run(from, |seq| seq < bare);
            run.items.truncate(left.min(upto(pen) - usize::try_from(held(pen)).unwrap()));
            left -= run.items.len();
            for (seq, item) in (from..).zip(&mut run.items) {
                if let (true, Item::Entry(entry)) = (self.forged == Some(seq) && pen.slot.journal == first, item) {
                    entry.signature[0] ^= 1;
                }
            }
            runs.extend(Some(run).filter(|run| !run.items.is_empty()));
        }
        let more = behind > u64::try_from(PAGE - left).unwrap();
        let agency = self.pens[0].slot.agency;
        self.served += PAGE - left;
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

#[test]
fn the_next_page_is_on_its_way_while_the_last_is_filed_and_never_two() {
    let agency = Agency::new();
    let pen = agency.story(7);
    let mut journal = MemoryJournal::default();
    let mut pages = Pages::new(&[&pen], true);
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

/// How far each of these journals is held.
fn held(journal: &MemoryJournal, pens: &[&Pen]) -> Vec<u64> {
    let heads = journal.heads().unwrap();
    let head =
        |pen: &&Pen| heads.iter().find(|known| known.journal == pen.slot.journal).map_or(0, |known| known.head.seq);
    pens.iter().map(head).collect()
}

/// The reasons for which something was set aside, each once.
fn reasons(journal: &MemoryJournal) -> Vec<Why> {
    let mut reasons: Vec<Why> = journal.quarantined().unwrap().into_iter().map(|aside| aside.why).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

#[test]
fn whatever_is_wrong_with_a_page_everything_but_what_stands_behind_it_arrives_in_one_pass() {
    let agency = Agency::new();
    let (pen, mut behind) = (agency.story(9), agency.pen(OFFICER, 2));
    behind.story(1, 5);
    for forged in (1..=9).map(Some).chain([None]) {
        for goes_ahead in [false, true] {
            let mut journal = MemoryJournal::default();
            let mut pages = Pages::new(&[&pen, &behind], goes_ahead);
            pages.forged = forged;
            pulled(&agency, &mut journal, &mut pages).unwrap();
            // Nothing vouches for the last of all: the journal ends before it.
            let head = if forged == Some(9) { 8 } else { 9 };
            assert_eq!(held(&journal, &[&pen, &behind]), [head, 6], "{forged:?}");
            let aside = if forged.is_some() { vec![Why::BadSignature] } else { Vec::new() };
            assert_eq!(reasons(&journal), aside, "{forged:?}");
        }
    }
}

#[test]
fn a_journal_whose_first_pages_are_refused_holds_up_no_journal_behind_it() {
    let agency = Agency::new();
    // The first entry names a roster that those after it do not come up to: more than two pages of it.
    let (mut fallen, mut behind) = (agency.pen(OFFICER, 1), agency.pen(OFFICER, 2));
    fallen.roster = 5;
    fallen.slip(1, 2);
    fallen.roster = 4;
    (0..6).for_each(|n| drop(fallen.content(1, 1, &[n; 40])));
    behind.story(1, 5);
    for goes_ahead in [false, true] {
        let mut journal = MemoryJournal::default();
        let mut pages = Pages::new(&[&fallen, &behind], goes_ahead);
        assert_eq!(pulled(&agency, &mut journal, &mut pages).unwrap(), 7, "the first entry, and all six behind");
        assert_eq!(held(&journal, &[&fallen, &behind]), [1, 6]);
        assert_eq!(reasons(&journal), [Why::RosterFell]);
    }
}

#[test]
fn a_journal_of_which_every_page_is_refused_uses_up_nothing_of_those_behind_it() {
    let agency = Agency::new();
    let (mut fallen, mut behind) = (agency.pen(OFFICER, 1), agency.pen(OFFICER, 2));
    for version in [5].into_iter().chain([4, 3].into_iter().cycle().take(59)) {
        fallen.roster = version;
        fallen.slip(1, 2);
    }
    behind.story(1, 5);
    let mut journal = MemoryJournal::default();
    let mut pages = Pages::new(&[&fallen, &behind], false);
    assert_eq!(pulled(&agency, &mut journal, &mut pages).unwrap(), 7);
    assert_eq!(held(&journal, &[&fallen, &behind]), [1, 6]);
    assert_eq!(journal.quarantined().unwrap().len(), 8, "what was refused of the pages that were looked at");
    assert!(pages.asked < 15, "{}", pages.asked);
}

#[test]
fn a_journal_that_forked_and_is_longer_than_a_page_holds_up_no_journal_behind_it() {
    let agency = Agency::new();
    // One history came by stick, and the hub was given another.
    let (given, mut other, mut behind) = (agency.story(3), agency.pen(OFFICER, 1), agency.pen(OFFICER, 2));
    other.story(2, 6);
    behind.story(1, 5);
    for goes_ahead in [false, true] {
        let mut journal = agency.carrier(&given, 3);
        let mut pages = Pages::new(&[&other, &behind], goes_ahead);
        assert_eq!(pulled(&agency, &mut journal, &mut pages).unwrap(), 6, "all six behind");
        assert_eq!(held(&journal, &[&other, &behind]), [3, 6]);
        assert_eq!(reasons(&journal), [Why::Fork], "and what parts from ours is evidence");
    }
}

#[test]
fn bare_hashes_of_an_own_journal_add_nothing_to_it_and_hold_up_nothing_behind_it() {
    let agency = Agency::new();
    let (mut own, mut behind) = (agency.pen(CARRIER, 1), agency.pen(OFFICER, 2));
    own.story(1, 3);
    behind.story(1, 5);
    let begun = || {
        let mut journal = MemoryJournal::default();
        journal.begin(&own.new_journal(Line::Cases, None)).unwrap();
        journal.append(&Keep { entries: own.written[..1].to_vec(), ..Keep::default() }).unwrap();
        journal
    };
    // From which number on, and how far the journal then goes: only as far as this device itself has signed.
    for (bare, upto) in [(2, 1), (3, 2), (4, 3)] {
        let mut journal = begun();
        let mut pages = Pages::new(&[&own, &behind], false);
        pages.bare = Some((own.slot.journal, bare));
        assert_eq!(pulled(&agency, &mut journal, &mut pages).unwrap(), 6, "{bare}");
        assert_eq!(held(&journal, &[&own, &behind]), [upto, 6], "{bare}");
        let open = journal
            .heads()
            .unwrap()
            .iter()
            .any(|known| known.journal == own.slot.journal && known.state == State::Open);
        assert_eq!(open, upto == 1, "what nobody signed closes nothing");
    }
}

/// A hub without any key, which invents devices as long as it is asked, and says each time that there is more.
struct Inventor {
    agency: AgencyId,
    asked: u64,
    /// What it gives of each of them.
    bare: bool,
}

/// Devices on each of its pages.
const INVENTED: u64 = 2;

impl Transport for Inventor {
    fn push(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.push(at, body)
    }
    fn pull(&mut self, _: &Digest, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.asked += 1;
        let run = |n: u64| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&(self.asked * INVENTED + n).to_be_bytes());
            let mut pen = Pen::signing(Signer::from_seed(&seed).unwrap(), 1, self.agency);
            pen.slip(1, 2);
            pen.run(1, |_| !self.bare)
        };
        let runs: Vec<Run> = (0..INVENTED).map(run).collect();
        let agency = self.agency;
        let manifest = PullManifest { agency, more: true, runs: Vec::new(), statements: Vec::new(), heads: Vec::new() };
        Ok(codec::pull_body(manifest, &runs))
    }
    fn documents(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.documents(at, body)
    }
}

#[test]
fn a_hub_that_invents_entries_without_end_is_left_and_cannot_fill_the_disk() {
    let agency = Agency::new();
    for bare in [false, true] {
        let (mut courier, mut trust) = (Courier::default(), agency.trust.clone());
        let mut journal = MemoryJournal::default();
        let mut road = Inventor { agency: trust.agency(), asked: 0, bare };
        let mut trip = Trip::new(&mut courier, &mut journal, &mut road, agency.party(CARRIER), &mut trust);
        pull::pull(&mut trip).unwrap();
        let (trouble, set_aside) = (std::mem::take(&mut trip.outcome.trouble), trip.outcome.set_aside);
        assert!(trouble.contains(&Trouble::InVain), "{trouble:?}");
        assert_eq!(road.asked, MAX_VAIN_PAGES);
        assert_eq!(journal.heads().unwrap(), [], "nothing of a device that nobody lists");
        let aside = u64::try_from(journal.quarantined().unwrap().len()).unwrap();
        assert_eq!(trouble.contains(&Trouble::AsideFull), !bare);
        assert_eq!((set_aside, aside), if bare { (0, 0) } else { (MAX_VAIN_PAGES * INVENTED, MAX_ASIDE / 2) });
    }
}

#[test]
fn wherever_the_road_breaks_the_next_pass_goes_on_and_nothing_is_left_out_or_doubled() {
    let agency = Agency::new();
    let pen = agency.story(9);
    for (broken, asking) in (1..=5).flat_map(|broken| [(broken, false), (broken, true)]) {
        let mut journal = MemoryJournal::default();
        let mut pages = Pages::new(&[&pen], true);
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
        let mut pages = Pages::new(&[&pen], goes_ahead);
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
fn what_was_set_aside_and_not_noted_when_the_program_was_killed_is_asked_for_by_the_next_one() {
    let agency = Agency::new();
    let pen = agency.story(5);
    let (mut journal, mut pages) = (MemoryJournal::default(), Pages::new(&[&pen], false));
    pages.forged = Some(3);
    pulled(&agency, &mut journal, &mut pages).unwrap();
    let noted = |journal: &MemoryJournal| Road::carrying(journal).unwrap().damaged;
    assert_eq!(noted(&journal), [pen.at(3)]);
    // As a kill between the two leaves it: the entry set aside, and nobody who asks for it.
    journal.shelve(&[], &[damaged_at(&pen.at(3))]).unwrap();
    pulled(&agency, &mut journal, &mut pages).unwrap();
    assert_eq!(noted(&journal), [pen.at(3)]);
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
    let mut pages = Pages::new(&[&theirs], true);
    after_a_fork(&agency, &mut courier(), &mut journal, &mut pages);
    let aside = journal.quarantined().unwrap();
    assert!(aside.iter().all(|bad| bad.why == Why::Fork) && aside.len() == 3, "{aside:?}");
    for _ in 0..2 {
        pages.served = 0;
        after_a_fork(&agency, &mut courier(), &mut journal, &mut pages);
        assert_eq!(pages.served, 0, "it is here");
    }
}
