//! The settings of one home (`settings.toml`), read once at the start and kept when a person changes them.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    model::Lang,
    ui::{Bidi, Settings, Theme},
};

/// Settings with their defaults; unknown names are refused, so that a misspelt one is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Language of the screen: `en` or `ur`.
    pub lang: String,
    /// Who puts right-to-left text in order: `app` or `terminal`.
    pub bidi: String,
    /// Minutes without a key until the screen locks, 0–60; 0 is never.
    pub idle_minutes: u16,
    /// Minutes between syncs by themselves while unlocked; 0 for none.
    pub sync_every_minutes: u16,
    /// A program and its arguments that print the HTML page on their standard input, for example
    /// `["sh", "-c", "weasyprint - - | lp"]`. Without one a paper can only be saved to a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub print_command: Vec<String>,
    /// A program and its arguments that show what comes on their standard input, for example `["feh", "-"]`; an argument `{media}` is replaced
    /// by the media type. Without one an attachment can only be saved to a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub view_command: Vec<String>,
    /// What is known of the officer beside their name, for presets of forms: `agency`, `province`, `district`,
    /// `officer_gender` as codes, anything else as text.
    pub officer: BTreeMap<String, String>,
}

impl Default for Config {
    fn default() -> Self {
        let mut config = Self {
            lang: String::new(),
            bidi: String::new(),
            idle_minutes: 0,
            sync_every_minutes: 15,
            print_command: Vec::new(),
            view_command: Vec::new(),
            officer: BTreeMap::new(),
        };
        config.remember(&Settings::default());
        config
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

    /// Writes the file.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let doing = || format!("writing the settings {}", path.display());
        let text = toml::to_string(self).map_err(|error| Failure::failed(format!("{} — {error}", doing()), ""))?;
        fs::write(path, text).map_err(|error| Failure::disk(doing(), &error))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if !matches!(config.lang.as_str(), "en" | "ur") {
            return Err("lang must be \"en\" or \"ur\"".to_owned());
        }
        if !matches!(config.bidi.as_str(), "app" | "terminal") {
            return Err("bidi must be \"app\" or \"terminal\"".to_owned());
        }
        if config.idle_minutes > 60 {
            return Err("idle_minutes must be 0 to 60".to_owned());
        }
        Ok(config)
    }

    /// The part that the screens know. The theme is found at the start, never kept.
    pub fn settings(&self, theme: Theme) -> Settings {
        Settings {
            lang: if self.lang == "ur" { Lang::Ur } else { Lang::En },
            bidi: if self.bidi == "terminal" { Bidi::Terminal } else { Bidi::App },
            theme,
            idle_minutes: self.idle_minutes,
        }
    }

    /// Takes over what a person set on the screen.
    pub fn remember(&mut self, settings: &Settings) {
        match settings.lang {
            Lang::En => "en",
            Lang::Ur => "ur",
        }
        .clone_into(&mut self.lang);
        match settings.bidi {
            Bidi::App => "app",
            Bidi::Terminal => "terminal",
        }
        .clone_into(&mut self.bidi);
        self.idle_minutes = settings.idle_minutes;
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
    fn what_is_remembered_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        assert_eq!(Config::read(&path).unwrap(), Config::default());
        let mut config = Config::default();
        let set = Settings { lang: Lang::Ur, bidi: Bidi::Terminal, theme: Theme::Plain, idle_minutes: 3 };
        config.remember(&set);
        config.write(&path).unwrap();
        assert_eq!(Config::read(&path).unwrap().settings(Theme::Plain), set);
    }

    #[test]
    fn a_misspelt_setting_is_refused_by_name() {
        assert!(Config::parse("idle_lock = 3").unwrap_err().contains("idle_lock"));
        assert!(Config::parse("idle_minutes = 61").unwrap_err().contains("0 to 60"));
        assert!(Config::parse("lang = \"fr\"").unwrap_err().contains("\"ur\""));
    }
}
