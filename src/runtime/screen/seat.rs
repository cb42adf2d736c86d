//! Who sits at the desk and what they may ask for: the home, locked or open, and every effect of the screens performed on it.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicBool, mpsc::Sender},
};

use amanat_keys::passphrase::Passphrase;
use amanat_sync::courier::End;

use super::{
    desk::{Beginning, tell},
    officer, tellings,
    viewing::Viewer,
    wake::Wake,
};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{CaseId, Code, Content, DeviceId, Entry, EntryId, FormRef, Moment},
    runtime::{
        clock,
        entries::{kept_list::Listing, list_first::Asked},
        fault,
        homes::{closed_home::ClosedHome, config::Config, home::Home, paths::Paths},
        process,
        road::{
            carrier::{self, Carrier},
            courier::{CourierThread, Passed},
            network, team,
        },
    },
    ui::{Effect, Mark, Msg, Progress, Secret, Settings, Trouble},
};

/// The desk's whole state.
pub(in crate::runtime) struct Seat {
    pub(in crate::runtime) paths: Paths,
    pub(in crate::runtime) closed: Option<ClosedHome>,
    pub(in crate::runtime) home: Option<Home>,
    pub(in crate::runtime) codebook: Arc<Codebook>,
    pub(in crate::runtime) config: Config,
    pub(in crate::runtime) wake: Sender<Wake>,
    /// Raised from another thread: what is being sealed or opened is to stop.
    pub(in crate::runtime) stop: Arc<AtomicBool>,
    courier: CourierThread,
    /// The form of each opened sheet: a correction is cut by the form that it corrects.
    pub(in crate::runtime) forms: HashMap<EntryId, FormRef>,
    pub(in crate::runtime) progress: Progress,
    /// Raised from another thread: which case is wanted before the rest.
    pub(in crate::runtime) asked: Asked,
    /// The list of cases that is being kept for the next unlocking.
    pub(in crate::runtime) listing: Option<Listing>,
    /// Programs that show attachments. They are ended with the sitting.
    pub(super) viewers: Vec<Viewer>,
}

impl Seat {
    pub(in crate::runtime) fn new(
        beginning: Beginning,
        wake: Sender<Wake>,
        courier: CourierThread,
        (stop, asked): (Arc<AtomicBool>, Asked),
    ) -> Self {
        let Beginning { paths, closed, codebook, config } = beginning;
        Self {
            paths,
            closed,
            home: None,
            codebook,
            config,
            wake,
            stop,
            courier,
            forms: HashMap::new(),
            progress: Progress::default(),
            asked,
            listing: None,
            viewers: Vec::new(),
        }
    }

    pub(in crate::runtime) fn courier(&mut self) -> &mut CourierThread {
        &mut self.courier
    }

    pub(in crate::runtime) fn say(&self, msg: Msg) {
        tell(&self.wake, msg);
    }

