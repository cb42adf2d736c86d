//! A hub that lies at the moment of a rotation: the built hub with what its keeper wrote into its database. It withholds the roster that
//! names a unit's new key, puts a key of its own in that roster's place, and hands out unit keys that nobody signed who may. Nobody seals anything to its
//! key, and once the true roster comes through, what is rewrapped is rewrapped to the keys that the roster names and to no other.

use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::{
    fingerprint::KeyId,
    recipient::ReadIdentity,
    roster::{Unit, UnitKind},
    slip::Slip,
    statement::Statement,
    unit_key::UnitKeys,
};
use amanat_sync::{
    documents::DocumentKind,
    entry::{Change, EntryRef, Header, Kind, SealedEntry},
    proof,
};
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::{
    revoked_reader::identities,
    rotation::{finds, offer_and_list, station},
    rotation_killed::everything,
    support::{Actor, GUJRAT, TestAgency, beside_us, number, record, text},
};

/// The hub's shelf, under its keeper's hand.
struct Keeper(Connection);

impl Keeper {
    fn of(agency: &TestAgency) -> Self {
        let hub = Connection::open(agency.hub_database()).unwrap();
        hub.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        Self(hub)
    }

    /// The roster of this number, where it is there, with the kind that the shelf gives it.
    fn roster(&self, version: u64) -> (i64, Vec<u8>) {
        let mut rows = self.0.prepare("select kind, statement from documents where version = ?1").unwrap();
        let rows = rows.query_map([version.cast_signed()], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
        let is_roster = |bytes: &[u8]| Statement::from_bytes(bytes).is_ok_and(|it| proof::roster_version(&it).is_ok());
        rows.map(Result::unwrap).find(|(_, bytes)| is_roster(bytes)).unwrap()
    }

    fn lays(&self, kind: i64, version: u64, statement: &[u8]) {
        let lay = "update documents set statement = ?3 where kind = ?1 and version = ?2";
        assert_eq!(self.0.execute(lay, params![kind, version.cast_signed(), statement]).unwrap(), 1);
    }

    fn withholds(&self, kind: i64, version: u64) -> Vec<u8> {
        let about = self.0.query_row(
            "select about from documents where kind = ?1 and version = ?2",
            [kind, version.cast_signed()],
            |row| row.get(0),
        );
        let hide = "delete from documents where kind = ?1 and version = ?2";
        assert_eq!(self.0.execute(hide, params![kind, version.cast_signed()]).unwrap(), 1);
        about.unwrap()
    }

    /// From here on it never comes back: the hub mends its shelf from what it has adopted itself.
    fn keeps_out(&self, kind: i64, version: u64) {
        let out = format!(
            "create trigger out before insert on documents when new.kind = {kind} and new.version = {version}
             begin select raise(ignore); end"
        );
        self.0.execute_batch(&out).unwrap();
    }

    fn lets_in(&self) {
        self.0.execute_batch("drop trigger out").unwrap();
    }

    fn adds(&self, kind: i64, about: &[u8], version: u64, statement: &[u8]) {
        let add = "insert into documents (kind, about, version, statement) values (?1, ?2, ?3, ?4)";
        assert_eq!(self.0.execute(add, params![kind, about, version.cast_signed(), statement]).unwrap(), 1);
    }
}

fn version(actor: &Actor) -> u64 {
    actor.unlocked().trust().unwrap().roster_version()
}

/// The rewraps that an actor holds, with the headers of the slips that they are of.
pub(crate) fn rewraps(actor: &Actor) -> Vec<(SealedEntry, Header)> {
    let all = everything(&actor.unlocked());
    let headers: BTreeMap<EntryRef, Header> = all.iter().map(|entry| (entry.at(), entry.header.clone())).collect();
    let target = |entry: &SealedEntry| entry.header.target.filter(|target| target.change == Change::Rewrap);
    let rewraps = all.into_iter().filter_map(|entry| Some((target(&entry)?, entry)));
    rewraps.map(|(target, entry)| (entry, headers[&target.entry].clone())).collect()
}

/// Whether this identity alone opens a slip or a rewrap.
fn opens(wrap: &SealedEntry, slip: &Header, with: &ReadIdentity) -> bool {
    // A stanza that the audience does not name, or a name without a stanza, is no slip.
    let read = Slip::parse(wrap.envelope.as_ref().unwrap(), wrap.header.audience.len()).unwrap();
    read.open([with], &slip.place(), &KeyId::from_bytes(*slip.commitment.as_bytes())).is_ok()
}

/// Each rewrap names the station and headquarters by the keys of the roster, both open it, and this other identity opens none. Gives
/// headquarters' identity.
pub(crate) fn only_for_the_named(
    agency: &TestAgency,
    rewraps: &[(SealedEntry, Header)],
    theirs: &ReadIdentity,
) -> ReadIdentity {
    let key_of = |actor: &Actor, unit: &Unit| {
        let listed = unit.recipient.as_ref().unwrap();
        identities(actor).into_iter().find(|key| key.recipient() == listed).unwrap()
    };
    let roster = agency.supervisor.unlocked().trust().unwrap().roster().clone();
    let station = station(&agency.supervisor);
    let hq = key_of(&agency.reader, roster.unit_of_kind(UnitKind::Headquarters).unwrap());
    let now = key_of(&agency.supervisor, &station);
    let named: BTreeSet<KeyId> = [station.recipient.as_ref().unwrap().key_id(), hq.recipient().key_id()].into();
    for (rewrap, slip) in rewraps {
        let audience: BTreeSet<KeyId> = rewrap.header.audience.iter().map(|reader| reader.key).collect();
        assert_eq!(audience, named, "{:?}", rewrap.at());
        assert_eq!([&now, &hq, theirs].map(|key| opens(rewrap, slip, key)), [true, true, false], "{:?}", rewrap.at());
    }
    hq
}

/// Unit keys that give the hub's key to the supervisor, under each number that could be expected: signed by a device that may not.
fn forges_unit_keys(keeper: &Keeper, agency: &TestAgency, unit: &Unit, theirs: &ReadIdentity) {
    let home = agency.supervisor.unlocked();
    let me = home.listed().unwrap();
    let readers = [(me.id, me.recipient.clone())];
    for nth in 0..3 {
        let forged = UnitKeys::wrap(home.agency().unwrap(), unit.id, unit.epoch + nth, theirs, &readers).unwrap();
        let bytes = forged.sign(&agency.stranger.unlocked().signer()).to_bytes();
        let kind = DocumentKind::UnitKeys.number().cast_signed();
        keeper.adds(kind, forged.about().as_bytes(), (1 << 40) + nth, &bytes);
    }
}

/// The slips that a device wrote itself, as far as they have not gone: of how many it was, and that headquarters opens each and the hub none.
fn own_slips_open_for(actor: &Actor, hq: &ReadIdentity, theirs: &ReadIdentity) -> usize {
    let home = actor.unlocked();
    let all = everything(&home).into_iter();
    let own: Vec<SealedEntry> =
        all.filter(|it| it.header.kind == Kind::Slip && it.header.device == home.device()).collect();
    for slip in own.iter().filter(|slip| slip.envelope.is_some()) {
        assert_eq!([hq, theirs].map(|key| opens(slip, &slip.header, key)), [true, false], "{:?}", slip.at());
    }
    own.len()
}

#[test]
fn a_hub_that_hands_out_its_own_key_at_the_moment_of_a_rotation_gets_nothing_sealed_to_it() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    record(officer, 1, "zukhwendar");
    for actor in [officer, reader, supervisor] {
        actor.run(&["sync"]);
    }
    let (before, older) = (version(supervisor), station(supervisor));
    let offered = offer_and_list(&agency);
    let (open, others) = (number(&offered, "open"), number(&offered, "others"));
    assert!(open > 0);
    // What the hub's keeper makes: a key of their own, wrapped to the supervisor under the number that is expected, by a device that they have;
    // and the admins' roster with that key in the place of the station's.
    let keeper = Keeper::of(&agency);
    let theirs = ReadIdentity::generate().unwrap();
    let (kind, signed) = keeper.roster(before + 1);
    let listed = agency.admin.unlocked().trust().unwrap().roster().unit(&older.id).unwrap().clone();
    let key = listed.recipient.as_ref().unwrap().as_bytes().to_vec();
    let mut bent = signed.clone();
    let at = bent.windows(key.len()).position(|bytes| bytes == key).unwrap();
    bent[at..at + key.len()].copy_from_slice(theirs.recipient().as_bytes());
    forges_unit_keys(&keeper, &agency, &older, &theirs);
    keeper.lays(kind, before + 1, &bent);
    let lied = |what: &str| {
        let synced = supervisor.ask(&["sync"]);
        let rotated = supervisor.ask(&["keys", "rotate", "unit", GUJRAT]);
        println!("{what}: sync ends with {}, the rotation with {}: {}", synced.code, rotated.code, rotated.json);
        assert_eq!((version(supervisor), rewraps(supervisor).len()), (before, 0), "{what}: {}", rotated.json);
        record(supervisor, 2, "tarvelish");
    };
    lied("another key in the roster's place");
    keeper.keeps_out(kind, before + 1);
    let about = keeper.withholds(kind, before + 1);
    lied("the roster withheld");
    keeper.lets_in();
    keeper.adds(kind, &about, before + 1, &signed);

