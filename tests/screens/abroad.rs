//! A case goes to another agency and comes from one, by keys: whose roster, which words, what goes and what it means stand on the screen
//! before anything is kept; in both languages, at 80×24.

use amanat::{
    model::{Content, Handover, OfferId, Peer, RosterHash, Step},
    ui::{AbroadCame, AbroadOut, AbroadTaken, Bidi, Effect, Msg, Offered, Settings, Trouble},
};

use super::{
    begun::{CASE, plain, with_victim},
    stage::{Stage, urdu},
    told::{unit_id, words},
};

const THEIRS: &str = "AHTC Multan";

/// The screen as one line, without the frames, so that a sentence is found wherever it was broken.
pub(super) fn flat(stage: &mut Stage) -> String {
    let screen = stage.screen(80, 24);
    let words = screen.split(|c: char| c.is_whitespace() || "│╭╮╰╯─".contains(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The words of the other agency's roster, as they are typed.
fn heard() -> String {
    words("agency").join(" ")
}

fn peer(offer: u8) -> Box<Peer> {
    Box::new(Peer {
        agency: amanat::model::AgencyId::from_bytes([0xF1; 32]),
        name: "FIA".into(),
        unit: THEIRS.into(),
        offer: OfferId::from_bytes([offer; 32]),
        roster: RosterHash::from_bytes([3; 32]),
        proof: None,
    })
}

fn word(step: Step, offer: u8) -> Content {
    let (unit, from) = (unit_id(THEIRS), unit_id("Model Town Police Station"));
    let told = Handover { step, unit, from, of: None, reason: None, note: None, peer: Some(peer(offer)) };
    Content::Handover(Box::new(told))
}

/// What the desk answers.
pub(super) fn answer(stage: &mut Stage, effect: Effect) -> Vec<Msg> {
    match effect {
        Effect::OpenAgency { words, .. } if words == heard() => {
            vec![Msg::AgencyIs { agency: "FIA".into(), units: vec![(unit_id(THEIRS), THEIRS.into())] }]
        }
        Effect::OfferAbroad { out: None, .. } => {
            vec![Msg::AbroadOffers(Box::new(AbroadOut {
                entries: 7,
                left_behind: 2,
                lacking: 1,
                ..AbroadOut::default()
            }))]
        }
        Effect::OfferAbroad { out: Some(path), .. } if path == "/full" => {
            vec![Msg::AbroadFailed(Trouble::word("stick.full"))]
        }
        Effect::OfferAbroad { offer, out } => {
            let entry = stage.entry(offer.case, word(Step::Sent, 2));
            let out = AbroadOut { path: out, left_behind: 2, words: words("own").join(" "), ..AbroadOut::default() };
            vec![Msg::Kept { entries: vec![entry], draft: None }, Msg::AbroadOffers(Box::new(out))]
        }
        Effect::TakeBackAbroad { case, offer, out, .. } => {
            assert_eq!(offer, OfferId::from_bytes([2; 32]));
            let entry = stage.entry(case, word(Step::TakenBack, 2));
            let out = AbroadOut { path: Some(out), words: words("own").join(" "), ..AbroadOut::default() };
            vec![Msg::Kept { entries: vec![entry], draft: None }, Msg::AbroadOffers(Box::new(out))]
        }
        Effect::ReadAbroad { path, words } if words.as_deref() == Some(&heard()) => vec![came(&path)],
        Effect::AnswerAbroad(answer) => {
            let kept = if answer.accept { 8 } else { 0 };
            let words = words("own").join(" ");
            vec![Msg::AbroadTaken(Box::new(AbroadTaken { path: answer.out.clone(), kept, words }))]
        }
        _ => vec![Msg::AbroadFailed(Trouble::word("sync.trust"))],
    }
}

/// A file on the stick that is no bundle.
pub(super) fn found(path: &str) -> Vec<Msg> {
    let came = match path {
        "/stick/answer.age" => AbroadCame::Answer {
            agency: "FIA".into(),
            unit: THEIRS.into(),
            accepted: true,
            note: None,
            crossed: true,
            new: true,
        },
        _ => AbroadCame::Unknown,
    };
    vec![Msg::AbroadCame { path: path.into(), came: Box::new(came) }]
}

fn came(path: &str) -> Msg {
    let (agency, unit) = ("FIA".to_owned(), THEIRS.to_owned());
    let came = if path.ends_with("back.age") {
        AbroadCame::Withdrawn { agency, unit, note: Some("Settled here.".into()), here: true, new: true }
    } else {
        let reason = amanat::model::Code::new("OTHERDIST");
        let (note, case) = (Some("The kiln is theirs.".into()), CASE);
        AbroadCame::Offer(Offered { agency, unit, reason, note, entries: 7, left_behind: 2, case, withdrawn: false })
    };
    Msg::AbroadCame { path: path.into(), came: Box::new(came) }
}

fn offered(stage: &Stage) -> Vec<(usize, Option<String>)> {
    let of = |effect: &Effect| match effect {
        Effect::OfferAbroad { offer, out } => Some((offer.entries.len(), out.clone())),
        _ => None,
    };
    stage.effects.iter().filter_map(of).collect()
}

#[test]
fn a_case_is_offered_by_keys_and_what_goes_is_read_before_it_goes() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("Enter F7");
    assert!(stage.screen(80, 24).contains("Offer it to another agency"), "{}", stage.screen(80, 24));
    stage.keys("\"3\" \"/stick/fia.pack\" Enter");
    assert!(stage.screen(80, 24).contains("read aloud"), "{}", stage.screen(80, 24));
    stage.keys("\"river river\" Enter");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("does not fit what is known"), "other words are no words\n{screen}");
    stage.keys(&format!("Backspace*11 \"{}\" Enter", heard()));
    assert!(stage.screen(80, 24).contains(THEIRS), "its units, by name\n{}", stage.screen(80, 24));
    stage.keys("Enter \"another district\" Enter");
    assert!(stage.screen(80, 24).contains("opens for that unit alone"), "{}", stage.screen(80, 24));
    stage.keys("C-u \"/stick/case.age\" Enter");
    let screen = flat(&mut stage);
    for phrase in [
        THEIRS,
        "FIA",
        "/stick/case.age",
        "7 entries go",
        "2 attachments stay",
        "1 entry does not go",
        "Evidence goes, no key",
        "later does not go",
    ] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    assert_eq!(offered(&stage), [(4, None)], "only looked at");
    stage.keys("Enter");
    assert_eq!(offered(&stage).last(), Some(&(4, Some("/stick/case.age".into()))));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("read back") && screen.contains("river saddle orange"), "{screen}");
    stage.keys("Enter");
    assert!(stage.screen(80, 24).contains("⇄ Offered to AHTC Multan, FIA"), "{}", stage.screen(80, 24));
}

