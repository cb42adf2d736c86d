//! A case crosses from one agency to another, through the built programs, with nothing shared but files: what was signed there is read here and
//! proven here, the answer stands in the first agency's case, and no file that was bent, cut, repeated, forged or meant for others is taken.

use std::{fs, path::PathBuf};

use serde_json::json;

use crate::support::{Actor, GUJRAT, Story, TestAgency, jot, number, open_case, opening, record, text};

/// Two agencies that know nothing of each other, and a case of the first.
pub(crate) struct Two {
    pub(crate) police: TestAgency,
    pub(crate) fia: TestAgency,
    pub(crate) story: Story,
}

/// What a word on a crossing says: which way, and how it stands.
pub(crate) fn stands(actor: &Actor, case: &str) -> Vec<(bool, String)> {
    let told = actor.run(&["case", "show", case]);
    let crossings = told["crossings"].as_array().unwrap();
    crossings.iter().map(|told| (told["came"].as_bool().unwrap(), text(told, "/stands"))).collect()
}

impl Two {
    pub(crate) fn build() -> Self {
        let (police, fia) = (TestAgency::build(), TestAgency::build());
        for actor in [&police.officer, &police.supervisor, &fia.supervisor] {
            actor.run(&["sync"]);
        }
        let story = record(&police.officer, 1, "lemtavrosk");
        for actor in [&police.officer, &police.supervisor] {
            actor.run(&["sync"]);
        }
        Self { police, fia, story }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.police.dir.path().join(name)
    }

    /// The arguments of an offer to a station of the second agency.
    pub(crate) fn offer(&self, case: &str, out: &str, more: &[&str]) -> Vec<String> {
        let pack = self.fia.dir.path().join("newest.pack").to_string_lossy().into_owned();
        let (words, out) = (words(&self.fia), self.file(out).to_string_lossy().into_owned());
        let given = ["case", "transfer", case, "--to", GUJRAT, "--reason", "XBORDER", "--to-agency", &pack];
        let given = given.into_iter().chain(["--fingerprint", &words, "--out", &out]).chain(more.iter().copied());
        given.map(str::to_owned).collect()
    }
}

pub(crate) fn words(agency: &TestAgency) -> String {
    text(&agency.admin.run(&["roster", "show"]), "/words")
}

pub(crate) fn strs(given: &[String]) -> Vec<&str> {
    given.iter().map(String::as_str).collect()
}

