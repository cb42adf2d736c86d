//! Sticks: what an officer wrote reaches headquarters in a pocket, and headquarters' word comes back the same way; by way of a
//! supervisor too; half, twice, late, in the wrong order; and never a word of it readable on the stick.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{Actor, Answer, Canary, GUJRAT, TestAgency, beside_us, finish, number, record};

/// A verb of the hub that prints JSON, with its exit code.
pub(crate) fn hub(agency: &TestAgency, arguments: &[&str]) -> Answer {
    let mut command = Command::new(beside_us("amanat-hub"));
    command.args(arguments).arg("--json").arg("--home").arg(&agency.hub_home);
    finish(command, "")
}

pub(crate) fn hub_reads(agency: &TestAgency, stick: &Path) -> Value {
    let answer = hub(agency, &["bundle", "read", &stick.to_string_lossy()]);
    assert_eq!(answer.code, 0, "{}", answer.json);
    answer.json
}

pub(crate) fn hub_writes(agency: &TestAgency, name: &str, to: &str) -> PathBuf {
    let stick = agency.dir.path().join(name);
    let answer = hub(agency, &["bundle", "write", &stick.to_string_lossy(), "--to", to]);
    assert_eq!(answer.code, 0, "{} {}", answer.json, answer.aside);
    stick
}

pub(crate) fn writes(actor: &Actor, agency: &TestAgency, name: &str, to: Option<&str>) -> (PathBuf, Value) {
    let stick = agency.dir.path().join(name);
    let path = stick.to_string_lossy().into_owned();
    let mut arguments = vec!["bundle", "write", &path];
    arguments.extend(to.into_iter().flat_map(|to| ["--to", to]));
    let wrote = actor.run(&arguments);
    (stick, wrote)
}

pub(crate) fn reads(actor: &Actor, stick: &Path) -> Value {
    actor.run(&["bundle", "read", &stick.to_string_lossy()])
}

/// Whether all that the officer wrote in a case has come so far, as a home shows it.
fn all_are(agency: &TestAgency, shown_to: &Actor, case: &str, delivery: &str) -> bool {
    let device = agency.officer.run(&["status"])["device"].clone();
    let shown = shown_to.run(&["case", "show", case]);
    let entries = shown["entries"].as_array().expect("a case has entries").iter();
    let mut theirs = entries.filter(|entry| entry["device"] == device).peekable();
    theirs.peek().is_some() && theirs.all(|entry| entry["delivery"] == delivery)
}

#[test]
fn an_interview_goes_to_headquarters_and_its_receipt_comes_back_without_a_network() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let story = record(officer, 1, "gelvornak");
    let (kept, _) = officer.counts();
    let (out, wrote) = writes(officer, &agency, "out.age", None);
    assert_eq!((number(&wrote, "entries"), number(&wrote, "of_others")), (kept, 0), "{wrote}");
    assert!(all_are(&agency, officer, &story.case, "handed over"));
    assert_eq!(number(&officer.run(&["status"]), "handed_over"), kept);

    let taken = hub_reads(&agency, &out);
    assert_eq!((number(&taken, "new"), number(&taken, "read")), (kept, kept), "{taken}");
    assert_eq!(agency.hub_holds(), kept);
    let back = hub_writes(&agency, "back.age", GUJRAT);
    let read = reads(officer, &back);
    assert_eq!((number(&read, "received"), number(&read, "waiting")), (kept, 0), "{read}");
    assert_eq!(read["trouble"].as_array().map(Vec::len), Some(0), "{read}");
    assert_eq!(officer.counts(), (kept, kept));
    assert!(all_are(&agency, officer, &story.case, "received"));
    assert_eq!(number(&officer.run(&["status"]), "handed_over"), 0);
    assert_eq!(officer.run(&["verify"])["holds"], true);

    // Nothing of what was typed stands on either stick, in any spelling.
    let words = story.typed.iter().flat_map(|(_, typed)| typed.as_object().unwrap().values());
    let words: Vec<String> =
        words.filter_map(Value::as_str).filter(|word| word.len() >= 9).map(str::to_owned).collect();
    let canary = Canary::of(words.iter().map(String::as_str).chain(["gelvornak"]));
    for stick in [&out, &back] {
        let bytes = fs::read(stick).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n") && canary.search(&bytes).is_none());
    }
}

