//! The list of cases that an unlocking shows first: as it was kept and with what came since, never when it does not fit, and in the end what a
//! whole reading gives.

use std::{collections::BTreeMap, sync::Arc};

use amanat_keys::{erasure::Doomed, roster::Role};
use amanat_sync::{
    batch::Limit,
    entry::Kind,
    journal::{Cursor, Journal as _, Shelf, ShelfRow},
};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::{
    guarding::{Agency, join},
    home::{member, open, sheet},
};
use crate::{
    codebook::Codebook,
    model::{Amendment, Answer, Answers, CaseId, Code, Content, Entry, Moment, QuestionId, Value},
    runtime::{
        entries::{
            keep::{ToKeep, What},
            list_first::Asked,
        },
        homes::home::Home,
    },
    ui::{self, App, Effect, Msg, Settings, Stage, Start, Who},
};

const CANARY: &str = "zukhwendar palmishto";

pub(super) fn codebook() -> &'static Codebook {
    Codebook::builtin().unwrap()
}

pub(super) fn case(n: u16) -> CaseId {
    let mut case = [7; 16];
    case[..2].copy_from_slice(&n.to_be_bytes());
    CaseId::from_bytes(case)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn thing(n: u16, form: &str, answers: &[(&str, Value)]) -> ToKeep {
    ToKeep { case: case(n), what: What::Sheet(sheet(form, answers)), source: None, draft: None, sharing: None }
}

/// Each with an opening and a note.
pub(super) fn fill(home: &mut Home, cases: std::ops::Range<u16>) {
    let things = cases.flat_map(|n| {
        let risk = Value::Choice(Code::new(if n % 2 == 0 { "LOW" } else { "HIGH" }));
        let opening = [("police_station", text(CANARY)), ("risk_level", risk)];
        [thing(n, "case", &opening), thing(n, "note", &[("note_text", text("said"))])]
    });
    home.keep_many(codebook(), things.collect(), |_| {}).unwrap();
}

/// Screens at which the officer of this home sits.
fn screens(home: &Home) -> App {
    let codebook = Arc::new(codebook().clone());
    let now = Moment::pkt(1_795_322_868_000);
    let stage = Stage::Locked { waiting: 0 };
    let mut app = App::new(&Start { codebook, settings: Settings::default(), now, boot_ms: 0, stage, home: None });
    let who = Who {
        agency: "Sample Police".into(),
        unit: "PS Sample".into(),
        member: "Sample Officer".into(),
        roles: vec!["officer".into()],
        device: home.device().into(),
        officer: Answers::default(),
        write_only: false,
        prints: false,
        fresh: (0..8).map(|byte| [byte; 16]).collect(),
    };
    ui::update(&mut app, Msg::Unlocked(Box::new(who)));
    app
}

/// What came of an unlocking.
pub(super) struct Seen {
    pub(super) app: App,
    /// How many lines there were when the list had been told, if one was.
    pub(super) listed: Option<usize>,
    /// Cases that were told as whole, with how many entries of each there were then.
    pub(super) whole: BTreeMap<CaseId, usize>,
}

/// An unlocking, with a case that is asked for when it begins.
pub(super) fn unlocked(home: &mut Home, wanted: Option<CaseId>) -> Seen {
    let mut seen = Seen { app: screens(home), listed: None, whole: BTreeMap::new() };
    let asked = Asked::default();
    let (mut begun, again) = (false, Arc::clone(&asked));
    home.show(&asked, &mut |msg| {
        let told = match &msg {
            Msg::Whole { cases, .. } => cases.clone(),
            _ => Vec::new(),
        };
        let last = matches!(&msg, Msg::Listed { last: true, .. });
        begun |= matches!(&msg, Msg::Replaying(_));
        if begun && let Some(wanted) = wanted {
            *again.lock().unwrap() = Some(wanted);
        }
        ui::update(&mut seen.app, msg);
        if last {
            seen.listed = Some(seen.app.world.cases.len());
        }
        for id in told {
            assert!(!seen.app.world.is_unread(&id), "what is told as whole can be opened");
            seen.whole.insert(id, seen.app.world.book.case(&id).map_or(0, |file| file.entries.len()));
        }
    })
    .unwrap();
    seen
}

/// What the screens show in the end.
pub(super) fn shown(seen: &Seen) -> String {
    format!("{:?}", seen.app.world.cases)
}

/// Whether the list was kept anew.
pub(super) fn list(home: &mut Home, app: &mut App) -> bool {
    let Some(mut listing) = home.begin_list().unwrap() else { return false };
    loop {
        let effects = ui::update(app, listing.asks());
        let kept = effects.into_iter().find_map(|effect| match effect {
            Effect::KeepList { lines, last } => Some((lines, last)),
            _ => None,
        });
        let (lines, last) = kept.unwrap();
        let more = home.file_list(&mut listing, &lines, last).unwrap();
        if !more {
            return last && !home.journal.shelf(Shelf::List).unwrap().is_empty();
        }
    }
}

/// A home with so many cases, and the list of them.
fn kept(cases: u16) -> (TempDir, Home) {
    let (folder, mut home) = member(Role::Officer);
    fill(&mut home, 0..cases);
    let mut seen = unlocked(&mut home, None);
    assert_eq!(seen.listed, None, "there is none yet");
    assert!(list(&mut home, &mut seen.app));
    drop(home);
    let home = open(&folder.path().join("device"));
    (folder, home)
}

/// The screens of a whole reading, the list being put away for it.
pub(super) fn whole_reading(home: &mut Home) -> Seen {
    let rows = home.journal.shelf(Shelf::List).unwrap();
    home.throw_list_away();
    let seen = unlocked(home, None);
    assert_eq!(seen.listed, None);
    home.journal.shelve(&rows, &[]).unwrap();
    seen
}

fn entries(home: &Home) -> Vec<amanat_sync::entry::SealedEntry> {
    let (mut entries, mut cursor) = (Vec::new(), Some(Cursor::START));
    while let Some(after) = cursor {
        let page = home.journal.entries_after(after, Limit::BODY).unwrap();
        cursor = page.next;
        entries.extend(page.entries);
    }
    entries
}

fn doomed(entry: &amanat_sync::entry::SealedEntry) -> Doomed {
    let at = entry.at();
    Doomed { device: at.device, journal: at.journal, seq: at.seq, hash: entry.hash() }
}

pub(super) fn no_list(home: &mut Home) {
    assert!(home.kept_list().is_none());
    assert!(home.journal.shelf(Shelf::List).unwrap().is_empty(), "nothing of it is left");
}

#[test]
fn the_next_unlocking_shows_every_case_at_once_and_ends_with_what_a_whole_reading_gives() {
    let (_folder, mut home) = kept(600);
    // Since then: a note in an old case, a correction that changes a row, and a new case.
    let opening = |home: &mut Home| -> Entry {
        let mut found = None;
        home.replay(|page, _| {
            let of =
                |entry: &Entry| matches!(&entry.content, Content::Sheet(sheet) if sheet.form().id.as_str() == "case");
            found = page.into_iter().find(|entry| entry.case == case(4) && of(entry)).or(found.take());
        })
        .unwrap();
        found.unwrap()
    };
    let opening = opening(&mut home);
    home.keep(codebook(), thing(3, "note", &[("note_text", text("since"))])).unwrap();
    let risk = Answer::Value(Value::Choice(Code::new("HIGH")));
    let changes: Answers = [(QuestionId::new("risk_level"), risk.into())].into_iter().collect();
    let reason = Code::new("NEWINFO");
    let amendment = Amendment { target: opening.id, seen: Vec::new(), reason, note: None, changes };
    let what = What::Amendment(amendment, Some(sheet("case", &[]).form().clone()));
    home.keep(codebook(), ToKeep { case: case(4), what, source: None, draft: None, sharing: None }).unwrap();
    fill(&mut home, 600..601);
    let seen = unlocked(&mut home, Some(case(50)));
    assert_eq!(seen.listed, Some(600));
    let whole = |n| seen.whole.get(&case(n)).copied();
    assert_eq!((whole(3), whole(4), whole(600)), (Some(3), Some(3), Some(2)), "what came since is not missing");
    assert_eq!(whole(50), Some(2), "the one that was asked for");
    assert!(seen.whole.len() > 128 && seen.whole.len() < 400, "and the newest: {}", seen.whole.len());
    let read = whole_reading(&mut home);
    assert_eq!(shown(&seen), shown(&read));
    assert_eq!(seen.app.world.book, read.app.world.book);
}

#[test]
fn a_list_says_of_each_case_what_a_whole_reading_says() {
    let (_folder, mut home) = kept(200);
    let lines = home.kept_list().unwrap().lines;
    let read = whole_reading(&mut home);
    let mut rows: Vec<_> = read.app.world.cases.iter().collect();
    rows.sort_by_key(|row| row.id);
    assert_eq!((lines.len(), rows.len()), (200, 200));
    for (line, row) in lines.iter().zip(rows) {
        assert_eq!((line.id, &*line.short, &*line.station), (row.id, &*row.short, &*row.station));
        assert_eq!((&line.risk, &line.class, line.newest), (&row.risk, &row.class, row.newest));
        assert_eq!(line.places.len(), 2);
    }
}

#[test]
fn whatever_changes_of_an_entry_or_takes_a_key_away_takes_the_list_along() {
    let (_folder, mut home) = kept(150);
    let rows = home.journal.shelf(Shelf::List).unwrap();
    let content = entries(&home).into_iter().find(|entry| entry.header.kind == Kind::Sealed).unwrap();
    home.journal.erase(&[doomed(&content)], &[]).unwrap();
    assert!(home.journal.shelf(Shelf::List).unwrap().is_empty(), "an erasure");
    home.journal.shelve(&rows, &[]).unwrap();
    let key = home.journal.shelf(Shelf::CaseKeys).unwrap().remove(0);
    home.journal.shelve(&[], &[(Shelf::CaseKeys, key.key)]).unwrap();
    assert!(home.journal.shelf(Shelf::List).unwrap().is_empty(), "a key");
    home.journal.shelve(&rows, &[]).unwrap();
    home.journal.reseal(amanat_keys::row_seal::RowSeal::new(&[9; 32])).unwrap();
    assert!(home.journal.shelf(Shelf::List).unwrap().is_empty(), "another passphrase");
}

#[test]
fn a_case_that_is_handed_in_stands_in_no_list_any_more() {
    let agency = Agency::new();
    let mut one = agency.one;
    fill(&mut one, 0..150);
    let mut app = unlocked(&mut one, None).app;
    assert!(list(&mut one, &mut app));
    one.hand_in(case(5)).unwrap();
    assert!(one.journal.shelf(Shelf::List).unwrap().is_empty());
    // And in none that was begun before it was handed in, whose lines still name it.
    let mut app = unlocked(&mut one, None).app;
    let mut listing = one.begin_list().unwrap().unwrap();
    let Effect::KeepList { lines, last } = ui::update(&mut app, listing.asks()).remove(0) else { unreachable!() };
    assert!(last && lines.iter().any(|line| line.id == case(6)));
    one.hand_in(case(6)).unwrap();
    assert!(!one.file_list(&mut listing, &lines, last).unwrap());
    assert!(one.journal.shelf(Shelf::List).unwrap().is_empty());
    drop((agency.two, agency.admin));
}

#[test]
fn a_device_that_only_writes_has_no_list_and_loses_the_one_it_had() {
    let mut agency = Agency::new();
    fill(&mut agency.one, 0..150);
    let mut app = unlocked(&mut agency.one, None).app;
    assert!(list(&mut agency.one, &mut app));
    let rows = agency.one.journal.shelf(Shelf::List).unwrap();
    agency.admin.set_policy("write-only", Some("yes")).unwrap();
    join(&agency.admin, &mut agency.one);
    agency.one.take_home(codebook(), &super::guarding::pass(0)).unwrap();
    drop(agency.one);
    agency.one = open(&agency.folder.path().join("one"));
    assert!(agency.one.writes_only());
    assert!(agency.one.journal.shelf(Shelf::List).unwrap().is_empty(), "it went with the keys");
    agency.one.journal.shelve(&rows, &[]).unwrap();
    no_list(&mut agency.one);
    assert!(agency.one.begin_list().unwrap().is_none());
}

#[test]
fn a_list_that_is_damaged_cut_mixed_or_of_another_journal_is_thrown_away_and_nothing_is_missing() {
    let (_folder, mut home) = kept(600);
    let rows = home.journal.shelf(Shelf::List).unwrap();
    assert!(rows.len() > 2, "in parts");
    let part = rows.iter().position(|row| row.key != b"head").unwrap();
    let head = rows.iter().position(|row| row.key == b"head").unwrap();
    let changed = |at: usize, change: &dyn Fn(&mut Vec<u8>)| {
        let mut rows = rows.clone();
        let mut plain = rows[at].plain.to_vec();
        change(&mut plain);
        rows[at].plain = Zeroizing::new(plain);
        rows
    };
    let without = |at: usize| {
        let mut rows = rows.clone();
        rows.remove(at);
        rows
    };
    let head_len = rows[head].plain.len();
    let damages: Vec<(&str, Vec<ShelfRow>)> = vec![
        ("a byte of a line", changed(part, &|plain| plain[30] ^= 1)),
        ("a part cut short", changed(part, &|plain| plain.truncate(100))),
        ("a part that is gone", without(part)),
        ("its head gone", without(head)),
        ("another program's", changed(head, &|plain| plain[30] ^= 1)),
        ("another shape", changed(head, &|plain| plain[0] ^= 0x40)),
        ("another history", changed(head, &|plain| plain[head_len - 1] ^= 1)),
        ("an older file", changed(head, &|plain| plain[head_len - 33] ^= 0x40)),
    ];
    for (what, rows) in damages {
        home.journal.clear(Shelf::List).unwrap();
        home.journal.shelve(&rows, &[]).unwrap();
        let seen = unlocked(&mut home, None);
        if what != "a byte of a line" || seen.listed.is_none() {
            assert_eq!(seen.listed, None, "{what}");
            assert!(home.journal.shelf(Shelf::List).unwrap().is_empty(), "{what}: nothing of it is left");
        }
        assert_eq!(seen.app.world.cases.len(), 600, "{what}");
        assert!(seen.app.world.cases.iter().all(|row| row.read), "{what}");
    }
    home.journal.shelve(&rows, &[]).unwrap();
    assert_eq!(unlocked(&mut home, None).listed, Some(600), "as it was, it fits");
}

#[test]
fn a_stand_in_above_the_list_and_the_list_is_not_shown() {
    let (_folder, mut home) = kept(150);
    let replaced = home.kept_list().unwrap();
    assert_eq!(replaced.lines.len(), 150);
    // What is kept without an envelope, as after an erasure.
    fill(&mut home, 150..151);
    let entry = entries(&home).pop().unwrap();
    let rows = home.journal.shelf(Shelf::List).unwrap();
    home.journal.erase(&[doomed(&entry)], &[]).unwrap();
    home.journal.shelve(&rows, &[]).unwrap();
    assert_eq!(unlocked(&mut home, None).listed, None);
    assert!(home.journal.shelf(Shelf::List).unwrap().is_empty());
}

#[test]
fn a_case_of_which_an_entry_does_not_open_is_never_told_as_whole() {
    let (_folder, mut home) = kept(150);
    let rows = home.journal.shelf(Shelf::List).unwrap();
    let lost = home.kept_list().unwrap().lines[9].places[1];
    let entry = entries(&home).into_iter().find(|entry| entry.header.seq == lost.1).unwrap();
    home.journal.erase(&[doomed(&entry)], &[]).unwrap();
    home.journal.shelve(&rows, &[]).unwrap();
    let id = CaseId::from(entry.header.case);
    let seen = unlocked(&mut home, Some(id));
    assert_eq!((seen.listed, seen.whole.get(&id)), (Some(150), None));
    assert_eq!(seen.app.world.book.case(&id).unwrap().entries.len(), 1, "in the end it shows what is there");
}

#[test]
fn whoever_opens_a_case_that_is_not_read_yet_gets_it_whole_and_nothing_before() {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let (_folder, mut home) = kept(600);
    let mut app = screens(&home);
    let key = |app: &mut App, code| ui::update(app, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    let asked = Asked::default();
    let (mut wished, mut opened) = (false, None);
    home.show(&asked, &mut |msg| {
        let listed = matches!(&msg, Msg::Replaying(_)) && !wished;
        let whole = matches!(&msg, Msg::Whole { .. });
        ui::update(&mut app, msg);
        if listed {
            wished = true;
            // The last of the list is the oldest.
            key(&mut app, KeyCode::End);
            let effects = key(&mut app, KeyCode::Enter);
            let case = effects.iter().find_map(|effect| match effect {
                Effect::ReadFirst(case) => Some(*case),
                _ => None,
            });
            assert_eq!((app.stack.len(), case.is_some()), (1, true), "no half case is shown");
            *asked.lock().unwrap() = case;
        } else if whole && wished && opened.is_none() {
            assert_eq!(app.stack.len(), 2, "it opened by itself");
            opened = app.world.road.replay;
        }
    })
    .unwrap();
    let at = opened.expect("it came before the rest");
    assert!(at.done < at.total, "{at:?}");
}

#[test]
fn a_list_is_replaced_whole_or_not_at_all_whatever_is_kept_or_changed_meanwhile() {
    let (_folder, mut home) = kept(600);
    let mut app = unlocked(&mut home, None).app;
    assert!(!list(&mut home, &mut app), "nothing new is worth it");
    fill(&mut home, 600..800);
    let mut app = unlocked(&mut home, None).app;
    let before = home.journal.shelf(Shelf::List).unwrap();
    let mut listing = home.begin_list().unwrap().unwrap();
    let ask = |app: &mut App, msg: Msg| match ui::update(app, msg).remove(0) {
        Effect::KeepList { lines, last } => (lines, last),
        other => unreachable!("{other:?}"),
    };
    // Killed after a part: the one before stands, and what was written is swept away.
    let (lines, last) = ask(&mut app, listing.asks());
    assert!(!last && home.file_list(&mut listing, &lines, last).unwrap());
    assert_eq!(home.journal.shelf(Shelf::List).unwrap().len(), before.len() + 1);
    assert_eq!(home.kept_list().unwrap().lines.len(), 600);
    assert_eq!(home.journal.shelf(Shelf::List).unwrap(), before);
    // Something kept meanwhile lies above it.
    let mut listing = home.begin_list().unwrap().unwrap();
    let (lines, last) = ask(&mut app, listing.asks());
    assert!(home.file_list(&mut listing, &lines, last).unwrap());
    let kept = home.keep(codebook(), thing(850, "case", &[])).unwrap();
    ui::update(&mut app, Msg::Kept { entries: kept, draft: None });
    let (lines, last) = ask(&mut app, listing.asks());
    assert!(last && !home.file_list(&mut listing, &lines, last).unwrap());
    assert_eq!(home.kept_list().unwrap().lines.len(), 801);
    let seen = unlocked(&mut home, None);
    assert_eq!((seen.listed, seen.whole.get(&case(850))), (Some(801), Some(&1)));
    // Something changed meanwhile below: what was written is gone, and the next unlocking reads everything.
    fill(&mut home, 900..1_000);
    let mut app = unlocked(&mut home, None).app;
    let mut listing = home.begin_list().unwrap().unwrap();
    let (lines, last) = ask(&mut app, listing.asks());
    assert!(home.file_list(&mut listing, &lines, last).unwrap());
    let content = entries(&home).into_iter().find(|entry| entry.header.kind == Kind::Sealed).unwrap();
    home.journal.erase(&[doomed(&content)], &[]).unwrap();
    let (lines, last) = ask(&mut app, listing.asks());
    home.file_list(&mut listing, &lines, last).unwrap();
    no_list(&mut home);
    let mut app = unlocked(&mut home, None).app;
    assert!(list(&mut home, &mut app));
    assert_eq!(home.kept_list().unwrap().lines.len(), 901);
    let names: std::collections::HashSet<_> =
        home.journal.shelf(Shelf::List).unwrap().into_iter().map(|row| row.key[..4].to_vec()).collect();
    assert_eq!(names.len(), 2, "its head and its parts, and none of the one before");
}

#[test]
fn a_full_disk_costs_nothing_but_the_list() {
    let (folder, mut home) = member(Role::Officer);
    fill(&mut home, 0..600);
    let mut app = unlocked(&mut home, None).app;
    let mut listing = home.begin_list().unwrap().unwrap();
    home.journal.limit_pages(1).unwrap();
    let Effect::KeepList { lines, last } = ui::update(&mut app, listing.asks()).remove(0) else { unreachable!() };
    assert!(home.file_list(&mut listing, &lines, last).is_err());
    home.leave_list(&listing);
    drop(home);
    let mut home = open(&folder.path().join("device"));
    let seen = unlocked(&mut home, None);
    assert_eq!((seen.listed, seen.app.world.cases.len()), (None, 600));
}

#[test]
fn no_line_stands_readable_in_any_file_of_the_home() {
    let (folder, home) = kept(300);
    assert_eq!(home.journal.shelf(Shelf::List).unwrap().len(), 2);
    let opened = home.journal.shelf(Shelf::List).unwrap();
    let holds = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    assert!(opened.iter().any(|row| holds(&row.plain)), "the list names the station");
    for file in std::fs::read_dir(folder.path().join("device")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            assert!(!holds(&std::fs::read(&path).unwrap()), "{}", path.display());
        }
    }
}

/// A few homes, each with a life of its own: whatever was kept, corrected or lost in between, and whenever the list was kept.
#[test]
fn a_list_and_what_came_since_come_to_a_whole_reading_whatever_happened() {
    let (mut lists, mut without) = (0, 0);
    for seed in 1..=3_u64 {
        let (folder, mut home) = member(Role::Officer);
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut roll = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        fill(&mut home, 0..140);
        let mut cases = 140;
        for _ in 0..8 {
            for _ in 0..roll(6) {
                let at = u16::try_from(roll(u64::from(cases))).unwrap();
                match roll(5) {
                    0 => {
                        fill(&mut home, cases..cases + 1);
                        cases += 1;
                    }
                    1 => drop(home.keep(codebook(), thing(at, "person", &[("name_full", text("SAMPLE"))])).unwrap()),
                    2 => drop(home.keep(codebook(), thing(at, "case", &[("police_station", text("Second"))])).unwrap()),
                    3 if roll(4) == 0 => {
                        let sealed = entries(&home).into_iter().filter(|entry| entry.header.kind == Kind::Sealed);
                        let target =
                            sealed.into_iter().find(|entry| CaseId::from(entry.header.case) == case(at)).unwrap();
                        home.journal.erase(&[doomed(&target)], &[]).unwrap();
                    }
                    _ => drop(home.keep(codebook(), thing(at, "note", &[("note_text", text("more"))])).unwrap()),
                }
            }
            if roll(3) == 0 {
                fill(&mut home, cases..cases + 90);
                cases += 90;
            }
            drop(home);
            home = open(&folder.path().join("device"));
            let read = whole_reading(&mut home);
            let mut seen = unlocked(&mut home, Some(case(u16::try_from(roll(u64::from(cases))).unwrap())));
            *(if seen.listed.is_some() { &mut lists } else { &mut without }) += 1;
            assert_eq!(shown(&seen), shown(&read), "seed {seed}");
            assert_eq!(seen.app.world.book, read.app.world.book, "seed {seed}");
            let of = |id: &CaseId| read.app.world.book.case(id).map_or(0, |file| file.entries.len());
            assert!(
                seen.whole.iter().all(|(id, entries)| *entries == of(id)),
                "seed {seed}: a half case was told as whole"
            );
            list(&mut home, &mut seen.app);
        }
    }
    assert!(lists > 5 && without > 3, "{lists} unlockings with a list, {without} without");
}

#[test]
fn all_is_told_once_and_only_when_it_is() {
    let (_folder, mut home) = kept(600);
    let (mut all, mut told) = (Vec::new(), 0);
    home.show(&Asked::default(), &mut |msg| match msg {
        Msg::Replaying(at) => all.push((at.done == at.total, told)),
        Msg::Arrived(entries) => told += entries.len(),
        _ => {}
    })
    .unwrap();
    let whole: Vec<_> = all.iter().filter(|(whole, _)| *whole).collect();
    assert_eq!((whole, all.last()), (vec![&(true, told)], Some(&(true, told))), "not while pages are being opened");
}

#[test]
fn a_case_with_a_new_slip_waits_for_the_end_because_it_may_let_in_what_was_only_offered() {
    let (_folder, mut home) = kept(300);
    home.rekey_case(case(5).into()).unwrap();
    home.keep(codebook(), thing(5, "note", &[("note_text", text("later"))])).unwrap();
    let seen = unlocked(&mut home, Some(case(5)));
    assert_eq!((seen.listed, seen.whole.get(&case(5))), (Some(300), None));
    assert_eq!(seen.app.world.book.case(&case(5)).map(|file| file.entries.len()), Some(3), "and is whole then");
}
