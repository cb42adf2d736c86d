//! A device gets new keys on a live agency: it works on all the while, everybody reads on, and the older key says nothing to anybody afterwards.

use amanat::runtime::clock;
use amanat_keys::{device::Signer, fingerprint::Digest, verifying_key::VerifyingKey};
use amanat_sync::{
    http::{HttpSettings, HttpTransport},
    transport::{Transport as _, TransportError},
    wire::messages::DocumentsRequest,
};

use crate::{
    crash::{at_each_step, broken_at_each_step, whole},
    rotation::finds,
    rotation_killed::Again,
    support::{Actor, Answer, TestAgency, jot, record, text},
};

/// What the device asks for, and the pack and the words with which the admin answers.
fn approved(agency: &TestAgency, state: &str) -> (String, String) {
    let file = agency.dir.path().join("device-key.join").to_string_lossy().into_owned();
    let asked = agency.officer.run(&["keys", "rotate", "device", "--out", &file]);
    assert_eq!(text(&asked, "/state"), state, "{asked}");
    let pack = agency.dir.path().join("device-key.pack").to_string_lossy().into_owned();
    let words = text(&asked, "/words");
    let approve = ["roster", "approve", &file, "--fingerprint", &words, "--role", "device-key", "--out", &pack];
    let approved = agency.admin.run(&approve);
    (pack, text(&approved, "/words"))
}

/// The same, twice asked, and the roster handed out.
pub(crate) fn listed(agency: &TestAgency, state: &str) {
    let asked = || agency.officer.run(&["keys", "rotate", "device"]);
    assert_eq!(asked()["words"], asked()["words"], "called again it is the same request");
    let stage = if state == "ending" { "listed" } else { state };
    assert_eq!(agency.officer.run(&["keys", "status"])["new_device_keys"], stage);
    approved(agency, state);
    agency.admin.run(&["roster", "publish"]);
}

/// What the hub says to a request that this key signs for the officer's device.
fn asks_with(officer: &Actor, signer: Signer) -> Result<Vec<u8>, TransportError> {
    let home = officer.unlocked();
    let hub = home.hub().unwrap();
    let mut road = HttpTransport::new(HttpSettings {
        url: hub.url.clone(),
        tls_keys: hub.tls_keys.clone(),
        agency: home.agency().unwrap(),
        device: home.device(),
        hub: hub.receipt_key.key_id(),
        sign: Box::new(move |base| signer.sign_request(base).unwrap()),
        ticks: Box::new(clock::boot_ms),
    })
    .unwrap();
    let request = DocumentsRequest { agency: home.agency().unwrap(), held: Vec::new(), offered: Vec::new() };
    road.documents(&Digest::ZERO, &request.to_bytes())
}

#[test]
fn a_device_with_new_keys_has_lost_nothing_and_its_older_key_is_refused() {
    let agency = TestAgency::build();
    let (officer, reader, supervisor) = (&agency.officer, &agency.reader, &agency.supervisor);
    let story = record(officer, 1, "zukhwendar");
    for actor in [officer, supervisor] {
        actor.run(&["sync"]);
    }
    // A note that her supervisor seals to the officer's device.
    let note = ["review", "return", story.interview(), "--note", "pulmashtir: the date is missing"];
    supervisor.run(&note);
    for actor in [supervisor, officer] {
        actor.run(&["sync"]);
    }
    let older = officer.unlocked().signer();
    assert!(asks_with(officer, older.clone()).is_ok(), "the older key is the one that counts");
    let other = record(officer, 2, "lomvantesh");
    for actor in [officer, supervisor] {
        actor.run(&["sync"]);
    }
    // Kept and not handed over when the keys change.
    jot(officer, &story.case, 1, "tarvelish");
    listed(&agency, "offered");
    jot(officer, &story.case, 2, "merqandul");
    officer.run(&["sync"]);
    let newer = officer.unlocked().signer();
    assert_ne!(newer.verifying_key(), older.verifying_key());
    jot(officer, &story.case, 3, "vashtipol");
    listed(&agency, "ending");
    officer.run(&["sync"]);
    let done = officer.run(&["keys", "rotate", "device"]);
    assert_eq!(text(&done, "/state"), "done", "{done}");
    assert_eq!(officer.run(&["keys", "status"])["new_device_keys"], serde_json::Value::Null);
    jot(officer, &story.case, 4, "kirmanosh");
    officer.run(&["sync"]);
    let (kept, received) = officer.counts();
    assert_eq!(kept, received, "all of it was taken");

    assert!(asks_with(officer, newer).is_ok(), "the newer key is the one that counts");
    let refused = asks_with(officer, older).unwrap_err();
    assert!(matches!(refused, TransportError::Refused(_)), "{refused:?}");
    // Her supervisor has heard of none of it, and seals a first note about another case to the identity that he knows.
    supervisor.run(&["review", "return", other.interview(), "--note", "qamdarvesh: and the place?"]);
    for actor in [supervisor, reader, officer] {
        actor.run(&["sync"]);
        for mark in ["zukhwendar", "tarvelish", "merqandul", "vashtipol", "kirmanosh"] {
            assert_eq!(finds(actor, mark), 1, "{} finds {mark}", actor.name);
        }
        let verified = actor.run(&["verify"]);
        assert_eq!(verified["holds"], true, "{}: {verified}", actor.name);
    }
    let shown = officer.run(&["case", "show", &story.case]);
    assert!(shown.to_string().contains("pulmashtir"), "what came before still opens: {shown}");
    let shown = officer.run(&["case", "show", &other.case]);
    assert!(
        shown.to_string().contains("qamdarvesh"),
        "what was sealed to the older identity opens afterwards: {shown}"
    );
    // The next note reaches the new identity.
    supervisor.run(&["review", "return", story.person(), "--note", "hosfendriq: who was there?"]);
    for actor in [supervisor, officer] {
        actor.run(&["sync"]);
    }
    let shown = officer.run(&["case", "show", &story.case]);
    assert!(shown.to_string().contains("hosfendriq"), "{shown}");
    // And a change of passphrase comes by it unharmed.
    let passphrase = agency.dir.path().join("other.pass");
    std::fs::copy(&officer.passphrase, &passphrase).unwrap();
    officer.run(&["keys", "passphrase", "--new-passphrase-file", &passphrase.to_string_lossy()]);
    jot(officer, &story.case, 5, "zelbandur");
    officer.run(&["sync"]);
    assert_eq!(officer.run(&["verify"])["holds"], true);
}

