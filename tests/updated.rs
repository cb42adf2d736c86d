//! Updates without a network: the roster says what a device should run at least, and a program on a stick is held to what the admins signed
//! for before it is put where it will be run.

use std::{fs, os::unix::fs::PermissionsExt as _};

use amanat_keys::{
    fingerprint::{Digest, MemberId},
    release::{ProgramVersion, Release},
    root_key::RootKey,
    statement::{Purpose, Statement},
};

use crate::support::{TestAgency, number, text};

#[test]
fn a_program_from_a_stick_is_run_only_if_the_admins_signed_for_these_very_bytes() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let (program, place) = (agency.dir.path().join("amanat-new"), agency.dir.path().join("bin-amanat"));
    let told = [&program, &place].map(|path| path.to_string_lossy().into_owned());
    let [program_arg, place_arg] = [told[0].as_str(), told[1].as_str()];
    fs::write(&program, b"#!/bin/sh\necho new\n").unwrap();
    fs::write(&place, b"the old one").unwrap();
    let check = ["update", "check", program_arg, "--install", place_arg];

    let without = officer.ask(&check);
    assert_eq!(without.code, 1, "no release lies beside it: {}", without.json);
    let signed = agency.admin.run(&["roster", "release", program_arg, "--version", "9.1.0"]);
    assert_eq!((number(&signed, "signed"), number(&signed, "needed")), (1, 1));
    let done = officer.run(&check);
    assert_eq!(text(&done, "/version"), "9.1.0");
    assert_eq!(fs::read(&place).unwrap(), fs::read(&program).unwrap());
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o700, 0o700, "its owner runs it");

    let held = fs::read(&place).unwrap();
    let refused = |why: &str| {
        let answer = officer.ask(&check);
        assert_eq!(answer.code, 5, "{why}: {}", answer.json);
        assert_eq!(fs::read(&place).unwrap(), held, "{why}: nothing was put in its place");
        answer.message()
    };
    fs::write(&program, b"#!/bin/sh\necho bad\n").unwrap();
    assert!(refused("other bytes").contains("not the file that the admins signed for"));
    // A release of an older program, rightly signed: nobody is led back to a hole that was mended.
    agency.admin.run(&["roster", "release", program_arg, "--version", "0.0.1"]);
    assert!(refused("a version below the one that runs").contains("the least that may follow"));
    // Somebody who is no admin signs as well as they can.
    let bytes = fs::read(&program).unwrap();
    let agency_id = officer.unlocked().agency().unwrap();
    let size = u64::try_from(bytes.len()).unwrap();
    let release = Release {
        agency: agency_id,
        name: "amanat".into(),
        version: ProgramVersion(9, 9, 9),
        size,
        hash: Digest::of(&bytes),
    };
    let mut forged: Statement = release.propose().unwrap();
    RootKey::generate(MemberId::random()).unwrap().sign_order(&mut forged, &agency_id).unwrap();
    assert_eq!(forged.purpose(), Purpose::Release);
    fs::write(format!("{program_arg}.release"), forged.to_bytes()).unwrap();
    assert!(refused("a stranger's signature").contains("0 of 1"));

    agency.admin.run(&["roster", "policy", "least-program", "9.0.0"]);
    assert_eq!(agency.admin.ask(&["roster", "policy", "least-program", "nine"]).code, 2);
    let status = agency.admin.run(&["status"]);
    assert_eq!(text(&status, "/program/wanted"), "9.0.0", "{status}");
    assert!(officer.run(&["status"])["program"]["wanted"].is_null(), "it has not heard of that yet");
}

#[test]
fn a_release_that_is_newer_than_what_runs_and_older_than_the_roster_asks_for_is_refused_by_its_own_sentence() {
    let agency = TestAgency::offline();
    let (program, place) = (agency.dir.path().join("amanat-new"), agency.dir.path().join("bin-amanat"));
    let told = [&program, &place].map(|path| path.to_string_lossy().into_owned());
    let [program_arg, place_arg] = [told[0].as_str(), told[1].as_str()];
    fs::write(&program, b"#!/bin/sh\necho new\n").unwrap();
    fs::write(&place, b"the old one").unwrap();
    let check = ["update", "check", program_arg, "--install", place_arg];
    agency.admin.run(&["roster", "policy", "least-program", "9.0.0"]);
    let signed = agency.admin.run(&["roster", "release", program_arg, "--version", "8.9.9"]);
    assert_eq!((number(&signed, "signed"), number(&signed, "needed")), (1, 1), "nothing else is wrong with it");
    let refused = agency.admin.ask(&check);
    assert_eq!(refused.code, 5, "{}", refused.json);
    assert!(
        refused.message().contains("it is version 8.9.9 and 9.0.0 is the least that may follow"),
        "{}",
        refused.json
    );
    assert!(!refused.hint().is_empty(), "{}", refused.json);
    assert_eq!(fs::read(&place).unwrap(), b"the old one", "nothing was put in its place");
    // A device that has not adopted that roster asks for no more than what it runs: the roster alone refuses.
    assert_eq!(text(&agency.officer.run(&check), "/version"), "8.9.9");
    agency.admin.run(&["roster", "release", program_arg, "--version", "9.0.0"]);
    assert_eq!(text(&agency.admin.run(&check), "/version"), "9.0.0", "the least itself may follow");
    assert_eq!(fs::read(&place).unwrap(), fs::read(&program).unwrap());
}
