//! What goes in and out by files and paper: a file that a person named is sealed into a case, an attachment is opened into a file, a page is
//! printed. Attachments take as long as the file is large; they say how far they are, and stop when told.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use amanat_sync::courier::Outcome;

use super::{
    officer, printing,
    seat::Seat,
    tellings,
    viewing::{self, Pipe},
    wake::Wake,
};
use crate::{
    codebook::Surroundings,
    failure::Failure,
    model::{CaseId, Casebook, Code, HandWish, ListedPart, Sheet},
    runtime::{
        clock,
        entries::keep::{ToKeep, What},
        homes::home::Home,
        road::{
            aside::{self, LookedAgain},
            attaching::{self, ToAttach},
        },
    },
    ui::{AsideNews, Effect, Msg, Secret, Trouble},
};

/// Between two words on how far it is: often enough to be seen moving.
const STEP: Duration = Duration::from_millis(250);

impl Seat {
    /// Who would be able to read a case after this.
    pub(super) fn hand_readers(&mut self, case: CaseId, wish: &HandWish) {
        match self.with_home(|home| officer::readers(home, Some(case), None, &[], Some(wish))) {
            Ok(lines) => self.say(Msg::Readers { case: Some(case), lines }),
            Err(failure) => self.say(Msg::HandFailed(tellings::trouble(&failure))),
        }
    }

    /// Shares a case or hands it over, or answers.
    pub(in crate::runtime) fn hand_over(&mut self, case: CaseId, wish: &HandWish) {
        let codebook = Arc::clone(&self.codebook);
        match self.with_home(|home| home.hand_over(&codebook, case.into(), wish)) {
            Ok(done) => {
                self.say(Msg::Kept { entries: done.entries, draft: None });
                self.say(Msg::Handed { opened: done.opened, left: done.left });
                self.carry();
            }
            Err(failure) => self.say(Msg::HandFailed(tellings::trouble(&failure))),
        }
    }

    /// A word that two cases, or persons of them, are one: who would read it, and keeping it.
    pub(super) fn sameness(&mut self, effect: Effect) {
        match effect {
            Effect::SameReaders { cases } => self.same_readers(cases),
            Effect::SaySame { cases, sheet } => self.say_same(cases, *sheet),
            _ => {}
        }
    }

    fn same_readers(&mut self, cases: [CaseId; 2]) {
        match self.with_home(|home| officer::readers_of_both(home, cases)) {
            Ok(lines) => self.say(Msg::Readers { case: Some(cases[0]), lines }),
            Err(failure) => self.say(Msg::HandFailed(tellings::trouble(&failure))),
        }
    }

    fn say_same(&mut self, cases: [CaseId; 2], sheet: Sheet) {
        let codebook = Arc::clone(&self.codebook);
        match self.with_home(|home| home.keep_joined(&codebook, cases, sheet)) {
            Ok(entries) => {
                self.say_kept(entries, None);
                self.carry();
            }
            Err(failure) => self.say(Msg::HandFailed(tellings::trouble(&failure))),
        }
    }

    pub(in crate::runtime) fn attach(&mut self, case: CaseId, path: &str) {
        match self.attach_file(case, path) {
            Err(failure) => self.say(Msg::AttachFailed(tellings::trouble(&failure))),
            Ok(entries) => {
                self.say_kept(entries, None);
                self.carry();
            }
        }
    }

