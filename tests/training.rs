//! Practice: a made-up case with a hint at every step, in a home that can never sync, beside a home that it leaves alone.

use std::fs;

use crate::support::{TestAgency, Typist};

#[test]
fn hints_lead_through_a_practice_case_that_can_never_leave() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let before = officer.counts();
    let mut typist = Typist::sits_down(&officer.home, &["train"]);
    typist.sees("four quiet river stones");
    typist.does("\"four quiet river stones\" Enter", "F4 opens a case");
    typist.does("F4", "Type, then Enter. F5 not asked");
    typist.does("Esc", "F4 opens a case");
    typist.does("F12", "2026");
    typist.does("F12", "F4 opens a case");
    typist.types("C-q");
    assert!(typist.ends().success());
    let training =
        officer.home.with_file_name(format!("{}-training", officer.home.file_name().unwrap().to_str().unwrap()));
    assert!(training.join("identity.age").exists() && !training.join("root.age").exists());
    let words = agency.dir.path().join("practice-words");
    crate::support::write_private(&words, b"four quiet river stones\n");
    let mut sync = std::process::Command::new(env!("CARGO_BIN_EXE_amanat"));
    sync.arg("--home").arg(&training).arg("--passphrase-file").arg(&words).arg("sync");
    let said = sync.output().unwrap();
    let told = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && told.contains("the roster names none"), "{told}");
    assert_eq!(officer.counts(), before, "the officer's own home is as it was");
    assert!(
        fs::read_dir(officer.home.parent().unwrap())
            .unwrap()
            .flatten()
            .all(|file| !file.file_name().to_string_lossy().ends_with(".new"))
    );
}
