//! A reader's laptop is lost: whoever has it has every key that it held, and here also every byte that lies at the hub. What they open is
//! tried, key by key and envelope by envelope, and not taken from what our own program would ask for.

use std::collections::{BTreeMap, BTreeSet};

use amanat::runtime::homes::home::Home;
use amanat_keys::{
    case_key::CaseKey, envelope, fingerprint::KeyId, recipient::ReadIdentity, slip::Slip, trust::Trust,
    unit_key::UnitKeys, vault::Vault, vault_file,
};
use amanat_sync::{
    entry::{Change, EntryRef, Header, Kind},
    journal::{Journal as _, Shelf},
};
use minicbor::Decoder;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    rotation::{finds, offer_and_list},
    support::{Actor, GUJRAT, TestAgency, jot, number, open_case, opening, person, record, text},
};

/// All that a home held when it was lost.
struct Thief {
    vault: Vault,
    /// Keys of units that it had been given.
    units: Vec<ReadIdentity>,
    /// Case keys that it had opened.
    cases: Vec<CaseKey>,
    /// The roster that it went by.
    trust: Trust,
}

/// Everything at the hub: headers with their envelopes, and signed documents.
struct AtHub {
    entries: Vec<(Header, Option<Vec<u8>>)>,
    documents: Vec<Vec<u8>>,
}

impl AtHub {
    fn now(agency: &TestAgency) -> Self {
        let hub = Connection::open(agency.hub_database()).unwrap();
        let mut rows = hub.prepare("select header, envelope from entries").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))).unwrap();
        let entries = rows.map(Result::unwrap).map(|(header, body)| (Header::decode(&header).unwrap(), body)).collect();
        let mut rows = hub.prepare("select statement from documents").unwrap();
        let documents = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        Self { entries, documents }
    }

    /// What of a case is there to be opened: content, and what stands in for it.
    fn contents(&self, case: &str) -> BTreeSet<EntryRef> {
        let whole = self.entries.iter().filter(|(header, body)| body.is_some() && holds_content(header));
        whole.map(|(header, _)| header).filter(|it| it.case.to_string() == case).map(Header::at).collect()
    }
}

fn holds_content(header: &Header) -> bool {
    header.kind == Kind::Sealed || header.target.is_some_and(|target| target.change == Change::Reseal)
}

impl Thief {
    fn of(actor: &Actor) -> Self {
        let passphrase = vault_file::read_passphrase(&actor.passphrase).unwrap();
        let bytes = std::fs::read(actor.file("identity.age")).unwrap();
        let vault = Vault::open(&bytes, &passphrase, true).unwrap();
        let home = actor.unlocked();
        let trust = home.trust().unwrap().clone();
        let filed = home.journal().documents().unwrap();
        let filed = filed.iter().map(|filed| filed.document.bytes.as_slice());
        let mut units = given(filed, &vault, &trust);
        units.extend(opened(&home));
        let rows = home.journal().shelf(Shelf::CaseKeys).unwrap();
        let cases = rows.iter().map(|row| CaseKey::from_bytes(*row.plain.first_chunk().unwrap())).collect();
        Self { vault, units, cases, trust }
    }

    /// Every place of a case whose content comes out of what lies at the hub, by any key that was held or that any of those opens there.
    /// `newest` is the roster of today: a unit's key is recognised by it.
    fn opens(&self, hub: &AtHub, case: &str, newest: &Trust) -> BTreeSet<EntryRef> {
        let documents = || hub.documents.iter().map(Vec::as_slice);
        let mut identities = given(documents(), &self.vault, &self.trust);
        identities.extend(given(documents(), &self.vault, newest));
        identities.extend(self.vault.identities().into_iter().chain(&self.units).cloned());
        let by_place: BTreeMap<EntryRef, &Header> =
            hub.entries.iter().map(|(header, _)| (header.at(), header)).collect();
        let mut keys = self.cases.clone();
        for (wrap, bytes) in hub.entries.iter().filter(|(header, _)| header.wraps()) {
            let slip = by_place[&wrap.target.map_or(wrap.at(), |target| target.entry)];
            let id = KeyId::from_bytes(*slip.commitment.as_bytes());
            let read = bytes.as_ref().map(|bytes| Slip::parse(bytes, wrap.audience.len()).unwrap());
            keys.extend(read.and_then(|read| read.open(&identities, &slip.place(), &id).ok()));
        }
        let contents = hub.entries.iter().filter(|(it, _)| holds_content(it) && it.case.to_string() == case);
        let opened = contents.filter(|(header, body)| {
            let opens = |key, body| envelope::committed(body, key, &header.commitment, &header.digest).is_ok();
            body.as_ref().is_some_and(|body| keys.iter().any(|key| opens(key, body)))
        });
        opened.map(|(header, _)| header.at()).collect()
    }
}