    /// Does what the screens want.
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::JudgePassphrase(secret) => self.say(Msg::PassphraseJudged(tellings::strength(&secret))),
            Effect::MakeDevice { name, passphrase } => self.make_device(&name, &passphrase),
            Effect::WriteJoinRequest { path } => self.write_request(&path),
            Effect::Join { path, words } => self.join(&path, &words),
            Effect::Unlock(secret) => self.unlock(&secret),
            Effect::Lock => self.lock(),
            Effect::Fresh { count } => self.say(Msg::Fresh(tellings::fresh(count))),
            Effect::Remember(settings) => self.remember(&settings),
            Effect::KeepDraft(draft) => {
                let id = draft.id;
                match self.with_home(|home| home.keep_draft(&draft)) {
                    Ok(()) => self.say(Msg::DraftKept(id)),
                    Err(failure) => self.say(Msg::DraftFailed { draft: id, trouble: tellings::trouble(&failure) }),
                }
            }
            Effect::DropDraft(draft) => {
                let dropped = self.with_home(|home| home.drop_draft(draft));
                self.notice(dropped);
            }
            Effect::KeepFilters(filters) => {
                let kept = self.with_home(|home| home.keep_filters(&filters));
                self.notice(kept);
            }
            Effect::WriteAhead(keep) => self.write_ahead(*keep),
            Effect::Keep(keep) => self.keep(*keep),
            Effect::Readers { case, sharing, to } => self.readers(case, sharing.as_ref(), &to),
            Effect::HandReaders { case, wish } => self.hand_readers(case, &wish),
            Effect::HandOver { case, wish } => self.hand_over(case, &wish),
            Effect::SameReaders { .. } | Effect::SaySame { .. } => self.sameness(effect),
            Effect::OpenAgency { path, words } => self.open_agency(&path, &words),
            Effect::OfferAbroad { offer, out } => self.offer_abroad(&offer, out.as_deref()),
            Effect::TakeBackAbroad { case, roster, words, offer, out } => {
                self.take_back_abroad(case, (&roster, &words), &offer, &out);
            }
            Effect::ReadAbroad { path, words } => self.read_abroad(&path, words.as_deref()),
            Effect::AnswerAbroad(answer) => self.answer_abroad(&answer),
            Effect::NoteAccess { case, what, entries } => self.note_access(case, what, entries.len()),
            Effect::Attach { case, path } => self.attach(case, &path),
            Effect::ViewPart(listed) => self.view_part(&listed),
            Effect::SavePart { listed, path } => self.save_part(&listed, &path),
            Effect::Print { case, what, page, to } => self.print(case, what, &page, to.as_deref()),
            // The main loop raises the flags itself: this thread is the one that is busy.
            Effect::StopSealing | Effect::StopRotating | Effect::ReadFirst(_) => {}
            Effect::KeepList { lines, last } => self.file_list(&lines, last),
            Effect::LoadHomes => self.show_homes(),
            Effect::ChooseHome { name } => self.choose_home(name.as_deref()),
            Effect::HandIn { case } => self.hand_in(case),
            Effect::Sync => self.sync(),
            Effect::StopSync => {
                self.courier.rest();
                self.progress.running = false;
                self.say(Msg::Synced(self.progress.clone()));
            }
            Effect::LookAtStick => self.look_at_stick(),
            Effect::WriteBundle { path, to } => self.write_stick(&path, to.as_deref()),
            Effect::ReadBundle { path } => self.read_stick(&path),
            Effect::StopBundle => self.courier.stop_stick(),
            Effect::LoadRoster => self.show_roster(),
            Effect::LoadKeys => self.show_keys(),
            Effect::PreviewRevocation { .. } | Effect::Revoke { .. } => self.revocation(effect),
            Effect::Audit(whose) => self.audit(whose),
            Effect::SaveAudit { page, programs, lang, path } => self.save_audit(&page, programs, lang, &path),
            Effect::LookAtRotation(renewed) => self.look_at_rotation(renewed),
            Effect::Rotate(renewed) => self.rotate(renewed),
            Effect::LoadAside => self.show_aside(),
            Effect::SaveAside { id, path } => self.save_aside(&id, &path),
            Effect::TryAside => self.try_aside(),
            Effect::DropAside { id } => self.drop_aside(&id),
            // The main loop ends the program itself.
            Effect::Quit => {}
        }
    }

    pub(super) fn with_home<T>(&mut self, work: impl FnOnce(&mut Home) -> Result<T, Failure>) -> Result<T, Failure> {
        match &mut self.home {
            Some(home) => work(home),
            None => Err(Failure::locked("working at the desk — the device is locked", "Unlock it first.")),
        }
    }

    fn notice(&self, done: Result<(), Failure>) {
        if let Err(failure) = done {
            self.say(Msg::Notice(tellings::trouble(&failure)));
        }
    }

    fn unlock(&mut self, secret: &Secret) {
        match self.open_home(secret) {
            Err(trouble) => self.say(Msg::UnlockFailed(trouble)),
            Ok(()) => {
                // Before anything is said: a message takes along whatever lies in its gaps.
                process::wipe_stack();
                self.opened();
            }
        }
    }

    /// A call of its own, so that what the keys were moved through is below whoever wipes it.
    #[inline(never)]
    fn open_home(&mut self, secret: &Secret) -> Result<(), Trouble> {
        let closed = self.closed.clone().ok_or_else(|| Trouble::word("unlock.wrong"))?;
        let opened = Passphrase::to_open(secret.reveal().as_bytes())
            .map_err(|weakness| fault::keys("unlocking", &amanat_keys::error::KeysError::Locked(weakness.into())))
            .and_then(|passphrase| closed.unlock_to_read(&passphrase));
        self.home = Some(opened.map_err(|failure| tellings::unlock_trouble(&failure))?);
        Ok(())
    }

    /// What follows an unlocking, or a joining: who sits here, what is kept, what is due.
    pub(in crate::runtime) fn opened(&mut self) {
        let Some(home) = &self.home else { return };
        if !home.has_joined() {
            return self.show_words();
        }
        match tellings::who(home, &self.config) {
            Err(failure) => return self.say(Msg::UnlockFailed(tellings::trouble(&failure))),
            Ok(who) => self.say(Msg::Unlocked(Box::new(who))),
        }
        for notice in home.notices().to_vec() {
            self.say(Msg::Notice(Trouble { word: String::new(), detail: notice }));
        }
        self.take_codebook();
        if let Err(failure) = self.replay() {
            self.say(Msg::Notice(tellings::trouble(&failure)));
        }
        let drafts = self.with_home(|home| home.drafts());
        match drafts {
            Ok(drafts) => self.say(Msg::Drafts(drafts)),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
        match self.with_home(|home| home.filters()) {
            Ok(filters) => self.say(Msg::Filters(filters)),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
        self.say_marks();
        self.begin_list();
        self.set_out();
    }

    /// Asks by what headquarters signed from now on; where that cannot be read, by what was asked by before.
    pub(super) fn take_codebook(&mut self) {
        match self.with_home(|home| home.codebook()) {
            Ok(codebook) if codebook != *self.codebook => {
                self.codebook = Arc::new(codebook);
                self.say(Msg::Forms(Arc::clone(&self.codebook)));
            }
            Ok(_) => {}
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    /// Lets the courier set out, if there is a hub to go to.
    pub(super) fn set_out(&mut self) {
        let Some(home) = &self.home else { return };
        if home.hub().is_none() {
            return;
        }
        match Carrier::new(home) {
            Ok(carrier) => self.courier.take(carrier, self.config.sync_every()),
            Err(failure) => {
                self.say(Msg::SyncFailed { trouble: tellings::sync_trouble(&failure, None), next_try: None })
            }
        }
    }

    /// Has what was just kept or asked for carried, where there is a hub.
    pub(in crate::runtime) fn carry(&self) {
        if self.home.as_ref().is_some_and(|home| home.hub().is_some()) && self.courier.can_go() {
            self.courier.pass();
        }
    }

    fn sync(&mut self) {
        let Some(home) = &self.home else { return };
        if home.hub().is_some() && !self.courier.can_go() {
            self.set_out();
        } else if home.hub().is_some() {
            self.courier.pass();
        } else {
            let failure = Failure::usage("syncing — the roster names no hub yet", "Ask the admin.");
            self.say(Msg::SyncFailed { trouble: tellings::trouble(&failure), next_try: None });
        }
    }

    /// Wipes the keys and everything that was opened.
    pub(in crate::runtime) fn lock(&mut self) {
        self.courier.lay();
        let waiting = self.home.as_ref().and_then(|home| home.status().ok()).map_or(0, |status| status.waiting());
        if let Some(home) = &self.home {
            home.paths().note_waiting(waiting);
            // Dropped where it lies: what is moved away first leaves its bytes behind, and with them the keys.
            self.home = None;
            self.forms = HashMap::new();
            self.listing = None;
            self.viewers.clear();
            process::wipe_stack();
            self.say(Msg::Locked { waiting });
        }
    }

    fn remember(&mut self, settings: &Settings) {
        self.config.remember(settings);
        let written = self.paths.make().and_then(|()| self.config.write(&self.paths.settings()));
        self.notice(written);
    }

    /// Hands a case in, and shows what stands there instead.
    fn hand_in(&mut self, case: CaseId) {
        match self.with_home(|home| home.hand_in(case)) {
            Ok(done) => {
                self.say(Msg::Gone(done.gone));
                if let Some(failure) = done.afterwards {
                    self.say(Msg::Notice(tellings::trouble(&failure)));
                }
                self.say_marks();
                self.carry();
            }
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    fn readers(&mut self, case: Option<CaseId>, sharing: Option<&Code>, to: &[DeviceId]) {
        let lines = self.with_home(|home| officer::readers(home, case, sharing, to, None));
        match lines {
            Ok(lines) => self.say(Msg::Readers { case, lines }),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    pub(super) fn show_roster(&mut self) {
        match self.with_home(|home| tellings::roster(home)) {
            Ok(page) => self.say(Msg::RosterIs(Box::new(page))),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    pub(super) fn say_marks(&self) {
        let Some(home) = &self.home else { return };
        match tellings::marks(home) {
            Ok(marks) => {
                let late = home.late();
                self.say(Msg::Marks(marks));
                self.say(Msg::Late(late));
                self.say_owed();
            }
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    /// The courier has set out.
    pub(in crate::runtime) fn leaving(&mut self) {
        let Some(home) = &self.home else { return };
        self.progress.running = true;
        self.progress.sent = 0;
        self.progress.pulled = 0;
        self.progress.hub = home.hub().map(|hub| hub.name.clone()).unwrap_or_default();
        self.progress.to_send = home.status().map_or(0, |status| status.waiting());
        self.progress.by_clock = !network::is_heard();
        self.say(Msg::Synced(self.progress.clone()));
    }

    /// The courier says how far it has come.
    pub(in crate::runtime) fn sending(&mut self, entries: u64) {
        if self.progress.running && self.home.is_some() {
            self.progress.sent = entries.min(self.progress.to_send);
            self.say(Msg::Synced(self.progress.clone()));
        }
    }

    /// The courier is back: takes home what it brought.
    pub(in crate::runtime) fn passed(&mut self, passed: Passed) {
        let codebook = Arc::clone(&self.codebook);
        // Locked meanwhile: what it brought is in the journal, sealed, and is opened with the next unlocking.
        let Some(home) = &mut self.home else { return };
        let Passed { outcome, next_try, team } = passed;
        let arrived = home.take_home(&codebook, &outcome);
        self.progress.running = false;
        self.progress.sent = outcome.handed_over;
        self.progress.pulled = outcome.pulled;
        self.progress.files_left = outcome.parts.left;
        self.progress.files_wait = outcome.parts.waits;
        self.progress.quarantined = home.status().map_or(0, |status| status.quarantined);
        if matches!(outcome.end, End::Done) {
            // The hub's own clock where it signed something, else ours: it is shown, and decides nothing.
            let signed = outcome.hub_time.and_then(|ms| i64::try_from(ms).ok());
            self.progress.last_contact = Some(signed.map_or_else(clock::now, Moment::pkt));
        }
        let wrapped = self.arrived(arrived, outcome.documents > 0);
        self.say_marks();
        if let (Some(reply), Some(home)) = (team, &self.home)
            && let Ok(trust) = home.trust()
        {
            self.say(Msg::TeamIs(Box::new(team::page(trust, &home.device(), &reply))));
        }
        self.say(Msg::Synced(self.progress.clone()));
        // A pass that was stopped did not fail.
        let ended = carrier::ended(&outcome.end).filter(|_| self.courier.can_go());
        if let Some(failure) = ended {
            let next_try = next_try.and_then(|ms| i64::try_from(ms).ok()).map(|ms| Moment::pkt(clock::unix_ms() + ms));
            let trouble = tellings::sync_trouble(&failure, Some(&outcome.end));
            self.say(Msg::SyncFailed { trouble, next_try });
        }
        for trouble in &outcome.trouble {
            self.say(Msg::Notice(tellings::courier_trouble(trouble)));
        }
        let more = matches!(outcome.end, End::Done)
            && self.home.as_ref().and_then(|home| home.status().ok()).is_some_and(|status| status.waiting() > 0);
        if (more && (outcome.handed_over > 0 || outcome.pulled > 0)) || wrapped {
            self.courier.pass();
        }
    }
}

/// Entries that the screens show: a reader's word on slips is no news to a person.
pub(in crate::runtime) fn for_screens(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.retain(|entry| !matches!(entry.content, Content::Opened(_)));
    entries
}

pub(super) fn note_forms(forms: &mut HashMap<EntryId, FormRef>, entries: &[Entry]) {
    for entry in entries {
        if let Content::Sheet(sheet) = &entry.content {
            forms.insert(entry.id, sheet.form().clone());
        }
    }
}

/// How far each journal has come, as the screens want it.
pub(in crate::runtime) type Marks = Vec<Mark>;
