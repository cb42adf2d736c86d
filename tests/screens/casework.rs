//! The work on a case by keys: screening and its advice, a referral step by step, a supervisor's word and what comes of it.

use amanat::{
    model::{Answer, CaseId, Value},
    ui::{Keeping, ToKeep},
};

use super::{
    begun::{CASE, keeps, plain, with_victim},
    stage::{Stage, code, number, text},
};

/// Border no, paid no, free no, exploited yes; then indicators of the short form from the first on.
const SCREENING: &str = "Enter F4 \"screening\" Enter Down Enter \"no\" Enter \"no\" Enter \"no\" Enter \"yes\" Enter";

#[test]
fn a_screening_advises_in_words_and_the_officer_says_why_they_differ() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys(SCREENING);
    let screen = stage.screen(120, 40);
    assert!(screen.contains("Does not know"), "what nobody knows can be said of a row\n{screen}");
    assert!(
        screen.contains("Deceived about the job") && screen.contains("Violence against victim"),
        "the thirteen stand first\n{screen}"
    );
    // D1_JOB, D2_VIOL, D2_TAKEN, D2_DEBT, D4_HOURS, D4_PAY, D5_DOCS, D5_DEBT, D5_ISOL; the rest is not asked.
    stage.keys("\"313121111\" Tab");
    let screen = stage.screen(120, 40);
    for phrase in [
        "Suggested: Trafficking indicated",
        "Exploitation found",
        "Coercion at destination found",
        "Exploitation, and a means or a child: trafficking in persons (PTPA s.3)",
        "Inside Pakistan: the Police investigate (PTPA s.8(1))",
    ] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    stage.keys("\"possible\" Enter \"trafficking in\" Enter F10");
    assert!(keeps(&stage).is_empty(), "another finding needs its reason\n{}", stage.screen(120, 40));
    stage.keys("\"She spoke with her brother beside her.\" F10 Enter");
    let [ToKeep { what: Keeping::Sheet(sheet), .. }] = *keeps(&stage) else { panic!("{}", stage.screen(120, 40)) };
    let said = |id: &str| sheet.answers().choice(id).map(|code| code.as_str().to_owned()).unwrap_or_default();
    assert_eq!([said("result_suggested"), said("result_officer")], ["TIPLIKELY", "TIPPOSS"]);
    assert_eq!([said("class_suggested"), said("agency_suggested")], ["TIP", "POLICE"]);
    let Some(Value::Map(pairs)) = sheet.answers().value("answer") else { panic!("no indicators") };
    assert_eq!(pairs.iter().filter(|(_, told)| told.as_str() == "X").count(), 58, "not asked is kept as not asked");
}

#[test]
fn the_advice_speaks_urdu() {
    let mut stage = with_victim(Stage::open_with(plain()));
    stage.keys(SCREENING);
    stage.keys("\"313121111\" Tab F2");
    // Urdu is drawn shaped and in visual order; the numbers of the sections stand as they are.
    let screen = stage.screen(120, 40);
    assert!(screen.contains("UR") && !screen.contains("Suggested") && !screen.contains("PTPA"), "{screen}");
}

#[test]
fn every_form_of_a_case_opens_in_both_languages() {
    for form in ["person", "interview", "note", "screening", "offence", "referral", "court outcome", "lessons"] {
        let mut stage = with_victim(Stage::open_with(plain()));
        stage.keys(&format!("Enter F4 \"{form}\" Enter"));
        let screen = stage.screen(80, 24);
        assert!(screen.to_lowercase().contains(form) && screen.contains("Part 1 of"), "{form}\n{screen}");
        stage.keys("F2 F3 F3");
        stage.screen(80, 24);
    }
}

/// The label of a question and the whole of its field are on the smallest screen, whatever is said above it and however much is wrong.
#[test]
fn every_question_that_is_asked_is_seen_on_the_smallest_screen() {
    let mut seen = 0;
    for (form, lang) in ["person", "interview", "note", "screening", "offence", "referral", "court outcome", "lessons"]
        .into_iter()
        .flat_map(|form| [(form, ""), (form, "F2")])
    {
        for keys in ["", "F10"] {
            let mut stage = with_victim(Stage::open_with(plain()));
            stage.keys(&format!("Enter F4 \"{form}\" Enter {keys} PgUp*30 {lang}"));
            let mut before = String::new();
            for question in 0..80 {
                let screen = stage.screen(80, 24);
                if screen == before {
                    break;
                }
                let body: Vec<&str> = screen.lines().skip(4).take(17).collect();
                let mark = if lang.is_empty() { '▸' } else { '◂' };
                assert!(body.iter().any(|line| line.contains(mark)), "{form}, question {question}\n{screen}");
                stage.keys("Tab");
                seen += 1;
                before = screen;
            }
        }
    }
    assert!(seen > 400, "{seen}");
}

