//! The command line: every verb of the screen as a command, for scripts and tests.

mod agency;
mod answers;
mod args;
mod args_case;
mod args_later;
mod book;
mod bundle;
mod case;
mod case_erase;
mod check;
mod completions;
mod context;
mod device;
mod dispatch;
mod entry;
mod entry_amend;
mod entry_aside;
mod entry_attach;
mod entry_files;
mod form;
mod import;
mod keys;
mod keys_audit;
mod keys_rotate;
mod output;
mod passphrase;
mod retention;
mod review;
mod roster;
mod roster_page;
mod shown;
mod status;
mod sync;
mod team;
mod typed;
mod verify;
mod verify_bundle;
mod verify_erased;
mod verify_walk;

use dispatch::later;

pub use dispatch::run;
