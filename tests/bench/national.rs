//! A national caseload on one desk: 100 000 cases of four entries each, sealed in a home on the disk, and what unlocking, listing,
//! searching, scrolling and typing cost then; and the same for 5 000 cases, an officer's life. Unlocking is measured twice: the first time,
//! when everything has to be read before the list is whole, and the next, when the list was kept and a hundredth has been added since.
//!
//! `cargo bench -p amanat --bench national -- [--cases 100000] [--life 5000] [--runs 5] [--dir D]`. Made-up cases, seed 23: an opening,
//! a person, an interview's shell and a note. Each home is opened by a process of its own, so that its memory is what opening takes and
//! not what making it took; the passphrase is as strong as the program makes it, and what opening the vault takes alone, the median of as many
//! runs just before, is taken off the times. Memory is counted from when it is open; what it takes until then is a row of its own. Making 400 000 entries takes a minute or two.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints its figures and stops at the first surprise; this one measures from one thread to another"
)]

mod figure;
mod glass;
mod memory;
mod station;

use std::{
    ops::Range,
    path::Path,
    process::Command,
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use amanat::{
    codebook::{self, Codebook, Origin},
    model::{Answer, Answers, CaseId, DeviceId, Draft, DraftId, FormRef, Lang, ProblemKind, Sheet, Value},
    runtime::{
        entries::{
            keep::{ToKeep, What},
            list_first::Asked,
        },
        homes::{closed_home::ClosedHome, home::Home, paths::Paths},
    },
    ui::{Effect, Msg},
};
use amanat_keys::{passphrase::Passphrase, vault::Vault, vault_file};
use figure::{Dice, Figure, Goal, Spread, timed};
use glass::{NOW, Room};
use ratatui::crossterm::event::KeyCode;
use station::{PASSPHRASE, Station};

/// log₂N of scrypt where nobody asks for another.
const STRONG: &str = "18";
/// How many messages the program takes in before it draws again.
const BEFORE_DRAWING: usize = 64;

/// How long opening a home took, with what its vault alone takes taken off.
#[derive(Default)]
struct Took {
    /// Until its keys and notes were open.
    home: Duration,
    /// From then until cases were on the screen.
    first: Duration,
    /// From the beginning until all of them were, each with what it says or what it said when the list was kept.
    list: Duration,
    /// From the beginning until everything was read.
    whole: Duration,
    /// The most memory from its keys and notes on, in MiB: what scrypt worked with has been given back.
    most: f64,
}

/// Which unlocking a process measures.
#[derive(Clone, Copy, PartialEq)]
enum Time {
    /// No list has been kept.
    First,
    /// One has, and more came since.
    Next,
}

/// What the desk tells the screen.
enum Told {
    Unlocked(DeviceId),
    Msg(Msg),
}

/// Cases whose entries are made and kept at a time, so that making them needs little memory.
const AT_A_TIME: usize = 2_000;

fn main() {
    if let Some(home) = figure::argument("--open") {
        return open(Path::new(&home), figure::argument("--told").as_deref().unwrap_or(""));
    }
    let sizes = [
        ("a national caseload", figure::number("--cases", 100_000)),
        ("an officer's life", figure::number("--life", 5_000)),
    ];
    println!("national: homes of made-up cases with four entries each, 80 × 24, seed 23");
    for (told, cases) in sizes {
        let station = Station::build_with(STRONG);
        let home = station.path("officer");
        let took = timed(|| fill(&mut unlocked(&home), cases));
        println!("  {cases} cases, {} entries sealed and kept in {:.0} s", cases * 4, took.as_secs_f64());
        let told = format!("{told}: {cases} cases");
        measured(&home, cases, &told, "first");
        let more = (cases / 100).max(1);
        add(&mut unlocked(&home), cases..cases + more);
        measured(&home, cases, &told, "next");
    }
}

/// Opens the home in a process of its own.
fn measured(home: &Path, cases: usize, told: &str, time: &str) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--open", home.to_str().unwrap(), "--told", told, "--time", time])
        .args(["--runs", &figure::number("--runs", 5).to_string(), "--cases", &cases.to_string()])
        .args(["--life-size", if cases <= 20_000 { "1" } else { "0" }])
        .status();
    assert!(child.unwrap().success(), "the process that opens the home");
}

fn unlocked(home: &Path) -> Home {
    let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    ClosedHome::open(Paths::at(home)).unwrap().unlock(&passphrase).unwrap()
}

/// What opening the vault takes by itself, the median of as many runs.
fn vault_alone(home: &Path, runs: usize) -> Duration {
    let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    let bytes = vault_file::read(&Paths::at(home).identity()).unwrap();
    let mut times: Vec<Duration> =
        (0..runs).map(|_| timed(|| drop(Vault::open(&bytes, &passphrase, true).unwrap()))).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap()
}

fn fill(home: &mut Home, cases: usize) {
    home.replay(|_, _| {}).unwrap();
    add(home, 0..cases);
}

