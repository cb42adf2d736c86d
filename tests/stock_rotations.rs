//! Stock `age` with a reader's key opens what we seal, whatever key was changed before: what was written then, and what is written after.

use std::{fs, path::Path, process::Command};

use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::{
    bundle::{reads, writes},
    device_keys, hub_key,
    hybrid::slips_at_hub,
    hybrid_raised::{TO, far, raise, requests},
    revoked_reader::identities,
    rotation::{finds, station},
    rotation_attacked::{opened_by_stock_age, stock_age},
    support::{Actor, GUJRAT, TestAgency, jot, record, text},
};

#[path = "../keys/tests/other/typage.rs"]
mod other;

fn sync(actors: &[&Actor]) {
    for actor in actors {
        actor.run(&["sync"]);
    }
}

/// The interview opens as it did, and so does what the officer writes now.
fn opens(agency: &TestAgency, (case, interview, before): (&str, &str, &str), after: &str) {
    let note = jot(&agency.officer, case, 5, after);
    sync(&[&agency.officer, &agency.reader, &agency.supervisor]);
    assert_eq!(opened_by_stock_age(agency, interview, &format!("{after}-interview")), before, "after {after}");
    let opened = opened_by_stock_age(agency, &note, &format!("{after}-note"));
    assert!(opened.contains(after), "after {after}: {opened}");
}

#[test]
fn stock_age_opens_what_was_written_and_what_is_written_after_every_other_change_of_keys() {
    let mut agency = TestAgency::build();
    let story = record(&agency.officer, 1, "zukhwendar");
    sync(&[&agency.officer, &agency.reader, &agency.supervisor]);
    let interview = story.interview();
    let before = opened_by_stock_age(&agency, interview, "before");
    assert!(before.contains("zukhwendar") || before.contains("consent"), "it is the interview: {before}");
    let told = (story.case.as_str(), interview, before.as_str());

    let new = agency.officer.run(&["keys", "rekey", &story.case]);
    assert_ne!(new["slips"], Value::from(0), "{new}");
    opens(&agency, told, "rekeyed");

    // Both of the officer's own keys, and both of the reader's with whose key `age` opens.
    for state in ["offered", "ending"] {
        device_keys::listed(&agency, state);
        sync(&[&agency.officer]);
    }
    assert_eq!(text(&agency.officer.run(&["keys", "rotate", "device"]), "/state"), "done");
    opens(&agency, told, "device");

    let rotated = agency.admin.run(&["keys", "rotate", "root"]);
    assert_eq!(rotated["adopted"], true, "{rotated}");
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.officer, &agency.reader]);
    opens(&agency, told, "root");

    let (request, words) = hub_key::asks(&mut agency);
    agency.admin.run(&hub_key::rotate(&request, &words));
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.admin]);
    opens(&agency, told, "hub");

    // The reader's own lock: another passphrase, the same keys behind it.
    let next = agency.dir.path().join("next.pass");
    let words = "another horse battery staple lamp\n";
    crate::support::write_private(&next, words.as_bytes());
    agency.reader.run(&["keys", "passphrase", "--new-passphrase-file", &next.to_string_lossy()]);
    std::fs::copy(&next, &agency.reader.passphrase).unwrap();
    opens(&agency, told, "passphrase");

    // Headquarters' key itself, with which all of this was opened.
    let older = agency.reader.unlocked().trust().unwrap().roster().clone();
    let file = agency.dir.path().join("hq-key.join").to_string_lossy().into_owned();
    let offered = agency.reader.run(&["keys", "rotate", "unit", "HQ", "--out", &file]);
    let words = text(&offered, "/words");
    agency.admin.run(&["roster", "approve", &file, "--fingerprint", &words, "--role", "unit-key", "--unit", "HQ"]);
    agency.admin.run(&["roster", "publish"]);
    sync(&[&agency.reader, &agency.officer, &agency.supervisor]);
    assert_eq!(text(&agency.reader.run(&["keys", "rotate", "unit", "HQ"]), "/state"), "done");
    sync(&[&agency.reader, &agency.supervisor, &agency.reader]);
    let newer = agency.reader.unlocked().trust().unwrap().roster().clone();
    let key = |roster: &amanat_keys::roster::Roster| {
        roster.unit_of_kind(amanat_keys::roster::UnitKind::Headquarters).unwrap().recipient.clone()
    };
    assert_ne!(key(&older), key(&newer));
    opens(&agency, told, "headquarters");
}

