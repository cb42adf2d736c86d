//! The whole state of the interface, few fields.

use std::sync::Arc;

use super::theme::{Bidi, Theme};
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
    /// Where the device stands.
    pub stage: Stage,
}

/// The interface. Made by [`App::new`], changed only by [`update`](super::update), drawn by [`view`](super::view).
#[derive(Debug)]
pub struct App {
    now: Moment,
}

impl App {
    /// The first screen for this stage.
    pub const fn new(start: &Start) -> Self {
        Self { now: start.now }
    }

    /// In how many milliseconds the next [`Msg::Tick`](super::Msg::Tick) is wanted; asked after every update. A minute
    /// when nothing is being typed and nothing moves.
    pub const fn tick_in(&self) -> u64 {
        60_000 - self.now.unix_ms.rem_euclid(60_000).unsigned_abs()
    }
}
