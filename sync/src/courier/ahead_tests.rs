//! Pushes that leave before the last is answered, on a road that goes ahead: in which order what happens, and what it comes to when the
//! hub says no, when the road breaks between them, and when they arrive out of turn.

use std::collections::VecDeque;

use amanat_keys::fingerprint::{Digest, JournalId};

use super::pass::Trip;
use super::stick::NoRoad;
use super::tests::{Agency, CARRIER, OFFICER, id};
use super::{Courier, End, Trouble, push};
use crate::batch::Why;
use crate::cbor::count;
use crate::journal::{Journal, Keep, Line, MemoryJournal};
use crate::specimen::Pen;
use crate::transport::{Transport, TransportError};
use crate::wire::codec;
use crate::wire::messages::{PushReply, RunAnswer};

/// A hub that takes one journal, and the road to it, on which two pushes can be at once.
struct Shore<'a> {
    agency: &'a Agency,
    pen: &'a Pen,
    /// The last number that it holds.
    has: u64,
    /// An entry that it will not take.
    spoilt: Option<u64>,
    /// The push with this number is judged as if those before it had not come yet.
    hasty: Option<usize>,
    /// The answer to the push with this number is lost, and whatever is on its way behind it.
    cut: Option<usize>,
    pushes: usize,
    answers: VecDeque<(usize, String, Vec<u8>)>,
    told: Vec<String>,
    /// Items that came although they were held.
    twice: u64,
}

impl<'a> Shore<'a> {
    fn new(agency: &'a Agency, pen: &'a Pen) -> Self {
        let (answers, told) = (VecDeque::new(), Vec::new());
        Self { agency, pen, has: 0, spoilt: None, hasty: None, cut: None, pushes: 0, answers, told, twice: 0 }
    }

    fn link(&self, seq: u64) -> Digest {
        self.pen.run(1, |_| true).stretch().link_at(seq).unwrap()
    }

    fn judge(&mut self, body: &[u8]) -> (String, Vec<u8>) {
        let (_, runs, whole) = codec::read_push(body).unwrap();
        let [run] = &runs[..] else { panic!("one run each") };
        assert!(whole);
        let name = if run.items.is_empty() { format!("{}?", run.first) } else { run.first.to_string() };
        let hasty = self.hasty == Some(self.pushes);
        let has = if hasty { 0 } else { self.has };
        let (answer, refused) = if run.first > has + 1 {
            (RunAnswer::Gap(has, self.link(has)), None)
        } else {
            let last = self.spoilt.map_or(run.last(), |spoilt| run.last().min(spoilt - 1));
            self.twice += count((run.first..=run.last()).filter(|seq| *seq <= has).count());
            self.has = last.max(has);
            let spoilt = self.spoilt.filter(|seq| (run.first..=run.last()).contains(seq));
            (RunAnswer::Accepted(self.has, self.link(self.has)), spoilt)
        };
        let statements = if self.has == 0 {
            Vec::new()
        } else {
            let checkpoint = self.agency.checkpoint(1, 1, Digest::ZERO).1;
            vec![self.agency.receipt(self.pen, 1, self.has).1, checkpoint]
        };
        let refused = refused.map(|seq| (0, seq, Why::BadSignature.number())).into_iter().collect();
        (name, PushReply { answers: vec![answer], refused, statements }.to_bytes())
    }
}

impl Transport for Shore<'_> {
    fn push(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.send(at, body)?;
        self.receive()
    }
    fn send(&mut self, _: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        self.pushes += 1;
        // What is behind a cut never arrives.
        let lost = self.answers.iter().any(|(number, ..)| Some(*number) == self.cut);
        let (name, answer) = if lost { ("lost".to_owned(), Vec::new()) } else { self.judge(body) };
        self.told.push(format!("{name} leaves"));
        self.answers.push_back((self.pushes, name, answer));
        Ok(None)
    }
    fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        let (number, name, answer) = self.answers.pop_front().expect("something is on its way");
        if self.cut == Some(number) {
            self.answers.clear();
            self.told.push("cut".to_owned());
            return Err(TransportError::Unreachable("cut".to_owned()));
        }
        self.told.push(format!("{name} is heard"));
        Ok(answer)
    }
    fn goes_ahead(&self) -> bool {
        true
    }
    fn push_room(&self) -> usize {
        1
    }
    fn pull(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.pull(at, body)
    }
    fn documents(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.documents(at, body)
    }
}

/// A slip and some entries, each worth asking before it is sent, and the journal that holds them.
fn written(agency: &Agency) -> (Pen, MemoryJournal) {
    let mut pen = agency.story(1);
    (0..5).for_each(|n| drop(pen.content(1, 1, &vec![n; 9_000])));
    let mut journal = MemoryJournal::default();
    journal.begin(&pen.new_journal(Line::Cases, None)).unwrap();
    journal.append(&Keep { entries: pen.written.clone(), ..Keep::default() }).unwrap();
    (pen, journal)
}

