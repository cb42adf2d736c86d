//! A reader whose key comes late says anew that stand-ins open: at a level that headquarters does not read nobody else does, and the older
//! envelopes would lie beside them for ever.

use amanat_keys::fingerprint::KeyId;
use amanat_sync::{entry::Header, journal::Journal as _};
use rusqlite::Connection;

use crate::{
    crash::whole,
    rotation::{finds, key_of, offer_and_list},
    rotation_killed::everything,
    support::{Actor, GUJRAT, TestAgency, jot, open_case, opening},
};

/// What the case says.
const MARK: &str = "zukhwendar";

/// Envelopes of a case that the hub holds and that name a key.
fn at_hub(agency: &TestAgency, case: &str, key: &KeyId) -> usize {
    let hub = Connection::open(agency.hub_database()).unwrap();
    let mut rows = hub.prepare("select header from entries where envelope is not null").unwrap();
    let headers = rows.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let headers = headers.map(|header| Header::decode(&header.unwrap()).unwrap());
    headers.filter(|header| of(header, case, key)).count()
}

/// The same on an actor's device.
fn on_device(actor: &Actor, case: &str, key: &KeyId) -> usize {
    let held = everything(&actor.unlocked()).into_iter().filter(|entry| entry.envelope.is_some());
    held.filter(|entry| of(&entry.header, case, key)).count()
}

fn of(header: &Header, case: &str, key: &KeyId) -> bool {
    header.case.to_string() == case && header.audience.iter().any(|reader| reader.key == *key)
}

/// How many units' keys an actor waits for.
fn waits(actor: &Actor) -> usize {
    actor.unlocked().waiting_units().len()
}

/// A case that stays at the station.
fn at_the_station(officer: &Actor, number: usize) -> String {
    let mut answers = opening(number, MARK);
    answers["handling_code"] = "H1".into();
    let case = open_case(officer, &answers);
    jot(officer, &case, number, MARK);
    case
}

#[test]
fn a_reader_who_gets_the_key_later_says_anew_what_opens_and_the_older_slips_go() {
    let mut agency = TestAgency::build();
    let case = at_the_station(&agency.officer, 1);
    let second = at_the_station(&agency.officer, 2);
    for actor in [&agency.officer, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    let older = key_of(&agency.supervisor);
    offer_and_list(&agency);
    let (supervisor, officer) = (agency.supervisor.clone(), agency.officer.clone());
    supervisor.run(&["sync"]);
    supervisor.run(&["keys", "rotate", "unit", GUJRAT]);
    supervisor.run(&["sync"]);
    // Nobody has given the newcomer the key yet: the rewraps come first, and do not open.
    let newcomer = agency.enrol("newcomer", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    newcomer.run(&["sync"]);
    assert_eq!((waits(&newcomer), finds(&newcomer, MARK)), (1, 0));
    officer.run(&["sync"]);
    let before = [&case, &second].map(|case| (at_hub(&agency, case, &older), on_device(&officer, case, &older)));
    assert!(before.iter().all(|held| held.0 > 0 && held.1 > 0), "nothing goes by a word that excepts it: {before:?}");
    // The hub goes on by what it has followed of the first word, not by a beginning of its own.
    supervisor.run(&["sync"]);
    newcomer.run(&["sync"]);
    assert_eq!((waits(&newcomer), finds(&newcomer, MARK)), (0, 2), "the key has come");
    for case in [&case, &second] {
        assert_eq!(at_hub(&agency, case, &older), 0, "the hub lets go what was excepted before");
    }
    for actor in [&officer, &supervisor] {
        actor.run(&["sync"]);
        for case in [&case, &second] {
            assert_eq!(on_device(actor, case, &older), 0, "so does {}", actor.name);
        }
        assert_eq!(finds(actor, MARK), 2);
    }
    let audit = supervisor.run(&["keys", "audit", &older.to_string()]);
    let device = officer.unlocked().device().to_string();
    let held = audit["on_devices"].as_array().unwrap();
    assert!(
        held.iter().all(|held| held["device"] != device.as_str()),
        "the officer has said that they are gone: {audit}"
    );
    // A restored or restarted hub comes to the same, and nobody says it again.
    let said = newcomer.unlocked().journal().documents().unwrap();
    agency.kill_hub();
    agency.start_hub();
    for actor in [&newcomer, &officer, &supervisor, &newcomer] {
        actor.run(&["sync"]);
        whole(actor, "afterwards");
    }
    let now = newcomer.unlocked().journal().documents().unwrap();
    assert_eq!(now.len(), said.len(), "one word a journal");
}
