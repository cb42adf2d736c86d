//! Opening the screen: settings, stage, terminal, workers.

use std::sync::Arc;

use super::{
    desk::{Beginning, Desk},
    main_loop::{self, Seen, Showing},
};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::Lang,
    runtime::{
        clock,
        homes::{
            closed_home::ClosedHome,
            config::Config,
            listed::Homes,
            paths::{self, Paths},
        },
    },
    ui::{Bidi, Stage, Start, Theme, Trouble},
};

/// What the command line says about the screen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Language, instead of the settings'.
    pub lang: Option<Lang>,
    /// Lines instead of a drawing.
    pub plain: bool,
    /// Hints on every screen.
    pub training: bool,
}

/// Runs the screens of a home until they end.
///
/// # Errors
/// Locked when another program has the home open; what the disk or the terminal says.
pub fn screen(paths: Paths, wish: Wish) -> Result<(), Failure> {
    let paths = Homes::begin(paths);
    let codebook = Codebook::builtin()
        .map_err(|error| Failure::failed(format!("reading the built-in codebook — {error}"), ""))?
        .clone();
    let codebook = Arc::new(codebook);
    let config = Config::read(&paths.settings())?;
    let closed = paths.identity().exists().then(|| ClosedHome::open(paths.clone())).transpose()?;
    let stage = stage(&paths);
    let home = Homes::around(&paths).name_of(&paths);
    // NO_COLOR, when set and not empty, means no colours (no-color.org).
    let no_colour = paths::environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    let theme = if wish.plain || no_colour { Theme::Plain } else { Theme::Colour };
    let mut settings = config.settings(theme);
    settings.lang = wish.lang.unwrap_or(settings.lang);
    let kept = settings.bidi;
    if wish.plain {
        // What is read aloud stands in the order in which it was written.
        settings.bidi = Bidi::Terminal;
    }
    let start =
        Start { codebook: Arc::clone(&codebook), settings, now: clock::now(), boot_ms: clock::boot_ms(), stage, home };
    let beginning = Beginning { paths, closed, codebook, config };
    let seen = if wish.plain { Seen::Read(kept) } else { Seen::Drawn(not_utf8()) };
    let showing = Showing { seen, training: wish.training };
    main_loop::run(&start, showing, |wake| Desk::start(beginning, wake))
}

/// Where the terminal says that it shows no UTF-8, a word on it in letters that it does show. Where it says nothing, nothing is known.
fn not_utf8() -> Option<Trouble> {
    let said = |name: &str| paths::environment(name).map(|value| value.to_string_lossy().into_owned());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(said).find(|value| !value.is_empty())?;
    let detail = crate::words::fill(crate::words::Tongue::En, "start.not_utf8", &[("locale", &locale)]);
    shows_no_utf8(&locale).then_some(Trouble { word: String::new(), detail })
}

/// Whether a locale names another encoding, or none: `C`, `en_US.ISO-8859-1`.
fn shows_no_utf8(locale: &str) -> bool {
    let folded: String = locale.chars().filter(char::is_ascii_alphanumeric).collect();
    !folded.to_ascii_lowercase().contains("utf8")
}

/// Where the device stands, as far as a locked home shows it.
pub(in crate::runtime) fn stage(paths: &Paths) -> Stage {
    match (paths.identity().exists(), paths.joined().exists()) {
        (false, _) => Stage::New,
        (true, true) => Stage::Locked { waiting: paths.waiting() },
        (true, false) => Stage::Waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_without_utf8_is_told_by_its_name() {
        for (locale, none) in [
            ("C", true),
            ("POSIX", true),
            ("ur_PK", true),
            ("en_US.ISO-8859-1", true),
            ("C.UTF-8", false),
            ("ur_PK.utf8", false),
            ("en_GB.UTF8@euro", false),
        ] {
            assert_eq!(shows_no_utf8(locale), none, "{locale}");
        }
        let word = crate::words::fill(crate::words::Tongue::En, "start.not_utf8", &[("locale", "C")]);
        assert!(word.is_ascii() && word.contains("LC_ALL=C.UTF-8"), "it is read where nothing else can be: {word}");
    }
}