/// Pushes what there is; how it ended, what was told, and what counts as received.
fn pushed(agency: &Agency, courier: &mut Courier, journal: &mut MemoryJournal, shore: &mut Shore<'_>) -> Told {
    let mut trust = agency.trust.clone();
    let mut trip = Trip::new(courier, journal, shore, agency.party(OFFICER), &mut trust);
    let end = push::push(&mut trip, true);
    let trouble = trip.outcome.trouble;
    Told { end, trouble, received: journal.status(&id(&agency.hub)).unwrap().own[0].received }
}

struct Told {
    end: Result<(), End>,
    trouble: Vec<Trouble>,
    received: u64,
}

fn courier() -> Courier {
    Courier::naming(|| JournalId::from_bytes([CARRIER; 16]))
}

#[test]
fn the_next_push_leaves_before_the_last_is_answered_and_no_third_does() {
    let agency = Agency::new();
    let (pen, mut journal) = written(&agency);
    let mut shore = Shore::new(&agency, &pen);
    let told = pushed(&agency, &mut courier(), &mut journal, &mut shore);
    assert!(told.end.is_ok() && told.trouble.is_empty(), "{:?} {:?}", told.end, told.trouble);
    let order = [
        "1 leaves",
        "2 leaves",
        "1 is heard",
        "3 leaves",
        "2 is heard",
        "4 leaves",
        "3 is heard",
        "5 leaves",
        "4 is heard",
        "6 leaves",
        "5 is heard",
        "6 is heard",
    ];
    assert_eq!(shore.told, order);
    assert_eq!((told.received, shore.twice), (6, 0));
}

#[test]
fn after_a_cut_between_two_pushes_the_hub_is_asked_first_and_nothing_is_sent_twice() {
    let agency = Agency::new();
    let (pen, mut journal) = written(&agency);
    let (mut shore, mut courier) = (Shore::new(&agency, &pen), courier());
    shore.cut = Some(3);
    let told = pushed(&agency, &mut courier, &mut journal, &mut shore);
    assert!(matches!(told.end, Err(End::Unreachable(_))), "{:?}", told.end);
    assert_eq!((told.received, shore.has), (2, 3), "the third is there, and nobody has signed for it that we heard");
    assert_eq!(shore.told.split_off(5), ["lost leaves", "cut"]);
    let told = pushed(&agency, &mut courier, &mut journal, &mut shore);
    assert!(told.end.is_ok() && told.trouble.is_empty(), "{:?} {:?}", told.end, told.trouble);
    let order =
        ["3? leaves", "3? is heard", "4 leaves", "5 leaves", "4 is heard", "6 leaves", "5 is heard", "6 is heard"];
    assert_eq!(shore.told.split_off(5), order);
    assert_eq!((told.received, shore.twice), (6, 0));
}

#[test]
fn what_was_on_its_way_behind_an_entry_that_is_not_taken_accuses_nobody() {
    let agency = Agency::new();
    let (pen, mut journal) = written(&agency);
    let mut shore = Shore::new(&agency, &pen);
    shore.spoilt = Some(3);
    let told = pushed(&agency, &mut courier(), &mut journal, &mut shore);
    assert!(told.end.is_ok(), "{:?}", told.end);
    let successor = Some(JournalId::from_bytes([CARRIER; 16]));
    let not_taken = Trouble::NotTaken { journal: pen.slot.journal, seq: 3, why: Why::BadSignature, successor };
    assert_eq!(told.trouble, [not_taken], "the gap behind it is no word on the hub");
    assert_eq!((told.received, shore.has), (2, 2));
    assert_eq!(shore.told.split_off(6), ["3 is heard", "4 is heard"], "and nothing more leaves");
}

#[test]
fn a_push_that_was_judged_before_the_one_it_follows_goes_again_and_the_hub_is_not_behind() {
    let agency = Agency::new();
    let (pen, mut journal) = written(&agency);
    let mut shore = Shore::new(&agency, &pen);
    shore.hasty = Some(2);
    let told = pushed(&agency, &mut courier(), &mut journal, &mut shore);
    assert!(told.end.is_ok() && told.trouble.is_empty(), "{:?} {:?}", told.end, told.trouble);
    assert_eq!((told.received, shore.has, shore.twice), (6, 6, 0));
    let again =
        ["1 leaves", "2 leaves", "1 is heard", "3 leaves", "2 is heard", "3 is heard", "2 leaves", "2 is heard"];
    assert_eq!(shore.told[..8], again, "and from then on each is waited for");
}

/// What it had signed for counts against it as before, whatever is on its way.
#[test]
fn a_hub_that_lost_what_it_signed_for_is_found_behind_on_a_road_that_goes_ahead() {
    let agency = Agency::new();
    let (pen, mut journal) = written(&agency);
    let all = agency.receipt(&pen, 1, 4);
    journal.file_receipt(&agency.filing(vec![all], agency.checkpoint(1, 1, Digest::ZERO), 1)).unwrap();
    let mut shore = Shore::new(&agency, &pen);
    shore.has = 2;
    let told = pushed(&agency, &mut courier(), &mut journal, &mut shore);
    assert!(told.end.is_ok(), "{:?}", told.end);
    assert_eq!(told.trouble, [Trouble::HubBehind { journal: pen.slot.journal, has: 2, signed: 4 }]);
    assert_eq!(shore.has, 6, "and it has everything again");
}
