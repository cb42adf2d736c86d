//! Killed at every write and every sync to disk of an offer to another agency, of taking it over, and of taking the answer up; then the
//! same command again: nothing is lost, and nothing is there twice.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    abroad::{Two, stands, strs, words},
    crash::{at_each_step, whole},
    support::{Actor, number, text},
};

/// What each of them must have been killed at.
const WANTED: [&str; 3] = ["pwrite64", "fsync", "rename"];

/// An actor's home as it stands now, put back as often as it is wished.
struct Again {
    from: PathBuf,
    actor: Actor,
}

impl Again {
    fn of(actor: &Actor, dir: &Path) -> Self {
        let from = dir.join(format!("{}.before", actor.name));
        copy(&actor.home, &from);
        let home = dir.join(format!("{}.killed", actor.name));
        Self { from, actor: Actor { home, ..actor.clone() } }
    }

    /// The command, in a home where nothing of it was done yet; what it writes is gone.
    fn afresh(&self, arguments: &[String], out: Option<&Path>) -> Command {
        drop(fs::remove_dir_all(&self.actor.home));
        copy(&self.from, &self.actor.home);
        out.map(fs::remove_file);
        self.actor.command(arguments)
    }
}

/// A folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn given(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(|argument| (*argument).to_owned()).collect()
}

/// Words on crossings in a case, by their step.
fn words_of(actor: &Actor, case: &str) -> Vec<String> {
    let told: Value = actor.run(&["case", "show", case]);
    let entries = told["entries"].as_array().unwrap().iter().filter(|entry| entry["peer"].is_object());
    entries.map(|entry| text(entry, "/step")).collect()
}

#[test]
fn an_offer_killed_anywhere_is_made_once_by_the_same_command_again() {
    let two = Two::build();
    let (case, theirs) = (two.story.case.clone(), words(&two.police));
    let again = Again::of(&two.police.supervisor, two.police.dir.path());
    let (offer, file) = (two.offer(&case, "case.age", &[]), two.file("case.age"));
    let path = file.to_string_lossy().into_owned();
    let (mut nothing, mut kept, mut written) = (0, 0, 0);
    let make = || (again.afresh(&offer, Some(&file)), String::new());
    at_each_step("offering a case", &WANTED, make, |dead, _answer, at| {
        whole(&again.actor, at);
        let stood = stands(&again.actor, &case).len();
        if dead {
            // A file under its name is whole, and the word was kept before it.
            assert!(!file.exists() || stood == 1, "{at}: nothing leaves unsaid");
            *(if file.exists() {
                &mut written
            } else if stood == 1 {
                &mut kept
            } else {
                &mut nothing
            }) += 1;
        }
        let made = again.actor.run(&strs(&offer));
        assert_eq!(made["again"] == true, stood == 1, "{at}: {made}");
        assert_eq!(words_of(&again.actor, &case), ["SENT"], "{at}");
        let look = two.fia.supervisor.run(&["case", "receive", &path, "--fingerprint", &theirs]);
        assert_eq!(number(&look, "entries"), number(&made, "entries"), "{at}: {look}");
    });
    println!("killed before the word was kept: {nothing}; before the file was there: {kept}; after it: {written}");
    assert!(nothing > 5 && kept > 2);
}

#[test]
fn a_case_taken_over_is_whole_or_nothing_and_there_once_after_the_same_command_again() {
    let two = Two::build();
    let (case, theirs) = (two.story.case.clone(), words(&two.police));
    let went = number(&two.police.supervisor.run(&strs(&two.offer(&case, "case.age", &[]))), "entries");
    let (file, out) = (two.file("case.age").to_string_lossy().into_owned(), two.file("answer.age"));
    let answer = out.to_string_lossy().into_owned();
    let take = given(&["case", "receive", &file, "--fingerprint", &theirs, "--accept", "--out", &answer]);
    let again = Again::of(&two.fia.supervisor, two.fia.dir.path());
    let (mut nothing, mut all) = (0, 0);
    let make = || (again.afresh(&take, Some(&out)), String::new());
    at_each_step("taking a case over", &WANTED, make, |dead, _answer, at| {
        whole(&again.actor, at);
        let there = again.actor.run(&["case", "list"])["total"].as_u64().unwrap();
        if dead {
            *(if there == 0 { &mut nothing } else { &mut all }) += 1;
        }
        let took = again.actor.run(&strs(&take));
        assert_eq!(number(&took, "kept"), if there == 0 { went + 1 } else { 0 }, "{at}: all of it or nothing: {took}");
        let here = text(&took, "/case");
        assert_eq!(words_of(&again.actor, &here), ["ACC"], "{at}");
        let shown = again.actor.run(&["case", "show", &here]);
        let came = shown["entries"].as_array().unwrap().iter().filter(|entry| entry["source"].is_object()).count();
        assert_eq!(came as u64, went, "{at}: each entry once");
    });
    println!("killed before it was kept: {nothing}; after: {all}");
    assert!(nothing > 5 && all > 2);
}

#[test]
fn an_answer_taken_up_is_there_once_after_the_same_command_again() {
    let two = Two::build();
    let (case, theirs) = (two.story.case.clone(), words(&two.police));
    two.police.supervisor.run(&strs(&two.offer(&case, "case.age", &[])));
    let (file, out) = (two.file("case.age"), two.file("answer.age"));
    let [file, answer] = [file, out].map(|path| path.to_string_lossy().into_owned());
    two.fia.supervisor.run(&["case", "receive", &file, "--fingerprint", &theirs, "--accept", "--out", &answer]);
    let hear = given(&["case", "receive", &answer]);
    let again = Again::of(&two.police.supervisor, two.police.dir.path());
    let (mut waits, mut heard) = (0, 0);
    let make = || (again.afresh(&hear, None), String::new());
    at_each_step("taking an answer up", &["pwrite64", "fsync"], make, |dead, _answer, at| {
        whole(&again.actor, at);
        let known = words_of(&again.actor, &case).len() == 2;
        if dead {
            *(if known { &mut heard } else { &mut waits }) += 1;
        }
        let said = again.actor.run(&strs(&hear));
        assert_eq!(said["kept"] == true, !known, "{at}: {said}");
        assert_eq!(stands(&again.actor, &case), [(false, "ACC".to_owned())], "{at}");
        assert_eq!(words_of(&again.actor, &case).len(), 2, "{at}: one offer, one answer");
    });
    println!("killed before the answer was kept: {waits}; after: {heard}");
    assert!(waits > 5);
}
