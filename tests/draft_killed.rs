//! Killed while an officer types, at every step that storing takes, and opened again: what was answered before the field at hand is
//! there, the draft is one and whole, and what became an entry is an entry and no draft any more.
//!
//! The built program runs behind a real terminal and under `strace`, which delivers SIGKILL on entering the n-th write or sync to disk;
//! n grows until the whole sitting is lived through: typed, corrected, taken back, left, gone on with, kept. After each key that
//! finishes a field the test waits for the row of the draft to change in the file, so that it knows what had been kept when the lights
//! went out. The sittings are a note, a new person, an interview with that person and their screening; together they answer every
//! kind of question that a form can ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, mem,
    path::Path,
};

use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    crash::{copy, whole},
    support::{Actor, TestAgency, Typist, open_case, opening, person, text},
};
use amanat::{
    codebook::{Codebook, QuestionKind},
    model::{Answer, Answers, Casebook, FormId, FormRef, Value},
};

/// What lies on the device of the form at hand: what its questions say, and whether that is an entry already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stands {
    draft: Option<Said>,
    kept: Option<Said>,
}

/// What was answered, by question.
type Said = BTreeMap<String, String>;

/// One step of the sitting: the keys, what the screen says then, and what lies on the device when it is done.
struct Step {
    keys: String,
    says: String,
    stands: Stands,
}

/// In place of the person's entry, before there is one.
const PERSON: &str = "the person";

/// One form filled from its case on, and what it asks that is answered.
struct Sitting {
    form: &'static str,
    steps: Vec<Step>,
    asks: BTreeSet<String>,
}

impl Sitting {
    /// Opens the form at the question that is asked first.
    fn begins(form: &'static str, first: &str) -> Self {
        let mut sitting = Self { form, steps: Vec::new(), asks: BTreeSet::new() };
        sitting.goes("Enter", "Stands at");
        sitting.goes("F4", "Add to this case");
        sitting.goes(&format!("\"{form}\" Enter"), first);
        sitting
    }

    fn stands(&self) -> Stands {
        self.steps.last().map(|step| step.stands.clone()).unwrap_or_default()
    }

    /// Keys after which the same lies on the device as before.
    fn goes(&mut self, keys: &str, says: &str) {
        let stands = self.stands();
        self.steps.push(Step { keys: keys.to_owned(), says: says.to_owned(), stands });
    }

    /// Keys that answer a question, and what is at hand then.
    fn says(&mut self, keys: &str, question: &str, answer: &str, at_hand: &str) {
        self.goes(keys, at_hand);
        self.asks.insert(question.to_owned());
        let stands = &mut self.steps.last_mut().unwrap().stands;
        stands.draft.get_or_insert_default().insert(question.to_owned(), answer.to_owned());
    }

    /// Finishes the form and keeps it.
    fn keeps(mut self) -> Self {
        self.goes("F10", "and this device, nobody else");
        self.goes("Enter", "Stands at");
        let stands = &mut self.steps.last_mut().unwrap().stands;
        stands.kept = mem::take(&mut stands.draft);
        self
    }

    /// The person whom the form names.
    fn is_with(&mut self, person: &str) {
        let said = self.steps.iter_mut().flat_map(|step| [&mut step.stands.draft, &mut step.stands.kept]).flatten();
        said.filter_map(|said| said.get_mut("person_ref")).for_each(|named| person.clone_into(named));
    }

    /// Whether a step leaves something else on the device than lay there before it.
    fn stores(&self, at: usize) -> bool {
        at > 0 && self.steps[at - 1].stands != self.steps[at].stands
    }

    /// What may lie on the device when so many steps were seen done: what they left, or what the next one leaves.
    fn may_stand(&self, done: usize) -> Vec<Stands> {
        let before = done.checked_sub(1).map(|last| self.steps[last].stands.clone()).unwrap_or_default();
        let next = self.steps.get(done).map(|step| step.stands.clone());
        next.into_iter().chain([before]).collect()
    }
}

