//! Replies that never arrive and pushes that break off: the road is cut after so many bytes, at many places of both ways.
//! Nothing is lost, nothing is doubled, and no entry is called *received* before the hub holds it.

use crate::support::{Actor, TestAgency, Way, jot, record};

/// Numbers without any pattern that matters, the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}

/// What a run of cuts did.
#[derive(Debug, Default)]
struct Tally {
    cuts: u64,
    /// Passes after which the hub held something that the device had no receipt for: a reply was lost.
    replies_lost: u64,
    /// Passes that ended well although a cut was set: it lay behind the last byte.
    untouched: u64,
    /// Passes that moved the hub's count and were cut nevertheless.
    progress: u64,
}

/// One pass over a road that breaks after `bytes`; then looks what everybody believes.
fn broken_pass(agency: &TestAgency, officer: &Actor, base: u64, way: Way, bytes: u64, tally: &mut Tally) {
    let (kept, before) = officer.counts();
    let held = agency.hub_holds() - base;
    let cuts = agency.link.cuts();
    agency.link.mend();
    agency.link.cut_after(way, bytes);
    let answer = officer.ask(&["sync"]);
    let cut = agency.link.cuts() > cuts;
    agency.link.mend();
    let holds = agency.hub_holds() - base;
    let (still, received) = officer.counts();
    let at = format!("cut {way:?} after {bytes} bytes: {}", answer.json);
    assert_eq!(still, kept, "an entry was lost or doubled on the device, {at}");
    assert!(received <= holds, "{received} count as received and the hub holds {holds}, {at}");
    assert!(holds <= kept && holds >= held, "the hub went from {held} to {holds} of {kept}, {at}");
    assert!(received >= before, "a receipt was taken back, {at}");
    assert!(answer.code == 0 || answer.code == 4, "a broken road is no other trouble, {at}");
    if answer.code == 4 {
        assert!(answer.message().contains("the hub was not reached"), "{at}");
    }
    tally.cuts += u64::from(cut);
    tally.replies_lost += u64::from(cut && holds > received);
    tally.progress += u64::from(cut && holds > held);
    tally.untouched += u64::from(!cut);
}

/// A case to write in, and how many bytes a good pass with one waiting note carries each way.
fn begin(agency: &TestAgency, mark: &str) -> (String, u64, u64, u64) {
    let officer = &agency.officer;
    let case = record(officer, 0, mark).case;
    officer.run(&["sync"]);
    jot(officer, &case, 1, mark);
    let (up, down) = (agency.link.carried(Way::Up), agency.link.carried(Way::Down));
    officer.run(&["sync"]);
    let (up, down) = (agency.link.carried(Way::Up) - up, agency.link.carried(Way::Down) - down);
    (case, agency.hub_holds() - officer.counts().1, up, down)
}

#[test]
fn replies_lost_at_every_place_lose_nothing_and_double_nothing() {
    let agency = TestAgency::build();
    let (case, base, _, down) = begin(&agency, "taldunpash");
    let mut dice = Dice(41);
    let mut tally = Tally::default();
    // The first bytes of a reply where the status line and the fields begin, then seeded places up to the end of a pass.
    let mut places: Vec<u64> = vec![0, 1, 2, 12, 17, 64];
    places.extend((0..42).map(|_| dice.below(down)));
    places.extend([down - 1, down]);
    for (number, bytes) in places.into_iter().enumerate() {
        jot(&agency.officer, &case, number, "taldunpash");
        broken_pass(&agency, &agency.officer, base, Way::Down, bytes, &mut tally);
    }
    end(&agency, base, &tally);
    assert!(tally.replies_lost > 0, "no reply was lost after the hub had kept what it answered: {tally:?}");
}

#[test]
fn pushes_cut_at_every_place_lose_nothing_and_double_nothing() {
    let agency = TestAgency::build();
    let (case, base, up, _) = begin(&agency, "ruzgelvik");
    let mut dice = Dice(43);
    let mut tally = Tally::default();
    let mut places: Vec<u64> = vec![0, 1, 15, 200, 700];
    places.extend((0..45).map(|_| dice.below(up)));
    for (number, bytes) in places.into_iter().enumerate() {
        jot(&agency.officer, &case, number, "ruzgelvik");
        broken_pass(&agency, &agency.officer, base, Way::Up, bytes, &mut tally);
        if number % 10 == 9 {
            // Without this the queue outgrows the measured pass, and every cut would fall into its first bytes.
            agency.officer.run(&["sync"]);
        }
    }
    end(&agency, base, &tally);
    assert!(tally.cuts > tally.progress, "no push was cut before the hub had it: {tally:?}");
}

/// With a good road again, everything arrives once, and a reader reads it.
fn end(agency: &TestAgency, base: u64, tally: &Tally) {
    println!("{tally:?}");
    assert!(tally.cuts >= 40, "the road was cut too seldom while in use: {tally:?}");
    agency.officer.run(&["sync"]);
    let (kept, received) = agency.officer.counts();
    assert_eq!(received, kept);
    assert_eq!(agency.hub_holds() - base, kept, "the hub holds each entry once");
    let status = agency.hub_status();
    assert_eq!((&status["missing"], &status["evidence"]), (&0.into(), &0.into()), "{status}");
    let cases = agency.officer.run(&["case", "list"])["total"].clone();
    agency.reader.run(&["sync"]);
    assert_eq!(agency.reader.run(&["case", "list"])["total"], cases);
}