#[test]
fn a_supervisor_carries_by_network_and_brings_the_receipt_back_to_the_officer() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let first = record(officer, 1, "mulchegran");
    officer.run(&["sync"]);
    // From here on the officer has no network, and the supervisor has never synced.
    let second = record(officer, 2, "mulchegran");
    let (kept, _) = officer.counts();
    let before = agency.hub_holds();
    let (stick, wrote) = writes(officer, &agency, "to-station.age", Some(GUJRAT));
    assert_eq!(number(&wrote, "entries"), second.places, "{wrote}");
    let verified = supervisor.run(&["verify", &stick.to_string_lossy()]);
    let counted = (&verified["holds"], number(&verified, "entries"), number(&verified, "elided"));
    assert_eq!(
        counted,
        (&true.into(), kept, 0),
        "what headquarters has goes along for whoever has no network: {verified}"
    );
    let read = reads(supervisor, &stick);
    assert_eq!((number(&read, "carried"), number(&read, "announced")), (second.places, kept), "{read}");
    assert_eq!(number(&supervisor.run(&["status"]), "carried"), second.places);
    assert_eq!(supervisor.run(&["case", "search", "mulchegran"])["total"], 2, "what came by stick is read at once");
    assert!(all_are(&agency, supervisor, &second.case, "kept"), "headquarters has none of it");
    let device = |actor: &Actor| actor.run(&["status"])["device"].clone();
    let author = |case: &str| supervisor.run(&["case", "show", case])["entries"][0]["device"].clone();
    assert_eq!(author(&second.case), device(officer), "the author is the signer, whoever carries");

    let synced = supervisor.run(&["sync"]);
    assert_eq!(number(&synced, "handed_on"), second.places, "{synced}");
    assert_eq!(agency.hub_holds(), before + second.places + number(&synced, "handed_over"));
    assert!(all_are(&agency, supervisor, &second.case, "received"));
    assert_eq!(number(&supervisor.run(&["sync"]), "handed_on"), 0, "nothing is handed on twice");

    let (back, wrote) = writes(supervisor, &agency, "to-officers.age", Some(GUJRAT));
    assert_eq!(number(&wrote, "receipts"), 1, "{wrote}");
    let read = reads(officer, &back);
    assert_eq!((number(&read, "received"), number(&read, "waiting")), (kept, 0), "{read}");
    assert_eq!(officer.counts(), (kept, kept));
    for actor in [officer, supervisor] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "{}", actor.name);
    }
    assert!(all_are(&agency, officer, &first.case, "received"));
}

#[test]
fn what_a_carrier_brings_of_others_is_bare_where_headquarters_has_it_and_asked_for_whole() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let colleague = agency.enrol("second-supervisor", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    officer.run(&["sync"]);
    let first = record(officer, 1, "mulchegran");
    officer.run(&["sync"]);
    supervisor.run(&["sync"]);
    let second = record(officer, 2, "mulchegran");
    let (stick, _) = writes(officer, &agency, "to-station.age", Some(GUJRAT));
    reads(supervisor, &stick);
    let (stick, wrote) = writes(supervisor, &agency, "on.age", Some(GUJRAT));
    assert!(number(&wrote, "of_others") == second.places, "{wrote}");
    let verified = colleague.run(&["verify", &stick.to_string_lossy()]);
    assert_eq!(number(&verified, "elided"), first.places, "{verified}");
    let read = reads(&colleague, &stick);
    assert_eq!(number(&read, "carried"), second.places, "{read}");
    colleague.run(&["sync"]);
    let found = &colleague.run(&["case", "search", "mulchegran"])["total"];
    assert_eq!(found, 2, "what was a bare hash was asked for whole");
}

#[test]
fn a_supervisor_without_a_network_carries_by_stick_both_ways() {
    let agency = TestAgency::offline();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(officer, 1, "brelmotuk");
    let (kept, _) = officer.counts();
    let (to_station, _) = writes(officer, &agency, "to-station.age", Some(GUJRAT));
    reads(supervisor, &to_station);
    let (to_hub, wrote) = writes(supervisor, &agency, "to-hub.age", None);
    assert!(number(&wrote, "of_others") == kept, "{wrote}");
    assert!(all_are(&agency, supervisor, &story.case, "handed over"));
    assert_eq!(number(&hub_reads(&agency, &to_hub), "new"), number(&wrote, "entries"));
    let from_hub = hub_writes(&agency, "from-hub.age", GUJRAT);
    reads(supervisor, &from_hub);
    assert!(all_are(&agency, supervisor, &story.case, "received"));
    let (back, _) = writes(supervisor, &agency, "back.age", Some(GUJRAT));
    reads(officer, &back);
    assert_eq!(officer.counts(), (kept, kept));
}