    fn attach_file(&mut self, case: CaseId, path: &str) -> Result<Vec<crate::model::Entry>, Failure> {
        let codebook = Arc::clone(&self.codebook);
        let files = [ToAttach { path: path.into(), media: None }];
        let mut going = self.going();
        let config = self.config.clone();
        self.with_home(|home| {
            let known = officer::known(home.unit()?, home.member()?, &config);
            let around = Surroundings::of(&Casebook::default(), None);
            let sheet = attaching::note(&codebook, case, &known, (&files, None), &around);
            let (sheet, _warnings) = sheet.map_err(|(form, _)| {
                Failure::failed(format!("attaching — the form {form} asks for more than a file"), "Add a note by hand.")
            })?;
            let keep = ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None };
            home.attach(&codebook, keep, &files, &mut *going)
        })
    }

    /// Opens an attachment into a file, or asks for it to be fetched.
    pub(in crate::runtime) fn save_part(&mut self, listed: &ListedPart, path: &str) {
        match self.save_file(listed, path) {
            Err(failure) => self.say(Msg::SaveFailed(tellings::trouble(&failure))),
            Ok(true) => self.say(Msg::PartSaved { path: path.to_owned() }),
            Ok(false) => {
                self.say(Msg::SaveFailed(Trouble::word("part.asked")));
                self.carry();
            }
        }
    }

    fn save_file(&mut self, listed: &ListedPart, path: &str) -> Result<bool, Failure> {
        let mut going = self.going();
        self.give_out(listed, |home| home.save_part(listed, Path::new(path), false, &mut *going).map(drop))
    }

    /// Has an attachment shown by the program of the settings, or asks for it to be fetched.
    pub(in crate::runtime) fn view_part(&mut self, listed: &ListedPart) {
        let mut going = self.going();
        let (config, stop) = (self.config.clone(), Arc::clone(&self.stop));
        let mut opened = None;
        let shown = self.give_out(listed, |home| {
            let stopped = || stop.load(Ordering::SeqCst);
            let fill = |pipe: &mut Pipe<'_>| home.open_part("showing an attachment", listed, pipe, &mut *going);
            opened = Some(viewing::show(&config, &listed.part.media, &stopped, fill)?);
            Ok(())
        });
        self.viewers.retain_mut(|viewer| !viewer.is_closed());
        self.viewers.extend(opened);
        match shown {
            Err(failure) => self.say(Msg::SaveFailed(tellings::trouble(&failure))),
            Ok(true) => self.say(Msg::PartShown),
            Ok(false) => {
                self.say(Msg::SaveFailed(Trouble::word("part.asked")));
                self.carry();
            }
        }
    }

    /// Gives an attachment to `give`, on record first: from there on something else than this program has a copy. False where it is not here
    /// and was asked for.
    fn give_out(
        &mut self,
        listed: &ListedPart,
        give: impl FnOnce(&Home) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        let codebook = Arc::clone(&self.codebook);
        self.with_home(|home| {
            if home.wish_part(&listed.author, &listed.part)? {
                return Ok(false);
            }
            home.keep(&codebook, ToKeep::access(listed.case, Code::new("export"), 1))?;
            give(home).map(|()| true)
        })
    }

    /// Puts a page on paper: on record before it is done, because from here on there is a copy that nothing protects.
    pub(in crate::runtime) fn print(&mut self, case: CaseId, what: Code, page: &Secret, to: Option<&str>) {
        let codebook = Arc::clone(&self.codebook);
        self.stop.store(false, Ordering::SeqCst);
        let stop = Arc::clone(&self.stop);
        let noted = self.with_home(|home| home.keep(&codebook, ToKeep::access(case, what, 1)));
        let done = noted.and_then(|entries| {
            self.say_kept(entries, None);
            match to {
                Some(path) => printing::to_file("the paper", Path::new(path), page.reveal()),
                None => printing::to_printer(&self.config, page.reveal(), &|| stop.load(Ordering::SeqCst)),
            }
        });
        match (done, to) {
            (Err(failure), _) => self.say(Msg::SaveFailed(tellings::trouble(&failure))),
            (Ok(()), Some(path)) => self.say(Msg::PartSaved { path: path.to_owned() }),
            (Ok(()), None) => self.say(Msg::Printed),
        }
    }

    /// What was set aside.
    pub(super) fn show_aside(&mut self) {
        match self.with_home(|home| aside::list(home)) {
            Ok(rows) => {
                let open = rows.iter().filter(|row| !row.whole).count();
                self.progress.quarantined = u64::try_from(open).unwrap_or(u64::MAX);
                self.say(Msg::Aside(AsideNews::Are(rows)));
            }
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    /// Holds what was set aside against the roster of today. What counts by it is opened and shown at once, as if a road had brought it.
    pub(super) fn try_aside(&mut self) {
        let codebook = Arc::clone(&self.codebook);
        match self.with_home(aside::look_again) {
            Ok(LookedAgain { stand, wait, left }) => {
                if stand > 0 {
                    let brought = Outcome { pulled: stand, ..Outcome::nothing() };
                    let arrived = self.with_home(|home| home.take_home(&codebook, &brought));
                    let wrapped = self.arrived(arrived, false);
                    self.say_marks();
                    if wrapped {
                        self.carry();
                    }
                }
                self.say(Msg::Aside(AsideNews::Tried { stand, wait, left }));
            }
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
        self.show_aside();
    }

    /// Drops one that was set aside.
    pub(in crate::runtime) fn drop_aside(&mut self, id: &str) {
        match self.with_home(|home| aside::discard(home, id)) {
            Ok(()) => self.say(Msg::Aside(AsideNews::Dropped)),
            Err(failure) => self.say(Msg::Aside(AsideNews::Stays(tellings::trouble(&failure)))),
        }
        self.show_aside();
    }

    /// Saves one that was set aside, still sealed.
    pub(super) fn save_aside(&mut self, id: &str, path: &str) {
        match self.with_home(|home| aside::save(home, id, Path::new(path))) {
            Ok(_bytes) => self.say(Msg::PartSaved { path: path.to_owned() }),
            Err(failure) => self.say(Msg::SaveFailed(tellings::trouble(&failure))),
        }
    }

    /// Says how far it is, a few times a second, and whether to go on.
    fn going(&self) -> Box<dyn FnMut(u64, u64) -> bool> {
        self.stop.store(false, Ordering::SeqCst);
        let (stop, wake, mut said) = (Arc::clone(&self.stop), self.wake.clone(), None);
        Box::new(move |done, total| {
            let now = clock::instant();
            if said.is_none_or(|at| now.duration_since(at) >= STEP) {
                said = Some(now);
                wake.send(Wake::Msg(Msg::Sealing { done, total })).unwrap_or_default();
            }
            !stop.load(Ordering::SeqCst)
        })
    }
}
