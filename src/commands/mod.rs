//! The command line: every verb of the screen as a command, for scripts and tests.

mod answers;
mod args;
mod args_later;
mod completions;
mod dispatch;
mod output;

pub use dispatch::run;