/// Debian's `age` is older than hybrid recipients. It says so and gives nothing; a stock age that knows them gives the same.
#[test]
fn a_hybrid_slip_is_the_stanza_of_the_specification_and_an_age_that_does_not_know_it_opens_nothing() {
    let agency = TestAgency::hybrid();
    let story = record(&agency.officer, 1, "zukhwendar");
    sync(&[&agency.officer, &agency.reader]);
    let (run, dir) = stock_age(&agency, story.interview(), "hybrid");
    let slip = std::fs::read(dir.join("slip")).unwrap();
    let stanzas = String::from_utf8_lossy(&slip).matches("-> mlkem768x25519 ").count();
    assert_eq!(stanzas, 2, "the station's and headquarters'");
    let opened = String::from_utf8_lossy(&run.stdout).into_owned();
    if run.status.success() {
        assert!(opened.contains("closure_given"), "{opened}");
    } else {
        assert_eq!(opened, "", "what does not open gives nothing");
        assert!(String::from_utf8_lossy(&run.stderr).contains("age: error"), "{run:?}");
    }
    // What opens it is this program, with the same key.
    let shown = agency.reader.run(&["entry", "show", story.interview()]);
    assert_eq!(shown["answers"]["closure_given"], true, "{shown}");
}

const SUKKUR: &str = "PS Sample, Sukkur";
const HYBRID_KIND: RecipientKind = RecipientKind::MlKem768X25519;
const HYBRID: &str = "AGE-SECRET-KEY-PQ-1";

/// The reader's keys as they lay beside an entry's files, of one kind.
fn keys(dir: &Path, hybrid: bool) -> Vec<String> {
    let all = fs::read_to_string(dir.join("key")).unwrap();
    all.lines().filter(|key| key.starts_with(HYBRID) == hybrid).map(str::to_owned).collect()
}

/// What Debian's `age` gives for an entry's files with these keys.
fn by_stock_age(dir: &Path, keys: &[String]) -> Option<String> {
    fs::write(dir.join("some"), keys.join("\n")).unwrap();
    read(dir, "cat slip entry | age -d -i some")
}

/// What npm's `age-encryption` gives for them.
fn by_typage(dir: &Path, keys: &[String]) -> Option<String> {
    let whole = [fs::read(dir.join("slip")).unwrap(), fs::read(dir.join("entry")).unwrap()].concat();
    fs::write(dir.join("whole"), whole).unwrap();
    let opens = |key: &String| {
        fs::write(dir.join("one"), key).unwrap();
        other::typage("open", &[&dir.join("one"), &dir.join("whole"), &dir.join("plain")])
    };
    if keys.iter().any(opens) { read(dir, "cat plain") } else { None }
}

fn read(dir: &Path, opening: &str) -> Option<String> {
    let line = format!("{opening} | zstd -dc -D a301.zdict | jq -c .");
    let run = Command::new("bash").args(["-o", "pipefail", "-c", &line]).current_dir(dir).output().unwrap();
    run.status.success().then(|| String::from_utf8(run.stdout).unwrap())
}

/// The agency moves, and every unit's slips are wrapped anew.
fn moves(agency: &TestAgency) {
    let (officer, reader, supervisor, far) = (&agency.officer, &agency.reader, &agency.supervisor, far(agency));
    let files = requests(agency, &[&far], officer);
    agency.admin.run(&raise(&files));
    agency.admin.run(&["roster", "publish"]);
    sync(&[officer, supervisor, reader, &far, &agency.stranger]);
    // Its vault is written anew with the new keys once its passphrase is there.
    reader.run(&["keys", "rotate", "device"]);
    for (custodian, unit) in [(supervisor, GUJRAT), (reader, "HQ"), (&far, SUKKUR)] {
        assert_eq!(text(&custodian.run(&["keys", "rotate", "unit", unit]), "/state"), "done", "{unit}");
        custodian.run(&["sync"]);
    }
    sync(&[officer, supervisor, reader, officer, supervisor, reader]);
}

