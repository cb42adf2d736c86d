//! The one table of keys: what a key does in a room, what the bar at the foot says, what the help lists.
//!
//! Commands are function keys and keys without letters, because an Urdu keyboard has no *N* to press; letters type.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A screen, or a state of one, as far as keys differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Holds everywhere except behind the hidden screen.
    Anywhere,
    /// First start.
    Welcome,
    /// Passphrase.
    Unlock,
    /// All cases.
    Caseload,
    /// One case.
    Case,
    /// One entry.
    Entry,
    /// A short list over another screen.
    Menu,
    /// Filling a form.
    Form,
    /// What ties a case to others.
    Links,
    /// Before keeping.
    Confirm,
    /// What has gone to headquarters.
    Outbox,
    /// A stick: where it is, and for whom.
    Stick,
    /// A file's path is typed.
    Path,
    /// Units, people, devices.
    Roster,
    /// A supervisor's people.
    Team,
    /// The admin's keys.
    Keys,
    /// What a key could read and still opens.
    Audit,
    /// A unit gets a new key.
    Rotation,
    /// What was set aside.
    Aside,
    /// Before one of those is dropped.
    Dropping,
    /// What is due.
    Today,
    /// What waits for a supervisor.
    Review,
    /// The list of keys.
    Help,
    /// Everything is hidden.
    Hidden,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Help,
    Language,
    Hide,
    Lock,
    Quit,
    Back,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    New,
    Filter,
    Sync,
    Outbox,
    Roster,
    Today,
    Drafts,
    Add,
    Correct,
    Names,
    Choose,
    Next,
    Previous,
    NextGap,
    NextPage,
    PreviousPage,
    NotAsked,
    Refused,
    Unknown,
    Clear,
    Undo,
    Redo,
    Finish,
    Keep,
    WriteBundle,
    ReadBundle,
    Stop,
    Whom,
    Attach,
    SavePart,
    ViewPart,
    Team,
    Keys,
    Aside,
    Review,
    Approve,
    Return,
    Assign,
    Merge,
    Join,
    Rest,
    StopEarly,
    Paper,
    CopyFrom,
    Beside,
    Links,
    HandOver,
    HandIn,
    Homes,
    TryAgain,
    Drop,
    Audit,
    SavePage,
    SaveData,
    Rotate,
    Revoke,
    Left,
}

/// The first line shown of a page of lines, after an act that may move it.
pub(crate) fn scrolled(act: Option<Act>, line: u16, page: u16, most: u16) -> u16 {
    let line = match act {
        Some(Act::Up) => line.saturating_sub(1),
        Some(Act::Down) => line.saturating_add(1),
        Some(Act::PageUp) => line.saturating_sub(page),
        Some(Act::PageDown) => line.saturating_add(page),
        Some(Act::First) => 0,
        Some(Act::Last) => most,
        _ => line,
    };
    line.min(most)
}

/// A key with what is held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chord {
    code: KeyCode,
    held: KeyModifiers,
}

const fn key(code: KeyCode) -> Chord {
    Chord { code, held: KeyModifiers::NONE }
}

const fn f(number: u8) -> Chord {
    key(KeyCode::F(number))
}

const fn ctrl(letter: char) -> Chord {
    Chord { code: KeyCode::Char(letter), held: KeyModifiers::CONTROL }
}

/// One line of the table.
pub(crate) struct Line {
    rooms: &'static [Room],
    keys: &'static [Chord],
    pub(crate) act: Act,
    /// Key of its words under `key.`: short, for the bar; `key.long.` for the help.
    pub(crate) word: &'static str,
    /// Place in the bar: lower stands further left and goes last when there is no room; 0 = not in the bar.
    bar: u8,
}

const fn line(rooms: &'static [Room], keys: &'static [Chord], act: Act, word: &'static str, bar: u8) -> Line {
    Line { rooms, keys, act, word, bar }
}

use Room as R;

