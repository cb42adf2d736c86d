//! `--json` everywhere (`DESIGN.md` section 11): whatever verb is asked, in whatever state its home is, one JSON document stands on
//! stdout and nothing else, and its error carries the exit code. The verbs are found in the program's own help, so that none is
//! forgotten.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{Actor, TestAgency};

/// The built program, with nothing on its standard input.
fn amanat() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// The words of every verb that does something, as `--help` lists them.
fn verbs() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let below = listed(&path);
        if below.is_empty() {
            found.push(path);
        } else {
            open.extend(below.into_iter().map(|name| [path.clone(), vec![name]].concat()));
        }
    }
    found.sort();
    found
}

/// The names under *Commands* in the help of a verb.
fn listed(path: &[String]) -> Vec<String> {
    let said = amanat().args(path).arg("--help").output().unwrap();
    assert!(said.status.success(), "{path:?}");
    let said = String::from_utf8(said.stdout).unwrap();
    let names = said.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = names.take_while(|line| !line.is_empty());
    // A description that runs over into a second line is set further in than the names.
    let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

fn one_document(asked: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let document: Value = match serde_json::from_str(&said) {
        Ok(document) => document,
        Err(error) => panic!("{asked}: {error}; it said {said:?} and {:?}", String::from_utf8_lossy(&output.stderr)),
    };
    let code = output.status.code().unwrap_or_else(|| panic!("{asked}: ended by a signal"));
    assert!(code <= 5, "{asked}: exit code {code}");
    match document.get("error") {
        Some(error) => {
            assert_eq!(error["code"], code, "{asked}: {said}");
            assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{asked}: {said}");
        }
        None => assert!(code == 0 || code == 1, "{asked}: code {code} and no error in {said}"),
    }
}

#[test]
fn the_help_lists_the_verbs() {
    let verbs: Vec<String> = verbs().iter().map(|path| path.join(" ")).collect();
    for verb in ["status", "sync", "case list", "entry add", "keys status", "report", "bundle write"] {
        assert!(verbs.iter().any(|listed| listed == verb), "{verb} is not among {verbs:?}");
    }
    assert!(verbs.len() > 40, "{verbs:?}");
}

#[test]
fn every_verb_answers_with_one_document_where_there_is_no_home() {
    let folder = tempfile::tempdir().unwrap();
    for verb in verbs() {
        for more in [&[][..], &["--no-such-option"], &["x", "y", "z"]] {
            let mut command = amanat();
            command
                .current_dir(folder.path())
                .arg("--home")
                .arg(folder.path().join("none"))
                .args(&verb)
                .args(more)
                .arg("--json");
            one_document(&format!("{verb:?} {more:?}"), &command.output().unwrap());
        }
    }
}

#[test]
fn every_verb_answers_with_one_document_in_a_home_that_works_with_and_without_its_hub() {
    let mut agency = TestAgency::build();
    for home in [&agency.officer, &agency.admin] {
        each_answers(home);
    }
    agency.kill_hub();
    each_answers(&agency.officer);
}

fn each_answers(home: &Actor) {
    // A verb that writes a file where nobody says where to writes it here.
    let folder = tempfile::tempdir().unwrap();
    for verb in verbs() {
        let mut command = home.at_home(amanat());
        command.current_dir(folder.path());
        command.args(&verb).arg("--json");
        one_document(&format!("{}: {verb:?}", home.name), &command.output().unwrap());
    }
}
