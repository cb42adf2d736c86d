//! Every key, from the table that the keys themselves come from.

use ratatui::layout::Rect;

use crate::ui::{
    keymap::{self, Act, Room, scrolled},
    theme::Role,
    turn::{Go, Turn},
    view::Scroll,
    widgets::canvas::{Canvas, Lean},
};

/// The help, opened from a screen: that screen's keys come first.
#[derive(Debug)]
pub(crate) struct Help {
    from: Room,
    line: u16,
}

/// The other screens in the order one meets them.
const ROOMS: [(Room, &str); 18] = [
    (Room::Caseload, "help.caseload"),
    (Room::Case, "help.case"),
    (Room::Entry, "help.entry"),
    (Room::Form, "help.form"),
    (Room::Confirm, "help.confirm"),
    (Room::Outbox, "help.outbox"),
    (Room::Today, "help.today"),
    (Room::Roster, "help.roster"),
    (Room::Team, "help.team"),
    (Room::Keys, "help.keys"),
    (Room::Audit, "help.audit"),
    (Room::Rotation, "help.rotation"),
    (Room::Aside, "help.aside"),
    (Room::Review, "help.review"),
    (Room::Links, "help.links"),
    (Room::Menu, "help.menu"),
    (Room::Unlock, "help.unlock"),
    (Room::Welcome, "help.welcome"),
];

enum Row {
    Heading(&'static str),
    Prose(&'static str),
    Key(&'static keymap::Line),
    Space,
}

fn rows(from: Room) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut room = |room: Room, heading: &'static str| {
        rows.push(Row::Heading(heading));
        if room == Room::Form {
            rows.extend(
                ["help.choosing", "help.numbers", "help.dates", "help.typing", "help.silences"].map(Row::Prose),
            );
        }
        rows.extend(keymap::of(room).map(Row::Key));
        rows.push(Row::Space);
    };
    let own = ROOMS.iter().filter(|(room, _)| *room == from);
    let others = ROOMS.iter().filter(|(room, _)| *room != from);
    own.for_each(|(name, heading)| room(*name, heading));
    room(Room::Anywhere, "help.anywhere");
    others.for_each(|(name, heading)| room(*name, heading));
    rows
}

impl Help {
    pub(crate) const fn new(from: Room) -> Self {
        Self { from, line: 0 }
    }

    pub(crate) fn key(&mut self, act: Option<Act>) -> Turn {
        let most = u16::try_from(rows(self.from).len()).unwrap_or(u16::MAX).saturating_sub(4);
        match act {
            Some(Act::Back | Act::Help) => return Turn::go(Go::Back),
            _ => self.line = scrolled(act, self.line, 15, most),
        }
        Turn::stay()
    }

    pub(crate) fn draw(&self, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        scroll.line = self.line;
        let mut y = area.y;
        for row in rows(self.from).iter().skip(usize::from(self.line)) {
            if y >= area.bottom() {
                break;
            }
            match row {
                Row::Space => {}
                Row::Heading(key) => {
                    let text = canvas.say(key).to_owned();
                    canvas.lean((area.x, y), area.width, &text, Role::Accent, Lean::Own);
                }
                Row::Prose(key) => {
                    let text = canvas.say(key).to_owned();
                    let room = Rect { x: area.x + 2, y, width: area.width - 4, height: area.bottom() - y };
                    y += canvas.paragraph(room, &text, Role::Text).saturating_sub(1);
                }
                Row::Key(line) => {
                    canvas.put((area.x + 2, y), 20, &line.all_shown(), Role::Key);
                    let text = canvas.say(&format!("key.long.{}", line.word)).to_owned();
                    let room =
                        Rect { x: area.x + 23, y, width: area.width.saturating_sub(25), height: area.bottom() - y };
                    y += canvas.paragraph(room, &text, Role::Text).saturating_sub(1);
                }
            }
            y += 1;
        }
    }
}
