//! How long after a key the screen shows what it asked for, with a whole caseload unlocked: `ui::update` and `ui::view` on a
//! terminal in memory, so that it is our time and not the terminal's.
//!
//! `cargo bench -p amanat --bench screen -- [--cases 21195] [--runs 20]`. Made-up cases of one sheet and one person, seed 11; the
//! yardstick is SQLite's LIKE over the same words in plain text, in memory.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at the first surprise"
)]

mod figure;
mod glass;
mod memory;

use std::time::Duration;

use amanat::codebook::{self, Codebook, Origin, fold};
use amanat::model::{
    Answer, Answers, Author, CaseId, Content, DeviceId, Draft, DraftId, Entry, EntryId, JournalId, Lang, Moment,
    ProblemKind, Times, Value,
};
use amanat::ui::Msg;
use figure::{Dice, Figure, Goal, Spread, timed};
use glass::{NOW, Room};
use ratatui::crossterm::event::KeyCode;

const PAGE: usize = 512;

fn main() {
    let (cases, runs) = (figure::number("--cases", 21_195), figure::number("--runs", 20));
    println!("screen: {cases} made-up cases of two entries, 80 × 24, {runs} runs, seed 11, one core");
    let mut room = Room::unlocked(DeviceId::from_bytes([1; 32]));
    let entries = made_up(cases);
    let plain = plain_database(&entries);
    let mut took = Vec::new();
    for page in entries.chunks(PAGE) {
        let page = page.to_vec();
        let mut page = Some(page);
        took.push(timed(|| room.send(Msg::Arrived(page.take().unwrap()))));
    }
    let whole: Duration = took.iter().sum();
    println!("  taken in page by page and drawn each time: {:.2} s", whole.as_secs_f64());
    Figure {
        what: "a page of 512 entries taken in and drawn, while unlocking",
        unit: "ms",
        spread: Spread::ms(&took),
        yardstick: None,
        goal: Goal::AtMost(50.0),
    }
    .print();
    room.search(&plain, cases, runs);
    room.walk(runs);
}

impl Room {
    fn search(&mut self, plain: &rusqlite::Connection, cases: usize, runs: usize) {
        let (mut keys, mut like) = (Vec::new(), Vec::new());
        let mut worst = Duration::ZERO;
        for _ in 0..runs {
            for word in ["lahore", "kiln", "1204", "nothing like it"] {
                for letter in word.chars() {
                    let took = self.key(KeyCode::Char(letter));
                    worst = worst.max(took);
                    keys.push(took);
                }
                let typed = fold(word);
                like.push(timed(|| assert!(found(plain, &typed) < cases)));
                for _ in word.chars() {
                    keys.push(self.key(KeyCode::Backspace));
                }
            }
        }
        for letter in "kiln".chars() {
            self.key(KeyCode::Char(letter));
        }
        let (hits, all) = (found(plain, "kiln"), cases);
        assert!(hits > 0 && hits < all && self.shown().contains(&hits.to_string()), "{hits} of {all}");
        for _ in 0..4 {
            self.key(KeyCode::Backspace);
        }
        println!("  the slowest of {} keys took {:.1} ms", keys.len(), worst.as_secs_f64() * 1e3);
        Figure {
            what: "a key in the search to the frame with its results",
            unit: "ms",
            spread: Spread::ms(&keys),
            yardstick: Some(("SQLite LIKE over the same words in plain text", Spread::ms(&like))),
            goal: Goal::AtMost(50.0),
        }
        .print();
    }

    /// Down the list, and letters in the form of a new case.
    fn walk(&mut self, runs: usize) {
        let steps: Vec<Duration> =
            (0..runs * 10).map(|at| self.key(if at % 5 == 0 { KeyCode::PageDown } else { KeyCode::Down })).collect();
        let spread = Spread::ms(&steps);
        let goal = Goal::AtMost(16.0);
        Figure { what: "a step down the list to its frame", unit: "ms", spread, yardstick: None, goal }.print();
        self.begin_a_case();
        let letters: Vec<Duration> = (0..runs * 10).map(|_| self.key(KeyCode::Char('a'))).collect();
        let spread = Spread::ms(&letters);
        Figure { what: "a letter in a form to its frame", unit: "ms", spread, yardstick: None, goal }.print();
    }
}

fn choice(code: &str) -> Answer {
    Answer::Value(Value::Choice(code.into()))
}

