//! A page that came with the answer to a push: it stands for the one that the pull would have fetched until a newer checkpoint is filed.

use amanat_keys::fingerprint::Digest;

use super::pass::Trip;
use super::stick::NoRoad;
use super::tests::{Agency, CARRIER};
use super::{Courier, Trouble, pull};
use crate::chain::Head;
use crate::receipt::{ListedHead, heads_list};
use crate::road::{Rows, carried_row};
use crate::specimen::Pen;
use crate::transport::{Transport, TransportError};
use crate::wire::codec;
use crate::wire::v1::PullManifest;

/// A hub that has nothing new beside its newest checkpoint, and counts how often it is asked.
struct Hub {
    page: Vec<u8>,
    asked: usize,
}

impl Transport for Hub {
    fn push(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.push(at, body)
    }

    fn pull(&mut self, _: &Digest, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.asked += 1;
        Ok(self.page.clone())
    }

    fn documents(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.documents(at, body)
    }
}

/// The hub's checkpoint of this number, whose list shows so much of the officer's journal, and a page that brings both.
fn page(agency: &Agency, pen: &Pen, number: u64, shown: u64) -> (Vec<u8>, Vec<u8>) {
    let link = pen.run(1, |_| true).stretch().link_at(shown).unwrap();
    let (device, journal) = (pen.slot.device, pen.slot.journal);
    let heads = heads_list(vec![ListedHead { device, journal, head: Head { seq: shown, link } }]);
    let (_, checkpoint) = agency.checkpoint(1, number, Digest::of(&heads));
    let (agency, statements) = (agency.trust.agency(), vec![checkpoint.clone()]);
    let manifest = PullManifest { agency, more: false, runs: Vec::new(), statements, heads };
    (checkpoint, codec::pull_body(manifest, &[]))
}

/// What comes of a pull behind a push whose answer brought a page, where this was filed between them: what is told, how far the hub's list
/// then shows the officer's journal, and how often the hub was asked.
fn pulled(filed: impl FnOnce(&Agency, &Pen) -> Vec<Vec<u8>>) -> (Vec<Trouble>, Vec<u64>, usize) {
    let agency = Agency::new();
    let pen = agency.story(8);
    // The carrier hands on the last five of eight, behind a push of their own that was answered before.
    let mut carrier = agency.carrier(&pen, 8);
    let rows = Rows { put: vec![carried_row(&(pen.slot.device, pen.slot.journal), 3)], take: Vec::new() };
    rows.write(&mut carrier).unwrap();
    let ((_, before), (_, after)) = (page(&agency, &pen, 5, 3), page(&agency, &pen, 7, 8));
    let mut hub = Hub { page: after, asked: 0 };
    let (mut courier, mut trust) = (Courier::default(), agency.trust.clone());
    let mut trip = Trip::new(&mut courier, &mut carrier, &mut hub, agency.party(CARRIER), &mut trust);
    let asked = pull::question(&trip).unwrap().unwrap();
    trip.ahead = pull::Ahead::came(asked, &before);
    trip.file(&filed(&agency, &pen)).unwrap();
    pull::pull(&mut trip).unwrap();
    let shown = trip.outcome.listed.iter().map(|line| line.head.seq).collect();
    let trouble = trip.outcome.trouble;
    (trouble, shown, hub.asked)
}

#[test]
fn a_page_from_before_a_newer_checkpoint_is_asked_for_again_and_accuses_nobody() {
    assert_eq!(pulled(|agency, pen| vec![page(agency, pen, 7, 8).0]), (vec![], vec![8], 1));
}

#[test]
fn a_page_that_came_with_the_answer_to_a_push_is_not_asked_for_again_because_of_receipts() {
    assert_eq!(pulled(|agency, pen| vec![agency.receipt(pen, 1, 3).1]), (vec![], vec![3], 0));
}
