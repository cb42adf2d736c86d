//! The screen's other side: the terminal, the loop, and the worker that does what a screen asks for.

pub mod desk;
mod first_start;
pub mod linear;
pub mod main_loop;
pub mod officer;
mod particulars;
pub mod printing;
pub(in crate::runtime) mod seat;
mod seat_abroad;
mod seat_homes;
mod seat_keep;
mod seat_keys;
mod seat_list;
mod seat_parts;
mod seat_reseal;
mod seat_rotation;
pub(in crate::runtime) mod seat_stick;
pub mod start;
pub mod tellings;
pub mod terminal;
mod viewing;
pub mod wake;
