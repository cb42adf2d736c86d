//! People leave. What a supervisor sealed again while she was one counts afterwards, and what an officer wrote stays her station's: for the
//! next rotation, for the older envelopes that wait to go, and at a hub that hears of it all for the first time.

use crate::{
    hub_restored::begin_anew,
    rotation::{finds, key_of, offer_and_list, offered_by, opened_at_hub},
    support::{Actor, GUJRAT, TestAgency, hub_says, number, record, text},
};

const SUPERVISOR: &str = "supervisor, PS Sample, Gujrat";
const OFFICER: &str = "officer, PS Sample, Gujrat";

/// A second supervisor of the station, who holds its key; the first has rotated it, and all have let the older envelopes go.
fn rotated_once(agency: &TestAgency) -> Actor {
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let second = agency.enrol("second", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    for actor in [supervisor, &second] {
        actor.run(&["sync"]);
    }
    let first_key = key_of(supervisor);
    offer_and_list(agency);
    supervisor.run(&["sync"]);
    rewrapped_by(supervisor, reader);
    for actor in [supervisor, reader, &second, officer, supervisor] {
        actor.run(&["sync"]);
    }
    assert_eq!(opened_at_hub(agency, &first_key), 0, "the first key opens nothing");
    second
}

/// A custodian of the station, and then one of headquarters for what was written there.
fn rewrapped_by(custodian: &Actor, reader: &Actor) {
    let done = custodian.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&done, "/state"), number(&done, "left")), ("done".to_owned(), 1), "{done}");
    for actor in [custodian, reader] {
        actor.run(&["sync"]);
    }
    let done = reader.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&done, "/state"), number(&done, "left")), ("done".to_owned(), 0), "{done}");
    reader.run(&["sync"]);
}

#[test]
fn what_a_supervisor_rewrapped_before_she_left_is_rewrapped_by_the_next_and_the_keys_before_it_open_nothing() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let second = rotated_once(&agency);
    let second_key = key_of(&second);
    let slips = opened_at_hub(&agency, &second_key);
    assert!(slips >= 2, "the search finds what is there: {slips}");
    // She goes, and the officer whose cases they are is posted elsewhere.
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "leave", SUPERVISOR]);
    agency.admin.run(&["roster", "post", OFFICER, "--to", "PS Sample, Sukkur"]);
    agency.admin.run(&["roster", "publish"]);
    second.run(&["sync"]);
    offered_by(&agency, &second);
    second.run(&["sync"]);
    rewrapped_by(&second, reader);
    for actor in [&second, reader, &second, officer, &second] {
        actor.run(&["sync"]);
    }
    assert_eq!(opened_at_hub(&agency, &second_key), 0, "what she rewrapped is replaced, and gone");
    assert_eq!(number(&agency.hub_status(), "missing"), 0);
    for actor in [&second, reader] {
        assert_eq!(finds(actor, "zukhwendar"), 1, "{}", actor.name);
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

#[test]
fn a_restored_hub_serves_what_a_supervisor_rewrapped_before_she_left_to_whom_the_station_gets_then() {
    let mut agency = TestAgency::build();
    let backup = agency.dir.path().join("hub-backup");
    hub_says(&agency.hub_home, &["backup", backup.to_str().unwrap()]);
    record(&agency.officer, 1, "zukhwendar");
    for actor in [&agency.officer, &agency.reader, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    let second = rotated_once(&agency);
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "leave", SUPERVISOR]);
    agency.admin.run(&["roster", "publish"]);
    for actor in [&second, &agency.officer, &agency.reader, &agency.admin] {
        actor.run(&["sync"]);
    }
    // Nothing of it is in the backup, and everybody tells the hub of it again by the roster of today.
    begin_anew(&mut agency, &backup);
    agency.admin.run(&["roster", "publish"]);
    for actor in [&agency.officer, &second, &agency.reader, &second] {
        actor.ask(&["sync"]);
    }
    let third = agency.enrol("third", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    for actor in [&second, &third] {
        actor.run(&["sync"]);
    }
    assert_eq!(finds(&third, "zukhwendar"), 1);
    assert_eq!(third.run(&["verify"])["holds"], true);
}
