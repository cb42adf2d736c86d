//! Splitting the recovery key, killed at every step and on a disk that breaks at every step, the typing back of the sheets among them and
//! what comes after it: no roster names a key whose sheets were not all typed back, no sheet that counts is called void, and the same command ends
//! it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use amanat_keys::{
    canonical,
    fingerprint::KeyId,
    recipient::Recipient,
    recovery::{self, Share},
    roster::Roster,
};

use crate::{
    ceremony::second_admin,
    crash::{Fate, MANY, doomed, whole},
    recovered::words_on,
    rotation_killed::Again,
    support::{Actor, TestAgency, beside_us, number},
};

const SHARES: usize = 3;

/// What came of a splitting with somebody at the keyboard.
struct Sat {
    code: i32,
    said: String,
    /// The sheets that were typed back.
    typed: Vec<Share>,
}

fn split(actor: &Actor, sheets: &Path) -> Command {
    let mut command = actor.at_home(Command::new(beside_us("amanat")));
    command.args(["keys", "split", "--shares", "3", "--threshold", "2", "--sheets"]).arg(sheets);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Somebody types what the paper says whenever it is asked for.
fn sat(mut command: Command, sheets: &Path) -> Sat {
    let mut child = command.spawn().unwrap();
    let (mut keyboard, screen) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
    let (mut typed, mut said) = (Vec::new(), String::new());
    for line in BufReader::new(screen).lines().map(Result::unwrap) {
        if let Some(index) = (1..=SHARES).find(|index| line.starts_with(&format!("Sheet {index} of {SHARES}"))) {
            let words = words_on(&sheets.join(format!("share-{index}-of-{SHARES}.txt")));
            typed.push(Share::read(&words).unwrap());
            // It may be dead by now.
            drop(writeln!(keyboard, "{words}"));
        }
        said.push_str(&line);
    }
    drop(keyboard);
    let output = child.wait_with_output().unwrap();
    said.push_str(&String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked"), "{said}");
    Sat { code: output.status.code().unwrap_or(-1), said, typed }
}

/// The key that the adopted roster names, or else one that waits for signatures.
fn named(actor: &Actor) -> Option<Recipient> {
    let home = actor.unlocked();
    let waiting = home.proposals().unwrap();
    let mut waiting = waiting.iter().map(|it| canonical::decode::<Roster>(it.payload()).unwrap());
    home.trust().unwrap().roster().recovery.clone().or_else(|| waiting.find_map(|roster| roster.recovery))
}

/// An admin who splits, the folder of the sheets, and how often the key was named afterwards and how often not.
struct Splitting {
    admin: Again,
    folder: std::path::PathBuf,
    before: u64,
    alone: bool,
    counts: [usize; 2],
    /// How often the next command said that the sheets count.
    told: usize,
}

impl Splitting {
    fn of(agency: &TestAgency, alone: bool) -> Self {
        let before = number(&agency.admin.run(&["roster", "show"]), "version");
        let folder = agency.dir.path().join("sheets");
        Self { admin: Again::of(&agency.admin, agency.dir.path()), folder, before, alone, counts: [0, 0], told: 0 }
    }

    fn lying(&self) -> usize {
        std::fs::read_dir(&self.folder).map_or(0, |files| files.count())
    }

    fn meets(&mut self, fate: Fate, step: &str) {
        for n in 1.. {
            assert!(n < MANY, "it never ends without its {step}");
            drop(std::fs::remove_dir_all(&self.folder));
            let sat = sat(doomed(&split(self.admin.afresh(), &self.folder), fate, step, n), &self.folder);
            let lived = sat.code == 0;
            self.judge(sat, &format!("{fate:?} at {step} {n}"));
            if lived {
                break;
            }
        }
    }

    fn judge(&mut self, first: Sat, at: &str) {
        let actor = &self.admin.actor;
        // Whatever is run next puts right what was left, and says so.
        let next = actor.at_home(Command::new(beside_us("amanat"))).args(["roster", "show"]).output().unwrap();
        let shown = actor.run(&["roster", "show"]);
        let version = self.before + u64::from(self.alone && named(actor).is_some());
        assert_eq!(number(&shown, "version"), version, "{at}");
        let key = named(actor);
        let heard = format!("{}{}", first.said, String::from_utf8_lossy(&next.stderr));
        let void = heard.contains("Nothing is sealed to its sheets");
        match &key {
            Some(key) => {
                agrees(&first.typed, key, at);
                assert_eq!((self.lying(), void), (SHARES, false), "{at}: they count: {heard}");
                // Only where it died on the way from having cleared up to its answer is it the same command that says so.
                self.told += usize::from(first.code != 0 && heard.contains("they count"));
            }
            None => {
                assert_ne!(first.code, 0, "{at}: it was done: {}", first.said);
                assert_eq!(self.lying(), 0, "{at}: no sheet stays that opens nothing: {heard}");
            }
        }
        self.counts[usize::from(key.is_some())] += usize::from(first.code != 0);
        let again = sat(split(actor, &self.folder), &self.folder);
        assert_eq!(again.code, 0, "{at}: {}", again.said);
        let now = named(actor).unwrap();
        match key.as_ref().map(Recipient::key_id) {
            Some(key) => assert_eq!((now.key_id(), again.typed.len()), (key, 0), "{at}: the same key, and typed once"),
            None => agrees(&again.typed, &now, at),
        }
        let shown = number(&actor.run(&["roster", "show"]), "version");
        assert_eq!(shown, self.before + u64::from(self.alone), "{at}: signed once");
        whole(actor, at);
    }

    fn tells(&self, what: &str) {
        let ([none, named], told) = (self.counts, self.told);
        println!(
            "splitting {what}: {none} times no key was named afterwards, {named} times one was; {told} times that was said"
        );
        assert!(none > 0 && named > 0 && told > 0);
    }
}

/// Every sheet was typed back, and two of them give the key that is named.
fn agrees(typed: &[Share], key: &Recipient, at: &str) {
    assert_eq!(typed.len(), SHARES, "{at}: it is named, and not all sheets were typed back");
    let joined: KeyId = recovery::join(&typed[1..], key).unwrap().recipient().key_id();
    assert_eq!(joined, key.key_id(), "{at}");
}

#[test]
fn a_splitting_killed_at_any_step_names_no_key_that_was_not_typed_back_and_is_ended_by_the_same_call() {
    let agency = TestAgency::offline();
    let mut splitting = Splitting::of(&agency, true);
    for step in ["pwrite64", "fsync", "rename", "unlink", "write"] {
        splitting.meets(Fate::Killed, step);
    }
    splitting.tells("killed");
}

#[test]
fn a_splitting_on_a_disk_that_breaks_at_any_step_calls_no_sheet_void_that_counts() {
    let agency = TestAgency::offline();
    let mut splitting = Splitting::of(&agency, true);
    for step in ["pwrite64", "fsync", "rename"] {
        splitting.meets(Fate::Broken, step);
    }
    splitting.tells("on a broken disk");
}

#[test]
fn a_splitting_that_others_must_sign_for_waits_with_its_sheets_wherever_it_was_killed() {
    let agency = TestAgency::build();
    second_admin(&agency);
    let mut splitting = Splitting::of(&agency, false);
    for step in ["fsync", "rename"] {
        splitting.meets(Fate::Killed, step);
        splitting.meets(Fate::Broken, step);
    }
    splitting.tells("with two admins");
}