/// An officer who has recorded a case, and nobody at the hub.
fn with_a_case() -> (TestAgency, String) {
    let agency = TestAgency::offline();
    let case = record(&agency.officer, 1, "zukhwendar").case;
    (agency, case)
}

/// Everything opens and holds; with which key the home signs, and how many journals it has.
fn opens(actor: &Actor, at: &str) -> (VerifyingKey, usize) {
    let mut home = actor.unlocked();
    home.journal().check().unwrap();
    let replayed = home.replay(|_, _| {}).unwrap();
    assert_eq!((replayed.closed, replayed.failed.len()), (0, 0), "{at}: {replayed:?}");
    (home.signer().verifying_key(), home.status().unwrap().own.len())
}

/// The officer's device writes with its new keys.
fn taken_up(agency: &TestAgency) {
    let (pack, words) = approved(agency, "offered");
    agency.officer.run(&["device", "join", &pack, "--fingerprint", &words]);
}

#[test]
fn asking_for_new_keys_killed_or_broken_at_any_step_asks_for_the_same_keys_afterwards() {
    let (agency, _) = with_a_case();
    let (older, _) = opens(&agency.officer, "before");
    let out = agency.dir.path().join("asked.join").to_string_lossy().into_owned();
    let offer = ["keys", "rotate", "device", "--out", &out];
    let home = Again::of(&agency.officer, agency.dir.path());
    let judge = |_failed: bool, _answer: Answer, at: &str| {
        let words = text(&home.actor.run(&offer), "/words");
        assert_eq!(opens(&home.actor, at), (older, 1), "{at}");
        assert_eq!(text(&home.actor.run(&offer), "/words"), words, "{at}: one request, and the same from then on");
    };
    at_each_step("asking", &["pwrite64", "fsync"], || (home.afresh().command(offer), String::new()), judge);
    broken_at_each_step("asking", || home.afresh().command(offer), judge);
}

#[test]
fn new_keys_taken_up_on_a_device_that_is_killed_or_broken_at_any_step_write_one_journal_of_their_own() {
    let (agency, case) = with_a_case();
    let (older, _) = opens(&agency.officer, "before");
    let (pack, words) = approved(&agency, "offered");
    let take = ["device", "join", &pack, "--fingerprint", &words];
    let home = Again::of(&agency.officer, agency.dir.path());
    let judge = |_failed: bool, _answer: Answer, at: &str| {
        home.actor.run(&take);
        let (newer, journals) = opens(&home.actor, at);
        assert_eq!((newer == older, journals), (false, 2), "{at}");
    };
    at_each_step("taking up", &["pwrite64", "fsync"], || (home.afresh().command(take), String::new()), judge);
    broken_at_each_step("taking up", || home.afresh().command(take), judge);
    jot(&home.actor, &case, 1, "zukhwendar");
    whole(&home.actor, "afterwards");
}

#[test]
fn an_older_key_put_away_killed_or_broken_at_any_step_leaves_a_home_that_opens() {
    let (agency, case) = with_a_case();
    taken_up(&agency);
    jot(&agency.officer, &case, 1, "zukhwendar");
    let (pack, words) = approved(&agency, "ending");
    agency.officer.run(&["device", "join", &pack, "--fingerprint", &words]);
    let (newer, _) = opens(&agency.officer, "ended");
    let end = ["keys", "rotate", "device"];
    let home = Again::of(&agency.officer, agency.dir.path());
    let judge = |failed: bool, _answer: Answer, at: &str| {
        assert_eq!(opens(&home.actor, at), (newer, 2), "{at}: the passphrase opens the new keys");
        let pending = home.actor.run(&["keys", "status"])["new_device_keys"] != serde_json::Value::Null;
        assert!(failed || !pending, "{at}: it was done");
        if pending {
            assert_eq!(text(&home.actor.run(&end), "/state"), "done", "{at}");
        }
    };
    at_each_step("putting away", &["fsync", "rename"], || (home.afresh().command(end), String::new()), judge);
    broken_at_each_step("putting away", || home.afresh().command(end), judge);
    jot(&home.actor, &case, 2, "zukhwendar");
    whole(&home.actor, "afterwards");
}