/// A note, gone back to, taken back, left and found again among what was begun.
fn note() -> Sitting {
    let mut sitting = Sitting::begins("note", "Part 1 of 1");
    sitting.says("\"First.\" Tab", "note_text", "First.", "Follow up on");
    sitting.says("\"2026-12-01\" Enter", "follow_up_on", "2026-12-01", "Part 1 of 1");
    sitting.says("S-Tab End \" Second.\" Tab", "note_text", "First. Second.", "Second.");
    sitting.says("S-Tab End \"X\" C-z \" Third.\" Tab", "note_text", "First. Second. Third.", "Third.");
    sitting.goes("Esc", "Stands at");
    sitting.goes("Esc", "1 unfinished form");
    sitting.goes("F9", "Unfinished forms");
    sitting.goes("Enter", "Part 1 of 1");
    sitting.keeps()
}

/// A victim who was not in the case yet: numbers of a list, letters of a long one, several of a list, dates as people give them, words in
/// two scripts, sums, and what was refused or nobody knows.
fn newcomer() -> Sitting {
    let mut sitting = Sitting::begins("person", "▸ Role");
    sitting.says("\"1\"", "role", "VIC", "▸ Sex / gender");
    sitting.says("\"2\"", "gender", "M", "▸ Date of birth");
    sitting.says("\"1985\" Tab", "dob", "1985", "▸ Age in years");
    sitting.goes("Tab", "▸ How age is known");
    sitting.says("\"7\"", "age_basis", "SELF", "▸ Nationality");
    sitting.says("\"uzb\" Enter", "nationality", "UZB", "▸ Language");
    sitting.says("\"panj\" Enter", "language", "pan", "▸ Second language");
    sitting.says("PgDn Down Space Down Space Tab", "immediate_need", "SAFETY,MED", "▸ Vulnerabilities seen");
    sitting.says("\"pov\" Space \"disab\" Enter", "vulnerability", "POVERTY,DISAB", "▸ Dead");
    sitting.says("\"2\"", "deceased", "no", "▸ Name ");
    sitting.says("\"Gul Sher\" Tab", "name_full", "Gul Sher", "▸ Name in Urdu");
    sitting.says("\"گل شیر\" Tab", "name_urdu", "گل شیر", "▸ Form of address");
    sitting.says("Tab*4 \"8990273102657\" Tab", "cnic", "8990273102657", "▸ Other document number");
    sitting.says("PgDn Tab*4 \"+923995501300\" Tab", "phone", "+923995501300", "▸ Safe way to contact");
    sitting.says("F6", "safe_contact", "refused", "▸ Contact note");
    sitting.says("PgDn*2 \"poss\" Enter", "victim_status", "POSS", "▸ Decided by");
    sitting.says("F7", "status_decider", "unknown", "▸ Date decided");
    sitting.says("\"2026-10-02\" Tab", "status_date", "2026-10-02", "▸ Type of exploitation");
    sitting.says("\"bond\" Space Enter", "exploitation_type", "BONDED", "▸ Act");
    sitting.says("Tab*3 \"2019-03\" Tab", "expl_from", "2019-03", "▸ Exploited until");
    sitting.says("Tab*7 \"250,000\" Tab", "debt_pkr", "250000", "▸ Wages unpaid");
    sitting.says("Tab \"2\" Tab", "family_bonded", "2", "▸ Identity or travel document");
    sitting.goes("F9", "answered");
    sitting.keeps()
}

