//! The frame that every screen has (heading above, keys and status below), and the screen inside it.

use ratatui::{Frame, layout::Rect};

use super::{
    App, screens,
    theme::Role,
    training,
    widgets::{bars, canvas::Canvas},
    world::HINT,
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
        canvas.paragraph(area, "80 × 24", Role::Text);
        return;
    }
    let heading = top.heading(&app.world, &canvas);
    bars::heading(&mut canvas, Rect { height: 2, ..area }, &heading);
    bars::roster_age(&mut canvas, Rect { y: area.y + 1, height: 1, ..area }, &app.world);
    let body = Rect {
        x: area.x + 1,
        y: area.y + 2,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(5),
    };
    let hint = if app.world.training { HINT } else { 0 };
    let body = Rect { height: body.height.saturating_sub(hint), ..body };
    top.draw(&app.world, scroll, &mut canvas, body);
    if hint > 0 {
        let text = canvas.say(training::hint(app)).to_owned();
        let text = canvas.fill("training.says", &[("hint", &text)]);
        canvas.paragraph(Rect { y: body.bottom(), height: hint, ..body }, &text, Role::Accent);
    }
    bars::keys(&mut canvas, Rect { y: area.bottom() - 2, height: 1, ..area }, top.room(), |act| {
        top.does(act, &app.world)
    });
    bars::old_program(&mut canvas, Rect { y: area.bottom() - 3, height: 1, ..area }, &app.world);
    bars::status(&mut canvas, Rect { y: area.bottom() - 1, height: 1, ..area }, app);
    if let Some((x, y)) = canvas.cursor {
        frame.set_cursor_position((x, y));
    }
}
