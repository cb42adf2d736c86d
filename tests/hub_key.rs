//! The hub gets a new signing key on a live agency: what the older one proved stays proven, whoever was away for weeks goes on, and nobody
//! believes the older key any more. Killed anywhere, the hub serves.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    bundle::{hub_reads, hub_writes, reads, writes},
    crash::{DoomedHub, Fate, at_each_step, broken_at_each_step},
    support::{Actor, GUJRAT, HubProcess, TestAgency, beside_us, finish, hub_says, jot, number, record, text},
};

fn rotating(home: &Path) -> Command {
    let mut command = Command::new(beside_us("amanat-hub"));
    command.args(["rotate-key", "--json", "--home"]).arg(home);
    command
}

/// What the hub asks for, while it stands still: its file and its words.
pub(crate) fn asks(agency: &mut TestAgency) -> (String, String) {
    agency.kill_hub();
    let asked = finish(rotating(&agency.hub_home), "").json;
    assert_eq!(asked, finish(rotating(&agency.hub_home), "").json, "called again it is the same request");
    agency.start_hub();
    (text(&asked, "/request"), text(&asked, "/words"))
}

/// What the admin does with it.
pub(crate) fn rotate<'a>(request: &'a str, words: &'a str) -> [&'a str; 7] {
    ["keys", "rotate", "hub", "--file", request, "--fingerprint", words]
}

fn under_way(actor: &Actor) -> Value {
    actor.run(&["keys", "status"])["new_hub_keys"].clone()
}

fn listed(agency: &TestAgency) -> Value {
    agency.admin.run(&["roster", "show"])["hubs"][0].clone()
}

/// All that was kept has been received, and another process proves it.
fn proven(actor: &Actor) {
    let (kept, received) = actor.counts();
    assert_eq!(kept, received, "{}", actor.name);
    assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
}

#[test]
fn a_hub_with_a_new_key_proves_what_it_took_and_who_was_away_goes_on() {
    let mut agency = TestAgency::build();
    let (officer, stranger, reader) = (agency.officer.clone(), agency.stranger.clone(), agency.reader.clone());
    let story = record(&officer, 1, "zukhwendar");
    officer.run(&["sync"]);
    let (late, _) = writes(&officer, &agency, "late.age", None);
    let older_stick = hub_writes(&agency, "older.age", GUJRAT);
    let older_key = fs::read_to_string(agency.hub_home.join("hub.keys")).unwrap();
    let (first, second) = (listed(&agency), text(&agency.hub_status(), "/id"));

    let (request, words) = asks(&mut agency);
    assert!(!agency.hub_status()["next_key"].is_null() && agency.hub_status()["key"] == first["key"]);
    // It serves on, and nobody has heard of anything.
    jot(&officer, &story.case, 1, "zukhwendar");
    officer.run(&["sync"]);
    proven(&officer);
    assert_eq!(under_way(&agency.admin), json!([]));
    agency.admin.run(&["sync"]);
    assert_eq!(under_way(&agency.admin), json!([{"hub": "Sample hub", "state": "offered"}]));

    let shown = agency.admin.run(&[&rotate(&request, &words)[..], &["--dry-run"]].concat());
    assert!(shown["changes"].to_string().contains("counts up to checkpoint"), "{shown}");
    assert_eq!(listed(&agency), first, "nothing was signed");
    agency.admin.run(&rotate(&request, &words));
    assert_eq!(under_way(&agency.admin), json!([{"hub": "Sample hub", "state": "listed"}]));
    // A stick that the hub wrote before it has heard of it, for whoever has.
    let meanwhile = hub_writes(&agency, "meanwhile.age", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    agency.admin.run(&["sync"]);
    assert_eq!(under_way(&agency.admin), json!([]), "the hub was heard with its new key alone");

    let (now, status) = (listed(&agency), agency.hub_status());
    assert_eq!((&status["key"], &status["key_listed"], &status["next_key"]), (&now["key"], &json!(true), &Value::Null));
    assert_eq!(
        (now["key"] != first["key"], &now["retired_keys"][0]["key"], text(&status, "/id")),
        (true, &first["key"], second)
    );
    let seed = older_key.lines().next().unwrap();
    for file in fs::read_dir(&agency.hub_home).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let holds = fs::read(&file).unwrap().windows(seed.len()).any(|bytes| bytes == seed.as_bytes());
        assert!(!holds, "{} still holds the older seed", file.display());
    }

    // One who was there yesterday, and one who has been away since the beginning.
    jot(&officer, &story.case, 2, "zukhwendar");
    record(&stranger, 2, "lomvantesh");
    for actor in [&officer, &stranger, &reader] {
        actor.run(&["sync"]);
        proven(actor);
    }
    // What was written under the older key is read, by whoever holds the newer roster and by whoever does not.
    for stick in [&older_stick, &meanwhile] {
        for actor in [&officer, &agency.supervisor] {
            reads(actor, stick);
            assert_eq!(actor.run(&["verify"])["holds"], true, "{} after {}", actor.name, stick.display());
        }
    }
    hub_reads(&agency, &late);

    // The next certificate, the next key, a start anew, and a restored backup: all as before.
    agency.hub_asks_again(&["--next"]);
    assert_eq!(
        (listed(&agency)["key"].clone(), agency.admin.run(&["roster", "show"])["hubs"][1].clone()),
        (now["key"].clone(), Value::Null)
    );
    let (request, words) = asks(&mut agency);
    agency.admin.run(&rotate(&request, &words));
    agency.admin.run(&["roster", "publish"]);
    assert_eq!(listed(&agency)["retired_keys"].as_array().unwrap().len(), 2);
    agency.kill_hub();
    agency.start_hub();
    jot(&officer, &story.case, 3, "zukhwendar");
    officer.run(&["sync"]);
    proven(&officer);
}

