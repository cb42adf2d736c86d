//! What the proofs from outside stand on: whole agencies of real processes, a road that can be cut, stories to record, and
//! the search for words that must be nowhere.

mod actor;
mod agency;
mod canary;
mod forbidding;
pub(crate) mod held_workbook;
mod keys;
mod link;
mod machine;
mod stories;
mod typist;

pub(crate) use actor::{Actor, Answer, HubProcess, beside_us, finish, hub_says, number, text, write_private};
pub(crate) use agency::{GUJRAT, TestAgency};
pub(crate) use canary::{Canary, files_below};
pub(crate) use forbidding::forbidding;
pub(crate) use keys::read_script;
pub(crate) use link::{Link, Way};
pub(crate) use stories::{Story, jot, open_case, opening, person, record};
pub(crate) use typist::{Typist, flat};
