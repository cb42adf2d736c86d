//! What comes damaged over the road: set aside, asked for again, and whole in the end, by this road or by another.

use std::sync::Arc;

use amanat_hub::Hub;
use amanat_keys::fingerprint::Digest;
use amanat_keys::recipient::ReadIdentity;
use amanat_sync::batch::Why;
use amanat_sync::bundle::{self, Cargo};
use amanat_sync::courier::{Courier, Outcome, TakenIn, pass, take_in};
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::{Journal, MemoryJournal, stands_whole};
use amanat_sync::transport::{Transport, TransportError};

use super::carrying::block;
use super::distrust::push;
use super::support::*;

/// A road on which answers to a pull come with one envelope damaged.
struct Spoils<'a> {
    road: Road<'a>,
    /// The bytes that are looked for, while they are.
    at: Option<Vec<u8>>,
    found: u32,
}

impl<'a> Spoils<'a> {
    fn new(agency: &'a Agency, hub: &'a Arc<Hub>, at: &[u8]) -> Self {
        Self { road: Road::new(agency, hub, READER), at: Some(at.to_vec()), found: 0 }
    }
}

impl Transport for Spoils<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.road.push(checkpoint, body)
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let mut answer = self.road.pull(checkpoint, body)?;
        if let Some(sought) = &self.at
            && let Some(at) = answer.windows(sought.len()).position(|window| window == sought)
        {
            answer[at] ^= 1;
            self.found += 1;
        }
        Ok(answer)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.road.documents(checkpoint, body)
    }
    fn mark(&self) -> Option<Digest> {
        self.road.mark()
    }
    fn room(&self) -> usize {
        1 << 20
    }
}

const READER: usize = 3;

/// A hub that holds six entries of an officer's.
fn kept() -> (Agency, Arc<Hub>, Vec<SealedEntry>) {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let story = Pen::new(&agency, 0, 1).story(6);
    push(&agency, &hub, 0, &story);
    (agency, hub, story)
}

fn reads(agency: &Agency, courier: &mut Courier, reader: &mut MemoryJournal, road: &mut Spoils<'_>) -> Outcome {
    pass(courier, reader, road, agency.party(READER), &mut agency.trust.clone())
}

#[test]
fn an_entry_that_came_damaged_is_asked_for_again_and_comes_whole() {
    let (agency, hub, story) = kept();
    let (mut reader, mut courier) = (MemoryJournal::default(), Courier::default());
    let mut road = Spoils::new(&agency, &hub, &story[2].signature);
    let first = reads(&agency, &mut courier, &mut reader, &mut road);
    assert_eq!((first.pulled, first.set_aside, road.found), (5, 1, 1), "{first:?}");
    assert_eq!(reader.status(&agency.hub.id).unwrap().quarantined, 1);
    let aside = reader.quarantined().unwrap().remove(0);
    assert_eq!((aside.entry, aside.why), (story[2].at(), Why::BadSignature));
    assert!(!aside.is_settled(&reader).unwrap());
    // Whoever looks into it gets the header, the signature, and the envelope as it came.
    let exported = aside.to_bytes();
    for part in [&aside.sealed.bytes[..], &aside.sealed.signature, aside.sealed.envelope.as_deref().unwrap()] {
        assert!(exported.windows(part.len()).any(|window| window == part));
    }

    road.at = None;
    let second = reads(&agency, &mut courier, &mut reader, &mut road);
    assert_eq!((second.pulled, second.set_aside), (1, 0), "{second:?}");
    assert!(stands_whole(&reader, &story[2].at()).unwrap());
    assert_eq!(reader.status(&agency.hub.id).unwrap().quarantined, 0, "nothing is in question any more");
    assert!(reader.quarantined().unwrap()[0].is_settled(&reader).unwrap(), "and what came first is kept");
    let calls = road.road.calls;
    reads(&agency, &mut courier, &mut reader, &mut road);
    assert_eq!(road.road.calls, calls + 1, "it is not asked for any more");
}

#[test]
fn damage_that_hides_where_those_behind_stand_is_made_good_with_the_next_pass() {
    let (agency, hub, story) = kept();
    let (mut reader, mut courier) = (MemoryJournal::default(), Courier::default());
    // The header says the envelope's hash only where the receiver could not tell it: from here on no link is the right one.
    let mut road = Spoils::new(&agency, &hub, story[2].envelope.as_deref().unwrap());
    let first = reads(&agency, &mut courier, &mut reader, &mut road);
    assert_eq!((first.pulled, first.set_aside), (2, 4), "{first:?}");
    road.at = None;
    let second = reads(&agency, &mut courier, &mut reader, &mut road);
    assert_eq!((second.pulled, second.set_aside), (4, 0), "{second:?}");
    assert_eq!(reader.status(&agency.hub.id).unwrap().quarantined, 0);
}

#[test]
fn a_hub_whose_own_copy_is_broken_is_asked_ever_more_rarely_and_a_stick_brings_it() {
    let (agency, hub, story) = kept();
    let (mut reader, mut courier) = (MemoryJournal::default(), Courier::default());
    let mut road = Spoils::new(&agency, &hub, &story[2].signature);
    for _ in 0..200 {
        reads(&agency, &mut courier, &mut reader, &mut road);
    }
    assert!((5..=9).contains(&road.found), "asked {} times in 200 passes", road.found);
    assert_eq!(reader.quarantined().unwrap().len(), 1, "the same damage is one finding");
    // A program that starts asks at once.
    let found = road.found;
    reads(&agency, &mut Courier::default(), &mut reader, &mut road);
    assert_eq!(road.found, found + 1);

    let taken = a_stick_brings(&agency, &story, &mut reader);
    assert!(taken.fault.is_none(), "{:?}", taken.fault);
    assert_eq!(taken.outcome.pulled, 1, "{taken:?}");
    assert!(stands_whole(&reader, &story[2].at()).unwrap());
    assert_eq!(reader.status(&agency.hub.id).unwrap().quarantined, 0);
    let found = road.found;
    reads(&agency, &mut Courier::default(), &mut reader, &mut road);
    assert_eq!(road.found, found, "what a stick brought is asked for no more");
}

/// From the officer who wrote it and has no receipt for it.
fn a_stick_brings(agency: &Agency, story: &[SealedEntry], reader: &mut MemoryJournal) -> TakenIn {
    let mut officer = MemoryJournal::default();
    keep(&mut officer, &Pen::new(agency, 0, 1), story);
    let (key, to) = (ReadIdentity::generate().unwrap(), vec![Digest::from_bytes([4; 32])]);
    let load = bundle::load(&officer, agency.party(0), &agency.trust, to, false).unwrap();
    let cargo = Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] };
    let more = |run: &_, after| load.items(&officer, run, after);
    let signer = &agency.actors[0].signer;
    let (stick, _) = bundle::write(cargo, &[key.recipient().clone()], signer, Vec::new(), more).unwrap();
    let mut bundle = bundle::open([&key], stick.as_slice()).unwrap();
    take_in(reader, agency.party(READER), &mut agency.trust.clone(), &mut bundle, |_| true)
}
