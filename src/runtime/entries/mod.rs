//! What is kept and what is read: entries sealed, opened, folded at an unlocking, and the list that stands before everything is read.

pub(in crate::runtime) mod again;
pub(in crate::runtime) mod assignees;
pub(in crate::runtime) mod carried;
mod crew;
pub(in crate::runtime) mod cut_off;
pub mod handing;
pub mod joining;
pub mod keep;
pub(in crate::runtime) mod keep_many;
pub mod kept_list;
mod let_go;
pub mod list_first;
pub(in crate::runtime) mod newest;
pub(in crate::runtime) mod opening;
pub(in crate::runtime) mod parallel;
pub(in crate::runtime) mod parts_again;
pub mod replay;
pub(in crate::runtime) mod ring;
pub(in crate::runtime) mod sealing;
pub(in crate::runtime) mod stand_ins;
mod stand_ins_lie;
pub(in crate::runtime) mod walking;
