//! The desk of a machine that several officers share: which homes there are, and changing to another while this one is locked.

use super::{seat::Seat, start, tellings};
use crate::{
    failure::Failure,
    runtime::homes::{closed_home::ClosedHome, config::Config, listed::Homes},
    ui::{HomeChosen, HomeLine, Msg, Progress, Theme},
};

impl Seat {
    /// Which homes there are. No key is needed to see it.
    pub(super) fn show_homes(&self) {
        let rows = Homes::around(&self.paths).list().into_iter();
        let line = |row: crate::runtime::homes::listed::HomeRow| HomeLine {
            here: row.paths == self.paths,
            name: row.name,
            waiting: row.waiting,
            device: row.device,
        };
        self.say(Msg::HomesAre(rows.map(line).collect()));
    }

    /// Sits down at another home, which stays locked until its own passphrase is given.
    pub(super) fn choose_home(&mut self, name: Option<&str>) {
        match self.go_to(name) {
            Ok(chosen) => self.say(Msg::HomeChosen(Box::new(chosen))),
            Err(failure) => self.say(Msg::UnlockFailed(tellings::trouble(&failure))),
        }
    }

    fn go_to(&mut self, name: Option<&str>) -> Result<HomeChosen, Failure> {
        if self.home.is_some() {
            return Err(Failure::usage("changing to another home — this one is open", "Lock it first."));
        }
        let paths = Homes::around(&self.paths).find(name)?;
        let config = Config::read(&paths.settings())?;
        if paths != self.paths {
            // Taken before this one is let go: where another program has it, nothing changes.
            let closed = paths.identity().exists().then(|| ClosedHome::open(paths.clone())).transpose()?;
            self.closed = closed;
            self.paths = paths;
            self.config = config;
            self.progress = Progress::default();
        }
        Ok(HomeChosen {
            name: name.map(str::to_owned),
            stage: start::stage(&self.paths),
            settings: self.config.settings(Theme::Plain),
        })
    }
}