const LISTS: &[Room] = &[
    R::Caseload,
    R::Case,
    R::Entry,
    R::Menu,
    R::Outbox,
    R::Roster,
    R::Today,
    R::Help,
    R::Confirm,
    R::Team,
    R::Aside,
    R::Review,
    R::Keys,
    R::Audit,
    R::Rotation,
    R::Links,
];

/// The table. A line for one room stands before lines for many: the first that fits is taken.
pub(crate) const TABLE: &[Line] = &[
    line(&[R::Welcome], &[key(KeyCode::Enter)], Act::Next, "next", 1),
    line(&[R::Welcome], &[key(KeyCode::Tab), key(KeyCode::Down)], Act::Down, "next_field", 2),
    line(&[R::Welcome], &[key(KeyCode::BackTab), key(KeyCode::Up)], Act::Up, "previous_field", 0),
    line(&[R::Welcome], &[key(KeyCode::Esc)], Act::Back, "back", 3),
    line(&[R::Unlock], &[key(KeyCode::Enter)], Act::Open, "unlock", 1),
    line(&[R::Unlock], &[key(KeyCode::Esc)], Act::Clear, "clear_line", 2),
    line(&[R::Unlock], &[f(3)], Act::Homes, "homes", 3),
    line(&[R::Caseload], &[key(KeyCode::Enter)], Act::Open, "open", 1),
    line(&[R::Caseload], &[f(4), ctrl('n')], Act::New, "new_case", 2),
    line(&[R::Caseload], &[f(3)], Act::Filter, "filter", 3),
    line(&[R::Caseload], &[f(5)], Act::Sync, "sync", 4),
    line(&[R::Caseload], &[f(6)], Act::Outbox, "outbox", 5),
    line(&[R::Caseload], &[f(7)], Act::Today, "today", 6),
    line(&[R::Caseload], &[f(8)], Act::Roster, "roster", 7),
    line(&[R::Caseload], &[f(9)], Act::Drafts, "drafts", 8),
    line(&[R::Caseload], &[f(10)], Act::Review, "review", 5),
    line(&[R::Caseload], &[key(KeyCode::Esc)], Act::Back, "clear_search", 0),
    line(&[R::Case], &[key(KeyCode::Enter)], Act::Open, "open", 1),
    line(&[R::Case], &[f(4), ctrl('n')], Act::Add, "add", 2),
    line(&[R::Case], &[f(9)], Act::Attach, "attach", 9),
    line(&[R::Entry], &[f(9)], Act::SavePart, "save_part", 6),
    line(&[R::Entry], &[f(11), ctrl('o')], Act::ViewPart, "view_part", 0),
    line(&[R::Case, R::Entry], &[f(6)], Act::Correct, "correct", 3),
    line(&[R::Case, R::Entry], &[f(8)], Act::Names, "names", 4),
    line(&[R::Case, R::Entry], &[f(3), ctrl('p')], Act::Paper, "paper", 9),
    line(&[R::Menu], &[key(KeyCode::Enter)], Act::Choose, "choose", 1),
    line(&[R::Links], &[key(KeyCode::Enter)], Act::Choose, "open", 1),
    line(&[R::Links], &[f(7)], Act::Join, "join", 2),
    line(&[R::Form], &[key(KeyCode::Enter), key(KeyCode::Tab)], Act::Next, "next", 1),
    line(&[R::Form], &[key(KeyCode::BackTab)], Act::Previous, "previous", 0),
    line(&[R::Case], &[f(5)], Act::Links, "links", 10),
    line(&[R::Case], &[f(7)], Act::HandOver, "hand_over", 5),
    line(&[R::Case], &[f(10)], Act::HandIn, "hand_in", 0),
    line(&[R::Case], &[f(11)], Act::Rotate, "reseal", 0),
    line(&[R::Entry], &[f(10)], Act::Beside, "beside", 7),
    line(&[R::Form], &[f(4)], Act::CopyFrom, "copy_from", 0),
    line(&[R::Form], &[f(3)], Act::NextGap, "gap", 7),
    // Whoever is told "stop" looks for no key: it stands in the bar before all that can wait.
    line(&[R::Form], &[f(11), ctrl('t')], Act::StopEarly, "stop_early", 3),
    line(&[R::Form], &[f(5)], Act::NotAsked, "not_asked", 4),
    line(&[R::Form], &[f(6)], Act::Refused, "refused", 5),
    line(&[R::Form], &[f(7)], Act::Unknown, "unknown", 6),
    line(&[R::Form], &[f(8)], Act::Clear, "clear", 10),
    line(&[R::Form], &[f(9)], Act::Rest, "rest", 0),
    line(&[R::Form], &[key(KeyCode::PageDown)], Act::NextPage, "next_page", 8),
    line(&[R::Form], &[key(KeyCode::PageUp)], Act::PreviousPage, "previous_page", 0),
    line(&[R::Form], &[ctrl('z')], Act::Undo, "undo", 0),
    line(&[R::Form], &[ctrl('y')], Act::Redo, "redo", 0),
    line(&[R::Form], &[f(10), ctrl('s')], Act::Finish, "finish", 2),
    line(&[R::Form], &[key(KeyCode::Esc)], Act::Back, "leave_draft", 9),
    line(&[R::Confirm], &[f(10), ctrl('s'), key(KeyCode::Enter)], Act::Keep, "keep", 1),
    line(&[R::Outbox], &[f(5)], Act::Sync, "sync", 1),
    line(&[R::Outbox], &[f(7)], Act::Stop, "stop", 2),
    line(&[R::Outbox], &[f(4)], Act::WriteBundle, "write_bundle", 3),
    line(&[R::Outbox], &[f(6)], Act::ReadBundle, "read_bundle", 4),
    line(&[R::Outbox], &[f(8)], Act::Aside, "aside", 9),
    line(&[R::Aside], &[f(9)], Act::SavePart, "save_aside", 1),
    line(&[R::Aside], &[f(5)], Act::TryAgain, "try_aside", 2),
    line(&[R::Aside], &[f(7)], Act::Drop, "drop_aside", 3),
    line(&[R::Dropping], &[f(10)], Act::Drop, "drop_aside", 1),
    line(&[R::Stick], &[key(KeyCode::Enter)], Act::Choose, "begin_stick", 1),
    line(&[R::Path], &[key(KeyCode::Enter)], Act::Choose, "choose", 1),
    line(&[R::Stick], &[f(3)], Act::Whom, "whom", 2),
    line(&[R::Stick], &[f(4)], Act::WriteBundle, "write_bundle", 3),
    line(&[R::Stick], &[f(6)], Act::ReadBundle, "read_bundle", 4),
    line(&[R::Stick], &[f(7)], Act::Stop, "stop", 5),
    line(&[R::Stick], &[key(KeyCode::Up)], Act::Up, "up", 0),
    line(&[R::Stick], &[key(KeyCode::Down)], Act::Down, "down", 0),
    line(&[R::Today], &[key(KeyCode::Enter)], Act::Open, "open", 1),
    line(&[R::Review], &[key(KeyCode::Enter)], Act::Open, "open", 1),
    line(&[R::Review], &[f(4)], Act::Approve, "approve", 2),
    line(&[R::Review], &[f(5)], Act::Return, "return", 3),
    line(&[R::Review], &[f(6)], Act::Assign, "assign", 4),
    line(&[R::Review], &[f(7)], Act::Merge, "merge", 5),
    line(&[R::Entry], &[f(4)], Act::Approve, "approve", 1),
    line(&[R::Entry], &[f(5)], Act::Return, "return", 2),
    line(&[R::Entry], &[f(7)], Act::Merge, "merge", 0),
    line(&[R::Case, R::Entry], &[ctrl('g')], Act::Assign, "assign", 0),
    line(&[R::Roster], &[f(4)], Act::Team, "team", 1),
    line(&[R::Roster], &[f(6)], Act::Keys, "keys", 2),
    line(&[R::Keys], &[key(KeyCode::Enter)], Act::Open, "preview", 1),
    line(&[R::Keys], &[f(5)], Act::Audit, "audit", 2),
    line(&[R::Keys], &[f(8)], Act::Rotate, "rotate", 3),
    line(&[R::Keys], &[f(10)], Act::Revoke, "revoke", 4),
    line(&[R::Keys], &[f(7)], Act::Left, "lost_or_left", 5),
    line(&[R::Rotation], &[key(KeyCode::Enter)], Act::Keep, "begin_rotation", 1),
    line(&[R::Audit], &[f(9)], Act::SavePage, "save_page", 1),
    line(&[R::Audit], &[f(8)], Act::SaveData, "save_data", 2),
    line(&[R::Team], &[f(5)], Act::Sync, "sync", 1),
    line(&[R::Hidden], &[f(12), ctrl('k')], Act::Hide, "show_again", 0),
    line(&[R::Hidden], &[ctrl('l')], Act::Lock, "lock", 0),
    line(LISTS, &[key(KeyCode::Up)], Act::Up, "up", 0),
    line(LISTS, &[key(KeyCode::Down)], Act::Down, "down", 0),
    line(LISTS, &[key(KeyCode::PageUp)], Act::PageUp, "page_up", 0),
    line(LISTS, &[key(KeyCode::PageDown)], Act::PageDown, "page_down", 0),
    line(LISTS, &[key(KeyCode::Home)], Act::First, "first", 0),
    line(LISTS, &[key(KeyCode::End)], Act::Last, "last", 0),
    line(
        &[
            R::Case,
            R::Entry,
            R::Menu,
            R::Confirm,
            R::Outbox,
            R::Stick,
            R::Path,
            R::Roster,
            R::Team,
            R::Keys,
            R::Audit,
            R::Rotation,
            R::Aside,
            R::Dropping,
            R::Today,
            R::Review,
            R::Links,
            R::Help,
        ],
        &[key(KeyCode::Esc)],
        Act::Back,
        "back",
        8,
    ),
    line(&[R::Anywhere], &[f(1)], Act::Help, "help", 20),
    line(&[R::Anywhere], &[f(2)], Act::Language, "language", 21),
    line(&[R::Anywhere], &[f(12), ctrl('k')], Act::Hide, "hide", 22),
    line(&[R::Anywhere], &[ctrl('l')], Act::Lock, "lock", 0),
    line(&[R::Anywhere], &[ctrl('q')], Act::Quit, "quit", 0),
];