/// What an interview must hold before its account, the account in two scripts and with a rest in its midst, and how it ended.
fn interview() -> Sitting {
    let mut sitting = Sitting::begins("interview", "▸ Person");
    sitting.says("\"1\"", "person_ref", PERSON, "▸ Kind of statement");
    sitting.says("Down Enter", "statement_type", "SCREEN", "▸ Place");
    sitting.says("\"shel\" Enter", "setting", "SHELTER", "▸ Others present");
    sitting.says("\"lawy\" Space \"ngo\" Enter", "present", "LAWYER,NGO", "▸ Private");
    sitting.says("\"1\"", "private_ok", "yes", "▸ Safe, fed");
    sitting.says("\"1\"", "needs_met", "yes", "▸ Purpose, use");
    sitting.says("\"1\"", "explained", "yes", "▸ No promise");
    sitting.says("\"1\"", "no_promises", "yes", "▸ Agrees to interview");
    sitting.says("\"1\"", "consent_interview", "Y", "▸ Who agreed");
    sitting.says("\"1\"", "consent_giver", "SELF", "▸ How agreed");
    sitting.says("\"1\"", "consent_method", "VERBAL", "▸ Agrees to recording");
    sitting.says("F5", "consent_record_audio", "not asked", "▸ Agrees name goes");
    sitting.says("\"2\"", "consent_share_named", "N", "▸ Agrees to share");
    sitting.says("\"1\"", "consent_share_services", "Y", "▸ Agrees to use without");
    sitting.goes("F3", "▸ Account");
    // Nobody leaves the question: what is typed is kept by itself, some seconds later.
    sitting.says("\"At the kiln.\" Enter \"میں بھ\"", "narrative", "At the kiln.\nمیں بھ", "▸ Account");
    sitting.says("\"ٹے پر تھی\" Tab", "narrative", "At the kiln.\nمیں بھٹے پر تھی", "▸ Language of the account");
    sitting.says("\"panj\" Enter", "narrative_lang", "pan", "▸ Who, what, where");
    sitting.goes("F3", "▸ Closing steps done");
    sitting.says("\"1\"", "closure_given", "yes", "▸ Ended");
    sitting.says("\"2099-01-14 10:30\" Tab", "ended_at", "2099-01-14 10:30 +05:00", "▸ Next contact");
    sitting.says("\"2099-01-15\" Tab", "next_contact", "2099-01-15", "▸ What to do better");
    sitting.keeps()
}

/// Four questions, a table of indicators answered row by row and gone back to, and what the officer finds.
fn screening() -> Sitting {
    let mut sitting = Sitting::begins("screening", "▸ Person");
    sitting.says("\"1\"", "person_ref", PERSON, "▸ Crossed or meant to cross");
    sitting.says("\"1\"", "q_border", "Y", "▸ Paid someone");
    sitting.says("\"2\"", "q_paid", "N", "▸ Crossed elsewhere");
    sitting.says("\"2\"", "entry_irregular", "N", "▸ Free to leave");
    sitting.says("\"2\"", "q_free", "N", "▸ Made or meant to work");
    sitting.says("\"1\"", "q_exploited", "Y", "▸ Answers to indicators");
    sitting.says("\"132\" Tab", "answer", "D1_JOB=Y,D2_TAKEN=O,D2_VIOL=N", "▸ Officer's finding");
    sitting.says("S-Tab Down*3 \"1\" Tab", "answer", "D1_JOB=Y,D2_DEBT=Y,D2_TAKEN=O,D2_VIOL=N", "▸ Officer's finding");
    sitting.says("\"1\"", "result_officer", "TIPLIKELY", "▸ Officer's class");
    sitting.says("\"1\"", "class_officer", "TIP", "▸ Reason if different");
    sitting.says("\"Locked in.\" Tab", "result_reason", "Locked in.", "▸ Somebody wants");
    sitting.keeps()
}

/// The sealed row of the draft, as it lies in the file.
fn row(actor: &Actor) -> Option<Vec<u8>> {
    let journal = Connection::open(actor.file("journal.sqlite")).unwrap();
    journal.query_row("select body from shelf where shelf = 2", [], |row| row.get(0)).optional().unwrap()
}

