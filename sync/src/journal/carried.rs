//! What every journal does for the road: weighing, receipts that were brought for others, and what is remembered of sticks.

use amanat_keys::fingerprint::{AgencyId, Digest};

use super::conformance::{began, keep, suite_of, verified};
use super::*;
use crate::bundle::carried;
use crate::receipt::Checkpoint;
use crate::road::{Road, Rows, again_row, carried_row, handed_row, stories_row};
use crate::specimen::{Pen, hub, receipt};
use crate::stories::{About, TwoStories};
use crate::wire::limits::REMEMBERED_CHECKPOINTS;

fn held_for_others(j: &mut dyn Journal) -> (Pen, Pen) {
    let (mut own, mut other) = (Pen::new(1), Pen::stranger(9, 2));
    began(j, &own);
    own.story(1, 5);
    j.append(&keep(&own.written)).unwrap();
    other.story(1, 7);
    let runs = vec![verified(&other, other.run(1, |seq| seq > 3))];
    j.file_pulled(&Pulled { runs, quarantine: Vec::new() }).unwrap();
    (own, other)
}

fn a_stretch_weighs_what_its_items_weigh(j: &mut dyn Journal) {
    let (own, other) = held_for_others(j);
    for (pen, keep) in [(&own, 0), (&other, 3)] {
        for after in 0..=pen.slot.seq {
            let items = if after + 1 >= pen.slot.seq { Vec::new() } else { pen.run(after + 1, |seq| seq > keep).items };
            let sum: u64 = items.iter().map(crate::batch::Item::size).sum();
            assert_eq!(j.weigh(&pen.slot.device, &pen.slot.journal, after).unwrap(), sum, "after {after}");
        }
    }
    assert_eq!(j.weigh(&own.slot.device, &Pen::new(7).slot.journal, 0).unwrap(), 0);
}

fn receipts_for_others_are_told_apart_and_end_the_carrying(j: &mut dyn Journal) {
    let (own, other) = held_for_others(j);
    let place = (other.slot.device, other.slot.journal);
    let outstanding = |j: &dyn Journal| {
        let all = carried(j, &Road::read(j).unwrap(), &j.status(&hub()).unwrap()).unwrap();
        all.into_iter().map(|it| (it.known.journal, it.there, it.known.head.seq)).collect::<Vec<_>>()
    };
    assert!(outstanding(j).is_empty(), "what came from the hub is not carried");
    j.shelve(&[carried_row(&place, 3)], &[]).unwrap();
    assert_eq!(outstanding(j), [(place.1, 3, 8)]);
    let receipts = vec![receipt(&own, 1, 4), receipt(&other, 1, 6)];
    j.file_receipt(&Filing {
        hub: hub(),
        receipts: receipts.clone(),
        checkpoint: None,
        vouched: 1,
        again: 0,
        remember: Default::default(),
    })
    .unwrap();
    let status = j.status(&hub()).unwrap();
    assert_eq!((status.receipts, status.passed), (vec![receipts[0].clone()], vec![receipts[1].clone()]));
    assert_eq!(outstanding(j), [(place.1, 6, 8)], "above the receipt");
    j.file_receipt(&Filing {
        hub: hub(),
        receipts: vec![receipt(&other, 1, 8)],
        checkpoint: None,
        vouched: 1,
        again: 0,
        remember: Default::default(),
    })
    .unwrap();
    assert!(outstanding(j).is_empty());
}

fn what_is_remembered_of_the_road_is_read_as_it_was_written(j: &mut dyn Journal) {
    let place = (Pen::new(1).slot.device, Pen::new(1).slot.journal);
    let about = About::Checkpoint(hub(), 1, 2);
    let story = TwoStories { about, one: b"one".to_vec(), other: b"other".to_vec() };
    let rows = vec![handed_row(&place, 9), again_row(&place, 2, 5), stories_row(&story), stories_row(&story)];
    Rows { put: rows, take: Vec::new() }.write(j).unwrap();
    let road = Road::read(j).unwrap();
    assert_eq!((road.handed(&place), &road.again), (9, &vec![(place, 2, 5)]));
    assert_eq!(road.stories, [(b"one".to_vec(), b"other".to_vec())], "the same proof once");
    assert_eq!(road.there(&place), None);
}

fn the_newest_checkpoints_are_remembered_and_the_oldest_forgotten(j: &mut dyn Journal) {
    let agency = AgencyId::from_bytes([1; 32]);
    let total = u64::try_from(REMEMBERED_CHECKPOINTS).unwrap() + 5;
    for number in 1..=total {
        let word = Checkpoint {
            agency,
            hub: hub(),
            epoch: 1,
            number,
            previous: Digest::ZERO,
            heads: Digest::ZERO,
            hub_time: 0,
        };
        let statement =
            amanat_keys::statement::Statement::unsigned(amanat_keys::statement::Purpose::Checkpoint, word.encode());
        for _twice in 0..2 {
            let remember = Road::read(j).unwrap().remember(&word, &statement.to_bytes());
            j.file_receipt(&Filing { hub: hub(), receipts: vec![], checkpoint: None, vouched: 1, again: 0, remember })
                .unwrap();
        }
    }
    let held: Vec<u64> = Road::read(j).unwrap().checkpoints.iter().map(|(word, _)| word.number).collect();
    assert_eq!(held, (6..=total).collect::<Vec<_>>());
}

suite_of!(
    a_stretch_weighs_what_its_items_weigh,
    receipts_for_others_are_told_apart_and_end_the_carrying,
    what_is_remembered_of_the_road_is_read_as_it_was_written,
    the_newest_checkpoints_are_remembered_and_the_oldest_forgotten
);
