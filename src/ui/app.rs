//! The whole state of the interface, few fields.

use std::sync::Arc;

use super::{
    keymap::Room,
    msg::Trouble,
    screens::{Screen, Unlock},
    theme::{Bidi, Theme},
    world::World,
};
use crate::{
    codebook::Codebook,
    model::{Lang, Moment},
};

/// What a person may set; kept by the runtime (`settings.toml`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Language of the screens.
    pub lang: Lang,
    /// Who orders Urdu.
    pub bidi: Bidi,
    /// Colour or none; not kept, found at start.
    pub theme: Theme,
    /// Minutes without a key until the screen locks; 0 = never.
    pub idle_minutes: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lang: Lang::En, bidi: Bidi::App, theme: Theme::Colour, idle_minutes: 10 }
    }
}

/// Where the device stands when the program starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No keys yet: the welcome begins at its first step.
    New,
    /// Keys, but no agency yet: the welcome goes on with the words and the join request. The vault is locked: a passphrase
    /// is asked first; after `Unlock` the runtime answers `DeviceMade` with the words again.
    Waiting,
    /// A member of an agency, locked.
    Locked {
        /// Entries that wait for the passphrase before they can be sent.
        waiting: u64,
    },
}

/// What the runtime hands over at start.
#[derive(Clone, Debug)]
pub struct Start {
    /// Forms and lists.
    pub codebook: Arc<Codebook>,
    /// Settings as read.
    pub settings: Settings,
    /// Now.
    pub now: Moment,
    /// Now, as [`Msg::Tick`](super::Msg::Tick) counts it.
    pub boot_ms: u64,
    /// Where the device stands.
    pub stage: Stage,
    /// What the home is called, where several officers share the machine; none for the first.
    pub home: Option<String>,
}

/// Where the keyboard is, for comparing: how many screens lie there, which keys hold, which question of a form and which row of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize, Option<Room>, (usize, usize));

/// The interface. Made by [`App::new`], changed only by [`update`](super::update), drawn by [`view`](super::view).
#[derive(Debug)]
pub struct App {
    /// The screens, the last one on top. Never empty.
    pub(crate) stack: Vec<Screen>,
    /// What all screens see.
    pub(crate) world: World,
    /// Shown in the status line until the next key.
    pub(crate) notice: Option<Trouble>,
    /// Whether the innocent screen covers everything.
    pub(crate) hidden: bool,
    /// When a key was last pressed, by the clock that nobody can set.
    pub(crate) touched: u64,
    /// Random ids not used yet.
    pub(crate) ids: Vec<[u8; 16]>,
    /// Whether the vault is shut.
    pub(crate) locked: bool,
}

impl App {
    /// The first screen for this stage.
    pub fn new(start: &Start) -> Self {
        let mut world = World::new(start);
        let first = match start.stage {
            Stage::New => Screen::Welcome(Box::default()),
            Stage::Waiting => Screen::Unlock(Unlock::default()),
            Stage::Locked { waiting } => {
                world.road.waiting = waiting;
                Screen::Unlock(Unlock::default())
            }
        };
        Self {
            stack: vec![first],
            world,
            notice: None,
            hidden: false,
            touched: start.boot_ms,
            ids: Vec::new(),
            locked: start.stage != Stage::New,
        }
    }

    /// In how many milliseconds the next [`Msg::Tick`](super::Msg::Tick) is wanted at the latest; asked after every
    /// update. Two seconds while an unsaved draft is open, else the next full minute or the idle lock, whichever is first.
    pub fn tick_in(&self) -> u64 {
        if self.owes_words() {
            return 0;
        }
        if matches!(self.stack.last(), Some(Screen::Form(form)) if form.is_dirty()) {
            return 2_000;
        }
        let minute = (60_000 - self.world.now.unix_ms.rem_euclid(60_000)).unsigned_abs();
        let idle = self.idle_deadline().map_or(minute, |deadline| deadline.saturating_sub(self.world.boot_ms));
        minute.min(idle)
    }

    /// Whether there are words that a search does not find yet: each [`Msg::Tick`](super::Msg::Tick) folds some.
    pub const fn owes_words(&self) -> bool {
        self.world.owes_words()
    }

    /// Whether a [`Msg::Tick`](super::Msg::Tick) has to come before the next message, so that keys pressed without a pause
    /// still count as now: the clock here is a second or more behind.
    pub const fn is_behind(&self, boot_ms: u64) -> bool {
        boot_ms.saturating_sub(self.world.boot_ms) >= 1_000
    }

    /// When the idle lock falls due, by the clock that nobody can set: setting the one on the wall back keeps nothing open.
    pub(crate) fn idle_deadline(&self) -> Option<u64> {
        let minutes = u64::from(self.world.settings.idle_minutes);
        (minutes > 0 && !self.locked).then(|| self.touched.saturating_add(minutes * 60_000))
    }

    /// The settings as they are now.
    pub const fn settings(&self) -> Settings {
        self.world.settings
    }

    /// Says something before the first key.
    pub fn say_first(&mut self, word: Option<Trouble>) {
        self.notice = word;
    }

    /// Practice: hints stand on every screen from now on.
    pub const fn train(&mut self) {
        self.world.training = true;
    }

    /// Whether what is typed now must not be seen.
    pub fn asks_secret(&self) -> bool {
        match self.stack.last() {
            Some(Screen::Unlock(unlock)) => !unlock.chooses(),
            Some(Screen::Welcome(welcome)) => welcome.asks_secret(),
            _ => false,
        }
    }

    /// Whether anything opened is in memory.
    pub const fn is_locked(&self) -> bool {
        self.locked
    }

    /// Where the keyboard is: what has been typed has been taken already if this is another place afterwards.
    pub fn place(&self) -> Place {
        let top = self.stack.last();
        let at = if let Some(Screen::Form(form)) = top { form.place() } else { (0, 0) };
        Place(self.stack.len(), top.map(Screen::room), at)
    }

    /// A random id that nobody has used.
    pub(crate) fn id(&mut self) -> Option<[u8; 16]> {
        self.ids.pop()
    }
}