/// What a key asks for in a room; `None` where it types.
pub(crate) fn act(room: Room, pressed: &KeyEvent) -> Option<Act> {
    // Shift is part of the letter or of BackTab, not a chord of its own.
    let chord = Chord { code: pressed.code, held: pressed.modifiers - KeyModifiers::SHIFT };
    let fits = |line: &&Line, wanted: Room| line.rooms.contains(&wanted) && line.keys.contains(&chord);
    let own = TABLE.iter().find(|line| fits(line, room));
    // A question mark asks for help wherever nothing is typed.
    if pressed.code == KeyCode::Char('?') && !types(room) {
        return Some(Act::Help);
    }
    let anywhere = || if room == Room::Hidden { None } else { TABLE.iter().find(|line| fits(line, Room::Anywhere)) };
    own.or_else(anywhere).map(|line| line.act)
}

/// Whether letters type in this room.
pub(crate) const fn types(room: Room) -> bool {
    matches!(room, Room::Welcome | Room::Unlock | Room::Caseload | Room::Form | Room::Stick | Room::Path | Room::Menu)
}

/// The lines that the bar shows in a room, in their order.
pub(crate) fn bar(room: Room) -> Vec<&'static Line> {
    let here = |line: &&Line| line.bar > 0 && (line.rooms.contains(&room) || line.rooms.contains(&Room::Anywhere));
    let mut lines: Vec<_> = TABLE.iter().filter(here).collect();
    lines.sort_by_key(|line| line.bar);
    lines
}