#[test]
fn a_case_crosses_to_another_agency_with_its_proof_and_the_answer_comes_back() {
    let two = Two::build();
    let (case, theirs) = (two.story.case.as_str(), words(&two.police));
    let officer = two.police.officer.ask(&strs(&two.offer(case, "case.age", &[])));
    assert_eq!(officer.code, 5, "an officer hands nothing over: {}", officer.json);
    let dry = two.police.supervisor.run(&strs(&two.offer(case, "case.age", &["--dry-run"])));
    assert!(dry["kept"] == json!(false) && !two.file("case.age").exists(), "{dry}");
    let sent = two.police.supervisor.run(&strs(&two.offer(case, "case.age", &["--note", "The kiln is theirs."])));
    let went = number(&sent, "entries");
    assert!(went >= 5 && number(&sent, "lacking") == 0, "{sent}");
    assert_eq!(stands(&two.police.supervisor, case), [(false, "SENT".to_owned())]);
    let file = two.file("case.age").to_string_lossy().into_owned();
    let bytes = fs::read(&file).unwrap();
    for said in ["lemtavrosk", "XBORDER", "kiln", GUJRAT, case] {
        assert!(!bytes.windows(said.len()).any(|window| window == said.as_bytes()), "the file says {said}");
    }

    // Looked at, nothing is kept.
    let look = two.fia.supervisor.run(&["case", "receive", &file, "--fingerprint", &theirs]);
    assert_eq!((number(&look, "entries"), number(&look, "kept")), (went, 0), "{look}");
    assert_eq!(two.fia.supervisor.run(&["case", "list"])["cases"], json!([]));
    let answer = two.file("answer.age").to_string_lossy().into_owned();
    let take = ["case", "receive", &file, "--fingerprint", &theirs, "--accept", "--out", &answer];
    let took = two.fia.supervisor.run(&take);
    assert_eq!(number(&took, "kept"), went + 1, "all of it, and the word that took it over: {took}");
    let here = text(&took, "/case");
    assert_eq!(stands(&two.fia.supervisor, &here), [(true, "ACC".to_owned())]);
    let shown = two.fia.supervisor.run(&["case", "show", &here]);
    let entries = shown["entries"].as_array().unwrap();
    let person = entries.iter().find(|entry| entry["form"] == "person@1").unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(
        text(person, "/source/cells/author"),
        "officer, PS Sample, Gujrat",
        "its author is who signed it, and not who took it in"
    );
    let named = two.fia.supervisor.run(&["entry", "show", &text(person, "/entry"), "--names"]);
    assert!(named.to_string().contains("SAMPLE PERSON 1"), "names come under the second key: {named}");
    let interview = entries.iter().find(|entry| entry["form"] == "interview@1").unwrap();
    assert_eq!(
        text(interview, "/answers/person_ref"),
        text(person, "/entry"),
        "what named an entry there names it here"
    );

    // Headquarters of the second agency reads it too, and finds nothing wrong; a second reading adds nothing.
    for actor in [&two.fia.supervisor, &two.fia.reader] {
        actor.run(&["sync"]);
    }
    let verified = two.fia.reader.run(&["verify"]);
    assert_eq!(verified["problems"].as_array().map_or(0, Vec::len), 0, "{verified}");
    assert!(two.fia.reader.run(&["case", "show", &here]).to_string().contains("lemtavrosk"));
    assert_eq!(number(&two.fia.supervisor.run(&take), "kept"), 0, "a file that is read twice");

    let heard = two.police.supervisor.run(&["case", "receive", &answer]);
    assert_eq!((&heard["accepted"], &heard["kept"]), (&json!(true), &json!(true)), "{heard}");
    assert_eq!(stands(&two.police.supervisor, case), [(false, "ACC".to_owned())]);
    assert_eq!(two.police.supervisor.run(&["case", "receive", &answer])["kept"], json!(false), "an answer read twice");
    two.police.supervisor.run(&["sync"]);
    two.police.reader.run(&["sync"]);
    assert_eq!(stands(&two.police.reader, case), [(false, "ACC".to_owned())]);

    // What is written later goes with the next file, and joins the case that is there.
    jot(&two.police.supervisor, case, 7, "lemtavrosk");
    two.police.supervisor.run(&strs(&two.offer(case, "more.age", &[])));
    let more = two.file("more.age").to_string_lossy().into_owned();
    let again = ["case", "receive", &more, "--fingerprint", &theirs, "--accept", "--out", &answer];
    let joined = two.fia.supervisor.run(&again);
    assert_eq!((text(&joined, "/case"), number(&joined, "kept")), (here, 2), "{joined}");
}

/// The files themselves stay: how many is said before the offer is kept, stands in what is written, and reaches who takes the case over.
#[test]
fn attachments_stay_and_both_sides_are_told_how_many() {
    let two = Two::build();
    let (case, theirs) = (two.story.case.as_str(), words(&two.police));
    let none = two.police.supervisor.run(&strs(&two.offer(case, "case.age", &["--dry-run"])));
    assert_eq!(number(&none, "left_behind"), 0, "{none}");
    let files = ["register.txt", "gate.txt"].map(|name| {
        let path = two.file(name);
        fs::write(&path, format!("SAMPLE {name} palmishtoqel")).unwrap();
        path.to_string_lossy().into_owned()
    });
    two.police.officer.run(&["entry", "attach", case, &files[0], &files[1]]);
    for actor in [&two.police.officer, &two.police.supervisor] {
        actor.run(&["sync"]);
    }
    let dry = two.police.supervisor.run(&strs(&two.offer(case, "case.age", &["--dry-run"])));
    assert_eq!((number(&dry, "left_behind"), &dry["kept"]), (2, &json!(false)), "{dry}");
    let sent = two.police.supervisor.run(&strs(&two.offer(case, "case.age", &[])));
    assert_eq!((number(&sent, "left_behind"), &sent["kept"]), (2, &json!(true)), "{sent}");
    let file = two.file("case.age").to_string_lossy().into_owned();
    let look = two.fia.supervisor.run(&["case", "receive", &file, "--fingerprint", &theirs]);
    assert_eq!((number(&look, "left_behind"), number(&look, "kept")), (2, 0), "{look}");
    let answer = two.file("answer.age").to_string_lossy().into_owned();
    let take = ["case", "receive", &file, "--fingerprint", &theirs, "--accept", "--out", &answer];
    let took = two.fia.supervisor.run(&take);
    assert_eq!((number(&took, "left_behind"), number(&took, "kept")), (2, number(&sent, "entries") + 1), "{took}");
}

