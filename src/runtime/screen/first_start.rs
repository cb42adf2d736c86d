//! The welcome: keys, words, join request, joining.

use std::{fs, path::Path};

use amanat_keys::{error::KeysError, passphrase::Passphrase, words::Words};

use super::{seat::Seat, tellings};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::{
            make::{self, Hashing},
            pack,
        },
    },
    ui::{Msg, Secret, Trouble},
};

impl Seat {
    pub(super) fn make_device(&mut self, name: &str, passphrase: &Secret) {
        let made = Passphrase::to_create(passphrase.reveal().as_bytes())
            .map_err(|weakness| fault::keys("taking the passphrase", &KeysError::Locked(weakness.into())))
            .and_then(|words| {
                let hashing = Hashing::new(None, false)?;
                make::device(self.paths.clone(), name, &words, hashing)
            });
        match made {
            Err(failure) => self.say(Msg::WelcomeFailed(tellings::trouble(&failure))),
            Ok(made) => {
                self.closed = Some(made.home.closed());
                self.home = Some(made.home);
                self.show_words();
            }
        }
    }

    /// The words of the join request, and a picture of them.
    pub(super) fn show_words(&self) {
        match make::request_of(&self.paths) {
            Err(failure) => self.say(Msg::WelcomeFailed(tellings::trouble(&failure))),
            Ok((request, _)) => {
                let words = request.words();
                let qr = tellings::qr(&words.to_string());
                let words = words.words().into_iter().map(str::to_owned).collect();
                self.say(Msg::DeviceMade { words, qr });
            }
        }
    }

    pub(super) fn write_request(&self, path: &str) {
        let written = make::request_of(&self.paths).and_then(|(request, bytes)| {
            let id: String = request.device_id().to_string().chars().take(8).collect();
            let asked = Path::new(path.trim());
            let file = if asked.is_dir() { asked.join(format!("amanat-{id}.join")) } else { asked.to_path_buf() };
            fs::write(&file, bytes)
                .map_err(|error| Failure::disk(format!("writing the join request {}", file.display()), &error))?;
            Ok(file)
        });
        match written {
            Ok(file) => self.say(Msg::RequestWritten { path: file.display().to_string() }),
            Err(failure) => self.say(Msg::WelcomeFailed(tellings::trouble(&failure))),
        }
    }

    pub(in crate::runtime) fn join(&mut self, path: &str, words: &str) {
        let Ok(words) = words.parse::<Words>() else {
            return self.say(Msg::WelcomeFailed(Trouble::word("welcome.words_wrong")));
        };
        let joined =
            pack::read(Path::new(path.trim())).and_then(|pack| self.with_home(|home| home.join(&pack, &words)));
        match joined {
            Err(failure) => self.say(Msg::WelcomeFailed(tellings::trouble(&failure))),
            Ok(()) => {
                let agency =
                    self.home.as_ref().and_then(|home| home.trust().ok()).map(|trust| trust.roster().name.clone());
                self.say(Msg::Joined { agency: agency.unwrap_or_default() });
                self.opened();
            }
        }
    }
}
