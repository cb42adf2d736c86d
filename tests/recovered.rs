//! The way back from losses: the recovery key on paper, a forgotten passphrase, and a device that learns that it was revoked.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use crate::support::{Actor, GUJRAT, TestAgency, beside_us, jot, number, open_case, opening, text};

/// Splits the recovery key with somebody at the keyboard who makes one mistake; gives the words of the sheets.
fn split(admin: &Actor, folder: &std::path::Path) -> Vec<String> {
    let sheets = folder.join("sheets");
    let mut command = admin.at_home(Command::new(beside_us("amanat")));
    command.args(["keys", "split", "--shares", "5", "--threshold", "3", "--sheets"]).arg(&sheets);
    let version = number(&admin.run(&["roster", "show"]), "version");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, screen) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
    let mut screen = BufReader::new(screen).lines();
    let mut read: Vec<String> = Vec::new();
    for index in 1..=5 {
        assert!(screen.any(|line| line.unwrap().starts_with(&format!("Sheet {index} of 5"))), "asks for sheet {index}");
        let path = sheets.join(format!("share-{index}-of-5.txt"));
        let sheet = std::fs::read_to_string(&path).unwrap();
        let words: Vec<&str> = sheet
            .lines()
            .skip_while(|line| !line.starts_with("Words of the sheet"))
            .skip(1)
            .take_while(|line| !line.is_empty())
            .flat_map(|line| line.split_whitespace().skip(1))
            .collect();
        assert_eq!(words.len(), 33, "{sheet}");
        if index == 2 {
            writeln!(keyboard, "{}", read[0]).unwrap();
            assert!(screen.any(|line| line.unwrap().contains("That is sheet 1, not 2")));
        }
        writeln!(keyboard, "{}", words.join(" ")).unwrap();
        read.push(words.join(" "));
    }
    drop(keyboard);
    let rest: Vec<String> = screen.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success(), "{rest:?}");
    assert_eq!(number(&admin.run(&["roster", "show"]), "version"), version + 1);
    read
}

#[test]
fn headquarters_last_reader_is_lost_and_three_sheets_open_every_case_on_a_new_device() {
    let agency = TestAgency::build();
    let case = open_case(&agency.officer, &opening(1, "canary"));
    agency.officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let sheets = split(&agency.admin, agency.dir.path());
    agency.admin.run(&["roster", "publish"]);
    // The reader's next sync seals headquarters' key to the recovery key.
    agency.reader.run(&["sync"]);
    let lost = text(&agency.reader.run(&["status"]), "/device");
    let shown = agency.admin.run(&["roster", "revoke", &lost[..12], "--lost", "--dry-run"]);
    assert!(shown["changes"].to_string().contains("nobody is left who reads for HQ"), "{shown}");

    let newcomer = agency.enrol("new-reader", "reader", "HQ");
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "revoke", &lost[..12], "--lost"]);
    agency.admin.run(&["roster", "publish"]);
    newcomer.run(&["sync"]);
    assert_eq!(number(&newcomer.run(&["keys", "status"]), "waiting_for_keys"), 1);
    let two = format!("{}\n{}\n", sheets[0], sheets[3]);
    assert_eq!(newcomer.ask_with(&["keys", "restore"], &two).code, 2, "two sheets are not three");
    let three = format!("{}\n{}\n{}\n{}\n", sheets[4], sheets[4], sheets[1], sheets[2]);
    let restored = newcomer.run_with(&["keys", "restore"], &three);
    assert_eq!(restored["units"], serde_json::json!(["HQ"]));
    newcomer.run(&["sync"]);
    let cases = newcomer.run(&["case", "list"]);
    assert!(cases.to_string().contains(&case[..8]), "{cases}");
    // And from it the key goes on to the next reader, though the lost one's word no longer counts.
    let second = agency.enrol("second-reader", "reader", "HQ");
    agency.admin.run(&["roster", "publish"]);
    newcomer.run(&["sync"]);
    second.run(&["sync"]);
    assert_eq!(number(&second.run(&["keys", "status"]), "waiting_for_keys"), 0);
}

#[test]
fn a_revoked_device_hands_over_what_counts_learns_it_and_says_so() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let case = open_case(officer, &opening(1, "canary"));
    officer.run(&["sync"]);
    let seen = number(&officer.run(&["status"]), "kept");
    // Offline, she keeps on. Her laptop is called in; the admin lets one more entry in than anybody has seen.
    jot(officer, &case, 1, "before");
    let between = number(&officer.run(&["status"]), "kept");
    jot(officer, &case, 2, "after");
    let kept = number(&officer.run(&["status"]), "kept");
    assert!(seen < between && between < kept);
    agency.admin.run(&["sync"]);
    let device = text(&officer.run(&["status"]), "/device");
    let lost = agency.admin.ask(&["roster", "revoke", &device[..12], "--lost", "--from", &between.to_string()]);
    assert_eq!(lost.code, 5, "what a thief could write is not let in unseen: {}", lost.json);
    let revoke = ["roster", "revoke", &device[..12], "--left", "--from", &between.to_string()];
    let signed = agency.admin.run(&revoke);
    assert!(signed["changes"].to_string().contains("still taken"), "{signed}");
    agency.admin.run(&["roster", "publish"]);

    let synced = officer.ask(&["sync"]);
    assert_eq!(synced.code, 5, "{}", synced.json);
    assert!(synced.message().contains("revoked"), "{}", synced.message());
    let status = officer.run(&["status"]);
    assert_eq!((text(&status, "/revoked/state"), &status["revoked"]["roster"]), ("left".into(), &signed["roster"]));
    assert_eq!(number(&status, "received"), between, "what counts was taken: {status}");
    let note = r#"{"noted_on":"2026-10-09","note_text":"x"}"#;
    let refused = officer.ask_with(&["entry", "add", "--form", "note", "--case", &case, "--from", "-"], note);
    assert_eq!(refused.code, 5, "and it keeps nothing new");
    agency.supervisor.run(&["sync"]);
    let shown = agency.supervisor.run(&["case", "show", &case]);
    assert!(shown.to_string().contains("before") && !shown.to_string().contains("after"), "{shown}");
    assert!(shown.to_string().contains("\"late\":true"), "what came after it left is marked: {shown}");
}

#[test]
fn a_forgotten_passphrase_costs_a_device_and_no_case() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "policy", "readers", "all"]);
    agency.admin.run(&["roster", "publish"]);
    let case = open_case(&agency.officer, &opening(1, "canary"));
    agency.officer.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    let old = text(&agency.officer.run(&["status"]), "/device");

    let fresh = agency.enrol_for("officer-again", "officer", GUJRAT, &format!("officer, {GUJRAT}"));
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "revoke", &old[..12], "--left"]);
    agency.admin.run(&["roster", "publish"]);
    // Her supervisor's next sync gives the unit's key to the new device; then it reads what the old one wrote.
    agency.supervisor.run(&["sync"]);
    fresh.run(&["sync"]);
    let cases = fresh.run(&["case", "list"]);
    assert!(cases.to_string().contains(&case[..8]), "{cases}");
    jot(&fresh, &case, 3, "goes on");
    fresh.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let shown = agency.reader.run(&["case", "show", &case]);
    assert!(shown.to_string().contains("goes on"), "{shown}");
}
