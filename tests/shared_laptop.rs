//! Three officers on one machine: each has a home of their own, nobody's passphrase opens another's, who syncs changes nothing about who wrote, and
//! the lock screen changes from one to the other.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::{
    bundle::{reads, writes},
    support::{Actor, Canary, GUJRAT, TestAgency, Typist, files_below, jot, number, open_case, opening, record, text},
};

const WORDS: [&str; 2] = ["zukhwendarmek", "palmishtoqel"];

/// One more officer at this laptop.
fn sits(agency: &TestAgency, laptop: &Path, name: &str, role: &str) -> Actor {
    let dir = agency.dir.path();
    let at = Actor::new(dir, "laptop", laptop.to_owned());
    let made = at.run(&["home", "add", name]);
    let folder = text(&made, "/folder");
    let actor = Actor::new(dir, name, folder.into());
    let made = actor.run(&["device", "init", "--name", name, "--unit", GUJRAT, "--practice", "--work-factor", "10"]);
    let pack = dir.join("newest.pack").to_string_lossy().into_owned();
    let (request, words) = (text(&made, "/request"), text(&made, "/words"));
    let approve =
        ["roster", "approve", &request, "--fingerprint", &words, "--out", &pack, "--role", role, "--unit", GUJRAT];
    agency.admin.run(&approve);
    let words = text(&agency.admin.run(&["roster", "show"]), "/words");
    actor.run(&["device", "join", &pack, "--fingerprint", &words]);
    actor
}

#[test]
fn officers_who_share_a_laptop_cannot_read_each_other_and_each_is_the_author_whoever_syncs() {
    let agency = TestAgency::build();
    let laptop = agency.dir.path().join("laptop");
    let sana = sits(&agency, &laptop, "Sana", "officer");
    let omar = sits(&agency, &laptop, "Omar", "officer");
    let boss = sits(&agency, &laptop, "Boss", "supervisor");
    agency.admin.run(&["roster", "publish"]);
    // Whoever holds the station's key wraps it for the newcomer, once.
    for actor in [&agency.supervisor, &boss] {
        actor.run(&["sync"]);
    }
    let hers = record(&sana, 1, WORDS[0]);
    let his = record(&omar, 2, WORDS[1]);
    // Neither's passphrase opens the other's home, and neither's home holds a word of the other.
    let crossed = Actor { passphrase: omar.passphrase.clone(), ..sana.clone() };
    assert_eq!(crossed.ask(&["case", "list"]).code, 3);
    assert_eq!(omar.run(&["case", "list"])["total"], 1);
    assert_ne!(omar.ask(&["case", "show", &hers.case]).code, 0);
    Canary::of([WORDS[0], WORDS[1]]).must_be_absent(&laptop, &[]);
    // A journal under another's vault is told apart from a damaged one, and nothing of it opens.
    let mixed = agency.dir.path().join("mixed");
    fs::create_dir(&mixed).unwrap();
    for (from, file) in [(&sana, "journal.sqlite"), (&omar, "identity.age"), (&omar, "practice"), (&omar, "joined")] {
        fs::copy(from.file(file), mixed.join(file)).unwrap();
    }
    assert_ne!(Actor { home: mixed, ..omar.clone() }.ask(&["case", "list"]).code, 0);
    // All is the user's alone.
    for file in files_below(&laptop) {
        for path in [file.as_path(), file.parent().unwrap()] {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        }
    }
    // Omar's sync needs nothing of Sana's and takes nothing of hers.
    omar.run(&["sync"]);
    assert_eq!((sana.counts().1, number(&omar.run(&["status"]), "waiting")), (0, 0));
    // The supervisor carries for Sana, who stays locked: she is the author all the same.
    let (stick, _) = writes(&sana, &agency, "sana.age", Some(GUJRAT));
    reads(&boss, &stick);
    boss.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    for (officer, case) in [(&sana, &hers.case), (&omar, &his.case)] {
        let device = officer.run(&["status"])["device"].clone();
        let shown = agency.supervisor.run(&["case", "show", case]);
        let entries = shown["entries"].as_array().unwrap();
        let theirs = entries.iter().filter(|entry| entry["kind"] != "access");
        assert!(theirs.clone().count() > 3 && theirs.clone().all(|entry| entry["device"] == device), "{shown}");
    }
    let listed = omar.run(&["home", "list"]);
    let homes = listed["homes"].as_array().unwrap();
    let names: Vec<_> = homes.iter().map(|home| (home["name"].as_str().unwrap(), home["here"] == true)).collect();
    assert_eq!(names, [("Boss", false), ("Omar", true), ("Sana", false)]);
    for bad in ["../out", "Sana", ""] {
        assert_eq!(omar.ask(&["home", "add", bad]).code, 2, "{bad}");
    }
    for actor in [&sana, &omar, &boss] {
        assert_eq!(actor.run(&["verify"])["holds"], true);
    }
}

#[test]
fn the_lock_screen_changes_from_one_officer_to_another() {
    let agency = TestAgency::offline();
    let laptop = agency.dir.path().join("laptop");
    let sana = sits(&agency, &laptop, "Sana", "officer");
    let omar = sits(&agency, &laptop, "Omar", "officer");
    let place = |place: &str| {
        let mut answers = opening(1, "desk");
        answers["police_station"] = place.into();
        answers
    };
    open_case(&sana, &place("Zukhwend"));
    jot(&omar, &open_case(&omar, &place("Palmisht")), 1, "desk");
    let phrase = |actor: &Actor| fs::read_to_string(&actor.passphrase).unwrap().trim_end().to_owned();
    let mut typist = Typist::sits_down(&laptop, &[]);
    // Nobody has a device in the first home: the screen begins at the first that has one.
    typist.sees("Locked: Omar");
    let menu = typist.does("\"what was meant for omar\" F3", "Whose turn is it?");
    assert!(menu.contains("Sana"), "{menu}");
    typist.does("\"san\" Enter", "Locked: Sana");
    typist.does(&format!("\"{}\" Enter", phrase(&omar)), "does not open this device");
    let hers = typist.does(&format!("\"{}\" Enter", phrase(&sana)), "Zukhwend");
    assert!(!hers.contains("Palmisht"), "{hers}");
    // Hers is held while the screen is at it, and the other is not.
    assert_eq!(sana.ask(&["status"]).code, 3);
    omar.run(&["status"]);
    typist.does("C-l", "Locked: Sana");
    typist.does("F3", "Whose turn is it?");
    typist.does("\"omar\" Enter", "Locked: Omar");
    sana.run(&["status"]);
    let his = typist.does(&format!("\"{}\" Enter", phrase(&omar)), "Palmisht");
    assert!(!his.contains("Zukhwend"), "{his}");
    typist.types("C-q");
    assert!(typist.ends().success());
}