#[test]
fn rosters_keys_and_others_entries_come_by_stick_as_they_do_by_network() {
    let agency = TestAgency::build();
    let (officer, supervisor) = (&agency.officer, &agency.supervisor);
    let story = record(supervisor, 1, "fornelquat");
    supervisor.run(&["sync"]);
    agency.admin.run(&["roster", "unit-add", "PS Sample, Multan"]);
    agency.admin.run(&["roster", "publish"]);
    let newest = agency.admin.run(&["roster", "show"])["version"].clone();
    let stick = hub_writes(&agency, "from-hub.age", GUJRAT);
    let verified = officer.run(&["verify", &stick.to_string_lossy()]);
    assert_eq!((&verified["holds"], &verified["from"]), (&true.into(), &"hub".into()), "{verified}");
    assert!(officer.run(&["status"])["roster"]["version"] != newest, "looking takes nothing");
    let read = reads(officer, &stick);
    assert_eq!(read["roster"], newest, "{read}");
    assert!(number(&read, "documents") > 0 && number(&read, "carried") == 0, "{read}");
    // The supervisor, whose entries headquarters has, gets back nothing that is new.
    let read = reads(supervisor, &stick);
    assert_eq!((number(&read, "new"), number(&read, "carried")), (0, 0), "{read}");
    // A colleague at the same desk, who never had a network, reads them from the stick.
    let second = agency.enrol("second-supervisor", "supervisor", GUJRAT);
    agency.admin.run(&["roster", "publish"]);
    supervisor.run(&["sync"]);
    let stick = hub_writes(&agency, "again.age", GUJRAT);
    let read = reads(&second, &stick);
    assert!(number(&read, "new_keys") > 0 && number(&read, "new") > 0, "{read}");
    assert_eq!(second.run(&["case", "search", "fornelquat"])["total"], 1);
    assert!(all_of(&second, &story.case));
    assert_eq!(number(&second.run(&["status"]), "carried"), 0, "what came from the hub is not carried");
}

/// Whether a home shows anything of a case.
fn all_of(actor: &Actor, case: &str) -> bool {
    actor.run(&["case", "show", case])["entries"].as_array().is_some_and(|entries| !entries.is_empty())
}

#[test]
fn a_stick_is_not_for_others() {
    let agency = TestAgency::offline();
    record(&agency.officer, 1, "tarvikolm");
    let (to_hub, _) = writes(&agency.officer, &agency, "to-hub.age", None);
    let (to_station, _) = writes(&agency.officer, &agency, "to-station.age", Some(GUJRAT));
    for (actor, stick) in [(&agency.stranger, &to_station), (&agency.stranger, &to_hub), (&agency.reader, &to_station)]
    {
        let answer = actor.ask(&["bundle", "read", &stick.to_string_lossy()]);
        assert_eq!(answer.code, 5, "{}", answer.json);
        assert!(answer.message().contains("not for this reader"), "{}", answer.message());
    }
    assert_eq!(hub(&agency, &["bundle", "read", &to_station.to_string_lossy()]).code, 5);
}

#[test]
fn sticks_read_twice_late_and_in_the_wrong_order_change_nothing_that_was_right() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    record(officer, 1, "sobregalt");
    let (first_kept, _) = officer.counts();
    let (first, _) = writes(officer, &agency, "first.age", None);
    let before = agency.hub_holds();
    hub_reads(&agency, &first);
    let early = hub_writes(&agency, "early.age", GUJRAT);
    let second = record(officer, 2, "sobregalt");
    let (kept, _) = officer.counts();
    let (later, _) = writes(officer, &agency, "later.age", None);
    // The hub serves all the while: the stick is handed to the one that runs.
    for (stick, new) in [(&later, second.places), (&first, 0), (&later, 0)] {
        let taken = hub_reads(&agency, stick);
        assert_eq!(number(&taken, "new"), new, "{taken}");
        assert_eq!((&taken["refused"], &taken["distrust"]), (&Value::Array(vec![]), &Value::Array(vec![])), "{taken}");
    }
    assert_eq!(agency.hub_holds(), before + kept);
    let late = hub_writes(&agency, "late.age", GUJRAT);
    for (stick, received) in [(&late, kept), (&early, kept), (&late, kept)] {
        let read = reads(officer, stick);
        assert_eq!((number(&read, "received"), number(&read, "new")), (received, 0), "{read}");
        assert_eq!(read["trouble"], Value::Array(vec![]), "{read}");
    }
    assert!(first_kept < kept && officer.counts() == (kept, kept));
    // The network says the same afterwards.
    let synced = officer.run(&["sync"]);
    assert_eq!((number(&synced, "handed_over"), number(&synced, "received")), (0, kept), "{synced}");
    assert_eq!(officer.run(&["verify"])["holds"], true);
}

