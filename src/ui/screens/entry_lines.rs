//! The page of an entry in lines: how many there are, and any part of them, so that a long statement is read to its end.

use ratatui::layout::Rect;

use crate::ui::{theme::Role, widgets::canvas::Canvas};

/// A part of the page: a heading, or a label with what it says.
pub(super) enum Row {
    Heading(String),
    Answer {
        label: String,
        told: String,
        role: Role,
    },
    /// What was said first and what stands now, each in its half of the page.
    Beside {
        first: String,
        now: String,
        role: Role,
    },
    /// What belongs to the right half alone.
    Right(String, Role),
    /// What belongs to both.
    Below(String, Role),
    Remark(String, Role),
    Space,
}

/// All of a page.
pub(super) struct Lines {
    /// Each with its height in lines.
    rows: Vec<(Row, u16)>,
    /// Columns of the labels.
    wide: u16,
}

impl Lines {
    /// As they stand on a page of this width.
    pub(super) fn new(rows: Vec<Row>, width: u16) -> Self {
        let wide = (width * 2 / 5).clamp(20, 44);
        let rows = rows.into_iter().map(|row| {
            let height = height(&row, width, wide);
            (row, height)
        });
        Self { rows: rows.collect(), wide }
    }

    pub(super) fn total(&self) -> u16 {
        self.rows.iter().fold(0, |sum: u16, (_, height)| sum.saturating_add(*height))
    }

    /// Draws what the page shows from a line on: a row that begins above it is drawn from its middle.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, page: Rect, from: u16) {
        let mut at = 0_u16;
        for (row, height) in &self.rows {
            let above = from.saturating_sub(at);
            let below = at.saturating_sub(from);
            if above < *height && below < page.height {
                let room = Rect { y: page.y + below, height: (height - above).min(page.height - below), ..page };
                draw_row(canvas, row, room, (self.wide, above));
            }
            at = at.saturating_add(*height);
        }
    }
}

fn height(row: &Row, width: u16, wide: u16) -> u16 {
    let right = width.saturating_sub(wide + 2);
    match row {
        Row::Space => 1,
        Row::Heading(text) => Canvas::lines(text, width).max(1),
        Row::Beside { first, now, .. } => Canvas::lines(first, half(width)).max(Canvas::lines(now, half(width))).max(1),
        Row::Right(text, _) => Canvas::lines(text, half(width)).max(1),
        Row::Below(text, _) => Canvas::lines(text, width.saturating_sub(2)).max(1),
        Row::Answer { label, told, .. } => Canvas::lines(told, right).max(Canvas::lines(label, wide - 2)).max(1),
        Row::Remark(text, _) => Canvas::lines(text, right).max(1),
    }
}

/// Columns of one of two halves, with some free between them.
pub(super) const fn half(width: u16) -> u16 {
    width.saturating_sub(3) / 2
}

fn draw_row(canvas: &mut Canvas<'_>, row: &Row, room: Rect, (wide, above): (u16, u16)) {
    let left = Rect { x: room.x + 2, width: wide - 2, ..room };
    let right = Rect { x: room.x + wide + 2, width: room.width.saturating_sub(wide + 2), ..room };
    let half = half(room.width);
    let (one, other) = (Rect { width: half, ..room }, Rect { x: room.x + half + 3, width: half, ..room });
    match row {
        Row::Space => {}
        Row::Heading(text) => {
            canvas.paragraph_from(room, above, text, Role::Accent);
        }
        Row::Beside { first, now, role } => {
            canvas.paragraph_from(one, above, first, Role::Text);
            canvas.paragraph_from(other, above, now, *role);
        }
        Row::Right(text, role) => {
            canvas.paragraph_from(other, above, text, *role);
        }
        Row::Below(text, role) => {
            let below = Rect { x: room.x + 2, width: room.width.saturating_sub(2), ..room };
            canvas.paragraph_from(below, above, text, *role);
        }
        Row::Answer { label, told, role } => {
            canvas.paragraph_from(left, above, label, Role::Faint);
            canvas.paragraph_from(right, above, told, *role);
        }
        Row::Remark(text, role) => {
            canvas.paragraph_from(right, above, text, *role);
        }
    }
}
