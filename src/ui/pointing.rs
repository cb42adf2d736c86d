//! The mouse, once for all pages: a click chooses the row under it, a second click on the same row opens it, the wheel moves. What it opens
//! is what *Enter* opens, and the wheel is the arrow keys: a pointer can do nothing that keys cannot, and is never needed.

use ratatui::{
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind},
    layout::Rect,
};

use super::{
    keymap,
    screens::Screen,
    turn::Turn,
    widgets::{choice::Choice, list::List, menu::Menu},
    world::World,
};

/// Rows that one notch of the wheel moves in a list that fills the page.
const NOTCH: usize = 3;

/// What a page has under the pointer.
pub(crate) enum Spot<'a> {
    /// A short list over the page.
    Menu(&'a mut Menu),
    /// Rows of the page.
    Rows(Rows<'a>),
    /// What can be chosen from on the page, and the screen's row of its first line.
    Choice(&'a mut Choice, u16),
    /// Lines that are read: the wheel moves them.
    Lines,
    /// Something that is typed, or nothing that a pointer moves.
    Nothing,
}

/// The rows of a page and where they stand on the screen.
pub(crate) struct Rows<'a> {
    pub(crate) list: &'a mut List,
    /// How many there are.
    pub(crate) len: usize,
    /// How many of them are on the screen.
    pub(crate) page: usize,
    /// The screen's row of the first of these.
    pub(crate) first: u16,
    /// The screen's rows that each of them takes.
    pub(crate) each: u16,
}

impl Rows<'_> {
    /// Which row of the list a row of the screen belongs to.
    fn at(&self, row: u16) -> Option<usize> {
        let place = usize::from(row.checked_sub(self.first)? / self.each.max(1));
        if place < self.page { self.list.hit(place, self.len) } else { None }
    }
}

/// A click or a turn of the wheel on the page that is on top.
pub(super) fn mouse(screen: &mut Screen, mouse: &MouseEvent, world: &World) -> Turn {
    if let Screen::Form(form) = screen
        && !form.asks_whom()
    {
        return form.mouse(mouse, world);
    }
    match mouse.kind {
        MouseEventKind::ScrollDown => wheel(screen, KeyCode::Down, world),
        MouseEventKind::ScrollUp => wheel(screen, KeyCode::Up, world),
        MouseEventKind::Down(MouseButton::Left) if click(screen, mouse, world) => press(screen, KeyCode::Enter, world),
        _ => Turn::stay(),
    }
}

fn wheel(screen: &mut Screen, code: KeyCode, world: &World) -> Turn {
    let times = match screen.spot(world) {
        Spot::Menu(_) | Spot::Choice(..) => 1,
        Spot::Rows(rows) if rows.each > 1 => 1,
        Spot::Rows(_) | Spot::Lines => NOTCH,
        Spot::Nothing => 0,
    };
    let mut turn = Turn::stay();
    for _ in 0..times {
        turn = press(screen, code, world);
    }
    turn
}

/// The same as the key: whatever it means on this page.
fn press(screen: &mut Screen, code: KeyCode, world: &World) -> Turn {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    let act = keymap::act(screen.room(), &key);
    screen.key(&key, act, world)
}

/// Chooses what is under the pointer. Whether it had been chosen before.
fn click(screen: &mut Screen, mouse: &MouseEvent, world: &World) -> bool {
    let again = match screen.spot(world) {
        Spot::Menu(menu) => menu.click(mouse.column, mouse.row, world.body()),
        Spot::Rows(rows) => rows.at(mouse.row).is_some_and(|at| {
            let again = at == rows.list.at;
            rows.list.put(at, rows.len, rows.page);
            again
        }),
        Spot::Choice(choice, first) => {
            // The second click takes the row by itself.
            mouse.row.checked_sub(first).map(|row| choice.click(row));
            false
        }
        Spot::Lines | Spot::Nothing => false,
    };
    screen.pointed(world);
    again
}

/// Whether a cell of the screen lies in an area.
pub(crate) const fn lies_in(area: Rect, column: u16, row: u16) -> bool {
    area.x <= column && column < area.right() && area.y <= row && row < area.bottom()
}