#[test]
fn a_key_before_the_last_leaves_everything_as_it_was_and_a_full_stick_says_so_there() {
    for script in ["", "Enter", "Enter \"x\" Enter"] {
        let mut stage = with_victim(Stage::supervising(plain()));
        stage.keys(&format!("Enter F7 \"3\" \"/p\" {script} Esc"));
        assert!(offered(&stage).is_empty() && !stage.screen(80, 24).contains("Esc leaves"), "{}", stage.screen(80, 24));
    }
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys(&format!("Enter F7 \"3\" \"/p\" Enter \"{}\" Enter Enter Enter C-u \"/full\" Enter Enter", heard()));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("no room on the stick"), "{screen}");
    stage.keys("Esc");
    assert!(!stage.screen(80, 24).contains("⇄"), "{}", stage.screen(80, 24));
}

#[test]
fn an_offer_that_waits_is_taken_back_by_keys_and_stands_so_in_the_case() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.arrives(9, CASE, word(Step::Sent, 2));
    stage.keys("Enter F7");
    let screen = stage.screen(80, 24);
    assert!(screen.contains("Take the offer to AHTC Multan, FIA back"), "{screen}");
    stage.keys(&format!("\"4\" \"/stick/fia.pack\" Enter \"{}\" Enter C-u \"/stick/back.age\" Enter", heard()));
    let screen = stage.screen(80, 24);
    assert!(screen.contains("not asked any more") && screen.contains("/stick/back.age"), "{screen}");
    assert!(
        !stage.effects.iter().any(|effect| matches!(effect, Effect::TakeBackAbroad { .. })),
        "said before it is kept"
    );
    stage.keys("Enter Enter");
    assert!(stage.screen(110, 24).contains("⇄ Offer taken back: AHTC Multan, FIA"), "{}", stage.screen(80, 24));
    stage.keys("F7");
    assert!(!stage.screen(80, 24).contains("Take the offer to"), "it does not wait any more");
}

fn answers(stage: &Stage) -> Vec<(bool, Option<String>, String)> {
    let of = |effect: &Effect| match effect {
        Effect::AnswerAbroad(answer) => Some((answer.accept, answer.note.clone(), answer.out.clone())),
        _ => None,
    };
    stage.effects.iter().filter_map(of).collect()
}

