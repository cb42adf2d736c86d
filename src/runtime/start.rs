//! Opening the screen: settings, stage, terminal, workers.

use std::sync::Arc;

use super::{
    clock,
    closed_home::ClosedHome,
    config::Config,
    desk::{Beginning, Desk},
    main_loop,
    paths::{self, Paths},
};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::Lang,
    ui::{Stage, Start, Theme},
};

/// What the command line says about the screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Language, instead of the settings'.
    pub lang: Option<Lang>,
    /// No colours.
    pub plain: bool,
}

/// Runs the screens of a home until they end.
///
/// # Errors
/// Locked when another program has the home open; what the disk or the terminal says.
pub fn screen(paths: Paths, wish: Wish) -> Result<(), Failure> {
    let codebook = Codebook::builtin()
        .map_err(|error| Failure::failed(format!("reading the built-in codebook — {error}"), ""))?
        .clone();
    let codebook = Arc::new(codebook);
    let config = Config::read(&paths.settings())?;
    let (closed, stage) = stage(&paths)?;
    // NO_COLOR, when set and not empty, means no colours (no-color.org).
    let no_colour = paths::environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    let theme = if wish.plain || no_colour { Theme::Plain } else { Theme::Colour };
    let mut settings = config.settings(theme);
    settings.lang = wish.lang.unwrap_or(settings.lang);
    let start =
        Start { codebook: Arc::clone(&codebook), settings, now: clock::now(), boot_ms: clock::boot_ms(), stage };
    let beginning = Beginning { paths, closed, codebook, config };
    main_loop::run(&start, |wake| Desk::start(beginning, wake))
}

/// Where the device stands, as far as a locked home shows it.
fn stage(paths: &Paths) -> Result<(Option<ClosedHome>, Stage), Failure> {
    if !paths.identity().exists() {
        return Ok((None, Stage::New));
    }
    let closed = ClosedHome::open(paths.clone())?;
    let stage = if paths.joined().exists() { Stage::Locked { waiting: paths.waiting() } } else { Stage::Waiting };
    Ok((Some(closed), stage))
}
