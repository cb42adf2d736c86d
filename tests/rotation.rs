//! A unit's key rotated on a live agency: the older one opens nothing that the hub serves any more, nobody loses an entry, officers who
//! are offline go on, and the same command goes on after whatever stopped it.

use std::path::PathBuf;

use amanat_keys::{fingerprint::KeyId, roster::Unit};
use amanat_sync::entry::{Header, Kind};
use rusqlite::Connection;
use serde_json::Value;

use crate::erased::{entries, standing};
use crate::support::{Actor, GUJRAT, TestAgency, number, record, text};

/// The station of Gujrat as an actor's roster lists it.
pub(crate) fn station(actor: &Actor) -> Unit {
    let home = actor.unlocked();
    home.trust().unwrap().roster().units.iter().find(|unit| unit.name == GUJRAT).unwrap().clone()
}

pub(crate) fn key_of(actor: &Actor) -> KeyId {
    station(actor).recipient.unwrap().key_id()
}

/// How many envelopes the hub holds of headers that name a key: what whoever has the key can still be served.
pub(crate) fn opened_at_hub(agency: &TestAgency, key: &KeyId) -> usize {
    let hub = Connection::open(agency.hub_database()).unwrap();
    let mut rows = hub.prepare("select header from entries where envelope is not null").unwrap();
    let headers = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let names = |header: &Vec<u8>| Header::decode(header).unwrap().audience.iter().any(|reader| reader.key == *key);
    headers.map(Result::unwrap).filter(names).count()
}

/// The supervisor offers the station's next key, and the admin lists it.
pub(crate) fn offer_and_list(agency: &TestAgency) -> Value {
    offered_by(agency, &agency.supervisor)
}

/// The same by another supervisor of the station.
pub(crate) fn offered_by(agency: &TestAgency, custodian: &Actor) -> Value {
    let file: PathBuf = agency.dir.path().join("unit-key.join");
    let path = file.to_string_lossy().into_owned();
    let offered = custodian.run(&["keys", "rotate", "unit", GUJRAT, "--out", &path]);
    assert_eq!(text(&offered, "/state"), "offered", "{offered}");
    let again = custodian.run(&["keys", "rotate", "unit", GUJRAT, "--out", &path]);
    assert_eq!(again["words"], offered["words"], "called again it is the same request");
    let words = text(&offered, "/words");
    let pack = agency.dir.path().join("rotated.pack").to_string_lossy().into_owned();
    let approve =
        ["roster", "approve", &path, "--fingerprint", &words, "--role", "unit-key", "--unit", GUJRAT, "--out", &pack];
    agency.admin.run(&approve);
    agency.admin.run(&["roster", "publish"]);
    offered
}

/// A supervisor whom the station gets now.
pub(crate) fn newcomer(agency: &TestAgency) -> Actor {
    let newcomer = agency.enrol("newcomer", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    for actor in [&newcomer, &agency.supervisor, &newcomer] {
        actor.run(&["sync"]);
    }
    assert_eq!(newcomer.unlocked().waiting_units(), []);
    newcomer
}

/// Somebody who comes now reads all of it.
fn newcomer_reads(agency: &TestAgency, marks: &[&str]) {
    let newcomer = newcomer(agency);
    for mark in marks {
        assert_eq!(finds(&newcomer, mark), 1, "{mark}");
    }
    assert_eq!(newcomer.run(&["verify"])["holds"], true);
}

/// Whether an audit says that an actor's device may still hold what the key opens.
fn holds(audit: &Value, actor: &Actor) -> bool {
    let id = actor.unlocked().device().to_string();
    audit["on_devices"].as_array().unwrap().iter().any(|held| held["device"] == id.as_str())
}

/// What a case holds for an actor; that it was opened is no part of it.
fn content(actor: &Actor, case: &str) -> Vec<Value> {
    let shown = actor.run(&["case", "show", case]);
    let entries = shown["entries"].as_array().unwrap().iter();
    entries.filter(|entry| entry["kind"] != "access").cloned().collect()
}

pub(crate) fn finds(actor: &Actor, mark: &str) -> u64 {
    number(&actor.run(&["case", "search", mark]), "total")
}

#[test]
fn after_a_rotation_the_older_key_opens_nothing_at_the_hub_and_nobody_has_lost_an_entry() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    record(officer, 1, "zukhwendar");
    record(officer, 2, "palmishto");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let older = key_of(supervisor);
    let slips = opened_at_hub(&agency, &older);
    assert!(slips >= 4, "the search finds what is there: {slips}");

    let asked = older.to_string();
    let audit = reader.run(&["keys", "audit", &asked]);
    let contents = number(&audit, "could_read");
    assert!(contents >= 12 && number(&audit, "can_open_now") == contents, "two stories of six entries: {audit}");

    assert_eq!([officer, supervisor].map(|actor| holds(&audit, actor)), [true, true], "{audit}");

    let offered = offer_and_list(&agency);
    assert_eq!(number(&offered, "shut"), 0, "{offered}");
    // The officer is away all the while, and seals to the older key.
    record(officer, 3, "tarvelish");
    supervisor.run(&["sync"]);
    let done = supervisor.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&done, "/state"), number(&done, "now")), ("done".to_owned(), number(&offered, "open")), "{done}");
    assert_eq!(done["stragglers"].as_array().unwrap().len(), 1, "the officer has not heard of it: {done}");
    assert_ne!(key_of(supervisor), older);
    supervisor.run(&["sync"]);
    assert!(opened_at_hub(&agency, &older) >= slips, "nothing goes before a second reader has opened the new slips");
    reader.run(&["sync"]);
    let left = opened_at_hub(&agency, &older);
    assert_eq!(
        left,
        slips - usize::try_from(number(&offered, "open")).unwrap(),
        "what the supervisor rewrapped is gone"
    );

    // What comes late lands, is rewrapped by the supervisor's next sync, and goes as well.
    assert_eq!(number(&officer.run(&["sync"]), "waiting"), 0);
    for actor in [supervisor, reader, supervisor, officer] {
        actor.run(&["sync"]);
    }
    let hub = agency.hub_status();
    assert_eq!(number(&hub, "missing"), 0, "{hub}");
    for mark in ["zukhwendar", "palmishto", "tarvelish"] {
        for actor in [officer, reader, supervisor] {
            assert_eq!(finds(actor, mark), 1, "{} finds {mark}", actor.name);
        }
    }
    for actor in [officer, reader, supervisor, &agency.stranger] {
        let verified = actor.run(&["verify"]);
        assert_eq!(verified["holds"], true, "{}: {verified}", actor.name);
    }
    newcomer_reads(&agency, &["zukhwendar", "palmishto", "tarvelish"]);
    assert_eq!(opened_at_hub(&agency, &older), left, "what headquarters wrote itself is headquarters' to rewrap");
    let theirs = reader.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&theirs, "/state"), number(&theirs, "left")), ("done".to_owned(), 0), "{theirs}");
    reader.run(&["sync"]);
    supervisor.run(&["sync"]);
    assert_eq!(opened_at_hub(&agency, &older), 0, "the older key opens nothing");
    let page = agency.dir.path().join("audit.html").to_string_lossy().into_owned();
    let audit = supervisor.run(&["keys", "audit", &asked, "--html", &page]);
    assert_eq!((number(&audit, "served"), number(&audit, "can_open_now")), (0, 0), "{audit}");
    assert!(number(&audit, "could_read") >= contents, "what it could read it could read: {audit}");
    // The reader has signed that the newer slips open; the officer, who reads for no unit and vouches for none, that they hold nothing older.
    assert_eq!([officer, reader, supervisor].map(|actor| holds(&audit, actor)), [false; 3], "{audit}");
    assert!(std::fs::read_to_string(&page).unwrap().contains("opens nothing"), "the page says so too");
    let device = supervisor.unlocked().device().to_string();
    let devices = reader.run(&["keys", "audit", &device]);
    assert_eq!(devices["due_if_revoked"], serde_json::json!([GUJRAT]), "{devices}");
    assert!(devices["keys"].as_array().unwrap().len() >= 3, "its own key and both of the station's: {devices}");
    for actor in [reader, supervisor] {
        let verified = actor.run(&["verify"]);
        assert_eq!(verified["holds"], true, "{}: {verified}", actor.name);
    }
}

