//! A whole agency on one machine: `tour` opens it as an officer, `walk` does the main job without a screen.
//!
//! Every actor is a process of its own with a home of its own; they share sockets and files, nothing else. So that one
//! build is enough, this program plays all parts: `amanat-demo app …` is the app, `amanat-demo hub …` is the hub.

mod actor;
mod drills;
mod ground;
#[path = "../../support/link.rs"]
#[expect(dead_code, reason = "tests lead the road elsewhere; the demo has one hub")]
mod link;
#[path = "../../support/machine.rs"]
mod machine;
mod samples;
mod scenarios;
mod tell;
mod tour;
mod walk;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use drills::{Drill, rehearse};

/// A whole agency on one machine, with sample cases made by the program; nothing in it is real.
#[derive(Debug, Parser)]
#[command(
    name = "amanat-demo",
    version,
    after_help = "Examples:\n  cargo demo                  build the agency and open the screen as an officer\n  \
                  cargo demo tour --cases 200\n  cargo demo walk             the main job, each step with what was proven\n  \
                  cargo demo drill power-cut  a mishap, rehearsed\n  \
                  cargo demo as supervisor --dir DIR             the screen of another person of the tour\n  \
                  cargo demo as reader --dir DIR case list       one command as that person"
)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    tour: Tour,
}

/// What the tour takes, with and without its name.
#[derive(Debug, clap::Args)]
struct Tour {
    /// Where the agency lives (default: a new folder, thrown away at the end)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many sample cases
    #[arg(long, default_value_t = 36)]
    cases: usize,
    /// Build everything and leave, without opening the screen
    #[arg(long)]
    no_screen: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build a whole agency and open the screen as an officer (the default)
    Tour(Tour),
    /// The main job without a screen: record offline, cut, restore, sync, read at HQ, verify
    Walk {
        /// Where the agency lives (default: a new folder, thrown away at the end)
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Rehearse a mishap on a throwaway agency: pass or fail, each step in words
    Drill {
        /// Which (default: all of them, one after the other)
        name: Option<Drill>,
        /// Where the agency lives (default: a new folder, thrown away at the end)
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Open the screen as one of the people of a tour that runs, or run a command as them
    As {
        /// Who: a name that the tour printed
        name: String,
        /// Where the tour said that its agency lies
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// A command of `amanat` (default: the screen)
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Be the app
    #[command(hide = true, disable_help_flag = true)]
    App {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Be the hub
    #[command(hide = true, disable_help_flag = true)]
    Hub {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        Some(Verb::App { arguments }) => return amanat::commands::run(named("amanat", arguments)),
        Some(Verb::Hub { arguments }) => return amanat_hub::cli::run(named("amanat-hub", arguments)),
        Some(Verb::Drill { name, dir }) => rehearse(name, dir.as_deref()),
        Some(Verb::Walk { dir }) => walk::walk(dir.as_deref()),
        Some(Verb::As { name, dir, arguments }) => tour::play(&dir, &name, &arguments),
        Some(Verb::Tour(tour)) => tour::tour(tour.dir.as_deref(), tour.cases, !tour.no_screen),
        None => tour::tour(cli.tour.dir.as_deref(), cli.tour.cases, !cli.tour.no_screen),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            tell::fault(&fault.0);
            ExitCode::FAILURE
        }
    }
}

fn named(program: &str, arguments: Vec<OsString>) -> Vec<OsString> {
    std::iter::once(OsString::from(program)).chain(arguments).collect()
}
