//! Threads, terminal, clock, disk, keys and journal joined to the pure rooms: nothing else of the app touches them.

mod again;
pub mod arrivals;
pub mod aside;
pub mod attaching;
mod belonging;
pub mod border;
pub mod carrier;
pub mod clock;
pub mod closed_home;
pub mod codebooks;
pub mod config;
pub mod courier;
mod cut_off;
pub mod desk;
pub mod drafts;
pub mod echo;
pub mod enrol;
mod erasing;
pub mod erasure_order;
pub mod fault;
mod first_start;
pub mod founding;
mod heads;
pub mod home;
pub mod home_lock;
pub mod hub_epoch;
pub mod keep;
mod keep_many;
pub mod lineage;
pub mod main_loop;
pub mod make;
mod marks;
pub mod media;
pub mod membership;
mod mounts;
pub mod officer;
mod opening;
pub mod pack;
mod parallel;
pub mod paths;
pub mod pen;
pub mod process;
pub mod rekey;
pub mod replay;
pub mod retention;
mod ring;
pub mod roster_edit;
mod sealing;
mod seat;
mod seat_parts;
mod seat_stick;
pub mod start;
pub mod stick;
pub mod stick_fault;
pub mod team;
pub mod tellings;
pub mod terminal;
pub mod wake;

#[cfg(test)]
mod guarding;
#[cfg(test)]
mod retaining;
#[cfg(test)]
mod tests;