/// Numbers that look like chance and are the same in every run.
fn seeded(seed: &mut u64, below: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).unwrap() % below
}

/// A stick of several chunks: notes that do not pack well.
fn long_stick(agency: &TestAgency) -> (Vec<u8>, u64) {
    let officer = &agency.officer;
    let story = record(officer, 1, "hovralkin");
    let mut seed = 7;
    for _ in 0..10 {
        let letters = (0..30_000).map(|_| char::from(b'a' + u8::try_from(seeded(&mut seed, 26)).unwrap()));
        let note = format!("{{\"noted_on\": \"2026-10-03\", \"note_text\": \"{}\"}}", letters.collect::<String>());
        officer.run_with(&["entry", "add", "--form", "note", "--from", "-", "--case", &story.case], &note);
    }
    let (stick, wrote) = writes(officer, agency, "long.age", None);
    (fs::read(stick).unwrap(), number(&wrote, "entries"))
}

#[test]
fn half_a_stick_gives_its_good_half_and_says_what_is_missing() {
    let agency = TestAgency::build();
    let (whole, entries) = long_stick(&agency);
    let before = agency.hub_holds();
    let broken = agency.dir.path().join("broken.age");
    let (mut seed, mut most, mut partly) = (3, 0, 0);
    let mut cuts: Vec<usize> = (0..14).map(|_| seeded(&mut seed, whole.len())).collect();
    cuts.extend([0, 1, 200, whole.len() - 1]);
    for cut in cuts {
        fs::write(&broken, &whole[..cut]).unwrap();
        let answer = hub(&agency, &["bundle", "read", &broken.to_string_lossy()]);
        assert!([1, 5].contains(&answer.code), "cut at {cut}: {}", answer.json);
        let Some(read) = answer.json["read"].as_u64() else {
            assert!(cut < 1_000 || cut < 70_000, "cut at {cut}: {}", answer.json);
            continue;
        };
        let missing = answer.json["missing"].as_array().unwrap().iter();
        let missing: u64 = missing.map(|it| number(it, "upto") - number(it, "from") + 1).sum();
        assert_eq!((read + missing, number(&answer.json, "announced")), (entries, entries), "{}", answer.json);
        assert_eq!(
            answer.json["fault"], "the bundle is cut short, or damaged at its end",
            "cut at {cut}: {}",
            answer.json
        );
        most = read.max(most);
        partly += u64::from(read > 0 && read < entries);
        assert_eq!(agency.hub_holds() - before, most, "what came whole is kept");
    }
    println!("{partly} sticks of 18 gave some of their entries and not all");
    assert!(partly >= 5, "the cuts fell where nothing could be lost");
    fs::write(&broken, &whole).unwrap();
    assert_eq!(number(&hub_reads(&agency, &broken), "new"), entries - most, "the rest, and nothing twice");
}

#[test]
fn a_changed_byte_anywhere_is_named_and_harms_nothing_else() {
    let agency = TestAgency::build();
    let (whole, entries) = long_stick(&agency);
    let before = agency.hub_holds();
    let changed = agency.dir.path().join("changed.age");
    let (mut seed, mut named) = (11, std::collections::BTreeMap::<String, u64>::new());
    let mut places: Vec<usize> = (0..16).map(|_| seeded(&mut seed, whole.len())).collect();
    places.extend([0, 30, 90, 180, 240, 330, whole.len() - 1]);
    for place in places {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&changed, &bytes).unwrap();
        let answer = hub(&agency, &["bundle", "read", &changed.to_string_lossy()]);
        assert!([1, 5].contains(&answer.code), "byte {place}: {}", answer.json);
        let said = answer.json["fault"].as_str().or_else(|| answer.json["error"].as_str());
        *named.entry(said.unwrap_or_else(|| panic!("byte {place}: {}", answer.json)).to_owned()).or_default() += 1;
    }
    println!("{named:?}");
    assert!(named.keys().any(|said| said.contains("damaged")), "{named:?}");
    fs::write(&changed, &whole).unwrap();
    hub_reads(&agency, &changed);
    assert_eq!(agency.hub_holds() - before, entries);
}