#[test]
fn a_key_that_no_roster_names_is_refused_in_one_sentence_and_an_offer_of_the_wrong_hands_lists_nothing() {
    let mut agency = TestAgency::build();
    let officer = agency.officer.clone();
    record(&officer, 1, "zukhwendar");
    let counts = officer.counts();
    let other_home = agency.dir.path().join("somebody");
    HubProcess::init(&other_home, "127.0.0.1:7071".parse().unwrap());
    let (ours, theirs) = (agency.hub_home.join("hub.keys"), other_home.join("hub.keys"));
    let kept = fs::read(&ours).unwrap();

    agency.kill_hub();
    fs::copy(&theirs, &ours).unwrap();
    let offered = finish(rotating(&agency.hub_home), "");
    assert!(
        offered.code == 1 && offered.json["error"].to_string().contains("does not name the one that this hub has"),
        "{offered:?}"
    );
    agency.start_hub();
    let refused = officer.ask(&["sync"]);
    assert_eq!((refused.code, officer.counts()), (5, counts), "{}", refused.json);
    let said = refused.message();
    assert!(said.contains("does not have the signing key that the roster names for the hub"), "{said}");

    // Their key beside the right one: a request that the listed key did not sign.
    agency.kill_hub();
    fs::write(&ours, kept).unwrap();
    let (request, words) = asks(&mut agency);
    let wrong = "abacus abdomen abdominal abide abiding ability ablaze able";
    let swapped = agency.admin.ask(&rotate(&request, wrong));
    assert!(swapped.code != 0, "other words than those that were read aloud");
    let as_a_hub = ["roster", "approve", &request, "--fingerprint", &words, "--role", "hub"];
    assert_eq!(agency.admin.ask(&as_a_hub).code, 2);
    let without = agency.admin.ask(&["keys", "rotate", "hub"]);
    assert!(without.code == 2 && without.hint().contains("amanat-hub rotate-key"), "{}", without.json);
    assert!(officer.ask(&rotate(&request, &words)).code != 0, "an officer is no admin");

    // The hub is put back to before its offer, and signs on: the request is not the whole story any more, and the admin's device knows.
    let next = agency.hub_home.join("hub-next.keys");
    agency.kill_hub();
    let aside = agency.dir.path().join("aside.keys");
    fs::rename(&next, &aside).unwrap();
    agency.start_hub();
    officer.run(&["sync"]);
    agency.admin.run(&["sync"]);
    let stale = agency.admin.ask(&rotate(&request, &words));
    assert!(stale.code == 5 && stale.message().contains("the older key ended at"), "{}", stale.json);
    assert_eq!(listed(&agency)["retired_keys"], json!([]));
}

/// A folder with the folders in it.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(|file| file.unwrap()) {
        let at = to.join(file.file_name());
        if file.path().is_dir() {
            copy_all(&file.path(), &at);
        } else {
            fs::copy(file.path(), at).unwrap();
        }
    }
}

/// A hub's home that is put back to one beginning again and again.
struct HubAgain {
    home: PathBuf,
    beginning: PathBuf,
}

impl HubAgain {
    fn of(agency: &TestAgency) -> Self {
        let beginning = agency.dir.path().join("hub-beginning");
        drop(fs::remove_dir_all(&beginning));
        drop(fs::remove_file(agency.hub_home.join("control")));
        copy_all(&agency.hub_home, &beginning);
        Self { home: agency.hub_home.clone(), beginning }
    }

    fn afresh(&self) -> &Path {
        fs::remove_dir_all(&self.home).unwrap();
        copy_all(&self.beginning, &self.home);
        &self.home
    }
}

