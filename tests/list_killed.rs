//! The list of cases that an unlocking keeps for the next one, killed at every kind of step of it: the next shows every case at once, or reads
//! everything first, and nothing is missing either way.

use std::{
    collections::HashSet,
    fs,
    process::{Command, Stdio},
};

use amanat::{runtime::entries::list_first::Asked, ui::Msg};

use crate::{
    crash::{at_steps, copy, whole},
    support::{Actor, TestAgency},
};

/// Rows of a table; each becomes a case of several places.
const ROWS: usize = 120;

/// An officer's home with as many cases, kept by an import, which keeps no list.
fn imported(agency: &TestAgency) -> &Actor {
    let mut table = String::from(
        "yearRegister,gender,majorityStatus,isForcedLabour,isSexualExploit,UN_COO_Region,UN_COE_Region,IP_Exploiter,\
         IP_Gender,IP_ageBroad,IP_citizen_UNRegion,IP_Relation,IP_PayMoney,IP_RecruiterBroker,IP_TransactionProcess,\
         IP_ControlAbuseKidnap\n",
    );
    for row in 0..ROWS {
        table.push_str(&format!("{},Female,Adult,1,,Asia,Asia,1,,,Asia,,,1,,\n", 1960 + row % 60));
    }
    let file = agency.dir.path().join("table.csv");
    fs::write(&file, table).unwrap();
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");
    agency.officer.run(&["import", "csv", file.to_str().unwrap(), "--map", map]);
    &agency.officer
}

/// How many lines the list had, if one was shown, and which entries came in the end.
fn unlocked(actor: &Actor) -> (Option<usize>, HashSet<amanat::model::EntryId>) {
    let (mut listed, mut entries) = (None, HashSet::new());
    let mut home = actor.unlocked();
    home.show(&Asked::default(), &mut |msg| match msg {
        Msg::Listed { lines, .. } => listed = Some(listed.unwrap_or(0) + lines.len()),
        Msg::Arrived(come) | Msg::Whole { entries: come, .. } => entries.extend(come.iter().map(|entry| entry.id)),
        _ => {}
    })
    .unwrap();
    (listed, entries)
}

#[test]
fn an_unlocking_killed_while_it_keeps_the_list_leaves_a_whole_one_or_none() {
    let agency = TestAgency::offline();
    let officer = imported(&agency);
    let (none, all) = unlocked(officer);
    assert_eq!(none, None, "an import keeps no list");
    let secret = fs::read_to_string(&officer.passphrase).unwrap();
    let home = agency.dir.path().join("killed");
    let sitting = Actor {
        name: "killed".to_owned(),
        home: home.clone(),
        passphrase: officer.passphrase.clone(),
        around: Vec::new(),
    };
    let make = || {
        drop(fs::remove_dir_all(&home));
        copy(&officer.home, &home);
        // What is said line by line is no document: the shell says one, if the program lived.
        let mut command = Command::new("sh");
        command.args(["-c", "\"$0\" \"$@\" >/dev/null 2>&1 || kill -9 $$; echo '{}'", env!("CARGO_BIN_EXE_amanat")]);
        command.arg("--home").arg(&home).arg("--plain");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        (command, format!("{}\n/ctrl-q\n", secret.trim_end()))
    };
    let (mut with, mut without) = (0, 0);
    let steps = [("fsync", 1), ("pwrite64", 9), ("ftruncate", 1), ("unlink", 1)];
    at_steps("keeping the list", &steps, &["fsync", "pwrite64"], make, |dead, _answer, at| {
        whole(&sitting, at);
        let (listed, entries) = unlocked(&sitting);
        assert!(listed.is_none_or(|lines| lines == ROWS), "{at}: {listed:?} lines");
        assert!(dead || listed.is_some(), "{at}: it lived and kept none");
        *(if listed.is_some() { &mut with } else { &mut without }) += 1;
        assert_eq!(entries, all, "{at}");
    });
    println!("{with} times there was a list afterwards, {without} times none");
    assert!(with > 0 && without > 0);
}
