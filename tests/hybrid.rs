//! An agency that was founded with hybrid recipients: the main job, a rotation and a stick go as they do elsewhere, nothing that the hub
//! holds is sealed to a key that a quantum computer opens, and nobody comes in with one.

use amanat_keys::recipient::RecipientKind;
use amanat_sync::entry::{Change, Header, Kind};
use rusqlite::Connection;

use crate::{
    rotation::{finds, offer_and_list},
    support::{Actor, GUJRAT, TestAgency, hub_says, number, record, text},
};

/// The slips and rewraps that the hub serves: how many are hybrid throughout, and how many have a stanza of the older kind.
pub(crate) fn slips_at_hub(agency: &TestAgency) -> (usize, usize) {
    let hub = Connection::open(agency.hub_database()).unwrap();
    let mut rows = hub.prepare("select header, envelope from entries where envelope is not null").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
    let is_slip = |header: &Header| {
        header.kind == Kind::Slip || header.target.is_some_and(|target| target.change == Change::Rewrap)
    };
    let slips = rows.map(Result::unwrap).filter(|(header, _)| is_slip(&Header::decode(header).unwrap()));
    let (mut hybrid, mut older) = (0, 0);
    for (header, slip) in slips {
        let stanzas = |word: &str| String::from_utf8_lossy(&slip).matches(&format!("-> {word} ")).count();
        let (new, old) = (stanzas("mlkem768x25519"), stanzas("X25519"));
        assert_eq!(new + old, Header::decode(&header).unwrap().audience.len(), "a stanza for each reader");
        assert!(new == 0 || old == 0, "both kinds in one slip");
        if old == 0 { hybrid += 1 } else { older += 1 }
    }
    (hybrid, older)
}

/// Everybody finds the mark, and another process finds nothing wrong with what they hold.
pub(crate) fn all_find(actors: &[&Actor], mark: &str) {
    for actor in actors {
        assert_eq!(finds(actor, mark), 1, "{} finds {mark}", actor.name);
        let verified = actor.run(&["verify"]);
        assert_eq!(verified["holds"], true, "{}: {verified}", actor.name);
    }
}

#[test]
fn an_agency_founded_with_hybrid_recipients_does_its_work_with_them_and_with_nothing_else() {
    let agency = TestAgency::hybrid();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    record(officer, 1, "zukhwendar");
    for actor in [officer, supervisor, reader] {
        actor.run(&["sync"]);
    }
    all_find(&[officer, supervisor, reader], "zukhwendar");
    let (hybrid, older) = slips_at_hub(&agency);
    assert!(hybrid >= 2 && older == 0, "{hybrid} hybrid, {older} others");
    let status = officer.run(&["keys", "status"]);
    assert_eq!(status["recipients"], "mlkem768x25519");
    assert_eq!(number(&status, "slip_bytes_a_reader"), RecipientKind::MlKem768X25519.slip_bytes() as u64);

    // A stick, sealed to the hub.
    record(officer, 2, "palmishto");
    let stick = agency.dir.path().join("stick.age").to_string_lossy().into_owned();
    officer.run(&["bundle", "write", &stick]);
    let bytes = std::fs::read(&stick).unwrap();
    assert!(bytes.windows(17).any(|word| word == b"-> mlkem768x25519"), "a stick is sealed to hybrid keys");
    hub_says(&agency.hub_home, &["bundle", "read", &stick]);
    for actor in [supervisor, reader] {
        actor.run(&["sync"]);
    }
    all_find(&[supervisor, reader], "palmishto");

    // A unit's key is rotated as anywhere.
    let offered = offer_and_list(&agency);
    supervisor.run(&["sync"]);
    let done = supervisor.run(&["keys", "rotate", "unit", GUJRAT]);
    assert_eq!((text(&done, "/state"), number(&done, "now")), ("done".to_owned(), number(&offered, "open")), "{done}");
    for actor in [supervisor, reader, officer] {
        actor.run(&["sync"]);
    }
    all_find(&[supervisor, reader, officer], "palmishto");
    assert_eq!(slips_at_hub(&agency).1, 0);
}

#[test]
fn who_asks_with_a_recipient_of_the_other_kind_is_refused_in_words() {
    let agency = TestAgency::hybrid();
    let dir = agency.dir.path();
    let late = Actor::new(dir, "late", dir.join("late"));
    let made = late.run(&["device", "init", "--name", "late", "--practice", "--work-factor", "10"]);
    let (request, words) = (text(&made, "/request"), text(&made, "/words"));
    let approve = ["roster", "approve", &request, "--fingerprint", &words, "--role", "officer", "--unit", GUJRAT];
    let refused = agency.admin.ask(&approve);
    assert_eq!(refused.code, 5, "{}", refused.json);
    assert!(refused.message().contains("of the kind x25519"), "{}", refused.message());
    assert!(refused.hint().contains("--recipients mlkem768x25519"), "{}", refused.hint());
    // Nor does the agency go back, key by key.
    for what in
        [["keys", "rotate", "device", "--recipients", "x25519"], ["keys", "rotate", "unit", "--recipients", "x25519"]]
    {
        let refused = agency.supervisor.ask(&what);
        assert!(refused.message().contains("never falls"), "{}", refused.json);
    }
    let again = agency.admin.ask(&["keys", "raise", &request]);
    assert!(again.message().contains("already"), "{}", again.json);
}
