//! A station is split, and two are merged, on a live agency: what follows is said before anything is signed, officers of both halves go on,
//! their supervisors read what they should, what was kept before the roster came lands, and nobody of the other half opens what is new.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    rotation::{finds, key_of, opened_at_hub},
    support::{Actor, GUJRAT, TestAgency, jot, number, record, text},
};

const SUKKUR: &str = "PS Sample, Sukkur";
const NORTH: &str = "PS Sample, Gujrat North";

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What a change of the roster would mean, of which nothing is signed; then it is signed and handed out.
fn changed(agency: &TestAgency, change: &[&str]) -> String {
    let would = agency.admin.run(&[change, &["--dry-run"]].concat());
    assert_eq!(would["adopted"], false, "{would}");
    let signed = agency.admin.run(change);
    // A unit that is made for it has another number each time, and its lines another place.
    let lines = |said: &Value| said["changes"].as_array().unwrap().iter().map(text_of).collect::<BTreeSet<String>>();
    assert_eq!(lines(&signed), lines(&would), "what is shown first is what is signed");
    agency.admin.run(&["roster", "publish"]);
    lines(&would).into_iter().collect::<Vec<_>>().join("\n")
}

/// A custodian gives a unit a key: offers it, the admin lists it, and the same command ends it.
fn gives_key(agency: &TestAgency, custodian: &Actor, unit: &str) -> Value {
    let path = agency.dir.path().join("given.join").to_string_lossy().into_owned();
    let offered = custodian.run(&["keys", "rotate", "unit", unit, "--out", &path]);
    assert_eq!(text(&offered, "/state"), "offered", "{offered}");
    let (words, pack) = (text(&offered, "/words"), agency.dir.path().join("given.pack"));
    let pack = pack.to_string_lossy().into_owned();
    let approve = ["roster", "approve", &path, "--fingerprint", &words, "--role", "unit-key", "--unit", unit];
    agency.admin.run(&[&approve[..], &["--out", &pack]].concat());
    agency.admin.run(&["roster", "publish"]);
    sync(&[custodian]);
    let done = custodian.run(&["keys", "rotate", "unit", unit]);
    assert_eq!(text(&done, "/state"), "done", "{done}");
    sync(&[custodian]);
    done
}

fn holds(actors: &[&Actor]) {
    for actor in actors {
        let verified = actor.run(&["verify"]);
        assert_eq!(verified["holds"], true, "{}: {verified}", actor.name);
    }
}

#[test]
fn a_station_that_is_split_goes_on_as_two_and_neither_opens_what_the_other_keeps_from_then_on() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let (north, bilal) = (agency.enrol("north", "supervisor", GUJRAT), agency.enrol("bilal", "officer", GUJRAT));
    agency.admin.run(&["roster", "publish"]);
    sync(&[supervisor, &north, &bilal, officer]);
    record(officer, 1, "zukhwendar");
    let goes = record(&bilal, 2, "palmishto");
    sync(&[officer, &bilal, reader, supervisor, &north]);
    assert_eq!((finds(&north, "zukhwendar"), finds(&north, "palmishto")), (1, 1), "she reads for the station");
    let older = key_of(supervisor);

    let (her, his) = (format!("north, {GUJRAT}"), format!("bilal, {GUJRAT}"));
    let said = changed(&agency, &["roster", "split", GUJRAT, "--new", NORTH, "--member", &her, "--member", &his]);
    for line in [
        format!("new unit: {NORTH}"),
        format!("{her} becomes supervisor at {NORTH}"),
        format!("{her} no longer reads for {GUJRAT} and still holds its key 1"),
        format!("then give {GUJRAT} a new key"),
        format!("{NORTH} has no key yet"),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
    // He is away all the while, and goes on as the officer of the station that he was.
    jot(&bilal, &goes.case, 3, "tarvelish");
    sync(&[&north, supervisor, reader]);
    let first = gives_key(&agency, &north, NORTH);
    assert_eq!((number(&first, "epoch"), number(&first, "left")), (1, 0), "{first}");
    sync(&[supervisor]);
    let rotated = gives_key(&agency, supervisor, GUJRAT);
    assert!(number(&rotated, "now") >= 4, "the slips of both halves are rewrapped: {rotated}");
    sync(&[reader]);
    reader.run(&["keys", "rotate", "unit", GUJRAT]);
    sync(&[reader, supervisor, &north, &bilal, officer]);

    // What came late lands where it was written for.
    sync(&[reader, supervisor, &north]);
    assert_eq!((finds(supervisor, "tarvelish"), finds(reader, "tarvelish")), (1, 1), "late, and read");
    // From now on each half keeps its own.
    let here = record(officer, 4, "velkommarsh");
    let there = record(&bilal, 5, "dunsparrow");
    sync(&[officer, &bilal, reader, supervisor, &north]);
    let read = |mark: &str| [reader, supervisor, &north].map(|actor| finds(actor, mark));
    assert_eq!(read("velkommarsh"), [1, 1, 0], "what is kept here is not opened there");
    assert_eq!(read("dunsparrow"), [1, 0, 1], "what is kept there is not opened here");
    for (actor, case) in [(&north, &here.case), (supervisor, &there.case)] {
        assert_eq!(actor.ask(&["case", "show", case]).code, 2, "{} knows nothing of it", actor.name);
    }

    // His case is handed over with him: all of it is read there, and he goes on in it.
    supervisor.run(&["case", "transfer", &goes.case, "--to", NORTH, "--reason", "OTHERDIST"]);
    sync(&[supervisor, &north]);
    north.run(&["case", "transfer", &goes.case, "--accept"]);
    sync(&[&north, supervisor, &bilal, reader]);
    jot(&bilal, &goes.case, 6, "quellanto");
    sync(&[&bilal, reader, &north, supervisor, &north]);
    assert_eq!([reader, &north].map(|actor| finds(actor, "quellanto")), [1, 1]);
    assert_eq!([reader, &north, supervisor].map(|actor| finds(actor, "tarvelish")), [1, 1, 1]);

    // Whoever left with the older key is served nothing by it any more.
    sync(&[supervisor, reader, supervisor, &north, officer, &bilal]);
    assert_eq!(opened_at_hub(&agency, &older), 0, "the station's older key opens nothing at the hub");
    assert_eq!(number(&agency.hub_status(), "missing"), 0);
    holds(&[officer, &bilal, supervisor, &north, reader]);
}