/// A stick to a station, sealed by us to hybrid recipients, is opened by npm's `age-encryption` with the supervisor's keys, sealed by it to the
/// station's key as the roster names it, and read here as if we had written it.
fn by_way_of_the_other(agency: &TestAgency) {
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    record(officer, 2, "palmishto");
    let (ours, _) = writes(officer, agency, "ours.age", Some(GUJRAT));
    let at = |name: &str| agency.dir.path().join(name);
    let opens = |identity: &ReadIdentity| {
        fs::write(at("one"), identity.to_text().expose_secret()).unwrap();
        other::typage("open", &[&at("one"), &ours, &at("inside")])
    };
    let hybrid = identities(supervisor).into_iter().filter(|identity| identity.recipient().kind() == HYBRID_KIND);
    assert!(hybrid.filter(opens).count() > 0, "the station's readers open its stick with the other's program");
    fs::write(at("to"), station(supervisor).recipient.unwrap().to_string()).unwrap();
    let theirs = at("theirs.age");
    assert!(other::typage("seal", &[&at("to"), &at("inside"), &theirs]));
    assert_ne!(fs::read(&ours).unwrap(), fs::read(&theirs).unwrap());
    assert_eq!(finds(supervisor, "palmishto"), 0);
    reads(supervisor, &theirs);
    assert_eq!(finds(supervisor, "palmishto"), 1);
}

/// The move wraps slips anew; the payload stays. So who opens an entry afterwards is decided by the slip that lies before it: a stock age that
/// knows hybrid recipients where it is today's, and the older key with any age where somebody kept the older one.
#[test]
fn after_the_move_to_hybrid_recipients_entries_open_with_an_age_that_knows_them_and_older_envelopes_with_the_older_keys()
 {
    let agency = TestAgency::build();
    let story = record(&agency.officer, 1, "zukhwendar");
    sync(&[&agency.officer, &agency.reader, &agency.supervisor]);
    let interview = story.interview();
    let (run, before) = stock_age(&agency, interview, "before");
    let told = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success() && told.contains("closure_given"), "{told}");
    let older = keys(&before, false);
    assert!(!older.is_empty() && keys(&before, true).is_empty());

    moves(&agency);
    assert_eq!(slips_at_hub(&agency).1, 0, "{} and nothing else is served", TO[1]);
    let note = jot(&agency.officer, &story.case, 5, "tarvelish");
    sync(&[&agency.officer, &agency.reader]);

    let (_, after) = stock_age(&agency, interview, "after");
    let newer = keys(&after, true);
    assert!(!newer.is_empty());
    let slip = |dir: &Path| String::from_utf8_lossy(&fs::read(dir.join("slip")).unwrap()).into_owned();
    assert!(slip(&before).contains("-> X25519 ") && !slip(&before).contains("-> mlkem768x25519 "));
    assert!(slip(&after).contains("-> mlkem768x25519 ") && !slip(&after).contains("-> X25519 "));
    assert_eq!(
        fs::read(before.join("entry")).unwrap(),
        fs::read(after.join("entry")).unwrap(),
        "the payload is the same"
    );

    // What was written before, as it is served now.
    assert_eq!(by_typage(&after, &newer).as_deref(), Some(told.as_str()));
    assert_eq!(by_typage(&after, &older), None, "the older keys open nothing that is served");
    assert_eq!(by_stock_age(&after, &older), None);
    // And as somebody kept it: no move takes a copy back. Any age opens it with the older key, none with the newer.
    assert_eq!(by_stock_age(&before, &older).as_deref(), Some(told.as_str()));
    assert_eq!(by_typage(&before, &older).as_deref(), Some(told.as_str()));
    assert_eq!(by_typage(&before, &newer), None);

    // What is written now.
    let (_, now) = stock_age(&agency, &note, "now");
    assert!(by_typage(&now, &newer).unwrap().contains("tarvelish"));
    assert_eq!((by_typage(&now, &older), by_stock_age(&now, &older)), (None, None));
    // Debian's is older than the kind; from 1.3 on age knows it.
    let version = Command::new("age").arg("--version").output().unwrap();
    let knows = by_stock_age(&now, &newer);
    println!("age {}: opens hybrid slips: {}", String::from_utf8_lossy(&version.stdout).trim_end(), knows.is_some());
    assert!(knows.is_none_or(|opened| opened.contains("tarvelish")));
    by_way_of_the_other(&agency);
}
