//! TLS between real programs: the whole way by it, another key in the hub's place, a hub that changes its key.

#[path = "../sync/hub/tests/hub/stranger.rs"]
mod stranger;

use std::{fs, path::PathBuf};

use rustls::version::{TLS12, TLS13};
use serde_json::Value;

use self::stranger::{Met, Stranger, shaken};
use crate::support::{Actor, Answer, TestAgency, Typist, Way, number, record, text};

/// A certificate that no roster lists, with its key.
fn of_somebody_else(agency: &TestAgency) -> PathBuf {
    let home = agency.dir.path().join("somebody");
    crate::support::HubProcess::init(&home, "127.0.0.1:7071".parse().unwrap());
    home.join("tls.pem")
}

/// Exit 5, one sentence, what to do; nothing is lost.
fn refused_for_its_key(answer: &Answer, actor: &Actor, counts: (u64, u64)) {
    assert_eq!(answer.code, 5, "{}", answer.json);
    assert_eq!(text(&answer.json, "/error/kind"), "refused");
    let message = answer.message();
    assert!(message.starts_with("syncing — ") && message.contains("does not hold a key"), "{message}");
    assert!(
        message.ends_with("No entry was sent") && answer.hint().contains("try another"),
        "{} {}",
        message,
        answer.hint()
    );
    assert_eq!(actor.counts(), counts);
}

/// Whoever holds the key that they show is asked for newer rosters, by nobody in particular; who does not is asked nothing.
fn asked_for_rosters_only(met: &Met, holds_it: bool, actor: &Actor) {
    let said = String::from_utf8_lossy(&met.inside).to_lowercase();
    assert_eq!(
        (met.handshake.is_some(), said.starts_with("post /v1/rosters http/1.1\r\n")),
        (holds_it, holds_it),
        "{said}"
    );
    let device = text(&actor.run(&["status"]), "/device");
    for word in ["signature", "amanat-", "cookie", device.as_str()] {
        assert!(!said.contains(word), "{word}: {said}");
    }
}

#[test]
fn an_interview_goes_to_headquarters_by_tls() {
    let agency = TestAgency::by_tls();
    let hub = &agency.admin.run(&["roster", "show"])["hubs"][0];
    assert!(text(hub, "/url").starts_with("https://127.0.0.1:"), "{hub}");
    let status = agency.hub_status();
    assert_eq!((&hub["tls_keys"][0], &status["tls_key_listed"]), (&status["tls_key"], &Value::Bool(true)));
    let story = record(&agency.officer, 1, "qelrujdun");
    let (kept, _) = agency.officer.counts();
    agency.officer.run(&["sync"]);
    assert_eq!(agency.officer.counts(), (kept, kept));
    agency.reader.run(&["sync"]);
    assert_eq!(agency.reader.run(&["case", "search", "qelrujdun"])["total"], 1);
    let shown = agency.reader.run(&["case", "show", &story.case]).to_string();
    assert!(story.typed.iter().all(|(id, _)| shown.contains(id)), "{shown}");
    assert_eq!(agency.officer.run(&["verify"])["holds"], true);
}

#[test]
fn another_key_in_the_hubs_place_ends_with_five_and_hears_one_question() {
    let mut agency = TestAgency::by_tls();
    record(&agency.officer, 1, "vikpashtal");
    let counts = agency.officer.counts();
    let theirs = of_somebody_else(&agency);
    let ours = agency.hub_home.join("tls.pem");
    // A certificate of their own by either version, and the hub's, copied, without its key.
    for (shown, version) in [(&theirs, &TLS13), (&theirs, &TLS12), (&ours, &TLS13)] {
        let stranger = Stranger::at(shown, &theirs, &[version]);
        agency.link.lead_to(stranger.address);
        refused_for_its_key(&agency.officer.ask(&["sync"]), &agency.officer, counts);
        let met = stranger.next();
        assert_eq!((met.handshake, met.inside.len()), (None, 0), "{met:?}");
        asked_for_rosters_only(&stranger.next(), shown == &theirs, &agency.officer);
    }
    let stranger = Stranger::at(&theirs, &theirs, &[&TLS13]);
    agency.link.lead_to(stranger.address);
    the_screen_says_it(&agency.officer);
    assert_eq!(stranger.next().inside.len(), 0);
    asked_for_rosters_only(&stranger.next(), true, &agency.officer);

    // No hub at all is no matter of trust; and the right one takes it all.
    agency.link.lead_to(agency.hub_address());
    agency.kill_hub();
    assert_eq!(agency.officer.ask(&["sync"]).code, 4);
    agency.start_hub();
    for (way, bytes) in [(Way::Up, 300), (Way::Up, 1_600), (Way::Down, 3), (Way::Down, 900), (Way::Down, 1_900)] {
        agency.link.cut_after(way, bytes);
        assert_eq!(agency.officer.ask(&["sync"]).code, 4, "a handshake cut {way:?} after {bytes} bytes");
        agency.link.mend();
    }
    agency.officer.run(&["sync"]);
    assert_eq!(agency.officer.counts(), (counts.0, counts.0));
}

