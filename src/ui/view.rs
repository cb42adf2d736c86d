//! Routing of the drawing to the screens on the stack.

use ratatui::Frame;

use super::App;

/// Where lists and pages were scrolled to when they were last drawn: belongs to the drawing alone, never read by `update`.
#[derive(Debug, Default)]
pub struct Scroll {}

/// Draws the top screen.
pub fn view(_app: &App, _scroll: &mut Scroll, _frame: &mut Frame<'_>) {}