#[test]
fn a_case_that_is_sealed_again_is_gone_from_the_hub_in_its_older_envelopes_and_read_by_everybody_who_read_it() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    let other = record(officer, 2, "palmishto");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let envelopes = |case: &str| -> Vec<Vec<u8>> {
        let content = entries(officer, case).into_iter().filter(|entry| entry.header.kind == Kind::Sealed);
        content.map(|entry| entry.envelope.unwrap()).collect()
    };
    let (older, untouched) = (envelopes(&story.case), envelopes(&other.case));
    assert_eq!(standing(&agency.hub_home, &older), older.len(), "the search finds what is there");
    let before = content(supervisor, &story.case);

    let sealed = reader.run(&["keys", "rekey", &story.case, "--reseal"]);
    assert_eq!(number(&sealed, "resealed"), u64::try_from(older.len()).unwrap(), "{sealed}");
    assert_eq!(
        (number(&sealed, "shut"), number(&sealed, "others"), number(&sealed, "attached")),
        (0, 0, 0),
        "{sealed}"
    );
    reader.run(&["sync"]);
    assert_eq!(standing(&agency.hub_home, &older), older.len(), "nobody else has opened the new ones yet");
    for actor in [supervisor, officer, reader] {
        actor.run(&["sync"]);
    }
    assert_eq!(standing(&agency.hub_home, &older), 0, "no file of the hub holds an older envelope");
    assert_eq!(standing(&agency.hub_home, &untouched), untouched.len(), "the other case is as it was");
    assert_eq!(number(&agency.hub_status(), "missing"), 0);
    for actor in [officer, reader, supervisor] {
        let bare = entries(actor, &story.case).into_iter();
        let bare = bare.filter(|entry| entry.header.kind == Kind::Sealed && entry.envelope.is_none()).count();
        assert_eq!(bare, older.len(), "{} holds no older envelope", actor.name);
        let verified = actor.run(&["verify"]);
        assert_eq!(
            (&verified["holds"], number(&verified, "replaced")),
            (&true.into(), older.len() as u64),
            "{verified}"
        );
        assert_eq!((finds(actor, "zukhwendar"), finds(actor, "palmishto")), (1, 1), "{}", actor.name);
    }
    assert_eq!(content(supervisor, &story.case), before, "the same entries by the same author");
    // Whoever comes now holds no older envelope at all, and reads the same.
    let newcomer = newcomer(&agency);
    assert_eq!(content(&newcomer, &story.case), before);
    assert_eq!(newcomer.run(&["verify"])["holds"], true);
    // Once more, over what was sealed again: the newest holds, the one before it goes.
    supervisor.run(&["keys", "rekey", &story.case, "--reseal"]);
    for actor in [supervisor, reader, officer, supervisor, &newcomer] {
        actor.run(&["sync"]);
    }
    for actor in [officer, reader, supervisor, &newcomer] {
        assert_eq!(finds(actor, "zukhwendar"), 1, "{}", actor.name);
        let verified = actor.run(&["verify"]);
        assert_eq!(verified["holds"], true, "{}: {verified}", actor.name);
    }
}
