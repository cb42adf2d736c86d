//! The mouse in a form: a click goes to the question under it, points at an answer, and takes it when it comes again; the wheel moves in
//! the answers under the pointer, and elsewhere from question to question.

use ratatui::{
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind},
    layout::Rect,
};

use super::{
    form::Form,
    form_view::{Plan, columns, inside},
};
use crate::ui::{
    pointing::{Spot, lies_in},
    turn::Turn,
    widgets::{canvas::Canvas, field::Field},
    world::World,
};

/// What stands under the pointer.
enum Under {
    /// A section beside the questions.
    Section(usize),
    /// A question that has not the keyboard.
    Question(usize),
    /// The field that has it, and where it lies on the page.
    Field(Rect),
    Nothing,
}

impl Form {
    /// Whether it is asked whom to take over from.
    pub(crate) const fn asks_whom(&self) -> bool {
        self.whom.is_some()
    }

    pub(crate) fn spot(&mut self) -> Spot<'_> {
        self.whom.as_mut().map_or(Spot::Nothing, |whom| Spot::Menu(&mut whom.menu))
    }

    pub(crate) fn mouse(&mut self, mouse: &MouseEvent, world: &World) -> Turn {
        let under = self.under(mouse, world);
        match (mouse.kind, under) {
            (MouseEventKind::Down(MouseButton::Left), Under::Question(at)) => self.go(at, world),
            (MouseEventKind::Down(MouseButton::Left), Under::Section(section)) => {
                let first = self.asked.iter().position(|(of, _)| *of == section);
                first.map_or_else(Turn::stay, |at| self.go(at, world))
            }
            (MouseEventKind::Down(MouseButton::Left), Under::Field(area)) => {
                let mut glass = Buffer::empty(Rect::new(0, 0, world.size.0, world.size.1));
                let did = self.field.click(&Canvas::new(&mut glass, world.settings), area, (mouse.column, mouse.row));
                self.did(did, world)
            }
            (MouseEventKind::ScrollDown, under) => self.wheel(KeyCode::Down, &under, world),
            (MouseEventKind::ScrollUp, under) => self.wheel(KeyCode::Up, &under, world),
            _ => Turn::stay(),
        }
    }

    fn wheel(&mut self, code: KeyCode, under: &Under, world: &World) -> Turn {
        let has_rows = matches!(self.field, Field::Choice(_) | Field::Pairs(_));
        if has_rows && matches!(under, Under::Field(_)) {
            let mut field = self.field.clone();
            let did = field.key(&KeyEvent::new(code, KeyModifiers::NONE), &self.setting(world));
            self.field = field;
            return self.did(did, world);
        }
        let at = if code == KeyCode::Down { self.at + 1 } else { self.at.saturating_sub(1) };
        self.go(at, world)
    }

    /// As it is drawn, and by the same sums.
    fn under(&self, mouse: &MouseEvent, world: &World) -> Under {
        let mut glass = Buffer::empty(Rect::new(0, 0, world.size.0, world.size.1));
        let canvas = Canvas::new(&mut glass, world.settings);
        let (side, page) = columns(world.body());
        if let Some(side) =
            side.map(|side| canvas.physical(side)).filter(|side| lies_in(*side, mouse.column, mouse.row))
        {
            let mut below = mouse.row - side.y;
            let section = self.section_rows(world.settings.lang).position(|rows| {
                let within = below < rows;
                below = below.saturating_sub(rows);
                within
            });
            return section.map_or(Under::Nothing, Under::Section);
        }
        let Some(Plan { places, open, line }) = self.plan(&canvas, world, page) else { return Under::Nothing };
        if !lies_in(canvas.physical(page), mouse.column, mouse.row) {
            return Under::Nothing;
        }
        let row = mouse.row - page.y + line;
        let mut top = 0_u16;
        for at in places {
            let height = if at == self.at { open } else { 1 };
            if row < top.saturating_add(height) {
                let field = row.checked_sub(top + self.above_field(&canvas, world, page));
                return match field.filter(|row| *row < self.field.height()) {
                    _ if at != self.at => Under::Question(at),
                    Some(row) => {
                        let (y, height) = (mouse.row - row, self.field.height());
                        Under::Field(Rect { y, height: height.min(page.bottom() - y), ..inside(page) })
                    }
                    None => Under::Nothing,
                };
            }
            top = top.saturating_add(height);
        }
        Under::Nothing
    }
}
