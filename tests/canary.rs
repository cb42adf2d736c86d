//! Invariant 2: nothing that was typed stands readable in any file of anybody but where it was typed, whatever happened on the
//! way: entries, corrections, searches, refused input, wrong passphrases, a killed program, a hub's log.

use std::path::Path;

use crate::support::{Actor, Canary, TestAgency, jot, record};

/// Words that no text has by chance, one for each place where something is typed, and the digits of nobody's card and telephone.
const WORDS: [&str; 8] = [
    "zormektalvik",
    "dunpashqelruj",
    "talvikzormek",
    "نمونہ زیتون والی گلی",
    "qelzordunpek",
    "rujmekpashtal",
    "8990273102657",
    "+923995501301",
];

/// Everything that a person types in a day at the desk, some of it wrong.
fn a_day(agency: &TestAgency) -> String {
    let officer = &agency.officer;
    let story = record(officer, 1, &format!("{} {}", WORDS[0], WORDS[3]));
    jot(officer, &story.case, 1, WORDS[1]);
    // A name is corrected, twice: once well, once in a shape that is refused.
    let change = format!("{{\"name_full\": \"SAMPLE {}\", \"alias\": \"x\"}}", WORDS[2]);
    assert_eq!(officer.ask_with(&["entry", "amend", story.person(), "--from", "-"], &change).code, 2);
    let change = format!("{{\"name_full\": \"SAMPLE {}\"}}", WORDS[2]);
    let amended = officer.ask_with(&["entry", "amend", story.person(), "--from", "-"], &change);
    assert_eq!(amended.code, 0, "{}", amended.json);
    // What is searched for, and what is refused, must not be quoted in what the program says either.
    assert_eq!(officer.run(&["case", "search", WORDS[0]])["total"], 1);
    assert_eq!(officer.run(&["case", "search", WORDS[4]])["total"], 0);
    for broken in [format!("{{\"note_text\": \"{}", WORDS[4]), format!("{{\"noted_on\": \"{}\"}}", WORDS[4])] {
        let refused =
            officer.ask_with(&["entry", "add", "--form", "note", "--case", &story.case, "--from", "-"], &broken);
        assert_eq!(refused.code, 2, "{}", refused.json);
        let said = format!("{}{}", refused.json, refused.aside);
        assert!(!said.contains(WORDS[4]), "an answer is quoted in an error: {said}");
    }
    story.case
}

/// A passphrase that does not open: it is a secret too, whoever mistyped it.
fn mistype(agency: &TestAgency, actor: &Actor) {
    let wrong = Actor::new(agency.dir.path(), "mistyped", actor.home.clone());
    crate::support::write_private(&wrong.passphrase, format!("four words of {}\n", WORDS[5]).as_bytes());
    let refused = wrong.ask(&["case", "list"]);
    assert_eq!(refused.code, 3, "{}", refused.json);
    std::fs::remove_file(&wrong.passphrase).unwrap();
}

/// SIGKILL in the middle of keeping, at several moments: the child is killed once it has done so many storage steps, which is
/// when its database or its log has grown.
fn kill_in_mid_work(officer: &Actor, case: &str) {
    let answers = format!("{{\"noted_on\": \"2026-10-03\", \"note_text\": \"SAMPLE {}\"}}", WORDS[1]);
    let from = officer.home.with_extension("typed");
    std::fs::write(&from, &answers).unwrap();
    let (mut killed, mut ended) = (0, 0);
    let (before, _) = officer.counts();
    for _ in 0..8 {
        let seen = size(&officer.file("journal.sqlite-wal"));
        let arguments = ["entry", "add", "--form", "note", "--case", case, "--from", &from.to_string_lossy()];
        let mut child = officer.command(arguments).spawn().unwrap();
        // The log is made when the journal is opened; a change of its size is a storage step.
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                ended += u32::from(status.success());
                break;
            }
            if size(&officer.file("journal.sqlite-wal")) != seen {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
                break;
            }
            std::thread::yield_now();
        }
    }
    std::fs::remove_file(&from).unwrap();
    println!("{killed} killed in mid-work, {ended} ended before that");
    assert!(killed > 0, "no program was killed in mid-work");
    let (after, _) = officer.counts();
    assert!(after >= before && after <= before + 8 * 2, "{before} and then {after}");
    assert_eq!(officer.run(&["verify"])["holds"], true, "what was kept is whole");
}

fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|meta| meta.len())
}

#[test]
fn nothing_that_was_typed_stands_readable_in_any_file() {
    let agency = TestAgency::build();
    let canary = Canary::of(WORDS);
    let case = a_day(&agency);
    kill_in_mid_work(&agency.officer, &case);
    // Before anything is sent, and with everything still in the write-ahead log.
    canary.must_be_absent(agency.dir.path(), &[]);
    mistype(&agency, &agency.officer);
    agency.officer.run(&["sync"]);
    for actor in [&agency.reader, &agency.supervisor, &agency.stranger] {
        actor.run(&["sync"]);
        mistype(&agency, actor);
    }
    assert_eq!(
        agency.reader.run(&["case", "search", WORDS[1]])["total"],
        1,
        "headquarters reads what is nowhere readable"
    );
    agency.reader.run(&["sync"]);
    agency.officer.run(&["verify"]);
    // Homes, packs, join requests, the hub's database, its log.
    let (files, bytes) = canary.must_be_absent(agency.dir.path(), &[]);
    println!("{files} files, {bytes} bytes, {} words: none is readable", WORDS.len());
    assert!(files > 40 && agency.hub_home.with_extension("log").exists());
    // And the search would have found them: the same files with one of them planted.
    std::fs::write(agency.officer.file("crash.dump"), format!("....{}....", WORDS[2])).unwrap();
    let found = std::panic::catch_unwind(|| canary.must_be_absent(agency.dir.path(), &[]));
    assert!(found.is_err(), "a planted word was not found");
}

/// The passphrase files are the test's own input; a passphrase itself must not be left anywhere else.
#[test]
fn no_passphrase_is_left_in_any_file() {
    let agency = TestAgency::build();
    record(&agency.officer, 1, "pashvikdun");
    agency.officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let inputs: Vec<_> = crate::support::files_below(agency.dir.path())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "pass"))
        .collect();
    let words: Vec<String> =
        inputs.iter().map(|path| std::fs::read_to_string(path).unwrap().trim().to_owned()).collect();
    let but: Vec<&Path> = inputs.iter().map(std::path::PathBuf::as_path).collect();
    Canary::of(words).must_be_absent(agency.dir.path(), &but);
}
