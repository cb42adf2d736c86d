//! What a hub or a thief may try with journals that are not their own: another history after a revocation, a tail that is
//! hidden again, a fork that is shown to one reader only.

use amanat_keys::fingerprint::Digest;
use amanat_keys::roster::{CutOff, DeviceState};
use amanat_keys::trust::Trust;
use amanat_sync::batch::{Item, Run, Why};
use amanat_sync::chain;
use amanat_sync::courier::{Courier, Outcome, Trouble, pass, try_again};
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::{Journal, MemoryJournal, Pulled, Quarantined, State};
use amanat_sync::proof;
use amanat_sync::transport::{Transport, TransportError};
use amanat_sync::wire::codec;
use amanat_sync::wire::messages::{PushReply, RunAnswer};

use super::support::*;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn push(
    agency: &Agency,
    hub: &std::sync::Arc<amanat_hub::Hub>,
    actor: usize,
    entries: &[SealedEntry],
) -> PushReply {
    let body = codec::push_body(&agency.id(), &[run(entries)]);
    let answer = block(Client::new(agency, actor, "/v1/push").send(hub, &body));
    assert_eq!(answer.status, 200, "{answer:?}");
    PushReply::from_bytes(&answer.body).unwrap()
}

fn read(agency: &Agency, trust: &Trust, journal: &mut MemoryJournal, hub: &std::sync::Arc<amanat_hub::Hub>) -> Outcome {
    let mut road = Road::new(agency, hub, 3);
    pass(&mut Courier::default(), journal, &mut road, agency.party(3), &mut trust.clone())
}

/// The true story of a device, and what a thief with its key makes in the same journal, as long.
fn two_histories(agency: &Agency) -> (Vec<SealedEntry>, Vec<SealedEntry>) {
    let (mut pen, mut thief) = (Pen::new(agency, 0, 1), Pen::new(agency, 0, 1));
    let mut other = vec![thief.slip(&[*HQ.as_bytes()])];
    other.extend((2..=4).map(|n| thief.note(1, &format!("what never was said, {n}"))));
    (pen.story(4), other)
}

/// The roster that says of the device: lost, and trusted up to number 3 of the true story.
fn revoked(agency: &Agency, story: &[SealedEntry]) -> Vec<u8> {
    let link = chain::link(&story[2].header.prev, &story[2].hash());
    agency.next(|roster| {
        let device = roster.devices.iter_mut().find(|device| device.id == story[0].header.device).unwrap();
        device.state = DeviceState::Lost;
        device.cut_offs = vec![CutOff { journal: story[0].header.journal, seq: 3, link }];
    })
}

#[test]
fn the_hub_refuses_another_history_after_a_revocation() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let (story, other) = two_histories(&agency);
    block(hub.adopt(&revoked(&agency, &story))).unwrap();
    let reply = push(&agency, &hub, 0, &other[..3]);
    assert_eq!(reply.refused, vec![(0, 1, Why::Revoked.number())], "each entry of it is signed with the right key");
    assert!(matches!(reply.answers[0], RunAnswer::Refused(..)), "{:?}", reply.answers);
    let reply = push(&agency, &hub, 2, &story);
    assert!(matches!(reply.answers[0], RunAnswer::Accepted(3, _)), "{:?}", reply.answers);
}

#[test]
fn a_reader_refuses_another_history_after_a_revocation() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (story, other) = two_histories(&agency);
    let mut trust = agency.trust.clone();
    trust.adopt(&revoked(&agency, &story)).unwrap();
    for (history, expected) in [(&other, 0), (&story, 3)] {
        // A hub that has not heard of the revocation, or is in league with the thief.
        let hub = block(agency.in_memory());
        push(&agency, &hub, 0, history);
        let mut reader = MemoryJournal::default();
        let outcome = read(&agency, &trust, &mut reader, &hub);
        assert_eq!(outcome.pulled, expected, "{outcome:?}");
        let forked = outcome.trouble.iter().any(|trouble| matches!(trouble, Trouble::ForkElsewhere { .. }));
        assert_eq!(forked, expected == 0, "{outcome:?}");
        let aside = reader.quarantined().unwrap();
        assert!(aside.iter().all(|aside| aside.why == Why::Revoked));
        assert_eq!(aside.len(), if expected == 0 { 4 } else { 1 }, "it is kept as evidence");
    }
}