    // The true roster comes through, beside the unit keys that the keeper made.
    for _ in 0..2 {
        supervisor.run(&["sync"]);
    }
    assert_eq!(version(supervisor), before + 1);
    let done = supervisor.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&done, "/state"), number(&done, "left")), ("done".to_owned(), others), "{done}");
    assert!(number(&done, "now") >= open, "something was rewrapped: {done}");
    record(supervisor, 3, "palmishto");
    let rewraps = rewraps(supervisor);
    assert_eq!(rewraps.len() as u64, number(&done, "now"));

    // Every slip that was written meanwhile, each with the key of whoever it names.
    let hq = only_for_the_named(&agency, &rewraps, &theirs);
    let own = own_slips_open_for(supervisor, &hq, &theirs);
    assert!(own >= 6, "of three cases, two of them kept while the hub lied: {own}");
    for actor in [supervisor, reader, supervisor, officer] {
        actor.run(&["sync"]);
    }
    for mark in ["zukhwendar", "palmishto"] {
        assert_eq!((finds(supervisor, mark), finds(reader, mark)), (1, 1), "{mark}");
    }
}

/// The admins take a device off, and the hub keeps that roster to itself: their word on which one is the newest says so, and whoever hears it
/// is told what to do.
#[test]
fn a_roster_that_the_hub_holds_back_is_noticed_by_the_admins_word_and_said_until_it_comes() {
    let agency = TestAgency::build();
    let (officer, admin) = (&agency.officer, &agency.admin);
    officer.run(&["sync"]);
    let before = version(officer);
    let fresh = |actor: &Actor| {
        let roster = actor.run(&["status"])["roster"].clone();
        (number(&roster, "version"), roster["confirmed_days_ago"].clone(), roster["withheld"].clone())
    };
    assert_eq!(fresh(officer), (before, 0.into(), Value::Null));
    let gone = agency.stranger.unlocked().device().to_string();
    admin.run(&["roster", "revoke", &gone[..12], "--lost"]);
    admin.run(&["roster", "publish"]);
    let keeper = Keeper::of(&agency);
    let (kind, signed) = keeper.roster(before + 1);
    keeper.keeps_out(kind, before + 1);
    let about = keeper.withholds(kind, before + 1);

    // Nothing says that the older roster is the newest any more, and something that it is not.
    for _ in 0..2 {
        officer.ask(&["sync"]);
        assert_eq!(fresh(officer), (before, Value::Null, (before + 1).into()));
    }
    let newer = format!("roster {} is in force and has not come here", before + 1);
    let plainly = |verb: &[&str]| {
        let told = officer.at_home(std::process::Command::new(beside_us("amanat"))).args(verb).output().unwrap();
        String::from_utf8(told.stdout).unwrap()
    };
    for verb in [&["status"][..], &["roster", "show"]] {
        assert!(plainly(verb).contains(&newer), "{}", plainly(verb));
    }
    // A stick brings what the hub does not.
    let stick = agency.dir.path().join("word.age").to_string_lossy().into_owned();
    admin.run(&["bundle", "write", &stick, "--to", GUJRAT]);
    agency.supervisor.run(&["bundle", "read", &stick]);
    assert_eq!(fresh(&agency.supervisor), (before + 1, 0.into(), Value::Null), "by a stick");
    keeper.lets_in();
    keeper.adds(kind, &about, before + 1, &signed);
    officer.run(&["sync"]);
    assert_eq!(fresh(officer), (before + 1, 0.into(), Value::Null));
    assert!(!plainly(&["status"]).contains("is in force"), "{}", plainly(&["status"]));
}