/// Ten rows of the table of indicators stand there, with what may be answered above them and what is wrong with it below.
#[test]
fn the_table_of_indicators_is_whole_on_the_smallest_screen() {
    for finishing in ["", "F10 "] {
        let mut stage = with_victim(Stage::open_with(plain()));
        stage.keys(&format!("{SCREENING} {finishing}"));
        let screen = stage.screen(80, 24);
        assert_eq!(screen.contains("✗ "), !finishing.is_empty(), "{screen}");
        assert!(screen.contains("▸ Answers to indicators") && screen.contains("2 Yes - seen by officer"), "{screen}");
        let rows = screen.lines().filter(|line| line.ends_with('·')).count();
        assert_eq!(rows, 10, "{screen}");
    }
}

#[test]
fn a_referral_goes_one_step_at_a_time() {
    let mut stage = with_victim(Stage::open_with(plain()));
    let person = stage.entry_of("person");
    let offered = [
        ("person_ref", Answer::Value(Value::Entry(person))),
        ("service", code("SHELTER")),
        ("urgency", code("D1")),
        ("consent_refer", code("Y")),
        ("provider_type", code("DARUL")),
        ("provider_name", text("Darul Aman")),
    ];
    stage.sheet(3, CASE, "referral", &offered[..4]);
    stage.keys("Enter Home F6");
    let before = keeps(&stage).len();
    // To the status, and straight to done.
    stage.keys("PgDn PgUp Tab*5 \"completed\" Enter F10");
    assert!(stage.screen(120, 40).contains("one step at a time"), "{}", stage.screen(120, 40));
    assert_eq!(keeps(&stage).len(), before);
}

#[test]
fn a_supervisor_returns_an_entry_and_its_author_finds_it_on_the_page_of_what_is_due() {
    let mut stage = with_victim(Stage::supervising(plain()));
    stage.keys("F10");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("Review") && screen.matches("new").count() >= 2, "{screen}");
    stage.keys("End F5 \"When did it begin?\" F10 Enter");
    let [ToKeep { what: Keeping::Sheet(sheet), to, case, .. }] = *keeps(&stage) else {
        panic!("{}", stage.screen(120, 30))
    };
    assert_eq!((sheet.form().id.as_str(), *case), ("review", CASE));
    assert!(!to.is_empty(), "sealed to the device of whoever wrote it");
    assert_eq!(sheet.answers().choice("review_word").map(|code| code.as_str()), Some("RETURN"));
    stage.keys("Esc F10");
    assert!(stage.screen(120, 30).contains("returned"), "{}", stage.screen(120, 30));

    let mut officer = Stage::open_with(plain());
    officer.case(1, &[("case_class", code("UND")), ("victims_seen", number(0))]);
    officer.keys("Enter F4 \"note\" Enter \"Brick kiln.\" F10 Enter");
    let note = officer.last_of_mine();
    let told = [
        ("review_of", Answer::Value(Value::Entry(note))),
        ("review_word", code("RETURN")),
        ("review_note", text("Which kiln?")),
    ];
    officer.sheet(4, CASE, "review", &told);
    officer.keys("Esc F7");
    assert!(officer.screen(120, 30).contains("Returned by your supervisor"), "{}", officer.screen(120, 30));
    officer.keys("Enter");
    assert!(officer.screen(120, 30).contains("Which kiln?"), "{}", officer.screen(120, 30));
    officer.keys("F5 F4");
    assert!(officer.screen(120, 30).contains("Which kiln?"), "an officer says no word on entries");
}

#[test]
fn what_the_law_sets_a_clock_for_is_due() {
    let date = |text: &str| Answer::Value(Value::Date(text.parse().unwrap()));
    let mut stage = Stage::supervising(plain());
    stage.case_with_fir(1, "2026-11-10");
    stage.sheet(2, CASE, "person", &[("role", code("VIC")), ("age_years", number(9))]);
    stage.sheet(
        3,
        CASE,
        "person",
        &[("role", code("SUS")), ("suspect_status", code("ARREST")), ("arrest_date", date("2026-11-21"))],
    );
    let person = stage.entry_of("person");
    let referral = [
        ("person_ref", Answer::Value(Value::Entry(person))),
        ("service", code("SHELTER")),
        ("urgency", code("D1")),
        ("consent_refer", code("Y")),
        ("next_check", date("2026-11-20")),
    ];
    stage.sheet(4, CASE, "referral", &referral);
    stage.keys("F7");
    let screen = stage.screen(120, 40);
    for phrase in [
        "s.173 report",
        "s.173 interim",
        "s.167",
        "ZARRA within 2 hours",
        "Referral: look again",
        "Return of last month",
    ] {
        assert!(screen.contains(phrase), "{phrase} is not on\n{screen}");
    }
    // The report has gone.
    stage.correction(7, CASE, "case", ("investigation_status", code("CHAL")));
    assert!(!stage.screen(120, 40).contains("s.173"), "{}", stage.screen(120, 40));
}