/// Every identity that a home holds: its own, and its units' as they lie wrapped or opened on its shelves.
pub(crate) fn identities(actor: &Actor) -> Vec<ReadIdentity> {
    let Thief { vault, units, .. } = Thief::of(actor);
    vault.identities().into_iter().chain(&units).cloned().collect()
}

/// The units' keys that a home made or opened itself.
fn opened(home: &Home) -> Vec<ReadIdentity> {
    let rows = home.journal().shelf(Shelf::Marks).unwrap();
    let rows = rows.iter().filter(|row| row.key.starts_with(b"unit/"));
    // A version, the unit and the number of its key stand before it.
    let identity = |plain: &[u8]| {
        let mut row = Decoder::new(plain);
        row.array().unwrap();
        for _ in 0..3 {
            row.skip().unwrap();
        }
        row.decode().unwrap()
    };
    rows.map(|row| identity(&row.plain)).collect()
}

/// The unit keys that these documents give to the device of a vault.
fn given<'a>(documents: impl Iterator<Item = &'a [u8]>, vault: &Vault, trust: &Trust) -> Vec<ReadIdentity> {
    let wraps = documents.filter_map(|bytes| UnitKeys::verify(bytes, trust).ok());
    wraps.filter_map(|wrap| wrap.value().open(vault.keys(), trust).ok()).collect()
}

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

/// An agency whose stations are read by all their officers, or by supervisors alone, and a colleague of the officer's.
fn with_colleague(readers: &str) -> (TestAgency, Actor) {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", readers]);
    let colleague = agency.enrol("colleague", "officer", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.supervisor, &agency.officer, &colleague, &agency.supervisor, &agency.officer, &colleague]);
    (agency, colleague)
}

/// The admin says that a device is lost, and everybody is to hear it.
fn lost(agency: &TestAgency, actor: &Actor) -> String {
    let device = text(&actor.run(&["status"]), "/device");
    sync(&[&agency.admin]);
    agency.admin.run(&["roster", "revoke", &device[..12], "--lost"]);
    agency.admin.run(&["roster", "publish"]);
    device
}

/// The station's key is rotated, and what was rewrapped is opened by a second reader.
fn rotated(agency: &TestAgency) {
    let (supervisor, reader) = (&agency.supervisor, &agency.reader);
    sync(&[supervisor]);
    offer_and_list(agency);
    sync(&[supervisor]);
    assert_eq!(text(&supervisor.run(&["keys", "rotate", "unit", GUJRAT]), "/state"), "done");
    sync(&[supervisor, reader, supervisor]);
}

/// What an audit of a device says of a case: could be read, can be opened now.
fn audited(actor: &Actor, device: &str, case: &str) -> (u64, u64) {
    let audit = actor.run(&["keys", "audit", device]);
    let rows = audit["cases"].as_array().unwrap().iter().filter(|row| row["case"] == case);
    let rows: Vec<&Value> = rows.collect();
    assert!(rows.len() < 2, "{audit}");
    rows.first().map_or((0, 0), |row| (number(row, "could"), number(row, "now")))
}

/// A person and a note: two entries under the case's first key, and one under the key of what its forms seal.
fn goes_on(officer: &Actor, case: &str, mark: &str) {
    let add = ["entry", "add", "--form", "person", "--from", "-", "--case", case];
    officer.run_with(&add, &person(7, mark).to_string());
    jot(officer, case, 7, mark);
}

#[test]
fn after_a_revocation_and_a_rotation_the_next_entry_opens_with_nothing_that_the_lost_laptop_had() {
    let (agency, colleague) = with_colleague("all");
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let case = record(officer, 1, "zukhwendar").case;
    sync(&[officer, supervisor, &agency.reader, &colleague]);
    assert_eq!(finds(&colleague, "zukhwendar"), 1);
    let thief = Thief::of(&colleague);
    let newest = || supervisor.unlocked().trust().unwrap().clone();
    let before = AtHub::now(&agency).contents(&case);
    assert!(before.len() >= 6, "the story, and what its forms seal: {before:?}");
    assert_eq!(thief.opens(&AtHub::now(&agency), &case, &newest()), before, "the way in is found");

    let device = lost(&agency, &colleague);
    sync(&[supervisor]);
    let due = supervisor.run(&["keys", "audit", &device]);
    assert_eq!(due["due_if_revoked"], serde_json::json!([GUJRAT]), "{due}");
    rotated(&agency);
    sync(&[officer]);
    goes_on(officer, &case, "palmishto");
    sync(&[officer, supervisor, &agency.reader]);
    jot(supervisor, &case, 8, "palmishto");
    sync(&[supervisor]);
    assert_eq!((finds(supervisor, "palmishto"), finds(&agency.reader, "palmishto")), (1, 1));
    let after = AtHub::now(&agency);
    assert!(after.contents(&case).len() >= before.len() + 4, "{:?}", after.contents(&case));
    assert_eq!(thief.opens(&after, &case, &newest()), before, "what had been read, and nothing that came since");
    let counted = u64::try_from(before.len()).unwrap();
    assert_eq!(audited(supervisor, &device, &case), (counted, 0), "and the audit says so");
}

