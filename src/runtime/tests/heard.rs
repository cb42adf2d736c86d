//! From when the days of retention run: never before headquarters can have opened what they are counted for, whatever clock stood still
//! meanwhile, and whichever way the word came.

use std::path::Path;

use amanat_sync::{
    courier::{Covers, Outcome},
    documents::Document,
    journal::Journal as _,
};

use super::{
    guarding::{Agency, carry, keep_in, pass},
    home::{CASE, open},
    retaining::{DAY, TODAY, at, codebook, kept_and_read, receive, statements, states, write_only},
};
use crate::{
    model::Absence,
    runtime::{erasure::retention::Stays, homes::home::Home},
};

/// A device's stick: entries, and no time that covers them.
fn a_stick(pulled: u64) -> Outcome {
    pass(pulled)
}

/// A stick of the hub's, written at this time of its.
fn the_hubs_stick(pulled: u64, hub_time: u64) -> Outcome {
    Outcome { covers: Covers::WhatCame, ..at(pulled, hub_time) }
}

/// A pass that the road cut before the hub's answer was through.
fn cut(pulled: u64) -> Outcome {
    pass(pulled)
}

fn takes(home: &mut Home, outcome: &Outcome) -> usize {
    let arrived = home.take_home(codebook(), outcome).unwrap();
    assert!(arrived.afterwards.is_empty(), "{:?}", arrived.afterwards);
    arrived.replayed.gone.iter().filter(|gone| gone.why == Absence::AtHeadquarters).count()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (file.path(), to.join(file.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

/// Opened at headquarters when the hub had been quiet for long: the newest time that the reader knew is [`TODAY`], its own word is there
/// sixty days later.
const HEARD: u64 = TODAY + 60 * DAY;

/// An officer whose three entries headquarters has, and the reader, who has opened them.
fn opened_on_a_quiet_hub() -> (Agency, Home) {
    let (mut agency, reader) = kept_and_read(|_| ());
    takes(&mut agency.one, &at(0, TODAY));
    receive(&mut agency.one);
    (agency, reader)
}

#[test]
fn on_a_quiet_hub_the_days_begin_when_the_word_is_heard() {
    let (mut agency, reader) = opened_on_a_quiet_hub();
    let one = &mut agency.one;
    let count = carry(&reader, one);
    assert_eq!(takes(one, &at(count, HEARD)), 0);
    assert_eq!(states(one), [Stays::Young(0); 3], "the time in the word is sixty days older");
    assert_eq!(takes(one, &at(0, HEARD + 30 * DAY - 1)), 0);
    assert_eq!(states(one), [Stays::Young(29); 3]);
    assert_eq!(takes(one, &at(0, HEARD + 30 * DAY)), 3);
}

#[test]
fn what_was_heard_first_ages_on_when_more_is_heard_and_after_a_restart() {
    let (Agency { folder: _folder, mut one, .. }, mut reader) = opened_on_a_quiet_hub();
    let count = carry(&reader, &mut one);
    takes(&mut one, &at(count, HEARD));
    keep_in(&mut one, CASE);
    let count = carry(&one, &mut reader);
    takes(&mut reader, &at(count, HEARD));
    receive(&mut one);
    let count = carry(&reader, &mut one);
    takes(&mut one, &at(count, HEARD + 20 * DAY));
    let folder = one.paths().folder().to_path_buf();
    drop(one);
    let mut one = open(&folder);
    one.replay(|_, _| ()).unwrap();
    takes(&mut one, &at(0, HEARD + 20 * DAY));
    let young = [Stays::Young(20), Stays::Young(20), Stays::Young(20), Stays::Young(0)];
    assert_eq!(states(&one), young);
    assert_eq!(takes(&mut one, &at(0, HEARD + 30 * DAY)), 3);
    assert_eq!(states(&one), [Stays::Young(10)]);
}

#[test]
fn a_word_that_a_cut_pass_or_a_devices_stick_brought_has_no_time_until_a_pass_is_through() {
    for brought in [cut, a_stick] {
        let (Agency { folder: _folder, mut one, .. }, reader) = opened_on_a_quiet_hub();
        let count = carry(&reader, &mut one);
        assert_eq!(takes(&mut one, &brought(count)), 0);
        assert_eq!(states(&one), [Stays::Young(0); 3], "it opens there, and since when nobody can say");
        let folder = one.paths().folder().to_path_buf();
        drop(one);
        let mut one = open(&folder);
        one.replay(|_, _| ()).unwrap();
        // The hub's newest time is sixty days ahead of what this device knew.
        assert_eq!(takes(&mut one, &at(0, HEARD)), 0);
        assert_eq!(states(&one), [Stays::Young(0); 3]);
        assert_eq!(takes(&mut one, &cut(0)), 0);
        assert_eq!(takes(&mut one, &at(0, HEARD + 30 * DAY)), 3, "from the first pass that was through");
    }
}

#[test]
fn a_stick_of_the_hubs_gives_its_time_to_what_it_brought_and_to_nothing_that_came_before_it() {
    let (mut agency, reader) = opened_on_a_quiet_hub();
    let one = &mut agency.one;
    let count = carry(&reader, one);
    assert_eq!(takes(one, &the_hubs_stick(count, HEARD)), 0);
    assert_eq!(takes(one, &the_hubs_stick(0, HEARD + 30 * DAY)), 3);

    let (mut agency, mut reader) = opened_on_a_quiet_hub();
    let one = &mut agency.one;
    let count = carry(&reader, one);
    takes(one, &a_stick(count));
    // It was written before the reader had opened anything, and was long on the road.
    takes(one, &the_hubs_stick(0, HEARD - 5 * DAY));
    assert_eq!(takes(one, &cut(0)), 0);
    assert_eq!(takes(one, &the_hubs_stick(0, HEARD + 29 * DAY)), 0, "thirty-four days after the older stick");
    // A word that the hub's stick brings covers what the older word covered.
    keep_in(one, CASE);
    let count = carry(one, &mut reader);
    takes(&mut reader, &at(count, HEARD + 29 * DAY));
    let count = carry(&reader, one);
    receive(one);
    takes(one, &the_hubs_stick(count, HEARD + 29 * DAY));
    assert_eq!(takes(one, &the_hubs_stick(0, HEARD + 58 * DAY)), 0);
    assert_eq!(takes(one, &the_hubs_stick(0, HEARD + 59 * DAY)), 4);
}

#[test]
fn a_home_restored_from_a_backup_hears_the_word_anew_or_still_knows_when_it_was() {
    let (Agency { folder, mut one, .. }, reader) = opened_on_a_quiet_hub();
    let home = one.paths().folder().to_path_buf();
    let [before, after] = ["before", "after"].map(|name| folder.path().join(name));
    drop(one);
    copy(&home, &before);
    one = open(&home);
    one.replay(|_, _| ()).unwrap();
    let count = carry(&reader, &mut one);
    takes(&mut one, &at(count, HEARD));
    drop(one);
    copy(&home, &after);

    let mut one = open(&before);
    one.replay(|_, _| ()).unwrap();
    let count = carry(&reader, &mut one);
    assert_eq!(takes(&mut one, &at(count, HEARD + 40 * DAY)), 0);
    assert_eq!(states(&one), [Stays::Young(0); 3]);

    let mut one = open(&after);
    one.replay(|_, _| ()).unwrap();
    assert_eq!(states(&one), [Stays::Young(0); 3]);
    assert_eq!(takes(&mut one, &at(0, HEARD + 30 * DAY)), 3);
}

#[test]
fn a_hub_whose_clock_falls_back_makes_nothing_older() {
    let (mut agency, reader) = opened_on_a_quiet_hub();
    let one = &mut agency.one;
    takes(one, &at(0, HEARD));
    let count = carry(&reader, one);
    assert_eq!(takes(one, &at(count, TODAY)), 0);
    assert_eq!(takes(one, &at(0, TODAY + 40 * DAY)), 0);
    assert_eq!(states(one), [Stays::Young(0); 3], "from the newest time that was ever signed");
    assert_eq!(takes(one, &at(0, HEARD + 30 * DAY)), 3);
}

/// Takes what readers have to tell a device that only writes.
fn told(home: &mut Home, said: &[Document], outcome: &Outcome) -> usize {
    for document in said {
        home.journal.adopt(document).unwrap();
    }
    takes(home, outcome)
}

#[test]
fn a_statement_has_no_time_either_until_a_pass_is_through() {
    let (mut agency, mut reader) = write_only();
    let one = &mut agency.one;
    (0..3).for_each(|_| keep_in(one, CASE));
    let count = carry(one, &mut reader);
    takes(&mut reader, &at(count, TODAY));
    receive(one);
    takes(one, &at(0, TODAY));
    assert_eq!(told(one, &statements(&reader), &a_stick(0)), 0);
    assert_eq!(states(one), [Stays::Young(0); 3]);
    // An older stick of the hub's does not date it.
    takes(one, &the_hubs_stick(0, HEARD - 40 * DAY));
    assert_eq!(takes(one, &the_hubs_stick(0, HEARD)), 0);
    let folder = one.paths().folder().to_path_buf();
    let Agency { folder: _folder, one, .. } = agency;
    drop(one);
    let mut one = open(&folder);
    one.replay(|_, _| ()).unwrap();
    assert_eq!(takes(&mut one, &at(0, HEARD + DAY)), 0);
    assert_eq!(states(&one), [Stays::Young(0); 3]);
    assert_eq!(takes(&mut one, &at(0, HEARD + 31 * DAY)), 3);
}

#[test]
fn a_statement_on_a_stick_of_the_hubs_is_as_old_as_the_stick() {
    let (mut agency, mut reader) = write_only();
    let one = &mut agency.one;
    keep_in(one, CASE);
    let count = carry(one, &mut reader);
    takes(&mut reader, &at(count, TODAY));
    receive(one);
    assert_eq!(told(one, &statements(&reader), &the_hubs_stick(0, HEARD)), 0);
    assert_eq!(takes(one, &the_hubs_stick(0, HEARD + 30 * DAY)), 1);
}
