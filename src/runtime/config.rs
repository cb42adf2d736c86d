//! The settings of one home (`settings.toml`), read once at the start.

use std::{fs, path::Path, time::Duration};

use serde::Deserialize;

use crate::{failure::Failure, model::Lang};

/// Who puts right-to-left text in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bidi {
    /// The program, after telling the terminal to keep out (`CSI 8 l`).
    #[default]
    Auto,
    /// The program.
    App,
    /// The terminal.
    Terminal,
    /// Nobody.
    Off,
}

/// Settings with their defaults; unknown names are refused, so that a misspelt one is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Language of the screen: `en` or `ur`.
    pub lang: String,
    /// See [`Bidi`].
    pub bidi: Bidi,
    /// Minutes without a key until the screen locks, 1–60.
    pub idle_lock_minutes: u8,
    /// Minutes between syncs by themselves while unlocked; 0 for none.
    pub sync_every_minutes: u16,
    /// `socks5h://host:port` or `http://host:port`; the environment's proxy is never used.
    pub proxy: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { lang: "en".to_owned(), bidi: Bidi::default(), idle_lock_minutes: 5, sync_every_minutes: 15, proxy: None }
    }
}

impl Config {
    /// Reads the file; a missing one gives the defaults.
    ///
    /// # Errors
    /// What the disk says; usage with line and reason when the file is wrong.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|reason| {
                Failure::usage(
                    format!("reading the settings {} — {reason}", path.display()),
                    "Correct the line, or remove the file to have the defaults again.",
                )
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::disk(format!("reading the settings {}", path.display()), &error)),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if !matches!(config.lang.as_str(), "en" | "ur") {
            return Err("lang must be \"en\" or \"ur\"".to_owned());
        }
        if !(1..=60).contains(&config.idle_lock_minutes) {
            return Err("idle_lock_minutes must be 1 to 60".to_owned());
        }
        Ok(config)
    }

    /// Language of the screen.
    pub fn language(&self) -> Lang {
        if self.lang == "ur" { Lang::Ur } else { Lang::En }
    }

    /// How long without a key until the screen locks.
    pub fn idle_lock(&self) -> Duration {
        Duration::from_secs(u64::from(self.idle_lock_minutes) * 60)
    }

    /// How often to sync by itself.
    pub fn sync_every(&self) -> Option<Duration> {
        (self.sync_every_minutes > 0).then(|| Duration::from_secs(u64::from(self.sync_every_minutes) * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_gives_the_defaults() {
        assert_eq!(Config::read(Path::new("/nonexistent/settings.toml")).unwrap(), Config::default());
    }

    #[test]
    fn a_misspelt_setting_is_refused_by_name() {
        assert!(Config::parse("idle_lock = 3").unwrap_err().contains("idle_lock"));
        assert!(Config::parse("idle_lock_minutes = 0").unwrap_err().contains("1 to 60"));
        assert_eq!(Config::parse("lang = \"ur\"").unwrap().language(), Lang::Ur);
    }
}
