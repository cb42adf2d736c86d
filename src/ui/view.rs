//! The frame that every screen has (heading above, keys and status below), and the screen inside it.

use ratatui::{Frame, layout::Rect};

use super::{
    App, screens,
    widgets::{bars, canvas::Canvas},
};

/// Where pages were scrolled to when they were last drawn: belongs to the drawing alone, never read by `update`.
#[derive(Debug, Default)]
pub struct Scroll {
    /// First line of the page on top.
    pub(crate) line: u16,
}

/// Draws the top screen.
pub fn view(app: &App, scroll: &mut Scroll, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut canvas = Canvas::new(frame.buffer_mut(), app.world.settings);
    if app.hidden {
        screens::draw_hidden(&mut canvas, area, app.world.now);
        return;
    }
    let Some(top) = app.stack.last() else { return };
    if area.height < 8 || area.width < 40 {
        canvas.paragraph(area, "80 × 24", super::theme::Role::Text);
        return;
    }
    let heading = top.heading(&app.world, &canvas);
    bars::heading(&mut canvas, Rect { height: 2, ..area }, &heading);
    let body = Rect {
        x: area.x + 1,
        y: area.y + 2,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(5),
    };
    top.draw(&app.world, scroll, &mut canvas, body);
    bars::keys(&mut canvas, Rect { y: area.bottom() - 2, height: 1, ..area }, top.room());
    bars::status(&mut canvas, Rect { y: area.bottom() - 1, height: 1, ..area }, app);
    if let Some((x, y)) = canvas.cursor {
        frame.set_cursor_position((x, y));
    }
}