fn said(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

/// Two entries a case: its opening with a place and a few words, and a person.
fn made_up(cases: usize) -> Vec<Entry> {
    let mut dice = Dice(11);
    let districts = ["PK617", "PK610", "PK602", "PK605", "PK611", "PK620"];
    let words = ["kiln", "brick", "debt", "transport", "agent", "border", "promised", "documents", "wages", "carpet"];
    let codebook = Codebook::builtin().unwrap();
    let mut entries = Vec::with_capacity(cases * 2);
    for at in 0..cases {
        let number = u64::try_from(at).unwrap();
        let mut case = [0xCC; 16];
        case.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, of)| *byte = of);
        let mut answers = Answers::default();
        answers.set("case_class".into(), choice(dice.pick(&["TIP", "SOM", "UND"])));
        answers.set("district".into(), choice(dice.pick(&districts)));
        answers.set("police_station".into(), said(dice.pick(&["Model Town", "Raiwind", "Saddar", "Cantt"])));
        answers.set("risk_level".into(), choice(dice.pick(&["LOW", "MED", "HIGH"])));
        answers.set("case_short".into(), said(&format!("PB-617-26-{at:05}")));
        let summary: Vec<&str> = (0..6).map(|_| dice.pick(&words)).collect();
        answers.set("summary".into(), said(&summary.join(" ")));
        entries.push(entry(number * 2 + 1, case, finished(codebook, "case", answers)));
        let mut person = Answers::default();
        person.set("role".into(), choice("VIC"));
        person.set("gender".into(), choice(dice.pick(&["F", "M"])));
        entries.push(entry(number * 2 + 2, case, finished(codebook, "person", person)));
    }
    entries
}

/// As an import finishes it: what the form wants and nobody said is not recorded.
fn finished(codebook: &Codebook, form: &str, answers: Answers) -> Content {
    let form = codebook.newest(form).unwrap();
    let id = DraftId::from_bytes([0; 16]);
    let mut draft = Draft::begun(id, form.form.clone(), answers, NOW, Lang::En);
    for _ in form.questions() {
        match codebook::finish(form, codebook, &draft, Origin::Imported) {
            Ok((sheet, _)) => return Content::Sheet(sheet),
            Err(problems) => {
                for problem in problems.0 {
                    assert_eq!(problem.kind, ProblemKind::Missing, "{}", problem.question.as_str());
                    draft.answers.set(problem.question, Answer::NotRecorded);
                }
            }
        }
    }
    unreachable!("each round answers a question")
}

fn entry(seq: u64, case: [u8; 16], content: Content) -> Entry {
    let mut id = [0xE0; 16];
    id.iter_mut().zip(seq.to_be_bytes()).for_each(|(byte, of)| *byte = of);
    let minutes = i64::try_from(seq).unwrap() * 60_000;
    Entry {
        id: EntryId::from_bytes(id),
        case: CaseId::from_bytes(case),
        author: Author { device: DeviceId::from_bytes([1; 32]), journal: JournalId::from_bytes([1; 16]), seq },
        times: Times { device: Moment::pkt(NOW.unix_ms - minutes), boot_ms: 0, hub_ms: None },
        source: None,
        ties: None,
        parts: Box::default(),
        content,
    }
}

/// The same words as plain text in a table, one row a case.
fn plain_database(entries: &[Entry]) -> rusqlite::Connection {
    let codebook = Codebook::builtin().unwrap();
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch("create table cases (words text not null); begin").unwrap();
    for entry in entries {
        let Content::Sheet(sheet) = &entry.content else { continue };
        if sheet.form().id.as_str() != "case" {
            continue;
        }
        let words = sheet.answers().iter().filter_map(|(question, given)| match &given.answer {
            Answer::Value(Value::Text(text)) => Some(text.to_string()),
            Answer::Value(Value::Choice(code)) => {
                let list = codebook.list(question.as_str())?;
                let item = list.item(code.as_str())?;
                Some(format!("{} {} {}", code.as_str(), item.label.en, item.label.ur))
            }
            _ => None,
        });
        let words = fold(&words.collect::<Vec<_>>().join("  "));
        database.execute("insert into cases values (?1)", [words]).unwrap();
    }
    database.execute_batch("commit").unwrap();
    database
}

fn found(database: &rusqlite::Connection, word: &str) -> usize {
    let like = "select count(*) from cases where words like '%' || ?1 || '%'";
    let count: i64 = database.prepare_cached(like).unwrap().query_row([word], |row| row.get(0)).unwrap();
    usize::try_from(count).unwrap()
}