#[test]
fn another_history_is_called_one_only_where_the_device_has_signed_for_it() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (story, other) = two_histories(&agency);
    let mut trust = agency.trust.clone();
    trust.adopt(&revoked(&agency, &story)).unwrap();
    let header = &story[0].header;
    let history = |items: Vec<Item>| Run {
        agency: header.agency,
        device: header.device,
        journal: header.journal,
        first: 1,
        before: chain::link0(&header.agency, &header.device, &header.journal),
        items,
    };
    let whole = |entry: &SealedEntry| Item::Entry(Box::new(entry.clone()));
    let signed = history(other.iter().map(whole).collect());
    assert!(proof::denied(&signed, &trust) && proof::denied_by_its_own_word(&signed, &trust));
    // Whoever passes the run on can make up the hash that stands at the last trusted place.
    let bare = Item::Elided(Digest::from_bytes([0xbb; 32]));
    let made_up = history(vec![whole(&story[0]), whole(&story[1]), bare, whole(&story[3])]);
    assert!(proof::denied(&made_up, &trust) && !proof::denied_by_its_own_word(&made_up, &trust));
    assert!(!proof::denied(&history(story.iter().map(whole).collect()), &trust));
}

#[test]
fn a_hub_that_takes_back_what_it_gave_or_shows_another_history_is_told_of() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (story, other) = two_histories(&agency);
    let (honest, mut reader) = (block(agency.in_memory()), MemoryJournal::default());
    push(&agency, &honest, 0, &story);
    let outcome = read(&agency, &agency.trust, &mut reader, &honest);
    assert_eq!((outcome.pulled, outcome.trouble), (4, vec![]));
    let (device, journal) = (story[0].header.device, story[0].header.journal);
    let hidden = |shown| vec![Trouble::HiddenElsewhere { device, journal, shown, held: 4 }];
    let cases: [(&[SealedEntry], Vec<Trouble>); 4] = [
        (&story, vec![]),
        (&story[..2], hidden(2)),
        (&[], hidden(0)),
        (&other, vec![Trouble::ForkElsewhere { device, journal }]),
    ];
    for (shown, expected) in cases {
        // The same keys and other books, some checkpoints further on.
        let hub = block(agency.in_memory());
        if !shown.is_empty() {
            push(&agency, &hub, 0, shown);
        }
        for n in 2..=4 {
            push(&agency, &hub, 1, &Pen::new(&agency, 1, n).story(2));
        }
        let outcome = read(&agency, &agency.trust, &mut clone(&agency, &honest), &hub);
        assert_eq!(outcome.trouble, expected, "{outcome:?}");
    }
}

/// A reader that has read the honest hub.
fn clone(agency: &Agency, honest: &std::sync::Arc<amanat_hub::Hub>) -> MemoryJournal {
    let mut reader = MemoryJournal::default();
    read(agency, &agency.trust, &mut reader, honest);
    reader
}

