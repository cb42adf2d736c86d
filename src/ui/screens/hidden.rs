//! What covers everything at once: a month of the calendar, as on any office machine.

use ratatui::layout::Rect;

use crate::{
    model::{Lang, Moment},
    ui::{
        theme::Role,
        widgets::canvas::{Canvas, Lean},
    },
};

/// Draws the month. Not a word of it comes from the casebook, and no name of this program is on it.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, now: Moment) {
    // Always the same plain page, whatever language the program speaks.
    canvas.settings.lang = Lang::En;
    let (year, month, today, ..) = Moment::pkt(now.unix_ms).civil();
    let day_ms = 86_400_000_i64;
    let first = Moment::pkt(now.unix_ms - i64::from(today - 1) * day_ms);
    // 1970-01-01 was a Thursday; weeks begin on Monday.
    let weekday = ((first.unix_ms + 300 * 60_000).div_euclid(day_ms) + 3).rem_euclid(7);
    let days = (28..=31).rev().find(|day| {
        let (_, same, ..) = Moment::pkt(first.unix_ms + (day - 1) * day_ms).civil();
        same == month
    });
    let (left, top) = (area.x + 4, area.y + 2);
    canvas.put((left, top), 28, &format!("{year:04}-{month:02}"), Role::Strong);
    for (column, name) in ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"].iter().zip(0_u16..).map(|(name, at)| (at, *name)) {
        canvas.lean((left + column * 4, top + 2), 3, name, Role::Faint, Lean::End);
    }
    for day in 1..=days.unwrap_or(30) {
        let place = u16::try_from(weekday + day - 1).unwrap_or(0);
        let role = if day == i64::from(today) { Role::Selected } else { Role::Text };
        let (x, y) = (left + place % 7 * 4, top + 4 + place / 7 * 2);
        canvas.lean((x, y), 3, &day.to_string(), role, Lean::End);
    }
}