#[test]
fn an_offer_of_the_hub_killed_or_broken_at_any_step_is_one_key_and_one_request_afterwards() {
    let mut agency = TestAgency::build();
    record(&agency.officer, 1, "zukhwendar");
    agency.officer.run(&["sync"]);
    agency.kill_hub();
    let key = agency.hub_status()["key"].clone();
    let hub = HubAgain::of(&agency);
    let judge = |failed: bool, answer: crate::support::Answer, at: &str| {
        let again = finish(rotating(&hub.home), "").json;
        assert_eq!(text(&again, "/state"), "offered", "{at}: {again}");
        assert!(failed || again == answer.json, "{at}: what was answered stays");
        assert_eq!(again, finish(rotating(&hub.home), "").json, "{at}: one request from then on");
        let status: Value = serde_json::from_str(&hub_says(&hub.home, &["status", "--json"])).unwrap();
        assert_eq!((&status["key"], &status["key_listed"]), (&key, &json!(true)), "{at}");
    };
    at_each_step(
        "offering the hub's key",
        &["write", "fsync", "rename"],
        || (rotating(hub.afresh()), String::new()),
        judge,
    );
    broken_at_each_step("offering the hub's key", || rotating(hub.afresh()), judge);
}

#[test]
fn a_new_key_that_a_hub_takes_up_when_it_is_killed_at_any_step_is_in_use_after_the_next_start() {
    let mut agency = TestAgency::build();
    let officer = agency.officer.clone();
    record(&officer, 1, "zukhwendar");
    officer.run(&["sync"]);
    let (request, words) = asks(&mut agency);
    agency.admin.run(&rotate(&request, &words));
    agency.kill_hub();
    let key = listed(&agency)["key"].clone();
    let hub = HubAgain::of(&agency);
    let mut kills = 0;
    for step in ["write", "fsync", "rename", "unlink"] {
        for n in 1.. {
            assert!(n < 60, "the hub never lives through its {step}");
            hub.afresh();
            let at = format!("taking up, {step} {n}");
            let mut doomed = DoomedHub::serve(&agency, step, n);
            // The admin's device brings the roster, or finds nobody.
            agency.admin.ask(&["roster", "publish"]);
            let dead = doomed.is_dead();
            drop(doomed);
            agency.start_hub();
            agency.admin.run(&["roster", "publish"]);
            let status = agency.hub_status();
            assert_eq!((&status["key"], &status["next_key"]), (&key, &Value::Null), "{at}");
            assert!(number(&status, "entries") > 0, "{at}");
            agency.kill_hub();
            if !dead {
                break;
            }
            kills += 1;
        }
    }
    println!("taking up the hub's key: killed {kills} times");
    assert!(kills > 8, "the hub was hardly ever killed");
    agency.start_hub();
    officer.run(&["sync"]);
    proven(&officer);
}

#[test]
fn a_hub_whose_disk_breaks_at_any_step_of_taking_up_its_new_key_takes_it_up_once_the_disk_is_mended() {
    let mut agency = TestAgency::build();
    let officer = agency.officer.clone();
    record(&officer, 1, "zukhwendar");
    officer.run(&["sync"]);
    let (request, words) = asks(&mut agency);
    agency.admin.run(&rotate(&request, &words));
    agency.kill_hub();
    let (older, key) = (agency.hub_status()["key"].clone(), listed(&agency)["key"].clone());
    assert_ne!(older, key);
    let hub = HubAgain::of(&agency);
    let (mut broke, mut kept, mut taken) = (0, 0, 0);
    for step in ["pwrite64", "fsync", "rename", "ftruncate"] {
        for n in 1.. {
            assert!(n < 200, "the hub never lives without its {step}");
            hub.afresh();
            let at = format!("taking up, {step} broken from {n} on");
            let doomed = DoomedHub::meets(Fate::Broken, &agency, step, n);
            let told = agency.admin.ask(&["roster", "publish"]);
            drop(doomed);
            // Whatever was on the disk by then is one key whole, the older or the new one; never none, and never half of either.
            let status = agency.hub_status();
            let now = status["key"].clone();
            assert!(now == older || now == key, "{at}: {status}");
            *(if now == key { &mut taken } else { &mut kept }) += 1;
            agency.start_hub();
            agency.admin.run(&["roster", "publish"]);
            let status = agency.hub_status();
            assert_eq!((&status["key"], &status["next_key"]), (&key, &Value::Null), "{at}");
            assert!(number(&status, "entries") > 0, "{at}");
            agency.kill_hub();
            if told.code == 0 && now == key {
                break;
            }
            broke += 1;
        }
    }
    println!(
        "taking up the hub's key: the disk broke {broke} times; the older key was left {kept} times, the new one {taken}"
    );
    assert!(broke > 8 && kept > 0 && taken > 0, "{broke}, {kept}, {taken}");
    agency.start_hub();
    officer.run(&["sync"]);
    proven(&officer);
}
