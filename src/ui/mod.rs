//! The screens: a message goes in, the state changes, effects come out as data.
//!
//! The way of one key: terminal → [`Msg::Key`] → `update` → the top screen's own `update`, which asks `keymap` what the
//! key means there → state changes, and a list of [`Effect`]s for the runtime to perform → `view` draws. Results come home as
//! further messages. Nothing here knows of keys, disks, clocks, threads or networks.

mod abroad;
mod app;
mod audit;
mod bidi;
mod due;
mod effect;
mod filling;
mod keymap;
mod msg;
mod people;
mod pointing;
mod reading;
mod road;
mod rotation;
mod screens;
mod telling;
mod theme;
mod training;
mod turn;
mod update;
mod view;
mod widgets;
mod world;

pub use abroad::{AbroadAnswer, AbroadCame, AbroadOffer, AbroadOut, AbroadTaken, Offered};
pub use app::{App, Place, Settings, Stage, Start};
pub use audit::{AuditCase, AuditHolder, AuditPage, Audited};
pub(crate) use bidi::reads_rtl;
pub use effect::{Effect, Keeping, Secret, ToKeep};
pub use msg::{
    AsideNews, AsideRow, BundleIn, BundleOut, HomeChosen, HomeLine, KeyRow, Mark, Msg, Progress, ReaderLine, Replay,
    RosterDevice, RosterMember, RosterPage, RosterUnit, Sentence, StickPage, Strength, TeamPage, TeamRow, TeamWord,
    Trouble, Who,
};
pub use people::{Person, by_name, people, units_of};
pub use rotation::{KeepTheirKey, Renewed, RotationNews};
pub(crate) use theme::pointer;
pub use theme::{Bidi, Theme};
pub use update::update;
pub use view::{Scroll, view};
