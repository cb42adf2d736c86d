//! A town: people with real homes, which really seal and really open, around the same hub and the same bad roads. Here cases are erased by
//! order, sealed again, keys are rotated and files attached, by the very functions that the commands call. Sticks go between homes and
//! headquarters beside the road, and stay about when what lies on them is gone; homes are put back from a backup; and every clock may be
//! wrong by years.
//!
//! ```text
//! life ── a deed ──► person: an open home, its own folder ── the real courier ──► road ──► office
//!   │                 erase · seal again · rotate · attach · be killed
//!   └── after each deed ──► upheld: what may be gone, what must be gone, what everybody can still open
//! ```
//!
//! What is done and what befalls it comes from the seed, each pass from chance of its own. Keys and nonces are random as they are in life, so
//! that sizes may differ by a few bytes from run to run; what failed once has so far failed again.

mod backups;
mod book;
mod clocks;
mod deeds;
mod founding;
mod life;
mod peace;
mod person;
mod retained;
mod sticks;
mod upheld;

pub(crate) use life::{finds_out, live_in_towns};
pub(crate) use retained::copies_go_in_time;