/// Keys of a script, free text (in double quotes) apart; what is typed to find a row in a list stands in single letters.
fn strokes(script: &str) -> usize {
    let mut free = false;
    let outside: String = script
        .chars()
        .filter(|letter| {
            free ^= *letter == '"';
            !free && *letter != '"'
        })
        .collect();
    let count = |word: &str| word.split_once('*').map_or(1, |(_, times)| times.parse().unwrap());
    outside.split_whitespace().map(count).sum()
}

/// The minimum record on site (`DOMAIN.md` section 15), as an officer types it who knows the keys.
#[test]
fn the_minimum_record_takes_ninety_keys_beside_free_text() {
    let mut stage = Stage::open_with(plain());
    let mut typed = 0;
    let mut types = |stage: &mut Stage, script: &str| {
        // A digit or letter by itself stands for that key.
        let keys: Vec<String> = script
            .split(' ')
            .map(|word| {
                let one = word.chars().count() == 1;
                if one { format!("\"{word}\"") } else { word.to_owned() }
            })
            .collect();
        typed += strokes(script);
        stage.keys(&keys.join(" "));
    };
    let kept = |stage: &Stage| keeps(stage).len();
    // Case: source, risk, movement, class, victims seen; where it was done is free text.
    types(&mut stage, "F4 r Enter 1 1 S-Tab 1 F3 3 F3 \"Raiwind\" F10 Enter");
    assert_eq!(kept(&stage), 1, "{}", stage.screen(120, 40));
    // Person: role, gender, age and how it is known, nationality, language; the rest was not asked.
    types(&mut stage, "F4 1 1 1 Tab 2 4 Enter 7 a Enter p Enter F9 F10 Enter");
    assert_eq!(kept(&stage), 2, "{}", stage.screen(120, 40));
    // Interview: who, kind, setting, alone, four gates, consents, the account, its language, the closing steps.
    types(
        &mut stage,
        "F4 2 1 Down Enter p Enter Enter 1 1 1 1 1 1 1 1 Tab 1 1 F3 \"میں بھٹے پر تھی\" F3 p Enter F3 1 F10 Enter",
    );
    assert_eq!(kept(&stage), 3, "{}", stage.screen(120, 40));
    // Screening: four questions, thirteen indicators, the finding.
    types(&mut stage, "F4 4 1 2 2 2 1 3 1 3 1 2 1 1 1 1 3 3 1 1 Tab 1 1 F10 Enter");
    assert_eq!(kept(&stage), 4, "{}", stage.screen(120, 40));
    // Referral: service, how soon, consent; status and the next look are filled in.
    types(&mut stage, "F4 6 1 s Enter 1 Enter 1 F10 Enter");
    assert_eq!(kept(&stage), 5, "{}", stage.screen(120, 40));
    let screening = keeps(&stage).into_iter().find_map(|keep| match &keep.what {
        Keeping::Sheet(sheet) if sheet.form().id.as_str() == "screening" => Some(sheet.clone()),
        _ => None,
    });
    let screening = screening.unwrap();
    let Some(Value::Map(pairs)) = screening.answers().value("answer") else { panic!("no indicators") };
    assert_eq!(pairs.iter().filter(|(_, told)| told.as_str() != "X").count(), 13);
    assert!(typed <= 90, "{typed} keys");
    println!("{typed} keys beside free text for case, person, interview, screening and referral");
}

#[test]
fn the_same_card_in_another_case_is_shown_before_it_is_kept_and_no_name_is() {
    let mut stage = Stage::open_with(plain());
    stage.case(5, &[("case_class", code("UND")), ("victims_seen", number(0))]);
    let other = CaseId::from_bytes([5; 16]);
    stage.sheet(
        6,
        other,
        "person",
        &[("role", code("SUS")), ("cnic", text("3520212345672")), ("name_full", text("Akram Butt"))],
    );
    let mut stage = with_victim(stage);
    stage.sheet(
        7,
        CASE,
        "person",
        &[("role", code("SUS")), ("name_full", text("Somebody")), ("age_years", number(50))],
    );
    stage.keys("Home Enter Home F6 F3 F3");
    let screen = stage.screen(120, 40);
    assert!(screen.contains("Correcting"), "{screen}");
    for _ in 0..60 {
        if stage.screen(120, 40).contains("▸ CNIC number") {
            break;
        }
        stage.keys("Tab");
    }
    stage.keys("\"35202-1234567-2\" F10");
    let screen = stage.screen(120, 40);
    assert!(screen.contains("This CNIC stands in case"), "{screen}");
    assert!(!screen.contains("Akram") && !screen.contains("Pseudonym"), "{screen}");
}