#[test]
fn a_stick_without_room_is_told_of_and_nothing_half_bears_the_name() {
    let agency = TestAgency::build();
    let (whole, _) = long_stick(&agency);
    let officer = &agency.officer;
    let folder = agency.dir.path().join("stick");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("to-hub.age");
    let write = || officer.command(["bundle", "write", &*path.to_string_lossy()]);
    fs::write(&path, b"what was there before").unwrap();
    let full = finish(limited(&write(), 100), "");
    assert_eq!(full.code, 1, "{}", full.json);
    assert!(full.message().contains("full") && full.hint().contains("Free some space"), "{}", full.json);
    assert_eq!(files(&folder), ["to-hub.age"], "and nothing beside it");
    assert_eq!(fs::read(&path).unwrap(), b"what was there before");
    assert_eq!(number(&officer.run(&["status"]), "handed_over"), number(&officer.run(&["status"]), "kept"));
    assert_eq!(finish(write(), "").code, 0);
    let length = fs::read(&path).unwrap().len();
    assert!(length.abs_diff(whole.len()) < 200, "padded: as long as the one before, but for the grease of its header");

    let no_folder = officer.ask(&["bundle", "write", "/no/such/stick.age"]);
    assert_eq!(no_folder.code, 1);
    assert!(no_folder.hint().contains("is the stick in"), "{}", no_folder.json);
}

/// The same command in a shell that lets no file grow beyond so many KiB.
fn limited(command: &Command, kib: u64) -> Command {
    let mut shell = Command::new("bash");
    let line = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"");
    shell.args(["-c", &line, "bash"]).arg(command.get_program()).args(command.get_args());
    shell
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|item| item.unwrap().file_name().to_string_lossy().into_owned());
    names.collect()
}

#[test]
fn a_hub_that_tells_two_stories_is_found_out_by_a_stick_and_both_words_are_kept() {
    let mut agency = TestAgency::build();
    record(&agency.officer, 1, "quidramel");
    agency.officer.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    // The hub's folder is copied: one life goes on with the officer, the other with the supervisor.
    agency.kill_hub();
    let (home, other) = (agency.hub_home.clone(), agency.dir.path().join("hub-other"));
    copied(&home, &other);
    agency.start_hub();
    record(&agency.officer, 2, "quidramel");
    agency.officer.run(&["sync"]);
    agency.kill_hub();
    fs::rename(&home, agency.dir.path().join("hub-first")).unwrap();
    fs::rename(&other, &home).unwrap();
    agency.start_hub();
    record(&agency.supervisor, 3, "quidramel");
    agency.supervisor.run(&["sync"]);
    for actor in [&agency.officer, &agency.supervisor] {
        assert_eq!(actor.run(&["verify"])["holds"], true, "neither can know alone");
    }

    let (stick, _) = writes(&agency.supervisor, &agency, "meeting.age", Some(GUJRAT));
    let met = agency.officer.ask(&["bundle", "read", &stick.to_string_lossy()]);
    assert_eq!(met.code, 5, "{}", met.json);
    let told = met.json["trouble"].to_string();
    assert!(told.contains("two stories of checkpoint"), "{told}");
    let verified = agency.officer.ask(&["verify"]);
    assert_eq!(verified.code, 5, "{}", verified.json);
    let wrong = verified.json["wrong"].to_string();
    assert!(wrong.contains("two stories of checkpoint"), "{wrong}");
    let proofs = verified.json["proofs"].as_array().unwrap();
    assert!(!proofs.is_empty() && proofs[0]["one"] != proofs[0]["other"], "{}", verified.json);
    // The proof rides on: whoever reads the officer's stick has it too, and the hub hears of its own words.
    let (stick, _) = writes(&agency.officer, &agency, "back.age", Some(GUJRAT));
    assert_eq!(agency.supervisor.ask(&["bundle", "read", &stick.to_string_lossy()]).code, 5);
    let (stick, _) = writes(&agency.officer, &agency, "to-hub.age", None);
    let heard = hub(&agency, &["bundle", "read", &stick.to_string_lossy()]);
    assert_eq!(heard.code, 5, "{}", heard.json);
    assert!(heard.json["distrust"].to_string().contains("two different"), "{}", heard.json);
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        if item.file_type().unwrap().is_file() {
            fs::copy(item.path(), to.join(item.file_name())).unwrap();
        }
    }
}