#[test]
fn nothing_is_taken_of_a_file_that_is_bent_or_cut_or_for_others_or_of_a_forged_roster() {
    let two = Two::build();
    let (case, theirs) = (two.story.case.as_str(), words(&two.police));
    two.police.supervisor.run(&strs(&two.offer(case, "case.age", &[])));
    let path = two.file("case.age").to_string_lossy().into_owned();
    let whole = fs::read(&path).unwrap();
    let bent_path = two.file("bent.age").to_string_lossy().into_owned();
    let answer = two.file("answer.age").to_string_lossy().into_owned();
    let take = |actor: &Actor, file: &str, words: &str| {
        actor.ask(&["case", "receive", file, "--fingerprint", words, "--accept", "--out", &answer])
    };
    let mut bent = whole.clone();
    *bent.last_mut().unwrap() ^= 1;
    for bad in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], &bent] {
        fs::write(&bent_path, bad).unwrap();
        let refused = take(&two.fia.supervisor, &bent_path, &theirs);
        assert!(refused.code == 5 && refused.hint().contains("Nothing was taken"), "{}", refused.json);
    }
    // Another reader of the same agency, the agency that wrote it, and words that are another roster's.
    for actor in [&two.fia.stranger, &two.police.supervisor, &two.fia.reader] {
        let refused = take(actor, &path, &theirs);
        assert!(refused.code == 5 && refused.hint().contains("another unit"), "{}", refused.json);
    }
    let forged = take(&two.fia.supervisor, &path, &words(&two.fia));
    assert!(forged.code == 5 && forged.message().contains("words differ"), "{}", forged.json);
    let unsaid = two.fia.supervisor.ask(&["case", "receive", &path]);
    assert!(unsaid.code == 2 && unsaid.hint().contains("--fingerprint"), "{}", unsaid.json);
    assert_eq!(two.fia.supervisor.run(&["case", "list"])["cases"], json!([]));

    // Who offers pins the other side too, and a case of one unit alone goes nowhere.
    let mut wrong = two.offer(case, "x.age", &[]);
    let at = wrong.iter().position(|given| given == "--fingerprint").unwrap();
    wrong[at + 1] = theirs.clone();
    let refused = two.police.supervisor.ask(&strs(&wrong));
    assert!(refused.code == 5 && !two.file("x.age").exists(), "{}", refused.json);
    let mut shut = opening(2, "lemtavrosk");
    shut["handling_code"] = json!("H1");
    let shut = open_case(&two.police.supervisor, &shut);
    let refused = two.police.supervisor.ask(&strs(&two.offer(&shut, "x.age", &[])));
    assert!(refused.code == 5 && refused.message().contains("H1"), "{}", refused.json);

    // An answer that refuses says why; it is no answer to anybody else.
    let mute = ["case", "receive", &path, "--fingerprint", &theirs, "--reject", "--out", &answer];
    assert_eq!(two.fia.supervisor.ask(&mute).code, 2);
    let no = [&mute[..], &["--note", "No border was crossed."]].concat();
    assert_eq!(number(&two.fia.supervisor.run(&no), "kept"), 0);
    let stray = two.fia.supervisor.ask(&["case", "receive", &answer]);
    assert_eq!(stray.code, 5, "{}", stray.json);
    let heard = two.police.supervisor.run(&["case", "receive", &answer]);
    assert_eq!((&heard["accepted"], text(&heard, "/note")), (&json!(false), "No border was crossed.".to_owned()));
    assert_eq!(stands(&two.police.supervisor, case), [(false, "REJ".to_owned())]);
    let case_there = two.fia.supervisor.run(&["case", "list"]);
    assert_eq!(case_there["cases"], json!([]), "what was refused is not kept");
}
