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
fn hub(agency: &TestAgency, arguments: &[&str]) -> Answer {
    let mut command = Command::new(beside_us("amanat-hub"));
    command.args(arguments).arg("--json").arg("--home").arg(&agency.hub_home);
    finish(command, "")
}

fn hub_reads(agency: &TestAgency, stick: &Path) -> Value {
    let answer = hub(agency, &["bundle", "read", &stick.to_string_lossy()]);
    assert_eq!(answer.code, 0, "{}", answer.json);
    answer.json
}

fn hub_writes(agency: &TestAgency, name: &str, to: &str) -> PathBuf {
    let stick = agency.dir.path().join(name);
    let answer = hub(agency, &["bundle", "write", &stick.to_string_lossy(), "--to", to]);
    assert_eq!(answer.code, 0, "{} {}", answer.json, answer.aside);
    stick
}

fn writes(actor: &Actor, agency: &TestAgency, name: &str, to: Option<&str>) -> (PathBuf, Value) {
    let stick = agency.dir.path().join(name);
    let path = stick.to_string_lossy().into_owned();
    let mut arguments = vec!["bundle", "write", &path];
    arguments.extend(to.into_iter().flat_map(|to| ["--to", to]));
    let wrote = actor.run(&arguments);
    (stick, wrote)
}

fn reads(actor: &Actor, stick: &Path) -> Value {
    actor.run(&["bundle", "read", &stick.to_string_lossy()])
}

/// How far the entries of a case have come, as its author's home shows them.
fn deliveries(actor: &Actor, case: &str) -> Vec<String> {
    let shown = actor.run(&["case", "show", case]);
    let entries = shown["entries"].as_array().expect("a case has entries");
    entries.iter().map(|entry| entry["delivery"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn an_interview_goes_to_headquarters_and_its_receipt_comes_back_without_a_network() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let story = record(officer, 1, "gelvornak");
    let (kept, _) = officer.counts();
    let (out, wrote) = writes(officer, &agency, "out.age", None);
    assert_eq!((number(&wrote, "entries"), number(&wrote, "of_others")), (kept, 0), "{wrote}");
    assert!(deliveries(officer, &story.case).iter().all(|delivery| delivery == "handed over"));
    assert_eq!(number(&officer.run(&["status"]), "handed_over"), kept);

    let taken = hub_reads(&agency, &out);
    assert_eq!((number(&taken, "new"), number(&taken, "read")), (kept, kept), "{taken}");
    assert_eq!(agency.hub_holds(), kept);
    let back = hub_writes(&agency, "back.age", GUJRAT);
    let read = reads(officer, &back);
    assert_eq!((number(&read, "received"), number(&read, "waiting")), (kept, 0), "{read}");
    assert_eq!(read["trouble"].as_array().map(Vec::len), Some(0), "{read}");
    assert_eq!(officer.counts(), (kept, kept));
    assert!(deliveries(officer, &story.case).iter().all(|delivery| delivery == "received"));
    assert_eq!(number(&officer.run(&["status"]), "handed_over"), 0);
    assert_eq!(officer.run(&["verify"])["holds"], true);

    // Nothing of what was typed stands on either stick, in any spelling.
    let words = story.typed.iter().flat_map(|(_, typed)| typed.as_object().unwrap().values());
    let words: Vec<String> = words.filter_map(Value::as_str).filter(|word| word.len() >= 9).map(str::to_owned).collect();
    let canary = Canary::of(words.iter().map(String::as_str).chain(["gelvornak"]));
    for stick in [&out, &back] {
        let bytes = fs::read(stick).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n") && canary.search(&bytes).is_none());
    }
}
