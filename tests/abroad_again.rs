//! What happens to an offer to another agency after it was made: it is made again, taken back, answered late, answered under a newer roster,
//! read from an old file; and none of it doubles or loses anything.

use std::fs;

use serde_json::{Value, json};

use crate::{
    abroad::{Two, stands, strs, words},
    support::{Actor, GUJRAT, number, text},
};

impl Two {
    /// The other agency takes the case over from this file; its whole document.
    fn taken(&self, file: &str, words: &str, answer: &str) -> Value {
        let (file, answer) = (self.path(file), self.path(answer));
        self.fia.supervisor.run(&["case", "receive", &file, "--fingerprint", words, "--accept", "--out", &answer])
    }

    fn path(&self, name: &str) -> String {
        self.file(name).to_string_lossy().into_owned()
    }

    /// The arguments of taking an offer back.
    fn back(&self, out: Option<&str>, more: &[&str]) -> Vec<String> {
        let pack = self.fia.dir.path().join("newest.pack").to_string_lossy().into_owned();
        let (words, out) = (words(&self.fia), out.map(|out| self.path(out)));
        let given =
            ["case", "transfer", &self.story.case, "--take-back", "--to-agency", &pack, "--fingerprint", &words];
        let out = out.iter().flat_map(|out| ["--out", out.as_str()]);
        given.into_iter().chain(out).chain(more.iter().copied()).map(str::to_owned).collect()
    }
}

/// How often a step stands in a case.
fn steps(actor: &Actor, case: &str, step: &str) -> usize {
    let told = actor.run(&["case", "show", case]);
    told["entries"].as_array().unwrap().iter().filter(|entry| entry["step"] == step).count()
}

#[test]
fn the_same_offer_made_again_is_the_same_offer_and_another_one_is_not() {
    let two = Two::build();
    let (case, theirs, police) = (two.story.case.as_str(), words(&two.police), &two.police.supervisor);
    let first = police.run(&strs(&two.offer(case, "case.age", &[])));
    assert_eq!((&first["kept"], &first["again"]), (&json!(true), &json!(false)), "{first}");
    let look = |name: &str| {
        let file = two.path(name);
        text(&two.fia.supervisor.run(&["case", "receive", &file, "--fingerprint", &theirs]), "/offer")
    };
    let offer = look("case.age");
    fs::remove_file(two.file("case.age")).unwrap();
    let again = police.run(&strs(&two.offer(case, "case.age", &[])));
    assert_eq!((&again["kept"], &again["again"]), (&json!(false), &json!(true)), "{again}");
    assert_eq!(
        (look("case.age"), steps(police, case, "SENT")),
        (offer.clone(), 1),
        "a file that was lost is written again"
    );
    let other = police.run(&strs(&two.offer(case, "other.age", &["--note", "The kiln is theirs."])));
    assert_eq!(other["kept"], json!(true), "another note is another offer: {other}");
    assert_ne!(look("other.age"), offer);

    // Two wait: one answer answers one, and what is taken back must be named.
    let several = police.ask(&strs(&two.back(None, &[])));
    assert!(several.code == 2 && several.hint().contains(&offer), "{}", several.json);
    two.taken("other.age", &theirs, "answer.age");
    police.run(&["case", "receive", &two.path("answer.age")]);
    let mut now = stands(police, case);
    now.sort();
    assert_eq!(now, [(false, "ACC".to_owned()), (false, "SENT".to_owned())]);
    // What was answered is not the same offer any more: it would be a new one.
    let after = police.run(&strs(&two.offer(case, "after.age", &["--note", "The kiln is theirs."])));
    assert_eq!(after["again"], json!(false), "{after}");
}