/// Set aside by one roster and let in by the next: a second look is enough, and nothing is fetched for it.
#[test]
fn what_a_later_roster_lets_in_counts_at_a_second_look() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let (story, other) = two_histories(&agency);
    push(&agency, &hub, 0, &story);
    let mut trust = agency.trust.clone();
    trust.adopt(&revoked(&agency, &story)).unwrap();
    let mut reader = MemoryJournal::default();
    assert_eq!(read(&agency, &trust, &mut reader, &hub).pulled, 3);
    let thiefs = Quarantined { entry: other[3].at(), why: Why::Revoked, sealed: other[3].clone() };
    reader.file_pulled(&Pulled { runs: Vec::new(), quarantine: vec![thiefs.clone()] }).unwrap();
    let tried = try_again(&mut reader, &trust).unwrap();
    assert!(tried.stand.is_empty() && tried.wait.is_empty(), "nothing has changed: {tried:?}");
    assert_eq!(reader.quarantined().unwrap().len(), 2);
    let link = chain::link(&story[3].header.prev, &story[3].hash());
    let lets_in = Agency { roster: trust.roster().clone(), trust: trust.clone(), ..agency.clone() }.next(|roster| {
        let device = roster.devices.iter_mut().find(|device| device.id == story[0].header.device).unwrap();
        device.cut_offs = vec![CutOff { journal: story[0].header.journal, seq: 4, link }];
    });
    trust.adopt(&lets_in).unwrap();
    let tried = try_again(&mut reader, &trust).unwrap();
    assert_eq!(tried.stand.iter().map(|bad| bad.sealed.hash()).collect::<Vec<_>>(), [story[3].hash()]);
    assert_eq!(reader.quarantined().unwrap(), [thiefs], "another history stays what it is");
    let heads = reader.heads().unwrap();
    assert_eq!((heads[0].head.seq, heads[0].head.link, heads[0].state), (4, link, State::Open));
    assert!(try_again(&mut reader, &trust).unwrap().stand.is_empty(), "once");
}

/// Counts what comes down.
struct Counted<'a>(Road<'a>, usize);

impl Transport for Counted<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.push(checkpoint, body)
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let page = self.0.pull(checkpoint, body)?;
        self.1 += page.len();
        Ok(page)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.documents(checkpoint, body)
    }
    fn mark(&self) -> Option<Digest> {
        self.0.mark()
    }
    fn room(&self) -> usize {
        1 << 20
    }
}

/// A pass of a program that has just started: entries that came, and bytes of all pages.
fn counted(agency: &Agency, journal: &mut MemoryJournal, hub: &std::sync::Arc<amanat_hub::Hub>) -> (u64, usize) {
    let mut road = Counted(Road::new(agency, hub, 3), 0);
    let outcome = pass(&mut Courier::default(), journal, &mut road, agency.party(3), &mut agency.trust.clone());
    (outcome.pulled, road.1)
}

#[test]
fn the_other_history_of_a_forked_journal_is_fetched_once_and_asked_for_again_only_when_it_changes() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let (mut pen, mut thief) = (Pen::new(&agency, 0, 1), Pen::new(&agency, 0, 1));
    let mut other = vec![thief.slip(&[*HQ.as_bytes()])];
    other.extend((0..60).map(|n| thief.note(1, &format!("what never was said, {n} {}", "x".repeat(400)))));
    let story = pen.story(70);
    let (honest, liar) = (block(agency.in_memory()), block(agency.in_memory()));
    push(&agency, &honest, 0, &story[..40]);
    push(&agency, &liar, 0, &other[..60]);
    let mut reader = MemoryJournal::default();
    assert_eq!(counted(&agency, &mut reader, &honest).0, 40);
    let (came, first) = counted(&agency, &mut reader, &liar);
    assert_eq!((came, reader.quarantined().unwrap().len()), (0, 20), "what differs beyond what is held is evidence");
    let (_, again) = counted(&agency, &mut reader, &liar);
    assert!(first > 8_000 && again * 10 < first, "{first} bytes, then {again}");
    // It goes on, and only that is fetched.
    push(&agency, &liar, 0, &other[60..]);
    let (_, more) = counted(&agency, &mut reader, &liar);
    assert!((again..again + 2_000).contains(&more), "{again} bytes, then {more}");
    let (_, quiet) = counted(&agency, &mut reader, &liar);
    assert!(quiet <= again + 100, "{quiet}");
    // Another head than the one that was looked at: the journal is asked for from what is held.
    push(&agency, &honest, 0, &story[40..]);
    assert_eq!(counted(&agency, &mut reader, &honest).0, 30);
    assert_eq!(reader.heads().unwrap()[0].head.seq, 70);
}