fn add(home: &mut Home, cases: Range<usize>) {
    let codebook = Codebook::builtin().unwrap();
    let mut dice = Dice(23 + u64::try_from(cases.start).unwrap());
    for from in cases.clone().step_by(AT_A_TIME) {
        let mut things = Vec::with_capacity(AT_A_TIME * 4);
        for at in from..(from + AT_A_TIME).min(cases.end) {
            let mut case = [0xCC; 16];
            case.iter_mut().zip(u64::try_from(at).unwrap().to_be_bytes()).for_each(|(byte, of)| *byte = of);
            let case = CaseId::from_bytes(case);
            for sheet in four(codebook, at, &mut dice) {
                things.push(ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None });
            }
        }
        home.keep_many(codebook, things, |_| {}).unwrap();
    }
}

fn choice(code: &str) -> Answer {
    Answer::Value(Value::Choice(code.into()))
}

fn said(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

fn words(dice: &mut Dice, count: usize) -> String {
    let words = [
        "kiln",
        "brick",
        "debt",
        "transport",
        "agent",
        "border",
        "promised",
        "documents",
        "wages",
        "carpet",
        "gate",
        "قرض",
        "بھٹہ",
        "ایجنٹ",
    ];
    (0..count).map(|_| dice.pick(&words)).collect::<Vec<_>>().join(" ")
}

/// The opening, a person, an interview that was refused, a note.
fn four(codebook: &Codebook, at: usize, dice: &mut Dice) -> [Sheet; 4] {
    let mut opening = Answers::default();
    opening.set("case_class".into(), choice(dice.pick(&["TIP", "SOM", "UND"])));
    opening.set("district".into(), choice(dice.pick(&["PK617", "PK610", "PK602", "PK605", "PK611", "PK620"])));
    opening.set("police_station".into(), said(dice.pick(&["Model Town", "Raiwind", "Saddar", "Cantt"])));
    opening.set("risk_level".into(), choice(dice.pick(&["LOW", "MED", "HIGH"])));
    opening.set("case_status".into(), choice(dice.pick(&["ACT", "CLO"])));
    opening.set("case_short".into(), said(&format!("PB-617-26-{at:06}")));
    opening.set("summary".into(), said(&words(dice, 8)));
    let mut person = Answers::default();
    person.set("role".into(), choice("VIC"));
    person.set("gender".into(), choice(dice.pick(&["F", "M"])));
    person.set("age_years".into(), Answer::Value(Value::Number(i64::try_from(18 + dice.roll(40)).unwrap())));
    person.set("name_full".into(), said(&format!("SAMPLE PERSON {at}")));
    let mut interview = Answers::default();
    interview.set("statement_type".into(), choice("SCREEN"));
    interview.set("consent_interview".into(), choice("N"));
    let mut note = Answers::default();
    note.set("note_text".into(), said(&words(dice, 60)));
    [("case", opening), ("person", person), ("interview", interview), ("note", note)]
        .map(|(form, answers)| finished(codebook, form, answers))
}

/// As an import finishes it: what the form wants and nobody said is not recorded.
fn finished(codebook: &Codebook, form: &str, answers: Answers) -> Sheet {
    let form = codebook.newest(form).unwrap();
    let mut draft = Draft::begun(DraftId::from_bytes([0; 16]), FormRef::clone(&form.form), answers, NOW, Lang::En);
    for _ in form.questions() {
        match codebook::finish(form, codebook, &draft, Origin::Imported) {
            Ok((sheet, _)) => return sheet,
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

/// Opens a home as the program does: the desk on a thread of its own, its pages as messages, and a drawing for as many as lie there.
fn opened(path: &Path, cases: usize, alone: Duration) -> (Room, Took) {
    let (desk, screen) = channel();
    let listed = format!("· {cases} cases");
    let began = Instant::now();
    let since = || began.elapsed().saturating_sub(alone);
    let mut room = None;
    let mut took = Took::default();
    thread::scope(|scope| {
        scope.spawn(move || {
            let passphrase = Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
            let mut home = ClosedHome::open(Paths::at(path)).unwrap().unlock_to_read(&passphrase).unwrap();
            memory::forget_peak();
            desk.send(Told::Unlocked(DeviceId::from_bytes(*home.device().as_bytes()))).unwrap();
            home.show(&Asked::default(), &mut |msg| desk.send(Told::Msg(msg)).unwrap()).unwrap();
        });
        while let Ok(told) = screen.recv() {
            for told in std::iter::once(told).chain(screen.try_iter().take(BEFORE_DRAWING)) {
                match told {
                    Told::Unlocked(device) => {
                        took.home = since();
                        room = Some(Room::unlocked(device));
                    }
                    Told::Msg(msg) => room.as_mut().unwrap().update(msg),
                }
            }
            let room = room.as_mut().unwrap();
            room.draw();
            if took.first.is_zero() && room.shown().contains("PB-617-") {
                took.first = since().saturating_sub(took.home);
            }
            if took.list.is_zero() && room.shown().contains(&listed) {
                took.list = since();
            }
        }
    });
    assert!(!took.first.is_zero(), "no case was ever on the screen");
    assert!(!took.list.is_zero(), "never {listed} on the screen: {}", room.as_ref().unwrap().shown());
    let mut room = room.unwrap();
    room.fold_words();
    took.whole = since();
    took.most = memory::peak();
    (room, took)
}

/// What the process of its own does.
fn open(home: &Path, told: &str) {
    let life = figure::argument("--life-size").as_deref() == Some("1");
    let time = if figure::argument("--time").as_deref() == Some("next") { Time::Next } else { Time::First };
    let mut cases = figure::number("--cases", 0);
    if time == Time::Next {
        cases += (cases / 100).max(1);
    }
    let runs = figure::number("--runs", 5);
    let alone = vault_alone(home, runs);
    // With what scrypt works with, 256 MiB, which is not the caseload's.
    let vault = memory::peak();
    let mut times = Vec::new();
    let mut room = None;
    for _ in 0..runs {
        // The one before goes first: two at once would be twice the memory.
        drop(room.take());
        let (opened, took) = opened(home, cases, alone);
        room = Some(opened);
        times.push(took);
    }
    let mut room = room.unwrap();
    let told = match time {
        Time::First => format!("{told}, no list kept"),
        Time::Next => format!("{told}, the list kept and a hundredth more since"),
    };
    let row = |what: &str, unit: &str, spread: Spread, goal: Goal| {
        Figure { what: &format!("{told}: {what}"), unit, spread, yardstick: None, goal }.print();
    };
    let goal = |national: f64, own: f64| Goal::AtMost(if life { own } else { national });
    let of = |time: fn(&Took) -> Duration| Spread::ms(&times.iter().map(time).collect::<Vec<_>>());
    row("opening the vault alone, which is not in what follows", "ms", Spread::ms(&[alone]), Goal::None);
    row("unlock, the passphrase apart: its keys and notes", "ms", of(|took| took.home), Goal::None);
    row("from then to the newest cases on the screen", "ms", of(|took| took.first), Goal::AtMost(50.0));
    row("unlock, the passphrase apart, to the whole list", "ms", of(|took| took.list), goal(4_000.0, 300.0));
    row(
        "unlock, the passphrase apart, to everything read and its words found",
        "ms",
        of(|took| took.whole),
        Goal::None,
    );
    row("memory at most while the passphrase is checked, alone", "MiB", Spread::of(vec![vault]), Goal::None);
    let most = Spread::of(times.iter().map(|took| took.most).collect());
    row("memory at most, from its keys and notes on", "MiB", most, goal(1_536.0, 120.0));
    if time == Time::First {
        let (took, slowest, bytes) = keep_list(home, &mut room);
        row("keeping the list, all of it", "ms", Spread::ms(&[took]), Goal::None);
        row("its part in a frame at most, the screen's", "ms", Spread::ms(&[slowest]), Goal::AtMost(16.0));
        row("the list on the disk", "KiB", Spread::of(vec![bytes]), Goal::None);
        return;
    }
    let mut keys = Vec::new();
    for _ in 0..runs {
        for word in ["raiwind", "kiln debt", "بھٹہ", "nothing like it", "transprot"] {
            keys.extend(word.chars().map(|letter| room.key(KeyCode::Char(letter))));
            keys.extend(word.chars().map(|_| room.key(KeyCode::Backspace)));
        }
    }
    row("a key in the search to the frame with its results", "ms", Spread::ms(&keys), Goal::AtMost(50.0));
    let worst = keys.iter().max().copied().unwrap_or_default();
    println!("  the slowest of {} keys took {:.1} ms", keys.len(), worst.as_secs_f64() * 1e3);
    let steps: Vec<Duration> =
        (0..200).map(|at| room.key(if at % 5 == 0 { KeyCode::PageDown } else { KeyCode::Down })).collect();
    row("a step down the list to its frame", "ms", Spread::ms(&steps), Goal::AtMost(16.0));
    room.begin_a_case();
    let letters: Vec<Duration> = (0..200).map(|_| room.key(KeyCode::Char('a'))).collect();
    row("a letter in a new case's form to its frame", "ms", Spread::ms(&letters), Goal::AtMost(16.0));
}

/// Keeps the list as the desk does. How long it took, how long the screen's part in it at most, and how much larger the file is.
fn keep_list(path: &Path, room: &mut Room) -> (Duration, Duration, f64) {
    let mut home = unlocked(path);
    let file = path.join("journal.sqlite");
    let before = std::fs::metadata(&file).unwrap().len();
    home.show(&Asked::default(), &mut |_| {}).unwrap();
    let (began, mut slowest) = (Instant::now(), Duration::ZERO);
    let mut listing = home.begin_list().unwrap().unwrap();
    loop {
        let asked = Instant::now();
        let kept = room.asked(listing.asks());
        slowest = slowest.max(asked.elapsed());
        let [Effect::KeepList { lines, last }] = kept.as_slice() else { unreachable!("{kept:?}") };
        if !home.file_list(&mut listing, lines, *last).unwrap() {
            break;
        }
    }
    let took = began.elapsed();
    // The log goes into the file when the last handle on it is closed.
    drop(home);
    let grown = std::fs::metadata(&file).unwrap().len().saturating_sub(before);
    (took, slowest, f64::from(u32::try_from(grown / 1024).unwrap()))
}