/// Every line that holds in a room, for the help.
pub(crate) fn of(room: Room) -> impl Iterator<Item = &'static Line> {
    TABLE.iter().filter(move |line| line.rooms.contains(&room))
}

impl Line {
    /// Place in the bar; 20 and above hold everywhere.
    pub(crate) const fn rank(&self) -> u8 {
        self.bar
    }

    /// The key that the bar names.
    pub(crate) fn shown(&self) -> String {
        self.keys.first().map(Chord::shown).unwrap_or_default()
    }

    /// All its keys.
    pub(crate) fn all_shown(&self) -> String {
        self.keys.iter().map(Chord::shown).collect::<Vec<_>>().join("  ")
    }
}

impl Chord {
    /// As it stands on the keyboard.
    pub(crate) fn shown(&self) -> String {
        let name = match self.code {
            KeyCode::F(number) => format!("F{number}"),
            KeyCode::Char(letter) => letter.to_uppercase().to_string(),
            KeyCode::Enter => "Enter".into(),
            KeyCode::Esc => "Esc".into(),
            KeyCode::Tab => "Tab".into(),
            KeyCode::BackTab => "Shift-Tab".into(),
            KeyCode::Up => "↑".into(),
            KeyCode::Down => "↓".into(),
            KeyCode::PageUp => "PgUp".into(),
            KeyCode::PageDown => "PgDn".into(),
            KeyCode::Home => "Home".into(),
            KeyCode::End => "End".into(),
            other => format!("{other:?}"),
        };
        if self.held.contains(KeyModifiers::CONTROL) { format!("Ctrl-{name}") } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{self, Tongue};

    const ROOMS: [Room; 23] = [
        R::Welcome,
        R::Unlock,
        R::Caseload,
        R::Case,
        R::Entry,
        R::Menu,
        R::Form,
        R::Confirm,
        R::Outbox,
        R::Stick,
        R::Path,
        R::Roster,
        R::Team,
        R::Keys,
        R::Audit,
        R::Rotation,
        R::Aside,
        R::Dropping,
        R::Today,
        R::Review,
        R::Links,
        R::Help,
        R::Hidden,
    ];

    #[test]
    fn a_key_has_one_meaning_in_a_room() {
        for room in ROOMS {
            let mut seen = Vec::new();
            for line in of(room) {
                for chord in line.keys {
                    assert!(!seen.contains(chord), "{room:?}: {} twice", chord.shown());
                    seen.push(*chord);
                }
            }
        }
    }

    #[test]
    fn letters_type_and_the_same_letter_held_commands() {
        let typed = KeyEvent::new(KeyCode::Char('n'), KeyModifiers::NONE);
        let held = KeyEvent::new(KeyCode::Char('n'), KeyModifiers::CONTROL);
        assert_eq!((act(R::Caseload, &typed), act(R::Caseload, &held)), (None, Some(Act::New)));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(act(R::Form, &back), Some(Act::Previous));
        let help = KeyEvent::new(KeyCode::Char('?'), KeyModifiers::NONE);
        assert_eq!((act(R::Form, &help), act(R::Case, &help)), (None, Some(Act::Help)));
        assert_eq!(act(R::Hidden, &KeyEvent::new(KeyCode::F(1), KeyModifiers::NONE)), None);
    }

    #[test]
    fn every_key_has_its_words() {
        for line in TABLE {
            for key in [format!("key.{}", line.word), format!("key.long.{}", line.word)] {
                assert!(words::find(Tongue::En, &key).is_some(), "{key}");
            }
        }
    }
}
