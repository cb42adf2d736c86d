//! What somebody wrote while they belonged to a case's station stays in the case when they have been posted elsewhere; what they write there
//! afterwards does not count.

use super::{
    guarding::{Agency, carry, join, keep_in, pass},
    home::open,
};
use crate::{codebook::Codebook, model::CaseId, runtime::homes::home::Home};

const CASE: CaseId = CaseId::from_bytes([0x21; 16]);

/// How many entries of the case open and count, and how many places are offered.
fn read(home: &mut Home) -> (usize, usize) {
    let mut entries = Vec::new();
    let replayed = home.replay(|page, _| entries.extend(page)).unwrap();
    (entries.iter().filter(|entry| entry.case == CASE).count(), replayed.offered.len())
}

#[test]
fn what_a_colleague_wrote_stays_in_the_case_when_they_are_posted_away_and_what_they_write_then_is_offered() {
    let mut agency = Agency::new();
    agency.post_second_to_first();
    let mut reader = agency.reader();
    let codebook = Codebook::builtin().unwrap();
    keep_in(&mut agency.one, CASE);
    keep_in(&mut agency.two, CASE);
    let count = carry(&agency.one, &mut reader) + carry(&agency.two, &mut reader);
    reader.take_home(codebook, &pass(count)).unwrap();
    assert_eq!(read(&mut reader), (2, 0), "both belong");
    // They write once more before they hear of it: a late entry, under the roster that they knew.
    agency.post_second_away();
    keep_in(&mut agency.two, CASE);
    join(&agency.admin, &mut reader);
    let count = carry(&agency.two, &mut reader);
    let arrived = reader.take_home(codebook, &pass(count)).unwrap();
    assert_eq!((arrived.entries.len(), arrived.replayed.offered.len()), (1, 0), "the late one counts as it comes");
    drop(reader);
    let mut reader = open(&agency.folder.path().join("reader"));
    assert_eq!(read(&mut reader), (3, 0), "and at every unlocking");
    // Once they have heard, what they write in that case is a stranger's.
    join(&agency.admin, &mut agency.two);
    keep_in(&mut agency.two, CASE);
    let count = carry(&agency.two, &mut reader);
    let arrived = reader.take_home(codebook, &pass(count)).unwrap();
    assert_eq!((arrived.entries.len(), arrived.replayed.offered.len()), (0, 1), "offered as it comes");
    assert_eq!(read(&mut reader), (3, 1), "and at every unlocking");
}
