//! A link that stops altogether, and nobody is told: the device gives it up by itself, what was signed for stays so, and the next contact
//! brings what is left, over a real socket and a real hub.
#![expect(clippy::print_stdout, reason = "a run says how often it stopped, and what had been signed for by then")]

use std::thread;
use std::time::Duration;

use amanat_sync::courier::{Courier, End};
use amanat_sync::journal::{Journal as _, MemoryJournal};

use super::cut::*;
use super::support::*;

/// Roads that stop at the same time, half of them each way, and how often each.
const ROADS: u64 = 6;
const STOPS: u64 = 4;
/// Entries of a story, and about how many bytes each has.
const ENTRIES: u64 = 12;
const SIZE: usize = 3_500;
/// Bytes of one push: half a story, and enough to measure the link by.
const HALF: usize = 21_000;
/// Head of a request or an answer, and what a small body adds to it.
const HEAD: u64 = 1_200;
/// How long a device bears with a hub that stands still. Were the machine so slow that a hub at work needs longer, it would be given up
/// too, and everything here holds all the same.
const STILL: Duration = Duration::from_millis(300);

/// How often a road stood still, and how often some of a story had been signed for when it did, and not all.
struct Told {
    stood: u64,
    amid: u64,
}

/// One device whose road stops again and again.
fn stops(way: Way, seed: u64) -> Told {
    let place = Place::new();
    let (mut officer, mut pen) = (MemoryJournal::default(), Pen::new(&place.agency, 0, 1));
    let (mut courier, mut road) = (Courier::default(), place.road(0));
    road.push = HALF;
    road.inner.gives_up_after(STILL);
    let mut tell = |officer: &mut MemoryJournal| {
        let mut story = pen.story(1);
        let slip = story[0].header.seq;
        story.extend((1..ENTRIES).map(|n| pen.note(slip, &format!("{n}{}", "x".repeat(SIZE)))));
        keep(officer, &pen, &story);
        pen.slot.seq - 1
    };
    // The first goes through whole: that is how the device learns what the link carries.
    tell(&mut officer);
    let before = place.link.carried(way);
    place.arrives(0, &mut officer, &mut courier, &mut road);
    let costs = place.link.carried(way) - before;
    let mut amid = 0;
    for stop in 0..STOPS {
        let kept = tell(&mut officer);
        let up = || place.link.carried(Way::Up);
        let (held, set_out) = (place.entries().0, up());
        place.link.still_after(way, 1 + mixed(seed * STOPS + stop) % costs);
        let outcome = place.travels(0, &mut officer, &mut courier, &mut road);
        ended(&outcome);
        let stopped = !matches!(outcome.end, End::Done);
        let signed = officer.status(&place.agency.hub.id).unwrap().own[0].received;
        let more = signed - (kept - ENTRIES);
        assert!(place.entries().0 >= held + more, "what is signed for is there");
        amid += u64::from(stopped && (1..ENTRIES).contains(&more));
        // Who calls while it stands still gets no further, and loses nothing of it.
        let again = place.travels(0, &mut officer, &mut courier, &mut road);
        ended(&again);
        let status = officer.status(&place.agency.hub.id).unwrap();
        assert!(status.own[0].received >= signed, "what was signed for stays so");
        let (here, signed) = (up(), status.own[0].received);
        place.arrives(0, &mut officer, &mut courier, &mut road);
        let status = officer.status(&place.agency.hub.id).unwrap();
        assert_eq!((status.own[0].received, status.waiting()), (kept, 0), "the rest has come");
        assert_eq!(place.entries(), (held + ENTRIES, 0), "nothing twice, no evidence of a fork");
        assert_eq!(status.own[0].received_link, Some(status.own[0].kept.link), "one chain");
        // Nothing that was signed for is sent once more.
        let rest = (kept - signed) * (SIZE as u64 + 400) + 6 * HEAD;
        assert!(up() - here <= rest, "{} for {} entries, after {}", up() - here, kept - signed, here - set_out);
    }
    Told { stood: place.link.stood(), amid }
}

#[test]
fn a_hub_that_stops_without_a_word_is_given_up_and_the_next_contact_brings_the_rest() {
    let told: Vec<Told> = thread::scope(|scope| {
        let roads: Vec<_> = (0..ROADS)
            .map(|seed| scope.spawn(move || stops(if seed % 2 == 0 { Way::Up } else { Way::Down }, seed)))
            .collect();
        roads.into_iter().map(|road| road.join().unwrap()).collect()
    });
    let (stood, amid) =
        (told.iter().map(|road| road.stood).sum::<u64>(), told.iter().map(|road| road.amid).sum::<u64>());
    println!(
        "{stood} of {} passes stood still, {amid} of them when some of it was signed for and not all",
        ROADS * STOPS
    );
    assert!(stood > ROADS * STOPS * 3 / 4 && amid > 0, "{stood} {amid}");
}