#[test]
fn what_another_agency_wrote_is_read_from_the_stick_and_answered_yes_or_no() {
    let mut stage = Stage::supervising(plain());
    stage.keys("F6 F6 \"/stick/case.age\" Enter");
    assert!(stage.screen(80, 24).contains("whose words?"), "{}", stage.screen(80, 24));
    stage.keys("\"river\" Enter");
    assert!(stage.screen(80, 24).contains("does not fit what is known"), "{}", stage.screen(80, 24));
    stage.keys(&format!("Backspace*5 \"{}\" Enter", heard()));
    let screen = stage.screen(80, 24);
    for phrase in [
        "AHTC Multan, FIA offers a case",
        "The kiln is theirs.",
        "7 entries, each proven",
        "2 attachments stayed there: ask",
    ] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    stage.keys("Enter");
    assert!(stage.screen(80, 24).contains("Take the case over"), "{}", stage.screen(80, 24));
    stage.keys("Enter Enter");
    assert_eq!(answers(&stage), [(true, None, "/stick/answer.age".into())], "beside what it answers");
    assert!(stage.screen(80, 24).contains("8 entries kept"), "{}", stage.screen(80, 24));
    // No, and why not.
    stage.keys(&format!("Enter Enter \"{}\" Enter Enter \"2\" \"No border.\" Enter Enter", heard()));
    assert_eq!(answers(&stage).last(), Some(&(false, Some("No border.".into()), "/stick/answer.age".into())));
    assert!(stage.screen(80, 24).contains("Nothing was kept"), "{}", stage.screen(80, 24));
}

/// What stays is said before anything is kept and once more when the file is there, to who sends and to who takes, in the language of the page.
#[test]
fn attachments_that_do_not_go_are_counted_on_both_sides_in_both_languages() {
    let order = Settings { bidi: Bidi::Terminal, ..urdu() };
    for (settings, stay, stayed) in [
        (plain(), "! 2 attachments stay: save them and hand them over.", "! 2 attachments stayed there: ask for them."),
        (order, "! 2 منسلکات یہیں رہیں گے: انہیں محفوظ کر کے الگ دیں۔", "! 2 منسلکات وہیں رہ گئے: ان سے مانگیں۔"),
    ] {
        let mut stage = with_victim(Stage::supervising(settings));
        stage.keys(&format!(
            "Enter F7 \"3\" \"/p\" Enter \"{}\" Enter Enter Enter C-u \"/stick/case.age\" Enter",
            heard()
        ));
        let screen = flat(&mut stage);
        assert!(screen.contains(stay) && offered(&stage).iter().all(|(_, out)| out.is_none()), "{screen}");
        stage.keys("Enter");
        let screen = flat(&mut stage);
        assert!(screen.contains(stay) && offered(&stage).iter().any(|(_, out)| out.is_some()), "{screen}");

        let mut stage = Stage::supervising(settings);
        stage.keys(&format!("F6 F6 \"/stick/case.age\" Enter \"{}\" Enter", heard()));
        let screen = flat(&mut stage);
        assert!(screen.contains(stayed) && answers(&stage).is_empty(), "{screen}");
        stage.keys("Enter Enter Enter");
        let screen = flat(&mut stage);
        assert!(screen.contains(stayed) && answers(&stage).len() == 1, "{screen}");
        // Whoever does not take it over asks for nothing.
        stage.keys(&format!("Enter Enter \"{}\" Enter Enter \"2\" \"No.\" Enter Enter", heard()));
        let screen = flat(&mut stage);
        assert!(!screen.contains(stayed) && answers(&stage).len() == 2, "{screen}");
    }
}

#[test]
fn an_answer_that_crossed_and_an_offer_taken_back_are_told_plainly() {
    let mut stage = Stage::supervising(plain());
    stage.keys("F6 F6 \"/stick/answer.age\" Enter");
    let screen = flat(&mut stage);
    assert!(screen.contains("has taken the case over") && screen.contains("the two crossed"), "{screen}");
    stage.keys(&format!("Enter C-u \"/stick/back.age\" Enter \"{}\" Enter", heard()));
    let screen = flat(&mut stage);
    assert!(screen.contains("taken the offer back") && screen.contains("the case stays"), "{screen}");
}

#[test]
fn the_pages_of_another_agency_speak_urdu_and_fit() {
    let mut stage = with_victim(Stage::supervising(urdu()));
    let said = [heard(), words("own").join(" ")];
    let english = |screen: &str| {
        let known = ["Enter", "Esc", "FIA", "AHTC", "Multan", "stick", "case", "age", "pack"];
        let letters = screen.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 3);
        let strange = letters.filter(|word| !known.contains(word) && !said.iter().any(|said| said.contains(word)));
        strange.map(str::to_owned).collect::<Vec<String>>()
    };
    stage.keys("Enter F7");
    let before = english(&stage.screen(80, 24));
    for script in ["\"3\"", "\"/stick/fia.pack\" Enter", "Backspace"] {
        stage.keys(script);
        let new: Vec<String> =
            english(&stage.screen(80, 24)).into_iter().filter(|word| !before.contains(word)).collect();
        assert!(new.is_empty(), "{new:?} is English in\n{}", stage.screen(80, 24));
    }
    stage.keys(&format!("\"{}\" Enter Enter Enter C-u \"/stick/case.age\" Enter", heard()));
    for _ in 0..2 {
        let new: Vec<String> =
            english(&stage.screen(80, 24)).into_iter().filter(|word| !before.contains(word)).collect();
        assert!(new.is_empty(), "{new:?} is English in\n{}", stage.screen(80, 24));
        stage.keys("Enter");
    }
}