#[test]
fn stations_that_are_merged_go_on_as_one_and_read_what_either_kept() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor, moved) = (&agency.officer, &agency.reader, &agency.supervisor, &agency.stranger);
    let far = Actor::new(agency.dir.path(), "supervisor-sukkur", agency.dir.path().join("supervisor-sukkur"));
    sync(&[officer, supervisor, &far, moved]);
    record(officer, 1, "zukhwendar");
    let theirs = record(moved, 2, "palmishto");
    sync(&[officer, moved, reader, supervisor, &far]);
    assert_eq!((finds(supervisor, "palmishto"), finds(&far, "zukhwendar")), (0, 0), "two stations");

    let said = changed(&agency, &["roster", "merge", SUKKUR, "--into", GUJRAT]);
    for line in [
        format!("supervisor-sukkur, {SUKKUR} becomes supervisor at {GUJRAT}"),
        format!("stranger, {SUKKUR} is no longer officer at {SUKKUR}"),
        format!("supervisor, {GUJRAT} will read what {SUKKUR} keeps, and what it kept before"),
        format!("supervisor-sukkur, {SUKKUR} will read what {GUJRAT} keeps, and what it kept before"),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
    // Kept before the officer heard of it, and as what they were then.
    jot(moved, &theirs.case, 3, "tarvelish");
    record(moved, 4, "dunsparrow");
    sync(&[supervisor, &far, supervisor, &far, moved, reader, supervisor, &far]);
    let read = |mark: &str| [reader, supervisor, &far].map(|actor| finds(actor, mark));
    for mark in ["zukhwendar", "palmishto", "tarvelish", "dunsparrow"] {
        assert_eq!(read(mark), [1, 1, 1], "{mark}");
    }
    // And from now on: a new case, and the older one gone on with.
    record(moved, 5, "velkommarsh");
    jot(moved, &theirs.case, 6, "quellanto");
    record(officer, 7, "merkulqash");
    sync(&[moved, officer, reader, supervisor, &far]);
    for mark in ["velkommarsh", "quellanto", "merkulqash"] {
        assert_eq!(read(mark), [1, 1, 1], "{mark}");
    }
    // The station that is no more has its cases rewrapped by either of the two.
    let older = {
        let home = supervisor.unlocked();
        let units = &home.trust().unwrap().roster().units;
        units.iter().find(|unit| unit.name == SUKKUR).unwrap().recipient.as_ref().unwrap().key_id()
    };
    assert!(opened_at_hub(&agency, &older) > 0, "the search finds what is there");
    let rotated = gives_key(&agency, supervisor, SUKKUR);
    assert!(number(&rotated, "now") > 0, "{rotated}");
    sync(&[reader, &far, supervisor, moved]);
    reader.run(&["keys", "rotate", "unit", SUKKUR]);
    sync(&[reader, &far, supervisor, moved, reader]);
    assert_eq!(opened_at_hub(&agency, &older), 0, "its older key opens nothing at the hub");
    assert_eq!(read("palmishto"), [1, 1, 1]);
    holds(&[officer, moved, supervisor, &far, reader]);
}