#[test]
fn an_offer_that_is_taken_back_is_not_taken_and_one_that_crossed_with_its_answer_is_told_to_both() {
    let two = Two::build();
    let (case, theirs, police, fia) =
        (two.story.case.as_str(), words(&two.police), &two.police.supervisor, &two.fia.supervisor);
    let none = police.ask(&strs(&two.back(Some("back.age"), &[])));
    assert!(none.code == 5 && none.message().contains("nothing of this case was offered"), "{}", none.json);
    police.run(&strs(&two.offer(case, "case.age", &[])));
    let officer = two.police.officer.ask(&strs(&two.back(Some("back.age"), &[])));
    assert!(officer.code != 0 && !two.file("back.age").exists(), "{}", officer.json);
    let back = police.run(&strs(&two.back(Some("back.age"), &["--note", "Settled here."])));
    assert_eq!((&back["kept"], stands(police, case)), (&json!(true), vec![(false, "REV".to_owned())]), "{back}");
    let bytes = fs::read(two.file("back.age")).unwrap();
    assert!(!bytes.windows(7).any(|seven| seven == b"Settled"), "it says nothing to whoever finds it");
    // The stick was lost: the same word is written again, and kept once.
    fs::remove_file(two.file("back.age")).unwrap();
    let again = police.run(&strs(&two.back(Some("back.age"), &[])));
    assert_eq!((&again["kept"], steps(police, case, "REV")), (&json!(false), 1), "{again}");

    let file = two.path("back.age");
    let unsaid = fia.ask(&["case", "receive", &file]);
    assert!(unsaid.code == 2 && unsaid.hint().contains("--fingerprint"), "{}", unsaid.json);
    let others = two.fia.reader.ask(&["case", "receive", &file, "--fingerprint", &theirs]);
    assert!(others.code == 5 && others.hint().contains("another unit"), "{}", others.json);
    let hear = ["case", "receive", &file, "--fingerprint", &theirs];
    let heard = fia.run(&hear);
    assert_eq!((&heard["withdrawn"], &heard["case"], &heard["kept"]), (&json!(true), &Value::Null, &json!(false)));
    assert_eq!(text(&heard, "/note"), "Settled here.");
    let (offer, answer) = (two.path("case.age"), two.path("answer.age"));
    let look = fia.run(&["case", "receive", &offer, "--fingerprint", &theirs]);
    assert_eq!(look["withdrawn"], json!(true), "{look}");
    let refused = fia.ask(&["case", "receive", &offer, "--fingerprint", &theirs, "--accept", "--out", &answer]);
    assert!(refused.code == 5 && refused.message().contains("taken it back"), "{}", refused.json);
    assert_eq!(fia.run(&["case", "list"])["cases"], json!([]));

    // The next one is taken before its withdrawal comes.
    police.run(&strs(&two.offer(case, "next.age", &[])));
    let took = two.taken("next.age", &theirs, "answer.age");
    let here = text(&took, "/case");
    police.run(&strs(&two.back(Some("late.age"), &[])));
    let late = two.path("late.age");
    let hear = ["case", "receive", &late, "--fingerprint", &theirs];
    let crossed = fia.run(&hear);
    assert_eq!((text(&crossed, "/case"), &crossed["kept"]), (here.clone(), &json!(true)), "{crossed}");
    assert_eq!(fia.run(&hear)["kept"], json!(false), "a withdrawal read twice");
    assert_eq!((stands(fia, &here), steps(fia, &here, "REV")), (vec![(true, "ACC".to_owned())], 1));
    let answered = police.run(&["case", "receive", &answer]);
    assert_eq!((&answered["accepted"], &answered["crossed"]), (&json!(true), &json!(true)), "{answered}");
    let crossings = police.run(&["case", "show", case])["crossings"].clone();
    let told =
        |stands: &str| crossings.as_array().unwrap().iter().any(|c| c["stands"] == stands && c["taken_back"] == true);
    assert!(told("ACC") && told("REV"), "{crossings}");
    let more = police.ask(&strs(&two.back(None, &["--offer", &text(&crossed, "/offer")])));
    assert!(more.code == 5 && more.message().contains("answered already"), "{}", more.json);
    // Another supervisor of the unit, and headquarters, see the same.
    for actor in [police, &two.police.reader] {
        actor.run(&["sync"]);
    }
    assert_eq!(stands(&two.police.reader, case), stands(police, case));
    assert_eq!(two.police.reader.run(&["verify"])["problems"].as_array().map_or(0, Vec::len), 0);
}

#[test]
fn a_file_of_an_older_roster_is_refused_by_the_words_of_the_newer_and_so_is_an_answer_until_its_words_are_heard() {
    let two = Two::build();
    let (case, police, fia) = (two.story.case.as_str(), &two.police.supervisor, &two.fia.supervisor);
    let older = words(&two.police);
    police.run(&strs(&two.offer(case, "case.age", &[])));
    let old = fs::read(two.file("case.age")).unwrap();
    two.police.enrol("one-more", "officer", GUJRAT);
    two.police.admin.run(&["sync"]);
    let newer = words(&two.police);
    assert_ne!(older, newer);
    let (file, answer) = (two.path("case.age"), two.path("answer.age"));
    let refused = fia.ask(&["case", "receive", &file, "--fingerprint", &newer, "--accept", "--out", &answer]);
    assert!(refused.code == 5 && refused.message().contains("words differ"), "{}", refused.json);
    assert_eq!(fia.run(&["case", "list"])["cases"], json!([]));
    // Once the device that offers has the newer roster, the same offer goes out under it.
    police.run(&["sync"]);
    let again = police.run(&strs(&two.offer(case, "case.age", &[])));
    assert_eq!((&again["again"], text(&again, "/words")), (&json!(true), newer.clone()), "{again}");
    two.fia.enrol("one-more", "officer", GUJRAT);
    two.fia.admin.run(&["sync"]);
    fia.run(&["sync"]);
    let took = two.taken("case.age", &newer, "answer.age");
    let went = number(&took, "kept");
    assert!(went > 5, "{took}");
    // The old file is the same offer: read by its own words it adds nothing.
    fs::write(two.file("old.age"), old).unwrap();
    let replayed = two.taken("old.age", &older, "second.age");
    assert_eq!(number(&replayed, "kept"), 0, "{replayed}");

    let unheard = police.ask(&["case", "receive", &answer]);
    assert!(unheard.code == 5 && unheard.message().contains("another roster by now"), "{}", unheard.json);
    assert_eq!(stands(police, case), [(false, "SENT".to_owned())]);
    let wrong = police.ask(&["case", "receive", &answer, "--fingerprint", &older]);
    assert!(wrong.code == 5 && wrong.message().contains("words differ"), "{}", wrong.json);
    let heard = police.run(&["case", "receive", &answer, "--fingerprint", &words(&two.fia)]);
    assert_eq!((&heard["accepted"], stands(police, case)), (&json!(true), vec![(false, "ACC".to_owned())]), "{heard}");
}
