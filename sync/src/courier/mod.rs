//! One trip to a hub and back: push what it has not signed for, take its word, fetch newer documents, pull what is above our
//! heads.
//!
//! A pass is a function of a journal, a road and the adopted roster. It has no thread, no clock and no chance of its own:
//! whoever runs it decides when ([`next_try`]). Whatever happens on the road, a pass can be run again: an entry that the hub
//! has is answered *already held* with its receipt, and nothing counts as received before a receipt was verified and filed.
//!
//! What goes wrong is sorted by what to do. The [`End`] says whether to try again. A [`Trouble`] names one journal or one
//! entry that stays behind while everything else goes on.

mod again;
#[cfg(test)]
mod ahead_tests;
#[cfg(test)]
mod along_tests;
mod hand_on;
mod lacking;
#[cfg(test)]
mod load_tests;
mod mending;
mod news;
mod outcome;
#[cfg(test)]
mod page_tests;
mod papers;
mod parts;
mod pass;
mod passed_over;
mod pull;
mod push;
mod retry;
mod stick;
#[cfg(test)]
mod tests;
mod unsigned;

pub use again::{TriedAgain, try_again};
pub use outcome::{Covers, End, Outcome, PartsMoved, Party, Trouble};
pub use pass::{Courier, pass};
pub use retry::next_try;
pub use stick::{TakenIn, take_in, take_in_with_parts};
