//! What the script `workbook.py` has an officer type into a form that was taken in, and its word on what came of it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{Typist, flat};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/imported/workbook.py");

/// What is typed into the main form of a workbook, question by question, and entries that choose every choice between them.
pub(crate) fn plan(workbook: &Path) -> Value {
    let output = script("plan", workbook).output().expect("python3 is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Holds the workbook against what `form import` said (`taken`), the drafts that it wrote, and, once it was filled, the case at
/// headquarters (`read`). Both are files of JSON.
pub(crate) fn compare(workbook: &Path, taken: &Path, drafts: &Path, read: Option<&Path>) -> Output {
    let mut script = script("compare", workbook);
    script.arg("--taken").arg(taken).arg("--drafts").arg(drafts);
    if let Some(read) = read {
        script.arg("--read").arg(read);
    }
    script.output().expect("python3 is there")
}

fn script(verb: &str, workbook: &Path) -> Command {
    let mut script = Command::new("python3");
    script.arg(SCRIPT).arg(verb).arg(workbook);
    script
}

/// Sits down before a home with one case and opens that.
pub(crate) fn at_the_case(home: &Path, passphrase: &Path) -> Typist {
    let mut typist = Typist::sits_down(home, &[]);
    typist.sees("This device is locked");
    typist.does(&format!("\"{}\" Enter", fs::read_to_string(passphrase).unwrap().trim_end()), "1 case");
    typist.does("Enter", "When By Stands at");
    typist
}

/// Fills the form, which stands last among those that a case can be added, from the case's screen: each question by its keys, the count of
/// answers watched, and keeps it. Gives the form as it opened.
pub(crate) fn types(typist: &mut Typist, plan: &Value) -> String {
    typist.does("F4", "Add to this case");
    let opened = typist.does("Down*40 Enter", &format!("0 of {} answered", plan["typed"].as_array().unwrap().len()));
    let steps = plan["typed"].as_array().unwrap();
    for (at, step) in steps.iter().enumerate() {
        typist.types(step["keys"].as_str().unwrap());
        let (answered, id) = (format!("{} of {} answered", at + 1, steps.len()), &step["id"]);
        typist.sees_that(&format!("{answered}, after {id}"), |screen| flat(screen).contains(&answered));
    }
    typist.does("F10", "Before it is kept");
    typist.keeps();
    opened
}