fn told(answer: &Answer) -> String {
    let codes = |codes: &[String]| codes.join(",");
    match answer {
        Answer::Value(Value::Text(text)) => text.to_string(),
        Answer::Value(Value::Number(number)) => number.to_string(),
        Answer::Value(Value::Flag(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Answer::Value(Value::Date(date)) => date.to_string(),
        Answer::Value(Value::Moment(moment)) => moment.to_string(),
        Answer::Value(Value::Choice(code)) => code.to_string(),
        Answer::Value(Value::Choices(chosen)) => codes(&chosen.iter().map(ToString::to_string).collect::<Vec<_>>()),
        Answer::Value(Value::Entry(entry)) => entry.to_string(),
        // What is left out of a table is put down as not asked when it is kept.
        Answer::Value(Value::Map(pairs)) => {
            let mut told: Vec<_> = pairs.iter().filter(|(_, value)| value.as_str() != "X").collect();
            told.sort();
            codes(&told.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>())
        }
        Answer::Unknown => "unknown".to_owned(),
        Answer::Refused => "refused".to_owned(),
        Answer::NotAsked => "not asked".to_owned(),
        Answer::NotRecorded => "not recorded".to_owned(),
    }
}

/// What a program that opens the device afterwards finds of the form that was filled.
fn found(actor: &Actor, sitting: &Sitting) -> Stands {
    let mut home = actor.unlocked();
    let asked = |answers: &Answers| -> Said {
        let asked = answers.iter().filter(|(id, _)| sitting.asks.contains(id.as_str()));
        asked.map(|(id, given)| (id.to_string(), told(&given.answer))).collect()
    };
    let drafts = home.drafts().unwrap();
    assert!(drafts.len() <= 1, "one draft was begun: {drafts:?}");
    let draft = drafts.first().map(|draft| {
        assert_eq!(draft.form.id.as_str(), sitting.form);
        asked(&draft.answers)
    });
    let mut book = Casebook::default();
    home.replay(|entries, _| entries.into_iter().for_each(|entry| book.apply(entry))).unwrap();
    let sheets = book.cases().flat_map(|file| book.sheets(file, sitting.form));
    let mut kept = sheets.map(|entry| asked(&book.answers(&entry.id, true)));
    let stands = Stands { draft, kept: kept.next() };
    assert_eq!(kept.next(), None, "it is kept once");
    stands
}

/// How far a sitting came before it ended: steps that were seen done, on the screen and on the disk; and whether it was lived through.
/// A step during which the lights went out counts as done where what it wrote can be read all the same.
fn sits(actor: &Actor, sitting: &Sitting, step: &str, n: usize) -> (usize, bool) {
    let killing = format!("inject={step}:signal=SIGKILL:when={n}");
    let home = actor.home.to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_amanat");
    let trace = format!("trace={step}");
    let arguments = ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", &trace, "-e", &killing, program, "--home", home];
    let mut typist = Typist::starts(Path::new("/usr/bin/env"), actor.home.parent().unwrap(), &arguments);
    let passphrase = fs::read_to_string(&actor.passphrase).unwrap();
    if !typist.lives_until("the locked screen", |screen| screen.contains("This device is locked")) {
        return (0, false);
    }
    typist.types(&format!("\"{}\" Enter", passphrase.trim_end()));
    if !typist.lives_until("the cases", |screen| screen.contains("1 case")) {
        return (0, false);
    }
    for (at, step) in sitting.steps.iter().enumerate() {
        let before = row(actor);
        typist.types(&step.keys);
        let done = |screen: &str| screen.contains(&step.says) && (!sitting.stores(at) || row(actor) != before);
        if !typist.lives_until(&format!("{} after {}", step.says, step.keys), done) {
            return (at, false);
        }
    }
    typist.types("C-q");
    (sitting.steps.len(), typist.ends().success())
}

/// Kills a sitting at steps of one kind, each so-manieth from the first of them on. Where it is each, every answer has to be struck.
fn at_steps(mut sitting: Sitting, step: &'static str, (first, every): (usize, usize)) {
    let agency = TestAgency::offline();
    let case = open_case(&agency.officer, &opening(1, "sitting"));
    if sitting.asks.contains("person_ref") {
        let adding = ["entry", "add", "--form", "person", "--case", &case, "--from", "-"];
        let kept = agency.officer.run_with(&adding, &person(1, "sitting").to_string());
        sitting.is_with(&text(&kept, "/entry"));
    }
    let officer = Actor { home: agency.dir.path().join("sitter"), ..agency.officer.clone() };
    let mut killed: BTreeMap<usize, usize> = BTreeMap::new();
    for n in (first..).step_by(every) {
        assert!(n < 400, "a sitting never lives through its {step}");
        drop(fs::remove_dir_all(&officer.home));
        copy(&agency.officer.home, &officer.home);
        let (done, lived) = sits(&officer, &sitting, step, n);
        let at = format!("{}, {step} {n}, after {done} steps", sitting.form);
        let stands = found(&officer, &sitting);
        let may = sitting.may_stand(done);
        assert!(may.contains(&stands), "{at}: {stands:#?} lies there, and not one of {may:#?}");
        whole(&officer, &at);
        if lived {
            assert_eq!(done, sitting.steps.len());
            break;
        }
        *killed.entry(done).or_default() += 1;
    }
    println!("{}, {step}: killed how often after how many steps of the sitting: {killed:?}", sitting.form);
    assert!(!killed.is_empty(), "{step} never killed");
    for at in (0..sitting.steps.len()).filter(|at| every == 1 && sitting.stores(*at)) {
        let there = killed.contains_key(&at) || killed.contains_key(&(at + 1));
        assert!(there, "{step} never killed what {} had to keep", sitting.steps[at].keys);
    }
}

#[test]
fn the_sittings_that_are_killed_answer_every_kind_of_question() {
    let book = Codebook::builtin().unwrap();
    let mut answered = BTreeSet::new();
    for sitting in [note(), newcomer(), interview(), screening()] {
        let form = book.form(&FormRef { id: FormId::new(sitting.form), version: 1 }).unwrap();
        answered.extend(sitting.asks.iter().map(|id| kind(&form.question(id).unwrap().kind)));
    }
    let questions = book.forms.values().flat_map(|form| &form.sections).flat_map(|section| &section.questions);
    let all: BTreeSet<String> = questions.map(|question| kind(&question.kind)).collect();
    assert_eq!(answered, all);
}

/// What a kind of question is called, whatever list or limits it has.
fn kind(kind: &QuestionKind) -> String {
    format!("{kind:?}").split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn a_kill_at_any_write_of_a_sitting_loses_at_most_the_field_at_hand() {
    at_steps(note(), "pwrite64", (1, 1));
}

#[test]
fn a_kill_at_any_sync_to_disk_of_a_sitting_loses_at_most_the_field_at_hand() {
    at_steps(note(), "fsync", (1, 1));
}

#[test]
fn a_kill_at_any_sync_to_disk_while_a_person_is_put_down_loses_at_most_the_field_at_hand() {
    at_steps(newcomer(), "fsync", (1, 1));
}

#[test]
fn a_kill_at_any_sync_to_disk_of_an_interview_loses_at_most_the_field_at_hand() {
    at_steps(interview(), "fsync", (1, 1));
}

#[test]
fn a_kill_at_any_sync_to_disk_of_a_screening_loses_at_most_the_field_at_hand() {
    at_steps(screening(), "fsync", (1, 1));
}

/// Between two syncs one write is like another: each thirteenth, from another one on in each form.
#[test]
fn a_kill_at_some_writes_of_a_person_an_interview_and_a_screening_loses_at_most_the_field_at_hand() {
    at_steps(newcomer(), "pwrite64", (10, 13));
    at_steps(interview(), "pwrite64", (13, 13));
    at_steps(screening(), "pwrite64", (16, 13));
}
