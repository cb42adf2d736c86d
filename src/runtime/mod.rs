//! Threads, terminal, clock, disk, keys and journal joined to the pure rooms: nothing else of the app touches them.

mod belonging;
pub mod border;
pub mod clock;
pub mod closed_home;
pub mod config;
pub mod drafts;
pub mod enrol;
pub mod fault;
pub mod founding;
mod heads;
pub mod home;
pub mod home_lock;
pub mod keep;
pub mod make;
mod marks;
pub mod membership;
mod opening;
pub mod pack;
pub mod paths;
pub mod pen;
pub mod process;
pub mod replay;
mod ring;
pub mod roster_edit;
mod sealing;
pub mod terminal;
pub mod wake;