#[test]
fn what_an_officer_writes_before_hearing_of_it_lands_and_is_told_as_what_the_lost_laptop_may_open() {
    let (agency, colleague) = with_colleague("all");
    let (officer, supervisor, reader) = (&agency.officer, &agency.supervisor, &agency.reader);
    let case = record(officer, 1, "zukhwendar").case;
    sync(&[officer, supervisor, reader, &colleague]);
    assert_eq!(finds(&colleague, "zukhwendar"), 1);
    let thief = Thief::of(&colleague);
    let newest = || supervisor.unlocked().trust().unwrap().clone();
    let opens = |case: &str| thief.opens(&AtHub::now(&agency), case, &newest());
    let before = AtHub::now(&agency).contents(&case);
    let device = lost(&agency, &colleague);
    rotated(&agency);
    let counted = u64::try_from(before.len()).unwrap();
    assert_eq!(audited(supervisor, &device, &case), (counted, 0));

    // The officer was away all the while: goes on under the case's older key, and begins a case under the station's.
    jot(officer, &case, 2, "palmishto");
    let begun = open_case(officer, &opening(3, "tarvelish"));
    assert_eq!(number(&officer.run(&["sync"]), "waiting"), 0, "it lands");
    sync(&[reader]);
    let (late, new) = (opens(&case), opens(&begun));
    assert_eq!((late.len(), new.len()), (before.len() + 1, 1), "both are open to whoever has the laptop and the hub");
    assert_eq!(audited(reader, &device, &case), (counted + 1, 0), "under the case key that it had been given");
    assert_eq!(audited(reader, &device, &begun), (1, 1), "under a slip that is still served");

    // The supervisor's next sync wraps the late slip anew, a second reader opens it, and then the older one is gone.
    sync(&[supervisor, reader, supervisor]);
    assert_eq!(audited(supervisor, &device, &begun), (1, 0));
    assert_eq!((opens(&begun).len(), opens(&case)), (0, late), "a case key that somebody has is not taken from them");
    // Nor is the officer's next entry under it: they have heard.
    jot(officer, &case, 4, "frandolin");
    sync(&[officer, supervisor, reader]);
    assert_eq!(opens(&case).len(), before.len() + 1);
    // What lies under the case's older key is sealed again, and nothing is left at the hub that the laptop opens.
    supervisor.run(&["keys", "rekey", &case, "--reseal"]);
    sync(&[supervisor, reader, officer, supervisor]);
    assert_eq!(opens(&case), BTreeSet::new());
    for mark in ["zukhwendar", "palmishto", "tarvelish", "frandolin"] {
        assert_eq!((finds(officer, mark), finds(supervisor, mark)), (1, 1), "{mark}");
    }
    for actor in [officer, supervisor, reader] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
}

/// Whoever was given one case reads it by their own device's key, and by no unit's.
#[test]
fn who_was_given_a_case_and_loses_the_laptop_reads_nothing_more_of_it_without_any_rotation() {
    let (agency, colleague) = with_colleague("supervisors");
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let case = record(officer, 1, "zukhwendar").case;
    sync(&[officer, supervisor]);
    supervisor.run(&["review", "assign", &case, "--to", "colleague", "--note", "Hear the driver."]);
    sync(&[supervisor, officer]);
    jot(officer, &case, 2, "zukhwendar");
    sync(&[officer, &colleague]);
    assert_eq!(finds(&colleague, "zukhwendar"), 1);
    let thief = Thief::of(&colleague);
    let opens = || thief.opens(&AtHub::now(&agency), &case, supervisor.unlocked().trust().unwrap());
    let before = opens();
    assert!(before.len() >= 7, "the story, a word to them and a note: {before:?}");
    let device = lost(&agency, &colleague);
    sync(&[supervisor, officer]);
    goes_on(officer, &case, "palmishto");
    jot(supervisor, &case, 8, "palmishto");
    sync(&[officer, supervisor]);
    assert_eq!(finds(supervisor, "palmishto"), 1);
    let (there, seen) = (AtHub::now(&agency).contents(&case).len(), before.len());
    assert!(there >= seen + 4, "{seen} before, {there} now");
    assert_eq!(opens(), before);
    assert_eq!(supervisor.run(&["keys", "audit", &device])["due_if_revoked"], serde_json::json!([]));
}
