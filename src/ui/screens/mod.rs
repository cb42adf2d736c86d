//! One layer of the interface each: its state, what keys do to it, how it is drawn.

mod aside;
mod case;
mod caseload;
mod confirm;
mod entry;
mod form;
mod form_offers;
mod form_view;
mod help;
mod hidden;
mod outbox;
mod review;
mod roster;
mod screen;
mod stick;
mod team;
mod today;
mod unlock;
mod welcome;

pub(crate) use aside::Aside;
pub(crate) use case::Case;
pub(crate) use caseload::Caseload;
pub(crate) use confirm::Confirm;
pub(crate) use entry::EntryView;
pub(crate) use form::Form;
pub(crate) use help::Help;
pub(crate) use hidden::draw as draw_hidden;
pub(crate) use outbox::Outbox;
pub(crate) use review::Review;
pub(crate) use roster::Roster;
pub(crate) use screen::Screen;
pub(crate) use stick::{Stick, Way};
pub(crate) use team::Team;
pub(crate) use today::Today;
pub(crate) use unlock::Unlock;
pub(crate) use welcome::Welcome;
