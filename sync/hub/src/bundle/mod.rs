//! Sticks at headquarters: what came on one goes through the same decision as what came over a network, and what a network would
//! bring goes out on one. Reading blocks on a file, so everything here runs on a thread of its own.

mod attachments;
mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::{Wish, ready};