fn the_screen_says_it(officer: &Actor) {
    let mut typist = Typist::sits_down(&officer.home, &[]);
    typist.sees("\u{2500}");
    let passphrase = fs::read_to_string(&officer.passphrase).unwrap();
    typist.types(&format!("\"{}\" Enter", passphrase.trim_end()));
    typist.sees("! not HQ's key");
    let said = "its key is not on the roster. No entry was sent.";
    typist.types("F6");
    typist.sees_that(said, |screen| screen.split_whitespace().collect::<Vec<_>>().join(" ").contains(said));
}

#[test]
fn a_hub_changes_its_key_and_who_missed_the_roster_learns_it_from_there() {
    let mut agency = TestAgency::by_tls();
    record(&agency.officer, 1, "dunrujmek");
    record(&agency.stranger, 2, "dunrujmek");
    agency.hub_asks_again(&["--next"]);
    let hub = |agency: &TestAgency| agency.admin.run(&["roster", "show"])["hubs"][0].clone();
    assert_eq!(hub(&agency)["tls_keys"].as_array().unwrap().len(), 2);
    agency.officer.run(&["sync"]);

    agency.kill_hub();
    fs::rename(agency.hub_home.join("tls-next.pem"), agency.hub_home.join("tls.pem")).unwrap();
    agency.start_hub();
    agency.officer.run(&["sync"]);
    let (pack, words) = agency.hub_asks_again(&[]);
    let keys = hub(&agency)["tls_keys"].clone();
    assert_eq!((keys.as_array().unwrap().len(), &keys[0]), (1, &agency.hub_status()["tls_key"]));
    let shown = shaken(&agency.hub_address().to_string(), &[&TLS13]).1;
    assert_eq!(keys[0], amanat_keys::fingerprint::Digest::of(&shown).to_string());
    agency.officer.run(&["sync"]);

    // Never there while both keys were listed: the rosters that list the new one come over the very connection that shows it.
    let counts = agency.stranger.counts();
    let synced = agency.stranger.run(&["sync"]);
    assert_eq!(number(&synced, "roster"), number(&agency.admin.run(&["roster", "show"]), "version"));
    assert_eq!(agency.stranger.counts(), (counts.0, counts.0));
    // The way by hand leads to the same.
    agency.reader.run(&["device", "join", &pack, "--fingerprint", &words]);
    agency.reader.run(&["sync"]);
}

#[test]
fn a_hub_whose_key_no_roster_lists_gives_rosters_and_gets_nothing() {
    let mut agency = TestAgency::by_tls();
    record(&agency.officer, 1, "tazmokvil");
    agency.admin.run(&["roster", "unit-add", "PS Sample, Later"]);
    agency.admin.run(&["roster", "publish"]);
    let counts = agency.officer.counts();
    // The right hub, under a key that nobody approved.
    let (ours, aside) = (agency.hub_home.join("tls.pem"), agency.hub_home.join("tls.aside"));
    agency.kill_hub();
    fs::rename(&ours, &aside).unwrap();
    fs::copy(of_somebody_else(&agency), &ours).unwrap();
    agency.start_hub();
    refused_for_its_key(&agency.officer.ask(&["sync"]), &agency.officer, counts);
    let version = |actor: &Actor| number(&actor.run(&["roster", "show"]), "version");
    assert_eq!(version(&agency.officer), version(&agency.admin), "rosters prove themselves, whoever brings them");
    refused_for_its_key(&agency.officer.ask(&["sync"]), &agency.officer, counts);
    agency.kill_hub();
    fs::rename(&aside, &ours).unwrap();
    agency.start_hub();
    agency.officer.run(&["sync"]);
    assert_eq!(agency.officer.counts(), (counts.0, counts.0));
}

#[test]
fn a_device_five_rosters_behind_comes_back_and_catches_up() {
    let mut agency = TestAgency::by_tls();
    record(&agency.officer, 1, "sulgrintav");
    let version = |actor: &Actor| number(&actor.run(&["roster", "show"]), "version");
    let (before, counts) = (version(&agency.officer), agency.officer.counts());
    for unit in ["One", "Two", "Three", "Four"] {
        agency.admin.run(&["roster", "unit-add", &format!("PS Sample, {unit}")]);
    }
    agency.hub_asks_again(&["--next"]);
    agency.kill_hub();
    fs::rename(agency.hub_home.join("tls-next.pem"), agency.hub_home.join("tls.pem")).unwrap();
    agency.start_hub();
    // Five behind, and the hub shows a key that the first of them does not list.
    assert_eq!(version(&agency.admin), before + 5);
    let synced = agency.officer.run(&["sync"]);
    assert_eq!(number(&synced, "roster"), before + 5);
    assert_eq!(agency.officer.counts(), (counts.0, counts.0));
    // So does a reader, and the interview is there.
    agency.supervisor.run(&["sync"]);
    assert_eq!((version(&agency.supervisor), version(&agency.officer)), (before + 5, before + 5));
    assert_eq!(agency.supervisor.run(&["case", "search", "sulgrintav"])["total"], 1);
}
